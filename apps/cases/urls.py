from django.urls import path, register_converter

from apps.cases import (
    views,
    views_categories,
    views_entry,
    views_escalation,
    views_learning,
    views_list,
    views_many,
    views_photos,
    views_publishing,
    views_punctuality,
    views_reception,
    views_rules,
    views_similar,
    views_tellings,
    views_templates,
    views_thread,
)


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
    path("templates/", views_templates.template_list, name="template_list"),
    path("templates/<int:pk>", views_templates.template_change, name="template_change"),
    path("receptions/", views_reception.reception_list, name="reception_list"),
    path("receptions/lay-out", views_reception.reception_lay_out, name="reception_lay_out"),
    path("receptions/new/", views_reception.reception_new, name="reception_new"),
    path("receptions/<int:pk>/", views_reception.reception_detail, name="reception_detail"),
    path("receptions/<int:pk>/change/", views_reception.reception_change, name="reception_change"),
    path("receptions/<int:pk>/move", views_reception.reception_move, name="reception_move"),
    path("punctuality/", views_punctuality.punctuality_list, name="punctuality"),
    path("punctuality/export.xlsx", views_punctuality.punctuality_workbook, name="punctuality_workbook"),
    path("escalation/", views_escalation.escalation_list, name="escalation_list"),
    path("escalation/new/", views_escalation.escalation_new, name="escalation_new"),
    path("escalation/<int:pk>/", views_escalation.escalation_change, name="escalation_change"),
    path("escalation/<int:pk>/switch", views_escalation.escalation_switch, name="escalation_switch"),
    path("escalation/<int:pk>/done", views_escalation.escalation_done, name="escalation_done"),
    path("new/", views_entry.case_new, name="case_new"),
    path("new/blank", views_entry.case_blank, name="case_blank"),
    path("new/place", views_entry.entry_place, name="entry_place"),
    path("new/entered/<case:code>", views_entry.case_entered, name="case_entered"),
    path("rules/", views_rules.rule_list, name="rule_list"),
    path("rules/new/", views_rules.rule_new, name="rule_new"),
    path("rules/try/", views_rules.rule_try, name="rule_try"),
    path("rules/<int:pk>/", views_rules.rule_edit, name="rule_edit"),
    path("rules/<int:pk>/switch", views_rules.rule_switch, name="rule_switch"),
    path("categories/", views_categories.category_list, name="category_list"),
    path("categories/<int:pk>/add", views_categories.category_add, name="category_add"),
    path("categories/<int:pk>/change", views_categories.category_change, name="category_change"),
    path("categories/<int:pk>/move", views_categories.category_move, name="category_move"),
    path("models/", views_learning.model_list, name="model_list"),
    path("models/learn", views_learning.model_learn, name="model_learn"),
    path("models/words", views_learning.model_words, name="model_words"),
    path("models/<int:pk>/use", views_learning.model_use, name="model_use"),
    path("calls/", views_tellings.telling_list, name="telling_list"),
    path("calls/<int:pk>/take", views_tellings.telling_take, name="telling_take"),
    path("calls/<int:pk>/note", views_tellings.telling_note, name="telling_note"),
    path("threads/", views_thread.thread_list, name="thread_list"),
    path("threads/photos/<int:pk>/<slug:size>", views_thread.thread_photo, name="thread_photo"),
    path("publications/", views_publishing.publication_list, name="publication_list"),
    path("publications/page", views_publishing.answers_turn, name="answers_turn"),
    path("<case:code>/thread", views_thread.case_thread, name="case_thread"),
    path("<case:code>/thread/read", views_thread.thread_read, name="thread_read"),
    path("<case:code>/publication", views_publishing.publication_review, name="publication_review"),
    path("<case:code>/publication/withdraw", views_publishing.publication_withdraw, name="publication_withdraw"),
    path("<case:code>/", views.case_detail, name="case_detail"),
    path("<case:code>/photos/<int:photo>/<str:size>", views_photos.case_photo, name="case_photo"),
    path("<case:code>/similar", views_similar.case_similar, name="case_similar"),
    path("<case:code>/answer/<int:photo>/<slug:size>", views_similar.answer_photo, name="answer_photo"),
    path("<case:code>/category", views.case_category, name="case_category"),
]
