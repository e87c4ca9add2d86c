"""The model: definitions of jobs and job streams as HWA writes them."""

from __future__ import annotations

from tws.simulator.catalogue import HALF_DAY, Job, Stream
from tws.simulator.identifiers import Kind
from tws.simulator.keys import Keys, Record, local_clock
from tws.simulator.plan import Plan


class Definitions:
    def __init__(self, plan: Plan, keys: Keys) -> None:
        self.plan = plan
        self.keys = keys

    def job(self, stream: Stream, position: int) -> Record:
        job = stream.jobs[position]
        recovery: Record = {"action": job.recovery}
        if job.repeats:
            recovery["repeatInterval"] = "PT2M"
        return {
            "kind": "JobDefinition",
            "key": f"{self.keys.workstation_key(job.workstation)}#{stream.folder}/{job.name}",
            "def": {
                "id": self.keys.job_definition_id(stream, position),
                "folder": stream.folder + "/",
                "name": job.name,
                "workstationId": self.keys.object_id(Kind.WORKSTATION, job.workstation),
                "workstation": self.keys.workstation_key(job.workstation),
                "description": describe(stream, job),
                "type": "UNIX",
                "userLogins": [stream.user],
                "task": {"script": script_of(stream, job), "userName": stream.user},
                "recovery": recovery,
            },
        }

    def stream(self, stream: Stream) -> Record:
        definition: Record = {
            "id": self.keys.object_id(Kind.STREAM_DEFINITION, stream.definition),
            "abstractId": self.keys.object_id(Kind.STREAM_DEFINITION, stream.definition),
            "folder": stream.folder + "/",
            "name": stream.name,
            "workstationId": self.keys.object_id(Kind.WORKSTATION, stream.workstation),
            "workstation": self.keys.workstation_key(stream.workstation),
            "timeZone": self.keys.zone(stream.workstation),
            "description": describe_stream(stream),
            "documentation": f"Area responsavel: {stream.folder.strip('/').lower()}. "
            f"Plantao: {stream.user}@empresa.com.br",
            "startTime": self._clock(stream),
            "runCycles": self._run_cycles(stream),
            "jobs": [self._stream_job(stream, at) for at in range(len(stream.jobs))],
        }
        if stream.deadline is not None:
            definition["deadlineTime"] = self._clock(stream, stream.deadline)
        if stream.follows:
            definition["externalPredecessors"] = [
                {
                    "workstation": self.keys.workstation_key(before.workstation),
                    "jobStream": f"{before.folder}/{before.name}",
                    "matchingCriteria": {"type": "sameDay"},
                }
                for before in (self.plan.catalogue.streams[at] for at in stream.follows)
            ]
        if stream.prompt:
            definition["promptDependencies"] = [{"message": stream.prompt}]
        return {
            "kind": "JobStream",
            "key": f"{self.keys.workstation_key(stream.workstation)}#{stream.folder}/{stream.name}",
            "def": definition,
        }

    def _run_cycles(self, stream: Stream) -> list[Record]:
        kinds = (
            ("DIARIO", "rrule", "FREQ=DAILY;INTERVAL=1"),
            ("DIAS_UTEIS", "rrule", "FREQ=DAILY;INTERVAL=1;BYWORKDAY"),
            ("CAL_FECHAMENTO", "calendar", "/FECHAMENTO"),
        )
        name, kind, rule = kinds[stream.index % len(kinds)]
        cycle: Record = {"name": name, "type": kind, "startTime": self._clock(stream)}
        cycle["calendar" if kind == "calendar" else "expression"] = rule
        return [cycle]

    def _stream_job(self, stream: Stream, at: int) -> Record:
        job = stream.jobs[at]
        record: Record = {
            "id": self.keys.job_definition_id(stream, at),
            "name": job.name,
            "jobDefinitionRef": f"{self.keys.workstation_key(job.workstation)}"
            f"#{stream.folder}/{job.name}",
            "workstation": self.keys.workstation_key(job.workstation),
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
                {"workstation": self.keys.workstation_key(job.workstation), "filename": job.file}
            ]
        return record

    def _clock(self, stream: Stream, after: int = 0) -> str:
        day = self.plan.now - self.plan.now % (2 * HALF_DAY)
        return local_clock(day + stream.phase + after, self.keys.zone(stream.workstation))


def describe(stream: Stream, job: Job) -> str:
    return f"{job.name}: passo do fluxo {stream.name}, area {stream.folder.strip('/')}"


def describe_stream(stream: Stream) -> str:
    return f"Fluxo {stream.name} de {stream.folder.strip('/')}, unidade {stream.site}"


def script_of(stream: Stream, job: Job) -> str:
    return f"/opt/{stream.user}/bin/{job.name.lower()}.sh"
