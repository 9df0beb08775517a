"""What an integration says of itself, read from its `manifest.yaml` without importing its code."""

from __future__ import annotations

import re
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from finopsmetrics.core.errors import FinOpsError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Tier = Literal["bronze", "silver", "gold"]
Provenance = Literal["real", "published", "made-up"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\n]*$")]
# What a tier may rest on: gold and silver need more than a fixture that was made up.
TIERS: dict[Tier, frozenset[Provenance]] = {
    "bronze": frozenset({"real", "published", "made-up"}),
    "silver": frozenset({"real", "published"}),
    "gold": frozenset({"real"}),
}


class ManifestError(FinOpsError):
    """An integration's manifest is missing, cannot be read, or contradicts itself."""

    code = "manifest"


def canonical(column: str) -> str:
    """A delivered column's name without case, separators and translation: `lineItem/UnblendedCost` is `lineitemunblendedcost`.

    Localised exports put the original name in brackets: `Ressourcengruppe (ResourceGroup)` is `resourcegroup`.
    """
    text = column.strip().lstrip("\ufeff")
    inside = re.fullmatch(r".*\(([A-Za-z0-9_/ :.-]+)\)", text)
    return re.sub(r"[^a-z0-9]", "", (inside.group(1) if inside else text).lower())


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fixture(_Strict):
    """A file that proves a format: where it lies in the repository, where it comes from, and under which licence.

    `billed` is what the file itself says that it comes to, by currency, summed without the mapping; a mapped format needs it.
    """

    path: Line
    provenance: Provenance
    licence: Line
    source: Line
    billed: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")], Decimal] = {}


class ChargesFormat(_Strict):
    """A format of charges: how its header is told, and what maps it.

    `required` columns must all be there, each entry one name or alternatives `a|b`; `signs` are patterns of columns that only
    this format has; `forbidden` columns tell it from a neighbour; `known` are patterns of all columns that may come. Names
    are matched in canonical form (see `canonical`), `header` as delivered.
    """

    id: Name
    title: Line
    version: int = Field(ge=1)
    module: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    files: tuple[Literal["csv", "csv.gz", "parquet", "jsonl", "jsonl.gz"], ...] = Field(min_length=1)
    header: Line | None = None
    required: tuple[Line, ...] = ()
    signs: tuple[Line, ...] = ()
    forbidden: tuple[Line, ...] = ()
    known: tuple[Line, ...] = ()
    tier: Tier
    fixtures: tuple[Fixture, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds_together(self) -> ChargesFormat:
        if self.module is not None and not self.required:
            raise ValueError(f"{self.id}: a mapped format names the columns that it requires")
        if self.module is not None and not all(fixture.billed for fixture in self.fixtures):
            raise ValueError(f"{self.id}: each fixture of a mapped format says what is billed in it, by currency")
        if not any(fixture.provenance in TIERS[self.tier] for fixture in self.fixtures):
            raise ValueError(f"{self.id}: the tier {self.tier} needs a fixture that is {' or '.join(sorted(TIERS[self.tier]))}")
        return self

    @cached_property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """The required columns, each as its canonical alternatives."""
        return tuple(tuple(canonical(name) for name in entry.split("|")) for entry in self.required)

    def missing(self, header: frozenset[str]) -> list[str]:
        """The required columns that a canonical header lacks, as the manifest writes them."""
        pairs = zip(self.required, self.alternatives, strict=True)
        return [entry.replace("|", " or ") for entry, names in pairs if not header.intersection(names)]

    def knows(self, column: str) -> bool:
        """Whether a delivered column is one that this format is known to have."""
        return any(fnmatchcase(column.lower(), pattern.lower()) for pattern in self.known) or canonical(column) in self._plain

    @cached_property
    def _plain(self) -> frozenset[str]:
        return frozenset(canonical(pattern) for pattern in self.known if "*" not in pattern)


class Socket(_Strict):
    """A capability that reaches the vendor.

    `module` holds its settings and opens it; `extra` is the optional dependency that it needs; `hosts` are the vendor's own,
    with `*` for any part; `secrets` are the names that a connection may give, those ending with `?` may be absent; `contract`
    names the vendor's published contract against which requests are tested.
    """

    module: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Line
    extra: Name | None = None
    hosts: tuple[Line, ...] = ()
    secrets: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*[?]?$")], ...] = ()
    contract: Line

    def secret_names(self, *, needed: bool = False) -> frozenset[str]:
        """The names of secrets that may be given, or only those that must be."""
        return frozenset(name.removesuffix("?") for name in self.secrets if not (needed and name.endswith("?")))


class Collect(Socket):
    """How bills are fetched from where the vendor delivers them; see `collecting.SourceModule`."""


class Channel(Socket):
    """How messages are sent; see `sending.ChannelModule`.

    `recipient` says what a recipient is for it; without it a connection has one destination and takes none. `incidents`:
    it keeps incidents, so that it wants to hear when something is acknowledged or over. `pictures`: it shows a notice's chart, of
    at most `most_picture_bytes` where it says so.
    """

    recipient: Line | None = None
    incidents: bool = False
    pictures: bool = False
    most_picture_bytes: int | None = Field(default=None, gt=0)


class Capabilities(_Strict):
    """What an integration can do. A capability that is not named is not there."""

    charges: tuple[ChargesFormat, ...] = ()
    collect: Collect | None = None
    channel: Channel | None = None

    @model_validator(mode="after")
    def _something(self) -> Capabilities:
        if not (self.charges or self.collect or self.channel):
            raise ValueError("an integration can do something: name a capability")
        return self


class Manifest(_Strict):
    """One integration: its name, which is its folder's, its title, its page, and its capabilities."""

    name: Name
    title: Line
    docs: Line
    capabilities: Capabilities

    def formats(self) -> tuple[ChargesFormat, ...]:
        """The formats of charges."""
        return self.capabilities.charges


def read_manifest(file: Traversable, folder: str) -> Manifest:
    """Read and check a manifest. Raises ManifestError."""
    import yaml
    from pydantic import ValidationError

    cure = "See docs/integrations/README.md for what a manifest holds."
    try:
        manifest = Manifest.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ManifestError(f"The integration {folder} has no manifest.yaml.", cure=cure) from error
    except yaml.YAMLError as error:
        raise ManifestError(f"The manifest of {folder} is not YAML: {str(error).splitlines()[0]}.", cure=cure) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ManifestError(f"The manifest of {folder} is wrong at {where or 'its top'}: {first['msg']}.", cure=cure) from error
    if manifest.name != folder:
        raise ManifestError(
            f"The manifest in {folder} names itself {manifest.name}.", cure="A folder has its integration's name."
        )
    return manifest
