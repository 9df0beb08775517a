"""The dearest accounts, on the first page."""
