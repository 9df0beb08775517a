"""finopsmetrics: every bill in one exact FOCUS table, every figure tied to the cent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finopsmetrics.core.release import VERSION

if TYPE_CHECKING:
    from finopsmetrics.core.conditions import Condition
    from finopsmetrics.core.money import Money
    from finopsmetrics.core.samples import Sample
    from finopsmetrics.core.windows import Window
    from finopsmetrics.iam.manager import IAMManager
    from finopsmetrics.observability.cost_observatory import CostObservatory
    from finopsmetrics.observability.observability_hub import ObservabilityHub
    from finopsmetrics.runtime.workspace import Workspace
    from finopsmetrics.store.entries import CostEntry
    from finopsmetrics.vizlychart.chart import VizlyChart

__version__ = VERSION

# Names are found when they are first used, so that `import finopsmetrics` stays quick.
_HOMES = {
    "Condition": "finopsmetrics.core.conditions",
    "CostEntry": "finopsmetrics.store.entries",
    "CostObservatory": "finopsmetrics.observability.cost_observatory",
    "IAMManager": "finopsmetrics.iam.manager",
    "Money": "finopsmetrics.core.money",
    "ObservabilityHub": "finopsmetrics.observability.observability_hub",
    "Sample": "finopsmetrics.core.samples",
    "VizlyChart": "finopsmetrics.vizlychart.chart",
    "Window": "finopsmetrics.core.windows",
    "Workspace": "finopsmetrics.runtime.workspace",
}

__all__ = [
    "Condition",
    "CostEntry",
    "CostObservatory",
    "IAMManager",
    "Money",
    "ObservabilityHub",
    "Sample",
    "VizlyChart",
    "Window",
    "Workspace",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'finopsmetrics' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
