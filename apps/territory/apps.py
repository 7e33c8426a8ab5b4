from django.apps import AppConfig


class TerritoryConfig(AppConfig):
    name = "apps.territory"
    verbose_name = "区划与选区"
