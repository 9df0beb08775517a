"""The OpenAPI document: what FastAPI derives from the routes, with problem documents as the only shape of errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from finopsmetrics.api.access import COOKIE, CSRF_HEADER, PUBLIC, routes
from finopsmetrics.api.problems import Problem

DESCRIPTION = (
    "Every cost answer has a receipt: the question, the deliveries with their hashes, and the hash of the answer. "
    "Amounts are decimal text in full scale, times are UTC, ends of windows are exclusive. "
    "Errors are problem documents (RFC 9457). A parameter that a route does not have is refused, never ignored."
)
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token: `finopsmetrics token create NAME --role ROLE`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"A session from /api/v1/auth/login. Writes also send the session's `csrf` as {CSRF_HEADER}.",
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an app, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, license_info=app.license_info
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        made["components"]["securitySchemes"] = SCHEMES
        for method, path, wanted in routes(app):
            operation = made["paths"].get(path, {}).get(method.lower())
            if operation is not None and wanted.permission != PUBLIC:
                operation["security"] = [{"token": []}, {"session": []}]
                operation["x-permission"] = wanted.permission
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = made
    return app.openapi_schema
