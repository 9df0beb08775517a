"""Notifications: what would be told to whom, what is declared and means nothing, and how one wants to hear oneself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from finopsmetrics.api.access import SIGNED_IN, needs
from finopsmetrics.api.asking import PLAIN
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.problems import problems
from finopsmetrics.api.specs import faulty
from finopsmetrics.core.spec import SpecError
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.notifying import Notifying
from finopsmetrics.runtime.own_preferences import OwnPreference

router = APIRouter(prefix=PREFIX, tags=["notifications"])


class PreviewShown(BaseModel):
    """What somebody would be told of a finding."""

    finding: str
    who: str = Field(description="user:NAME, address:E-MAIL, room:#NAME, or channel: for whom the connection names.")
    channel: str
    recipient: str
    due: str = Field(description="When, UTC.")
    digest: bool = Field(description="Whether it waits for a digest.")
    notice: dict[str, Any] = Field(description="The message.")


class Previews(BaseModel):
    """What a rule would tell."""

    previews: list[PreviewShown]


class Faults(BaseModel):
    """What is declared of notifications and cannot be applied as it stands, each with the reason."""

    faults: dict[str, str]


class OwnPreferenceShown(BaseModel):
    """How the asker wants to hear; null when they said nothing."""

    preference: dict[str, Any] | None


class PreferenceChange(BaseModel):
    """Fields of a notification_preference; null takes one back to its default."""

    changes: dict[str, Any] = Field(description="See docs/kinds/notification_preference.md; name and user stay.")


@router.get("/notifications/check", response_model=Faults, responses=problems())
@needs("notifications:read", all_charges=True)
def check(backing: In) -> JSONResponse:
    """What is declared and means nothing: words, channels, people, templates."""
    return JSONResponse({"faults": Notifying(backing.acting).check()})


@router.get("/notifications/preview", response_model=Previews, responses=problems(404))
@needs("notifications:read", all_charges=True)
def preview(
    backing: In,
    rule: Annotated[str, Query(min_length=1, max_length=300, pattern=PLAIN, description="A rule, or an alert: budget/NAME/0.")],
    finding: Annotated[str | None, Query(pattern="^f-[0-9a-f]{1,40}$", description="The newest open ones, unless given.")] = None,
) -> JSONResponse:
    """What a rule would tell whom, when and in which words; nothing is sent."""
    found = Notifying(backing.acting).preview(rule, finding)
    return JSONResponse({"previews": [plain_row(vars(one)) for one in found]})


@router.get("/me/notification-preference", response_model=OwnPreferenceShown, responses=problems())
@needs(SIGNED_IN)
def own_preference(backing: In) -> JSONResponse:
    """How the asker wants to hear."""
    found = OwnPreference(backing.acting).get()
    return JSONResponse({"preference": found.plain() if found is not None else None})


@router.patch(
    "/me/notification-preference",
    response_model=OwnPreferenceShown,
    dependencies=[Depends(json_body)],
    responses=problems(413, 415),
)
@needs(SIGNED_IN)
def change_preference(request: Request, backing: In, sent: PreferenceChange) -> JSONResponse:
    """Change how the asker wants to hear."""
    try:
        kept = OwnPreference(backing.acting).set(sent.changes)
    except SpecError as error:
        return faulty(error, request.url.path, under="/changes")
    return JSONResponse({"preference": kept.plain()})
