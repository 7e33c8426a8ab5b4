from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "apps.cases"
    verbose_name = "民情件"

    def ready(self) -> None:
        from apps.cases import arrivals, telling_ways, workflow_categories, workflow_publishing
        from apps.cases.limits import ROOM, level_and_topic
        from apps.record.outbox import SECTIONS, Section
        from apps.worktime.narrowing import NARROWINGS
        from apps.worktime.recount import ROOMS

        ROOMS.append(ROOM)
        NARROWINGS["民情件"] = level_and_topic()
        SECTIONS.append(Section("电话告知等着打", "telling_list", "phone", telling_ways.figures))
        arrivals.register_kinds()
        workflow_publishing.register_kind()
        workflow_categories.register_kind()
