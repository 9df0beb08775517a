"""Layouts: dashboards as one principal may see them, built-in and declared, with a place for every widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.dashboard.dashboard_builder import Placed, arranged, columns_of, home_of, layouts, shared_with
from finopsmetrics.kinds.dashboard import Dashboard
from finopsmetrics.runtime.dashboards import Asked
from finopsmetrics.runtime.widget_asking import Frame

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting


@dataclass(frozen=True)
class Layout:
    """A dashboard, resolved. `editable`: whether the principal may change it under its name; `origin`: the file that has it."""

    spec: Dashboard
    built_in: bool
    editable: bool
    origin: str | None
    widgets: tuple[Placed, ...]
    columns: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data, as `GET /api/v1/layouts/{name}` gives it."""
        return {
            **self.facts(),
            "columns": self.columns,
            "widgets": [one.as_dict() for one in self.widgets],
            "spec": self.spec.plain(),
        }

    def facts(self) -> dict[str, Any]:
        """What a list tells of it."""
        spec = self.spec
        return {
            "name": spec.name,
            "title": spec.title or spec.name,
            "description": spec.description,
            "role": spec.role,
            "built_in": self.built_in,
            "editable": self.editable,
            "origin": self.origin,
        }

    def frame(self) -> Frame:
        """What it sets for all its widgets."""
        return Frame(self.spec.time_range, self.spec.filters or None, self.spec.currency)

    def asked(self) -> list[Asked]:
        """Its widgets, to be shown."""
        return [Asked(one.id, one.type, one.config, one.title) for one in self.widgets]


class Layouts:
    """The dashboards of a home, as far as one principal may see them."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def all(self) -> list[Layout]:
        """Built-in and declared dashboards by name; a declared one takes the place of a built-in one of its name."""
        found = {name: self._layout(spec) for name, spec in layouts().items()}
        return [one for _, one in sorted({**found, **self._declared()}.items())]

    def one(self, name: str) -> Layout:
        """A dashboard by its name. Raises NotFoundError, also for one that is shared with others."""
        declared = self._declared().get(name)
        if declared is not None:
            return declared
        if name in layouts():
            return self._layout(layouts()[name])
        raise NotFoundError(f"There is no dashboard {name!r}.", cure="See `finopsmetrics dashboards`.")

    def home(self) -> Layout:
        """The dashboard that the principal sees first."""
        principal, declared = self._acting.principal, self._declared()
        own = [one.spec for one in declared.values() if one.spec.role]
        everything = principal.may("*:*")
        return self.one(home_of(principal.roles, own, limited=principal.scope is not None, everything=everything))

    def _declared(self) -> dict[str, Layout]:
        if not self._acting.principal.may("dashboard:read"):
            return {}
        found = {}
        for kept in self._acting.specs.all_of("dashboard"):
            spec = Dashboard.read(kept.body)
            if self._sees(spec, kept.created_by):
                found[kept.name] = self._layout(spec, kept.origin, declared=True)
        return found

    def _sees(self, spec: Dashboard, maker: str) -> bool:
        principal = self._acting.principal
        mine = maker == principal.name or principal.may("*:*")
        return mine or shared_with(spec, principal.name, principal.roles, principal.teams)

    def _layout(self, spec: Dashboard, origin: str | None = None, *, declared: bool = False) -> Layout:
        editable = declared and self._acting.principal.may("dashboard:write")
        return Layout(spec, not declared, editable, origin, tuple(arranged(spec)), columns_of(spec))
