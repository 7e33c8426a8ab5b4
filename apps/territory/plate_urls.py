from django.urls import path, re_path

from apps.territory import plate_views as views

urlpatterns = [
    path("", views.plate_list, name="plate_list"),
    path("new/", views.plate_new, name="plate_new"),
    path("batches/", views.batch_list, name="batch_list"),
    path("batches/<int:pk>/", views.batch_detail, name="batch_detail"),
    path("prints/", views.print_list, name="print_list"),
    path("prints/<int:pk>/", views.print_detail, name="print_detail"),
    path("prints/<int:pk>/files/<str:name>", views.print_file, name="print_file"),
    re_path(r"^(?P<kind>batch|print)/(?P<pk>[0-9]{1,18})/progress$", views.work_progress, name="work_progress"),
    re_path(r"^(?P<kind>batch|print)/(?P<pk>[0-9]{1,18})/(?P<verb>cancel|resume)$", views.work_act, name="work_act"),
    path("issuers/", views.issuer_list, name="issuer_list"),
    path("issuers/new/", views.issuer_edit, name="issuer_new"),
    path("issuers/<slug:slug>/", views.issuer_edit, name="issuer_edit"),
    re_path(r"^(?P<code>[2-9A-HJKMNP-Z]{12})/$", views.plate_detail, name="plate_detail"),
    re_path(r"^(?P<code>[2-9A-HJKMNP-Z]{12})/correct$", views.plate_correct, name="plate_correct"),
    re_path(r"^(?P<code>[2-9A-HJKMNP-Z]{12})/(?P<verb>[a-z_]+)$", views.plate_act, name="plate_act"),
]
