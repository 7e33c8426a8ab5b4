"""Without a network: the worker that a browser keeps, and the page it shows then on public pages."""

import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

WORKER = "src/sw.ts"
PAGES = {"public": ["/report", "/offline"], "all": ["/report", "/offline"], "office": []}  # by zone; a deputy's pages ask for the visit form


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """Needs nothing but itself: browsers keep it as it is."""
    return HttpResponse(render_to_string("offline.html"))


@never_cache
@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker of the front-end build, at the root so that it may serve every page. Each build makes it another one."""
    manifest: Path = settings.DJANGO_VITE["default"]["manifest_path"]
    try:
        built = manifest.read_bytes()
        program = (manifest.parent / json.loads(built)[WORKER]["file"]).read_text(encoding="utf-8")
    except (OSError, KeyError) as error:
        raise Http404 from error
    name = hashlib.sha256(built).hexdigest()[:12]
    return HttpResponse(f'self.BUILD="{name}";self.PAGES={json.dumps(PAGES[settings.ZONE])};\n{program}', content_type="text/javascript; charset=utf-8")
