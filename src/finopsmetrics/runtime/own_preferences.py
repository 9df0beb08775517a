"""How one asker wants to hear: their own preference, read and written without a right to anybody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import UsageError
from finopsmetrics.iac.checked import checked
from finopsmetrics.kinds.notification_preference import NotificationPreference
from finopsmetrics.store import people
from finopsmetrics.store.specs import SpecBook, bodies

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

KIND = "notification_preference"


class OwnPreference:
    """The preference of the user who asks; a service's token and the owner of the machine have none."""

    def __init__(self, acting: Acting) -> None:
        self._opened, principal = acting.workspace.opened, acting.principal
        if principal.user_id is None:
            cure = "Log in as a user; or declare a notification_preference that names one."
            raise UsageError("Only a user has a preference of their own.", cure=cure)
        with self._opened.database.read() as connection:
            row = people.one_user(connection, id=principal.user_id)
        if row is None:
            raise UsageError("Only a user has a preference of their own.", cure="Log in again.")
        # The user's name, also where a token of theirs asks, which has one of its own.
        self._name, self._known_by = str(row["name"]), [one.casefold() for one in (row["name"], row["email"]) if one]
        self._book, self._actor = SpecBook(self._opened.database, self._opened.now), principal.name

    def get(self) -> NotificationPreference | None:
        """The preference; None when there is none: everything is heard as rules say it."""
        name, body = self._kept()
        return NotificationPreference.read({**body, "name": name}) if body is not None else None

    def set(self, changes: Mapping[str, Any]) -> NotificationPreference:
        """Change fields of it; None takes one back to its default. Raises SpecError."""
        odd = {"name", "user"} & changes.keys()
        if odd:
            raise UsageError(f"{', '.join(sorted(odd))} cannot be changed here.", cure="It is yours, and stays so.")
        name, body = self._kept()
        fields = {"user": self._name, **(body or {}), **changes}
        told = {field: value for field, value in fields.items() if value is not None}
        spec = checked(KIND, {**told, "name": name})
        assert isinstance(spec, NotificationPreference)
        self._book.put(KIND, name, spec.plain(), actor=self._actor)
        return spec

    def _kept(self) -> tuple[str, dict[str, Any] | None]:
        """The name and body of the asker's preference: the first that names them, as the engine takes it."""
        with self._opened.database.read() as connection:
            known = bodies(connection, KIND)
        on = [(name, body) for name, body in sorted(known.items()) if body.get("enabled", True)]
        for mine in self._known_by:
            for name, body in on:
                if str(body.get("user", "")).casefold() == mine:
                    return name, dict(body)
        free = self._name if self._name not in known else f"{self._name} (own)"
        return free, None
