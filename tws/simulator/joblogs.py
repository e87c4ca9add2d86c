"""Job logs, made line by line: a run's log can be long without ever being held."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tws.simulator.catalogue import Job, Stream
from tws.simulator.definitions import script_of
from tws.simulator.keys import Keys
from tws.simulator.plan import Plan
from tws.simulator.records import job_number
from tws.simulator.schedule import HalfDay, Run

RULE = "=" * 63
LONG_LOG_LINES = 120_000


class JobLog:
    """The log of one run as it stands now: it grows while the job runs.

    Its times are those of the clock of the workstation that ran it, as in HWA's logs.
    """

    def __init__(self, plan: Plan, keys: Keys, half: HalfDay, at: int, number: int) -> None:
        self._plan = plan
        self._half = half
        self._stream: Stream = half.stream_of[at]
        self._job: Job = half.job(at)
        self._run: Run = half.runs[at][number - 1]
        self._zone = ZoneInfo(keys.zone(self._run.workstation))
        self._header = self._make_header(keys, at, number)
        self._seed = f"{plan.catalogue.seed} {half.number} {at} {number}"
        self._steps = self._progress_lines()
        ended = self._run.end <= plan.now
        self._footer = self._make_footer() if ended else []

    def __len__(self) -> int:
        return len(self._header) + self._steps + len(self._tail())

    def lines(self, first: int, last: int | None, *, content_only: bool) -> Iterator[str]:
        """Lines first…last, counted from 1; without header and footer if content only."""
        header = [] if content_only else self._header
        tail = self._tail(content_only=content_only)
        fixed_end = len(header) + self._steps
        total = fixed_end + len(tail)
        for number in range(max(first, 1), min(last or total, total) + 1):
            if number <= len(header):
                yield header[number - 1]
            elif number <= fixed_end:
                yield self._progress(number - len(header))
            else:
                yield tail[number - fixed_end - 1]

    def _tail(self, *, content_only: bool = False) -> list[str]:
        if not self._footer:
            return []
        return self._cause_lines() + ([] if content_only else self._footer)

    def _progress_lines(self) -> int:
        """How many lines of progress there are by now."""
        pick = random.Random(self._seed)  # noqa: S311  not a secret
        whole = LONG_LOG_LINES if pick.random() < 0.004 else pick.randrange(6, 60)
        span = max(1, self._run.end - self._run.start)
        passed = max(0, min(self._plan.now, self._run.end) - self._run.start)
        return max(1, whole * passed // span)

    def _progress(self, number: int) -> str:
        run = self._run
        span = max(1, min(self._plan.now, run.end) - run.start)
        at = run.start + span * number // (self._steps + 1)
        stamp = datetime.fromtimestamp(at, self._zone)
        if number == 1:
            return f"{stamp:%H:%M:%S} INFO inicio de {self._job.name} por {self._stream.user}"
        return f"{stamp:%H:%M:%S} INFO lote {number - 1}: {number * 137 % 997 + 1} registros lidos"

    def _make_header(self, keys: Keys, at: int, number: int) -> list[str]:
        stream, job, run = self._stream, self._job, self._run
        scheduled = datetime.fromtimestamp(self._half.scheduled_at(stream), UTC)
        workstation = keys.workstation_key(job.workstation)
        started = datetime.fromtimestamp(run.start, self._zone)
        return [
            RULE,
            f"= JOB       : {workstation}#{stream.folder}/{stream.name}"
            f"[({scheduled:%H%M %m/%d/%y}),({stream.name})].{job.name}",
            f"= TASK      : {script_of(stream, job)}",
            f"= USER      : {stream.user}",
            f"= AGENT     : {keys.workstation_key(run.workstation)}",
            f"= Job Number: {job_number(self._half, at, number)}",
            f"= {started:%a %m/%d/%Y %H:%M:%S %Z}",
            RULE,
        ]

    def _cause_lines(self) -> list[str]:
        run, job, stream = self._run, self._job, self._stream
        stamp = datetime.fromtimestamp(run.end, self._zone)
        if run.cause is None:
            return [f"{stamp:%H:%M:%S} INFO {job.name} terminou sem erros"]
        words = {
            "name": job.name,
            "lower": job.name.lower(),
            "upper": stream.user.upper(),
            "user": stream.user,
            "workstation": self._plan.catalogue.workstations[run.workstation].name,
        }
        return [f"{stamp:%H:%M:%S} {line.format(**words)}" for line in run.cause.lines]

    def _make_footer(self) -> list[str]:
        run = self._run
        status = "not started" if run.return_code is None else str(run.return_code)
        seconds = run.end - run.start
        ended = datetime.fromtimestamp(run.end, self._zone)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return [
            RULE,
            f"= Exit Status           : {status}",
            f"= Elapsed Time (hh:mm:ss) : {clock}",
            f"= {ended:%a %m/%d/%Y %H:%M:%S %Z}",
            RULE,
        ]
