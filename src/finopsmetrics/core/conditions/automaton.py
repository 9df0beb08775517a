"""Searches text for a pattern in time linear in the text, whatever the pattern: a deterministic automaton, built lazily.

Python's `re` backtracks, so one careless rule could stall every evaluation; RE2, which DuckDB uses, works this way too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from finopsmetrics.core.conditions.classes import Ranges
from finopsmetrics.core.conditions.pattern import Chars, Choice, Edge, Pattern, Repeat, Sequence, parse_pattern

MAX_MOVES = 20_000
"""Remembered transitions of one pattern; then it forgets them all and starts over."""


class State:
    """A set of places in the pattern where a match may stand."""

    __slots__ = ("accepting", "dead", "moves", "places", "wins_at_end")

    def __init__(self, places: frozenset[int], accepting: bool, wins_at_end: bool, dead: bool) -> None:
        self.places = places
        self.accepting = accepting
        self.wins_at_end = wins_at_end
        self.dead = dead
        self.moves: dict[str, State] = {}


class Automaton:
    """One compiled pattern. `search` is safe to call from several threads."""

    def __init__(self, pattern: Pattern) -> None:
        # A place is a number; it takes a character, waits for an edge of the text, or jumps on.
        self._chars: dict[int, Ranges] = {}
        self._edges: dict[int, str] = {}
        self._jumps: dict[int, tuple[int, ...]] = {}
        self._goal = 0
        self._compile(pattern)
        self._restart = self._reach([0])
        self._forget()

    def search(self, text: str) -> bool:
        """True when the pattern is found anywhere in the text."""
        state = self._first
        for char in text:
            if state.accepting:
                return True
            if state.dead:
                return False
            state = state.moves.get(char) or self._move(state, char)
        return state.accepting or state.wins_at_end or (not text and self._wins_empty)

    def _compile(self, pattern: Pattern) -> None:
        """Append the places of a pattern; `_goal` is always the place behind the last one."""
        match pattern:
            case Chars():
                self._chars[self._append()] = pattern.ranges
            case Edge():
                self._edges[self._append()] = pattern.side
            case Sequence():
                for item in pattern.items:
                    self._compile(item)
            case Choice():
                self._compile_choice(pattern)
            case Repeat():
                self._compile_repeat(pattern)

    def _compile_choice(self, pattern: Choice) -> None:
        fork = self._append()
        starts, exits = [], []
        for branch in pattern.branches:
            starts.append(self._goal)
            self._compile(branch)
            exits.append(self._append())
        self._jumps[fork] = tuple(starts)
        for place in exits:
            self._jumps[place] = (self._goal,)

    def _compile_repeat(self, pattern: Repeat) -> None:
        for _ in range(pattern.low):
            self._compile(pattern.item)
        if pattern.high is None:
            fork = self._append()
            self._compile(pattern.item)
            self._jumps[self._append()] = (fork,)
            self._jumps[fork] = (fork + 1, self._goal)
            return
        forks = []
        for _ in range(pattern.high - pattern.low):
            forks.append(self._append())
            self._compile(pattern.item)
        for fork in forks:
            self._jumps[fork] = (fork + 1, self._goal)

    def _append(self) -> int:
        self._goal += 1
        return self._goal - 1

    def _reach(self, places: Iterable[int], *, at_start: bool = False, at_end: bool = False) -> frozenset[int]:
        """All places reachable without a character that take one, wait for the end, or are the goal."""
        seen: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            waiting.extend(self._jumps.get(place, ()))
            edge = self._edges.get(place)
            if (at_start and edge == "^") or (at_end and edge == "$"):
                waiting.append(place + 1)
        return frozenset(place for place in seen if place in self._chars or place == self._goal or self._edges.get(place) == "$")

    def _state(self, places: frozenset[int]) -> State:
        known = self._states.get(places)
        if known is None:
            wins_at_end = self._goal in self._reach(places, at_end=True)
            known = State(places, self._goal in places, wins_at_end, not places)
            self._states[places] = known
        return known

    def _move(self, state: State, char: str) -> State:
        if self._moves >= MAX_MOVES:
            self._forget()
        code = ord(char)
        following = [place + 1 for place in state.places if self._takes(place, code)]
        moved = self._state(self._reach(following) | self._restart)
        state.moves[char] = moved
        self._moves += 1
        return moved

    def _takes(self, place: int, code: int) -> bool:
        return any(low <= code <= high for low, high in self._chars.get(place, ()))

    def _forget(self) -> None:
        self._states: dict[frozenset[int], State] = {}
        self._moves = 0
        self._first = self._state(self._reach([0], at_start=True))
        self._wins_empty = self._goal in self._reach([0], at_start=True, at_end=True)


@lru_cache(maxsize=1024)
def automaton(pattern: str) -> Automaton:
    """The automaton of a pattern, compiled once. Raises ConditionError for a pattern that is refused."""
    return Automaton(parse_pattern(pattern))
