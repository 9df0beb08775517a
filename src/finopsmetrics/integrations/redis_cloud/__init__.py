"""Redis Cloud: its cost report, which is FOCUS as it is."""
