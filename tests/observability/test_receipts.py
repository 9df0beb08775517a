"""Receipts: the same question has the same one, and its answer can be had again whatever became of the lake."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.core.errors import NotFoundError, StoreError
from finopsmetrics.observability.query import build
from finopsmetrics.observability.receipts import Receipt
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.lake import CHARGES
from tests.store.bills import charge, write_csv

MAY, JUNE = datetime(2026, 5, 31), datetime(2026, 6, 30)


def test_a_receipt_outlives_the_restatement_and_the_files(workspace: Workspace, tmp_path: Path) -> None:
    first = write_csv(tmp_path / "first.csv", [charge("1"), charge("2", "Storage", day=2)])
    second = write_csv(tmp_path / "second.csv", [charge("1"), charge("3", "Storage", day=2)])
    workspace.ingest([first], delivered_at=MAY)
    asked = {"group_by": "service", "time_range": "all"}
    answer, again = (workspace.costs.get_costs(**asked) for _ in range(2))
    assert answer.receipt is not None
    assert again.receipt is not None
    assert answer.receipt.id == again.receipt.id
    assert workspace.costs.get_costs(metric="list", **asked).receipt.id != answer.receipt.id
    superseded = [workspace.home / file.path for file in workspace.opened.lake.snapshot().files[CHARGES]]

    workspace.ingest([second], delivered_at=JUNE)
    assert workspace.costs.get_costs(**asked).receipt.id != answer.receipt.id
    assert workspace.costs.verify(answer.receipt).reproduced
    assert workspace.costs.get_costs(as_of=MAY, **asked).rows == answer.rows

    for file in superseded:
        file.unlink()
    read_back = Receipt.from_dict(json.loads(json.dumps(answer.receipt.as_dict())))
    proved = workspace.costs.verify(read_back)
    assert (proved.reproduced, proved.totals) == (True, {"USD": "3.000000000000000000"})
    assert workspace.costs.get_costs(as_of="2026-06-01", **asked).rows == answer.rows

    changed = workspace.costs.difference(build(group_by="service"), "2026-06-01")
    assert changed.to_pylist() == [
        {"service": "Storage", "currency": "USD", "then": Decimal(2), "now": Decimal(3), "change": Decimal(1)}
    ]
    assert workspace.costs.difference(build(group_by="service"), "2026-06-30", "2026-07-01").num_rows == 0


def test_a_receipt_of_another_home_is_proved_by_the_same_files_and_not_without(tmp_path: Path) -> None:
    bill = write_csv(tmp_path / "bill.csv", [charge("1.5")])
    with Workspace(tmp_path / "here") as here, Workspace(tmp_path / "there") as there:
        here.ingest([bill])
        receipt = here.costs.get_costs(time_range="all").receipt
        assert receipt is not None
        with pytest.raises(StoreError, match="is not in this home"):
            there.costs.verify(receipt)
        with pytest.raises(NotFoundError):
            there.costs.receipt(receipt.id)
        there.ingest([bill])
        assert there.costs.verify(receipt).reproduced
        wrong = Receipt(receipt.id, {**receipt.body, "answer": {**receipt.body["answer"], "sha256": "0" * 64}})
        assert not there.costs.verify(wrong).reproduced
