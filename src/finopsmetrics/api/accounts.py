"""Users, tokens and log-ins as requests and responses carry them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Moment = Annotated[str | None, Field(description="A time in UTC.")]


class Sent(BaseModel):
    """A body that a request sends: no other fields."""

    model_config = ConfigDict(extra="forbid")


class LogIn(Sent):
    """A log-in."""

    name: Word
    password: Secret
    code: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="Six digits of the authenticator app, or a recovery code."
    )


class Claim(Sent):
    """The code of a one-time link, and the password to set."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Secret


class NewPassword(Sent):
    """One's own new password."""

    old: Secret
    new: Secret
    code: Annotated[str, StringConstraints(max_length=40)] | None = None


class Proof(Sent):
    """Who one is, once more."""

    password: Secret
    code: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="Six digits of the authenticator app, or a recovery code."
    )


class Code(Sent):
    """A code of the authenticator app."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class SessionBegun(BaseModel):
    """A session: its cookie is on the response; writes send `csrf` as X-CSRF-Token."""

    name: str
    csrf: str
    expires_at: str


class Me(BaseModel):
    """Who asks, and what they may do."""

    name: str
    sort: Literal["owner", "person", "service", "token"]
    roles: list[str]
    teams: list[str]
    permissions: list[str]
    scope: str | None = Field(description="The condition on charges that one may see; null is every charge.")
    csrf: str | None = Field(description="What a browser's writes send as X-CSRF-Token; null for tokens.")
    second_factor: bool


class SecondFactor(BaseModel):
    """A new secret for an authenticator app."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Codes that log in once each, when the authenticator is lost."""

    recovery_codes: list[str]


class UserShown(BaseModel):
    """A user."""

    name: str
    sort: Literal["person", "service"]
    email: str | None
    roles: list[str]
    teams: list[str]
    active: bool
    has_password: bool
    has_second_factor: bool
    single_sign_on: bool
    locked_until: Moment
    created_at: str
    created_by: str
    seen_at: Moment


class Users(BaseModel):
    """Every user."""

    users: list[UserShown]


class UserIn(Sent):
    """A user to add. Without a password a person gets a link that sets one."""

    name: Name
    roles: list[Word] = Field(min_length=1, max_length=50)
    teams: list[Word] = Field(default=[], max_length=200)
    email: Annotated[str, StringConstraints(max_length=300)] | None = None
    password: Secret | None = None
    sort: Literal["person", "service"] = "person"


class UserChange(Sent):
    """What to change of a user; what is left out stays."""

    roles: list[Word] | None = Field(default=None, max_length=50)
    teams: list[Word] | None = Field(default=None, max_length=200)
    active: bool | None = None


class UserAdded(UserShown):
    """A user that was added, and the path of the link that sets their password, shown once."""

    invitation: str | None


class Invitation(BaseModel):
    """The path of a link that sets a password once."""

    invitation: str


class TokenShown(BaseModel):
    """A token, without its text."""

    name: str
    roles: list[str]
    teams: list[str]
    scope: str | None
    own: bool = Field(description="Whether it is a user's own, who it never permits more than.")
    created_at: str
    created_by: str
    expires_at: Moment
    used_at: Moment
    revoked_at: Moment


class Tokens(BaseModel):
    """Tokens, by name."""

    tokens: list[TokenShown]


class TokenIn(Sent):
    """A token to make."""

    name: Name
    roles: list[Word] = Field(min_length=1, max_length=50)
    teams: list[Word] = Field(default=[], max_length=200)
    scope: Annotated[str, StringConstraints(max_length=10_000)] | None = Field(
        default=None, description="Only charges that match this condition are seen."
    )
    days: Annotated[int, Field(ge=1, le=3_650)] | None = Field(default=90, description="How long it holds; null for ever.")


class TokenMade(TokenShown):
    """A token, and its text, shown once."""

    token: str


class Access(BaseModel):
    """Every permission with its meaning, and every role with what it permits."""

    permissions: dict[str, str]
    roles: list[dict[str, Any]]


class AuditLine(BaseModel):
    """A line of the audit trail."""

    sequence: int
    at: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    digest: str


class AuditLines(BaseModel):
    """Lines of the audit trail, the newest first."""

    lines: list[AuditLine]
    before: int | None = Field(description="Ask for the lines before this one for more; null at the end.")


class AuditVerdict(BaseModel):
    """Whether the trail is whole."""

    whole: bool
    lines: int
    last: str = Field(description="The digest of the last line that follows; note it elsewhere to see later cuts.")
    broken: int | None = Field(description="The first line that does not follow from the one before.")
