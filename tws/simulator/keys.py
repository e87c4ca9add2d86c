"""What the simulated objects are called: ids, keys, and how times are written."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tws.simulator.catalogue import Catalogue, Stream
from tws.simulator.identifiers import Kind, make_id
from tws.simulator.schedule import HalfDay

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


def local_clock(at: int, zone: str) -> str:
    """The clock's time in a zone, as definitions have it."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%H:%M:00}"


class Keys:
    """The names of objects: each is found again by its id, whoever wrote it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.seed = catalogue.seed
        self._workstations = catalogue.workstations

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
        return f"/{self._workstations[index].name}"

    def stream_key(self, half: HalfDay, stream: Stream) -> str:
        scheduled = datetime.fromtimestamp(half.scheduled_at(stream), UTC)
        return (
            f"{self.workstation_key(stream.workstation)}#{stream.folder}/{stream.name}"
            f"({scheduled:%H%M %m/%d/%Y})"
        )

    def zone(self, workstation: int) -> str:
        return self._workstations[workstation].zone

    def job_definition_id(self, stream: Stream, position: int) -> str:
        return self.object_id(Kind.JOB_DEFINITION, stream.definition, position)
