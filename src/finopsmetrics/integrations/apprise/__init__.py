"""Apprise: the long tail of services, by their URLs."""
