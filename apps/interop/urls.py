"""The interface of Represent: paths and names as in represent-boundaries and represent-representatives."""

from django.urls import path, re_path

from apps.interop import boundaries, representatives

SET, SLUG, FIELD = r"(?P<set_slug>[\w-]+)", r"(?P<slug>[\w-]+)", "(?P<geo_field>shape|simple_shape|centroid)"

urlpatterns = [
    path("boundary-sets/", boundaries.set_list, name="boundaries_set_list"),
    re_path(rf"^boundary-sets/{SLUG}/$", boundaries.set_detail, name="boundaries_set_detail"),
    path("boundaries/", boundaries.boundary_list, name="boundaries_boundary_list"),
    re_path(rf"^boundaries/{FIELD}$", boundaries.boundary_list, name="boundaries_boundary_list"),
    re_path(rf"^boundaries/{SET}/$", boundaries.boundary_list, name="boundaries_boundary_list"),
    re_path(rf"^boundaries/{SET}/{FIELD}$", boundaries.boundary_list, name="boundaries_boundary_list"),
    re_path(rf"^boundaries/{SET}/{SLUG}/$", boundaries.boundary_detail, name="boundaries_boundary_detail"),
    re_path(rf"^boundaries/{SET}/{SLUG}/{FIELD}$", boundaries.boundary_shape, name="boundaries_boundary_shape"),
    re_path(rf"^boundaries/{SET}/{SLUG}/representatives/$", representatives.representative_list, name="representatives_of_boundary"),
    path("representatives/", representatives.representative_list, name="representatives"),
    re_path(rf"^representatives/{SET}/$", representatives.representative_list, name="representatives_representative_list"),
    path("representative-sets/", representatives.set_list, name="representatives_set_list"),
    re_path(rf"^representative-sets/{SLUG}/$", representatives.set_detail, name="representatives_representative_set_detail"),
]
