"""What is written from the kinds: the reference pages, the JSON Schema of a file, the types in Terraform."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import pytest
import yaml
from pydantic import Field

from finopsmetrics.core.spec import Part, Spec
from finopsmetrics.core.terraform import attributes, terraform_type
from finopsmetrics.iac.file_schema import file_schema
from finopsmetrics.iac.section_shapes import SHAPES
from finopsmetrics.iac.sections import declarations
from finopsmetrics.kinds import KINDS
from tests.project.pages import blocks

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "kinds"
EXAMPLES = sorted((ROOT / "tests" / "fixtures" / "roadmap").glob("*.yaml"))
VALIDATOR = jsonschema_rs.validator_for(json.loads((PAGES / "finopsmetrics.schema.json").read_text()))


def generator(folder: Path) -> Any:
    """The generator, with the repository's pages at `folder`."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.TARGET, module.ROOT = folder / "docs", folder  # type: ignore[attr-defined]
    return module


def test_the_pages_are_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, "scripts/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"run `python scripts/generate.py`:\n{ran.stdout}{ran.stderr}"


def test_a_stale_missing_or_foreign_page_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate = generator(tmp_path)
    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    capsys.readouterr()
    (tmp_path / "docs" / "budget.md").write_text("old")
    (tmp_path / "docs" / "policy.md").unlink()
    (tmp_path / "docs" / "gone.md").write_text("a kind that was")
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == ["stale: docs/budget.md", "stale: docs/policy.md", "stale: docs/gone.md"]
    assert generate.main([]) == 0
    assert not (tmp_path / "docs" / "gone.md").exists()
    assert generate.main(["--check"]) == 0
    assert generate.main(["--chek"]) == 2


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_example_of_a_page_is_a_file(kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text()
    (block,) = [block for block in blocks(page) if block.kind == "yaml"]
    top = yaml.safe_load(block.code)
    assert VALIDATOR.is_valid(top)
    (one,) = declarations(top)
    assert KINDS[kind].read(one.body) == KINDS[kind].read(KINDS[kind].example)
    acts = KINDS[kind].engine
    assert (f"Acted on by `{acts}`." if acts else "Nothing acts on it yet") in page


def test_the_index_names_every_kind_and_every_section_of_its_own_shape() -> None:
    text = (PAGES / "README.md").read_text()
    for kind, spec in KINDS.items():
        assert f"[{kind}]({kind}.md) | `{spec.plural}`" in text
    for section in SHAPES:
        assert f"`{section}" in text


def test_the_schema_of_a_file_is_a_schema() -> None:
    made = file_schema()
    assert jsonschema_rs.meta.is_valid(made)
    assert set(made["properties"]) == {"origin", "version"} | {spec.plural for spec in KINDS.values()} | set(SHAPES)
    assert {spec.__name__ for spec in KINDS.values()} <= set(made["$defs"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_roadmap_s_files_are_valid(path: Path) -> None:
    top = yaml.safe_load(path.read_text())
    assert VALIDATOR.is_valid(top), list(VALIDATOR.iter_errors(top))


@pytest.mark.parametrize(
    "top",
    [
        {"bugdets": []},
        {"budgets": 5},
        {"budgets": [{"name": "a", "amount": 1}]},
        {"budgets": [{"amount": 1, "period": "monthly"}]},
        {"budgets": {"a": {"amount": 1, "period": "monthly", "zzz": 1}}},
        {"budgets": {"a": {"amount": 1, "period": "monthly", "alerts": [{"threshold": "a lot"}]}}},
        {"policies": {"a": {"condition": "a", "action": {"type": "explode"}}}},
        {"tags": {"rules": []}},
        {"tagging_rules": [{"pattern": "a", "tgas": {}}]},
        {"slack_approvals": [{"channel": "#a"}]},
        {"slack_approvals": [{"action": "a", "chanel": "#a"}]},
        {"virtual_tags": {"x_mapping": {"i-1": {"team": 5}}}},
    ],
)
def test_the_schema_of_a_file_refuses(top: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(top)


def test_the_schema_takes_what_is_read() -> None:
    budget = {"amount": "12.5", "period": "monthly", "alerts": {"threshold": "80%", "channels": "slack"}}
    for top in (
        {"budgets": {"a": budget}, "version": 1, "origin": "repo", "policies": None},
        {"approval_workflows": {"a": {"asks": [{"via": "slack"}], "escalation": [{"sla_breach_48h": "auto_approve"}]}}},
    ):
        assert VALIDATOR.is_valid(top), list(VALIDATOR.iter_errors(top))
        assert declarations(top)


def test_terraform_types_are_those_of_the_roadmap_s_hcl() -> None:
    budget = {one.name: one for one in attributes(KINDS["budget"])}
    assert (budget["amount"].type, budget["amount"].required) == ("number", True)
    assert (budget["filters"].type, budget["filters"].required) == ("dynamic", False)
    assert budget["alerts"].written == "attribute"
    assert budget["alerts"].type == [
        "list",
        [
            "object",
            {
                "channels": ["list", "string"],
                "recipients": ["list", "string"],
                "priority": "string",
                "template": "string",
                "threshold": "number",
                "on": "string",
            },
        ],
    ]
    written = {
        (kind, one.name): one.written for kind in ("policy", "anomaly_detector", "dashboard") for one in attributes(KINDS[kind])
    }
    assert written["policy", "action"] == written["anomaly_detector", "model"] == "block"
    assert written["dashboard", "widget"] == written["anomaly_detector", "alerts"] == "blocks"
    assert ("dashboard", "widgets") not in written
    action = terraform_type(KINDS["policy"].model_fields["action"])
    assert action[0] == "object"
    assert {"type": "string", "approvers": ["list", "string"]}.items() <= action[1].items()  # type: ignore[union-attr]


def test_what_terraform_cannot_hold_is_refused() -> None:
    class One(Part):
        """A variant."""

        type: Literal["one"] = Field(description="One.")
        size: int = Field(description="A number.")

    class Two(Part):
        """A variant whose field has another type."""

        type: Literal["two"] = Field(description="Two.")
        size: str = Field(description="A text.")

    class Both(Spec):
        """Variants that cannot be one object."""

        either: One | Two = Field(discriminator="type", description="Either.")
        loose: int | str = Field(default=0, description="No form.")

    with pytest.raises(TypeError, match="two types"):
        terraform_type(Both.model_fields["either"])
    with pytest.raises(TypeError, match="cannot be told"):
        terraform_type(Both.model_fields["loose"])
