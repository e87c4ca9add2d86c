"""The plan at a moment: two half days, and the state of each job by the clock."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate

from tws.simulator.catalogue import HALF_DAY, Catalogue, Stream, collector_paused
from tws.simulator.conditions import Conditions
from tws.simulator.schedule import NEVER, SUBMITTED_BEFORE, HalfDay, Hold, Run
from tws.simulator.states import BROKEN, DONE, READY, RUNNING, State


class Clock:
    """The simulator's time: the real one, or faster from a given start."""

    def __init__(self, speed: float = 1.0, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._speed = speed
        self._origin = now()

    def now(self) -> int:
        return int(self._origin + (self._now() - self._origin) * self._speed)


class Plan:
    """All jobs and streams that are in the plan now.

    The half day that is under way and the one before it. Rows number the jobs of both, the older
    half first; they change their meaning when a new half day comes in, as with JnextPlan. With
    `carry_forward` what had not ended by then stays for one half day more.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock, *, carry_forward: bool = False) -> None:
        self.catalogue = catalogue
        self.carry_forward = carry_forward
        self.conditions = Conditions(catalogue)
        self.now = 0
        self._clock = clock
        self._halves: dict[int, HalfDay] = {}
        self.halves: tuple[HalfDay, ...]
        self._first_rows: list[int] = []
        self.states = bytearray()
        self.ended_at: list[int | None] = []  # when the last run ended; None while one is on
        self._next_change: list[int] = []
        self._stream_states: dict[tuple[int, int], str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Bring every state up to the clock."""
        now = self._clock.now()
        if now == self.now:
            return
        if now // HALF_DAY != self.now // HALF_DAY:
            self._extend(now // HALF_DAY)
        self.now = now
        due = [row for row, at in enumerate(self._next_change) if at <= now]
        for row in due:
            self._move(row)

    def _extend(self, number: int) -> None:
        wanted = range(number - 1 - self.carry_forward, number + 1)
        with collector_paused():
            self._halves = {
                n: self._halves.get(n) or HalfDay(self.catalogue, self.conditions, n)
                for n in wanted
            }
        halves = list(self._halves.values())
        if self.carry_forward:
            halves[0] = halves[0].carried_forward(at=number * HALF_DAY)
        self.halves = tuple(halves)
        sizes = [len(half.changes) for half in halves]
        self._first_rows = [0, *accumulate(sizes[:-1])]
        rows = sum(sizes)
        self.states = bytearray(rows)
        self.ended_at = [None] * rows
        self._stream_states = {}
        self._next_change = [0] * rows

    def _move(self, row: int) -> None:
        half, at = self.locate(row)
        changes = half.changes[at]
        times = changes[::2]
        passed = bisect_right(times, self.now)
        self.states[row] = changes[2 * passed - 1] if passed else State.WAITS_FOR_TIME
        self._next_change[row] = times[passed] if passed < len(times) else NEVER
        ends = [run.end for run in half.runs[at] if run.end <= self.now]
        runs_now = self.states[row] in (State.INTRODUCED, State.EXECUTING)
        self.ended_at[row] = ends[-1] if ends and not runs_now else None
        self._stream_states.pop((half.number, half.stream_of[at].index), None)

    # Where things are

    def __len__(self) -> int:
        return len(self.states)

    def locate(self, row: int) -> tuple[HalfDay, int]:
        place = bisect_right(self._first_rows, row) - 1
        return self.halves[place], row - self._first_rows[place]

    def row(self, half: HalfDay, at: int) -> int:
        return at + self._first_rows[self.halves.index(half)]

    def half(self, number: int) -> HalfDay | None:
        return self._halves.get(number)

    def streams(self) -> Iterator[tuple[HalfDay, Stream]]:
        for half in self.halves:
            for stream in half.streams:
                yield half, stream

    # What is the case now

    def state(self, half: HalfDay, at: int) -> State:
        return State(self.states[self.row(half, at)])

    def runs(self, half: HalfDay, at: int) -> list[Run]:
        """The runs that have been submitted."""
        return [run for run in half.runs[at] if run.start - SUBMITTED_BEFORE <= self.now]

    def is_satisfied(self, half: HalfDay, at: int) -> bool:
        return half.satisfied_at[at] <= self.now

    def stream_is_satisfied(self, half: HalfDay, stream: Stream) -> bool:
        return half.stream_satisfied_at.get(stream.index, NEVER) <= self.now

    def stream_status(self, half: HalfDay, stream: Stream) -> str:
        """A stream's status follows from its jobs'."""
        key = (half.number, stream.index)
        status = self._stream_states.get(key)
        if status is None:
            first = self.row(half, half.first_row[stream.index])
            status = _stream_status(bytes(self.states[first : first + len(stream.jobs)]))
            self._stream_states[key] = status
        return status

    def holders(self, resource: int) -> list[tuple[HalfDay, Hold]]:
        return [
            (half, hold)
            for half in self.halves
            for hold in half.holds[resource]
            if hold.start <= self.now < hold.end
        ]

    def is_late(self, half: HalfDay, at: int) -> bool:
        """Not started by its latest start, or not done by its deadline."""
        return half.late_at[at] < self.now

    def deadline_passed(self, half: HalfDay, at: int) -> bool:
        return half.deadline_missed_at[at] < self.now


@lru_cache(maxsize=50_000)
def _stream_status(states: bytes) -> str:
    present = {State(one) for one in states}
    if present <= DONE:
        return "SUCC"
    if present & RUNNING:
        return "EXEC"
    if present & READY:
        return "EXEC" if present & DONE else "READY"
    if present & BROKEN:
        return "ABEND" if present <= BROKEN | DONE else "STUCK"
    return "EXEC" if present & DONE else "HOLD"
