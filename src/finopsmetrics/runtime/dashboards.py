"""Dashboards: widgets shown to one principal: what they may see, asked once, each cell whole or with its own error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.iam.principal import ForbiddenError
from finopsmetrics.runtime.widget_asking import Frame, WidgetAsking

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

State = Literal["ok", "empty", "failed", "forbidden"]
THREADS = 2
log = logging.getLogger("finopsmetrics.dashboards")


@dataclass(frozen=True)
class Asked:
    """A widget to show: an id of the asker's, its type, its settings, and a title in place of its own."""

    id: str
    type: str
    config: Mapping[str, Any]
    title: str | None = None


@dataclass(frozen=True)
class Fault:
    """Why a widget cannot be shown, and what to do."""

    code: str
    detail: str
    cure: str


@dataclass(frozen=True)
class Drawn:
    """A widget as it is shown. `shown` is None where it failed or is forbidden; `sentence` always says how it stands."""

    id: str
    type: str
    title: str
    state: State
    sentence: str
    shown: Shown | None = None
    error: Fault | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data, as `POST /api/v1/widgets/show` gives it."""
        shown = self.shown or Shown(self.sentence)
        chart = shown.chart.model_dump(mode="json") if shown.chart else None
        return {
            "id": self.id,
            "type": self.type,
            "title": self.title,
            "state": self.state,
            "sentence": self.sentence,
            "chart": chart and {**chart, "title": self.title, "sentence": self.sentence},
            "text": shown.text,
            "receipts": list(shown.receipts),
            "source": shown.source,
            "link": shown.link,
            "empty": shown.empty,
            "error": vars(self.error) if self.error else None,
        }


class Dashboards:
    """Widgets and dashboards as one principal may see them."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def catalogue(self) -> list[dict[str, Any]]:
        """Every widget: what it shows, what it needs, whether the principal may see it, and the schema of its settings."""
        return [
            {
                "name": widget.name,
                "title": widget.title,
                "description": widget.description,
                "size": list(widget.size),
                "needs": list(widget.needs),
                "all_charges": widget.all_charges,
                "allowed": self._lacks(widget) is None,
                "config_schema": widget.config.model_json_schema(),
            }
            for widget in WIDGETS.values()
        ]

    def show(
        self,
        widgets: Sequence[Asked],
        frame: Frame,
        turn: Callable[[], AbstractContextManager[Any]] = nullcontext,
        together: int = THREADS,
    ) -> Iterator[Drawn]:
        """Each widget as soon as it is ready, `together` at once; every computation holds a `turn`.

        Raises UsageError for a frame that cannot be read; what is wrong with one widget is told in its place.
        """
        asking = WidgetAsking(self._acting, frame)
        return self._drawn(widgets, asking, turn, together)

    def _drawn(
        self, widgets: Sequence[Asked], asking: WidgetAsking, turn: Callable[[], AbstractContextManager[Any]], together: int
    ) -> Iterator[Drawn]:
        pool = ThreadPoolExecutor(max_workers=together, thread_name_prefix="widget")
        try:
            futures = [pool.submit(self._one, asked, asking, turn) for asked in widgets]
            for future in as_completed(futures):
                yield future.result()
        finally:
            with suppress(RuntimeError):  # collected in a thread of the pool itself, which cannot wait for its own end
                pool.shutdown(wait=True, cancel_futures=True)

    def _one(self, asked: Asked, asking: WidgetAsking, turn: Callable[[], AbstractContextManager[Any]]) -> Drawn:
        widget = WIDGETS.get(asked.type)
        if widget is None:
            fault = Fault("unknown_widget", f"There is no widget {asked.type!r} here.", f"There are: {', '.join(WIDGETS)}.")
            return _failed(asked, asked.title or asked.type, fault)
        title = asked.title or widget.title
        lacking = self._lacks(widget)
        if lacking is not None:
            return Drawn(asked.id, asked.type, title, "forbidden", lacking)
        try:
            config = widget.read(dict(asked.config))
            with turn():
                shown = widget.show(asking, config)
        except ValidationError as error:
            return _failed(asked, title, _unreadable(error, widget))
        except ForbiddenError as error:
            return Drawn(asked.id, asked.type, title, "forbidden", str(error))
        except FinOpsError as error:
            return _failed(asked, title, Fault(error.code, error.cause, error.cure))
        except Exception:
            log.exception("the widget %s failed", asked.type)
            cause = "The widget met an error that nobody foresaw. It is in the server's log."
            return _failed(asked, title, Fault("unforeseen", cause, "Please report it."))
        return Drawn(asked.id, asked.type, title, "empty" if shown.empty else "ok", shown.sentence, shown)

    def _lacks(self, widget: Widget[Any]) -> str | None:
        """Why the principal may not see a widget; None when they may."""
        principal = self._acting.principal
        for permission in widget.needs:
            if not principal.may(permission):
                return (
                    f"You may not see this: it needs the permission {permission}. Ask an administrator for a role that holds it."
                )
        if widget.all_charges and principal.scope is not None:
            return "You may not see this: it is about all charges, and you may see only some of them."
        return None


def _failed(asked: Asked, title: str, fault: Fault) -> Drawn:
    return Drawn(asked.id, asked.type, title, "failed", f"{fault.detail} {fault.cure}".strip(), error=fault)


def _unreadable(error: ValidationError, widget: Widget[Any]) -> Fault:
    told = "; ".join(f"{'.'.join(str(step) for step in one['loc']) or 'config'}: {one['msg']}" for one in error.errors()[:5])
    known = ", ".join(widget.config.model_fields)
    return Fault("config", f"The settings of {widget.name} cannot be read: {told}.", f"It takes {known}.")
