"""Reading: cost questions and their answers, receipts, reconciliation. Everything above reads from here."""
