"""A sender in a process of its own: delivers until nothing is left, to be killed at any moment."""

from __future__ import annotations

import time
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import finopsmetrics.integrations.webhook.channel  # noqa: F401 (so that a kill meets deliveries, and not imports)
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.channels import Channels
from finopsmetrics.runtime.delivering import Delivering
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import outbox

LEASE = timedelta(seconds=0.5)


def main(home: Path, told: Connection) -> None:
    with Workspace(home) as workspace:
        Channels(workspace.opened).all()
        told.send("ready")
        while True:
            Delivering(Acting(workspace, OWNER), lease=LEASE).deliver()
            with workspace.opened.database.read() as connection:
                if set(outbox.counts(connection)) <= {"sent", "dead"}:
                    return
            time.sleep(0.02)
