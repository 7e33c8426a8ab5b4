from django.urls import path, register_converter

from apps.cases import views, views_entry, views_list, views_many, views_reception


class CaseCode:
    """A case's code as it may stand in an address: imported ones are the other system's own."""

    regex = r"[^/\x00-\x1f]{1,30}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CaseCode, "case")
urlpatterns = [
    path("", views_list.case_list, name="case_list"),
    path("export.csv", views_list.case_export, name="case_export"),
    path("export.xlsx", views_list.case_workbook, name="case_workbook"),
    path("marks", views_list.case_marks, name="case_marks"),
    path("marks/<int:pk>", views_list.case_mark, name="case_mark"),
    path("many", views_many.case_many, name="case_many"),
    path("filters/save", views_list.filter_save, name="filter_save"),
    path("filters/<int:pk>/drop", views_list.filter_drop, name="filter_drop"),
    path("receptions/", views_reception.reception_list, name="reception_list"),
    path("receptions/lay-out", views_reception.reception_lay_out, name="reception_lay_out"),
    path("receptions/new/", views_reception.reception_new, name="reception_new"),
    path("receptions/<int:pk>/", views_reception.reception_detail, name="reception_detail"),
    path("receptions/<int:pk>/change/", views_reception.reception_change, name="reception_change"),
    path("receptions/<int:pk>/move", views_reception.reception_move, name="reception_move"),
    path("new/", views_entry.case_new, name="case_new"),
    path("<case:code>/", views.case_detail, name="case_detail"),
    path("<case:code>/category", views.case_category, name="case_category"),
]
