"""The API under /api/: each room brings its router; docs and schema load nothing from outside."""

from ninja import NinjaAPI

api = NinjaAPI(title="Geo-Renda", version="1", urls_namespace="api", docs_url="/docs", openapi_url="/openapi.json")
