"""The plan's jobs and job streams as HWA writes them."""

from __future__ import annotations

from knowledge.hwa.statuses import STATUSES
from tws.simulator.catalogue import TIME_ZONE, Job, Stream
from tws.simulator.definitions import describe
from tws.simulator.dependencies import Dependencies
from tws.simulator.identifiers import Kind, make_id
from tws.simulator.keys import Keys, Record, duration, instant
from tws.simulator.plan import Plan
from tws.simulator.schedule import NEVER, SUBMITTED_BEFORE, HalfDay, Run
from tws.simulator.states import IN_ERROR, WORDS, State


class Records:
    """Writes what the plan knows, at the plan's `now`."""

    def __init__(self, plan: Plan, host: str) -> None:
        self.plan = plan
        self.host = host
        self.keys = Keys(plan.catalogue)
        self._dependencies = Dependencies(plan, self.keys)

    # Jobs

    def job(self, row: int, *, whole: bool = False) -> Record:
        """A job in the plan; its dependencies only when the whole is asked for, as in HWA."""
        half, at = self.plan.locate(row)
        stream, job = half.stream_of[at], half.job(at)
        state = State(self.plan.states[row])
        record: Record = {
            "flowNodeType": "JOB",
            "id": self.keys.job_id(half, at),
            "planId": "current",
            "folder": stream.folder + "/",
            "folderId": self.keys.object_id(Kind.FOLDER, stream.definition % 20),
            "name": job.name,
            "workstationId": self.keys.object_id(Kind.WORKSTATION, job.workstation),
            "workstation": self.keys.workstation_key(job.workstation),
            "jobStreamId": self.keys.stream_id(half, stream),
            "jobStreamName": stream.name,
            "jobStreamWorkstation": self.keys.workstation_key(stream.workstation),
            "position": half.position_of[at] + 1,
            "key": f"{self.keys.stream_key(half, stream)}.{job.name}",
            "jobStatusFlags": self._job_flags(half, at, job),
            "jobOptions": {
                "critical": job.critical,
                "requiresConfirmation": job.confirm,
                "noOperation": False,
                "every": False,
            },
            "lastRunCompositeStatus": composite(state),
            "lastRunCommonStatus": WORDS[state].common,
            "jobDefinitionRefId": self.keys.job_definition_id(stream, half.position_of[at]),
            "jobDefinition": self._definition_in_plan(stream, half.position_of[at]),
            "priority": job.priority,
            "origPriority": job.priority,
            "jobruns": self._runs(half, at, whole=whole),
            "schedTime": instant(half.scheduled_at(stream)),
            "timeZone": self.keys.zone(stream.workstation),
            "archived": False,
        }
        self._add_times(record, half, at, job)
        record["dependenciesStats"] = self._dependencies.stats(half, at)
        if whole:
            record["dependencies"] = self._dependencies.of_job(half, at)
        return record

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
            "id": self.keys.job_definition_id(stream, position),
            "jobDefinitionModelId": self.keys.job_definition_id(stream, position),
            "name": job.name,
            "folder": stream.folder + "/",
            "workstation": self.keys.workstation_key(job.workstation),
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
            "id": self.keys.run_id(half, at, number),
            "name": job.name,
            "jobId": self.keys.job_id(half, at),
            "actualWorkstation": self.keys.workstation_key(run.workstation),
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
            "id": self.keys.stream_id(half, stream),
            "planId": "current",
            "folder": stream.folder + "/",
            "folderId": self.keys.object_id(Kind.FOLDER, stream.definition % 20),
            "name": stream.name,
            "originalJobStreamName": stream.name,
            "workstationId": self.keys.object_id(Kind.WORKSTATION, stream.workstation),
            "workstation": self.keys.workstation_key(stream.workstation),
            "jobStreamModelId": self.keys.object_id(Kind.STREAM_DEFINITION, stream.definition),
            "key": self.keys.stream_key(half, stream),
            "schedTime": instant(scheduled),
            "scheduledDate": instant(scheduled),
            "timeZone": self.keys.zone(stream.workstation),
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

    def engine_info(self) -> Record:
        return {
            "displayVersion": "10.2.8 (SIMULATOR)",
            "fullVersion": "10.2.8.00 SIMULATOR, not an HCL product",
            "capabilities": {
                "simulator": {
                    "name": "Resync HWA simulator",
                    "host": self.host,
                    "seed": str(self.keys.seed),
                    "jobs": str(self.plan.catalogue.job_count),
                }
            },
            "referenceId": make_id(Kind.FOLDER, self.keys.seed & 0xFFFF, seed=self.keys.seed),
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
