"""Schedules, runs and leases: each tick once, whoever works, and whoever dies."""
