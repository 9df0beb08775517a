"""DigitalOcean: its bills."""
