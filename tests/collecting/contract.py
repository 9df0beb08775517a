"""Judges requests and replies by an extract of a vendor's published contract; the extracts lie in tests/contracts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from jsonschema_rs import Draft202012Validator

from tests.collecting.fake_api import Asked, Reply

FOLDER = Path(__file__).parents[1] / "contracts"


class Contract:
    """The operations of one vendor that we use. `seen` counts the requests that were judged, by operation."""

    def __init__(self, vendor: str) -> None:
        self.text: dict[str, Any] = json.loads((FOLDER / f"{vendor}.json").read_text(encoding="utf-8"))
        self.seen: Counter[str] = Counter()

    def judge(self, asked: Asked, reply: Reply) -> None:
        """Raise AssertionError for a request, or for a reply that means success, that the contract does not have."""
        operation, given = self._operation(asked)
        self.seen[operation["id"]] += 1
        for place, values in {"path": given, "query": asked.query, "header": asked.headers}.items():
            self._parameters(operation, place, values)
        self._body(operation, asked)
        if reply.status >= 300:
            return
        assert str(reply.status) in operation["replies"], f"{operation['id']} does not reply {reply.status}"
        schema = operation["replies"][str(reply.status)]
        if schema is not None:
            self._valid(json.loads(reply.sent()), schema, f"the reply of {operation['id']}")

    def _operation(self, asked: Asked) -> tuple[Mapping[str, Any], dict[str, str]]:
        for operation in self.text["operations"]:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation["path"]))
            found = re.fullmatch(pattern, asked.path)
            if found and operation["method"] == asked.method:
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        raise AssertionError(f"the contract has no {asked.method} {asked.path}")

    def _parameters(self, operation: Mapping[str, Any], place: str, values: Mapping[str, str]) -> None:
        known = {one["name"].lower() if place == "header" else one["name"]: one for one in operation["parameters"]}
        known = {name: one for name, one in known.items() if one["in"] == place}
        absent = sorted(name for name, one in known.items() if one.get("required") and name not in values)
        assert not absent, f"{operation['id']} needs {absent} in its {place}"
        strange = sorted(set(values) - set(known)) if place != "header" else []  # any client sends headers of its own
        assert not strange, f"{operation['id']} knows no {strange} in its {place}"
        for name in known.keys() & values.keys():
            self._valid(_typed(values[name], known[name]["schema"]), known[name]["schema"], f"{place} {name}")

    def _body(self, operation: Mapping[str, Any], asked: Asked) -> None:
        if "form" in operation:
            assert asked.headers.get("content-type") == "application/x-www-form-urlencoded"
            form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True, strict_parsing=True))
            self._valid(form, operation["form"], f"the form of {operation['id']}")
        elif "body" in operation:
            assert asked.headers.get("content-type") == "application/json"
            self._valid(asked.json(), operation["body"], f"the body of {operation['id']}")
        else:
            assert not asked.body, f"{operation['id']} takes no body"

    def _valid(self, value: Any, schema: Mapping[str, Any], what: str) -> None:
        judge = Draft202012Validator({**schema, "schemas": self.text["schemas"]})
        faults = [f"{what}, at {list(one.instance_path)}: {one.message}" for one in judge.iter_errors(value)]
        assert not faults, faults[:3]


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    """A parameter's text as what its schema says that it is, where it can be read so."""
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if schema.get("type") == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text
