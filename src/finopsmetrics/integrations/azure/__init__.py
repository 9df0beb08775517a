"""Microsoft Azure: its bills."""
