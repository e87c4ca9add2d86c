"""A model's text with slots, filled while it streams.

    {{ q1.matched }}                    a value: any expression (docs/claims.md)
    {{ table q1 job,end }}              rows or groups by columns, all when none are named
    {{ log l1 42-44,50 }}               lines of a log to the letter, all when none are named
    {{ memory m1 }}                     a memory, whole

What stands before a slot leaves at once; an open slot is held back, and so is a word that may go
on. A slot that can't be filled is marked in place. So is a value that the model typed by itself,
unless it occurs in the evidence, the question or a memory: then it becomes a claim on that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from knowledge.claims.composing import Composer
from knowledge.claims.evidence import NoClaim
from knowledge.claims.grammar import LONGEST
from knowledge.claims.interpreting import is_cut
from knowledge.claims.typed import (
    FIGURE,
    Leaf,
    find_typed,
    leaves,
    occurs,
    start_of_spelled,
)
from knowledge.visible import exposed

_SLOT = "\ue001"
LONGEST_SLOT = LONGEST + 100
LONGEST_HELD = 300
_TABLE = re.compile(r"table\s+(?P<rows>\S.*?)(?:\s+(?P<columns>[\w.]+(?:\s*,\s*[\w.]+)*))?")
_LIST = re.compile(r"\b(?P<id>[qlmu]\d+)\.(?P<list>rows|groups)\b")
_LOG = re.compile(r"log\s+(?P<log>\w+)(?:\s+(?P<lines>\d+(?:-\d+)?(?:\s*,\s*\d+(?:-\d+)?)*))?")
_MEMORY = re.compile(r"memory\s+(?P<memory>\w+)")
_NUMBER = re.compile(r"(?<!\S)-?\d[\d.,]*\Z")
_RUNS_ON = re.compile(r"\w\Z|\d[*_~`.,:/]*\Z")
_CODE = re.compile(r"(`[^`\n]+`)")
_LAST_WORD = re.compile(r"(?:(?<!\S)\S*\d[ ]?)?\S*\Z")


class SlotStream:
    """Fills a composer with a model's text; each call gives what can be shown now.

    The composer's readings may grow meanwhile; `is_name` knows the names of the plan.
    """

    def __init__(
        self, composer: Composer, is_name: Callable[[str], bool] = lambda word: False
    ) -> None:
        self._composer = composer
        self._readings = composer.readings
        self._is_name = is_name
        self._held = ""
        self._before = "\n"
        """What stands before the text that is read next: a list's number begins a line."""
        self._leaves: list[Leaf] = []
        self._read = 0

    def feed(self, text: str) -> str:
        self._held += text
        said = self._filled()
        if "{{" not in self._held:
            said += self._text(self._finished())
        return said

    def end(self) -> str:
        """The rest. A slot that was never closed can't be filled."""
        said = self._filled()
        text, is_open, _ = self._held.partition("{{")
        self._held = ""
        return said + self._text(text) + (self._composer.unverified() if is_open else "")

    # --- slots --------------------------------------------------------------------------------

    def _filled(self) -> str:
        """All that is held up to the last closed slot, and the text before one that is open."""
        said = ""
        while "{{" in self._held:
            text, _, rest = self._held.partition("{{")
            said += self._text(text)
            slot, is_closed, after = rest.partition("}}")
            if is_closed and len(slot) <= LONGEST_SLOT:
                filled = self._slot(slot.strip())
                said += filled
                self._held, self._before = after, FIGURE if _NUMBER.search(filled) else _SLOT
            elif is_closed or len(rest) > LONGEST_SLOT:
                said += self._composer.unverified()
                self._held = after if is_closed else ""
            else:
                self._held = "{{" + rest
                break
        return said

    def _slot(self, slot: str) -> str:
        try:
            return self._fill(slot)
        except NoClaim:
            return self._composer.unverified()

    def _fill(self, slot: str) -> str:
        if found := _TABLE.fullmatch(slot):
            return self._table(found["rows"], found["columns"])
        if found := _LOG.fullmatch(slot):
            return self._composer.log(found["log"], self._lines(found["lines"]))
        if found := _MEMORY.fullmatch(slot):
            return self._memory(found["memory"])
        return self._value(slot)

    def _value(self, slot: str) -> str:
        """Apart from what stands before it: 1 and 7 are not 17."""
        gap = self._composer.words(" ") if _RUNS_ON.search(self._composer.text()[-4:]) else ""
        try:
            return gap + self._composer.said(slot)
        except NoClaim:
            return gap + self._composer.unverified()

    def _table(self, rows: str, columns: str | None) -> str:
        if rows in self._readings:
            result = self._readings[rows].result
            rows += ".rows" if "rows" in result else ".groups"
        said = self._composer.table(rows, re.split(r"\s*,\s*", columns) if columns else ())
        return said + self._rest_of(rows)

    def _rest_of(self, rows: str) -> str:
        """How many there are in all, below rows that are not all of them."""
        if not (found := _LIST.search(rows)) or found["id"] not in self._readings:
            return ""
        reading, name = found.groups()
        if not is_cut(self._readings[reading].result, name):
            return ""
        self._composer.paragraph()
        if name == "groups":
            return self._composer.say("more_groups", on=reading)
        return self._composer.say("in_all", on=reading, n=f"{reading}.matched")

    def _memory(self, reading: str) -> str:
        is_one = reading.startswith("m") and reading in self._readings
        said = self._composer.introduce(reading) if is_one else ""
        return said + self._composer.quote(reading)

    def _lines(self, lines: str | None) -> list[int]:
        numbers: list[int] = []
        for part in lines.split(",") if lines else ():
            first, _, last = part.strip().partition("-")
            numbers += range(int(first), min(int(last or first), int(first) + 1_000) + 1)
        return numbers

    # --- a model's own words ------------------------------------------------------------------

    def _finished(self) -> str:
        """Takes what is held up to where it may go on."""
        held = len(self._held)
        tail = self._held[-LONGEST_HELD:]
        start = _start_of_unfinished(tail, self._before[0] == "\n")
        end = held - len(tail) + start if start or held < LONGEST_HELD else held
        text, self._held = self._held[:end], self._held[end:]
        return text

    def _text(self, text: str) -> str:
        return "".join(
            self._code(part) if _CODE.fullmatch(part) else self._words(part)
            for part in _CODE.split(exposed(text))
            if part
        )

    def _code(self, code: str) -> str:
        """A command is marked as a whole, behind it: inside it the mark would be copied along."""
        is_apart = not self._before[-1].isalnum()  # 7`7` is shown as 77
        if is_apart and all(self._is_known(one.text) for one in find_typed(code, self._is_name)):
            return self._words(code)
        self._before = "`"
        return self._composer.unverified(code)

    def _words(self, text: str) -> str:
        if self._before in {FIGURE, _SLOT} and text[0].isalnum():
            text = f" {text}"  # what follows a value is no part of it
        if self._before == "`" and text[0].isdigit():
            text = f" {text}"
        said, end = "", 0
        before = len(self._before)
        for typed in find_typed(self._before + text, self._is_name, start=before):
            if typed.text in self._readings:
                continue
            said += self._composer.words(text[end : typed.start - before])
            expr = "" if typed.of_another else self._where(typed.text)
            if expr:
                said += self._composer.typed(typed.text, expr)
            else:
                said += self._composer.unverified(typed.text)
            end = typed.end - before
        line = (self._before + text).rpartition("\n")[2]
        if line != f"{FIGURE} ":
            line = text[-1] if line.strip(" ") else f"\n{line}"
        self._before = line
        return said + self._composer.words(text[end:])

    def _is_known(self, typed: str) -> bool:
        """Whether it names a reading, as in [m1], or is a value of one."""
        return typed in self._readings or bool(self._where(typed))

    def _where(self, typed: str) -> str:
        """The expression of the first leaf that states the value; "" when none does."""
        if len(self._readings) != self._read:
            self._leaves, self._read = leaves(self._readings.values()), len(self._readings)
        zone = ZoneInfo(self._composer.zone)
        states = (one for one in self._leaves if occurs(typed, one.value, one.kind, zone))
        return next((one.expr for one in states), "")


def _start_of_unfinished(text: str, begins_a_line: bool) -> int:
    """Where that begins which may go on: a word, the number before it ("12 hours"), open code."""
    found = _LAST_WORD.search(text)
    start = start_of_spelled(text, found.start() if found else len(text))
    after_code = _CODE.split(text[:start].rpartition("\n")[2])[-1]
    if "`" in after_code:
        start -= len(after_code) - after_code.rindex("`")  # the word stands in code, or ends it
    line_start = text.rfind("\n", 0, start) + 1
    if (line_start or begins_a_line) and not text[line_start:start].strip(" "):
        start = line_start  # a list's number is one with its indent
    return start
