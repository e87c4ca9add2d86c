"""What an auditor has done so far."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from audits.settling import Outcome

_NAMES: dict[Outcome, str] = {"pending": "flagged", "queued": "retried"}


@dataclass(slots=True)
class Tally:
    """What this process committed. Counted by the threads that commit."""

    cleared: int = 0
    unverified: int = 0
    flagged: int = 0
    quarantined: int = 0
    failed: int = 0
    retried: int = 0
    lost: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def audited(self) -> int:
        return self.cleared + self.flagged + self.quarantined + self.unverified

    def count(self, outcome: Outcome, times: int = 1) -> None:
        name = _NAMES.get(outcome, outcome)
        with self._counting:
            setattr(self, name, getattr(self, name) + times)

    def outcome(self) -> Outcome | None:
        """What became of the one memory that was audited, if anything did."""
        found: dict[Outcome, int] = {
            "cleared": self.cleared,
            "unverified": self.unverified,
            "pending": self.flagged,
            "quarantined": self.quarantined,
            "failed": self.failed,
        }
        return next((outcome for outcome, count in found.items() if count), None)
