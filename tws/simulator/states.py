"""The states a simulated job passes through, each as HWA words it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


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


WORDS: dict[State, Words] = {
    State.WAITS_FOR_TIME: Words("HOLD", "HOLD_WAITING_FOR_TIME", "WAITING"),
    State.WAITS_FOR_PREDECESSOR: Words("HOLD", "HOLD_WAITING_FOR_PREDECESSOR", "WAITING"),
    State.WAITS_FOR_PROMPT: Words("HOLD", "HOLD_WAITING_FOR_PROMPT", "WAITING"),
    State.WAITS_FOR_FILE: Words("HOLD", "HOLD_WAITING_FOR_FILE", "WAITING"),
    State.PRIORITY_ZERO: Words("HOLD", "HOLD_PRIORITY_ZERO", "HELD"),
    State.WAITS_FOR_RESOURCE: Words("READY", "READY_WAITING_FOR_RESOURCES", "READY"),
    State.WAITS_FOR_LIMIT: Words("READY", "READY_WAITING_FOR_LIMIT", "READY"),
    State.WAITS_FOR_AGENT: Words("READY", "READY_WAITING_FOR_AGENT", "READY"),
    # HWA names no substatus for the fence: the workstation's fence and the priority tell.
    State.BEHIND_FENCE: Words("READY", None, "READY"),
    State.INTRODUCED: Words("INTRO", None, "RUNNING"),
    State.EXECUTING: Words("EXEC", None, "RUNNING"),
    State.SUCCESSFUL: Words("SUCC", "SUCC_COMPLETED", "SUCCESSFUL"),
    State.ABENDED: Words("ABEND", None, "ERROR"),
    State.FAILED: Words("FAIL", None, "ERROR"),
    State.AWAITS_CONFIRMATION: Words("PEND", None, "UNDECIDED"),
    State.PASSED_OVER: Words("ABEND", None, "ERROR"),
}

RUNNING = frozenset({State.INTRODUCED, State.EXECUTING, State.AWAITS_CONFIRMATION})
BROKEN = frozenset({State.ABENDED, State.FAILED})
IN_ERROR = BROKEN | {State.PASSED_OVER}
DONE = frozenset({State.SUCCESSFUL, State.PASSED_OVER})
READY = frozenset(
    {State.WAITS_FOR_RESOURCE, State.WAITS_FOR_LIMIT, State.WAITS_FOR_AGENT, State.BEHIND_FENCE}
)
STREAM_COMMON = {
    "SUCC": "SUCCESSFUL",
    "EXEC": "RUNNING",
    "HOLD": "WAITING",
    "READY": "READY",
    "STUCK": "BLOCKED",
    "ABEND": "ERROR",
}
