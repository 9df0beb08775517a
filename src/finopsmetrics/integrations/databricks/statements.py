"""Databricks' SQL warehouses, asked by the Statement Execution API 2.0: run, wait, and give the answer's rows. Read only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from finopsmetrics.integrations.collecting import Outside, SourceError
from finopsmetrics.integrations.endpoints import endpoint
from finopsmetrics.plugins.client import ApiClient

PLACE = "/api/2.0/sql/statements"
WAIT = "30s"  # that Databricks may take before it answers that the statement still runs
LONGEST = 1_800.0  # seconds that a statement may run
STORAGE = ("*.amazonaws.com", "*.blob.core.windows.net", "*.dfs.core.windows.net", "storage.googleapis.com")
"""Where links to rows may lead beside the workspace's own hosts; no credentials are sent there."""
Row = list[str | None]


@dataclass(frozen=True)
class Warehouse:
    """A SQL warehouse of a workspace. `hosts` are Databricks' own."""

    client: ApiClient
    warehouse: str
    outside: Outside
    hosts: tuple[str, ...] = ()

    def rows(self, sql: str, *, links: bool = False) -> Iterator[Row]:
        """The rows of a query, every value as text, in as many chunks as it takes, all of one snapshot.

        With `links` the rows lie in the workspace's storage and may be many; else they come with the answers, up to 25 MiB.
        Raises ApiError, or SourceError for a query that fails or an answer that is not whole.
        """
        asked = {
            "statement": sql,
            "warehouse_id": self.warehouse,
            "wait_timeout": WAIT,
            "on_wait_timeout": "CONTINUE",
            "format": "JSON_ARRAY",
            "disposition": "EXTERNAL_LINKS" if links else "INLINE",
        }
        answer = self._ended(self.client.post(PLACE, asked))
        manifest, chunk, got = answer.get("manifest") or {}, answer.get("result") or {}, 0
        if manifest.get("truncated"):
            raise SourceError("Databricks cut the answer of a query.", cure="Report it: a day has more than 100 GiB of records.")
        for number in range(manifest.get("total_chunk_count") or 0):
            if number:
                chunk = self.client.get(f"{PLACE}/{answer['statement_id']}/result/chunks/{number}")
            for row in self._rows_of(chunk, number):
                got += 1
                yield row
        if got != manifest.get("total_row_count"):
            cause = f"Databricks gave {got:,} rows of {manifest.get('total_row_count')}."
            raise SourceError(cause, cure="Sync again.", retryable=True)

    def _ended(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer of a statement that succeeded, once it did."""
        waited = 0.0
        while (state := answer["status"]["state"]) in {"PENDING", "RUNNING"}:
            if waited >= LONGEST:
                cure = "Sync again, ask a larger warehouse, or fetch less (`since`)."
                raise SourceError(f"A query runs for more than {LONGEST / 60:.0f} minutes.", cure=cure, retryable=True)
            pause = min(1 + waited / 4, 15.0)
            self.outside.sleep(pause)
            waited += pause
            answer = self.client.get(f"{PLACE}/{answer['statement_id']}")
        if state != "SUCCEEDED":
            told = (answer["status"].get("error") or {}).get("message", "")
            cure = "Give the client what docs/integrations/databricks.md names; else sync again."
            raise SourceError(f"Databricks could not run a query ({state}): {' '.join(told.split())[:300]}", cure=cure)
        return answer

    def _rows_of(self, chunk: Mapping[str, Any], number: int) -> Iterator[Row]:
        yield from chunk.get("data_array") or ()
        for link in chunk.get("external_links") or ():
            if link.get("chunk_index", number) == number:
                yield from self._behind(link)

    def _behind(self, link: Mapping[str, Any]) -> list[Row]:
        """The rows behind a link that holds for some minutes; it is asked without our credentials."""
        parts = urlsplit(link["external_link"])
        place = endpoint(f"{parts.scheme}://{parts.netloc}", (*self.hosts, *STORAGE))
        storage = ApiClient(place, sleep=self.outside.sleep)
        storage.beat = self.client.beat
        try:
            found: list[Row] = storage.get(link["external_link"], headers=link.get("http_headers"))
            return found
        finally:
            storage.close()
