"""Terms and the turnover from one to the next: office pages."""

from django.urls import path

from apps.matching import views_turnover as views

urlpatterns = [
    path("", views.term_list, name="term_list"),
    path("<int:pk>/", views.term_detail, name="term_detail"),
    path("<int:pk>/compare", views.term_compare, name="term_compare"),
    path("<int:pk>/progress/<int:review>", views.term_progress, name="term_progress"),
    path("<int:pk>/map", views.term_map, name="term_map"),
    path("<int:pk>/doorplates", views.term_changes, name="term_changes"),
    path("<int:pk>/doorplates.csv", views.term_changes_csv, name="term_changes_csv"),
    path("<int:pk>/turnover.xlsx", views.term_workbook, name="term_workbook"),
    path("<int:pk>/people", views.term_people, name="term_people"),
    path("<int:pk>/seats", views.term_seats, name="term_seats"),
    path("<int:pk>/publish", views.term_publish, name="term_publish"),
    path("<int:pk>/turns", views.term_turns, name="term_turns"),
    path("<int:pk>/take-back", views.term_take_back, name="term_take_back"),
]
