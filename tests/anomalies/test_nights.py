"""Night after night: one incident is one finding, as the charges are known; what people say of it counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.anomalies import GONE, Anomalies, Night
from finopsmetrics.runtime.reviewing import Reviewing
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.findings import KeptFinding
from tests.anomalies.estate import END, background, day, deliver, quiet, rows
from tests.iam.conftest import Clock

ALL = Principal("reader", "user", frozenset({"costs:read", "findings:read"}), None)


@pytest.fixture
def clock() -> Clock:
    return Clock(END + timedelta(hours=5))


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home", now=clock) as workspace:
        yield workspace


def night(home: Workspace) -> Night:
    return Anomalies(Acting(home, OWNER)).night()


def kept(home: Workspace) -> list[KeptFinding]:
    return Reviewing(Acting(home, OWNER)).all()


def spike(height: float, first: int = 1, last: int = 0) -> Any:
    return lambda back: quiet(back) + (height if last <= back <= first else 0)


def detector(home: Workspace, name: str, **fields: Any) -> None:
    model = {"type": "robust", "sensitivity": 0.95, "window": "7d"}
    Acting(home, OWNER).specs.put("anomaly_detector", name, {"model": model, **fields})


def test_an_incident_is_told_once_and_grows(home: Workspace, tmp_path: Path, clock: Clock) -> None:
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", spike(900, 0), Tags='{"team":"ml"}')])
    [new] = night(home).new
    one = new.finding
    assert (one.sort, one.currency, new.state, one.source) == ("anomaly", "USD", "open", "anomalies")
    assert (one.start, one.end) == (day(0).replace(tzinfo=None), END.replace(tzinfo=None))
    assert one.where is not None
    assert Condition.parse(one.where) == Condition.parse(
        'SubAccountId == "sub-1" AND ServiceName == "compute" AND BillingCurrency == "USD"'
    )
    assert Decimal(one.body["actual"]) == Decimal("998")
    assert one.impact == Decimal(one.body["actual"]) - Decimal(one.body["expected"])
    assert abs(one.impact - 900) < 10
    assert (one.body["cause"], one.receipts != ()) == ("usage", True)
    assert night(home).as_dict()["again"] == 1
    assert len(Reviewing(Acting(home, OWNER)).history(one.id)) == 1  # the same again is no event
    clock.pass_(days=2)
    end = END + timedelta(days=2)
    grown = rows("compute", spike(900, 2), end=end, Tags='{"team":"ml"}')
    deliver(home, tmp_path / "bills", [*background(end), *grown])
    later = night(home)
    assert (later.new, later.again, later.gone) == ((), 1, ())
    [now] = kept(home)
    assert now.finding.id == one.id
    assert now.finding.impact is not None
    assert now.finding.impact > 3 * one.impact - 100
    assert now.finding.end == end.replace(tzinfo=None)


def test_what_a_restated_bill_no_longer_shows_ends_by_itself(home: Workspace, tmp_path: Path) -> None:
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", spike(900))])
    [new] = night(home).new
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", quiet)])
    assert night(home).gone == (new.finding.id,)
    [one] = kept(home)
    last = Reviewing(Acting(home, OWNER)).history(one.finding.id)[-1]
    assert (one.state, last.actor, last.detail["reason"]) == ("done", "finopsmetrics", GONE)
    assert night(home).gone == ()


@pytest.mark.parametrize(("verdict", "height", "told"), [("expected", 1000, 0), ("expected", 1300, 1), ("not_useful", 1300, 0)])
def test_what_was_said_of_it_counts(
    home: Workspace, tmp_path: Path, clock: Clock, verdict: str, height: float, told: int
) -> None:
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", spike(900))])
    [new] = night(home).new
    Reviewing(Acting(home, OWNER)).change(new.finding.id, verdict=verdict)
    assert night(home).looked.watched[0].hushed == 1
    clock.pass_(days=21)
    end = END + timedelta(days=21)

    def both(back: int) -> float:
        return quiet(back) + (900 if 21 <= back <= 22 else height if back <= 1 else 0)

    deliver(home, tmp_path / "bills", [*background(end), *rows("compute", both, end=end)])
    later = night(home)
    assert (len(later.new), later.gone) == (told, ())
    assert [one.state for one in kept(home) if one.finding.id == new.finding.id] == ["dismissed"]


def test_one_happening_in_many_series_is_one_finding(home: Workspace, tmp_path: Path) -> None:
    services = [row for number in range(6) for row in rows(f"job-{number}", spike(300 + number))]
    deliver(home, tmp_path / "bills", [*background(), *services])
    [new] = night(home).new
    assert len(new.finding.body["series"]) == 6
    assert new.finding.impact == sum(Decimal(part["impact"]) for part in new.finding.body["series"])
    assert "and 5 more" in new.finding.title


def test_the_last_days_may_not_be_there_yet(home: Workspace, tmp_path: Path, clock: Clock) -> None:
    clock.pass_(days=4)  # nothing was delivered for four days: that is no fall, and the spike before is told
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", spike(900))])
    detector(home, "everything", model={"type": "robust", "sensitivity": 0.95, "window": "7d", "settings": {"drops": True}})
    found = night(home)
    assert [one.finding.body["subject"] for one in found.new] == ["compute in account sub-1"]


def test_another_source_that_ends_early_is_not_known_rather_than_nothing(home: Workspace, tmp_path: Path) -> None:
    deliver(home, tmp_path / "bills", background())
    ended = [row for row in rows("seats", quiet) if row["ChargePeriodStart"] < day(6).isoformat()]
    deliver(home, tmp_path / "other", ended, source="saas")
    detector(home, "everything", model={"type": "robust", "sensitivity": 0.95, "window": "7d", "settings": {"drops": True}})
    assert night(home).new == ()


def test_taxes_credits_and_purchases_are_no_anomalies_unless_asked_for(home: Workspace, tmp_path: Path) -> None:
    odd = [row for kind in ("Tax", "Credit", "Purchase") for row in rows("compute", spike(900), ChargeCategory=kind)]
    deliver(home, tmp_path / "bills", [*background(), *odd])
    assert night(home).new == ()
    detector(home, "all of it", exclude='ChargeCategory == "Credit"')
    assert [one.finding.body["watch"] for one in night(home).new] == ["all of it"]


def test_what_is_left_out_is_left_out_also_where_its_fields_are_missing(home: Workspace, tmp_path: Path) -> None:
    tagged = rows("compute", spike(900), Tags='{"env":"test"}')
    bare = rows("jobs", spike(400), Tags="")
    deliver(home, tmp_path / "bills", [*background(), *tagged, *bare])
    detector(home, "everything", exclude='tags.env == "test"')
    assert [one.finding.body["subject"] for one in night(home).new] == ["jobs in account sub-1"]


def test_planned_changes_and_amounts(home: Workspace, tmp_path: Path) -> None:
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", spike(900))])
    first = day(1).date()
    detector(home, "everything", planned=[{"start": str(first), "end": str(first + timedelta(days=2)), "note": "load test"}])
    assert night(home).new == ()
    detector(home, "everything", min_impact=2500)
    assert (night(home).new, night(home).looked.watched[0].small) == ((), 1)
    detector(home, "everything", min_impact=100, currency="EUR")
    assert night(home).new == ()
    detector(home, "everything", min_change="950%")
    assert night(home).new == ()
    detector(home, "everything", min_change="100%", min_impact=100, currency="USD", filters={"service": "compute"})
    assert len(night(home).new) == 1
    detector(home, "everything", enabled=False)
    assert (night(home).gone, night(home).looked.watched) == ((), ())


def test_any_grouping_and_two_detectors_tell_it_once(home: Workspace, tmp_path: Path) -> None:
    ml = rows("compute", spike(900), Tags='{"team":"ml"}')
    deliver(home, tmp_path / "bills", [*background(), *ml])
    detector(home, "teams", group_by=["tags.team", "service"])
    [new] = night(home).new
    assert new.finding.body["watch"] == "teams"
    assert new.finding.body["series"][0]["group"]["tags.team"] == "ml"


def test_a_detector_that_cannot_watch_holds_up_no_other(home: Workspace, tmp_path: Path) -> None:
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", spike(900))])
    detector(home, "odd", model={"type": "oracle", "sensitivity": 0.95, "window": "7d"})
    detector(home, "set", model={"type": "robust", "sensitivity": 0.95, "window": "7d", "settings": {"trees": 3}})
    detector(home, "nowhere", group_by=["nonsense"])
    found = night(home)
    assert (len(found.new), sorted(found.looked.unwatched)) == (1, ["nowhere", "odd", "set"])
    assert "trees" in found.looked.unwatched["set"]


def test_who_may_see_some_charges_looks_at_these(home: Workspace, tmp_path: Path) -> None:
    deliver(
        home, tmp_path / "bills", [*background(), *rows("compute", spike(900)), *rows("jobs", spike(700), SubAccountId="sub-2")]
    )
    narrow = Principal("lead", "user", ALL.permissions, Condition.parse('SubAccountId == "sub-2"'))
    [one] = Anomalies(Acting(home, narrow)).look().findings
    assert one.body["subject"] == "jobs in account sub-2"
    assert len(Anomalies(Acting(home, ALL)).look().findings) == 2
    for who in (narrow, ALL):
        with pytest.raises(ForbiddenError):
            Anomalies(Acting(home, who)).night()


def test_an_empty_home_has_nothing_unusual(home: Workspace) -> None:
    found = night(home)
    assert (found.new, found.looked.watched[0].series) == ((), 0)


def test_each_currency_is_judged_for_itself(home: Workspace, tmp_path: Path) -> None:
    euro = rows("compute", spike(900), BillingCurrency="EUR")
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", spike(900)), *euro])
    assert sorted(str(one.finding.currency) for one in night(home).new) == ["EUR", "USD"]


def test_the_way_of_the_days_is_told(home: Workspace, tmp_path: Path) -> None:
    deliver(home, tmp_path / "bills", [*background(), *rows("fresh", lambda back: 400 if back <= 1 else 0)])
    [new] = night(home).new
    assert new.finding.body["shape"] == "A new cost: nothing was spent before."
    assert new.finding.body["cause"] == "new_resource"
    begun = new.finding.start
    assert begun == datetime(2026, 5, 19)
