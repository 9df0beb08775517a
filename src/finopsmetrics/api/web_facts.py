"""What the app's page carries with it about the home: whether its data is made up, how fresh it is, in which currencies."""

from __future__ import annotations

import threading
from typing import Any

import finopsmetrics
from finopsmetrics.observability.answers import plain_value
from finopsmetrics.observability.query import CostQuery
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.store.lake import CHARGES, Snapshot

SYNTHETIC = "x_Synthetic"
_MOST = 200
_seen: dict[tuple[str, int, str], dict[str, Any]] = {}
_lock = threading.Lock()


def facts(acting: Acting) -> dict[str, Any]:
    """Facts of what the asker may see; looked up once for each scope and version of the lake.

    `synthetic`: whether any charge says that it is made up; `currencies`: those of the charges, the one with the most charges
    first; `fresh`: when the newest delivery came; `latest`: the newest billing month with charges; `version`: the product's.
    """
    workspace, principal = acting.workspace, acting.principal
    if not principal.may("costs:read"):
        return {"version": finopsmetrics.__version__, "synthetic": False, "currencies": [], "fresh": None, "latest": None}
    acting.costs.refresh()
    snapshot = workspace.opened.lake.snapshot()
    key = (str(snapshot.home.root), snapshot.version, str(principal.scope))
    with _lock:
        if key in _seen:
            return _seen[key]
    periods = sorted({file.period for file in snapshot.files.get(CHARGES, ()) if file.rows})
    fresh = max((record.delivered_at for record in workspace.deliveries()), default=None)
    found = {
        "version": finopsmetrics.__version__,
        "synthetic": _synthetic(acting, snapshot),
        "currencies": _currencies(acting) if periods else [],
        "fresh": plain_value(fresh),
        "latest": periods[-1][:7] if periods else None,
    }
    with _lock:
        if len(_seen) >= _MOST:
            _seen.clear()
        _seen[key] = found
    return found


def _currencies(acting: Acting) -> list[str]:
    counted = acting.costs.select(
        "BillingCurrency AS currency, count(*) AS charges",
        CostQuery(),
        " GROUP BY BillingCurrency ORDER BY charges DESC, currency",
    )
    return [str(row["currency"]) for row in counted.to_pylist() if row["currency"]]


def _synthetic(acting: Acting, snapshot: Snapshot) -> bool:
    if SYNTHETIC not in snapshot.extras():
        return False
    answer = acting.costs.ask(CostQuery(group_by=(SYNTHETIC,)), keep_receipt=False)
    return any(str(row[SYNTHETIC]).lower() in {"true", "1", "yes"} for row in answer)
