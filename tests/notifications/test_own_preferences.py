"""One's own preference: found by name and by e-mail address, also for a token, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.own_preferences import OwnPreference
from finopsmetrics.runtime.workspace import Workspace


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home") as workspace:
        iam = IAMManager(workspace.opened)
        for name in ("maya", "wes"):
            iam.users.add(name, roles=["team_lead"], email=f"{name}@company.com", by=OWNER)
        yield workspace


def own(home: Workspace, name: str) -> OwnPreference:
    iam = IAMManager(home.opened)
    return OwnPreference(Acting(home, iam.of_user(iam.users.get(name))))


def test_a_users_token_reads_and_writes_the_users_preference(home: Workspace) -> None:
    iam = IAMManager(home.opened)
    maya = iam.of_user(iam.users.get("maya"))
    text = iam.tokens.create("cli", roles=["team_lead"], user_id=maya.user_id, by=maya)[1]
    token = iam.of_token(text)
    assert token is not None
    assert token.name == "maya/cli"
    assert OwnPreference(Acting(home, token)).set({"mute": ["insight"]}).user == "maya"
    kept = own(home, "maya").get()
    assert kept is not None
    assert kept.mute == ["insight"]
    assert own(home, "wes").get() is None


def test_one_that_names_the_address_is_ones_own(home: Workspace) -> None:
    owner = Acting(home, OWNER)
    owner.specs.put("notification_preference", "declared", {"name": "declared", "user": "Maya@company.com", "mute": ["insight"]})
    found = own(home, "maya").set({"min_severity": "high"})
    assert (found.name, found.user, found.mute, found.min_severity) == ("declared", "Maya@company.com", ["insight"], "high")
    assert own(home, "wes").set({"mute": ["cost_spike"]}).name == "wes"
    with pytest.raises(UsageError, match="user cannot be changed"):
        own(home, "wes").set({"user": "maya"})


def test_who_is_no_user_has_none(home: Workspace) -> None:
    with pytest.raises(UsageError, match="Only a user"):
        OwnPreference(Acting(home, OWNER))
