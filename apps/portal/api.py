"""The API under /api/: each room brings its router; docs and schema load nothing from outside."""

from ninja import NinjaAPI

from apps.interop.pushes import router as pushes
from apps.matching.api import router as matching

api = NinjaAPI(title="Geo-Renda", version="1", urls_namespace="api", docs_url="/docs", openapi_url="/openapi.json")
api.add_router("/v1", matching)
api.add_router("/v1", pushes)
