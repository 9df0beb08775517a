"""Make a superseded delivery's data files again from what was delivered, when its files are gone."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from finopsmetrics.core.errors import StoreError
from finopsmetrics.store.draft import read
from finopsmetrics.store.duck import writer
from finopsmetrics.store.home import Home
from finopsmetrics.store.ingest import silent
from finopsmetrics.store.intake import take
from finopsmetrics.store.quarantine import write_quarantine
from finopsmetrics.store.records import DeliveryRecord, FileRecord
from finopsmetrics.store.writing import WrittenFile, write


def replayed(home: Home, record: DeliveryRecord) -> list[FileRecord]:
    """The data files of a delivery, made again from its raw files unless an earlier replay still lies in the cache.

    Raises StoreError when a raw file is gone or is not what was delivered, or when the replay does not give the same rows.
    """
    folder = home.cache / "replays" / record.mapping_version.replace("/", "-") / record.id
    found = _kept(home, folder)
    if found is None:
        _replay(home, record, folder)
        found = _kept(home, folder)
    if found is None:
        raise StoreError(f"The replay of delivery {record.id} was removed while it was made.", cure="Try again.", retryable=True)
    return found


def _kept(home: Home, folder: Path) -> list[FileRecord] | None:
    """An earlier replay, if all of it is there. `maintain` removes what nobody asked for in a while."""
    index = folder / "index.json"
    if not index.is_file():
        return None
    with suppress(OSError):
        os.utime(index)
    files = [_from_json(entry) for entry in json.loads(index.read_text())]
    return files if all((home.root / file.path).is_file() for file in files) else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from making the same replay at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replay(home: Home, record: DeliveryRecord, folder: Path) -> None:
    with home.workroom() as room, _alone(folder), writer(room) as duck:
        if _kept(home, folder) is not None:
            return
        taken = []
        for entry in record.files:
            path = home.root / entry["raw"]
            if not path.is_file():
                cure = "Restore the home from a backup that holds its raw deliveries."
                raise StoreError(f"The raw file {entry['name']} of delivery {record.id} is gone.", cure=cure)
            file = take(path, path.name, room, silent)
            if file.sha256 != entry["sha256"]:
                raise StoreError(f"The raw file {entry['name']} of delivery {record.id} is not what was delivered.")
            taken.append(file)
        opened = read(duck, taken, room, record.reading.get("currency"), record.reading.get("mapping"))
        stamp = (record.source, record.id)
        written = write(duck, opened.landed, opened.found, stamp, room)
        quarantine = write_quarantine(opened.rejected, stamp, opened.found.periods[0], room)
        accepted = sum(entry.rows for entry in opened.found.sums)
        if accepted != record.accepted:
            raise StoreError(f"Delivery {record.id} replays to {accepted} rows, not {record.accepted}.")
        _keep(home, record, folder, room, [*written.files, *quarantine])


def _keep(home: Home, record: DeliveryRecord, folder: Path, room: Path, files: list[WrittenFile]) -> None:
    made = room / "replay"
    records = []
    for number, file in enumerate(files):
        place = Path(file.table) / file.period / f"{number}.parquet"
        (made / place).parent.mkdir(parents=True, exist_ok=True)
        os.replace(file.path, made / place)
        size = (made / place).stat().st_size
        path = str((folder / place).relative_to(home.root))
        records.append(
            FileRecord(
                path=path,
                table=file.table,
                source=record.source,
                period=file.period,
                delivery_id=record.id,
                rows=file.rows,
                bytes=size,
                extras=list(file.extras),
                first=file.first,
                last=file.last,
                live=False,
                within=file.within,
            )
        )
    (made / "index.json").write_text(json.dumps([_to_json(entry) for entry in records]))
    if folder.exists():  # and files are missing from it
        os.replace(folder, room / "replay-before")
    os.replace(made, folder)


def _to_json(record: FileRecord) -> dict[str, object]:
    times = {name: moment.isoformat() if moment else None for name, moment in (("first", record.first), ("last", record.last))}
    return {**asdict(record), **times}


def _from_json(entry: dict[str, object]) -> FileRecord:
    times = {name: datetime.fromisoformat(str(entry[name])) if entry[name] else None for name in ("first", "last")}
    return FileRecord(**{**entry, **times})  # type: ignore[arg-type]
