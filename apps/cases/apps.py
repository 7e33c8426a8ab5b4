from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "apps.cases"
    verbose_name = "民情件"

    def ready(self) -> None:
        from apps.cases.limits import ROOM, level_and_topic
        from apps.worktime.narrowing import NARROWINGS
        from apps.worktime.recount import ROOMS

        ROOMS.append(ROOM)
        NARROWINGS["民情件"] = level_and_topic()
