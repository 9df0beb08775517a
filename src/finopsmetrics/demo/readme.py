"""The note that lies beside the files and says that none of it is real."""

from __future__ import annotations

from finopsmetrics.demo.estate import Estate

_TEXT = """SYNTHETIC DATA

{company} does not exist. Its bills, accounts, resources, people and prices were made by finopsmetrics
(seed {seed}, {months} months up to {end}, scale {scale}). Every charge carries x_Synthetic = true.
No figure here says anything about a real vendor's prices or a real customer's use.

deliveries/   one folder for each delivery, in order of arrival: files and manifest.json with their hashes
truth.json    the ledger: invoices, sums by source and billing period, planted events, commitments, owners, tag gaps

Days on or after {end} have no charges. Later dates appear only where they belong: the end of a running billing
period, the due date of an invoice, the end of a contract.
"""


def readme(estate: Estate) -> str:
    """Return the text of README.txt."""
    return _TEXT.format(
        company=estate.company,
        seed=estate.seed,
        months=len(estate.window.periods),
        end=estate.window.end,
        scale=estate.scale,
    )
