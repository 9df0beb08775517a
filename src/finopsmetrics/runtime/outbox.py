"""The outbox as one principal may see and steer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finopsmetrics.store import outbox
from finopsmetrics.store.audit import record
from finopsmetrics.store.outbox import Attempt, Message

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting


class Outbox:
    """`notifications:read` to see messages, `notifications:write` to steer them; both over all charges."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._opened = acting.workspace.opened

    def all(self, *, states: Sequence[str] = (), channel: str | None = None, limit: int = 50, offset: int = 0) -> list[Message]:
        """Messages, those put last first."""
        self._may("notifications:read")
        with self._opened.database.read() as connection:
            return outbox.page(connection, states=states, channel=channel, limit=limit, offset=offset)

    def one(self, message_id: str) -> tuple[Message, list[Attempt]]:
        """One message and the attempts to deliver it. Raises NotFoundError."""
        self._may("notifications:read")
        with self._opened.database.read() as connection:
            return outbox.get(connection, message_id), outbox.attempts(connection, message_id)

    def retry(self, message_id: str) -> Message:
        """Let a message go out at once, with all its attempts before it again; see `store.outbox.retry`."""
        self._may("notifications:write")
        return self._steered(message_id, "message.retried")

    def drop(self, message_id: str) -> Message:
        """Let a message not go out. Raises NotFoundError, and ConflictError for one that was sent."""
        self._may("notifications:write")
        return self._steered(message_id, "message.dropped")

    def _steered(self, message_id: str, action: str) -> Message:
        now = self._opened.now()
        with self._opened.database.write() as connection:
            change = outbox.retry if action == "message.retried" else outbox.drop
            changed = change(connection, message_id, now)
            told = {"channel": changed.channel, "recipient": changed.recipient, "about": changed.notice.about}
            record(connection, now, self._acting.principal.name, action, message_id, told)
            return changed

    def _may(self, permission: str) -> None:
        self._acting.require(permission)
        self._acting.principal.require_all_charges("the outbox")
