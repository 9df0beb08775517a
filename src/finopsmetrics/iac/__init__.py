"""FinOps as code: files of specs, checked, planned, applied, compared."""
