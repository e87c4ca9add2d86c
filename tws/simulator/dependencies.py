"""What a job or a job stream depends on, and what depends on it."""

from __future__ import annotations

from collections.abc import Iterator

from tws.simulator.catalogue import Stream
from tws.simulator.identifiers import Kind
from tws.simulator.keys import Keys, Record
from tws.simulator.plan import Plan
from tws.simulator.schedule import NEVER, HalfDay, Prompt
from tws.simulator.states import WORDS

# HCL's document describes a dependency as exactly one of eight kinds (oneOf), but gives no field
# that tells them apart. A null in a field of every other kind does: there it is not allowed.
_MARKS = {
    "EXTERNAL_JOB": "jobWorkstationName",
    "EXTERNAL_JOBSTREAM": "pending",
    "INTERNAL": "",
    "JOIN": "joinName",
    "FILE": "timeLastChecked",
    "INTERNETWORK": "networkAgent",
    "RESOURCE": "originalName",
    "PROMPT": "promptOriginalName",
}


class Dependencies:
    def __init__(self, plan: Plan, keys: Keys) -> None:
        self._plan = plan
        self._keys = keys

    # As HWA writes them

    def of_job(self, half: HalfDay, at: int) -> list[Record]:
        found = [self._internal(half, at, before) for before in self._before(half, at)]
        job = half.job(at)
        if job.join:
            found = [self._join(half, at, found)]
        if job.resource is not None:
            found.append(self._resource(half, at, job.resource))
        if job.prompt:
            found.append(self._prompt(half, at, job.prompt, half.prompts.get(at)))
        if job.file:
            found.append(self._file(half, at, job.file))
        return self._numbered(found)

    def of_stream(self, half: HalfDay, stream: Stream) -> list[Record]:
        found = [self._external(half, stream, before) for before in self._streams_before(stream)]
        if stream.prompt:
            prompt = half.stream_prompts.get(stream.index)
            found.append(
                self._prompt(half, half.first_row[stream.index], stream.prompt, prompt, 0xFFF)
            )
        return self._numbered(found)

    def stats(self, half: HalfDay, at: int) -> Record:
        job = half.job(at)
        before = self._before(half, at)
        open_jobs = sum(not self._plan.is_satisfied(half, one) for one in before)
        if job.join:
            open_jobs = int(len(before) - open_jobs < job.join)
        prompt = half.prompts.get(at)
        return _stats(
            jobs=len(before),
            prompts=bool(job.prompt),
            resources=job.resource is not None,
            files=bool(job.file),
            unresolved=open_jobs
            + (bool(job.prompt) and not self._is_answered(prompt))
            + (bool(job.file) and not self._has_arrived(half, at)),
        )

    def stream_stats(self, half: HalfDay, stream: Stream) -> Record:
        before = self._streams_before(stream)
        unresolved = sum(not self._plan.stream_is_satisfied(half, one) for one in before)
        prompt = half.stream_prompts.get(stream.index)
        return _stats(
            streams=len(before),
            prompts=bool(stream.prompt),
            unresolved=unresolved + (bool(stream.prompt) and not self._is_answered(prompt)),
        )

    # As neighbours in the network

    def job_neighbours(self, half: HalfDay, at: int, depth: int, *, forward: bool) -> Iterator[int]:
        """Rows reached from a job, nearest first."""
        step = self._after if forward else self._before
        seen, edge = {at}, [at]
        for _ in range(depth):
            edge = [one for row in edge for one in step(half, row) if one not in seen]
            edge = list(dict.fromkeys(edge))
            seen.update(edge)
            yield from edge

    def stream_neighbours(
        self, half: HalfDay, stream: Stream, depth: int, *, forward: bool
    ) -> Iterator[Stream]:
        streams = self._plan.catalogue.streams
        seen, edge = {stream.index}, [stream]
        for _ in range(depth):
            near = [at for one in edge for at in (one.followed_by if forward else one.follows)]
            edge = [streams[at] for at in dict.fromkeys(near) if at not in seen]
            seen.update(one.index for one in edge)
            yield from edge

    def _before(self, half: HalfDay, at: int) -> list[int]:
        stream = half.stream_of[at]
        first = half.first_row[stream.index]
        return [first + one for one in stream.shape.predecessors[half.position_of[at]]]

    def _after(self, half: HalfDay, at: int) -> list[int]:
        stream = half.stream_of[at]
        first = half.first_row[stream.index]
        places = stream.shape.successors[half.position_of[at]]
        return [first + one for one in places if one < len(stream.jobs)]

    def _streams_before(self, stream: Stream) -> list[Stream]:
        return [self._plan.catalogue.streams[at] for at in stream.follows]

    # One kind after the other

    def _internal(self, half: HalfDay, at: int, before: int) -> Record:
        keys = self._keys
        stream = half.stream_of[before]
        satisfied = self._plan.is_satisfied(half, before)
        return {
            **_kind("INTERNAL", satisfied),
            "jobId": keys.job_id(half, before),
            "jobName": half.job(before).name,
            "jobStreamName": stream.name,
            "jobStreamWorkstation": keys.workstation_key(stream.workstation),
            "jobSuccId": keys.job_id(half, at),
            "predecessorStatus": _composite(self._plan, half, before),
        }

    def _join(self, half: HalfDay, at: int, members: list[Record]) -> Record:
        """Predecessors of which only so many must end well; the others may fail or be open."""
        job = half.job(at)
        for member in members:
            _set_apart(member)
        return {
            **_kind("JOIN", sum(one["satisfied"] for one in members) >= job.join),
            "joinName": f"JOIN_{job.name}",
            "joinQuantity": job.join,
            "criteria": "ALL" if job.join == len(members) else "AT_LEAST",
            "members": members,
        }

    def _external(self, half: HalfDay, stream: Stream, before: Stream) -> Record:
        keys = self._keys
        status = self._plan.stream_status(half, before)
        return {
            **_kind("EXTERNAL_JOBSTREAM", self._plan.stream_is_satisfied(half, before)),
            "jobStreamId": keys.stream_id(half, before),
            "jobStreamName": before.name,
            "jobStreamWorkstation": keys.workstation_key(before.workstation),
            "jobStreamFolder": before.folder + "/",
            "jobStreamSuccId": keys.stream_id(half, stream),
            "pending": False,
            "zombie": False,
            "predecessorStatus": {"status": status},
        }

    def _resource(self, half: HalfDay, at: int, index: int) -> Record:
        resource = self._plan.catalogue.resources[index]
        holders = self._plan.holders(index)
        held = any(one is half and hold.row == at for one, hold in holders)
        free = resource.quantity - len(holders)
        done = bool(half.runs[at]) and half.runs[at][-1].end <= self._plan.now
        return {
            **_kind("RESOURCE", held or done or free > 0),
            "folder": "/",
            "name": resource.name,
            "originalName": resource.name,
            "workstation": self._keys.workstation_key(resource.workstation),
            "quantity": 1,
            "quantityHeld": int(held),
            "available": free,
            "totalQuantity": resource.quantity,
        }

    def _prompt(
        self, half: HalfDay, at: int, text: str, prompt: Prompt | None, position: int | None = None
    ) -> Record:
        stream = half.stream_of[at]
        place = half.position_of[at] if position is None else position
        status = "NOT_ASKED"
        if self._is_answered(prompt):
            status = "ANSWERED_YES"
        elif prompt is not None and prompt.asked_at <= self._plan.now:
            status = "ASKED"
        return {
            **_kind("PROMPT", self._is_answered(prompt)),
            "id": self._keys.object_id(Kind.PROMPT, stream.index, place),
            "promptName": f"PRM{stream.index:05d}{place:03d}",
            "promptOriginalName": f"PRM{stream.index:05d}{place:03d}",
            "text": text,
            "promptStatus": status,
            "promptType": "Ad Hoc Prompt",
            "number": stream.index * 100 + place % 100 + 1,
        }

    def _file(self, half: HalfDay, at: int, name: str) -> Record:
        job = half.job(at)
        arrived = self._has_arrived(half, at)
        return {
            **_kind("FILE", arrived),
            "file": {
                "name": name,
                "workstation": self._keys.workstation_key(job.workstation),
            },
        }

    def _numbered(self, found: list[Record]) -> list[Record]:
        for number, record in enumerate(found, 1):
            record["depSequence"] = number
            _set_apart(record)
        return found

    def _is_answered(self, prompt: Prompt | None) -> bool:
        return prompt is not None and prompt.answered_at <= self._plan.now

    def _has_arrived(self, half: HalfDay, at: int) -> bool:
        return half.file_arrives_at.get(at, NEVER) <= self._plan.now


def _kind(name: str, satisfied: bool) -> Record:
    return {
        "dependencyType": name,
        "dependencyStatus": "SATISFIED" if satisfied else "UNSATISFIED",
        "satisfied": satisfied,
        "mandatory": True,
    }


def _set_apart(record: Record) -> None:
    kind = record["dependencyType"]
    for other, field in _MARKS.items():
        if other != kind and field:
            record.setdefault(field, None)


def _composite(plan: Plan, half: HalfDay, at: int) -> Record:
    words = WORDS[plan.state(half, at)]
    return {"status": words.status, **({"substatus": words.substatus} if words.substatus else {})}


def _stats(
    *,
    jobs: int = 0,
    streams: int = 0,
    prompts: int = 0,
    resources: int = 0,
    files: int = 0,
    unresolved: int = 0,
) -> Record:
    return {
        "numberOfDependencies": jobs + streams + prompts + resources + files,
        "numberOfJobDependencies": jobs,
        "numberOfJobStreamDependencies": streams,
        "numberOfPromptDependencies": int(prompts),
        "numberOfResourceDependencies": int(resources),
        "numberOfFileDependencies": int(files),
        "numberOfUnresolvedDependencies": int(unresolved),
    }
