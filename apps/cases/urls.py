from django.urls import path, register_converter

from apps.cases import views


class CaseCode:
    """A case's code as it may stand in an address: imported ones are the other system's own."""

    regex = r"[^/\x00-\x1f]{1,30}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CaseCode, "case")
urlpatterns = [
    path("", views.case_list, name="case_list"),
    path("export.csv", views.case_export, name="case_export"),
    path("new/", views.case_new, name="case_new"),
    path("<case:code>/", views.case_detail, name="case_detail"),
    path("<case:code>/category", views.case_category, name="case_category"),
]
