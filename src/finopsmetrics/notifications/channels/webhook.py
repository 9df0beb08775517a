"""Webhooks: notices as signed JSON."""

from finopsmetrics.integrations.webhook.channel import Settings, WebhookChannel, open_channel
from finopsmetrics.integrations.webhook.message import rendered, signed

__all__ = ["Settings", "WebhookChannel", "open_channel", "rendered", "signed"]
