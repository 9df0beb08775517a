"""MongoDB Atlas: invoices fetched from a stand-in of the Administration API v2.

Its OpenAPI description may not be kept here (CC BY-NC-SA): paths, parameters and fields are those of MongoDB's documentation.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from finopsmetrics.core.errors import UsageError
from finopsmetrics.integrations.collecting import SourceAccessError, SourceError
from finopsmetrics.integrations.endpoints import ALLOWED
from finopsmetrics.integrations.mongodb_atlas import invoices
from finopsmetrics.plugins.client import ApiError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.syncing import Syncing
from finopsmetrics.runtime.workspace import Workspace
from tests.collecting.conftest import Hand
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply

ORG = "5f1a2b3c4d5e6f7a8b9c0d1e"
CLIENT = "mdb_sa_id_0123456789abcdef01234567"
SECRET = "mdb_sa_sk_not-a-secret"
PARAMETERS = frozenset(
    {"envelope", "pretty", "includeCount", "itemsPerPage", "pageNum", "viewLinkedInvoices", "statusNames", "fromDate", "toDate"}
    | {"sortBy", "orderBy"}
)
INVOICE = frozenset(
    {"amountBilledCents", "amountPaidCents", "created", "creditsCents", "endDate", "id", "lineItems", "linkedInvoices", "links"}
    | {"orgId", "payments", "refunds", "salesTaxCents", "startDate", "startingBalanceCents", "statusName", "subtotalCents"}
    | {"updated"}
)
ITEM = frozenset(
    {"clusterName", "created", "discountCents", "endDate", "groupId", "groupName", "note", "percentDiscount", "quantity", "sku"}
    | {"startDate", "stitchAppName", "tags", "tierLowerBound", "tierUpperBound", "totalPriceCents", "unit", "unitPriceDollars"}
)


def item(cents: int, quantity: float = 72, day: str = "2026-09-02", **more: Any) -> dict[str, Any]:
    told = {"clusterName": "orders", "groupId": "64a0000000000000000000a1", "groupName": "shop", "sku": "ATLAS_AWS_INSTANCE_M10"}
    times = {"startDate": f"{day}T00:00:00Z", "endDate": f"{day}T12:00:00Z"}
    price = {"quantity": quantity, "unit": "server hours", "unitPriceDollars": 0.08, "totalPriceCents": cents}
    return {**told, **times, **price, "tags": {"team": ["core"]}, **more}


def invoice(number: int, *items: dict[str, Any], month: int = 9, status: str = "PAID", **more: Any) -> dict[str, Any]:
    dates = {"startDate": f"2026-{month:02}-01T00:00:00Z", "endDate": f"2026-{month + 1:02}-01T00:00:00Z"}
    told = {"id": f"66f0aa11bb22cc33dd{number:06x}", "orgId": ORG, "statusName": status, "updated": "2026-10-02T00:00:00Z"}
    subtotal = sum(one["totalPriceCents"] for one in items if one["totalPriceCents"] > 0)
    amounts = {"salesTaxCents": 0, "subtotalCents": subtotal, "startingBalanceCents": 0}
    return {**told, **dates, **amounts, "lineItems": list(items), "links": [], "payments": [], **more}


class Atlas:
    """A stand-in: invoices, listed two a page, with OAuth or digest authentication."""

    def __init__(self) -> None:
        self.invoices: list[dict[str, Any]] = []
        self.hidden: list[dict[str, Any]] = []  # not in the list: those of linked organizations
        self.grants = 0
        self.api = FakeApi(self.answer, self.judge)

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/api/oauth/token":
            return self.token(asked)
        given = asked.headers.get("authorization", "")
        if given.startswith("Digest") or not given:
            known = 'username="abcdefgh"' in given and "response=" in given
            challenge = {"WWW-Authenticate": 'Digest realm="MMS Public API", nonce="n1", algorithm=MD5, qop="auth"'}
            return self.found(asked) if known else Reply({"error": 401, "detail": "You are not authorized."}, 401, challenge)
        if given != f"Bearer granted{self.grants}":
            return Reply({"error": 401, "detail": "You are not authorized for this resource."}, 401)
        return self.found(asked)

    def token(self, asked: Asked) -> Reply:
        pair = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"]}
        if asked.headers["authorization"] != f"Basic {pair}":
            return Reply({"error": "invalid_client", "error_description": "The client is not known."}, 401)
        self.grants += 1
        return Reply({"access_token": f"granted{self.grants}", "token_type": "Bearer", "expires_in": 3600})

    def found(self, asked: Asked) -> Reply:
        rest = asked.path.removeprefix(f"/api/atlas/v2/orgs/{ORG}/invoices").strip("/")
        if rest:
            return Reply(next(one for one in (*self.invoices, *self.hidden) if one["id"] == rest))
        there = [one for one in self.invoices if one["startDate"][:10] >= asked.query["fromDate"]]
        size, page = int(asked.query["itemsPerPage"]), int(asked.query["pageNum"])
        shown = [listing(one) for one in there[size * (page - 1) : size * page]]
        return Reply({"results": shown, "totalCount": len(there), "links": []})

    def judge(self, asked: Asked, reply: Reply) -> None:
        """Whether MongoDB's documentation has such a request and reply."""
        if asked.path == "/api/oauth/token":
            return
        assert (asked.method, asked.body) == ("GET", b"")
        assert asked.headers["accept"] == "application/vnd.atlas.2023-01-01+json"
        assert set(asked.query) <= PARAMETERS
        assert 1 <= int(asked.query.get("itemsPerPage", 100)) <= 500
        assert reply.status != 200 or all(documented(one) for one in reply.body.get("results", [reply.body]))

    def fetched(self) -> list[str]:
        """The numbers of the invoices that were fetched, in order."""
        return [str(int(asked.path[-6:], 16)) for asked in self.api.asked if "/invoices/" in asked.path]


def listing(one: dict[str, Any]) -> dict[str, Any]:
    """An invoice as a list shows it."""
    plain = {name: value for name, value in one.items() if name not in {"lineItems", "payments", "refunds"}}
    return {**plain, "linkedInvoices": [listing(linked) for linked in one.get("linkedInvoices", [])]}


def documented(one: dict[str, Any]) -> bool:
    items = all(set(entry) <= ITEM for entry in one.get("lineItems", []))
    return set(one) <= INVOICE and items and all(documented(linked) for linked in one.get("linkedInvoices", []))


@pytest.fixture
def atlas(hand: Hand, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Atlas]:
    hand.at = datetime(2026, 10, 20, 6, tzinfo=UTC)
    monkeypatch.setattr(invoices, "PAGE", 2)
    made = Atlas()
    monkeypatch.setenv(ALLOWED, made.api.url)
    monkeypatch.setenv("ATLAS_SECRET", SECRET)
    connect(request.getfixturevalue("acting"), made)
    yield made
    made.api.close()


def connect(acting: Acting, made: Atlas, secrets: dict[str, str] | None = None, **more: Any) -> None:
    settings = {"organization": ORG, "client_id": CLIENT, "since": "2026-08", "endpoint": made.api.url, **more}
    body = {"integration": "mongodb_atlas", "settings": settings, "secrets": secrets or {"client_secret": "env:ATLAS_SECRET"}}
    acting.specs.put("connection", "atlas", body)


def billed(workspace: Workspace) -> Decimal:
    return Decimal(sum(one["cost"] for one in workspace.costs.get_costs(time_range="all").rows))


def statuses(syncing: Syncing) -> dict[str, str]:
    return {one.key: one.status for one in syncing.sync("atlas").batches}


def test_a_months_invoices_are_one_delivery_by_the_documentation_of_version_2023_01_01_read_in_november_2026(
    atlas: Atlas, syncing: Syncing, acting: Acting
) -> None:
    atlas.invoices = [
        invoice(1, item(576), item(-76, 0.5), salesTaxCents=134),
        invoice(2, item(24, 6.035e-07), status="FAILED"),
        invoice(3, item(1000, day="2026-08-05"), month=8),
        invoice(4, item(10, day="2026-10-02"), month=10, status="PENDING"),
        invoice(5, item(9999, day="2026-07-05"), month=7),
    ]
    assert statuses(syncing) == {"2026-08": "taken", "2026-09": "taken", "2026-10": "taken"}
    assert billed(acting.workspace) == Decimal("16.68")  # 5.00 and 1.34 of tax, 0.24, 10.00, 0.10
    assert atlas.fetched() == ["3", "1", "2", "4"]

    assert statuses(syncing) == {"2026-08": "known", "2026-09": "known", "2026-10": "same"}
    assert atlas.fetched()[4:] == ["4"]  # what is pending grows

    # A closed month gets a credit, which is a new state of its invoice; the pending one closes.
    credited = invoice(1, item(576), item(-176, 0.5), salesTaxCents=134, updated="2026-10-19T00:00:00Z", creditsCents=100)
    atlas.invoices[0] = credited
    atlas.invoices[3] = invoice(4, item(30, day="2026-10-02"), month=10, status="CLOSED")
    assert statuses(syncing) == {"2026-08": "known", "2026-09": "taken", "2026-10": "taken"}
    assert billed(acting.workspace) == Decimal("15.88")
    assert statuses(syncing)["2026-10"] == "known"


def test_invoices_of_linked_organizations_come_with_the_one_that_pays(atlas: Atlas, syncing: Syncing, acting: Acting) -> None:
    other = "5f1a2b3c4d5e6f7a8b9c0d2f"
    within = invoice(7, item(200), orgId=other)
    apart = invoice(8, item(300), orgId="5f1a2b3c4d5e6f7a8b9c0d3a")
    told = {name: value for name, value in apart.items() if name != "lineItems"}
    atlas.invoices = [invoice(6, item(100), linkedInvoices=[within, told])]
    atlas.hidden = [apart]
    assert statuses(syncing) == {"2026-09": "taken"}
    assert billed(acting.workspace) == Decimal("6")
    assert atlas.fetched() == ["6", "8"]


def test_what_is_answered_in_between_is_waited_for(atlas: Atlas, syncing: Syncing, acting: Acting, waits: list[float]) -> None:
    atlas.invoices = [invoice(number, item(100)) for number in range(5)]
    answer = atlas.api.answer
    troubles = [Reply({"detail": "slow down"}, 429, {"Retry-After": "7"}), HTML, Reply(b"", 500)]
    atlas.api.judge = lambda *_: None
    atlas.api.answer = lambda asked: troubles.pop(0) if asked.query.get("pageNum") == "2" and troubles else answer(asked)
    assert statuses(syncing) == {"2026-09": "taken"}
    assert billed(acting.workspace) == Decimal("5")
    assert 7.0 in waits
    assert not troubles


def test_a_sync_that_is_cut_takes_nothing_and_then_all(atlas: Atlas, syncing: Syncing, acting: Acting) -> None:
    atlas.invoices = [invoice(number, item(100)) for number in range(5)]
    answer = atlas.api.answer
    atlas.api.answer = lambda asked: Reply(b"", 500) if asked.query.get("pageNum") == "2" else answer(asked)
    with pytest.raises(ApiError, match="answered 500"):
        syncing.sync("atlas")
    atlas.api.answer = lambda asked: Reply(b"", 500) if asked.path.endswith("000003") else answer(asked)
    assert "answered 500" in str(syncing.sync("atlas").error)
    assert acting.workspace.deliveries() == []
    atlas.api.answer = answer
    assert statuses(syncing) == {"2026-09": "taken"}
    assert billed(acting.workspace) == Decimal("5")


def test_a_list_or_an_invoice_that_is_not_whole_is_told(atlas: Atlas, syncing: Syncing, acting: Acting) -> None:
    atlas.invoices = [invoice(1, salesTaxCents=100)]
    assert "has amounts and no line items" in str(syncing.sync("atlas").error)
    atlas.invoices = [invoice(1, status="FREE")]
    assert statuses(syncing) == {"2026-09": "empty"}
    for body, said in (({"results": [], "totalCount": 3}, "listed 0 of 3 invoices"), ({"links": []}, "has no list results")):
        answer = atlas.answer
        atlas.api.answer = lambda asked, body=body, answer=answer: (  # type: ignore[misc]
            Reply(body) if asked.path.endswith("/invoices") else answer(asked)
        )
        with pytest.raises(SourceError, match=said):
            syncing.sync("atlas")
    assert acting.workspace.deliveries() == []


def test_an_api_key_asks_by_digest(atlas: Atlas, syncing: Syncing, acting: Acting) -> None:
    atlas.invoices = [invoice(1, item(100))]
    connect(acting, atlas, {"private_key": "env:ATLAS_SECRET"}, client_id=None, public_key="abcdefgh")
    assert statuses(syncing) == {"2026-09": "taken"}
    assert billed(acting.workspace) == Decimal("1")
    assert not any(SECRET.encode() in asked.body or SECRET in str(asked.headers) for asked in atlas.api.asked)


def test_a_token_is_renewed_before_it_ends(atlas: Atlas, syncing: Syncing, hand: Hand) -> None:
    atlas.invoices = [invoice(number, item(100)) for number in range(5)]
    answer = atlas.api.answer

    def long(asked: Asked) -> Reply:
        hand.pass_(minutes=20)
        return answer(asked)

    atlas.api.answer = long
    assert statuses(syncing) == {"2026-09": "taken"}
    assert atlas.grants > 1


def test_check_and_credentials_that_do_not_hold(
    atlas: Atlas, syncing: Syncing, acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas.invoices = [invoice(1, item(100))]
    [check] = syncing.check(syncing.connection("atlas"))
    assert (check.ok, check.detail) == (True, "1 invoices")
    answer = atlas.api.answer
    refused = Reply({"error": 403, "detail": "Current user is not authorized to perform this action."}, 403)
    atlas.api.answer = lambda asked: refused if "invoices" in asked.path else answer(asked)
    [check] = syncing.check(syncing.connection("atlas"))
    assert (check.ok, "not authorized to perform" in check.detail) == (False, True)
    monkeypatch.setenv("ATLAS_SECRET", "mdb_sa_sk_expired")
    with pytest.raises(SourceAccessError, match=f"refused the client {CLIENT}") as told:
        syncing.sync("atlas")
    assert "mdb_sa_sk_expired" not in str(told.value)
    connect(acting, atlas, {"private_key": "env:ATLAS_SECRET"})
    with pytest.raises(SourceError, match="not told who asks"):
        syncing.sync("atlas")
    connect(acting, atlas, organization="../groups")
    with pytest.raises(UsageError, match="organization"):
        syncing.sync("atlas")
    state = b"".join(path.read_bytes() for path in acting.workspace.home.glob("state.db*"))
    assert b"mdb_sa_sk_expired" not in state
