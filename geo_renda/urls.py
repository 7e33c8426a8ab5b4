"""One include per room. ZONE selects: the public zone has no office pages, the office zone no resident's pages."""

from django.conf import settings
from django.urls import include, path

from apps.portal.api import api

PUBLIC = [
    path("", include("apps.portal.urls_public")),
    path("", include("apps.matching.urls")),
    path("", include("apps.deputies.urls_public")),
    path("", include("apps.cases.urls_public")),
    path("voices/", include("apps.insights.urls_public")),
    path("", include("apps.interop.urls")),
    path("open311/", include("apps.interop.urls_open311")),
]
OFFICE = [
    path("", include("apps.portal.urls_office")),
    path("notices/", include("apps.record.urls")),
    path("calendar/", include("apps.worktime.urls")),
    path("cases/", include("apps.cases.urls")),
    path("projects/", include("apps.projects.urls")),
    path("supervision/findings/", include("apps.supervision.urls_findings")),
    path("supervision/coverage/", include("apps.supervision.urls_coverage")),
    path("supervision/", include("apps.supervision.urls")),
    path("cockpit/", include("apps.insights.urls")),
    path("insight/", include("apps.insights.urls_insight")),
    path("hotline/", include("apps.hotline.urls")),
    path("plates/", include("apps.territory.plate_urls")),
    path("terms/", include("apps.matching.urls_turnover")),
    path("imports/", include("apps.imports.urls")),
    path("keys/", include("apps.interop.urls_office")),
    path("outbox/", include("apps.record.urls_outbox")),
    path("", include("apps.deputies.urls")),
]

urlpatterns = [
    path("", include("apps.portal.urls")),  # tiles, health, the word list every zone needs
    path("api/", api.urls),
    *(PUBLIC if settings.ZONE in ("public", "all") else []),
    *(OFFICE if settings.ZONE in ("office", "all") else []),
]
handler500 = "apps.portal.views.failed"
