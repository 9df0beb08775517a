"""Notifications: who hears of what, by which channels. The channels themselves are integrations."""
