"""Answers that were given already: the same question at the same version of the lake has the same answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from finopsmetrics.observability.query import CostQuery

if TYPE_CHECKING:
    from finopsmetrics.observability.answers import Answer
    from finopsmetrics.store.opened import OpenedHome

MOST_ANSWERS = 512
MOST_ROWS = 5_000
"""Of one answer; a longer one is not remembered."""

MOST_TOGETHER = 60_000
"""Rows of all answers together."""

MOST_RESULTS = 64
Result = TypeVar("Result")
Key = tuple[int, datetime | None, CostQuery]


class AnswerMemory:
    """The newest answers of one home, safe for threads. Questions carry their asker's scope, so nobody gets another's answer."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._rows = 0
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def find(self, key: Key) -> Answer | None:
        """The answer to a narrowed question at a version of the lake, if it is remembered."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def keep(self, key: Key, answer: Answer) -> None:
        """Remember an answer, unless it is a large one; the one that was not asked for longest goes."""
        if len(answer) > MOST_ROWS:
            return
        with self._lock:
            before = self._answers.pop(key, None)
            self._answers[key] = answer
            self._rows += len(answer) - (len(before) if before is not None else 0)
            while len(self._answers) > MOST_ANSWERS or self._rows > MOST_TOGETHER:
                self._rows -= len(self._answers.popitem(last=False)[1])

    def result(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """What `make` gives for a key, made once while it is remembered. The key names all that it depends on."""
        with self._lock:
            own = self._making.setdefault(key, threading.Lock())
        with own:  # whoever asks the same meanwhile waits for this answer
            try:
                return self._made(key, make)
            finally:
                with self._lock:
                    self._making.pop(key, None)

    def _made(self, key: Hashable, make: Callable[[], Result]) -> Result:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                found: Result = self._results[key]
                return found
        made = make()
        with self._lock:
            self._results[key] = made
            while len(self._results) > MOST_RESULTS:
                self._results.popitem(last=False)
        return made


_memories: WeakKeyDictionary[OpenedHome, AnswerMemory] = WeakKeyDictionary()
_lock = threading.Lock()


def memory_of(opened: OpenedHome) -> AnswerMemory:
    """The memory of an open home, made when it is first asked for."""
    with _lock:
        return _memories.setdefault(opened, AnswerMemory())
