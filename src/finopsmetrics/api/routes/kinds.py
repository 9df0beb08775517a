"""Kinds: one router for all that can be declared, made from the registry: list, read, put, delete, history, restore, check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status
from fastapi.responses import JSONResponse

from finopsmetrics.api import specs
from finopsmetrics.api.access import SIGNED_IN, needs
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.preconditions import IfMatch, etag, tags
from finopsmetrics.api.problems import problems
from finopsmetrics.api.specs import Sent, faulty
from finopsmetrics.core.spec import NAME, Spec, SpecError
from finopsmetrics.iac.checked import checked
from finopsmetrics.iac.kind_names import kind_named
from finopsmetrics.iac.kinds_told import told
from finopsmetrics.kinds import KINDS
from finopsmetrics.store.specs import Kept

SpecName = Annotated[str, Path(description="The name, percent-encoded.", min_length=1, max_length=120, pattern=NAME)]
_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
MOST = 1_000


def router_of(kinds: Mapping[str, type[Spec]]) -> APIRouter:
    """The routes of all kinds; those with hyphens for underscores work too and are not in the schema."""
    made = APIRouter(prefix=PREFIX)
    _add_kinds(made)
    for spec in kinds.values():
        for plural in dict.fromkeys((spec.plural, spec.plural.replace("_", "-"))):
            part = APIRouter(prefix=f"/{plural}", tags=[spec.plural], include_in_schema=plural == spec.plural)
            _add_reading(part, spec)
            _add_writing(part, spec)
            made.include_router(part)
    return made


def _add_kinds(router: APIRouter) -> None:
    @router.get("/kinds", response_model=specs.KindsShown, responses=problems(), tags=["kinds"])
    @needs(SIGNED_IN)
    def kinds() -> JSONResponse:
        """What can be declared."""
        return JSONResponse({"kinds": [told(spec) for spec in KINDS.values()]})

    @router.get("/kinds/{kind}", response_model=specs.KindDetail, responses=problems(404), tags=["kinds"])
    @needs(SIGNED_IN)
    def one_kind(kind: Annotated[str, Path(max_length=80, description="A kind, or its plural.")]) -> JSONResponse:
        """One kind with its JSON Schema and an example."""
        spec = KINDS[kind_named(kind)]
        return JSONResponse({**told(spec), "json_schema": spec.model_json_schema(), "example": dict(spec.example)})


def _add_reading(router: APIRouter, spec: type[Spec]) -> None:
    kind = spec.kind

    @router.get(
        "", response_model=specs.page_of(spec), responses=problems(), summary=f"List {spec.plural}", operation_id=f"list_{kind}"
    )
    @needs(f"{kind}:read")
    def listed(
        request: Request,
        backing: In,
        contains: Annotated[str, Query(max_length=200, description="Only those whose name or description contains it.")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST, description="At most this many.")] = 100,
        after: Annotated[str | None, Query(max_length=120, description="Only those after this name.")] = None,
    ) -> JSONResponse:
        """By name, in pages, each with who changed it last and when."""
        found, more = backing.acting.specs.page(kind, contains=contains, limit=limit, after=after)
        asked = {"contains": contains, "limit": limit, "after": more}
        follow = f"{request.url.path}?{urlencode({name: value for name, value in asked.items() if value})}" if more else None
        return JSONResponse({"items": [_entry(kept) for kept in found], "next": follow})

    @router.get(
        "/{name:spec}",
        response_model=specs.body_of(spec),
        responses={200: {"headers": _ETAG}, **problems(404)},
        summary=f"Read one of the {spec.plural}",
        operation_id=f"get_{kind}",
    )
    @needs(f"{kind}:read")
    def one(backing: In, name: SpecName, if_none_match: IfMatch = None) -> Response:
        """The body, with its version as the ETag. With If-None-Match it is 304 while it is unchanged."""
        unchanged = tags(if_none_match, weakly=True)
        kept = backing.acting.specs.get(kind, name)
        if unchanged == "*" or (isinstance(unchanged, frozenset) and kept.version in unchanged):
            return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag(kept.version)})
        return _answer(kept)

    @router.get(
        "/{name:spec}/history",
        response_model=specs.History,
        responses=problems(404),
        summary=f"The history of one of the {spec.plural}",
        operation_id=f"history_{kind}",
    )
    @needs(f"{kind}:read")
    def history(backing: In, name: SpecName) -> JSONResponse:
        """Every change, the newest first: who, when, and the body after it; also of what is deleted."""
        return JSONResponse({"changes": [change.as_dict() for change in backing.acting.specs.history(kind, name)]})


def _add_writing(router: APIRouter, spec: type[Spec]) -> None:
    kind = spec.kind
    body = specs.body_of(spec)
    example = dict(spec.example)
    schema = {"schema": {"$ref": f"#/components/schemas/{body.__name__}"}, "example": example}

    @router.put(
        "/{name:spec}",
        response_model=body,
        dependencies=[Depends(json_body)],
        responses={
            200: {"headers": _ETAG},
            201: {"model": body, "headers": _ETAG, "description": "It was created."},
            **problems(403, 409, 412, 413, 415),
        },
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": schema}}},
        summary=f"Create or replace one of the {spec.plural}",
        operation_id=f"put_{kind}",
    )
    @needs(f"{kind}:write")
    def put(
        request: Request, backing: In, name: SpecName, sent: Sent, if_match: IfMatch = None, if_none_match: IfMatch = None
    ) -> Response:
        """If-Match with the ETag that was read guards against lost updates; If-None-Match: * only creates (else 412)."""
        match, none = tags(if_match), tags(if_none_match, weakly=True)
        try:
            given = specs.mapping(kind, sent)
            kept, created = backing.acting.specs.put(kind, name, given, if_match=match, if_none=none)
        except SpecError as error:
            return faulty(error, request.url.path)
        return _answer(kept, status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @router.delete(
        "/{name:spec}",
        status_code=status.HTTP_204_NO_CONTENT,
        responses=problems(403, 404, 409, 412),
        summary=f"Delete one of the {spec.plural}",
        operation_id=f"delete_{kind}",
    )
    @needs(f"{kind}:delete")
    def delete(backing: In, name: SpecName, if_match: IfMatch = None) -> None:
        """Its history stays, and it can be restored."""
        backing.acting.specs.delete(kind, name, if_match=tags(if_match))

    @router.post(
        "/{name:spec}/restore",
        response_model=body,
        responses={200: {"headers": _ETAG}, **problems(403, 404, 409, 412)},
        summary=f"Restore one of the {spec.plural}",
        operation_id=f"restore_{kind}",
    )
    @needs(f"{kind}:write")
    def restore(request: Request, backing: In, name: SpecName, if_match: IfMatch = None) -> Response:
        """Bring back what was deleted, as it was; 409 when it is not deleted."""
        try:
            return _answer(backing.acting.specs.restore(kind, name, if_match=tags(if_match)))
        except SpecError as error:
            return faulty(error, request.url.path)

    @router.post(
        "/validate",
        response_model=specs.Checked,
        dependencies=[Depends(json_body)],
        responses=problems(413, 415),
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": example}}}},
        summary=f"Check one of the {spec.plural}",
        operation_id=f"validate_{kind}",
    )
    @needs(f"{kind}:read")
    def validate(sent: Sent) -> JSONResponse:
        """Whether a body would be kept, and every place that is wrong; nothing is changed."""
        try:
            checked(kind, specs.mapping(kind, sent))
        except SpecError as error:
            wrong = [{"pointer": fault.pointer, "message": fault.message} for fault in error.faults]
            return JSONResponse({"valid": False, "errors": wrong})
        return JSONResponse({"valid": True, "errors": []})


def _entry(kept: Kept) -> dict[str, Any]:
    return {**kept.facts(), "etag": etag(kept.version), "spec": kept.body}


def _answer(kept: Kept, code: int = status.HTTP_200_OK) -> JSONResponse:
    return JSONResponse(kept.body, status_code=code, headers={"ETag": etag(kept.version)})


router = router_of(KINDS)
