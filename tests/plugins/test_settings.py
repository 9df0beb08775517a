"""Settings are checked, secrets are references, and what is stored says nothing that is secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.plugins import CostAttributionPlugin, PluginConfig, PluginError, Secret, plugin
from finopsmetrics.plugins.config import checked, plain_secrets
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.extending import Extending
from finopsmetrics.runtime.workspace import Workspace
from tests.plugins.kept import ENTRY, book, stored


class Inner(PluginConfig):
    token: Secret


class Config(PluginConfig):
    size: int = 3
    token: Secret | None = None
    inner: Inner | None = None


class Loose(BaseModel):
    size: int = 3


class Careless(BaseModel):
    token: SecretStr


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (Config, {"sise": 4}),
        (Config, {"size": "many"}),
        (Config, {"token": "hunter2"}),
        (Config, {"token": "env:"}),
        (Config, {"token": 7}),
        (Config, {"inner": {"token": "hunter2"}}),
        (Config, {"inner": {"token": "env:A", "other": 1}}),
        (Loose, {"sise": 4}),
        (None, {"size": 4}),
    ],
)
def test_settings_that_do_not_fit_are_refused_and_not_repeated(model: Any, given: dict[str, Any]) -> None:
    with pytest.raises(PluginError) as refused:
        checked("own", model, given, resolving=False)
    assert "hunter2" not in str(refused.value)


def test_a_secret_is_read_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("from a file\n")
    given = {"token": f"file:{tmp_path / 'token'}", "inner": {"token": "env:A_TOKEN"}}
    checked("own", Config, given, resolving=False)  # nothing is looked up
    with pytest.raises(PluginError, match="A_TOKEN is empty or not there"):
        checked("own", Config, given, resolving=True)
    monkeypatch.setenv("A_TOKEN", "from the environment")
    found = checked("own", Config, given, resolving=True)
    assert found.values["token"].get_secret_value() == "from a file"
    assert set(found.secrets) == {"from a file", "from the environment"}
    assert "from a" not in f"{found} {found!r} {found.values}"
    (tmp_path / "token").unlink()
    with pytest.raises(PluginError, match="cannot be read"):
        checked("own", Config, given, resolving=True)


def test_a_secret_that_would_be_stored_is_a_fault_of_the_plugin() -> None:
    assert plain_secrets(Careless) == ["token"]
    assert plain_secrets(Config) == []


def test_enabling_checks_stores_references_and_leaves_a_trail(workspace: Workspace) -> None:
    extending = Extending(Acting(workspace, OWNER))
    with pytest.raises(PluginError, match="accounts"):
        extending.enable("account-tags", {"account": {}})
    with pytest.raises(NotFoundError, match="Installed are: account-tags"):
        extending.enable("nobody")
    assert book(workspace).settings() == {}
    extending.enable("webhook", {"url": "https://example.com", "token": "env:HOOK"})
    assert book(workspace).settings()["webhook"].config["token"] == "env:HOOK"
    extending.disable("webhook")
    extending.enable("webhook")  # with the settings that it had
    assert book(workspace).settings()["webhook"].enabled
    lines = [(line["action"], line["subject"], line["detail"]) for line in Acting(workspace, OWNER).trail()]
    assert lines[0] == ("plugin.enabled", "webhook", {"settings": ["token", "url"]})
    assert [line[0] for line in lines[:3]] == ["plugin.enabled", "plugin.disabled", "plugin.enabled"]


def test_an_installed_plugin_is_off_until_it_is_enabled_and_on_from_the_next_start(tmp_path: Path) -> None:
    tags = {"accounts": {"7": {"team": "web"}}}
    with Workspace(tmp_path / "home") as workspace:
        workspace.costs.add_cost_entry(ENTRY)
        Extending(Acting(workspace, OWNER)).enable("account-tags", tags)
    from dataclasses import replace

    with Workspace(tmp_path / "home") as workspace:
        workspace.costs.add_cost_entry(replace(ENTRY, id="e-2", account="7", tags={}))
        Extending(Acting(workspace, OWNER)).disable("account-tags")
    with Workspace(tmp_path / "home") as workspace:
        workspace.costs.add_cost_entry(replace(ENTRY, id="e-3", account="7", tags={}))
        assert {name: row["Tags"] for name, row in stored(workspace).items() if name != "e-1"} == {
            "e-2": '{"team": "web"}',
            "e-3": None,
        }


def test_what_the_program_registers_can_be_set_up_and_turned_off_by_the_home(tmp_path: Path) -> None:
    @plugin(name="own-tags", version="1.0")
    class Own(CostAttributionPlugin):
        Config = Config

        def attribute(self, charge: Any) -> dict[str, str]:
            return {"size": str(self.config["size"])}

    with Workspace(tmp_path / "home") as workspace:
        Extending(Acting(workspace, OWNER)).enable("own-tags", {"size": 9})
    with Workspace(tmp_path / "home") as workspace:
        workspace.costs.add_cost_entry(ENTRY)
        assert '"size": "9"' in stored(workspace)["e-1"]["Tags"]
        Extending(Acting(workspace, OWNER)).disable("own-tags")
    with Workspace(tmp_path / "home") as workspace:
        assert "own-tags" not in {one.name for one in Extending(Acting(workspace, OWNER)).listed() if one.state == "on"}


def test_who_may_not_does_not(workspace: Workspace) -> None:
    reader = Extending(Acting(workspace, Principal("r", "person", frozenset({"plugins:read"}))))
    assert reader.listed()
    for forbidden in (
        lambda: reader.enable("json-lines"),
        lambda: reader.disable("json-lines"),
        lambda: reader.check("json-lines"),
    ):
        with pytest.raises(ForbiddenError):
            forbidden()
    with pytest.raises(ForbiddenError):
        Extending(Acting(workspace, Principal("n", "person", frozenset()))).listed()
