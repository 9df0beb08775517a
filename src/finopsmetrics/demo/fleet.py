"""What the company runs: resources made from the templates in data/fleet.csv, plus those that events bring."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files

from finopsmetrics.demo.anomalies import Plan, targets
from finopsmetrics.demo.catalog import ACCOUNTS, SOURCES, TEAM_OF_APPLICATION
from finopsmetrics.demo.estate import Account, Resource, Sku
from finopsmetrics.demo.prices import SKU
from finopsmetrics.demo.seeds import draw, token
from finopsmetrics.demo.tags import tags_of
from finopsmetrics.demo.window import Window

_ACCOUNT = {(account.source, account.name): account for account in ACCOUNTS}
_SMALLEST = Decimal("0.000001")
_TAG_GAP = {source.key: source.tag_gap for source in SOURCES}


@dataclass(frozen=True)
class Template:
    """One line of data/fleet.csv: `count` like resources at scale 1.0, dealt out over accounts and applications."""

    sku: str
    count: int
    base: Decimal
    spread: Decimal
    accounts: tuple[str, ...]
    grain: str
    profile: str
    growth: int
    noise: int
    step: Decimal
    applications: tuple[str, ...]


@dataclass(frozen=True)
class Home:
    """Where and when one resource lives, and whether its charges must stay exact (`prompt`)."""

    account: Account
    application: str
    region: str
    created: date
    retired: date
    prompt: bool
    event: str | None = None


def templates() -> tuple[Template, ...]:
    """Return every template of the estate."""
    text = files("finopsmetrics.demo").joinpath("data/fleet.csv").read_text(encoding="utf-8")
    return tuple(
        Template(
            sku=row["sku"],
            count=int(row["count"]),
            base=Decimal(row["base"]),
            spread=Decimal(row["spread"]),
            accounts=tuple(row["accounts"].split(",")),
            grain=row["grain"],
            profile=row["profile"],
            growth=int(row["growth"]),
            noise=int(row["noise"]),
            step=Decimal(row["step"]),
            applications=tuple(row["applications"].split(",")),
        )
        for row in csv.DictReader(text.splitlines(), delimiter="|")
    )


def build_resources(seed: int, scale: float, window: Window, plans: tuple[Plan, ...], *, planted: bool) -> tuple[Resource, ...]:
    """Return all resources in a stable order; those of spawning plans only when `planted`."""
    exact = targets(plans)
    found = list(_regular(seed, scale, window, exact))
    if planted:
        for plan in plans:
            if plan.effect == "spawn":
                found.extend(_spawned(seed, plan, window))
    return tuple(found)


def _regular(seed: int, scale: float, window: Window, exact: frozenset[str]) -> Iterator[Resource]:
    number: Counter[str] = Counter()
    for template in templates():
        for place in range(max(1, round(template.count * scale))):
            index = number[template.sku]
            number[template.sku] += 1
            yield _resource(seed, template, place, index, window, exact)


def _resource(seed: int, template: Template, place: int, index: int, window: Window, exact: frozenset[str]) -> Resource:
    sku, key = SKU[template.sku], f"{template.sku}/{index}"
    account = _ACCOUNT[sku.source, template.accounts[place % len(template.accounts)]]
    application = template.applications[place % len(template.applications)]
    is_exact = key in exact or sku.key in exact or bool(sku.pool) or template.grain == "hour"
    created, retired = _life(seed, _identity(key), window, fixed=is_exact or index == 0)
    home = Home(account, application, account.region, created, retired, is_exact)
    return _make(seed, template, key, home, _base(seed, template, key))


def _spawned(seed: int, plan: Plan, window: Window) -> Iterator[Resource]:
    sku, (start, end) = SKU[plan.target], plan.windows(window)[0]
    account = _ACCOUNT[sku.source, plan.account]
    profile = "always" if plan.grain == "hour" else "flat"
    home = Home(account, plan.application, plan.region or account.region, start, end, True, plan.key)
    template = Template(
        sku.key, plan.count, plan.base, Decimal(0), (plan.account,), plan.grain, profile, 0, 0, _SMALLEST, (plan.application,)
    )
    for index in range(plan.count):
        yield _make(seed, template, f"{sku.key}/{plan.key}-{index}", home, plan.base)


def _make(seed: int, template: Template, key: str, home: Home, base: Decimal) -> Resource:
    sku, mark = SKU[template.sku], token(seed, "resource", _identity(key))
    kind = sku.resource_type.split()[-1].lower()
    name, zone = f"{home.application}-{kind}-{mark[:6]}", _zone(sku, home.region, mark)
    team, environment = TEAM_OF_APPLICATION[home.application], home.account.environment
    facts = {"account": home.account.id, "region": home.region, "zone": zone, "application": home.application}
    return Resource(
        key=key,
        id=sku.locator.format(source=sku.source, name=name, token=mark, kind=kind, **facts),
        name=name,
        sku=sku.key,
        account=home.account.id,
        region=home.region,
        zone=zone,
        team=team.key,
        application=home.application,
        environment=environment,
        tags=tags_of(seed, _identity(key), team, home.application, environment, _TAG_GAP[sku.source]),
        created=home.created,
        retired=home.retired,
        base=base,
        grain=template.grain,
        profile=template.profile,
        growth=template.growth,
        noise=template.noise,
        step=template.step,
        prompt=home.prompt,
        event=home.event,
    )


def _identity(key: str) -> str:
    """Memory and cores of one machine are two SKUs of one resource."""
    return key.replace("-ram/", "/")


def _zone(sku: Sku, region: str, mark: str) -> str | None:
    if "{zone}" in sku.locator or sku.resource_type == "EC2 Instance":
        letter = "abc"[int(mark[0], 16) % 3]
        return f"{region}-{letter}" if sku.source == "gcp" else f"{region}{letter}"
    return None


def _base(seed: int, template: Template, key: str) -> Decimal:
    offset = Decimal(draw(2001, seed, "base", _identity(key)) - 1000) / 1000
    base = template.base + template.spread * offset
    if template.grain == "day" and template.base % 24 == 0:  # hours of whole machines
        return max(Decimal(1), (base / 24).to_integral_value()) * 24
    return base


def _life(seed: int, identity: str, window: Window, *, fixed: bool) -> tuple[date, date]:
    """Most resources are there all the time; some come later, some go earlier."""
    fate = draw(100, seed, "fate", identity)
    if fixed or fate >= 20:
        return window.start, window.end
    turn = window.at(100 + draw(800, seed, "turn", identity))
    return (turn, window.end) if fate < 13 else (window.start, turn)
