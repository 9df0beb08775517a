"""IBM Cloud: its usage reports."""
