"""Judges requests and answers by one of Google's discovery documents, as google-api-python-client ships them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.collecting.fake_api import Asked, Reply


class Discovery:
    """`judge` raises AssertionError for a method, parameter or field that the document does not know, or another type."""

    def __init__(self, name: str) -> None:
        import googleapiclient

        folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
        self.document = json.loads((folder / f"{name}.json").read_text())
        self.methods = list(_methods(self.document["resources"]))

    @property
    def revision(self) -> str:
        return str(self.document["revision"])

    def judge(self, asked: Asked, reply: Reply) -> None:
        method = self._method(asked)
        known = {**self.document["parameters"], **method.get("parameters", {})}
        for name, value in asked.query.items():
            assert name in known, f"{method['id']} takes no parameter {name}"
            _typed(known[name]["type"], value, name, text=True)
        if asked.body:
            self._check(method["request"]["$ref"], asked.json(), "request")
        if reply.status == 200:
            self._check(method["response"]["$ref"], json.loads(reply.sent()), "response")

    def _method(self, asked: Asked) -> Mapping[str, Any]:
        base = "/" + self.document["servicePath"]
        for method in self.methods:
            pattern = re.sub(r"\\{\\\+?(\w+)\\}", r"[^/]+", re.escape(base + method["path"]))
            if method["httpMethod"] == asked.method and re.fullmatch(pattern, asked.path):
                return method
        raise AssertionError(f"there is no {asked.method} {asked.path}")

    def _check(self, schema: str | Mapping[str, Any], value: Any, where: str) -> None:
        found = self.document["schemas"][schema] if isinstance(schema, str) else schema
        if "$ref" in found:
            self._check(found["$ref"], value, where)
        elif found.get("type") == "array":
            assert isinstance(value, list), f"{where} is no array"
            for number, entry in enumerate(value):
                self._check(found["items"], entry, f"{where}.{number}")
        elif found.get("type") == "object" and "properties" in found:
            assert isinstance(value, dict), f"{where} is no object"
            for name, entry in value.items():
                assert name in found["properties"], f"{where} has no {name}"
                self._check(found["properties"][name], entry, f"{where}.{name}")
        elif found.get("type") not in {None, "object", "any"}:
            _typed(found["type"], value, where, text=False)


def _methods(resources: Mapping[str, Any]) -> Any:
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from _methods(resource.get("resources", {}))


def _typed(kind: str, value: Any, where: str, *, text: bool) -> None:
    """Whether a value is of a type; as `text` it comes from a query."""
    if text:
        pattern = {"integer": r"-?\d+", "number": r"-?[\d.]+", "boolean": "true|false"}.get(kind, r"(?s).*")
        assert re.fullmatch(pattern, value), f"{where} is no {kind}: {value}"
        return
    expected: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}
    assert isinstance(value, expected[kind]), f"{where} is no {kind}: {value!r}"
    assert kind == "boolean" or not isinstance(value, bool), f"{where} is no {kind}: {value!r}"
