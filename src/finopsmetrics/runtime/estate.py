"""Bring the demo estate into a home by the same door as any bill."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finopsmetrics.core.errors import ConflictError
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.incoming import gather
from finopsmetrics.store.ingest import IngestOptions
from finopsmetrics.store.sample_book import SampleBook


@dataclass(frozen=True)
class LoadedDemo:
    """What was loaded: the company's name, the deliveries, and the charges now in effect."""

    company: str
    deliveries: int
    charges: int


def load_demo(
    workspace: Workspace,
    *,
    seed: int = 7,
    months: int = 14,
    end: date | None = None,
    scale: float = 1.0,
    keep_files: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> LoadedDemo:
    """Make the estate's deliveries and take them in; a home that holds this estate already is left as it is.

    Raises ConflictError when the home holds other bills: the synthetic and the real are never mixed.
    """
    from finopsmetrics.demo import generate
    from finopsmetrics.demo.samples import use_of

    held = {record.source for record in workspace.deliveries()}
    if held and not _is_demo(workspace):
        cure = "Give the demo a home of its own with --home."
        raise ConflictError(f"{workspace.home} holds other bills: {', '.join(sorted(held))}.", cure=cure)
    folder = keep_files or Path(tempfile.mkdtemp(prefix="finopsmetrics-demo-"))
    try:
        if held:
            say("The demo estate is there already.")
            return LoadedDemo("The demo estate", len(workspace.deliveries()), _charges(workspace))
        say(f"Making a synthetic company of {months} months …")
        estate = generate(folder, seed=seed, months=months, end=end or workspace.now().date(), scale=scale)
        incoming = gather([folder / "deliveries"])
        say(f"Taking {len(incoming)} deliveries in …")
        workspace.take(incoming, IngestOptions(actor="demo"))
        use = list(use_of(estate))
        say(f"Keeping {len(use):,} samples of use …")
        book = SampleBook(workspace.opened)
        book.add(use)
        book.compact()
        return LoadedDemo(estate.company, len(incoming), _charges(workspace))
    finally:
        if keep_files is None:
            shutil.rmtree(folder, ignore_errors=True)


def _is_demo(workspace: Workspace) -> bool:
    return "x_Synthetic" in workspace.opened.lake.snapshot().extras()


def _charges(workspace: Workspace) -> int:
    return sum(file.rows for file in workspace.opened.lake.snapshot().files["cost_and_usage"])
