"""Open311 GeoReport v2: every address with its format at the end; without one the client's own choice, else JSON."""

from django.urls import re_path

from apps.interop import open311

FORM = r"(?:\.(?P<form>json|xml))?$"

urlpatterns = [
    re_path(rf"^discovery{FORM}", open311.discovery, name="open311_discovery"),
    re_path(rf"^v2/discovery{FORM}", open311.discovery),
    re_path(rf"^v2/services{FORM}", open311.services, name="open311_services"),
    re_path(rf"^v2/services/(?P<service_code>[\w-]+){FORM}", open311.service, name="open311_service"),
    re_path(rf"^v2/requests{FORM}", open311.requests, name="open311_requests"),
    re_path(rf"^v2/requests?/(?P<code>[\w-]+){FORM}", open311.one_request, name="open311_request"),
    re_path(rf"^v2/tokens/(?P<token>[\w-]+){FORM}", open311.token, name="open311_token"),
]
