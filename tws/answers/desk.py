"""Where a rule-based answer is written: tools to ask, the language, how facts are worded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from knowledge.hwa.statuses import GROUPS, group_of
from knowledge.visible import visible
from tws.answers.language import Language
from tws.answers.phrases import say
from tws.tools.reading import OPEN
from tws.tools.toolbox import Outcome, Toolbox

Line = Mapping[str, Any]


class ToolFailed(Exception):
    """A tool that the answer needs did not answer."""

    def __init__(self, tool: str, outcome: Outcome) -> None:
        super().__init__(outcome.error)
        self.tool = tool
        self.outcome = outcome


class NoAnswer(Exception):
    """What is said (`text`) is nothing to remember: an unknown name, a counter-question."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class CannotAnswer(NoAnswer):
    """Neither the tools nor the memories have anything to say to the question."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.say("cannot", examples=desk.say("examples")))


@dataclass(slots=True)
class Desk:
    toolbox: Toolbox
    language: Language
    _told: dict[str, Outcome] = field(default_factory=dict)

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """A tool's result; ToolFailed when it has none. Asked twice, it is called once."""
        outcome = await self._call(tool, arguments)
        if not outcome.ok:
            raise ToolFailed(tool, outcome)
        return outcome.result

    async def try_to_ask(self, tool: str, **arguments: Any) -> tuple[dict[str, Any] | None, str]:
        """The same for what an answer can do without: the result, or why there is none."""
        outcome = await self._call(tool, arguments)
        return (outcome.result, "") if outcome.ok else (None, outcome.error)

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Outcome:
        key = f"{tool} {sorted(arguments.items())}"
        if key not in self._told:
            self._told[key] = await self.toolbox.call(tool, arguments)
        return self._told[key]

    def say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)

    # Wording of facts

    def status(self, line: Line) -> str:
        """`ABEND (ended in error)`: HWA's word first, then everybody's."""
        code = str(line.get("status") or "?")
        substatus = line.get("substatus")
        group = GROUPS.get(group_of(code, line.get("commonStatus")) or "")
        extra = [group.wording(self.language)] if group else []
        if substatus and str(substatus).startswith(("HOLD_", "READY_", "SUPPR_")):
            extra.append(str(substatus))
        return f"{code} ({', '.join(extra)})" if extra else code

    def status_names(self, statuses: Sequence[str]) -> str:
        """What a list was asked by: groups in words, HWA's codes as they are."""
        if tuple(statuses) == OPEN:
            return self.say("not_done")
        words = (GROUPS[one].wording(self.language) if one in GROUPS else one for one in statuses)
        return self.names((f"“{one}”" if " " in one else one for one in words), last="or")

    def place(self, line: Line) -> str:
        """` (FOLHA_DIARIA, on FTA_SP01)` after a job's name."""
        stream, workstation = line.get("jobStreamName"), line.get("workstation")
        if stream and workstation:
            return self.say("in_place", stream=stream, workstation=workstation)
        if stream:
            return self.say("in_stream", stream=stream)
        return self.say("on_workstation", workstation=workstation) if workstation else ""

    def facts(self, line: Line, *names: str) -> str:
        """`; return code 8; ended 14:31:05`, of those asked for that the line has."""
        keys = {
            "returnCode": "rc",
            "startTime": "started",
            "endTime": "ended",
            "schedTime": "scheduled",
            "priority": "priority",
            "deadline": "deadline",
            "latestStart": "latest_start",
            "earliestStart": "earliest_start",
            "criticalStart": "critical_start",
            "estimatedEnd": "estimated_end",
        }
        said = [
            self.say(keys[name], value=self.moment(line[name]))
            for name in names
            if name in keys and line.get(name) is not None
        ]
        said += [
            self.say(name) for name in ("late", "critical") if name in names and line.get(name)
        ]
        return "".join(f"; {one}" for one in said)

    def moment(self, value: object) -> str:
        """A stamp as people say it: the hour when it is today, else the date too."""
        if not isinstance(value, str) or "T" not in value:
            return str(value)
        local = timezone.localtime(datetime.fromisoformat(value))
        if local.date() == timezone.localdate():
            return f"{local:%H:%M:%S}"
        return f"{local:%Y-%m-%d %H:%M:%S}"

    def job(self, line: Line, *facts: str) -> str:
        """A job in a list."""
        facts = facts or ("returnCode", "endTime", "late", "critical")
        return (
            f"- {line.get('name')}{self.place(line)}: {self.status(line)}{self.facts(line, *facts)}"
        )

    def names(self, names: Iterable[object], *, last: str = "and") -> str:
        """`A, B and C`."""
        listed = [str(name) for name in names]
        if len(listed) < 2:
            return "".join(listed)
        return ", ".join(listed[:-1]) + self.say(last) + listed[-1]

    def quoted(self, text: object) -> str:
        """Words of somebody else, as code: nothing in them is markup."""
        shown = visible(str(text)).replace("\n", " ")
        fence = "`"
        while fence in shown:
            fence += "`"
        pad = " " if "`" in shown else ""
        return f"{fence}{pad}{shown}{pad}{fence}"

    def block(self, lines: Iterable[Line]) -> str:
        """Lines of a log with their numbers, as a code block that they cannot end."""
        shown = [f"{line['line']}: {visible(str(line['text']))}" for line in lines]
        fence = "```"
        while any(fence in one for one in shown):
            fence += "`"
        return "\n".join([fence, *shown, fence])

    def shown_of(self, result: Line) -> list[str]:
        """What a list leaves out, when it does."""
        said = []
        shown, total = result.get("shown"), result.get("totalCount")
        if isinstance(total, int) and isinstance(shown, int) and total > shown:
            said.append(self.say("shown_of", shown=shown, total=total) + " " + self.say("more"))
        elif result.get("more"):
            said.append(self.say("more"))
        if result.get("complete") is False:
            examined = result.get("examined")
            said.append(
                self.say("incomplete", examined=examined)
                if examined
                else self.say("incomplete_list")
            )
        return said
