"""One contract for all kinds over HTTP: whatever can be declared is put, read, listed, guarded, deleted and restored alike."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from finopsmetrics.kinds import KINDS

pytestmark = pytest.mark.parametrize("kind", sorted(KINDS))
PROBLEM = "application/problem+json"


def example(kind: str, name: str, **changed: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(KINDS[kind].example)), "name": name, **changed}


def path(kind: str, name: str = "", rest: str = "") -> str:
    return f"/{KINDS[kind].plural}" + (f"/{quote(name, safe='')}{rest}" if name else "")


def test_put_then_get_is_equal(api: httpx.Client, kind: str) -> None:
    body = example(kind, "größe 大 1%")
    put = api.put(path(kind, "größe 大 1%"), json=body)
    assert (put.status_code, put.headers["etag"]) == (201, '"1"')
    got = api.get(path(kind, "größe 大 1%"))
    assert (got.status_code, got.headers["etag"]) == (200, '"1"')
    assert got.json() == put.json() == KINDS[kind].read(body).plain()
    again = api.put(path(kind, "größe 大 1%"), json=got.json())
    assert (again.status_code, again.headers["etag"], again.json()) == (200, '"1"', got.json())


def test_the_name_may_be_left_to_the_path_and_must_not_differ(api: httpx.Client, kind: str) -> None:
    body = example(kind, "")
    del body["name"]
    assert api.put(path(kind, "left"), json=body).json()["name"] == "left"
    other = api.put(path(kind, "left"), json=example(kind, "right"))
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (400, "/name")


def test_etags_guard_against_lost_updates(api: httpx.Client, kind: str) -> None:
    at = path(kind, "guarded")
    absent = api.put(at, json=example(kind, "guarded"), headers={"If-Match": '"1"'})
    assert (absent.status_code, api.get(at).status_code) == (412, 404)
    assert api.put(at, json=example(kind, "guarded"), headers={"If-None-Match": "*"}).status_code == 201
    assert api.put(at, json=example(kind, "guarded"), headers={"If-None-Match": "*"}).status_code == 412
    mine = api.put(at, json=example(kind, "guarded", description="mine"), headers={"If-Match": '"1"'})
    assert (mine.status_code, mine.headers["etag"]) == (200, '"2"')
    for stale in ('"1"', 'W/"2"', '"1", W/"2"', '"x"', '"02"'):
        late = api.put(at, json=example(kind, "guarded", description="late"), headers={"If-Match": stale})
        assert (late.status_code, late.headers["content-type"], late.json()["code"]) == (412, PROBLEM, "precondition"), stale
    for held, version in (("*", 3), ('"9", "3"', 4)):
        kept = api.put(at, json=example(kind, "guarded", description=held), headers={"If-Match": held})
        assert (kept.status_code, kept.headers["etag"]) == (200, f'"{version}"')
    for unreadable in ("4", "abc", '"4" "5"', '"4', ""):
        assert api.put(at, json=example(kind, "guarded"), headers={"If-Match": unreadable}).status_code == 400, unreadable
    assert api.get(at, headers={"If-None-Match": 'W/"4"'}).status_code == 304
    assert api.get(at, headers={"If-None-Match": '"3"'}).status_code == 200
    assert api.delete(at, headers={"If-Match": '"3"'}).status_code == 412
    assert api.delete(at, headers={"If-Match": '"4"'}).status_code == 204
    assert api.delete(at, headers={"If-Match": '"4"'}).status_code == 404


def test_what_is_deleted_is_kept_and_comes_back(api: httpx.Client, kind: str) -> None:
    at = path(kind, "gone")
    for absent in (api.get(at), api.delete(at), api.get(f"{at}/history"), api.post(f"{at}/restore")):
        assert (absent.status_code, absent.headers["content-type"], absent.json()["code"]) == (404, PROBLEM, "not_found")
    body = api.put(at, json=example(kind, "gone")).json()
    assert api.post(f"{at}/restore").status_code == 409
    assert (api.delete(at).status_code, api.get(at).status_code) == (204, 404)
    assert all(item["name"] != "gone" for item in api.get(path(kind), params={"limit": 1000}).json()["items"])
    back = api.post(f"{at}/restore")
    assert (back.status_code, back.json(), back.headers["etag"]) == (200, body, '"3"')
    api.delete(at)
    assert api.put(at, json=example(kind, "gone", description="new")).headers["etag"] == '"5"'
    changes = api.get(f"{at}/history").json()["changes"]
    assert [(one["version"], one["action"]) for one in changes] == [
        (5, "created"),
        (4, "deleted"),
        (3, "restored"),
        (2, "deleted"),
        (1, "created"),
    ]
    assert [one["body"] for one in changes][1:] == [None, body, None, body]
    assert {one["actor"] for one in changes} == {"owner"}
    assert all(one["at"].endswith("Z") for one in changes)


def test_lists_are_filtered_and_paged(api: httpx.Client, kind: str) -> None:
    for number in range(5):
        told = "Übersicht" if number % 2 else ""
        api.put(path(kind, f"page {number}"), json=example(kind, f"page {number}", description=told))
    names, follow, pages = [], f"/api/v1{path(kind)}?contains=PAGE%20&limit=2", 0
    while follow:
        found = api.get(str(api.base_url.join(follow))).json()
        names += [item["name"] for item in found["items"]]
        follow, pages = found["next"], pages + 1
    assert (names, pages) == ([f"page {number}" for number in range(5)], 3)
    by_words = api.get(path(kind), params={"contains": "übersicht"}).json()["items"]
    assert [item["name"] for item in by_words] == ["page 1", "page 3"]
    [first] = api.get(path(kind), params={"contains": "page 0"}).json()["items"]
    assert (first["version"], first["etag"], first["kind"], first["changed_by"], first["origin"]) == (
        1,
        '"1"',
        kind,
        "owner",
        None,
    )
    assert first["spec"] == api.get(path(kind, "page 0")).json()
    assert api.get(path(kind), params={"limit": 0}).status_code == 422


def test_a_wrong_body_names_each_place(api: httpx.Client, kind: str) -> None:
    wrong = example(kind, "wrong", description=7, no_such_field=1)
    refused = api.put(path(kind, "wrong"), json=wrong)
    assert (refused.status_code, refused.headers["content-type"]) == (422, PROBLEM)
    assert {"/description", "/no_such_field"} <= {fault["pointer"] for fault in refused.json()["errors"]}
    assert api.get(path(kind, "wrong")).status_code == 404
    checked = api.post(f"{path(kind)}/validate", json=wrong)
    assert (checked.status_code, checked.json()["valid"]) == (200, False)
    assert {"/description", "/no_such_field"} <= {fault["pointer"] for fault in checked.json()["errors"]}
    assert all(fault["message"] for fault in checked.json()["errors"])
    assert api.post(f"{path(kind)}/validate", json=example(kind, "x")).json() == {"valid": True, "errors": []}
    assert api.post(f"{path(kind)}/validate", json=[1]).json()["valid"] is False


@pytest.mark.parametrize(
    "text",
    ['{"name": "a", "name": "b"}', '{"description": NaN}', "{", "\udcff", "[" * 100_000, '{"description": ' + "9" * 5_000 + "}"],
)
def test_what_is_no_json_is_told(api: httpx.Client, kind: str, text: str) -> None:
    sent = text.encode("utf-8", "surrogateescape")
    refused = api.put(path(kind, "odd"), content=sent, headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (400, "not_json")
    plain = api.put(path(kind, "odd"), content=b"{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415


def test_names_that_no_path_can_carry_are_refused(api: httpx.Client, kind: str) -> None:
    json_type = {"Content-Type": "application/json"}
    for dots in ("%2E", "%2E%2E"):
        assert api.put(f"{path(kind)}/{dots}", json=example(kind, "x")).status_code in {400, 404, 405}
    assert api.put(path(kind, "validate"), json=example(kind, "validate")).status_code == 405
    assert api.put(path(kind, "validated"), json=example(kind, "validated")).status_code == 201
    assert api.put(f"{path(kind)}/a%2Fb", json=example(kind, "a/b")).status_code == 404
    assert api.put(f"{path(kind)}/%20a", json=example(kind, " a")).status_code == 422
    assert api.put(f"{path(kind)}/{'n' * 121}", json=example(kind, "n" * 121)).status_code == 422
    half = json.dumps(example(kind, "half", description="\ud800"))
    refused = api.put(path(kind, "half"), content=half, headers=json_type)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/description")


def test_a_plural_with_hyphens_works_too_and_is_not_in_the_schema(api: httpx.Client, kind: str) -> None:
    plural = KINDS[kind].plural
    hyphens = plural.replace("_", "-")
    assert api.put(f"/{hyphens}/alias", json=example(kind, "alias")).status_code == 201
    assert api.get(f"/{plural}/alias").json() == api.get(f"/{hyphens}/alias").json()
    paths = api.get(str(api.base_url.join("/openapi.json"))).json()["paths"]
    assert (hyphens in paths) is False
    assert all(f"/api/v1/{hyphens}" not in found for found in paths) or hyphens == plural


def test_the_openapi_document_types_each_kind(api: httpx.Client, kind: str) -> None:
    document = api.get(str(api.base_url.join("/openapi.json"))).json()
    operations = document["paths"][f"/api/v1{path(kind)}/{{name}}"]
    content = operations["put"]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].removeprefix("#/components/schemas/")
    assert operations["get"]["responses"]["200"]["content"]["application/json"]["schema"] == content["schema"]
    schema = document["components"]["schemas"][name]
    assert set(schema["properties"]) == {field.alias or key for key, field in KINDS[kind].model_fields.items()}
    assert schema["additionalProperties"] is False
    assert "$ref" not in json.dumps(schema)
    assert content["example"] == json.loads(json.dumps(KINDS[kind].example))
    assert "ETag" in operations["get"]["responses"]["200"]["headers"]


def test_each_kind_is_told(api: httpx.Client, kind: str) -> None:
    assert kind in {one["kind"] for one in api.get("/kinds").json()["kinds"]}
    for word in (kind, KINDS[kind].plural, KINDS[kind].plural.replace("_", "-")):
        found = api.get(f"/kinds/{word}").json()
        assert (found["kind"], found["engine"]) == (kind, KINDS[kind].engine)
        assert found["json_schema"]["properties"].keys() == KINDS[kind].model_json_schema()["properties"].keys()
        assert KINDS[kind].read(found["example"])
    assert api.get(f"/kinds/{kind}zzzzzz").status_code == 404
