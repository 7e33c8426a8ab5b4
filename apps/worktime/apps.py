from django.apps import AppConfig


class WorktimeConfig(AppConfig):
    name = "apps.worktime"
    verbose_name = "工作日历"
