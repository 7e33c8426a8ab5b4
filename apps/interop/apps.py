from django.apps import AppConfig


class InteropConfig(AppConfig):
    name = "apps.interop"
    verbose_name = "对外接口"

    def ready(self) -> None:
        from apps.interop.keys import register_kinds

        register_kinds()
