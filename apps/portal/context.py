"""What every page's shell needs: the county's name, whether its data is synthetic, the navigation."""

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict:
    return {}
