"""Addresses that name nothing here, turned away before a view looks them up."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse


def no_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a path with a NUL is not found. PostgreSQL takes none in a text, so looking one up would be a failure of ours."""

    def answered(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        return get_response(request)

    return answered
