"""What is planted in the charges: anomalies that should be found, and look-alikes that must not raise a finding.

A Plan says what happens and how far into the window (per mille); `events` gives it dates for one window.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from finopsmetrics.demo.estate import Event
from finopsmetrics.demo.window import DAY, Window, next_month


@dataclass(frozen=True)
class Plan:
    """One planted happening. `target` is a resource key, or a SKU key for the effects spawn and reprice.

    `at` is per mille of the window, `days` its length (0 = until the end of the window). `factor` is in basis points.
    """

    key: str
    kind: str
    anomaly: bool
    effect: str
    target: str
    at: int
    days: int
    cause: str
    factor: int = 10000
    ramp: bool = False
    sku: str | None = None
    account: str = ""
    application: str = ""
    region: str | None = None
    count: int = 1
    base: Decimal = field(default=Decimal(0))
    grain: str = "day"
    calendar: str = ""

    def windows(self, window: Window) -> tuple[tuple[date, date], ...]:
        """Return the [start, end) days of this plan inside `window`."""
        if self.calendar == "month_end":
            ends = [next_month(period) for period in window.periods]
            return tuple((end - 2 * DAY, min(end, window.end)) for end in ends if end - 2 * DAY < window.end)
        start = window.at(self.at)
        if self.calendar == "month_start":
            start = max((p for p in window.periods if p <= start), default=window.start)
            start = start if start > window.start else window.periods[-1]
        elif 0 < self.days <= 3 and start.weekday() > 2:  # short events fall on working days
            start -= DAY * (start.weekday() - 2)
        end = min(window.end, start + DAY * self.days) if self.days else window.end
        return ((start, end),)


def _boost(key: str, kind: str, target: str, at: int, days: int, times: int, cause: str, *, ramp: bool = False) -> Plan:
    return Plan(key, kind, True, "boost", target, at, days, cause, factor=times * 10000, ramp=ramp)


ANOMALIES = (
    _boost("egress-loop", "data_transfer_spike", "azure-egress/0", 220, 4, 6,
           "A backup job copied the file share to the internet in a loop."),
    Plan("gpu-left-on", "idle_resource", True, "spawn", "aws-g5", 300, 6,
         "A GPU training cluster was not switched off after the experiment.",
         account="ml-lab", application="vision", count=2, base=Decimal(1), grain="hour"),
    _boost("runaway-logging", "logging", "aws-logs/0", 380, 4, 14,
           "A release left debug logging on in the storefront."),
    Plan("premium-tier", "storage_tier", True, "reclass", "azure-hot/0", 480, 9,
         "A migration script moved a storage account from the hot to the premium tier.", sku="azure-premium"),
    _boost("nat-spike", "data_transfer_spike", "aws-nat/0", 550, 3, 9,
           "A missing gateway endpoint sent bucket traffic through the NAT gateway."),
    _boost("forgotten-snapshots", "slow_growth", "aws-snap/0", 600, 40, 9,
           "A retention rule was removed and volume snapshots pile up day by day.", ramp=True),
    _boost("metric-cardinality", "cardinality", "examplewatch-metrics/0", 650, 5, 7,
           "A label with user ids multiplied the number of custom metrics."),
    _boost("retry-storm", "retry_storm", "azure-func/0", 700, 2, 16,
           "A failing queue consumer retried without a pause."),
    Plan("wrong-region", "wrong_region", True, "spawn", "gcp-n2-asia", 780, 5,
         "A deployment went to Mumbai instead of Belgium and ran beside the right one.",
         account="fleet", application="telemetry", region="asia-south1", count=2, base=Decimal(1536)),
    _boost("token-spike", "llm_tokens", "examplelake-ai/0", 850, 3, 12,
           "An agent loop sent the whole conversation with each call."),
    _boost("double-licences", "licence_duplication", "exampleforge-seats/0", 900, 10, 2,
           "The directory sync created a second seat for every developer."),
    _boost("runaway-query", "runaway_query", "gcp-bq/0", 930, 1, 40,
           "A dashboard without a partition filter scanned the whole history each minute."),
    _boost("prompt-loop", "llm_tokens", "aws-llm/0", 955, 3, 11,
           "A test suite ran against the large model instead of the recorded answers."),
    Plan("crypto-mining", "compromised_account", True, "spawn", "aws-c5-24xl", 985, 0,
         "A leaked access key starts the largest machines in an unused region.",
         account="dev-sandbox", application="build", region="ap-northeast-3", count=4, base=Decimal(1), grain="hour"),
)  # fmt: skip

LOOK_ALIKES = (
    Plan("month-end-close", "month_end", False, "boost", "aws-glue/0", 0, 0,
         "The books are closed on the last two days of each month.", factor=45000, calendar="month_end"),
    Plan("load-test", "planned_event", False, "boost", "aws-cdn/0", 420, 2,
         "The announced load test before the season.", factor=28000),
    Plan("map-launch", "launch", False, "spawn", "aws-rds", 500, 0,
         "The fleet map was launched; its databases stay. A level shift, one at most, not one finding a day.",
         account="fleet-prod", application="fleet-control", count=2, base=Decimal(48)),
    Plan("price-rise", "price_change", False, "reprice", "gcp-run", 620, 0,
         "The vendor raised the list price as announced.", factor=11200, calendar="month_start"),
)  # fmt: skip
PLANS = ANOMALIES + LOOK_ALIKES


def targets(plans: tuple[Plan, ...]) -> frozenset[str]:
    """Return the resource keys and SKU keys whose charges must stay exact: never late, never restated."""
    return frozenset(plan.target for plan in plans)


def recorded(window: Window) -> tuple[Event, ...]:
    """Return the look-alikes that contracts and calendars make; `rows` is a condition on the table of charges."""

    def event(key: str, kind: str, source: str, cause: str, rows: str) -> Event:
        whole = ((window.start, window.end),)
        return Event(key, kind, cause, False, "recorded", source, None, None, None, (), whole, rows=rows)

    return (
        event("reservation-upfront", "upfront_purchase", "azure", "A reservation is paid for a year in advance.",
              "category = 'Purchase' AND frequency = 'One-Time'"),
        event("partner-credit", "credit", "gcp", "The vendor grants promotional credit.", "category = 'Credit'"),
        event("sales-tax", "tax", "exampleforge", "Value added tax is charged once a month.", "category = 'Tax'"),
        event("first-of-month", "recurring_fee", "examplewatch", "The platform fee is due on the first of the month.",
              "category = 'Purchase' AND frequency = 'Recurring'"),
        *(event(f"late-corrections-{source}", "correction", source,
                "Closed months are corrected in the next open month.", "class = 'Correction'")
          for source in ("aws", "azure", "gcp")),
    )  # fmt: skip
