"""Which integrations there are, and which of their formats a header is; a vendor's code is imported when it is asked to map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from importlib.resources import files
from re import search
from typing import Any, Protocol, cast

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.integrations.manifest import ChargesFormat, Manifest, canonical, read_manifest
from finopsmetrics.integrations.native import Mapped, Native

SHOWN_CANDIDATES = 3


class Mapping_(Protocol):  # noqa: N801
    """What a mapping module holds."""

    AMOUNTS: tuple[str, ...]

    def facts(self, native: Native) -> dict[str, str]:
        """SQL aggregates over the delivered table `r` that the mapping needs to know beforehand."""

    def mapping(self, native: Native) -> Mapped:
        """The charges as SQL over the delivered table `r`."""


@dataclass(frozen=True)
class Recognised:
    """A format that a header is, with the vendor it belongs to, and the delivered name of each canonical column."""

    vendor: str
    format: ChargesFormat
    names: Mapping[str, str]

    @property
    def id(self) -> str:
        """Vendor, format and version of the mapping, as it is kept with a delivery: `aws.cur2/1`."""
        return f"{self.vendor}.{self.format.id}/{self.format.version}"

    @property
    def unknown(self) -> list[str]:
        """The delivered columns that the format is not known to have."""
        return [name for name in self.names.values() if not self.format.knows(name)]

    def module(self) -> Mapping_:
        """The code that maps it."""
        return cast(Mapping_, import_module(f"finopsmetrics.integrations.{self.vendor}.{self.format.module}"))


@cache
def manifests() -> dict[str, Manifest]:
    """Every integration's manifest by name, read without importing the vendors' code. Raises ManifestError."""
    folder = files("finopsmetrics.integrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and (entry / "manifest.yaml").is_file())
    return {name: read_manifest(folder / name / "manifest.yaml", name) for name in names}


def recognise(header: Sequence[str]) -> Recognised | None:
    """The native format that a header is; None when it shows the signs of none.

    Raises DeliveryError when it shows the signs of a format and lacks columns that money depends on.
    """
    names: dict[str, str] = {}
    for column in header:
        names.setdefault(canonical(column), column)
    columns = frozenset(names)
    near: list[tuple[float, str, ChargesFormat]] = []
    for vendor, form in _mapped_formats():
        if form.header is not None and not any(search(form.header, column) for column in header):
            continue
        if any(canonical(column) in columns for column in form.forbidden):
            continue
        missing = form.missing(columns)
        if not missing:
            return Recognised(vendor, form, names)
        if any(fnmatchcase(name, canonical_pattern(sign)) for sign in form.signs for name in columns):
            near.append((1 - len(missing) / len(form.required), vendor, form))
    if near:
        raise _drifted(near, columns)
    return None


def recognise_focus(header: Sequence[str]) -> Recognised | None:
    """The vendor's FOCUS that a header is, where it takes a mapping to read it right; None for all other tables."""
    names: dict[str, str] = {}
    for column in header:
        names.setdefault(canonical(column), column)
    columns = frozenset(names)
    for vendor, form in _mapped_formats():
        if ("billedcost",) in form.alternatives and not form.missing(columns):
            return Recognised(vendor, form, names)
    return None


def canonical_pattern(sign: str) -> str:
    """A sign as a pattern of canonical names: `line_item_*` is `lineitem*`."""
    return "*".join(canonical(part) for part in sign.split("*"))


def candidates(header: Sequence[str]) -> list[str]:
    """The formats whose required columns a header has most of, in words, with what is missing; nearest first."""
    columns = frozenset(canonical(column) for column in header)
    ranked = sorted(
        ((1 - len(form.missing(columns)) / len(form.required), form) for _, form in _mapped_formats()),
        key=lambda pair: -pair[0],
    )
    near = [(form, form.missing(columns)) for share, form in ranked if share > 0]
    return [f"{form.title} (lacks {_few(missing)})" for form, missing in near if missing][:SHOWN_CANDIDATES]


def vendors_as_rows() -> list[dict[str, Any]]:
    """One row a vendor, capability and format: what it is, which version maps it, and how well that is proved."""
    rows = []
    for manifest in manifests().values():
        for form in manifest.formats():
            proof = ", ".join(sorted({fixture.provenance for fixture in form.fixtures}))
            rows.append(
                {
                    "vendor": manifest.name,
                    "capability": "charges",
                    "format": form.id,
                    "title": form.title,
                    "files": ", ".join(form.files),
                    "mapping": f"{manifest.name}.{form.id}/{form.version}" if form.module else "FOCUS as it is",
                    "tier": form.tier,
                    "proof": proof,
                }
            )
        reaching = {"collect": manifest.capabilities.collect, "channel": manifest.capabilities.channel}
        for capability, socket in reaching.items():
            if socket is not None:
                told = {"title": socket.title, "tier": "", "proof": socket.contract, "files": "", "mapping": ""}
                rows.append({"vendor": manifest.name, "capability": capability, "format": "", **told})
    return rows


def _mapped_formats() -> list[tuple[str, ChargesFormat]]:
    """Formats with a mapping, those that require the most columns first."""
    found = [(name, form) for name, manifest in manifests().items() for form in manifest.formats() if form.module]
    return sorted(found, key=lambda pair: (-len(pair[1].required), pair[0], pair[1].id))


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def _drifted(near: list[tuple[float, str, ChargesFormat]], columns: frozenset[str]) -> DeliveryError:
    ranked = sorted(near, key=lambda entry: -entry[0])
    _, _, best = ranked[0]
    told = f"This looks like {best.title}, but these columns are missing: {_few(best.missing(columns))}."
    others = [f"{form.title} (lacks {_few(form.missing(columns))})" for _, _, form in ranked[1:SHOWN_CANDIDATES]]
    cure = "Amounts depend on them: add them to the export and deliver it again."
    return DeliveryError(told, cure=f"{cure} Next nearest: {'; '.join(others)}." if others else cure)
