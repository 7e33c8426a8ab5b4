"""The front door, and what is said when the database does not answer."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from apps.record.limits import READING, limited
from apps.territory import suggestions

DATABASE_GONE = "数据库暂时没有应答，请稍后再试。"


@limited(READING)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/home.html", {"example": suggestions.example()})


def failed(request: HttpRequest) -> HttpResponse:
    """What went wrong in a view: 503 with what to do when the database is gone, else 500. Neither page needs the database."""
    gone = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if gone else 500
    if request.path.startswith("/api/"):
        return JsonResponse({"message": DATABASE_GONE if gone else "系统出错了，请稍后再试。"}, status=status)
    return HttpResponse(render_to_string(f"{status}.html"), status=status, headers={"Retry-After": "60"} if gone else {})
