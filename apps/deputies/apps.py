from django.apps import AppConfig


class DeputiesConfig(AppConfig):
    name = "apps.deputies"
    verbose_name = "代表"
