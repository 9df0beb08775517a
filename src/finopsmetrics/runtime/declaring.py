"""Declaring: specs as one principal may read and write them. Every face goes through it: permission, check, book."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.spec import Fault, Spec, SpecError
from finopsmetrics.iac.checked import checked, known
from finopsmetrics.iam.grants import built_in
from finopsmetrics.iam.permissions import expanded, unknown
from finopsmetrics.iam.principal import ForbiddenError
from finopsmetrics.store.specs import MOST, Change, Decided, Kept, Match, SpecBook

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

P = TypeVar("P", bound=Decided)


class Declaring:
    """Read, check and write specs as a principal. Every method raises ForbiddenError without its permission."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._actor = acting.principal.name
        opened = acting.workspace.opened
        self._book = SpecBook(opened.database, opened.now)

    def get(self, kind: str, name: str) -> Kept:
        """One spec. Raises NotFoundError."""
        self._require(kind, "read")
        return self._book.get(kind, name)

    def find(self, kind: str, name: str) -> Kept | None:
        """One spec, or None."""
        self._require(kind, "read")
        return self._book.find(kind, name)

    def page(
        self, kind: str, *, contains: str = "", limit: int = MOST, after: str | None = None
    ) -> tuple[list[Kept], str | None]:
        """A page of specs by name; see SpecBook.page."""
        self._require(kind, "read")
        return self._book.page(kind, contains=contains, limit=limit, after=after)

    def all_of(self, kind: str, *, contains: str = "") -> list[Kept]:
        """Every spec of a kind by name."""
        found, after = self.page(kind, contains=contains)
        while after is not None:
            more, after = self.page(kind, contains=contains, after=after)
            found += more
        return found

    def history(self, kind: str, name: str) -> list[Change]:
        """Every change to a spec, the newest first. Raises NotFoundError."""
        self._require(kind, "read")
        return self._book.history(kind, name)

    def everything(self) -> list[Kept]:
        """Every spec that the principal may read; deleted ones only where a file still claims them."""
        return [kept for kept in self._book.everything() if self._acting.principal.may(f"{kept.kind}:read")]

    def put(
        self, kind: str, name: str, body: Mapping[str, Any], *, if_match: Match = None, if_none: Match | bool = False
    ) -> tuple[Kept, bool]:
        """Check and keep a body under a name; give what is kept, and whether it is new. Raises SpecError, PreconditionError."""
        self._require(kind, "write")
        told = body.get("name", name)
        if told != name:
            raise SpecError(kind, [Fault(("name",), f"it says {told!r}, and is sent as {name!r}")])
        spec = checked(kind, {**body, "name": name})
        self._may_grant(spec)
        return self._book.put(kind, name, spec.plain(), actor=self._actor, if_match=if_match, if_none=if_none)

    def delete(self, kind: str, name: str, *, if_match: Match = None) -> None:
        """Delete a spec. Raises NotFoundError, PreconditionError, ConflictError for a role or team that somebody has."""
        self._require(kind, "delete")
        replaced = self._may_drop(kind, name)
        self._book.delete(kind, name, actor=self._actor, if_match=if_match, replaced=replaced)

    def restore(self, kind: str, name: str, *, if_match: Match = None) -> Kept:
        """Bring a deleted spec back. Raises NotFoundError, and ConflictError when it is not deleted."""
        self._require(kind, "write")
        gone = self._book.deleted(kind, name)
        self._may_grant(checked(kind, gone.body))
        return self._book.restore(kind, name, actor=self._actor, if_match=gone.version if if_match is None else if_match)

    def preview(self, decide: Callable[[list[Kept]], P]) -> P:
        """What `decide` makes of everything there is; it needs `read` of each kind that it touches. Changes nothing."""
        decided = decide(self._book.everything())
        for kind in dict.fromkeys(step.kind for step in decided.steps):
            self._require(kind, "read")
        return decided

    def apply(self, decide: Callable[[list[Kept]], P]) -> P:
        """Carry out what `decide` makes of everything there is, in one transaction, with each step's permission."""
        spared: set[tuple[str, str]] = set()

        def permitted(everything: list[Kept]) -> P:
            decided = decide(everything)
            for step in decided.steps:
                self._require(step.kind, "delete" if step.action == "delete" else "write")
                if step.action == "delete" and self._may_drop(step.kind, step.name):
                    spared.add((step.kind, step.name))
                elif step.body is not None:
                    self._may_grant(checked(step.kind, step.body))
            return decided

        return self._book.apply(permitted, actor=self._actor, spared=spared)

    def _require(self, kind: str, verb: str) -> None:
        known(kind)
        self._acting.require(f"{kind}:{verb}")

    def _may_grant(self, spec: Spec) -> None:
        """Nobody gives what they do not have: neither permissions nor sight of charges."""
        self._may_tell(spec)
        permissions: list[str] = getattr(spec, "permissions", []) if spec.kind == "role" else []
        nothing = [place for place, one in enumerate(permissions) if unknown([one])]
        if nothing:
            message = "there is no such permission; GET /api/v1/access lists them"
            raise SpecError(spec.kind, [Fault(("permissions", place), message) for place in nothing])
        self._may_hand_out(spec.kind, permissions)

    def _may_tell(self, spec: Spec) -> None:
        """Who may see some charges lets others be told of these alone. Raises ForbiddenError."""
        scope = self._acting.principal.scope
        alerts = getattr(spec, "alerts", [])
        tells = spec.kind == "notification_rule" or any(getattr(alert, "channels", None) for alert in alerts)
        if scope is None or not tells:
            return
        from finopsmetrics.observability.anomalies.watch import both
        from finopsmetrics.observability.query import parts, read_filters

        about = both([read_filters(dict(getattr(spec, "filters", {})) or None), getattr(spec, "condition", None)])
        if about is None or not parts(scope) <= parts(Condition.parse(about)):
            cure = f"Give it the condition: {scope}."
            raise ForbiddenError(f"The {spec.kind} {spec.name} would tell of charges that you may not see.", cure=cure)

    def _may_drop(self, kind: str, name: str) -> bool:
        """Whether a built-in role takes the place of a role that goes; then its grants count as given."""
        replacing = built_in().get(name) if kind == "role" else None
        self._may_hand_out(kind, replacing.permissions if replacing else [])
        return replacing is not None

    def _may_hand_out(self, kind: str, permissions: Sequence[str]) -> None:
        if kind not in {"role", "team"}:
            return
        principal = self._acting.principal
        principal.require_all_charges(f"what a {kind} shows")
        beyond = sorted(one for one in expanded(frozenset(permissions)) if not principal.may(one))
        if beyond:
            cure = "Ask somebody who holds them."
            raise ForbiddenError(f"{principal.name} cannot grant what they do not hold: {', '.join(beyond)}.", cure=cure)
