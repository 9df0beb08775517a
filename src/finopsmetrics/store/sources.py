"""Whose bill a delivery is: find its source by issuer and billing account, so that no bill is counted twice by a file's name."""

from __future__ import annotations

from collections.abc import Iterable

from finopsmetrics.core.errors import ConflictError
from finopsmetrics.store.home import slug
from finopsmetrics.store.profile import Profile
from finopsmetrics.store.records import PeriodRecord

Identity = frozenset[tuple[str, str]]


def identity(issuers: Iterable[tuple[str | None, str | None]]) -> Identity:
    """The (issuer, billing account) pairs of a bill."""
    return frozenset((issuer or "", account or "") for issuer, account in issuers)


def find_source(found: Profile, known: Iterable[PeriodRecord], file_name: str) -> str:
    """The source of a delivery that names none.

    A known source that has billed for the same issuer and account; else a new name from the issuers. Raises ConflictError
    when two known sources could be meant.
    """
    mine = identity((entry.issuer, entry.account) for entry in found.sums)
    dataset = found.plan.shape.dataset
    sources: dict[str, set[tuple[str, str]]] = {}
    for record in known:
        if record.dataset == dataset:
            sources.setdefault(record.source, set()).update(identity((i, a) for i, a in record.issuers))
    told = {pair for pair in mine if any(pair)}
    matches = sorted(source for source, pairs in sources.items() if pairs & told)
    if len(matches) > 1:
        cause = f"{file_name} bills accounts that came from several sources before: {', '.join(matches)}."
        raise ConflictError(cause, cure="Say which one it is with --source NAME.")
    return matches[0] if matches else _new_name(mine, set(sources), file_name)


def same_bill(found: Profile, source: str, known: Iterable[PeriodRecord]) -> PeriodRecord | None:
    """A period in effect of another source that bills the same issuer and account for a period of this delivery."""
    mine = {(entry.period, pair) for entry in found.sums for pair in identity([(entry.issuer, entry.account)]) if any(pair)}
    others = (record for record in known if record.source != source)
    return next((r for r in others if any((r.period, pair) in mine for pair in identity((i, a) for i, a in r.issuers))), None)


def _new_name(mine: Identity, taken: set[str], file_name: str) -> str:
    issuers = sorted({slug(issuer) for issuer, _ in mine if issuer})
    name = issuers[0] if issuers else slug(file_name.split(".", maxsplit=1)[0])
    name += f"-and-{len(issuers) - 1}-more" if len(issuers) > 1 else ""
    accounts = sorted({slug(account) for _, account in mine if account})
    if name in taken and accounts:
        name = f"{name}-{accounts[0]}"
    base, number = name, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
