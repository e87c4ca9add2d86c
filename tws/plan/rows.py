"""An object as HWA wrote it → a row of the plan.

A row keeps HWA's values; what is computed from them (group, problems, estimated end) is computed
here, once, and not by each who asks. Nothing that the present minute decides is in a row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_json

from knowledge.cleaning import clean_json
from knowledge.hwa.statuses import STATUSES, group_of
from tws.hwa.schemas import (
    CompositeStatus,
    Duration,
    JobInPlan,
    JobRun,
    JobStreamInPlan,
    ResourceInPlan,
    TimeInfo,
    TimeRestrictions,
    WorkstationInPlan,
)
from tws.hwa.tolerance import understand
from tws.plan.models import PlanJob, PlanJobStream, PlanResource, PlanRun, PlanWorkstation

Raw = dict[str, Any]
T = TypeVar("T")

VERSION = b"1"
"""Part of every digest: count it up when rows are made otherwise, and all are written again."""


_UNSTORABLE = (b"\\u0000", b"NaN", b"Infinity")  # PostgreSQL's JSON holds none of them


class Kept(NamedTuple):
    """An object as it is kept, and what tells whether it has changed."""

    raw: Raw
    digest: bytes


def as_kept(raw: Raw) -> Kept:
    """The object without what stands elsewhere or grows by itself, in text that can be stored.

    Dependencies are rows of their own, and lists leave them out. The time that a run has taken so
    far would make each running job a changed one.
    """
    raw.pop("dependencies", None)
    for timed in (raw, *_dicts(raw.get("jobruns"))):
        times = timed.get("timeInfo")
        if isinstance(times, dict) and not times.get("actualEndTime"):
            times.pop("elapsedTime", None)
    try:
        text = to_json(raw)
    except PydanticSerializationError:  # half a character, which UTF-8 has none for
        raw = clean_json(raw)
        text = to_json(raw)
    if any(mark in text for mark in _UNSTORABLE):
        raw = clean_json(raw)
    return Kept(raw, blake2b(text, digest_size=16, person=VERSION).digest())


def id_of(raw: Raw) -> str:
    """What an object is known by: HWA's id, or its whole name where there is none."""
    return as_id(raw.get("id") or raw.get("key") or raw.get("name"))


LONGEST_ID = 256


def as_id(value: Any) -> str:
    """An id as it is kept: some engines number their objects; what is too long is told by what it
    comes to, and is none that HWA can be asked for.

    >>> as_id(42), as_id(None), as_id("x" * 300)[:3]
    ('42', '', '#28')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:x}" if abs(value) >= 2**64 else str(value)
    text = value if isinstance(value, str) else ""
    return (
        text
        if len(text) <= LONGEST_ID
        else f"#{blake2b(text.encode(), digest_size=16).hexdigest()}"
    )


def _dicts(values: Any) -> list[Raw]:
    many = values if isinstance(values, list) else [values]
    return [one for one in many if isinstance(one, dict)]


class RowMaker:
    """Makes the rows of one engine from objects read at one time.

    An odd field costs that field; `left_out` counts the runs and the like that could not be read,
    and the objects of which a time could not.
    """

    def __init__(self, engine: str, plan_number: int, fetched_at: datetime) -> None:
        self._engine = engine
        self._plan_number = plan_number
        self._fetched_at = fetched_at
        self.left_out = 0

    def _understood(self, schema: type[T], kept: Kept) -> T:
        value, odd = understand(schema, kept.raw)
        self.left_out += odd.objects + bool(odd.times)
        return value

    def _object(self, kept: Kept) -> dict[str, Any]:
        return {
            "engine": self._engine,
            "hwa_id": id_of(kept.raw),
            "fetched_at": self._fetched_at,
            **kept._asdict(),
        }

    def make(self, model: type[Model], kept: Kept) -> tuple[Model, list[PlanRun]]:
        """The row of an object, and those of its runs; ValidationError when it is none."""
        if model is PlanJob:
            return self.job(kept)
        if model is PlanJobStream:
            return self.stream(kept), []
        if model is PlanWorkstation:
            return self.workstation(kept), []
        return self.resource(kept), []

    def job(self, kept: Kept) -> tuple[PlanJob, list[PlanRun]]:
        job = self._understood(JobInPlan, kept)
        row = PlanJob(**self._object(kept), **_node(job), **_job(job))
        return row, [self._run(row, job, run, n) for n, run in enumerate(job.jobruns, 1)]

    def stream(self, kept: Kept) -> PlanJobStream:
        stream = self._understood(JobStreamInPlan, kept)
        return PlanJobStream(**self._object(kept), **_node(stream), **_stream(stream))

    def workstation(self, kept: Kept) -> PlanWorkstation:
        return PlanWorkstation(
            **self._object(kept), **_workstation(self._understood(WorkstationInPlan, kept))
        )

    def resource(self, kept: Kept) -> PlanResource:
        return PlanResource(
            **self._object(kept), **_resource(self._understood(ResourceInPlan, kept))
        )

    def _run(self, row: PlanJob, job: JobInPlan, run: JobRun, place: int) -> PlanRun:
        times = run.time_info or TimeInfo()
        number = run.run_attempt if run.run_attempt and run.run_attempt > 0 else place
        started_at = times.actual_start_time
        return PlanRun(
            engine=self._engine,
            run_id=as_id(run.id) or f"{row.hwa_id} {number}",
            plan_number=self._plan_number,
            day=(started_at or self._fetched_at).date(),
            job_id=row.hwa_id,
            job_name=row.name,
            folder=row.folder,
            workstation=row.workstation,
            stream_id=row.stream_id,
            stream_name=row.stream_name,
            stream_workstation=row.stream_workstation,
            scheduled_at=row.scheduled_at,
            login=row.login,
            is_critical=row.is_critical,
            number=number,
            job_number=run.job_number,
            actual_workstation=bare(run.actual_workstation),
            **_status(run.composite_status, run.common_status),
            return_code=run.return_code,
            submitted_at=run.submitted_time,
            started_at=started_at,
            ended_at=times.actual_end_time,
            elapsed_seconds=_elapsed(times),
            estimated_seconds=_seconds(times.estimated_duration),
            is_rerun=run.rerun_job,
            rerun_type=run.rerun_type or "",
            is_last=run.last_in_rerun_chain,
            fetched_at=self._fetched_at,
        )


def _node(node: JobInPlan | JobStreamInPlan) -> dict[str, Any]:
    """What jobs and job streams have in common, without status and times of a run."""
    limits = node.time_restrictions or TimeRestrictions()
    stats = node.dependencies_stats
    return {
        "name": node.name or "",
        "folder": folder_of(node.folder),
        "key": node.key or "",
        "workstation": bare(node.workstation),
        "workstation_folder": folder_of((node.workstation or "").rpartition("/")[0]),
        "scheduled_at": node.sched_time,
        "priority": node.priority,
        "original_priority": node.orig_priority,
        "earliest_start_at": limits.start_time,
        "latest_start_at": limits.latest_start_time,
        "deadline_at": limits.deadline_time,
        "time_zone": node.time_zone or "",
        "dependency_count": stats.number_of_dependencies if stats else None,
        "open_dependency_count": stats.number_of_unresolved_dependencies if stats else None,
    }


def _job(job: JobInPlan) -> dict[str, Any]:
    limits = job.time_restrictions or TimeRestrictions()
    flags, options, definition = job.job_status_flags, job.job_options, job.job_definition
    return {
        **_status(job.last_run_composite_status, job.last_run_common_status),
        **_last_run(job),
        "is_cancelled": job.last_run_composite_status and job.last_run_composite_status.canceled,
        "definition_id": job.job_definition_ref_id or (definition and definition.id) or "",
        "stream_id": as_id(job.job_stream_id),
        "stream_name": job.job_stream_name or "",
        "stream_workstation": bare(job.job_stream_workstation),
        "position": job.position,
        "login": ", ".join(definition.user_logins) if definition else "",
        "description": (definition and definition.description) or "",
        "recovery": (definition and definition.recovery_option) or "",
        "run_count": len(job.jobruns),
        "is_rerun": len(job.jobruns) > 1 or bool(flags and flags.restarted),
        "is_late": flags and flags.job_late,
        "deadline_passed": flags and flags.deadline_has_passed,
        "latest_start_passed": flags and flags.until_gone,
        "is_urgent": flags and flags.promoted_to_urgent_queue,
        "is_critical": options and options.critical,
        "needs_confirmation": options and options.requires_confirmation,
        "is_no_operation": options and options.no_operation,
        "critical_start_at": job.critical_start,
        "confidence_seconds": _seconds(_DURATION.validate_python(job.confidence_interval)),
        "repeats_every_seconds": _seconds(job.repeat_interval),
        "max_duration_seconds": _seconds(limits.max_duration),
        "min_duration_seconds": _seconds(limits.min_duration),
    }


def _last_run(job: JobInPlan) -> dict[str, Any]:
    run = job.last_run
    times = (run and run.time_info) or TimeInfo()
    estimated = times.estimated_duration
    if estimated is None and job.job_definition:
        estimated = job.job_definition.estimated_duration
    return {
        "return_code": run and run.return_code,
        "job_number": run and run.job_number,
        "actual_workstation": bare(run.actual_workstation) if run else "",
        "started_at": times.actual_start_time,
        "ended_at": times.actual_end_time or (None if run else job.end_time),
        "elapsed_seconds": _elapsed(times),
        "estimated_seconds": _seconds(estimated),
        "estimated_end_at": _estimated_end(times, estimated),
    }


def _stream(stream: JobStreamInPlan) -> dict[str, Any]:
    times = stream.time_info or TimeInfo()
    stats, flags = stream.job_stream_stats, stream.js_status_flags
    ended_badly = (stats.number_of_abended_job, stats.number_of_failed_job) if stats else ()
    failed = [count for count in ended_badly if count is not None]
    return {
        **_status(stream.composite_status, stream.common_status),
        "is_cancelled": stream.composite_status and stream.composite_status.canceled,
        "started_at": times.actual_start_time,
        "ended_at": times.actual_end_time,
        "elapsed_seconds": _elapsed(times),
        "estimated_seconds": _seconds(times.estimated_duration),
        "estimated_end_at": _estimated_end(times, times.estimated_duration),
        "definition_id": stream.job_stream_model_id or "",
        "job_limit": stream.limit,
        "job_count": stats and stats.number_of_job,
        "successful_jobs": stats and stats.number_of_successfull_job,
        "running_jobs": stats and stats.number_of_executing_job,
        "failed_jobs": sum(failed) if failed else None,
        "waiting_jobs": stats and stats.number_of_not_running_job,
        "undecided_jobs": stats and stats.number_of_undecided_job,
        "is_late": flags and flags.late_job_stream,
        "is_released": flags and flags.released,
        "waits_for_missing_predecessor": flags and flags.pending_predecessor,
    }


def _status(composite: CompositeStatus | None, common: str | None) -> dict[str, Any]:
    status = ((composite and composite.status) or common or "").strip()
    if status.upper() in STATUSES:
        status = status.upper()
    return {
        "status": status,
        "substatus": (composite and composite.substatus) or "",
        "common_status": common or "",
        "group": group_of(status, common) or "",
    }


def _workstation(place: WorkstationInPlan) -> dict[str, Any]:
    states = set(place.active_states)
    linked = place.linked if states else None
    jobman_up = "JOBMAN_UP" in states if states else None
    problems = {
        "unlinked": linked is False,
        "jobman_down": jobman_up is False,
        "limit_0": place.limit == 0,
        "fence": bool(place.fence),
    }
    return {
        "name": place.name or "",
        "folder": folder_of(place.folder),
        "key": place.key or "",
        "type": place.type or "",
        "host_type": place.host_type or "",
        "os": place.os or "",
        "version": place.version or "",
        "node_name": place.node_name or "",
        "domain": place.domain_name or "",
        "host_workstation": bare(place.host_workstation),
        "agent_id": place.agent_id or "",
        "description": place.description or "",
        "time_zone": place.time_zone or "",
        "started_at": place.time_started,
        "job_limit": place.limit,
        "fence": place.fence,
        "is_linked": linked,
        "is_jobman_up": jobman_up,
        "states": place.active_states,
        "problems": [name for name, holds in problems.items() if holds],
    }


def _resource(resource: ResourceInPlan) -> dict[str, Any]:
    return {
        "name": resource.name or "",
        "folder": folder_of(resource.folder),
        "key": resource.key or "",
        "workstation": bare(resource.workstation),
        "description": resource.description or "",
        "quantity": resource.quantity,
        "available": resource.quantity_available,
        "in_use": resource.quantity_in_use,
        "status": resource.status or "",
        "holders": [one.model_dump(mode="json", exclude_none=True) for one in resource.holders],
    }


# --- single values --------------------------------------------------------------------------

_DURATION: TypeAdapter[timedelta | None] = TypeAdapter(Duration)


def bare(path: str | None) -> str:
    """The name at the end of a path.

    >>> bare("/AGENTS/FTA_SP01"), bare(None)
    ('FTA_SP01', '')
    """
    return (path or "").rpartition("/")[2]


def folder_of(path: str | None) -> str:
    """A folder without the slash at its end, the root as "/".

    >>> folder_of("/RH/FOLHA/"), folder_of("/"), folder_of("")
    ('/RH/FOLHA', '/', '/')
    """
    return (path or "").rstrip("/") or "/"


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _elapsed(times: TimeInfo) -> float | None:
    """How long something took that has ended."""
    if times.actual_end_time is None:
        return None
    if times.elapsed_time is None and times.actual_start_time is not None:
        return (times.actual_end_time - times.actual_start_time).total_seconds()
    return _seconds(times.elapsed_time)


def _estimated_end(times: TimeInfo, estimated: timedelta | None) -> datetime | None:
    if times.actual_start_time is None or times.actual_end_time is not None or estimated is None:
        return None
    return times.actual_start_time + estimated
