"""The doors of a server: how users, tokens and single sign-on are looked up, and who was turned away lately."""

from __future__ import annotations

from functools import cached_property

from finopsmetrics.api.attempts import Attempts
from finopsmetrics.iam.manager import IAMManager
from finopsmetrics.iam.sign_on import Settings, SignOn
from finopsmetrics.runtime.workspace import Workspace


class Doors:
    """What decides who may come in, made when somebody first asks."""

    def __init__(self, workspace: Workspace, *, allow_remote: bool) -> None:
        self._workspace = workspace
        self.allow_remote = allow_remote
        self.attempts = Attempts()

    @cached_property
    def iam(self) -> IAMManager:
        """The users, sessions and tokens of the home."""
        return IAMManager(self._workspace.opened)

    @cached_property
    def sign_on(self) -> SignOn | None:
        """Single sign-on, where the environment names a provider. Raises UsageError for settings that cannot be used."""
        settings = Settings.of_environment()
        opened = self._workspace.opened
        return SignOn(settings, opened.database, opened.now) if settings else None
