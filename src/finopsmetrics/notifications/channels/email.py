"""E-mail: notices as HTML with a plain twin."""

from finopsmetrics.integrations.email.channel import EmailChannel, Settings, open_channel
from finopsmetrics.integrations.email.message import rendered

__all__ = ["EmailChannel", "Settings", "open_channel", "rendered"]
