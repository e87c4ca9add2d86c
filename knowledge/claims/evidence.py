"""What an answer rests on: the readings that were made for it, each with an id.

`q1`… are what was asked of the plan, `l1`… excerpts of logs, `m1`… memories, `u1` the question.
Expressions see the results alone, by these ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from knowledge.claims.digests import digest

_KINDS = {"tool": str, "result": dict, "arguments": dict, "engine": str, "complete": bool}
_ID = re.compile(r"[qlmu][1-9]\d{0,3}")


class NoClaim(ValueError):
    """What is written is no value of the evidence; the message says why, to a person or a model."""


class EvidenceMalformed(ValueError):
    """No reading of ours; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One result of a tool, with its totals first.

    Rows and groups are lists of objects that all have the same keys; `matched` counts all there
    are, `shown` those that are here. A log has `lines: [{number, text}]`, a memory is
    `{memory_id, version, trust, user_query, agent_response, approved_by, approved_at, language}`.
    What merely says how the question was taken stands under `understood`.
    """

    id: str
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    engine: str = ""
    fetched_at: str | None = None
    """ISO 8601 with its offset."""
    complete: bool = True

    @property
    def read_at(self) -> datetime | None:
        return _moment(self.fetched_at)

    @property
    def question(self) -> str:
        """A digest of what was asked: the same figure read for another question proves nothing."""
        asked = {"tool": self.tool, "arguments": self.arguments, "engine": self.engine}
        return digest({**asked, "understood": self.result.get("understood")})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_reading(data: Any) -> Reading:
    """The reading that `as_json` wrote. EvidenceMalformed when it is none."""
    if not isinstance(data, dict):
        raise EvidenceMalformed("a reading is an object")
    if not isinstance(data.get("id"), str) or not _ID.fullmatch(data["id"]):
        raise EvidenceMalformed("a reading has an id like q1, l1, m1 or u1")
    for name, kind in _KINDS.items():
        if not isinstance(data.get(name), kind):
            raise EvidenceMalformed(f"{name} of a reading is a {kind.__name__}")
    read_at = data.get("fetched_at")
    if read_at is not None and _moment(read_at) is None:
        raise EvidenceMalformed("fetched_at of a reading is a time with its offset")
    return Reading(**{name: data[name] for name in ("id", *_KINDS)}, fetched_at=read_at)


def readings_in(evidence: Iterable[Any]) -> dict[str, Reading]:
    """The readings of ours in a memory's evidence by their ids; what is of another shape is left.

    EvidenceMalformed when two bear one id: nobody could say which a claim means.
    """
    found: dict[str, Reading] = {}
    for item in evidence:
        try:
            reading = read_reading(item)
        except EvidenceMalformed:
            continue
        if reading.id in found:
            raise EvidenceMalformed(f"two readings are called {reading.id}")
        found[reading.id] = reading
    return found


def _moment(text: Any) -> datetime | None:
    """A time with its offset; None when it is none that every zone has."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo and 1 < moment.year < 9999 else None
