"""Acting: a workspace as one principal may use it. Every face works through it, so that none can forget to ask."""

from __future__ import annotations

from functools import cached_property

from finopsmetrics.iam.principal import Principal
from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.runtime.workspace import Workspace


class Acting:
    """What one principal may see and do in a workspace."""

    def __init__(self, workspace: Workspace, principal: Principal) -> None:
        self.workspace = workspace
        self.principal = principal

    def require(self, permission: str) -> None:
        """Raise ForbiddenError unless the principal holds `<what>:<verb>`."""
        self.principal.require(permission)

    @cached_property
    def costs(self) -> CostObservatory:
        """The observatory over the charges that the principal may see. Raises ForbiddenError without `costs:read`."""
        self.require("costs:read")
        return CostObservatory(opened=self.workspace.opened, scope=self.principal.scope, now=self.workspace.now)
