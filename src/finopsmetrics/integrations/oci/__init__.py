"""Oracle Cloud Infrastructure: its bills."""
