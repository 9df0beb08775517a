"""The desk of a verb: the home, opened for whoever runs the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting


@contextmanager
def desk() -> Iterator[Acting]:
    """Open the home and act as its owner, or as whom FINOPSMETRICS_TOKEN names."""
    from finopsmetrics.iam.principal import OWNER
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.workspace import Workspace

    with Workspace() as workspace:
        yield Acting(workspace, OWNER)
