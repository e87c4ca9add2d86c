"""The runs that this process is answering. Pages only ask whether one of them goes on."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tws.per_loop import PerLoop

if TYPE_CHECKING:
    from tws.chat.run import Run

live_runs: PerLoop[dict[uuid.UUID, Run]] = PerLoop(dict)


def is_live(run_id: uuid.UUID) -> bool:
    """Whether this process is answering that run; from any thread."""
    return any(run_id in some for some in live_runs.everywhere())
