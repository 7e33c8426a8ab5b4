"""The tables of the outside contracts: who may file reports by program, and what came that way."""

from apps.interop.keys import ApiKey, ApiKeyEvent, PostedRequest

__all__ = ["ApiKey", "ApiKeyEvent", "PostedRequest"]
