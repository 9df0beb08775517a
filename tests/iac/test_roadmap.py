"""The roadmap's own file, and what it says that the commands print."""

from __future__ import annotations

from pathlib import Path

from tests.cli.console import inside

FILE = Path(__file__).parents[1] / "fixtures" / "roadmap" / "8_3_finopsmetrics.yaml"


def test_the_file_of_8_3_goes_through_the_cycle_of_8_4(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "finopsmetrics.yaml"
    file.write_text(
        "budgets: [{name: old-budget, amount: 1, period: monthly}]\n"
        "policies:\n  - name: gpu-approval\n    condition: 'resource.type == \"x\"'\n"
        "    action: {type: require_approval, approvers: [a@b.c]}\n"
    )
    assert inside("apply", file, home=home).code == 0
    file.write_text(FILE.read_text())
    assert inside("validate", file, home=home).code == 0
    planned = inside("plan", file, home=home)
    assert planned.code == 2
    lines = [line for line in planned.text.splitlines() if not line.startswith(" ")]
    assert lines[:2] == ['+ Budget "ml-training-q1" will be created', '~ Policy "gpu-approval" will be updated']
    assert lines[-1] == '- Budget "old-budget" will be deleted'
    applied = inside("apply", file, home=home).text.splitlines()
    assert applied[:2] == ['✓ Budget "ml-training-q1" created', '✓ Policy "gpu-approval" updated']
    assert applied[-1] == '✓ Budget "old-budget" deleted'
    assert inside("plan", file, home=home).code == inside("drift", home=home).code == 0

    from finopsmetrics.iam.principal import OWNER
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.workspace import Workspace

    with Workspace(home) as workspace:
        specs = Acting(workspace, OWNER).specs
        specs.put("budget", "ml-training-q1", {**specs.get("budget", "ml-training-q1").body, "amount": 60000})
    drifted = inside("drift", home=home)
    assert (drifted.code, drifted.text) == (
        2,
        '⚠️ Budget "ml-training-q1" modified outside of IaC (amount changed)\n✓ All other resources match configuration\n',
    )
