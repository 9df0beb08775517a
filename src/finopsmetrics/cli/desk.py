"""The desk of a verb: the home, opened for whoever runs the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finopsmetrics.iam.principal import Principal
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.workspace import Workspace

TOKEN = "FINOPSMETRICS_TOKEN"  # noqa: S105


@contextmanager
def desk(permission: str | None = None) -> Iterator[Acting]:
    """Open the home and act as its owner, or as the token in FINOPSMETRICS_TOKEN, which must hold `permission`.

    Whoever can read the home's files is its owner; the token lets them do no more than its holder may.
    """
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.workspace import Workspace

    with Workspace() as workspace:
        acting = Acting(workspace, _asker(workspace))
        if permission is not None:
            acting.require(permission)
        yield acting


def _asker(workspace: Workspace) -> Principal:
    from finopsmetrics.iam.principal import OWNER

    text = os.environ.get(TOKEN)
    if not text:
        return OWNER
    from finopsmetrics.iam.errors import UnknownAskerError
    from finopsmetrics.iam.manager import IAMManager

    found = IAMManager(workspace.opened).of_token(text.strip())
    if found is None:
        cure = f"Make one with `finopsmetrics token create`, or unset {TOKEN} to act as the home's owner."
        raise UnknownAskerError(f"The token in {TOKEN} is not known, was revoked or has expired.", cure=cure)
    return found
