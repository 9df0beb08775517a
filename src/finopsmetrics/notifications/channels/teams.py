"""Microsoft Teams: notices as Adaptive Cards."""

from finopsmetrics.integrations.teams.channel import Settings, TeamsWorkflow, open_channel
from finopsmetrics.integrations.teams.message import rendered

__all__ = ["Settings", "TeamsWorkflow", "open_channel", "rendered"]
