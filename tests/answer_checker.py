"""Decides whether an answer says only what the tools returned.

`unsupported(answer, evidence, question)` lists every name, status, number, time and log line of the
answer that is not in the evidence; a name or number may also be the question's own.
"""

from __future__ import annotations

import json
import re
from typing import Any

from knowledge.hwa.statuses import GROUP_OF_CODE, GROUPS
from knowledge.hwa_terms import object_names

_FENCED = re.compile(r"^(`{3,})\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)
_TIME = re.compile(r"\b(?:(\d{4}-\d{2}-\d{2}) )?(\d{2}:\d{2}(?::\d{2})?)\b")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\.?\w)")
_LISTED = re.compile(
    r"^- (?P<name>[A-Z][A-Z0-9_]*)(?: \([^)]*\))?: (?P<code>[A-Z]+)\b", re.MULTILINE
)
_PLAIN = re.compile(r"\b(?P<code>[A-Z]{3,10}) \((?P<words>[^)]*)\)")
_TOKEN = re.compile(r"[A-Za-z0-9_]+")


class Facts:
    """Everything a run's evidence holds, by kind."""

    def __init__(self, evidence: list[dict[str, Any]]) -> None:
        self.text = json.dumps(evidence, ensure_ascii=False)
        self.strings: list[str] = []
        self.numbers: set[str] = set()
        self.statuses: set[tuple[str, str]] = set()
        self.lines: set[tuple[int, str]] = set()
        for one in evidence:
            self._take(one["result"])
            self._take(one.get("arguments") or {})
            self._take(one.get("fetched_at"))
        self.tokens = {token for text in self.strings for token in _TOKEN.findall(text)}

    def _take(self, value: Any) -> None:
        if isinstance(value, dict):
            if "line" in value and "text" in value:
                self.lines.add((value["line"], value["text"]))
            for key in ("status", "predecessorStatus"):
                name = value.get("name") or value.get("jobName") or value.get("jobStreamName")
                if name and value.get(key):
                    self.statuses.add((name, value[key]))
            for key, item in value.items():
                self.strings.append(str(key))
                self._take(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self._take(item)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self.numbers.add(f"{value:g}")
            self.numbers.add(str(value))
        elif isinstance(value, str):
            self.strings.append(value)


def unsupported(answer: str, evidence: list[dict[str, Any]], question: str) -> list[str]:
    facts = Facts(evidence)
    prose = _FENCED.sub("", answer)
    return [
        *_log_lines(answer, facts),
        *_names(prose, facts, question),
        *_statuses(prose, facts, question),
        *_times(prose, facts),
        *_numbers(prose, facts, question),
    ]


def _log_lines(answer: str, facts: Facts) -> list[str]:
    found = []
    for _, block in _FENCED.findall(answer):
        for line in block.splitlines():
            number, _, text = line.partition(": ")
            if (int(number), text) not in facts.lines:
                found.append(f"log line {line!r}")
    return found


def _names(prose: str, facts: Facts, question: str) -> list[str]:
    allowed = facts.tokens | {token.upper() for token in _TOKEN.findall(question)}
    return [
        f"name {name}"
        for name in object_names(prose)
        if not all(token in allowed or token.upper() in allowed for token in _TOKEN.findall(name))
    ]


def _statuses(prose: str, facts: Facts, question: str) -> list[str]:
    found = []
    for match in _LISTED.finditer(prose):
        name, code = match["name"], match["code"]
        if code in GROUP_OF_CODE and (name, code) not in facts.statuses:
            found.append(f"status {code} of {name}")
    for token in set(re.findall(r"\b[A-Z]{3,10}\b", prose)):
        if token in GROUP_OF_CODE and token not in facts.tokens and token not in question.upper():
            found.append(f"status {token}")
    for match in _PLAIN.finditer(prose):
        group = GROUP_OF_CODE.get(match["code"])
        words = match["words"].split(",")[0]
        others = {one for key, said in GROUPS.items() if key != group for one in (said.en, said.pt)}
        if group and words in others:
            found.append(f"{match['code']} called {words}")
    return found


def _times(prose: str, facts: Facts) -> list[str]:
    found = []
    for match in _TIME.finditer(prose):
        date, clock = match[1], match[2]
        wanted = f"{date}T{clock}" if date else f"T{clock}"
        if wanted not in facts.text and match[0] not in facts.text:
            found.append(f"time {match[0]}")
    return found


def _numbers(prose: str, facts: Facts, question: str) -> list[str]:
    rest = _TIME.sub(" ", prose)
    asked = set(_NUMBER.findall(question)) | facts.tokens
    return [
        f"number {number}"
        for number in _NUMBER.findall(rest)
        if number not in facts.numbers and number not in asked
    ]
