from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "apps.insights"
    verbose_name = "研判"

    def ready(self) -> None:
        from apps.insights import workflow_public

        workflow_public.register_kinds()
