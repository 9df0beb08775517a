"""The model of the demo company: who it is, what it runs, what it bought. It knows nothing of files or SQL.

Other parts (samples of use; later seats, Kubernetes, traces) read the same frozen tables, so their ids match the charges.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finopsmetrics.demo.window import Window

COMPANY = "Lindenport Robotics (synthetic)"
NEVER = date(9999, 1, 1)


@dataclass(frozen=True)
class Team:
    """A team that owns applications. `owner` is an address at example.com."""

    key: str
    name: str
    cost_center: str
    owner: str
    applications: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where bills come from: one vendor, one currency, one file format. `tax_rate` is a share (0.05 = 5 %)."""

    key: str
    provider: str
    currency: str
    focus_version: str
    file_format: str
    billing_account_id: str
    billing_account_type: str
    tax_rate: Decimal
    final_day: int
    tag_gap: int
    is_cloud: bool


@dataclass(frozen=True)
class Account:
    """A sub account: linked account, subscription, project, workspace or organisation."""

    id: str
    name: str
    source: str
    type: str
    team: str
    environment: str
    region: str


@dataclass(frozen=True)
class Sku:
    """What can be bought, at which price. `pool` names the commitments that may cover it ("" = none).

    `locator` is the pattern of the ids of its resources. `provider` is set when another vendor than the issuer
    of the invoice provides the service (marketplace).
    """

    key: str
    source: str
    service: str
    category: str
    subcategory: str
    meter: str
    unit: str
    list_price: Decimal
    contracted_price: Decimal
    resource_type: str
    locator: str
    details: str | None = None
    pool: str = ""
    provider: str | None = None


@dataclass(frozen=True)
class Resource:
    """A thing that costs. `base` is its quantity of the SKU's unit per step of its `grain` ("hour" or "day").

    `growth` is in basis points a month, `noise` in basis points to either side; quantities are cut to multiples of
    `step`. `prompt` resources are never late and never restated, so that planted events stay exact.
    """

    key: str
    id: str
    name: str
    sku: str
    account: str
    region: str
    zone: str | None
    team: str
    application: str
    environment: str
    tags: tuple[tuple[str, str], ...] | None
    created: date
    retired: date
    base: Decimal
    grain: str
    profile: str
    growth: int
    noise: int
    step: Decimal
    prompt: bool
    event: str | None = None

    @property
    def has_team_tag(self) -> bool:
        """Whether the tag `team` is there, spelled exactly so."""
        return self.tags is not None and any(key == "team" for key, _ in self.tags)


@dataclass(frozen=True)
class Commitment:
    """A commitment discount. It costs `rate` x `units` for each hour of [start, end), used or not.

    `rates` maps a SKU to its price per unit under the commitment. `payment` is "recurring" (one purchase row a step)
    or "upfront" (one purchase row at the start). `grain` is the step of its rows.
    """

    key: str
    id: str
    name: str
    type: str
    category: str
    source: str
    account: str
    region: str
    sku: str
    pool: str
    start: date
    end: date
    grain: str
    payment: str
    rate: Decimal
    units: Decimal
    unit: str
    rates: tuple[tuple[str, Decimal], ...]

    @property
    def per_step(self) -> Decimal:
        """Money per step of `grain`, exact."""
        return self.rate * self.units * (24 if self.grain == "day" else 1)

    @property
    def fee(self) -> Decimal:
        """Money for the whole term, exact."""
        return self.rate * self.units * 24 * (self.end - self.start).days


@dataclass(frozen=True)
class Event:
    """Something planted in the charges. An `anomaly` should become a finding; a look-alike must not.

    `effect` is boost (quantities times `factor` / 10000, rising day by day when `ramp`), spawn (`resources` exist only
    because of it), reprice (list and contracted price of `sku` times `factor` / 10000), reclass (the resources are
    billed as `sku`) or recorded (rows that the calendar or a contract makes, picked by `rows`, a condition on charges).
    """

    key: str
    kind: str
    cause: str
    anomaly: bool
    effect: str
    source: str
    account: str | None
    service: str | None
    region: str | None
    resources: tuple[str, ...]
    windows: tuple[tuple[date, date], ...]
    factor: int = 10000
    ramp: bool = False
    sku: str | None = None
    rows: str | None = None


@dataclass(frozen=True)
class OneOff:
    """A charge that no usage makes: a fee, a subscription, a credit, a refund."""

    key: str
    source: str
    account: str | None
    sku: str
    day: date
    amount: Decimal
    category: str
    frequency: str
    description: str
    invoice: str = "1"
    charge_class: str | None = None
    period: date | None = None
    known: date | None = None


@dataclass(frozen=True)
class Estate:
    """The whole company for one (seed, months, end, scale). Equal inputs give equal estates on every machine."""

    company: str
    seed: int
    scale: float
    planted: bool
    window: Window
    teams: tuple[Team, ...]
    sources: tuple[Source, ...]
    accounts: tuple[Account, ...]
    skus: tuple[Sku, ...]
    resources: tuple[Resource, ...]
    commitments: tuple[Commitment, ...]
    one_offs: tuple[OneOff, ...]
    events: tuple[Event, ...]

    def source(self, key: str) -> Source:
        """Return the source called `key`."""
        return next(source for source in self.sources if source.key == key)
