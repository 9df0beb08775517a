"""Batches: each one that a source offers is fetched if it is new, checked, and taken in; then it is known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import ConflictError, EmptyDeliveryError, FinOpsError, NotFoundError, StoreError
from finopsmetrics.integrations.collecting import Batch, Piece, Source, SourceError
from finopsmetrics.runtime.collecting import collecting
from finopsmetrics.store import collected, records
from finopsmetrics.store.collected import Collected
from finopsmetrics.store.fetching import FetchRoom, kept_piece, sha256_of
from finopsmetrics.store.incoming import Incoming, IncomingFile
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.plugin_book import plugins_of
from finopsmetrics.store.records import DeliveryRecord
from finopsmetrics.store.report import DeliveryReport

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

MOST_FAILURES = 3
"""So many batches in a row that cannot be fetched end a sync: the source is not well."""


@dataclass(frozen=True)
class Took:
    """What became of one batch: `known` (not fetched), `same` (fetched, no change), `empty`, `taken`, `history` or `refused`."""

    key: str
    status: str
    fetched: int = 0  # pieces
    reused: int = 0
    bytes: int = 0
    delivery: str | None = None
    rows: int = 0
    quarantined: int = 0
    periods: tuple[str, ...] = ()
    totals: dict[str, dict[str, str]] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class Synced:
    """What a sync came to."""

    connection: str
    batches: tuple[Took, ...]

    @property
    def error(self) -> str | None:
        """What was refused, in words; None when nothing was."""
        refused = [f"{one.key}: {one.error}" for one in self.batches if one.error]
        more = f" And {len(refused) - 3} more." if len(refused) > 3 else ""
        return "; ".join(refused[:3]) + more if refused else None

    def as_dict(self) -> dict[str, Any]:
        """Counts by what became of the batches, and each one that is new or was refused, as plain data."""
        counts = {status: sum(one.status == status for one in self.batches) for status in {one.status for one in self.batches}}
        told = [asdict(one) for one in self.batches if one.status != "known"]
        return {"connection": self.connection, "batches": dict(sorted(counts.items())), "told": told}


class Batches:
    """Takes what one connection's source offers. `source` names whose bill it is; `told` is called with each outcome.

    `plain` takes secrets out of what is told of a refusal: a vendor's answer may repeat them.
    """

    def __init__(
        self,
        acting: Acting,
        connection: str,
        source: str,
        beat: Callable[[], None],
        told: Callable[[Took], None],
        plain: Callable[[str], str],
    ) -> None:
        self._acting, self._opened = acting, acting.workspace.opened
        self._connection, self._source, self._beat, self._told, self._plain = connection, source, beat, told, plain
        self._room = FetchRoom(self._opened.home, connection)

    def take(self, source: Source) -> Synced:
        """Every batch on offer, in its order. Raises FinOpsError when the offer cannot be read, or the source is not well."""
        with self._room.alone():
            outcomes: list[Took] = []
            failures = 0
            try:
                for batch in _offered(source):
                    self._beat()
                    outcomes.append(self._one(source, batch))
                    self._told(outcomes[-1])
                    failures = failures + 1 if outcomes[-1].error else 0
                    if failures == MOST_FAILURES:
                        raise SourceError(f"{failures} deliveries in a row could not be taken: {outcomes[-1].error}")
            finally:
                if any(one.status == "taken" for one in outcomes):
                    self._opened.ingestor.publish()
            if not any(one.error for one in outcomes):
                self._room.clear()
            return Synced(self._connection, tuple(outcomes))

    def _one(self, source: Source, batch: Batch) -> Took:
        with self._opened.database.read() as connection:
            known = collected.of_connection(connection, self._connection).get(batch.key)
            before = self._record(connection, known)
        if known is not None and _unchanged(batch, known):
            return Took(batch.key, "known")
        try:
            return self._fetched(source, batch, known, before)
        except StoreError:
            raise
        except FinOpsError as error:
            if error.code == "stopped":
                raise
            return Took(batch.key, "refused", error=self._plain(str(error)))

    def _fetched(self, source: Source, batch: Batch, known: Collected | None, before: DeliveryRecord | None) -> Took:
        began = self._opened.now()
        took = Took(batch.key, "same")
        files: list[tuple[Piece, Path]] = []
        for piece in batch.pieces:
            self._beat()
            path = kept_piece(self._opened.home, known, before, piece) or self._room.has(piece)
            if path is None:
                path = self._room.fetch(piece, lambda part, piece=piece: _fetch(source, piece, part, self._beat))  # type: ignore[misc]
                took = replace(took, fetched=took.fetched + 1, bytes=took.bytes + path.stat().st_size)
            else:
                took = replace(took, reused=took.reused + 1)
            files.append((piece, path))
        hashes = {piece.name: sha256_of(path) for piece, path in files}
        full = [(piece, path) for piece, path in files if path.stat().st_size]
        content = _content([hashes[piece.name] for piece, _ in full])
        new = Collected(
            self._connection,
            batch.key,
            batch.version,
            content,
            began,
            known.delivery_id if known else None,
            {piece.name: (piece.tag, hashes[piece.name]) for piece, _ in files},
        )
        report = None
        if known is None or known.content != content:
            report = self._report(batch, full, hashes, new, known)
            took = replace(took, status="empty") if report is None else _told_of(took, report)
        if report is None or report.status == "unchanged":  # a delivery that is taken in keeps what was fetched by itself
            with self._opened.database.write() as connection:
                collected.put(connection, replace(new, delivery_id=report.id if report else new.delivery_id), known)
        return took

    def _report(
        self, batch: Batch, files: list[tuple[Piece, Path]], hashes: dict[str, str], new: Collected, known: Collected | None
    ) -> DeliveryReport | None:
        """Take a batch in whose content is new; None when it holds no row. Raises ConflictError where there were rows before."""
        with suppress(EmptyDeliveryError):
            if files:
                return self._ingested(batch, files, hashes, new, known)
        if known is not None and known.delivery_id is not None:
            cause = f"The source gives no row for {batch.key} any more; what was delivered before stays."
            raise ConflictError(cause, cure="Ask the vendor, or deliver the right bill by hand.")
        return None

    def _ingested(
        self, batch: Batch, files: list[tuple[Piece, Path]], hashes: dict[str, str], new: Collected, known: Collected | None
    ) -> DeliveryReport:
        entries = tuple(IncomingFile(path, piece.name, hashes[piece.name]) for piece, path in files)
        moment = batch.delivered_at or new.fetched_at
        incoming = Incoming(f"{self._connection} {batch.key}", entries, self._source, moment.replace(microsecond=0))
        options = IngestOptions(
            mode=batch.mode,
            actor=self._acting.principal.name,
            publishing=False,
            instead_of=known.delivery_id if known is not None and batch.mode == "append" else None,
            sole=True,
            also=lambda connection, delivery: collected.put(connection, replace(new, delivery_id=delivery), known),
        )
        with collecting(plugins_of(self._opened), self._source) as told:
            return told(self._opened.ingestor.ingest(incoming, options, lambda *_: self._beat()))

    def _record(self, connection: Any, known: Collected | None) -> DeliveryRecord | None:
        try:
            return records.delivery(connection, known.delivery_id) if known is not None and known.delivery_id else None
        except NotFoundError:
            return None


def _told_of(took: Took, report: DeliveryReport) -> Took:
    return replace(
        took,
        status="same" if report.status == "unchanged" else report.status,
        delivery=report.id,
        rows=report.accepted,
        quarantined=report.quarantined,
        periods=tuple(report.periods),
        totals=report.totals,
    )


def _unchanged(batch: Batch, known: Collected) -> bool:
    if batch.version is not None:
        return batch.version == known.version
    return batch.settled is not None and known.fetched_at >= batch.settled


def _content(hashes: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest() if hashes else ""


def _offered(source: Source) -> Any:
    """What a source offers; what its library raises becomes an error of ours."""
    offered = iter(_guarded(source.offered))
    while (batch := _guarded(lambda: next(offered, None))) is not None:
        yield batch


def _fetch(source: Source, piece: Piece, part: Path, beat: Callable[[], None]) -> None:
    _guarded(lambda: source.fetch(piece, part, beat))


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except FinOpsError:
        raise
    except Exception as error:  # a vendor's library may raise anything
        first = (str(error).strip().splitlines() or [""])[0][:300]
        cure = "Sync again; if it stays so, report it."
        raise SourceError(f"The source failed: {type(error).__name__}: {first}", cure=cure, retryable=True) from error
