"""Slack: notices as Block Kit messages."""

from finopsmetrics.integrations.slack.channel import Settings, SlackBot, SlackWebhook, open_channel
from finopsmetrics.integrations.slack.message import by_webhook, rendered

__all__ = ["Settings", "SlackBot", "SlackWebhook", "by_webhook", "open_channel", "rendered"]
