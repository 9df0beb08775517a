"""The verb for charts: a cost question or a widget, drawn to a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import say

if TYPE_CHECKING:
    from finopsmetrics.observability.answers import Answer
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.vizlychart.chart import VizlyChart


class Drawn(StrEnum):
    """What a cost question can be drawn as."""

    line = "line"
    area = "area"
    stacked_bar = "stacked_bar"
    sparkline = "sparkline"
    heatmap = "heatmap"
    bar = "bar"
    treemap = "treemap"
    donut = "donut"
    sankey = "sankey"
    table = "table"


class Theme(StrEnum):
    """The ground that is drawn on."""

    light = "light"
    dark = "dark"


OVER_TIME = (Drawn.line, Drawn.area, Drawn.stacked_bar, Drawn.sparkline, Drawn.heatmap)
# How many groups a sort needs and can have; those that are not here may have one.
GROUPS = {
    Drawn.sparkline: (0, 0),
    Drawn.heatmap: (1, 1),
    Drawn.bar: (1, 1),
    Drawn.treemap: (1, 4),
    Drawn.donut: (1, 1),
    Drawn.sankey: (2, 2),
    Drawn.table: (0, 9),
}


def chart(
    sort: Annotated[Drawn | None, typer.Argument(help="How costs are drawn; none for a widget.")] = None,
    widget: Annotated[str | None, typer.Option(help="Draw this widget instead: see `finopsmetrics widgets`.")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help="A widget's setting: --set group_by=account.")] = None,
    group_by: Annotated[
        list[str] | None, typer.Option(help="A FOCUS column, a short name (service, account) or tags.KEY.")
    ] = None,
    time_range: Annotated[str, typer.Option("--range", help="30d, 12m, mtd, 2026-05, 2026-05-01..2026-05-31, all.")] = "30d",
    where: Annotated[str | None, typer.Option("--filter", help="A condition: 'service == \"Amazon EC2\"'.")] = None,
    metric: Annotated[str, typer.Option(help="billed, effective, list or contracted.")] = "billed",
    grain: Annotated[str | None, typer.Option(help="hour, day, week, month, quarter or year.")] = None,
    top: Annotated[int, typer.Option(help="Keep the greatest N groups; the rest is summed as (other).")] = 8,
    currency: Annotated[str | None, typer.Option(help="Which currency, where charges are in several.")] = None,
    title: Annotated[str | None, typer.Option(help="What stands over it.")] = None,
    theme: Annotated[Theme, typer.Option(help="The ground that is drawn on.")] = Theme.light,
    size: Annotated[str, typer.Option(help="Its width and height in pixels.")] = "900x360",
    save: Annotated[Path, typer.Option(help="The file: .svg, .png, .pdf, .html or .json.")] = Path("chart.svg"),
) -> None:
    """Draw costs, or a widget, to a file. No browser and no network take part."""
    from finopsmetrics.core.errors import UsageError

    if (sort is None) == (widget is None):
        raise UsageError("Say what to draw.", cure="One of `finopsmetrics chart area` and `finopsmetrics chart --widget kpi`.")
    groups = [name for text in group_by or [] for name in text.split(",") if name.strip()]
    how: dict[str, Any] = {"metric": metric, "filters": where, "grain": grain}
    with desk() as acting:
        if sort is not None:
            made = _costs(acting, sort, groups, time_range, how, top, {"currency": currency, "title": title})
        else:
            made = _widget(acting, str(widget), setting or [], time_range, where, currency, title)
    picture = {} if save.suffix.lower() == ".json" else {"theme": theme.value, **_size(size)}
    say(f"wrote {made.save(save, **picture)}")
    if made.spec.sentence:
        say(made.spec.sentence)


def _costs(
    acting: Acting, sort: Drawn, groups: list[str], time_range: str, how: dict[str, Any], top: int, told: dict[str, Any]
) -> VizlyChart:
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.core.windows import Window
    from finopsmetrics.observability.query import build

    least, most = GROUPS.get(sort, (0, 1))
    if not least <= len(groups) <= most:
        need = str(least) if least == most else f"{least} to {most}"
        raise UsageError(f"A {sort.value} needs {need} of --group-by, not {len(groups)}.", cure="Such as --group-by service.")
    window = Window.parse(time_range, now=acting.workspace.now())
    bounded = window.start is not None and window.end is not None
    step = how["grain"] or ("day" if bounded and window.days() <= 92 else "month") if sort in OVER_TIME else None
    answer = acting.costs.ask(build(**{**how, "grain": step}, group_by=groups, window=window, top=top if groups else None))
    found = sorted({str(row["currency"]) for row in answer if row["currency"] is not None})
    if told["currency"] is None and len(found) > 1:
        raise UsageError(f"The charges are in {', '.join(found)}.", cure=f"Choose one: --currency {found[0]}.")
    told["title"] = told["title"] or f"{how['metric'].capitalize()} cost, {window.label()}"
    return _made(sort, answer, groups, told)


def _made(sort: Drawn, answer: Answer, groups: list[str], told: dict[str, Any]) -> VizlyChart:
    from finopsmetrics.vizlychart.chart import VizlyChart

    series = groups[0] if groups else None
    match sort:
        case Drawn.table:
            return VizlyChart.table(answer, **told)
        case Drawn.sparkline:
            return VizlyChart.sparkline(answer, **told)
        case Drawn.heatmap:
            return VizlyChart.heatmap(answer, x="period", series=groups[0], **told)
        case Drawn.sankey:
            return VizlyChart.sankey(answer, groups[0], groups[1], **told)
        case Drawn.bar:
            return VizlyChart.bar(answer, x=groups[0], **told)
        case Drawn.treemap:
            return VizlyChart.treemap(answer, path=groups, **told)
        case Drawn.donut:
            return VizlyChart.donut(answer, path=groups[0], **told)
        case Drawn.line:
            return VizlyChart.line(answer, series=series, **told)
        case Drawn.area:
            return VizlyChart.area(answer, series=series, **told)
        case Drawn.stacked_bar:
            return VizlyChart.stacked_bar(answer, series=series, **told)


def _widget(
    acting: Acting,
    name: str,
    settings: list[str],
    time_range: str,
    where: str | None,
    currency: str | None,
    title: str | None,
) -> VizlyChart:
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.iam.principal import ForbiddenError
    from finopsmetrics.runtime.dashboards import Asked, Dashboards
    from finopsmetrics.runtime.widget_asking import Frame
    from finopsmetrics.vizlychart.chart import VizlyChart

    asked = Asked(name, name, dict(_setting(text) for text in settings), title)
    [drawn] = Dashboards(acting).show([asked], Frame(time_range, where, currency))
    if drawn.error is not None:
        raise UsageError(drawn.error.detail, cure=drawn.error.cure)
    if drawn.shown is None:
        raise ForbiddenError(drawn.sentence)
    if drawn.shown.chart is None:
        raise UsageError(f"{drawn.title} has nothing to draw.", cure=drawn.shown.empty or drawn.sentence[:300])
    update = {"title": drawn.title[:300], "sentence": drawn.sentence[:2_000]}
    return VizlyChart(drawn.shown.chart.model_copy(update=update))


def _setting(text: str) -> tuple[str, Any]:
    """A setting's name and value; the value as YAML reads it: a number, a list, a text."""
    import yaml

    from finopsmetrics.core.errors import UsageError

    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"{text!r} is no setting.", cure="Write it as --set group_by=account.")
    try:
        return name.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"The value of {name.strip()} cannot be read.", cure="Quote it as in YAML.") from error


def _size(text: str) -> dict[str, int]:
    from finopsmetrics.core.errors import UsageError

    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UsageError(f"The size {text!r} cannot be read.", cure="Write it as 900x360.")
    return {"width": int(width), "height": int(height)}
