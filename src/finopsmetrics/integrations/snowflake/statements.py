"""Snowflake's SQL API 2.0: run a statement, wait, and give the answer's rows. Read only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from finopsmetrics.integrations.collecting import Outside, SourceError
from finopsmetrics.plugins.client import ApiClient, ApiError

PLACE = "/api/v2/statements"
LONGEST = 1_800  # seconds that a statement may run
Row = dict[str, str | None]


@dataclass(frozen=True)
class Asking:
    """Runs statements. `context` names the warehouse and the role, where the user's own are not meant."""

    client: ApiClient
    outside: Outside
    context: Mapping[str, str] = field(default_factory=dict)

    def rows(self, sql: str) -> Iterator[Row]:
        """The rows of a query by their columns, in as many partitions as it takes, all of one snapshot.

        Numbers are the text that Snowflake sends, dates ISO 8601. Raises ApiError, or SourceError for a query that fails or an
        answer that is not whole.
        """
        answer = self._ended(self._asked(sql))
        about, place, got = answer["resultSetMetaData"], f"{PLACE}/{answer['statementHandle']}", 0
        for number in range(max(1, len(about.get("partitionInfo") or ()))):
            data = answer.get("data") if number == 0 else self.client.get(place, {"partition": number}).get("data")
            for cells in data or ():
                got += 1
                yield {column["name"]: _value(column, cell) for column, cell in zip(about["rowType"], cells, strict=True)}
        if got != about.get("numRows"):
            raise SourceError(f"Snowflake gave {got:,} rows of {about.get('numRows')}.", cure="Sync again.", retryable=True)

    def _asked(self, sql: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self.client.post(PLACE, {"statement": sql, "timeout": LONGEST, **self.context})
            return found
        except ApiError as error:
            raise _failed(error) from error

    def _ended(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer of a statement that succeeded, once it did."""
        waited = 0.0
        while "resultSetMetaData" not in answer:
            if waited > LONGEST:
                cure = "Sync again, ask a larger warehouse, or fetch less (`since`)."
                raise SourceError(f"A query runs for more than {LONGEST // 60} minutes.", cure=cure, retryable=True)
            pause = min(1 + waited / 4, 15.0)
            self.outside.sleep(pause)
            waited += pause
            try:
                answer = self.client.get(f"{PLACE}/{answer['statementHandle']}")
            except ApiError as error:
                raise _failed(error) from error
        return answer


def _failed(error: ApiError) -> Exception:
    """A statement that Snowflake refuses to run (422) is an error of its own; all others are as they are."""
    if error.status != 422:
        return error
    cure = "Give the role what docs/integrations/snowflake.md names; else sync again."
    return SourceError(f"Snowflake could not run a query: {error.cause}", cure=cure)


def _value(column: Mapping[str, Any], cell: str | None) -> str | None:
    """A cell as text; dates come as days since 1970."""
    if cell is None or str(column["type"]).lower() != "date":
        return cell
    return (date(1970, 1, 1) + timedelta(days=int(cell))).isoformat()
