"""Datadog: its costs."""
