from django.apps import AppConfig


class HotlineConfig(AppConfig):
    name = "apps.hotline"
    verbose_name = "诉求记录"
