"""The states a simulated job passes through, each as HWA words it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from knowledge.hwa.statuses import STATUSES


class State(IntEnum):
    WAITS_FOR_TIME = 0
    WAITS_FOR_PREDECESSOR = 1
    WAITS_FOR_PROMPT = 2
    WAITS_FOR_FILE = 3
    PRIORITY_ZERO = 4
    WAITS_FOR_RESOURCE = 5
    WAITS_FOR_LIMIT = 6
    WAITS_FOR_AGENT = 7
    BEHIND_FENCE = 8
    INTRODUCED = 9
    EXECUTING = 10
    SUCCESSFUL = 11
    ABENDED = 12
    FAILED = 13
    AWAITS_CONFIRMATION = 14
    PASSED_OVER = 15  # abended, but its definition says CONTINUE: nothing waits for it


class Words(NamedTuple):
    status: str
    substatus: str | None
    common: str


def _words(status: str, substatus: str | None = None, common: str = "") -> Words:
    return Words(status, substatus, common or STATUSES[status].common)


WORDS: dict[State, Words] = {
    State.WAITS_FOR_TIME: _words("HOLD", "HOLD_WAITING_FOR_TIME"),
    State.WAITS_FOR_PREDECESSOR: _words("HOLD", "HOLD_WAITING_FOR_PREDECESSOR"),
    State.WAITS_FOR_PROMPT: _words("HOLD", "HOLD_WAITING_FOR_PROMPT"),
    State.WAITS_FOR_FILE: _words("HOLD", "HOLD_WAITING_FOR_FILE"),
    State.PRIORITY_ZERO: _words("HOLD", "HOLD_PRIORITY_ZERO", common="HELD"),
    State.WAITS_FOR_RESOURCE: _words("READY", "READY_WAITING_FOR_RESOURCES"),
    State.WAITS_FOR_LIMIT: _words("READY", "READY_WAITING_FOR_LIMIT"),
    State.WAITS_FOR_AGENT: _words("READY", "READY_WAITING_FOR_AGENT"),
    # HWA names no substatus for the fence: the workstation's fence and the priority tell.
    State.BEHIND_FENCE: _words("READY"),
    State.INTRODUCED: _words("INTRO"),
    State.EXECUTING: _words("EXEC"),
    State.SUCCESSFUL: _words("SUCC", "SUCC_COMPLETED"),
    State.ABENDED: _words("ABEND"),
    State.FAILED: _words("FAIL"),
    State.AWAITS_CONFIRMATION: _words("PEND"),
    State.PASSED_OVER: _words("ABEND"),
}

RUNNING = frozenset({State.INTRODUCED, State.EXECUTING, State.AWAITS_CONFIRMATION})
BROKEN = frozenset({State.ABENDED, State.FAILED})
IN_ERROR = BROKEN | {State.PASSED_OVER}
DONE = frozenset({State.SUCCESSFUL, State.PASSED_OVER})
READY = frozenset(
    {State.WAITS_FOR_RESOURCE, State.WAITS_FOR_LIMIT, State.WAITS_FOR_AGENT, State.BEHIND_FENCE}
)
