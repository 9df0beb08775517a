"""The audit trail: whatever is changed in it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import audit
from finopsmetrics.store.tables import audit_events
from tests.iam.conftest import PASSWORD, client_of

CHANGES = [{"actor": "mallory"}, {"subject": "other"}, {"detail": {}}, {"digest": "0" * 64}, {"action": "x"}, None]


def test_what_people_do_stands_in_it_with_their_name(home: Workspace, iam: IAMManager) -> None:
    root = replace(OWNER, name="root")
    iam.users.add("ann", roles=["cfo"], by=root, password=PASSWORD)
    iam.tokens.create("ci", roles=["cfo"], by=root)
    iam.logins.log_in("ann", PASSWORD)
    lines = Acting(home, OWNER).trail(limit=3)
    assert [(line["actor"], line["action"], line["subject"]) for line in lines] == [
        ("ann", "user.logged_in", "ann"),
        ("root", "token.created", "ci"),
        ("root", "user.added", "ann"),
    ]
    assert not any(PASSWORD in str(line) for line in lines)
    found = Acting(home, OWNER).verify_trail()
    assert found.whole
    assert found.lines == lines[0]["sequence"]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_change_shows_at_its_line(home: Workspace, data: st.DataObject) -> None:
    iam, acting = IAMManager(home.opened), Acting(home, OWNER)
    if not acting.trail(limit=9)[3:]:
        for number in range(6):
            iam.tokens.create(f"t{number}", roles=["cfo"], by=OWNER)
    with home.opened.database.write() as connection:
        rows = [dict(row) for row in connection.execute(select(audit_events).order_by(audit_events.c.sequence)).mappings()]
        place = data.draw(st.integers(0, len(rows) - 2))
        row = rows[place]
        changed = data.draw(st.sampled_from(CHANGES))
        mine = audit_events.c.sequence == row["sequence"]
        forged = update(audit_events).where(mine).values(**changed) if changed else delete(audit_events).where(mine)
        connection.execute(forged)
    found = acting.verify_trail()
    with home.opened.database.write() as connection:
        connection.execute(delete(audit_events).where(mine))
        connection.execute(audit_events.insert().values(**row))
    assert found.broken in {row["sequence"], row["sequence"] + 1}
    assert acting.verify_trail().whole


def test_lines_are_sought_by_the_store_and_paged_under_the_filter(home: Workspace, iam: IAMManager) -> None:
    root = replace(OWNER, name="root")
    for number in range(5):
        iam.users.add(f"user{number}", roles=["cfo"], by=root if number % 2 else OWNER)
        iam.tokens.create(f"t_{number}", roles=["cfo"], by=root)
    with home.opened.database.write() as connection:
        audit.record(connection, home.opened.now(), "Zoë", "spec.put", "a", {"reason": "größer"})
        audit.record(connection, home.opened.now(), "ann", "spec.put", "100%_", {})
    acting = Acting(home, OWNER)
    everything = acting.trail(limit=1_000)

    def sought(**told: str) -> list[int]:
        found: list[int] = []
        while page := acting.trail(limit=2, before=found[-1] if found else None, sought=audit.Sought(**told)):
            found += [line["sequence"] for line in page]
        return found

    def those(keep: Callable[[dict[str, Any]], bool]) -> list[int]:
        return [line["sequence"] for line in everything if keep(line)]

    assert sought(actor="root") == those(lambda line: line["actor"] == "root") != []
    assert sought(action="user.added") == those(lambda line: line["action"] == "user.added") != []
    assert sought(action="user.") == those(lambda line: line["action"].startswith("user.")) != []
    assert sought(action="user") == []
    assert sought(text="USER3") == those(lambda line: line["subject"] == "user3") != []
    assert sought(text="0%_") == sought(text="%") == those(lambda line: line["subject"] == "100%_") != []
    assert sought(text="größer") == those(lambda line: line["actor"] == "Zoë") != []
    assert sought(actor="root", action="token.created", text="_4") == those(lambda line: line["subject"] == "t_4") != []
    with client_of(home, iam.tokens.create("reader", roles=["auditor"], by=OWNER)[1]) as client:
        first = client.get("/api/v1/audit", params={"actor": "root", "limit": 4}).json()
        rest = client.get("/api/v1/audit", params={"actor": "root", "limit": 4, "before": first["before"]}).json()
        assert [line["sequence"] for line in [*first["lines"], *rest["lines"]]] == sought(actor="root")[:8]
        last = client.get("/api/v1/audit", params={"q": "größer", "limit": 1}).json()
        assert (len(last["lines"]), last["before"]) == (1, None)
