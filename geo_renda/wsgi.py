"""The WSGI entry point that gunicorn loads."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geo_renda.settings")
application = get_wsgi_application()

from apps.insights import held  # noqa: E402  models can be loaded from here on

gc.freeze()  # what is loaded now lives as long as the process: looking through it again and again costs pauses of a tenth of a second
if settings.ZONE != "public":  # which counts nothing
    held.warm()
