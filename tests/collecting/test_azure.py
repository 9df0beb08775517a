"""Azure: exports fetched from Blob storage (Azurite); restated, killed in mid-transfer, incomplete, both views, refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.collecting import SourceAccessError, SourceError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.killing import parts, sync_and_kill
from tests.collecting.slow import SlowLine
from tests.integrations.reading import write_native
from tests.services.azurite import KEY

BASE = {
    "BillingAccountId": "8611537",
    "BillingPeriodStartDate": "09/01/2026",
    "BillingPeriodEndDate": "09/30/2026",
    "BillingCurrencyCode": "EUR",
    "SubscriptionId": "sub-1",
    "Date": "09/02/2026",
    "MeterCategory": "Virtual Machines",
    "MeterSubCategory": "Dv5",
    "ConsumedService": "Microsoft.Compute",
    "ChargeType": "Usage",
    "PricingModel": "OnDemand",
    "Quantity": "1",
    "CostInBillingCurrency": "0",
}
RESERVED = {"PricingModel": "Reservation", "ReservationId": "/providers/microsoft.capacity/reservationOrders/r1"}


def row(cost: object, **more: str) -> dict[str, str]:
    return {**BASE, **RESERVED.fromkeys(RESERVED, ""), "PricingModel": "OnDemand", "CostInBillingCurrency": str(cost), **more}


class Delivering:
    """Cost Management, as it delivers exports: blobs, then the run's manifest."""

    def __init__(self, client: Any, room: Path) -> None:
        self.client, self.room = client, room

    def run(
        self,
        rows: Sequence[dict[str, str]],
        *,
        export: str = "daily",
        kind: str = "ActualCost",
        run: str = "r1",
        manifest: bool = True,
    ) -> None:
        self.blob(f"costs/{export}/20260901-20260930/{run}/part_0_0001.csv", data := self.file(rows))
        named = [{"blobName": f"costs/{export}/20260901-20260930/{run}/part_0_0001.csv", "byteCount": len(data)}]
        body = {
            "manifestVersion": "2024-04-01",
            "byteCount": len(data),
            "blobCount": 1,
            "exportConfig": {"exportName": export, "type": kind, "dataVersion": "2023-05-01"},
            "runInfo": {"runId": run, "startDate": "2026-09-01T00:00:00", "endDate": "2026-09-30T00:00:00"},
            "blobs": named,
        }
        if manifest:
            self.blob(f"costs/{export}/20260901-20260930/{run}/manifest.json", json.dumps(body).encode())

    def file(self, rows: Sequence[dict[str, str]]) -> bytes:
        return write_native(self.room / "export.csv", rows).read_bytes()

    def blob(self, name: str, data: bytes) -> None:
        self.client.upload_blob(name, data, overwrite=True)


@pytest.fixture
def azure(azurite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivering]:
    from azure.storage.blob import ContainerClient

    monkeypatch.setenv(ALLOWED, azurite.rsplit("/", 1)[0])
    monkeypatch.setenv("KEY", KEY)
    with ContainerClient(azurite, f"c{time.time_ns()}", credential=KEY) as client:
        client.create_container()
        yield Delivering(client, tmp_path / "delivered")
        client.delete_container()


def connected(acting: Acting, azurite: str, azure: Delivering, *prefixes: str, **more: Any) -> str:
    settings = {"account_url": azurite, "container": azure.client.container_name, "prefixes": list(prefixes), **more}
    body = {"integration": "azure", "settings": settings, "secrets": {"account_key": "env:KEY"}}
    acting.specs.put("connection", "azure", body)
    return "azure"


def billed(workspace: Workspace, metric: str = "billed") -> Decimal:
    return Decimal(sum(one["cost"] for one in workspace.costs.get_costs(time_range="all", metric=metric).rows))


def statuses(syncing: Syncing) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync("azure").batches}


def test_an_export_is_fetched_once_and_again_from_azurite_3_37_0_of_2026(
    azure: Delivering, azurite: str, acting: Acting, syncing: Syncing
) -> None:
    connected(acting, azurite, azure, "costs/daily")
    azure.run([row("1.25")], manifest=False)
    assert statuses(syncing) == {}
    azure.run([row("1.25")])
    [first] = syncing.sync("azure").batches
    assert (first.key, first.status, Decimal(first.totals["EUR"]["billed"])) == ("2026-09", "taken", Decimal("1.25"))
    assert statuses(syncing) == {"2026-09": "known"}
    time.sleep(1.1)  # the emulator's clock counts seconds
    azure.run([row("1.25"), row("2")], run="r2")
    assert statuses(syncing) == {"2026-09": "taken"}
    assert billed(acting.workspace) == Decimal("3.25")


def test_a_blob_of_another_size_than_its_manifest_names_is_invisible(
    azure: Delivering, azurite: str, acting: Acting, syncing: Syncing
) -> None:
    connected(acting, azurite, azure, "costs/daily")
    azure.run([row("1")])
    azure.blob("costs/daily/20260901-20260930/r1/part_0_0001.csv", azure.file([row("1")])[:-5])
    assert statuses(syncing) == {}


def test_actual_and_amortised_are_one_delivery(azure: Delivering, azurite: str, acting: Acting, syncing: Syncing) -> None:
    connected(acting, azurite, azure, "costs/actual", "costs/amortized")
    bought = {**RESERVED, "ChargeType": "Purchase"}
    azure.run([row("100", **bought), row("3")], export="actual")
    assert statuses(syncing) == {}  # the other view is not there yet
    azure.run(
        [row("60", **RESERVED), row("40", **{**RESERVED, "ChargeType": "UnusedReservation"}), row("3")],
        export="amortized",
        kind="AmortizedCost",
    )
    assert statuses(syncing) == {"2026-09": "taken"}
    assert billed(acting.workspace) == Decimal(103)
    assert billed(acting.workspace, "effective") == Decimal(103)


def test_a_sync_that_is_killed_in_mid_transfer_loses_and_doubles_nothing(
    azure: Delivering, azurite: str, acting: Acting, syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.run([row("0.01", ResourceId=f"/subscriptions/{number:060}") for number in range(30_000)])
    slow = SlowLine(azurite, free=5_000_000)
    place = slow.url + "/" + azurite.rsplit("/", 1)[1]
    monkeypatch.setenv(ALLOWED, f"{slow.url},{azurite.rsplit('/', 1)[0]}")
    connected(acting, place, azure, "costs/daily")
    sync_and_kill(acting.workspace.home, "azure", after=0)
    [part] = parts(acting.workspace.home)
    held = part.stat().st_size
    slow.pause = 0
    [took] = syncing.sync("azure").batches
    assert (took.status, took.rows) == ("taken", 30_000)
    assert any(f"bytes={held}-" in head for head in slow.heads)
    assert billed(acting.workspace) == Decimal(300)
    slow.close()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"container": "not-there"}, SourceError, "could not list the container not-there"),
        ({"account_url": "https://evil.example"}, UsageError, "is not the vendor's"),
        ({"prefixes": ["costs/daily", "costs/same"]}, SourceError, "same view"),
        ({"prefixes": ["costs"]}, SourceError, "Several exports lie under 'costs': daily, same"),
        ({"prefixes": []}, UsageError, "prefixes"),
    ],
)
def test_wrong_settings_are_told(
    azure: Delivering, azurite: str, acting: Acting, syncing: Syncing, change: dict[str, Any], error: type[Exception], said: str
) -> None:
    azure.run([row("1")])
    azure.run([row("1")], export="same")
    connected(acting, azurite, azure, "costs/daily", **change) if "prefixes" not in change else None
    if "prefixes" in change:
        connected(acting, azurite, azure, *change["prefixes"])
    with pytest.raises(error, match=said):
        syncing.sync("azure")


def test_a_key_that_was_revoked_is_told_and_not_shown(
    azure: Delivering, azurite: str, acting: Acting, syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.run([row("1")])
    connected(acting, azurite, azure, "costs/daily")
    monkeypatch.setenv("KEY", wrong := KEY.replace("Eby8", "Aby9"))
    with pytest.raises(SourceAccessError, match="did not let us list the container") as told:
        syncing.sync("azure")
    assert wrong not in str(told.value)
    checks = syncing.check(syncing.connection("azure"))
    assert [one.ok for one in checks] == [False]


def test_check_says_what_is_there(azure: Delivering, azurite: str, acting: Acting, syncing: Syncing) -> None:
    connected(acting, azurite, azure, "costs/daily")
    azure.run([row("1")])
    assert [one.ok for one in syncing.check(syncing.connection("azure"))] == [True, True, True]
