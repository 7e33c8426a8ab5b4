from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "apps.record"
    verbose_name = "留痕"

    def ready(self) -> None:
        from apps.record.channels import plug_in

        plug_in()
