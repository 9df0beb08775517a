"""Who may do what: users, teams, roles, sessions, tokens."""

from finopsmetrics.iam.manager import IAMManager
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal

__all__ = ["OWNER", "ForbiddenError", "IAMManager", "Principal"]
