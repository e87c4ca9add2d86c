"""A run's job log, read now: its end, and the lines that state a cause with what stands around."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from knowledge.secrets import mask_secrets
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.hwa.joblog import RANGE_LINES
from tws.hwa.readings import LogPart
from tws.plan.models import PlanEngine, PlanJob, PlanRun, PlanWorkstation
from tws.plan.query.values import plain

LINES = 25
MOST_LINES = 100
MOST_CAUSES = 6
AROUND = 2
"""So many lines before and after a cause are shown with it."""
LONGEST_LINE = 400

# What states a cause in a job log, in the words of shells, databases, Java and HWA itself.
_CAUSE = re.compile(
    r"(?<!\b0 )(?<!\bno )(?<!\bsem )(?<!\bwithout )"
    r"\b(error|erro|fatal|severe|exception|ORA-\d{5}|SQL\d{4,5}N|AWS[A-Z]{2,4}\d{3,4}E"
    r"|denied|refused|not found|no such file|no space|cannot|could not|timed? ?out|killed"
    r"|out ?of ?memory|deadlock|unlinked|abend(?:ed)?|rejected|does not exist)\b",
    re.IGNORECASE,
)


class NoLog(LookupError):
    """There is no such run, or HWA gives its log no address; the message says which."""


async def read_log(
    client: TWSClient, job_id: str, number: int | None = None, lines: int | None = None
) -> tuple[dict[str, Any], datetime]:
    """The log of a job's run (the last one, or that `number`), and when it was read.

    `lines` are numbered as in the log: the last ones and those around each `cause`. `matched` is
    how many lines the log has, null when it goes on; `complete`: whether all were looked through.
    NoLog, or what the client raises.
    """
    run = await in_database(_run, client.engine.name, job_id, number)
    reading = await client.job_log_tail(run["run_id"], RANGE_LINES)
    return {**run, **excerpt(reading.value, lines or LINES)}, reading.fetched_at


def excerpt(part: LogPart, wanted: int) -> dict[str, Any]:
    """What is shown of these lines: at most MOST_LINES, in order, secrets masked."""
    numbered = dict(enumerate(part.lines, part.first_line))
    stating = [number for number, text in numbered.items() if _CAUSE.search(text)]
    causes = stating[-MOST_CAUSES:]
    around = {
        near for cause in causes for near in range(cause - AROUND, cause + AROUND + 1)
    } & numbered.keys()
    end = list(numbered)[-min(wanted, MOST_LINES) :]
    shown = sorted(around | set(end))[-MOST_LINES:]
    return {
        "matched": part.last_line if part.at_end else None,
        "first_line": part.first_line,
        "last_line": part.last_line,
        "cause": [_line(number, numbered[number]) for number in causes],
        "causes_matched": len(stating),
        "lines": [_line(number, numbered[number]) for number in shown],
        "shown": len(shown),
        "complete": part.at_end and not part.cut and part.first_line == 1,
    }


def _line(number: int, text: str) -> dict[str, Any]:
    return {"number": number, "text": mask_secrets(text[:LONGEST_LINE])}


def _run(engine: str, job_id: str, number: int | None) -> dict[str, Any]:
    runs = PlanRun.objects.filter(engine=engine, job_id=job_id).order_by("-number", "-pk")
    run = (runs if number is None else runs.filter(number=number)).first()
    if run is None:
        which = "has not run" if number is None else f"has no run {number}"
        raise NoLog(f"The job {which} in this plan: there is no log of it.")
    if run.run_id.startswith(f"{job_id} "):  # made up by us where HWA gives none
        raise NoLog("HWA does not say how the log of this run is called.")
    return {
        "job": run.job_name,
        "stream": run.stream_name,
        "workstation": run.actual_workstation or run.workstation or None,
        "job_id": job_id,
        "run_id": run.run_id,
        "number": run.number,
        "status": run.status,
        "group": run.group or None,
        "return_code": run.return_code,
        "start": plain(run.started_at),
        "end": plain(run.ended_at),
        "time_zone": _zone(engine, run) or None,
    }


def _zone(engine: str, run: PlanRun) -> str:
    """The zone of the times in the log: its workstation's, else the job's, else the engine's."""
    at = PlanWorkstation.objects.filter(engine=engine, name=run.actual_workstation)
    job = PlanJob.objects.filter(engine=engine, hwa_id=run.job_id)
    said = (rows.values_list("time_zone", flat=True).first() for rows in (at, job))
    return next(filter(None, said), "") or PlanEngine.of(engine).time_zone
