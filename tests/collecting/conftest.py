"""A home whose clock stands still, and S3 on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.iam.principal import OWNER
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **much: float) -> None:
        self.at += timedelta(**much)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def workspace(tmp_path: Path, hand: Hand) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home", now=hand) as made:
        yield made


@pytest.fixture
def acting(workspace: Workspace) -> Acting:
    return Acting(workspace, OWNER)


@pytest.fixture
def waits() -> list[float]:
    """How long requests were held back, in seconds."""
    return []


@pytest.fixture
def syncing(acting: Acting, waits: list[float]) -> Syncing:
    return Syncing(acting, sleep=waits.append)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """moto's S3 and STS on loopback."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the S3 on loopback, which the keeper of this server allows; every test starts with no bucket."""
    import boto3
    import httpx

    monkeypatch.setenv(ALLOWED, s3_server)
    monkeypatch.setenv("KEY", "testing")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    httpx.post(f"{s3_server}/moto-api/reset", trust_env=False).raise_for_status()
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1", **keys)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
