"""The steps that finopsmetrics brings along: upkeep, checks, and what comes in by itself."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.jobs import StepFailedError
from finopsmetrics.runtime.steps import Beat, Inputs, Outcome, step

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

LONG = timedelta(hours=6)
MOST_LINES = 100


class MaintainInputs(Inputs):
    """What upkeep leaves alone."""

    grace_minutes: int = Field(60, ge=1, le=525_600, description="Minutes for which nothing that was live is removed.")
    history_days: int = Field(30, ge=1, le=36_500, description="Days to keep superseded data files.")


class DoctorInputs(Inputs):
    """How closely the home is looked over."""

    deep: bool = Field(False, description="Also recompute every sum and hash; reads the whole lake.")


class IngestInputs(Inputs):
    """A folder on the server's machine into which bills are put."""

    folder: str = Field(min_length=1, max_length=1_000, description="The folder's absolute path on the server's machine.")
    source: str | None = Field(None, max_length=120, description="The source of what lies there; found by itself when not given.")
    quiet_seconds: int = Field(30, ge=0, le=86_400, description="Files that changed within these seconds are left for next time.")


class SweepInputs(Inputs):
    """What counts as old."""

    keep_runs_days: int = Field(90, ge=1, le=36_500, description="Days for which ended runs stay in the history.")
    keep_messages_days: int = Field(90, ge=1, le=36_500, description="Days for which messages that were sent or dropped stay.")


@step(
    "maintain",
    description="Sweep what nobody refers to; expire old snapshots.",
    permission="*:*",
    inputs=MaintainInputs,
    silence=LONG,
)
def maintain(acting: Acting, inputs: MaintainInputs, _beat: Beat) -> Outcome:
    """Upkeep of the home; see `finopsmetrics maintain`."""
    from finopsmetrics.store.maintain import maintain as sweep

    grace, history = timedelta(minutes=inputs.grace_minutes), timedelta(days=inputs.history_days)
    return sweep(acting.workspace.opened, grace=grace, keep_history=history).as_dict()


@step(
    "doctor", description="Check the home; fails when a check fails.", permission="system:read", inputs=DoctorInputs, silence=LONG
)
def doctor(acting: Acting, inputs: DoctorInputs, _beat: Beat) -> Outcome:
    """Look the home over; see `finopsmetrics doctor`."""
    from finopsmetrics.store.doctor import examine

    found = examine(acting.workspace.opened, deep=inputs.deep)
    outcome = {"checks": len(found), **{kind: [one for one in found if one["status"] == kind] for kind in ("fail", "warn")}}
    if outcome["fail"]:
        told = "; ".join(f"{one['check']}: {one['detail']}" for one in found if one["status"] == "fail")
        raise StepFailedError(f"Checks failed: {told}", outcome=outcome, cure="Run `finopsmetrics doctor` for what to do.")
    return outcome


@step(
    "audit.verify",
    description="Follow the audit trail; fails when a line was changed.",
    permission="audit:read",
    reads="audit:read",
)
def audit_verify(acting: Acting, _inputs: Inputs, _beat: Beat) -> Outcome:
    """Follow the chain of the audit trail from its first line."""
    found = acting.verify_trail()
    outcome = {**asdict(found), "whole": found.whole}
    if not found.whole:
        cause = f"Line {found.broken} of the audit trail does not follow from the line before it."
        raise StepFailedError(cause, outcome=outcome, cure="Somebody changed the trail. Compare it with a backup.")
    return outcome


@step(
    "reconcile",
    description="Compare every invoice with its charges; the outcome says whether all tie, or which lines differ.",
    permission="reconciliation:read",
    reads="reconciliation:read",
)
def reconcile(acting: Acting, _inputs: Inputs, _beat: Beat) -> Outcome:
    """Every invoice beside its charges: how many there are, and those that differ."""
    found = acting.reconcile().as_dict()
    lines = {"invoices": found["invoices"], "commitments": found["commitments"]}
    differing = {name: [one for one in those if one["status"] == "differs"] for name, those in lines.items()}
    shown = {f"{name}_differing": those[:MOST_LINES] for name, those in differing.items()}
    numbers = {name: {"all": len(those), "differing": len(differing[name])} for name, those in lines.items()}
    return {"ties": found["ties"], **numbers, **shown, "closed_changes": found["closed_changes"][:MOST_LINES]}


@step("collect", description="Let every plugin that gives charges collect.", permission="plugins:write", reads="plugins:read")
def collect(acting: Acting, _inputs: Inputs, beat: Beat) -> Outcome:
    """Let telemetry plugins and integrations that give charges collect; fails, to be tried again, when one of them did."""
    from finopsmetrics.runtime.plugin_runs import PluginRuns

    runs, found = PluginRuns(acting), list[dict[str, Any]]()
    for name in _sources(acting):
        beat()
        found.append(asdict(runs.collect(name)))
    failed = [f"{one['source']}: {one['error']}" for one in found if one["status"] == "failed"]
    outcome: Outcome = {"collected": found}
    if failed:
        raise StepFailedError(f"Plugins failed: {'; '.join(failed)}", outcome=outcome, retryable=True)
    return outcome


def _sources(acting: Acting) -> list[str]:
    """The plugins that can be called now and give charges, by name."""
    from finopsmetrics.plugins.base import IntegrationPlugin, TelemetryPlugin
    from finopsmetrics.store.plugin_book import plugins_of

    manager = plugins_of(acting.workspace.opened)
    reaching = [one.name for one in manager.of(IntegrationPlugin) if "charges" in getattr(one.plugin, "capabilities", ())]
    return sorted({*(one.name for one in manager.of(TelemetryPlugin)), *reaching})


@step("budgets.check", description="Tell budgets that reached a threshold.", permission="budget:write", reads="budget:read")
def budgets_check(acting: Acting, _inputs: Inputs, _beat: Beat) -> Outcome:
    """Compare every budget with its spend; thresholds that were reached for the first time are told by their hook."""
    from finopsmetrics.runtime.budgeting import Budgeting

    found = Budgeting(acting).check()
    shares = [(one, {name: [f"{share:f}" for share in getattr(one, name)] for name in ("told", "foretold")}) for one in found]
    told = [{**plain_row(asdict(one)), **texts} for one, texts in shares]
    return {
        "budgets": len(found),
        "told": [one for one in told if one["told"] or one["foretold"]],
        "unwatched": [{"budget": one.budget, "error": one.error} for one in found if one.error],
    }


@step("anomalies", description="Look for anomalies; keep them as findings.", permission="findings:write", silence=LONG)
def anomalies(acting: Acting, _inputs: Inputs, beat: Beat) -> Outcome:
    """Look with every detector, keep what is found, end what is no longer there; see `finopsmetrics anomalies`."""
    from finopsmetrics.runtime.anomalies import Anomalies

    return plain_row(Anomalies(acting).night(beat=beat).as_dict())


@step(
    "notify.route",
    description="Turn what happened to findings into messages for whom rules say.",
    permission="notifications:write",
    reads="notifications:read",
)
def notify_route(acting: Acting, _inputs: Inputs, beat: Beat) -> Outcome:
    """Put what is to be told into the outbox; see `finopsmetrics notify route`."""
    from finopsmetrics.runtime.notifying import Notifying

    return Notifying(acting).route(beat=beat).as_dict()


@step(
    "notify.deliver",
    description="Send messages of the outbox that are due.",
    permission="notifications:write",
    reads="notifications:read",
)
def notify_deliver(acting: Acting, _inputs: Inputs, beat: Beat) -> Outcome:
    """Send what is due; what fails is tried again by itself, and is no failure of the step."""
    from finopsmetrics.runtime.delivering import Delivering

    return {**Delivering(acting).deliver(beat=beat).as_dict()}


@step(
    "ingest",
    description="Take in what lies in a folder of the server's machine; fails when something in it is refused.",
    permission="deliveries:write",
    inputs=IngestInputs,
    reads="deliveries:read",
    silence=LONG,
)
def ingest(acting: Acting, inputs: IngestInputs, beat: Beat) -> Outcome:
    """Take in each bill of a watched folder that was not taken in before."""
    from finopsmetrics.runtime.watching import take_folder

    seen = take_folder(acting, Path(inputs.folder), source=inputs.source, quiet=inputs.quiet_seconds, beat=beat)
    if seen.refused:
        told = "; ".join(f"{one['name']}: {one['error']}" for one in seen.refused)
        raise StepFailedError(f"Refused: {told}", outcome=asdict(seen), cure="Take it out of the folder, or deliver it again.")
    return asdict(seen)


class SyncInputs(Inputs):
    """Which connection is synced."""

    connection: str | None = Field(None, max_length=120, description="Its name; without it, those whose schedule is due.")


@step(
    "sync",
    description="Fetch what is new from connections and take it in; fails when something could not be.",
    permission="deliveries:write",
    inputs=SyncInputs,
    reads="deliveries:read",
    silence=LONG,
)
def sync(acting: Acting, inputs: SyncInputs, beat: Beat) -> Outcome:
    """Sync one connection, or all that are due; see `finopsmetrics sync`."""
    from finopsmetrics.core.errors import FinOpsError
    from finopsmetrics.runtime.syncing import Syncing

    syncing = Syncing(acting)
    outcome: Outcome = {"synced": [], "failed": {}}
    retryable = False
    for name in [inputs.connection] if inputs.connection else syncing.due():
        try:
            done = syncing.sync(name, beat=beat)
        except FinOpsError as error:
            if error.code == "stopped":
                raise
            outcome["failed"][name], retryable = str(error), retryable or error.retryable
            continue
        outcome["synced"].append(done.as_dict())
        if done.error:
            outcome["failed"][name] = done.error
    if outcome["failed"]:
        told = "; ".join(f"{name}: {error}" for name, error in outcome["failed"].items())
        raise StepFailedError(f"Not synced: {told}", outcome=outcome, retryable=retryable)
    return outcome


@step("refresh", description="Bring entries and samples that wait into the lake.", permission="costs:write")
def refresh(acting: Acting, _inputs: Inputs, beat: Beat) -> Outcome:
    """Bring entries that wait in the state into the lake, and samples once there are many of them or they wait for an hour."""
    from finopsmetrics.store.sample_book import SampleBook

    opened = acting.workspace.opened
    acting.workspace.costs.refresh()
    beat()
    samples = SampleBook(opened).tidy()
    return {"lake_version": opened.lake.snapshot().version, "samples": samples}


@step(
    "sweep",
    description="Remove sessions, codes, ended runs and sent messages whose time is over.",
    permission="runs:write",
    inputs=SweepInputs,
)
def sweep(acting: Acting, inputs: SweepInputs, _beat: Beat) -> Outcome:
    """Remove sessions and codes that have expired, and ended runs and settled messages after their time.

    Runs of deliveries, one a minute, go after a day: the outbox tells what they did.
    """
    from finopsmetrics.store import outbox, people, run_rows

    opened = acting.workspace.opened
    now = opened.now()
    with opened.database.write() as connection:
        expired = people.sweep(connection, now)
        runs = run_rows.forget(connection, now - timedelta(days=inputs.keep_runs_days))
        runs += run_rows.forget(connection, now - timedelta(days=1), step="notify.deliver")
        runs += run_rows.forget(connection, now - timedelta(days=1), step="notify.route")
        messages = outbox.forget(connection, now - timedelta(days=inputs.keep_messages_days))
    return {"expired": expired, "runs": runs, "messages": messages}
