"""What clients keep of what they did and were told; the database is held against it later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]
ENDS = frozenset({"message", "stopped", "error"})
"""The types of a run's last frame, by docs/chat.md."""


@dataclass
class Question:
    """One question of one conversation, whatever number of times it was sent."""

    conversation: str
    client_id: str
    frames: dict[str, dict[int, Frame]] = field(default_factory=dict)
    """By run (there must be one), by number."""
    contradictions: list[str] = field(default_factory=list)
    _shown: dict[tuple[str, int], Frame] = field(default_factory=dict)

    def take(self, frame: Frame) -> None:
        """After a cut, `error` may stand where something was shown that was not stored yet."""
        run_id, seq = frame["run_id"], frame["seq"]
        self.frames.setdefault(run_id, {})[seq] = frame
        known = self._shown.setdefault((run_id, seq), frame)
        if known != frame and frame["type"] != "error":
            self.contradictions.append(f"frame {seq} of run {run_id} was {known}, then {frame}")

    def start_over(self) -> None:
        """It is asked again: its run, if there is one, is shown again as far as it is stored."""
        self.frames = {run_id: {} for run_id in self.frames}

    @property
    def last_seq(self) -> int:
        return max((seq for run in self.frames.values() for seq in run), default=0)

    @property
    def ends(self) -> list[Frame]:
        runs = self.frames.values()
        return [frame for run in runs for frame in run.values() if frame["type"] in ENDS]


@dataclass(frozen=True)
class Tried:
    """A decision that somebody sent; `status` None: no answer came. `note` is like no other."""

    memory_id: str
    action: str
    note: str
    status: int | None


@dataclass(frozen=True)
class Rated:
    """A rating that somebody sent, in the order they sent them; `status` None: no answer came."""

    memory_id: str
    rating: int
    status: int | None


@dataclass
class Records:
    """All that the clients of one storm know. Appended to by threads, read when they have ended."""

    questions: list[Question] = field(default_factory=list)
    decisions: list[Tried] = field(default_factory=list)
    ratings: list[Rated] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    """What searches brought: memory id → the trust it was shown with."""
    imported: list[str] = field(default_factory=list)
    """The questions of the rows in files that were imported to the end."""
    faults: list[str] = field(default_factory=list)
    """What no client should ever see, as sentences."""
    answers: dict[str, int] = field(default_factory=dict)
    """How often a request was answered so: "POST /api/audit/review 409" → 3."""

    def has_begun(self) -> bool:
        """Whether something was promised of each kind: else nothing could be broken."""
        decided = any(tried.status == 200 for tried in self.decisions)
        answered = any(question.ends for question in self.questions)
        return decided and answered and bool(self.imported) and bool(self.found)
