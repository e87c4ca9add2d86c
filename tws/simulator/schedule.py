"""What happens in half a day: every wait, run, failure and rerun, decided at once.

A job becomes ready when its last predecessor has ended, its time has come, its prompt is answered
and its file is there; then the workstation and the resource must allow it; then it runs, and may
fail. The events are worked off in the order of time, so that a resource is never given out twice
and a job waits for one only while all its units are held.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import copy
from heapq import heappop, heappush
from typing import NamedTuple

from tws.simulator.catalogue import HALF_DAY, Catalogue, Job, Stream
from tws.simulator.causes import AGENT_UNLINKED, CAUSES, Cause
from tws.simulator.conditions import Conditions
from tws.simulator.states import State

NEVER = 1 << 62
SUBMITTED_BEFORE = 2  # seconds between a run's submission and its start
FAILURE_RATE = 0.028
OPERATOR_RERUNS = 0.45
BY_ROW = (
    "stream_of", "position_of", "changes", "runs", "satisfied_at", "deadline_missed_at", "late_at",
)  # fmt: skip


class Run(NamedTuple):
    start: int
    end: int
    state: State  # how it ended
    return_code: int | None
    cause: Cause | None
    kind: str  # REGULAR, RECOVERY_RERUN, RERUN
    workstation: int
    confirmed_at: int | None


class Prompt(NamedTuple):
    asked_at: int
    answered_at: int


class Hold(NamedTuple):
    """A unit of a resource in a job's hands."""

    start: int
    end: int
    row: int


class HalfDay:
    """The streams scheduled in one half day, with all that becomes of them.

    Jobs are rows 0…n-1, stream after stream. `changes[row]` is (time, state, time, state, …) in
    order of time; before the first, a job waits for its time.
    """

    def __init__(self, catalogue: Catalogue, conditions: Conditions, number: int) -> None:
        self.number = number
        self.start = number * HALF_DAY
        self.catalogue = catalogue
        self.streams = sorted(
            (s for s in catalogue.streams if s.half == number % 2), key=lambda s: (s.phase, s.index)
        )
        self.first_row: dict[int, int] = {}
        self.stream_of: list[Stream] = []
        self.position_of: list[int] = []
        for stream in self.streams:
            self.first_row[stream.index] = len(self.stream_of)
            self.stream_of += [stream] * len(stream.jobs)
            self.position_of += range(len(stream.jobs))
        rows = len(self.stream_of)
        self.changes: list[tuple[int, ...]] = [()] * rows
        self.runs: list[tuple[Run, ...]] = [()] * rows
        self.satisfied_at: list[int] = [NEVER] * rows
        self.stream_satisfied_at: dict[int, int] = {}
        self.prompts: dict[int, Prompt] = {}  # by row
        self.stream_prompts: dict[int, Prompt] = {}  # by stream
        self.file_arrives_at: dict[int, int] = {}
        self.holds: list[list[Hold]] = [[] for _ in catalogue.resources]
        _Unfolding(self, conditions).run()
        # From when on a job has missed its deadline, and from when on it is late at all.
        self.deadline_missed_at: list[int] = [NEVER] * rows
        self.late_at: list[int] = [NEVER] * rows
        for row in range(rows):
            self._note_lateness(row)

    def _note_lateness(self, row: int) -> None:
        job = self.job(row)
        scheduled = self.scheduled_at(self.stream_of[row])
        if job.deadline is not None and self.satisfied_at[row] > scheduled + job.deadline:
            self.deadline_missed_at[row] = self.late_at[row] = scheduled + job.deadline
        if job.latest_start is not None:
            limit = scheduled + job.latest_start
            if not self.runs[row] or self.runs[row][0].start > limit:
                self.late_at[row] = min(self.late_at[row], limit)

    def carried_forward(self, at: int) -> HalfDay:
        """What of this half day had not ended at the moment, with all that becomes of it."""
        part = copy(self)
        part.streams = [
            one for one in self.streams if self.stream_satisfied_at.get(one.index, NEVER) > at
        ]
        rows = [row for stream in part.streams for row in self.rows_of(stream)]
        new = {row: place for place, row in enumerate(rows)}
        part.first_row = {one.index: new[self.first_row[one.index]] for one in part.streams}
        for name in BY_ROW:
            values = getattr(self, name)
            setattr(part, name, [values[row] for row in rows])
        part.prompts = {new[row]: one for row, one in self.prompts.items() if row in new}
        part.file_arrives_at = {
            new[row]: moment for row, moment in self.file_arrives_at.items() if row in new
        }
        part.holds = [
            [hold._replace(row=new[hold.row]) for hold in holds if hold.row in new]
            for holds in self.holds
        ]
        return part

    def scheduled_at(self, stream: Stream) -> int:
        return self.start + stream.phase % HALF_DAY

    def rows_of(self, stream: Stream) -> range:
        first = self.first_row[stream.index]
        return range(first, first + len(stream.jobs))

    def job(self, row: int) -> Job:
        return self.stream_of[row].jobs[self.position_of[row]]


class _Unfolding:
    """Works the half day off, once."""

    def __init__(self, half: HalfDay, conditions: Conditions) -> None:
        self._half = half
        self._conditions = conditions
        self._random = random.Random(f"half day {half.catalogue.seed} {half.number}")  # noqa: S311  not a secret
        self._events: list[tuple[int, int]] = []  # (time, row)
        self._waits_on: list[int] = [0] * len(half.stream_of)
        self._stream_waits_on = {s.index: len(s.follows) for s in half.streams}
        self._stream_ready_at = {s.index: half.scheduled_at(s) for s in half.streams}
        self._left_in = {s.index: len(s.jobs) for s in half.streams}
        self._ready_at: list[int] = [0] * len(half.stream_of)
        self._story: dict[int, list[int]] = {}
        self._units = [[0] * r.quantity for r in half.catalogue.resources]  # free at

    def run(self) -> None:
        half = self._half
        for stream in half.streams:
            before = stream.shape.predecessors
            for row in half.rows_of(stream):
                self._waits_on[row] = half.job(row).join or len(before[half.position_of[row]])
        for stream in half.streams:
            if not stream.follows:
                self._release_stream(stream)
        while self._events:
            at, row = heappop(self._events)
            self._dispatch(row, at)
        for row in range(len(half.stream_of)):
            if not half.changes[row]:
                half.changes[row] = tuple(self._never_ready(row))

    def _release_stream(self, stream: Stream) -> None:
        half = self._half
        ready = self._stream_ready_at[stream.index]
        if stream.prompt:
            prompt = self._ask(ready)
            half.stream_prompts[stream.index] = prompt
            ready = prompt.answered_at
        if ready == NEVER:
            return
        self._stream_ready_at[stream.index] = ready
        for row in half.rows_of(stream):
            if self._waits_on[row] == 0:
                self._become_ready(row, ready)

    def _become_ready(self, row: int, at: int) -> None:
        """All predecessors are done: what else holds the job, and until when."""
        half = self._half
        stream, job = half.stream_of[row], half.job(row)
        scheduled = half.scheduled_at(stream)
        story = self._waiting_story(stream, at)
        for until, state in self._other_holds(row, job, scheduled, at):
            if until > at:
                story += (at, state)
                at = until
            if at == NEVER:
                half.changes[row] = tuple(story)
                return
        self._story[row] = story
        heappush(self._events, (at, row))

    def _other_holds(
        self, row: int, job: Job, scheduled: int, at: int
    ) -> Iterator[tuple[int, State]]:
        if job.at is not None:
            yield scheduled + job.at, State.WAITS_FOR_TIME
            at = max(at, scheduled + job.at)
        if job.prompt:
            prompt = self._half.prompts[row] = self._ask(at)
            yield prompt.answered_at, State.WAITS_FOR_PROMPT
            at = max(at, prompt.answered_at)
        if job.file and at < NEVER:
            late = self._random.random() < 0.3
            arrives = at + self._random.randrange(300, 5_400) if late else at
            self._half.file_arrives_at[row] = arrives
            yield arrives, State.WAITS_FOR_FILE
            at = arrives
        if job.priority == 0:
            released = self._random.random() < 0.7
            yield (
                (at + self._random.randrange(600, 7_200) if released else NEVER),
                (State.PRIORITY_ZERO),
            )

    def _ask(self, at: int) -> Prompt:
        answered = self._random.random() < 0.75
        return Prompt(at, at + self._random.randrange(120, 5_400) if answered else NEVER)

    def _waiting_story(self, stream: Stream, until: int) -> list[int]:
        """From the stream's time on, a job waits for what comes before it."""
        scheduled = self._half.scheduled_at(stream)
        asked = self._half.stream_prompts.get(stream.index)
        if until <= scheduled:
            return []
        if asked is None or asked.asked_at >= until:
            return [scheduled, State.WAITS_FOR_PREDECESSOR]
        story = [asked.asked_at, int(State.WAITS_FOR_PROMPT)]
        if asked.asked_at > scheduled:
            story = [scheduled, State.WAITS_FOR_PREDECESSOR, *story]
        if asked.answered_at < until:
            story += (asked.answered_at, State.WAITS_FOR_PREDECESSOR)
        return story

    def _never_ready(self, row: int) -> list[int]:
        return self._waiting_story(self._half.stream_of[row], NEVER)

    def _dispatch(self, row: int, at: int) -> None:
        """The job is ready: start it, or wait for what the workstation or a resource denies it."""
        story = self._story[row]
        job = self._half.job(row)
        denied = self._denied(job, at)
        if denied is not None:
            until, state = denied
            story += (at, state)
            heappush(self._events, (until, row))
            return
        run = self._perform(row, job, at)
        self._half.runs[row] += (run,)
        story += (at, State.INTRODUCED, run.start, State.EXECUTING)
        if run.confirmed_at is not None:
            story += (run.end, State.AWAITS_CONFIRMATION, run.confirmed_at, run.state)
        else:
            story += (run.end, run.state)
        self._after(row, job, run)

    def _denied(self, job: Job, at: int) -> tuple[int, State] | None:
        conditions, workstation = self._conditions, job.workstation
        until = conditions.no_jobs_until(workstation, at)
        if until is not None:
            return until, State.WAITS_FOR_LIMIT
        until = conditions.unlinked_until(workstation, at)
        if until is None:
            until = conditions.no_jobman_until(workstation, at)
        if until is not None:
            return until, State.WAITS_FOR_AGENT
        until = conditions.fenced_until(workstation, at)
        if until is not None and job.priority <= conditions.fence(workstation, at):
            return until, State.BEHIND_FENCE
        if job.resource is not None:
            free_at = min(self._units[job.resource])
            if free_at > at:
                return free_at, State.WAITS_FOR_RESOURCE
        return None

    def _perform(self, row: int, job: Job, at: int) -> Run:
        pick = self._random
        attempt = len(self._half.runs[row])
        start = at + SUBMITTED_BEFORE
        seconds = max(5, int(job.seconds * pick.uniform(0.6, 1.5)))
        if pick.random() < 0.02:
            seconds *= pick.randrange(3, 8)  # now and then a job takes far longer than usual
        end = start + seconds
        kind = "REGULAR"
        if attempt:
            kind = "RECOVERY_RERUN" if attempt <= job.repeats else "RERUN"
        cause = self._cause(attempt)
        lost = self._conditions.link_lost_between(job.workstation, start, end)
        if lost is not None and pick.random() < 0.5:
            cause, end = AGENT_UNLINKED, lost
        elif cause is not None:
            end = start + max(3, int(seconds * pick.uniform(0.1, 0.9)))
        state: State
        code: int | None
        if cause is None:
            state, code = State.SUCCESSFUL, 0
        elif cause.starts:
            state, code = State.ABENDED, cause.return_code
        else:
            end, state, code = start + 1, State.FAILED, None
        confirmed = end + pick.randrange(300, 7_200) if job.confirm and cause is None else None
        if job.resource is not None:
            self._hold(row, job.resource, at, end)
        return Run(start, end, state, code, cause, kind, job.workstation, confirmed)

    def _cause(self, attempt: int) -> Cause | None:
        rate = FAILURE_RATE if attempt == 0 else 0.4
        if self._random.random() >= rate:
            return None
        return self._random.choices(CAUSES, [cause.weight for cause in CAUSES])[0]

    def _hold(self, row: int, resource: int, start: int, end: int) -> None:
        units = self._units[resource]
        units[units.index(min(units))] = end
        self._half.holds[resource].append(Hold(start, end, row))

    def _after(self, row: int, job: Job, run: Run) -> None:
        half = self._half
        attempt = len(half.runs[row])
        if run.state is State.SUCCESSFUL:
            self._satisfied(row, run.confirmed_at or run.end)
        elif job.recovery == "RERUN" and attempt <= job.repeats:
            heappush(self._events, (run.end + 120 * attempt, row))
            return
        elif attempt < 5 and self._random.random() < OPERATOR_RERUNS:
            heappush(self._events, (run.end + self._random.randrange(900, 7_200), row))
            return
        elif job.recovery == "CONTINUE" and run.state is State.ABENDED:
            self._story[row][-1] = State.PASSED_OVER
            self._satisfied(row, run.end)
        half.changes[row] = tuple(self._story.pop(row))

    def _satisfied(self, row: int, at: int) -> None:
        half = self._half
        half.satisfied_at[row] = at
        stream = half.stream_of[row]
        first = half.first_row[stream.index]
        for position in stream.shape.successors[half.position_of[row]]:
            if position < len(stream.jobs):
                self._one_less(first + position, at)
        self._left_in[stream.index] -= 1
        if self._left_in[stream.index] == 0:
            self._stream_done(stream)

    def _one_less(self, row: int, at: int) -> None:
        if self._waits_on[row] <= 0:
            return  # its JOIN was satisfied by others before
        self._ready_at[row] = max(self._ready_at[row], at)
        self._waits_on[row] -= 1
        if self._waits_on[row] == 0:
            self._become_ready(row, self._ready_at[row])

    def _stream_done(self, stream: Stream) -> None:
        half = self._half
        at = max(half.satisfied_at[row] for row in half.rows_of(stream))
        half.stream_satisfied_at[stream.index] = at
        for index in stream.followed_by:
            later = half.catalogue.streams[index]
            self._stream_ready_at[index] = max(self._stream_ready_at[index], at)
            self._stream_waits_on[index] -= 1
            if self._stream_waits_on[index] == 0:
                self._release_stream(later)
