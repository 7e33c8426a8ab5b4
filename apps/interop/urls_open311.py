"""Open311 GeoReport v2: every address with its format at the end; without one as the client likes best, else JSON."""

from collections.abc import Callable

from django.urls import URLPattern, path, register_converter

from apps.interop import open311


class Form:
    """How an answer is written."""

    regex = "json|xml"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Form, "form")


def in_every_form(route: str, view: Callable, name: str) -> list[URLPattern]:
    return [path(f"{route}.<form:form>", view, name=name), path(route, view, name=f"{name}_plain")]


urlpatterns = [
    *in_every_form("discovery", open311.discovery, "open311_discovery"),
    *in_every_form("v2/discovery", open311.discovery, "open311_discovery_v2"),
    *in_every_form("v2/services", open311.services, "open311_services"),
    *in_every_form("v2/services/<slug:service>", open311.service, "open311_service"),
    *in_every_form("v2/requests", open311.requests, "open311_requests"),
    *in_every_form("v2/requests/<slug:code>", open311.one_request, "open311_request"),
    *in_every_form("v2/request/<slug:code>", open311.one_request, "open311_request_too"),  # as some clients ask
    *in_every_form("v2/tokens/<slug:code>", open311.token, "open311_token"),
]
