"""The tools of one run: calls them, announces each call and keeps what it returned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from knowledge.limits import LARGEST_OWN_EVIDENCE
from tws.answers.events import Event, Source, ToolCall, ToolResult, ToolUse
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSError, TWSUnavailable
from tws.hwa.oql import OQLValueError
from tws.tools.base import TOOLS
from tws.tools.bounded import TooLarge, fitted, size_of
from tws.tools.shapes import stamp

Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: `result` when `ok`, else `error` in words (and the error itself)."""

    ok: bool
    result: dict[str, Any]
    fetched_at: datetime | None = None
    error: str = ""
    cause: Exception | None = None


class Toolbox:
    """The tools an agent may use, over one engine, for one question.

    `uses`, `evidence` and `sources` grow with each call; a refused or failed call leaves no
    evidence. All evidence together is bounded: each call may take half of what room is left, and
    hands out no more than it keeps. `names` empty means every tool.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[TWSClient]],
        emit: Emit,
        *,
        names: Iterable[str] = (),
        outages: dict[str, datetime] | None = None,
    ) -> None:
        self._connect = connect
        self._emit = emit
        self.names = tuple(name for name in names if name in TOOLS) or tuple(TOOLS)
        self.uses: list[ToolUse] = []
        self.evidence: list[dict[str, Any]] = []
        self.sources: list[Source] = []
        self.engine = ""
        self.simulated = False
        self.unavailable: TWSUnavailable | None = None
        self._outages = {} if outages is None else outages

    @property
    def down_since(self) -> str | None:
        """When the engine was first found not to answer, as far as this process knows."""
        return stamp(self._outages.get(self.engine))

    def schemas(self) -> list[dict[str, Any]]:
        return [TOOLS[name].schema() for name in self.names]

    async def call(self, name: str, arguments: dict[str, Any]) -> Outcome:
        """Call a tool. Whatever goes wrong with the tool is in the outcome, not raised."""
        self._emit(ToolCall(name, arguments))
        outcome = await self._outcome(name, arguments)
        if outcome.ok:
            outcome = self._keep(name, arguments, outcome)
        fetched_at = stamp(outcome.fetched_at)
        self.uses.append(ToolUse(name, arguments, outcome.ok, fetched_at))
        self._emit(ToolResult(name, arguments, outcome.ok, fetched_at, self.engine, outcome.error))
        return outcome

    async def _outcome(self, name: str, arguments: dict[str, Any]) -> Outcome:
        if name not in self.names:
            return Outcome(False, {}, error=f"there is no tool {name!r}")
        try:
            asked = TOOLS[name].arguments.model_validate(arguments)
        except ValidationError as error:
            return Outcome(False, {}, error=_what_is_wrong(error), cause=error)
        try:
            client = await self._connect()
            self.engine = client.engine.name
            reply = await TOOLS[name].run(client, asked)
            self.simulated = await client.is_simulated()
        except TWSUnavailable as error:
            self.unavailable = error
            self.engine = self.engine or error.engine
            self._outages.setdefault(self.engine, datetime.now(UTC))
            return Outcome(False, {}, error=str(error), cause=error)
        except (TWSError, OQLValueError) as error:
            return Outcome(False, {}, error=str(error), cause=error)
        self._outages.pop(self.engine, None)
        return Outcome(True, reply.result, reply.fetched_at)

    def _keep(self, name: str, arguments: dict[str, Any], outcome: Outcome) -> Outcome:
        """The outcome as far as there is room for it as evidence, and so kept."""
        # Where it was read is part of what was read: the answer says it.
        whence = {"engineName": self.engine, "isSimulator": self.simulated}
        fetched_at = stamp(outcome.fetched_at)
        kept = {
            "tool": name,
            "arguments": arguments,
            "result": {"source": whence},
            "fetched_at": fetched_at,
        }
        room = (LARGEST_OWN_EVIDENCE - size_of(self.evidence)) // 2 - size_of(kept)
        try:
            result = fitted(outcome.result, room)
        except TooLarge:
            most = LARGEST_OWN_EVIDENCE // 2**10
            error = f"this is more than an answer may rest on ({most} KiB); ask for less"
            return Outcome(False, {}, error=error)
        self.evidence.append({**kept, "result": {**result, "source": whence}})
        label = (
            f"{self.engine} · {name}"
            if not self.simulated
            else f"{self.engine} (simulator) · {name}"
        )
        about = ", ".join(str(value) for value in arguments.values() if value not in ("", None, []))
        self.sources.append(
            Source(
                kind="hwa",
                ref=name,
                label=f"{label} {about}".strip()[:200],
                engine=self.engine,
                fetched_at=fetched_at,
            )
        )
        return replace(outcome, result=result)


def _what_is_wrong(error: ValidationError) -> str:
    parts = (
        f"{'.'.join(str(part) for part in one['loc']) or 'arguments'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)
    )
    return "; ".join(parts)
