"""Google Cloud: its bills."""
