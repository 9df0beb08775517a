"""AWS: its bills."""
