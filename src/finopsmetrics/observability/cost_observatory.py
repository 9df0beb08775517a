"""CostObservatory: every cost question, answered from the lake with a receipt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError
from finopsmetrics.core.windows import Window
from finopsmetrics.observability import receipts
from finopsmetrics.observability.answers import Answer, digest
from finopsmetrics.observability.plan import plan
from finopsmetrics.observability.query import CostQuery, Filters, build, naive
from finopsmetrics.observability.receipts import Receipt, Verification
from finopsmetrics.observability.tag_keys import tag_keys
from finopsmetrics.store.entries import CostEntry
from finopsmetrics.store.entry_book import EntryBook
from finopsmetrics.store.lake import CHARGES, Snapshot
from finopsmetrics.store.opened import OpenedHome, open_home

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from finopsmetrics.kinds.budget import Budget
    from finopsmetrics.observability.budget_book import BudgetBook
    from finopsmetrics.observability.cost_forecast import CostForecast
    from finopsmetrics.observability.memory import AnswerMemory

Moment = datetime | str


class CostObservatory:
    """Answers cost questions over one home. `CostObservatory()` opens the default home.

    Amounts are Decimal, one currency per row; times are UTC; window ends are exclusive. `scope` limits everything this
    instance can see to the charges that match a condition. With a `memory`, a question that was answered at the same version of
    the lake is not asked again.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        *,
        opened: OpenedHome | None = None,
        scope: Condition | None = None,
        now: Callable[[], datetime] | None = None,
        memory: AnswerMemory | None = None,
    ) -> None:
        self._opened = opened or open_home(home)
        self._scope = scope
        self._memory = memory
        self._now = now or (lambda: datetime.now(UTC))
        self._entries = EntryBook(self._opened)

    def get_costs(
        self,
        *,
        filters: Filters = None,
        group_by: list[str] | tuple[str, ...] | str | None = None,
        time_range: str | Window = "30d",
        metric: str = "billed",
        basis: str = "accrual",
        grain: str | None = None,
        compare: bool = False,
        top: int | None = None,
        as_of: Moment | None = None,
    ) -> Answer:
        """Costs of a window by any dimensions.

        `group_by` takes FOCUS columns, their snake_case twins, short names (service, account, region, provider) and
        `tags.KEY`; `filters` a condition, its text, or a dict whose unknown keys are tags; `metric` billed, effective, list or
        contracted; `basis` accrual (by charge period, split where it spans a bound) or cash (by billing period); `grain` hour to
        year adds `period`; `compare` adds the window before; `top` keeps the greatest groups and sums the rest as "(other)";
        `as_of` answers with what was known then. Raises QueryError, WindowError or ConditionError.
        """
        window = self._window(time_range)
        query = build(
            metric=metric, group_by=group_by, window=window, filters=filters, basis=basis, grain=grain, compare=compare, top=top
        )
        return self.ask(query, as_of=as_of)

    def ask(self, query: CostQuery, *, as_of: Moment | None = None, keep_receipt: bool = True) -> Answer:
        """Answer a question that is made already."""
        snapshot = self._snapshot(as_of)
        mine = query.narrowed(self._scope)
        key = (snapshot.version, snapshot.as_of, mine)
        known = self._memory.find(key) if self._memory is not None and keep_receipt else None
        if known is not None:
            return known
        answer, receipt = self._answer(mine, snapshot)
        if not keep_receipt:
            return Answer(answer, receipt)
        receipts.keep(self._opened.database, receipt)
        found = Answer(answer, receipt)
        if self._memory is not None:
            self._memory.keep(key, found)
        return found

    def get_time_series(self, days: int = 90, *, group_by: list[str] | str | None = "ServiceName", **asked: Any) -> Answer:
        """Daily costs of the last `days` days, the oldest first; by service unless asked otherwise."""
        return self.get_costs(time_range=f"{days}d", grain="day", group_by=group_by, **asked)

    def get_cost_summary(self, time_range: str | Window = "30d", *, top: int = 5, **asked: Any) -> dict[str, Any]:
        """What a window came to: its total by currency, its change to the window before, and its greatest services.

        Amounts are Decimal. A change is absent where the window before is unbounded; each part carries its receipt's id.
        """
        window = self._window(time_range)
        bounded = window.start is not None and window.end is not None
        whole = self.get_costs(time_range=window, compare=bounded, **asked)
        services = self.get_costs(time_range=window, group_by="ServiceName", top=top, **asked)
        return {
            "window": window.label(),
            "total": {str(row["currency"]): row["cost"] for row in whole},
            "previous": {str(row["currency"]): row["previous"] for row in whole} if bounded else None,
            "by_service": services.rows,
            "receipts": [answer.receipt.id for answer in (whole, services) if answer.receipt],
        }

    def forecast(
        self,
        horizon: str = "12m",
        variables: Mapping[str, Any] | None = None,
        confidence_interval: Any = 0.95,
        *,
        group_by: list[str] | tuple[str, ...] | str | None = None,
        filters: Filters = None,
        metric: str = "effective",
        grain: str | None = None,
        model: str = "auto",
        prices: list[dict[str, Any]] | None = None,
        history: str | None = None,
    ) -> CostForecast:
        """What costs will come to, from the last complete day on.

        `horizon`: 30d, 8w, 12m, 1y; months end with a whole one. `variables`: user_growth a month, compute_efficiency,
        reserved_instance_coverage, as shares. `confidence_interval`: how much of what may come lies within the bounds, None for
        no bounds. `grain`: day, week or month. `model`: see `finopsmetrics.ml.Forecaster`. `prices`: discounts under a
        commitment, where no charge shows them: `[{"service": "AmazonEC2", "discount": "28%"}]`. `history`: how much of the past
        is learnt from. Raises UsageError for too little history, for charges in several currencies, and for a variable that the
        charges cannot answer.
        """
        from finopsmetrics.observability.forecasting import forecast

        question = build(metric=metric, group_by=group_by, filters=filters)
        asked: dict[str, Any] = {"variables": variables, "prices": prices, "grain": grain, "model": model, "past": history}
        return forecast(self, question, horizon, self._now(), confidence=confidence_interval, **asked)

    def create_budget(self, name: str, amount: Any, period: str = "monthly", **fields: Any) -> Budget:
        """Declare a budget, with the fields of docs/kinds/budget.md. Raises SpecError, and ConflictError for a taken name."""
        return self._budgets.create(name, amount, period, fields)

    def update_budget(self, name: str, **changes: Any) -> Budget:
        """Change fields of a budget; what is not named stays. Raises NotFoundError and SpecError."""
        return self._budgets.update(name, changes)

    def get_budget_status(self, name: str | None = None) -> dict[str, Any] | list[dict[str, Any]]:
        """How a budget stands, or all of them: spent, allowed, remaining, share, thresholds reached; amounts are Decimal.

        Raises NotFoundError, and UsageError for one that covers several currencies or does not count now.
        """
        return self._budgets.status(name) if name is not None else [self._budgets.status(one) for one in self._budgets.names()]

    def now(self) -> datetime:
        """The time by which windows are read, in UTC."""
        return self._now()

    @property
    def _budgets(self) -> BudgetBook:
        from finopsmetrics.observability.budget_book import BudgetBook

        return BudgetBook(self._opened, self, scoped=self._scope is not None)

    def get_all_costs(self, days: int | None = None, *, time_range: str | Window | None = None) -> pyarrow.Table:
        """Every charge that touches the window, as an Arrow table of FOCUS 1.4 rows."""
        window = self._window(time_range or (f"{days}d" if days else "all"))
        return self.charges(window)

    def get_costs_dataframe(self, **asked: Any) -> pandas.DataFrame:
        """`get_costs` as a pandas data frame; by service and day unless asked otherwise."""
        asked.setdefault("group_by", ["ServiceName"])
        asked.setdefault("grain", "day")
        return self.get_costs(**asked).to_pandas()

    def get_sql_export(self, *, filters: Filters = None, group_by: list[str] | str | None = None, time_range: str = "all") -> str:
        """The SQL of a cost question over the FOCUS tables, for tools that run it themselves (`finopsmetrics sql`)."""
        query = build(group_by=group_by or ["ServiceName"], window=self._window(time_range), filters=filters)
        return plan(query.narrowed(self._scope), self._snapshot(None), allow_rollup=False).sql

    def charges(self, window: Window, *, filters: Filters = None, limit: int | None = None, offset: int = 0) -> pyarrow.Table:
        """Charge rows that touch the window, as delivered and normalised, in a stable order."""
        query = build(window=window, filters=filters).narrowed(self._scope)
        snapshot = self._snapshot(None)
        start, end = naive(window.start), naive(window.end)
        source = snapshot.source(CHARGES, snapshot.within(CHARGES, start, end))
        from finopsmetrics.observability.plan import charge_rows

        return self._opened.engine.query(charge_rows(query, snapshot, limit, offset, self._opened.engine.dialect), [source])

    def select(self, selected: str, query: CostQuery, rest: str = "") -> pyarrow.Table:
        """What a SELECT gives of the charges that match a question's filter and touch its window, within what may be seen.

        `selected` and `rest` are SQL of ours in DuckDB's dialect, never a user's.
        """
        from finopsmetrics.observability.plan import charges_sql

        snapshot = self._snapshot(None)
        mine = query.narrowed(self._scope)
        source = snapshot.source(CHARGES, snapshot.within(CHARGES, query.start, query.end))
        return self._opened.engine.query(charges_sql(selected, mine, snapshot, self._opened.engine.dialect, rest), [source])

    def count(self, query: CostQuery) -> int:
        """How many charges match a question's filter and touch its window."""
        return int(self.select("count(*) AS charges", query).column("charges")[0].as_py())

    def begins(self) -> datetime | None:
        """When the first charge that is held begins, in UTC, whoever may see it; None while there is none that says so."""
        firsts = [file.first for file in self._snapshot(None).files.get(CHARGES, ()) if file.first]
        return min(firsts).replace(tzinfo=UTC) if firsts else None

    def not_whole(self, window: Window) -> datetime | None:
        """From when on charges are held, where that is only after a window began: its sums are not those of a whole window."""
        begins = self.begins()
        return begins if begins is not None and window.start is not None and window.start < begins else None

    def tag_keys(self) -> list[str]:
        """The tag keys of the charges that can be seen, in order."""
        self._entries.flush()
        return tag_keys(self._opened, self._scope)

    def add_cost_entry(self, entry: CostEntry) -> bool:
        """Add one charge by hand. It is durable when this returns; the same id with the same content again is no change.

        Returns whether it was new. Raises ConflictError when the id stands for other content.
        """
        return self._entries.add([entry]) == 1

    def add_cost_entries(self, entries: list[CostEntry]) -> int:
        """Add many charges in one durable step; returns how many were new."""
        return self._entries.add(entries)

    def version(self) -> int:
        """The version of the lake that answers now; every change of charges makes a new one."""
        return self._snapshot(None).version

    def refresh(self) -> None:
        """Bring entries that wait in the state into the lake, so that every reader of the lake sees them."""
        self._entries.flush()

    def receipt(self, receipt_id: str) -> Receipt:
        """A kept receipt. Raises NotFoundError, also for one whose question reaches beyond this observatory's scope."""
        found = receipts.find(self._opened.database, receipt_id)
        if not found.query.within(self._scope):
            raise receipts.unknown(receipt_id)
        return found

    def verify(self, receipt: Receipt) -> Verification:
        """Recompute a receipt's answer from the deliveries it names, and compare.

        Raises QueryError for a receipt whose question reaches beyond this observatory's scope.
        """
        if not receipt.query.within(self._scope):
            cure = "Ask the question again: the answer within your scope has a receipt of its own."
            raise QueryError("The receipt is about charges that you may not see.", cure=cure)
        snapshot = self._opened.lake.of_inputs(receipt.inputs)
        table, again = self._answer(receipt.query, snapshot)
        expected, found = receipt.body["answer"]["sha256"], digest(table)
        told = again.body["answer"]
        # The id is made of the question, the inputs and the answer: a receipt that was edited does not match its own.
        same = expected == found and receipt.body["answer"] == told and receipt.id == receipts.named(receipt.body)
        return Verification(receipt.id, same, expected, found, table.num_rows, told["totals"])

    def difference(self, query: CostQuery, then: Moment, now: Moment | None = None) -> pyarrow.Table:
        """What deliveries changed between two moments of knowledge: rows of `query` with `then`, `now` and `change`."""
        from finopsmetrics.observability.differences import differ

        before, after = self.ask(query, as_of=then), self.ask(query, as_of=now)
        return differ(before.table, after.table)

    def _answer(self, query: CostQuery, snapshot: Snapshot) -> tuple[pyarrow.Table, Receipt]:
        planned = plan(query, snapshot, self._opened.engine.dialect)
        table = self._opened.engine.query(planned.sql, [planned.source])
        return table, receipts.issue(query, snapshot, planned, table)

    def _snapshot(self, as_of: Moment | None) -> Snapshot:
        self._entries.flush()
        return self._opened.lake.snapshot(known_at(as_of))

    def _window(self, time_range: str | Window) -> Window:
        return time_range if isinstance(time_range, Window) else Window.parse(time_range, now=self._now())


def known_at(moment: Moment | None) -> datetime | None:
    """A moment of knowledge as UTC without zone; a date alone means the end of that day. Raises QueryError."""
    if moment is None or isinstance(moment, datetime):
        return naive(moment)
    text = moment.strip()
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return read + timedelta(days=1, microseconds=-1) if len(text) == 10 else naive(read)
    except (ValueError, OverflowError) as error:
        raise QueryError(f"{moment!r} is not a date or a time.", cure="Write 2026-10-03 or 2026-10-03T06:00:00Z.") from error
