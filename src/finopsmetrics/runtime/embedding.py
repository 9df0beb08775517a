"""Embedding: a dashboard in a page of others, by a link that its maker can take back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.checks import minutes
from finopsmetrics.core.errors import NotFoundError, UsageError
from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.iam.links import Link, owns
from finopsmetrics.iam.manager import IAMManager
from finopsmetrics.runtime.dashboards import Dashboards, Drawn
from finopsmetrics.runtime.layouts import Layout, Layouts

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.workspace import Workspace

GONE = "The link was revoked, has expired, or never was."


def make_link(acting: Acting, name: str, *, expires: str, frame_ancestors: Sequence[str] = ()) -> tuple[Link, str]:
    """A link into a dashboard that one sees (`dashboard:write`), and its text. Raises NotFoundError and UsageError."""
    acting.require("dashboard:write")
    layout = Layouts(acting).one(name)
    try:
        life = timedelta(minutes=minutes(expires))
    except ValueError as error:
        raise UsageError(f"The time cannot be read: {error}.", cure="Write 12h, 30d or 8w.") from error
    shown = [WIDGETS[one.type] for one in layout.widgets if one.type in WIDGETS]
    needs = {"costs:read", *(need for widget in shown for need in widget.needs)}
    return acting.iam.links.create(name, needs=needs, by=acting.principal, life=life, frame_ancestors=frame_ancestors)


def links_of(acting: Acting) -> list[Link]:
    """One's own links, and with `tokens:read` those of everybody, the newest first."""
    return [link for link in acting.iam.links.all() if owns(link, acting.principal, "tokens:read")]


class Embedded:
    """What a link shows. Raises NotFoundError for a text that does not hold."""

    def __init__(self, workspace: Workspace, text: str) -> None:
        from finopsmetrics.runtime.acting import Acting

        links = IAMManager(workspace.opened).links
        found = links.find(text)
        principals = links.principals(found) if found is not None else None
        if found is None or principals is None:
            raise NotFoundError(GONE, cure="Ask whoever embedded it for a new one.")
        maker, looking = principals
        self.link = found
        self.acting = Acting(workspace, looking)
        self._layout = Layouts(Acting(workspace, maker)).one(found.dashboard)

    @property
    def layout(self) -> Layout:
        """The dashboard as it is now; nobody edits it through a link."""
        return replace(self._layout, editable=False)

    def as_dict(self) -> dict[str, Any]:
        """The dashboard as plain data, with the origins whose pages may frame it."""
        return {**self.layout.as_dict(), "origin": None, "frame_ancestors": list(self.link.frame_ancestors)}

    def show(self, ids: Sequence[str], turn: Callable[[], AbstractContextManager[Any]]) -> Iterator[Drawn]:
        """The dashboard's own widgets, or those of these ids, as it declares them. Raises NotFoundError for another id."""
        asked = {one.id: one for one in self.layout.asked()}
        unknown = [one for one in ids if one not in asked]
        if unknown:
            raise NotFoundError(f"The dashboard has no widget {unknown[0][:40]!r}.", cure=f"It has {', '.join(asked)}.")
        return Dashboards(self.acting).show([asked[one] for one in ids or asked], self.layout.frame(), turn)
