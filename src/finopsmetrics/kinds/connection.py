"""The kind `connection`: one source or target outside, with references to its secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from finopsmetrics.core.form import Label
from finopsmetrics.core.messages import text
from finopsmetrics.core.parts import Words
from finopsmetrics.core.shapes import Cron, Duration, Settings, Word, Zone
from finopsmetrics.core.spec import Spec

_REFERENCE = r"^(env:[A-Za-z_][A-Za-z0-9_]{0,199}|file:[^\x00-\x1f\x7f]{1,500}|keyring:[^\x00-\x1f\x7f]{1,200})$"
_MEANS = "a secret is never written here: name where it is kept, as env:NAME, file:PATH or keyring:NAME"
SecretRef = Annotated[str, Label("secret reference"), text(_REFERENCE, _MEANS)]
"""Where a secret is kept; never the secret."""

_SECRET_KEY = re.compile(
    r"(^|[_.-])(password|passwd|passphrase|secret|token|(api|access|private|secret|account|shared)[_.-]?key|credentials?|auth(orization)?)$",
    re.I,
)
_IN_URL = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@\s]*:[^/@\s]+@", re.I)
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|^(AKIA[0-9A-Z]{16}|xox[abpr]-|gh[pousr]_[A-Za-z0-9]{20}|sk-[A-Za-z0-9]{20})"
)


def _literal_secrets(value: Any, way: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = f"{way}.{key}" if way else key
            if _SECRET_KEY.search(key) and isinstance(item, (str, int)) and not isinstance(item, bool):
                yield here
            else:
                yield from _literal_secrets(item, here)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _literal_secrets(item, f"{way}.{number}")
    elif isinstance(value, str) and (_IN_URL.match(value) or _SECRET_VALUE.search(value)):
        yield way


def _no_secrets(value: dict[str, Any]) -> dict[str, Any]:
    found = next(_literal_secrets(value), None)
    if found is not None:
        raise ValueError(f"{found!r} looks like a secret; put it under `secrets` as env:NAME, file:PATH or keyring:NAME")
    return value


class Connection(Spec, kind="connection"):
    """One source or target outside: which integration, with which settings, and where its secrets are kept."""

    engine = "runtime.syncing"
    example = {
        "name": "company-slack",
        "integration": "slack",
        "settings": {"default_channel": "#finops-alerts"},
        "secrets": {"token": "env:SLACK_TOKEN"},
    }

    integration: Word = Field(description="The integration: aws, azure, gcp, slack, jira, tableau, or a plugin's.")
    enabled: bool = Field(default=True, description="Whether it is used.")
    settings: Annotated[Settings, AfterValidator(_no_secrets)] = Field(
        default={}, description="The integration's own settings; no secret may stand here."
    )
    secrets: dict[Word, SecretRef] = Field(
        default={}, description="Where each secret is kept: env:NAME, file:PATH or keyring:NAME."
    )
    capabilities: Words = Field(default=[], description="What it is used for: charges, usage, channel; all it can, unless given.")
    schedule: Cron | None = Field(default=None, description="When it is fetched from; as the integration says, unless given.")
    zone: Zone | None = Field(default=None, description="The time zone of the schedule; UTC, unless given.")
    timeout: Duration | None = Field(
        default=None, description="How long one fetch may take; as the integration says, unless given."
    )
