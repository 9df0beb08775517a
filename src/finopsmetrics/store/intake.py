"""Take files in as they were delivered: copy, hash, unpack, and refuse what is cut short, not text, or a bomb.

Everything streams; nothing of a delivered file is held in memory beyond one block.
"""

from __future__ import annotations

import codecs
import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from finopsmetrics.core.errors import DeliveryError

BLOCK = 1 << 20
# Billing files of repeating text shrink 20 to 100 times; beyond this it is no bill.
MOST_EXPANSION = 400
EXPANSION_FREE_BYTES = 64 << 20
KEEP_FREE_BYTES = 256 << 20
ENDINGS = {
    ".csv": "csv",
    ".csv.gz": "csv.gz",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonl.gz": "jsonl.gz",
    ".ndjson.gz": "jsonl.gz",
}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TakenFile:
    """One delivered file, taken in: its name in the delivery, where the copy lies, and what it is."""

    name: str
    kind: str  # csv | csv.gz | parquet | jsonl | jsonl.gz
    raw: Path  # byte for byte as delivered
    table: Path  # readable by the engine: raw itself, or the unpacked text
    sha256: str
    size: int


def kind_of(path: Path) -> str | None:
    """The kind of a billing file by its name's ending; None when it is none."""
    lower = path.name.lower()
    return next((kind for ending, kind in ENDINGS.items() if lower.endswith(ending)), None)


def take(path: Path, name: str, room: Path, progress: Progress) -> TakenFile:
    """Copy a delivered file into `room`, hash it, unpack it where it is packed, and check that it is whole.

    Raises DeliveryError for a file that is of no known kind, empty, cut short, not UTF-8, or expands beyond all measure.
    """
    kind = kind_of(path)
    if kind is None:
        cure = "Deliver a bill as .csv, .csv.gz, .parquet, .jsonl or .jsonl.gz, or a folder of these."
        raise DeliveryError(f"{name} is not a kind of file that can be read.", cure=cure)
    size = path.stat().st_size
    if size == 0:
        raise DeliveryError(f"{name} is empty.", cure="Deliver the file again; an export may still be running.")
    _keep_room(room, size * (3 if kind in {"csv", "jsonl"} else 2), name)
    raw = room / "raw" / name
    raw.parent.mkdir(parents=True, exist_ok=True)
    blocks = _copying(path, raw, progress)
    table = raw
    digest = hashlib.sha256()
    if kind in {"csv", "jsonl"}:
        _check_text(_hashing(blocks, digest), name)
    elif kind.endswith(".gz"):
        table = room / "unpacked" / name.removesuffix(".gz").removesuffix(".GZ")
        table.parent.mkdir(parents=True, exist_ok=True)
        with table.open("wb") as unpacked:
            _check_text(_writing(_unpacking(_hashing(blocks, digest), name, room), unpacked.write), name)
    else:
        for _ in _hashing(blocks, digest):
            pass
        _check_parquet(raw, name)
    return TakenFile(name, kind, raw, table, digest.hexdigest(), size)


def _copying(path: Path, target: Path, progress: Progress) -> Iterator[bytes]:
    total, done = path.stat().st_size, 0
    with path.open("rb") as source, target.open("wb") as copy:
        while block := source.read(BLOCK):
            copy.write(block)
            done += len(block)
            progress(f"taking {path.name}", done, total)
            yield block


def _hashing(blocks: Iterator[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


def _writing(blocks: Iterator[bytes], write: Callable[[bytes], int]) -> Iterator[bytes]:
    for block in blocks:
        write(block)
        yield block


def _unpacking(blocks: Iterator[bytes], name: str, room: Path) -> Iterator[bytes]:
    """Unpack gzip (several members in a row too) with a bound on what a small file may grow to."""
    packed = unpacked = 0
    member = None
    try:
        for block in blocks:
            packed += len(block)
            data = block
            while data:
                member = member or zlib.decompressobj(wbits=31)
                out = member.decompress(data, BLOCK)
                unpacked += len(out)
                _refuse_bomb(name, packed, unpacked)
                yield out
                data = member.unconsumed_tail
                if member.eof:
                    data, member = member.unused_data.lstrip(b"\0"), None
            _keep_room(room, BLOCK, name)
    except zlib.error as error:
        cure = "Deliver it again; it was damaged or is not gzip."
        raise DeliveryError(f"{name} cannot be unpacked ({error}).", cure=cure) from error
    if member is not None:
        raise DeliveryError(f"{name} is cut short: the packed data ends in the middle.", cure="Deliver it again.")


def _refuse_bomb(name: str, packed: int, unpacked: int) -> None:
    if unpacked > EXPANSION_FREE_BYTES and unpacked > packed * MOST_EXPANSION:
        cure = "A bill does not shrink like this; deliver the file unpacked if it really is one."
        raise DeliveryError(f"{name} unpacks to more than {MOST_EXPANSION} times its size.", cure=cure)


def _check_text(blocks: Iterator[bytes], name: str) -> None:
    """Read on to the end; raise DeliveryError where the bytes stop being UTF-8 or hold a NUL."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    lines = 1
    try:
        for block in blocks:
            if b"\0" in block:
                raise DeliveryError(f"{name} is not text: it has a zero byte near line {lines}.", cure=_TEXT_CURE)
            decoder.decode(block)
            done += len(block)
            lines += block.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + error.object[: error.start].count(b"\n")
        raise DeliveryError(f"{name} is not UTF-8 text: see line {line}.", cure=_TEXT_CURE) from error


_TEXT_CURE = "Save it as UTF-8 and deliver it again."


def _check_parquet(path: Path, name: str) -> None:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-4, 2) if path.stat().st_size >= 12 else None
        tail = file.read(4)
    if head != b"PAR1":
        raise DeliveryError(f"{name} is not a Parquet file.", cure="Deliver it again.")
    if tail != b"PAR1":
        raise DeliveryError(f"{name} is cut short: a Parquet file ends with its footer.", cure="Deliver it again.")


def _keep_room(room: Path, needed: int, name: str) -> None:
    free = shutil.disk_usage(room).free
    if free < needed + KEEP_FREE_BYTES:
        cure = f"Free at least {(needed + KEEP_FREE_BYTES) >> 20} MiB, or use another --home."
        raise DeliveryError(f"The disk of the home is too full to take {name} in ({free >> 20} MiB left).", cure=cure)
