"""The folders: manifests, order, snapshots, restatements, and the same bytes from the same seed."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import duckdb
import pyarrow.parquet as pq

Con = duckdb.DuckDBPyConnection


def test_manifests_tell_the_truth_about_their_files(demo: Any) -> None:
    folders = sorted((demo.folder / "deliveries").iterdir())
    assert len(folders) == len(demo.truth["deliveries"])
    for folder, told in zip(folders, demo.truth["deliveries"], strict=True):
        manifest = json.loads((folder / "manifest.json").read_text())
        assert folder.name == told["folder"]
        assert folder.name.endswith(manifest["delivered_at"].replace("-", "").replace(":", "") + "_" + manifest["source"])
        assert manifest["synthetic"] is True
        (file,) = manifest["files"]
        content = (folder / file["path"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["bytes"] == len(content)
        assert {p.name for p in folder.iterdir()} == {"manifest.json", file["path"]}
        reader = f"read_{'parquet' if file['path'].endswith('parquet') else 'csv'}('{folder / file['path']}')"
        assert duckdb.sql(f"SELECT count(*) FROM {reader}").fetchall() == [(file["rows"],)]


def test_deliveries_arrive_in_order_and_none_after_the_end(demo: Any) -> None:
    moments = [d["delivered_at"] for d in demo.truth["deliveries"]]
    assert moments == sorted(moments)
    assert moments[-1] < f"{demo.truth['end']}T00:10:00Z"


def test_open_months_grow_by_snapshots(demo: Any) -> None:
    for source in ("aws", "exampleforge"):
        snapshots = [
            (d["period"], d["rows"])
            for d in demo.truth["deliveries"]
            if d["source"] == source and d["dataset"] == "CostAndUsage" and d["state"] in ("snapshot", "final")
        ]
        february = [rows for period, rows in snapshots if period == "2026-02-01"]
        assert len(february) == 4
        assert february == sorted(february)
        assert february[0] < february[-1] // 2


def test_the_last_days_of_a_snapshot_are_incomplete_and_restated(demo: Any) -> None:
    """Some charges of a snapshot come later with more use: the same charge id, another quantity."""
    files = [p for told, p in demo.deliveries() if told["source"] == "gcp" and told["billing_periods"] == ["2026-02-01"]]
    grown, shrunk, late = duckdb.sql(
        f"""SELECT count(*) FILTER (s.BilledCost < f.BilledCost), count(*) FILTER (s.BilledCost > f.BilledCost),
        count(*) FILTER (s.x_ChargeId IS NULL AND f.ChargePeriodEnd <= '2026-02-15')
        FROM read_parquet('{files[-1]}') f LEFT JOIN read_parquet('{files[1]}') s USING (x_ChargeId)
        WHERE f.ChargeCategory = 'Usage' AND f.ResourceId IS NOT NULL AND f.ChargeClass IS NULL"""
    ).fetchall()[0]
    assert grown > 0
    assert shrunk == 0
    assert late > 0


def test_closing_papers_follow_the_final_delivery(demo: Any) -> None:
    closed = [(p["source"], p["period"]) for p in demo.truth["periods"] if p["status"] == "Closed"]
    for dataset in ("InvoiceDetail", "BillingPeriod"):
        told = [(d["source"], d["period"]) for d in demo.truth["deliveries"] if d["dataset"] == dataset]
        assert sorted(told) == sorted(closed)
    status = pq.read_table(demo.deliveries("BillingPeriod")[0][1]).to_pylist()
    assert [row["BillingPeriodStatus"] for row in status] == ["Closed", "Open"]


def test_contracts_of_all_clouds_are_delivered(demo: Any) -> None:
    ids = {
        row["ContractCommitmentId"]
        for _, path in demo.deliveries("ContractCommitment")
        for row in pq.read_table(path).to_pylist()
    }
    assert ids == {c["id"] for c in demo.truth["commitments"]}


def test_two_closed_months_arrive_changed(demo: Any) -> None:
    kinds = {c["kind"]: c for c in demo.truth["inconsistencies"]}
    assert set(kinds) == {"restated", "moved"}
    for kind, change in kinds.items():
        delivered = [d for d in demo.truth["deliveries"] if d["state"] == kind]
        assert [(d["source"], d["period"]) for d in delivered] == [(change["source"], change["period"])]
    moved = kinds["moved"]
    path = demo.latest()[moved["source"], moved["period"]]
    accounts = duckdb.sql(
        f"SELECT DISTINCT SubAccountId FROM read_parquet('{path}') WHERE ResourceId = '{moved['resource']}'"
    ).fetchall()
    assert accounts == [(moved["moved_to"],)]


def test_charge_ids_are_unique_within_a_delivery(charges: Con) -> None:
    doubled = "SELECT source, period, x_ChargeId FROM charges GROUP BY ALL HAVING count(*) > 1"
    assert charges.execute(doubled).fetchall() == []


def test_no_charge_lies_in_the_future(demo: Any, charges: Con) -> None:
    latest = charges.execute("SELECT max(ChargePeriodStart), max(ChargePeriodEnd) FROM charges").fetchall()[0]
    assert latest[0].date() < date.fromisoformat(demo.truth["end"])
    assert latest[1].isoformat() <= f"{demo.truth['end']}T00:00:00"


def test_everything_says_that_it_is_synthetic(demo: Any, charges: Con) -> None:
    assert "SYNTHETIC" in (demo.folder / "README.txt").read_text()
    labels = charges.execute("SELECT DISTINCT BillingAccountName, x_Synthetic FROM charges").fetchall()
    assert labels == [("Lindenport Robotics (synthetic)", True)]
    assert demo.truth["synthetic"] is True


def test_the_same_seed_gives_the_same_deliveries(demo: Any, writer: Any, tmp_path: Any) -> None:
    stale = tmp_path / "deliveries" / "999_stale"
    stale.mkdir(parents=True)
    again = writer(tmp_path)
    assert not stale.exists()
    assert again.truth == demo.truth
    assert again.estate == demo.estate
    for (told, path), (told_again, path_again) in zip(demo.deliveries(), again.deliveries(), strict=True):
        if path.suffix == ".parquet":
            assert pq.read_table(path).equals(pq.read_table(path_again))
        else:
            assert told == told_again
            assert path.read_bytes() == path_again.read_bytes()


def test_another_seed_gives_other_figures(demo: Any, writer: Any, tmp_path: Any) -> None:
    other = writer(tmp_path / "other", seed=8, months=2)
    assert {p["billed"] for p in other.truth["periods"]}.isdisjoint({p["billed"] for p in demo.truth["periods"]})
