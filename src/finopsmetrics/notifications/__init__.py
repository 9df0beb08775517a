"""Notifications: who hears of what, when, and in which words."""

from finopsmetrics.notifications.alert import ContextualAlert

__all__ = ["ContextualAlert"]
