"""HWA's objects as tools show them: its own field names, times in local time, nothing empty."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from knowledge.hwa.statuses import GROUP_OF_CODE
from tws.hwa.schemas import (
    Dependency,
    JobInPlan,
    JobRun,
    JobStreamInPlan,
    ResourceInPlan,
    TimeRestrictions,
    WorkstationInPlan,
)

LONGEST_TEXT = 500


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 in TIME_ZONE, so that an answer and its evidence say the same hour."""
    return None if moment is None else timezone.localtime(moment).isoformat(timespec="seconds")


def seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


def short(text: str | None) -> str | None:
    """Texts from the plan (prompts, descriptions) in a bounded length."""
    return text if text is None or len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def place(key: str | None) -> str | None:
    """A workstation as people write it: `/FTA_SP01` lies in the root folder and is FTA_SP01."""
    return key[1:] if key and key.startswith("/") and "/" not in key[1:] else key


def without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def job_line(job: JobInPlan) -> dict[str, Any]:
    """One job in a list."""
    run = job.last_run
    return without_empty(
        {
            "id": job.id,
            "name": job.name,
            "jobStreamName": job.job_stream_name,
            "workstation": place(job.workstation),
            "status": job.status,
            "commonStatus": _unless_known(job.status, job.last_run_common_status),
            "substatus": job.substatus,
            "schedTime": stamp(job.sched_time),
            "startTime": stamp(started_at(job)),
            "endTime": stamp(ended_at(job)),
            "returnCode": run.return_code if run else None,
            "critical": True if job.job_options and job.job_options.critical else None,
            "late": True if is_late(job) else None,
        }
    )


def job_detail(job: JobInPlan) -> dict[str, Any]:
    """One job, with what its definition and its runs say."""
    definition, run = job.job_definition, job.last_run
    details = {
        "jobStreamWorkstation": place(job.job_stream_workstation),
        "priority": job.priority,
        "jobNumber": run.job_number if run else None,
        "actualWorkstation": place(run.actual_workstation) if run else None,
        "estimatedDurationSeconds": seconds(
            run.time_info.estimated_duration if run and run.time_info else None
        ),
        "elapsedSeconds": seconds(run.time_info.elapsed_time if run and run.time_info else None),
        "runCount": len(job.jobruns) or None,
        "recoveryOption": definition.recovery_option if definition else None,
        "description": short(definition.description if definition else None),
        "userLogins": (definition.user_logins if definition else [])[:3],
        "confidenceInterval": job.confidence_interval,
        "criticalStart": stamp(job.critical_start),
        **times(job.time_restrictions),
    }
    return job_line(job) | without_empty(details)


def times(restrictions: TimeRestrictions | None) -> dict[str, Any]:
    if restrictions is None:
        return {}
    return {
        "earliestStart": stamp(restrictions.start_time),
        "latestStart": stamp(restrictions.latest_start_time),
        "deadline": stamp(restrictions.deadline_time),
    }


def run_line(run: JobRun) -> dict[str, Any]:
    """One run of a job."""
    info = run.time_info
    return without_empty(
        {
            "runId": run.id,
            "jobNumber": run.job_number,
            "workstation": place(run.actual_workstation),
            "status": run.status,
            "returnCode": run.return_code,
            "startTime": stamp(info.actual_start_time if info else None),
            "endTime": stamp(run_end(run)),
            "elapsedSeconds": seconds(info.elapsed_time if info else None),
            "estimatedSeconds": seconds(info.estimated_duration if info else None),
            "rerunType": run.rerun_type,
        }
    )


def stream_line(stream: JobStreamInPlan) -> dict[str, Any]:
    stats = stream.job_stream_stats
    counts = {
        "SUCC": stats and stats.number_of_successfull_job,
        "EXEC": stats and stats.number_of_executing_job,
        "ABEND": stats and stats.number_of_abended_job,
        "FAIL": stats and stats.number_of_failed_job,
        "notRunning": stats and stats.number_of_not_running_job,
        "UNDCDED": stats and stats.number_of_undecided_job,
    }
    flags = stream.js_status_flags
    return without_empty(
        {
            "id": stream.id,
            "name": stream.name or stream.original_job_stream_name,
            "workstation": place(stream.workstation),
            "status": stream.status,
            "commonStatus": _unless_known(stream.status, stream.common_status),
            "substatus": stream.substatus,
            "schedTime": stamp(stream.sched_time),
            "priority": stream.priority,
            "late": True if flags and flags.late_job_stream else None,
            "jobs": stats.number_of_job if stats else None,
            "jobCounts": without_empty(counts),
            **times(stream.time_restrictions),
        }
    )


def workstation_line(workstation: WorkstationInPlan) -> dict[str, Any]:
    return without_empty(
        {
            "name": workstation.name,
            "type": workstation.type,
            "linked": workstation.linked,
            "activeStates": workstation.active_states[:8],
            "limit": workstation.limit,
            "fence": workstation.fence,
            "os": workstation.os,
            "description": short(workstation.description),
        }
    )


def resource_line(resource: ResourceInPlan) -> dict[str, Any]:
    holders = [
        without_empty({"job": one.job, "jobStream": one.job_stream, "quantity": one.quantity})
        for one in resource.holders[:10]
    ]
    return without_empty(
        {
            "name": resource.name,
            "workstation": place(resource.workstation),
            "quantity": resource.quantity,
            "available": resource.quantity_available,
            "inUse": resource.quantity_in_use,
            "description": short(resource.description),
            "holders": holders,
        }
    )


def dependency_line(one: Dependency) -> dict[str, Any]:
    """What a job or a stream depends on, in HWA's words."""
    status = one.predecessor_status
    return without_empty(
        {
            "dependencyType": one.dependency_type,
            "satisfied": one.satisfied,
            "dependencyStatus": one.dependency_status,
            "jobName": one.job_name,
            "jobStreamName": one.job_stream_name,
            "predecessorStatus": status.status if status else None,
            "resource": one.name if one.dependency_type == "RESOURCE" else None,
            "workstation": place(one.workstation),
            "quantity": one.quantity,
            "available": one.available,
            "promptName": one.prompt_name,
            "promptStatus": one.prompt_status,
            "promptText": short(one.text),
            "promptNumber": one.number,
            "file": one.file.name if one.file else None,
            "fileWorkstation": place(one.file.workstation) if one.file else None,
        }
    )


def _unless_known(status: str | None, common: str | None) -> str | None:
    """The common status, told beside an internal one that the table lacks."""
    return None if status == common or (status or "").upper() in GROUP_OF_CODE else common


# What is read off a job


def run_end(run: JobRun) -> datetime | None:
    """When a run ended: as HWA says, else its start and its elapsed time."""
    info = run.time_info
    if info is None:
        return None
    if info.actual_end_time or not (info.actual_start_time and info.elapsed_time):
        return info.actual_end_time
    over = run.status and run.group != "running"
    return info.actual_start_time + info.elapsed_time if over else None


def started_at(job: JobInPlan) -> datetime | None:
    run = job.last_run
    return run.time_info.actual_start_time if run and run.time_info else None


def ended_at(job: JobInPlan) -> datetime | None:
    if job.group == "running":
        return None
    return job.end_time or (run_end(job.last_run) if job.last_run else None)


def is_late(job: JobInPlan) -> bool:
    """By HWA's own flags."""
    flags = job.job_status_flags
    return bool(flags and (flags.job_late or flags.deadline_has_passed))
