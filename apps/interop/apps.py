from django.apps import AppConfig


class InteropConfig(AppConfig):
    name = "apps.interop"
    verbose_name = "对外接口"
