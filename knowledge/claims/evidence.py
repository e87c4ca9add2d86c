"""What an answer rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that was read for an answer, as JSON has it.

    `id` is q1, q2, … of the plan, l1, … of job logs, m1, … of memories. `fetched_at` is ISO 8601
    with an offset; `complete` says whether `result` tells of all that was asked for.
    """

    id: str
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    engine: str = ""
    fetched_at: str | None = None
    complete: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
