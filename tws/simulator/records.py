"""The plan's and the model's objects as HWA writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from knowledge.hwa.statuses import STATUSES
from tws.simulator.catalogue import HALF_DAY, Job, Resource, Stream, Workstation
from tws.simulator.dependencies import Dependencies
from tws.simulator.identifiers import Kind, make_id
from tws.simulator.plan import Plan
from tws.simulator.schedule import NEVER, SUBMITTED_BEFORE, HalfDay, Run
from tws.simulator.states import IN_ERROR, WORDS, State

TIME_ZONE = "America/Sao_Paulo"
Record = dict[str, Any]


@lru_cache(maxsize=100_000)
def instant(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def duration(seconds: int) -> str:
    """ISO 8601, in the parts that are not zero.

    >>> duration(3723), duration(0)
    ('PT1H2M3S', 'PT0S')
    """
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if n]
    return "PT" + ("".join(parts) or "0S")


class Records:
    """Writes what the plan knows, at the plan's `now`."""

    def __init__(self, plan: Plan, host: str) -> None:
        self.plan = plan
        self.host = host
        self.seed = plan.catalogue.seed
        self._dependencies = Dependencies(plan, self)

    # Ids and keys

    def job_id(self, half: HalfDay, at: int) -> str:
        stream = half.stream_of[at]
        return make_id(
            Kind.JOB, stream.index, half.position_of[at], half=half.number, seed=self.seed
        )

    def run_id(self, half: HalfDay, at: int, number: int) -> str:
        stream = half.stream_of[at]
        return make_id(
            Kind.RUN, stream.index, half.position_of[at], number, half.number, seed=self.seed
        )

    def stream_id(self, half: HalfDay, stream: Stream) -> str:
        return make_id(Kind.STREAM, stream.index, half=half.number, seed=self.seed)

    def object_id(self, kind: Kind, index: int, position: int = 0) -> str:
        return make_id(kind, index, position, seed=self.seed)

    def workstation_key(self, index: int) -> str:
        return f"/{self.plan.catalogue.workstations[index].name}"

    def stream_key(self, half: HalfDay, stream: Stream) -> str:
        scheduled = datetime.fromtimestamp(half.scheduled_at(stream), UTC)
        return (
            f"{self.workstation_key(stream.workstation)}#{stream.folder}/{stream.name}"
            f"({scheduled:%H%M %m/%d/%Y})"
        )

    # Jobs

    def job(self, row: int, *, whole: bool = False) -> Record:
        """A job in the plan; its dependencies only when the whole is asked for, as in HWA."""
        half, at = self.plan.locate(row)
        stream, job = half.stream_of[at], half.job(at)
        state = State(self.plan.states[row])
        record: Record = {
            "flowNodeType": "JOB",
            "id": self.job_id(half, at),
            "planId": "current",
            "folder": stream.folder + "/",
            "folderId": self.object_id(Kind.FOLDER, stream.index % 20),
            "name": job.name,
            "workstationId": self.object_id(Kind.WORKSTATION, job.workstation),
            "workstation": self.workstation_key(job.workstation),
            "jobStreamId": self.stream_id(half, stream),
            "jobStreamName": stream.name,
            "jobStreamWorkstation": self.workstation_key(stream.workstation),
            "position": half.position_of[at] + 1,
            "key": f"{self.stream_key(half, stream)}.{job.name}",
            "jobStatusFlags": self._job_flags(half, at, job),
            "jobOptions": {
                "critical": job.critical,
                "requiresConfirmation": job.confirm,
                "noOperation": False,
                "every": False,
            },
            "lastRunCompositeStatus": composite(state),
            "lastRunCommonStatus": WORDS[state].common,
            "jobDefinitionRefId": self.job_definition_id(stream, half.position_of[at]),
            "jobDefinition": self._definition_in_plan(stream, half.position_of[at]),
            "priority": job.priority,
            "origPriority": job.priority,
            "jobruns": self._runs(half, at, whole=whole),
            "schedTime": instant(half.scheduled_at(stream)),
            "timeZone": TIME_ZONE,
            "archived": False,
        }
        self._add_times(record, half, at, job)
        record["dependenciesStats"] = self._dependencies.stats(half, at)
        if whole:
            record["dependencies"] = self._dependencies.of_job(half, at)
        return record

    def job_definition_id(self, stream: Stream, position: int) -> str:
        return self.object_id(Kind.JOB_DEFINITION, stream.index, position)

    def _until_gone(self, half: HalfDay, at: int, job: Job) -> bool:
        """Whether its latest start went by without it."""
        if job.latest_start is None:
            return False
        limit = half.scheduled_at(half.stream_of[at]) + job.latest_start
        started = min((run.start for run in half.runs[at]), default=NEVER)
        return self.plan.now > limit and started > limit

    def _job_flags(self, half: HalfDay, at: int, job: Job) -> Record:
        runs = self.plan.runs(half, at)
        return {
            "jobLate": self.plan.is_late(half, at),
            "deadlineHasPassed": self.plan.deadline_passed(half, at),
            "untilGone": self._until_gone(half, at, job),
            "restarted": len(runs) > 1,
            "userRerunAgain": any(run.kind == "RERUN" for run in runs),
        }

    def _add_times(self, record: Record, half: HalfDay, at: int, job: Job) -> None:
        scheduled = half.scheduled_at(half.stream_of[at])
        restrictions = self._restrictions(job, scheduled, half.satisfied_at[at])
        if restrictions:
            record["timeRestrictions"] = restrictions
        ended_at = self.plan.ended_at[self.plan.row(half, at)]
        if ended_at is not None:
            record["endTime"] = instant(ended_at)
        if job.critical and job.deadline is not None:
            record["criticalStart"] = instant(scheduled + job.deadline - job.seconds)
            record["confidenceInterval"] = duration(max(60, job.seconds // 4))

    def _restrictions(self, job: Job, scheduled: int, satisfied_at: int) -> Record:
        now = self.plan.now
        found: Record = {}
        if job.at is not None:
            found["startTime"] = instant(scheduled + job.at)
            found["timeDependent"] = True
            found["startTimeSatisfied"] = now >= scheduled + job.at
        if job.deadline is not None:
            limit = scheduled + job.deadline
            found["deadlineTime"] = instant(limit)
            found["lateAction"] = "continue"
            found["deadlineSatisfied"] = now <= limit or satisfied_at <= limit
        if job.latest_start is not None:
            found["latestStartTime"] = instant(scheduled + job.latest_start)
            found["lateStartAction"] = "continue"
        return found

    def _definition_in_plan(self, stream: Stream, position: int) -> Record:
        job = stream.jobs[position]
        record: Record = {
            "id": self.job_definition_id(stream, position),
            "jobDefinitionModelId": self.job_definition_id(stream, position),
            "name": job.name,
            "folder": stream.folder + "/",
            "workstation": self.workstation_key(job.workstation),
            "description": describe(stream, job),
            "isCommand": False,
            "estimatedDuration": duration(job.seconds),
            "recoveryOption": job.recovery,
            "userLogins": [stream.user],
        }
        if job.repeats:
            record["recoveryRepeatOccurrences"] = job.repeats
            record["recoveryRepeatInterval"] = "PT2M"
        return record

    def _runs(self, half: HalfDay, at: int, *, whole: bool) -> list[Record]:
        runs = self.plan.runs(half, at)
        return [
            self._run(half, at, number, run, last=number == len(runs))
            for number, run in enumerate(runs, 1)
        ]

    def _run(self, half: HalfDay, at: int, number: int, run: Run, *, last: bool) -> Record:
        now = self.plan.now
        job = half.job(at)
        state = self.run_state(run)
        times: Record = {"estimatedDuration": duration(job.seconds)}
        if run.start <= now:
            times["actualStartTime"] = instant(run.start)
            times["elapsedTime"] = duration(min(run.end, now) - run.start)
        record: Record = {
            "id": self.run_id(half, at, number),
            "name": job.name,
            "jobId": self.job_id(half, at),
            "actualWorkstation": self.workstation_key(run.workstation),
            "jobNumber": job_number(half, at, number),
            "compositeStatus": composite(state),
            "commonStatus": WORDS[state].common,
            "rerunJob": number > 1,
            "rerunType": run.kind,
            "timeInfo": times,
            "submittedTime": instant(run.start - SUBMITTED_BEFORE),
            "lastInRerunChain": last,
            "runAttempt": number,
            "confirmed": run.confirmed_at is not None and run.confirmed_at <= now,
        }
        if run.end <= now:
            times["actualEndTime"] = instant(run.end)
            if run.return_code is not None:
                record["returnCode"] = run.return_code
        return record

    def run_state(self, run: Run) -> State:
        if self.plan.now < run.start:
            return State.INTRODUCED
        if self.plan.now < run.end:
            return State.EXECUTING
        if run.confirmed_at is not None and self.plan.now < run.confirmed_at:
            return State.AWAITS_CONFIRMATION
        return run.state

    # Job streams

    def stream(self, half: HalfDay, stream: Stream, *, whole: bool = False) -> Record:
        plan = self.plan
        status = plan.stream_status(half, stream)
        scheduled = half.scheduled_at(stream)
        late = self.stream_is_late(half, stream)
        record: Record = {
            "flowNodeType": "JOBSTREAM",
            "id": self.stream_id(half, stream),
            "planId": "current",
            "folder": stream.folder + "/",
            "folderId": self.object_id(Kind.FOLDER, stream.index % 20),
            "name": stream.name,
            "originalJobStreamName": stream.name,
            "workstationId": self.object_id(Kind.WORKSTATION, stream.workstation),
            "workstation": self.workstation_key(stream.workstation),
            "jobStreamModelId": self.object_id(Kind.STREAM_DEFINITION, stream.index),
            "key": self.stream_key(half, stream),
            "schedTime": instant(scheduled),
            "scheduledDate": instant(scheduled),
            "timeZone": TIME_ZONE,
            "jsStatusFlags": {
                "lateJobStream": late,
                "released": False,
                "pendingPredecessor": False,
            },
            "compositeStatus": {
                "status": status,
                "error": status in ("STUCK", "ABEND"),
                "started": status not in ("HOLD", "READY"),
                "canceled": False,
            },
            "commonStatus": STATUSES[status].common,
            "priority": stream.priority,
            "origPriority": stream.priority,
            "timeInfo": self._stream_times(half, stream),
            "jobStreamStats": self._stream_stats(half, stream),
            "limit": -1,
            "internalIdentifier": f"0A{half.number % 4096:03X}{stream.index:08X}",
            "archived": False,
        }
        if stream.deadline is not None:
            record["timeRestrictions"] = {
                "deadlineTime": instant(scheduled + stream.deadline),
                "lateAction": "continue",
                "deadlineSatisfied": not late,
            }
        record["dependenciesStats"] = self._dependencies.stream_stats(half, stream)
        if whole:
            record["dependencies"] = self._dependencies.of_stream(half, stream)
        return record

    def stream_is_late(self, half: HalfDay, stream: Stream) -> bool:
        if stream.deadline is None:
            return False
        limit = half.scheduled_at(stream) + stream.deadline
        return self.plan.now > limit and half.stream_satisfied_at.get(stream.index, NEVER) > limit

    def _stream_times(self, half: HalfDay, stream: Stream) -> Record:
        now = self.plan.now
        times: Record = {"estimatedDuration": duration(sum(job.seconds for job in stream.jobs))}
        starts = [run.start for row in half.rows_of(stream) for run in half.runs[row]]
        start = min(starts, default=NEVER)
        if start > now:
            return times
        times["actualStartTime"] = instant(start)
        done = half.stream_satisfied_at.get(stream.index, NEVER)
        times["elapsedTime"] = duration(min(done, now) - start)
        if done <= now:
            times["actualEndTime"] = instant(done)
        return times

    def _stream_stats(self, half: HalfDay, stream: Stream) -> Record:
        first = self.plan.row(half, half.first_row[stream.index])
        states = self.plan.states[first : first + len(stream.jobs)]
        running = states.count(State.EXECUTING) + states.count(State.INTRODUCED)
        return {
            "numberOfJob": len(states),
            "numberOfSuccessfullJob": states.count(State.SUCCESSFUL),
            "numberOfExecutingJob": running,
            "numberOfAbendedJob": states.count(State.ABENDED) + states.count(State.PASSED_OVER),
            "numberOfFailedJob": states.count(State.FAILED),
            "numberOfUndecidedJob": states.count(State.AWAITS_CONFIRMATION),
            "numberOfNotRunningJob": sum(one < State.INTRODUCED for one in states),
        }

    # Workstations and resources

    def workstation(self, workstation: Workstation) -> Record:
        plan, index = self.plan, workstation.index
        linked = plan.conditions.is_linked(index, plan.now)
        runs_jobs = plan.conditions.runs_jobs(index, plan.now)
        states = ["LINKED", "INSTALLED_AND_RUNNING", "WRITER_UP"] if linked else ["INSTALLED"]
        if linked and runs_jobs:
            states.append("JOBMAN_UP")
        if workstation.type == "MANAGER":
            states += ["MASTER", "EVT_PROC_RUNNING"]
        return {
            "id": self.object_id(Kind.WORKSTATION, index),
            "planId": "current",
            "folder": "/",
            "name": workstation.name,
            "key": self.workstation_key(index),
            "description": workstation.description,
            "activeStates": states,
            "activeFlags": ["AUTO_LINK", "TCP_IP_LINK"],
            "type": workstation.type,
            "hostType": "MASTER" if workstation.type == "MANAGER" else "WORKSTATION",
            "os": workstation.os,
            "timeZone": TIME_ZONE,
            "nodeName": f"{workstation.name.lower().replace('_', '-')}.empresa.com.br",
            "tcpPort": 31111,
            "domainName": workstation.domain,
            "limit": workstation.limit if runs_jobs else 0,
            "fence": plan.conditions.fence(index, plan.now),
            "agentId": make_id(Kind.WORKSTATION, index, seed=self.seed + 1)
            .replace("-", "")
            .upper(),
            "version": "10.2.8.00",
            "timeStarted": instant(plan.conditions.linked_since(index, plan.now)),
            "ignore": False,
            "archived": False,
        }

    def resource(self, resource: Resource) -> Record:
        holders = self.plan.holders(resource.index)
        free = resource.quantity - len(holders)
        return {
            "id": self.object_id(Kind.RESOURCE, resource.index),
            "folder": "/",
            "name": resource.name,
            "key": f"{self.workstation_key(resource.workstation)}#/{resource.name}",
            "workstationId": self.object_id(Kind.WORKSTATION, resource.workstation),
            "workstation": self.workstation_key(resource.workstation),
            "quantity": resource.quantity,
            "quantityAvailable": free,
            "quantityInUse": len(holders),
            "description": resource.description,
            "status": "AVAILABLE" if free else "NOT_AVAILABLE",
            "holders": [
                {
                    "jobStreamId": self.stream_id(half, half.stream_of[hold.row]),
                    "jobStream": half.stream_of[hold.row].name,
                    "jobId": self.job_id(half, hold.row),
                    "job": half.job(hold.row).name,
                    "jobKey": f"{self.stream_key(half, half.stream_of[hold.row])}"
                    f".{half.job(hold.row).name}",
                    "quantity": 1,
                    "shared": True,
                }
                for half, hold in holders
            ],
            "archived": False,
        }

    # The model

    def job_definition(self, stream: Stream, position: int) -> Record:
        job = stream.jobs[position]
        recovery: Record = {"action": job.recovery}
        if job.repeats:
            recovery["repeatInterval"] = "PT2M"
        return {
            "kind": "JobDefinition",
            "key": f"{self.workstation_key(job.workstation)}#{stream.folder}/{job.name}",
            "def": {
                "id": self.job_definition_id(stream, position),
                "folder": stream.folder + "/",
                "name": job.name,
                "workstationId": self.object_id(Kind.WORKSTATION, job.workstation),
                "workstation": self.workstation_key(job.workstation),
                "description": describe(stream, job),
                "type": "UNIX",
                "userLogins": [stream.user],
                "task": {"script": script_of(stream, job), "userName": stream.user},
                "recovery": recovery,
            },
        }

    def stream_definition(self, stream: Stream) -> Record:
        definition: Record = {
            "id": self.object_id(Kind.STREAM_DEFINITION, stream.index),
            "abstractId": self.object_id(Kind.STREAM_DEFINITION, stream.index),
            "folder": stream.folder + "/",
            "name": stream.name,
            "workstationId": self.object_id(Kind.WORKSTATION, stream.workstation),
            "workstation": self.workstation_key(stream.workstation),
            "timeZone": TIME_ZONE,
            "description": describe_stream(stream),
            "documentation": f"Area responsavel: {stream.folder.strip('/').lower()}. "
            f"Plantao: {stream.user}@empresa.com.br",
            "startTime": clock_time(stream.phase),
            "runCycles": self._run_cycles(stream),
            "jobs": [self._stream_job(stream, at) for at in range(len(stream.jobs))],
        }
        if stream.deadline is not None:
            definition["deadlineTime"] = clock_time(stream.phase + stream.deadline)
        if stream.follows:
            definition["externalPredecessors"] = [
                {
                    "workstation": self.workstation_key(before.workstation),
                    "jobStream": f"{before.folder}/{before.name}",
                    "matchingCriteria": {"type": "sameDay"},
                }
                for before in (self.plan.catalogue.streams[at] for at in stream.follows)
            ]
        if stream.prompt:
            definition["promptDependencies"] = [{"message": stream.prompt}]
        return {
            "kind": "JobStream",
            "key": f"{self.workstation_key(stream.workstation)}#{stream.folder}/{stream.name}",
            "def": definition,
        }

    def _run_cycles(self, stream: Stream) -> list[Record]:
        kinds = (
            ("DIARIO", "rrule", "FREQ=DAILY;INTERVAL=1"),
            ("DIAS_UTEIS", "rrule", "FREQ=DAILY;INTERVAL=1;BYWORKDAY"),
            ("CAL_FECHAMENTO", "calendar", "/FECHAMENTO"),
        )
        name, kind, rule = kinds[stream.index % len(kinds)]
        cycle: Record = {"name": name, "type": kind, "startTime": clock_time(stream.phase)}
        cycle["calendar" if kind == "calendar" else "expression"] = rule
        return [cycle]

    def _stream_job(self, stream: Stream, at: int) -> Record:
        job = stream.jobs[at]
        record: Record = {
            "id": self.job_definition_id(stream, at),
            "name": job.name,
            "jobDefinitionRef": f"{self.workstation_key(job.workstation)}"
            f"#{stream.folder}/{job.name}",
            "workstation": self.workstation_key(job.workstation),
            "internalPredecessors": [
                {"jobName": stream.jobs[before].name} for before in stream.shape.predecessors[at]
            ],
        }
        if job.critical:
            record["options"] = ["critical"]
        if job.prompt:
            record["promptDependencies"] = [{"message": job.prompt}]
        if job.file:
            record["fileDependencies"] = [
                {"workstation": self.workstation_key(job.workstation), "filename": job.file}
            ]
        return record

    def engine_info(self) -> Record:
        return {
            "displayVersion": "10.2.8 (SIMULATOR)",
            "fullVersion": "10.2.8.00 SIMULATOR, not an HCL product",
            "capabilities": {
                "simulator": {
                    "name": "Resync HWA simulator",
                    "host": self.host,
                    "seed": str(self.seed),
                    "jobs": str(self.plan.catalogue.job_count),
                }
            },
            "referenceId": make_id(Kind.FOLDER, self.seed & 0xFFFF, seed=self.seed),
            "licenseType": "PERSERVER",
            "locale": "pt_BR",
            "timezone": TIME_ZONE,
        }


def composite(state: State) -> Record:
    words = WORDS[state]
    record: Record = {
        "status": words.status,
        "error": state in IN_ERROR,
        "started": state >= State.INTRODUCED,
        "canceled": False,
    }
    if words.substatus:
        record["substatus"] = words.substatus
    return record


def job_number(half: HalfDay, at: int, run: int) -> int:
    return 10_000 + (half.number * 7_919 + at * 31 + run * 104_729) % 900_000


def describe(stream: Stream, job: Job) -> str:
    return f"{job.name}: passo do fluxo {stream.name}, area {stream.folder.strip('/')}"


def describe_stream(stream: Stream) -> str:
    return f"Fluxo {stream.name} de {stream.folder.strip('/')}, unidade {stream.site}"


def script_of(stream: Stream, job: Job) -> str:
    return f"/opt/{stream.user}/bin/{job.name.lower()}.sh"


def clock_time(seconds: int) -> str:
    at = seconds % (2 * HALF_DAY)
    return f"{at // 3600:02d}:{at // 60 % 60:02d}:00"
