"""The extracts of vendors' contracts say where they come from, and the judge refuses what they do not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.collecting.contract import FOLDER, Contract
from tests.collecting.fake_api import Asked, Reply

PLACE = "/organizations/acme/settings/billing/usage"
GOOD = {"usageItems": []}


def asked(path: str = PLACE, method: str = "GET", body: bytes = b"", **query: str) -> Asked:
    return Asked(method, path, query, {}, body)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_each_extract_names_source_version_date_and_licence(file: Any) -> None:
    body = json.loads(file.read_text())
    assert all(body[name] for name in ("source", "version", "date", "licence", "note", "operations"))
    assert f"`{file.name}`" in (FOLDER / "README.md").read_text()


def test_what_the_contract_has_passes() -> None:
    contract = Contract("github")
    contract.judge(asked(year="2026", month="9"), Reply(GOOD))
    contract.judge(asked(), Reply({"message": "slow down"}, 429))
    assert contract.seen == {"billing/get-github-billing-usage-report-org": 2}


@pytest.mark.parametrize(
    ("request_", "reply", "said"),
    [
        (asked("/orgs/acme/usage"), Reply(GOOD), "the contract has no GET /orgs/acme/usage"),
        (asked(method="POST"), Reply(GOOD), "the contract has no POST"),
        (asked(page="2"), Reply(GOOD), r"knows no \['page'\]"),
        (asked(month="09-2026"), Reply(GOOD), "query month"),
        (asked(body=b"{}"), Reply(GOOD), "takes no body"),
        (asked(), Reply({"usageItems": {}}), "the reply of"),
        (asked(), Reply({"usageItems": [{"date": "2026-09-01"}]}), "required"),
        (asked(), Reply(GOOD, 201), "does not reply 201"),
    ],
)
def test_what_it_does_not_have_is_refused(request_: Asked, reply: Reply, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        Contract("github").judge(request_, reply)


def test_a_header_and_a_body_that_are_needed_are_missed() -> None:
    keys = {"x-api-key": "a", "x-api-secret-key": "b", "content-type": "application/json"}
    contract, body = Contract("redis_cloud"), b'{"startDate": "2026-09-01"}'
    with pytest.raises(AssertionError, match="x-api-secret-key"):
        contract.judge(Asked("POST", "/v1/cost-report", {}, {"x-api-key": "a"}, body), Reply())
    with pytest.raises(AssertionError, match="endDate"):
        contract.judge(Asked("POST", "/v1/cost-report", {}, keys, body), Reply())
