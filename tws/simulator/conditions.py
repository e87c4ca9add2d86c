"""When workstations lose their link or their jobman, run no jobs (limit 0), or hold low priorities
back (fence).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tws.simulator.catalogue import HALF_DAY, Catalogue

RAISED_FENCE = 50


@dataclass(slots=True)
class _Block:
    """Half a day, aligned to the clock."""

    unlinked: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    no_jobman: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    no_jobs: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    fenced: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


class Conditions:
    """The state of each workstation at each moment, by seed and clock alone."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._blocks: dict[int, _Block] = {}

    def is_linked(self, workstation: int, at: int) -> bool:
        return _until(self._block(at).unlinked, workstation, at) is None

    def jobman_is_up(self, workstation: int, at: int) -> bool:
        return self.no_jobman_until(workstation, at) is None

    def runs_jobs(self, workstation: int, at: int) -> bool:
        return _until(self._block(at).no_jobs, workstation, at) is None

    def fence(self, workstation: int, at: int) -> int:
        return 0 if _until(self._block(at).fenced, workstation, at) is None else RAISED_FENCE

    def unlinked_until(self, workstation: int, at: int) -> int | None:
        return _until(self._block(at).unlinked, workstation, at)

    def no_jobman_until(self, workstation: int, at: int) -> int | None:
        return _until(self._block(at).no_jobman, workstation, at)

    def no_jobs_until(self, workstation: int, at: int) -> int | None:
        return _until(self._block(at).no_jobs, workstation, at)

    def fenced_until(self, workstation: int, at: int) -> int | None:
        return _until(self._block(at).fenced, workstation, at)

    def link_lost_between(self, workstation: int, start: int, end: int) -> int | None:
        """The first moment in the span at which the link went down."""
        for begin, _ in self._block(start).unlinked.get(workstation, ()):
            if start < begin < end:
                return begin
        return None

    def linked_since(self, workstation: int, at: int) -> int:
        ended = [end for _, end in self._block(at).unlinked.get(workstation, ()) if end <= at]
        return max(ended, default=at - at % HALF_DAY)

    def _block(self, at: int) -> _Block:
        number = at // HALF_DAY
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) > 8:
                self._blocks.clear()
            block = self._blocks[number] = self._decide(number)
        return block

    def _decide(self, number: int) -> _Block:
        catalogue = self._catalogue
        pick = random.Random(f"conditions {catalogue.seed} {number}")  # noqa: S311  not a secret
        # The master and the busiest workstations stay up, or the plan would stand still.
        candidates = [w.index for w in catalogue.workstations[4:]]
        pick.shuffle(candidates)
        start, end = number * HALF_DAY, (number + 1) * HALF_DAY
        block = _Block()
        dead = candidates.pop()
        block.unlinked[dead] = block.no_jobman[dead] = [(start, end)]
        block.no_jobman[candidates.pop()] = [(start, end)]  # linked, and yet starts nothing
        block.no_jobs[candidates.pop()] = [(start, end)]
        block.fenced[candidates.pop()] = [(start, end)]
        for _ in range(min(len(candidates), 2 + len(catalogue.workstations) // 25)):
            begin = start + pick.randrange(0, HALF_DAY - 3_600)
            block.unlinked[candidates.pop()] = [(begin, begin + pick.randrange(900, 3_600))]
        return block


def _until(windows: dict[int, list[tuple[int, int]]], workstation: int, at: int) -> int | None:
    """When the window ends in which the moment lies; None outside of all."""
    for begin, end in windows.get(workstation, ()):
        if begin <= at < end:
            return end
    return None
