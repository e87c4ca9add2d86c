"""What the evidence says: JSON of any shape, read into objects with their attributes.

Nothing here trusts the shape. A dict that carries a name is an object; what it holds, at any depth
down to the next name, belongs to it. Statuses, workstations, return codes, flags, times and counts
are recognised by their keys and values as HWA writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from knowledge.hwa.statuses import GROUP_OF_CODE
from knowledge.hwa.times import is_instant

MOST_NODES = 50_000
MOST_TEXT = 400_000

PROMPT_CODES = frozenset({"ASKED", "NOT_ASKED", "ANSWERED_YES", "ANSWERED_NO"})
DEPENDENCY_CODES = frozenset({"SATISFIED", "UNSATISFIED"})
LINK_CODES = frozenset({"LINKED", "UNLINKED"})


@dataclass(slots=True)
class Moment:
    """A time in the evidence: where it stands (`role`) and what it says."""

    role: str
    at: datetime


@dataclass(slots=True)
class Thing:
    """An object that the evidence names, with everything the evidence says of it."""

    name: str
    kinds: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    substatuses: set[str] = field(default_factory=set)
    workstations: set[str] = field(default_factory=set)
    streams: set[str] = field(default_factory=set)
    return_codes: set[int] = field(default_factory=set)
    flags: dict[str, bool] = field(default_factory=dict)
    flag_lists: bool = False
    times: list[Moment] = field(default_factory=list)
    empty_times: set[str] = field(default_factory=set)
    numbers: dict[str, set[int]] = field(default_factory=dict)
    tallies: list[dict[str, int]] = field(default_factory=list)
    types: set[str] = field(default_factory=set)
    """What kind of workstation it is, by type, role and operating system."""
    runs: list[Thing] = field(default_factory=list)
    """Each execution by itself, oldest first as the evidence lists them."""
    holders: set[str] = field(default_factory=set)

    def groups(self) -> set[str]:
        """The status groups of its execution codes."""
        return {GROUP_OF_CODE[code] for code in self.codes if code in GROUP_OF_CODE}

    def describe(self) -> str:
        """One line for the reviewer: NAME: ABEND, RC 12, FTA_SP01."""
        parts = [*sorted(self.codes), *sorted(self.substatuses)]
        parts += [f"RC {code}" for code in sorted(self.return_codes)]
        parts += sorted(self.workstations)
        parts += [f"{name}={str(value).lower()}" for name, value in sorted(self.flags.items())]
        parts += [f"{m.role} {m.at.isoformat()}" for m in self.times[:4]]
        parts += [f"{k}={v}" for k, values in sorted(self.numbers.items()) for v in sorted(values)]
        parts += [f"{k}: {v}" for tally in self.tallies for k, v in tally.items()]
        return f"{self.name}: {', '.join(parts[:14])}" if parts else self.name


@dataclass(slots=True)
class Facts:
    """Everything the evidence says; names are compared without case."""

    things: dict[str, Thing] = field(default_factory=dict)
    lists: list[list[Thing]] = field(default_factory=list)
    """Each list of objects in the evidence, in its order; an empty one came back empty."""
    tallies: list[dict[str, int]] = field(default_factory=list)
    """Counts by status or by name, as HWA grouped them."""
    totals: set[int] = field(default_factory=set)
    named_counts: list[tuple[str, int]] = field(default_factory=list)
    """Integers under a key of their own (in lower case): `inErrorInPlan`, `failedJobs`."""
    partial: set[int] = field(default_factory=set)
    """Counts given beside a list that shows only the first of what was counted."""
    integers: set[int] = field(default_factory=set)
    given: set[int] = field(default_factory=set)
    """The integers that stand by themselves, not within a time or a name."""
    identifiers: set[int] = field(default_factory=set)
    """Numbers that name a run, a job or a prompt, and count nothing."""
    moments: list[Moment] = field(default_factory=list)
    log: str = ""
    """Job logs and messages: what programs wrote."""
    text: str = ""
    """Every string and key of the evidence."""
    settings: dict[str, set[str]] = field(default_factory=dict)
    """Every scalar by its key, as written: enCarryForward → {no}."""
    errors: list[str] = field(default_factory=list)
    """What the tools answered instead of data."""
    is_empty: bool = True
    counts: set[int] | None = None
    """What its numbers add up to, once somebody worked it out: each sentence asks again."""
    causes: set[str] | None = None
    """The causes of failure that its log names, once read."""

    def find(self, name: str) -> Thing | None:
        return self.things.get(name.casefold())

    def of_kind(self, kind: str) -> list[Thing]:
        return [thing for thing in self.things.values() if kind in thing.kinds]


# Which key names an object, and of what kind. The first that a dict has is its name.
_NAME_KEYS = {
    "jobname": "job",
    "promptname": "prompt",
    "resourcename": "resource",
    "workstationname": "workstation",
    "filename": "file",
    "enginename": "engine",
    "predecessorname": "job",
    "name": "",
    "jobstreamname": "stream",
    "streamname": "stream",
    "schedulename": "stream",
    "job": "job",
    "prompt": "prompt",
    "resource": "resource",
}
_STREAM_KEY = re.compile(r"(?:job)?stream(?:name)?|schedule(?:name)?|originaljobstreamname")
_WORKSTATION_KEY = re.compile(
    r".*(?:workstation|agent|cpu|node|host|machine)(?:name)?|ws|pool|server|location"
)
_STATUS_KEY = re.compile(r".*(?:status|state)")
_RETURN_CODE_KEY = re.compile(r"(?:return|exit)_?(?:code|status)|rc")
_IDENTIFIER_KEY = re.compile(r".*(?:number|id|no)")
_LOG_KEY = re.compile(r"lines?|log|joblog|text|content|output|messages?|stdlist|tail|description")
_EXIT_IN_LOG = re.compile(
    r"(?i)\b(?:exit(?:ed)?|return(?:ed)?)[ _]*(?:status|code"
    r"|value)?(?: with)?\s*[:=]?\s*(-?\d{1,10})\b"
)
_NUMBER_IN_TEXT = re.compile(r"(?<![\d.])\d{1,12}(?![\d])")
_NUMBER_ALONE = re.compile(r"(?<![\w.:/+-])\d{1,12}(?![\w:/-]|\.\d)")
_TIME_VALUE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z"
    r"|[+-]\d\d:?\d\d)?)?"
)
_TOOL_KIND = (
    ("workstation", "workstation"),
    ("agent", "workstation"),
    ("prompt", "prompt"),
    ("resource", "resource"),
    ("stream", "stream"),
    ("schedule", "stream"),
    ("predecessor", "job"),
    ("job", "job"),
)


def read_facts(evidence: list[dict[str, Any]]) -> Facts:
    """The facts of all tool results. Hostile or huge evidence is read up to a limit."""
    facts = Facts()
    reader = _Reader(facts)
    for call in evidence:
        if isinstance(call, dict):
            tool = str(call.get("tool", "")).lower()
            reader.read(tool, call.get("result"))
            reader.note_context(call)
    facts.log, facts.text = "\n".join(reader.log), "\n".join(reader.strings)
    for found in _EXIT_IN_LOG.finditer(facts.log[:MOST_TEXT]):
        facts.integers.add(int(found[1]))
    facts.given |= facts.integers
    facts.given |= {int(n) for n in _NUMBER_ALONE.findall(facts.text[:MOST_TEXT])}
    facts.integers |= {int(n) for n in _NUMBER_IN_TEXT.findall(facts.text[:MOST_TEXT])}
    return facts


class _Reader:
    """Walks tool results without recursion, so that depth is no danger."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.log: list[str] = []
        self.strings: list[str] = []
        self.left = MOST_NODES
        self.text_left = MOST_TEXT

    def note_context(self, call: dict[str, Any]) -> None:
        """What was asked and when belongs to the evidence too, but makes no claims."""
        for value in _scalars(call.get("arguments")):
            self.keep_text(str(value))
        fetched = call.get("fetched_at")
        if isinstance(fetched, str):
            self.keep_text(fetched)
            self.note_time("now", fetched, None)

    def read(self, tool: str, result: Any) -> None:
        kind = next((kind for word, kind in _TOOL_KIND if word in tool), "")
        is_log = "log" in tool
        if result is not None:
            self.facts.is_empty = False
        todo: list[tuple[str, Any, Thing | None, str]] = [
            ("now" if tool == "now" else "", result, None, "")
        ]
        while todo and self.left > 0:
            key, value, owner, path = todo.pop()
            self.left -= 1
            if isinstance(value, dict):
                owner = self.open_object(value, owner, kind, path)
                self.note_tally(key, value, owner)
                self.note_partial(value)
                below = f"{path}.{key.lower()}"[-200:]
                todo += [(str(k), v, owner, below) for k, v in reversed(value.items())]
            elif isinstance(value, list):
                self.note_list(key, value, owner, kind, path)
                below = path if key == "" else f"{path}.{key.lower()}"[-200:]
                todo += [
                    ("", v, owner, below) if isinstance(v, dict | list) else (key, v, owner, path)
                    for v in reversed(value)
                ]
            else:
                self.keep_text(key)
                if (
                    key
                    and len(str(key)) <= 60
                    and isinstance(value, str | int)
                    and len(self.facts.settings) < 2000
                ):
                    self.facts.settings.setdefault(key, set()).add(str(value)[:100].lower())
                self.note_value(key, value, owner, path, is_log)

    def open_object(
        self, value: dict[Any, Any], owner: Thing | None, kind: str, path: str
    ) -> Thing | None:
        """The object this dict is about: its own, when it carries a name, or the one around it."""
        lowered = {str(k).lower(): v for k, v in value.items()}
        key = next((k for k in _NAME_KEYS if _is_name(lowered.get(k))), None)
        if "promptstatus" in lowered and _is_name(lowered.get("promptname")):
            key = "promptname"  # a prompt that also tells whose it is
        if key is None:
            return owner
        name = lowered[key]
        if owner is not None and key in {"jobstreamname", "streamname", "schedulename"}:
            return owner
        thing = self.thing(name, _NAME_KEYS[key] or _kind_by_keys(lowered) or kind)
        if owner is not None and "holder" in path:
            owner.holders.add(name.casefold())
        return thing

    def thing(self, name: str, kind: str = "") -> Thing:
        thing = self.facts.things.setdefault(name.casefold(), Thing(name))
        if kind:
            thing.kinds.add(kind)
        return thing

    def note_list(
        self, key: str, value: list[Any], owner: Thing | None, kind: str, path: str
    ) -> None:
        if owner is not None and re.fullmatch(r".*(?:flags|states)", key.lower()):
            owner.flag_lists = True
        dicts = [v for v in value if isinstance(v, dict)]
        if not value and key.lower() in {"", "items", "results", "jobs", "streams", "data"}:
            self.facts.lists.append([])
        if owner is not None and "run" in key.lower():
            owner.runs += [_run(owner, v) for v in dicts[:100]]
        named = [t for v in dicts if (t := self.open_object(v, owner, kind, path)) is not None]
        if named and any(t is not owner for t in named):
            self.facts.lists.append(named)
            self.facts.totals.add(len(dicts))
        elif dicts:
            self.facts.totals.add(len(dicts))

    def note_tally(self, key: str, value: dict[Any, Any], owner: Thing | None) -> None:
        """Counts by status or by name: `groupedCount`, `jobStreamStats` and their like."""
        counts = {
            str(k): v for k, v in value.items() if isinstance(v, int) and not isinstance(v, bool)
        }
        by_status = {k.upper(): v for k, v in counts.items() if k.upper() in GROUP_OF_CODE}
        if len(by_status) >= 1 and len(counts) == len(value):
            self.facts.tallies.append(by_status)
            if owner is not None:
                owner.tallies.append(by_status)
        elif "group" in key.lower() and counts and len(counts) == len(value):
            for name, count in counts.items():
                self.thing(name, "grouped").numbers.setdefault("count", set()).add(count)

    def note_partial(self, value: dict[Any, Any]) -> None:
        """`{items: [20 of them], totalCount: 61}`: the list is not all there is to count."""
        counts = {v for v in value.values() if isinstance(v, int) and not isinstance(v, bool)}
        shown = [len(v) for v in value.values() if isinstance(v, list) and v]
        total = next((v for k, v in value.items() if str(k).lower() == "totalcount"), None)
        if shown and isinstance(total, int) and total > max(shown):
            self.facts.partial |= counts

    def note_value(
        self, key: str, value: Any, owner: Thing | None, path: str, is_log: bool
    ) -> None:
        low = key.lower()
        if _IDENTIFIER_KEY.fullmatch(low) and str(value)[:18].isdecimal():
            self.facts.identifiers.add(int(str(value)[:18]))
        if isinstance(value, bool):
            if owner is not None:
                owner.flags[low] = value
        elif isinstance(value, int):
            self.note_integer(low, value, owner)
        elif isinstance(value, str):
            self.note_string(low, value, owner, path, is_log)
        elif value is None and owner is not None and "time" in f"{path}.{low}":
            owner.empty_times.add(_role(low, path))

    def note_integer(self, key: str, value: int, owner: Thing | None) -> None:
        self.facts.integers.add(value)
        self.facts.named_counts.append((key, value))
        if key in {"count", "totalcount", "total", "size", "matched"}:
            self.facts.totals.add(value)
        if owner is None:
            return
        if _RETURN_CODE_KEY.fullmatch(key):
            owner.return_codes.add(value)
        else:
            owner.numbers.setdefault(key, set()).add(value)

    def note_string(
        self, key: str, value: str, owner: Thing | None, path: str, is_log: bool
    ) -> None:
        self.keep_text(value)
        upper = value.strip().upper()
        if _TIME_VALUE.match(value):
            self.note_time(_role(key, path), value, owner)
            return
        if "error" in path or (key == "error" and " " in value):
            self.facts.errors.append(value[:300])
        elif is_log or _LOG_KEY.fullmatch(key) or (key == "" and " " in value):
            self.log.append(value[:MOST_TEXT])
        if owner is None or value == owner.name:
            return
        if key == "jobname" and "prompt" in owner.kinds and len(value) <= 200:
            self.thing(value, "job")
        if key == "substatus":
            owner.substatuses.add(upper)
        elif _STATUS_KEY.fullmatch(key) and len(value) <= 40 and key != "statuses":
            owner.codes.add(upper)
        elif re.fullmatch(r".*(?:flags|states)", key):
            owner.flags[value.lower()] = True
            owner.flag_lists = True
        elif (
            key in {"type", "workstationtype", "role", "os", "operatingsystem"} and len(value) <= 40
        ):
            owner.types.add(upper)
        elif _STREAM_KEY.fullmatch(key):
            owner.streams.add(value.casefold())
            self.thing(value, "stream")
        elif _WORKSTATION_KEY.fullmatch(key) and " " not in value:
            owner.workstations.add(value.casefold())
            self.thing(value, "workstation")
        elif _RETURN_CODE_KEY.fullmatch(key) and re.fullmatch(r"-?\d{1,10}", value):
            owner.return_codes.add(int(value))

    def note_time(self, role: str, value: str, owner: Thing | None) -> None:
        found = _TIME_VALUE.match(value)
        try:
            at = datetime.fromisoformat(found[0].replace("Z", "+00:00") if found else "")
        except ValueError:
            return
        if not is_instant(at):
            return
        moment = Moment(role, at if at.tzinfo or len(value) > 10 else at.replace(tzinfo=UTC))
        self.facts.moments.append(moment)
        if owner is not None:
            owner.times.append(moment)

    def keep_text(self, value: str) -> None:
        if value and self.text_left > 0:
            self.strings.append(value[: self.text_left])
            self.text_left -= len(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _run(job: Thing, value: dict[Any, Any]) -> Thing:
    """One execution of a job, read like an object of its own."""
    run = Facts()
    reader = _Reader(run)
    reader.left = 200
    name = f"{job.name} run {value.get('jobNumber') or value.get('id') or len(job.runs) + 1}"
    reader.read("", {**{k: v for k, v in value.items() if k != "jobruns"}, "name": name})
    return run.find(name) or Thing(name)


def _scalars(value: Any) -> Iterator[Any]:
    todo, left = [value], MOST_NODES
    while todo and left > 0:
        left -= 1
        item = todo.pop()
        if isinstance(item, dict):
            todo += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            todo += item
        elif item is not None:
            yield item


def _kind_by_keys(lowered: dict[str, Any]) -> str:
    if any(k in lowered for k in ("limit", "fence", "activestates", "activeflags", "linked")):
        return "workstation"
    if "promptstatus" in lowered:
        return "prompt"
    if "availablequantity" in lowered or "totalquantity" in lowered or "holders" in lowered:
        return "resource"
    if "jobruns" in lowered or "jobstreamname" in lowered or "jobnumber" in lowered:
        return "job"
    if "jobstreamstats" in lowered:
        return "stream"
    return ""


def _role(key: str, path: str) -> str:
    """What a time is for, by the key that holds it and the keys around it."""
    words = f"{path}.{key}"
    for role, pattern in _ROLES:
        if re.search(pattern, key):
            return role
    for role, pattern in _ROLES:
        if re.search(pattern, words):
            return role
    return ""


_ROLES = (
    ("deadline", r"deadline|latest|until|due|maxend"),
    ("earliest", r"earliest|notbefore|timerestriction|attime"),
    ("planned", r"sched|planned|expected|estimat|next|input"),
    ("start", r"start|begin|from"),
    ("end", r"end|finish|stop|complet"),
    ("now", r"now|current|fetched|^time$"),
)
