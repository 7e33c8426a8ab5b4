from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    name = "apps.supervision"
    verbose_name = "监督"

    def ready(self) -> None:
        from apps.supervision.finding_limits import ROOM
        from apps.worktime.recount import ROOMS

        ROOMS.append(ROOM)
