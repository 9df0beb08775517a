"""Slack: notices as Block Kit messages."""
