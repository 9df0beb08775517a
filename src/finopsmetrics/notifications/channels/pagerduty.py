"""PagerDuty: notices as events of incidents."""

from finopsmetrics.integrations.pagerduty.channel import PagerDutyChannel, Settings, open_channel
from finopsmetrics.integrations.pagerduty.message import rendered

__all__ = ["PagerDutyChannel", "Settings", "open_channel", "rendered"]
