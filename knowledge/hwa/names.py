"""The ways in which HWA writes the name of one object, or of many.

    /FTA1#/FINANCE/PAYROLL.CALC         a job, with its workstation and the stream's folder
    FTA1#PAYROLL(0600 11/25/26).CALC    a job of the instance that starts at 06:00 that day
    FTA1#PAYROLL(0600 11/25/26)         that instance of the job stream
    FTA1#PAYROLL[(0600 11/25/26),(0AAAAAAAAAAAACTW)].CALC    as conman prints it, with the id
    PAYROLL.CALC, FTA1#@.C?LC           what is left out is open; `@` and `*` stand for any run of
                                        characters, `?` for one, `%` for one digit

Pure functions: `parse` reads one notation, `str()` writes it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

WILDCARDS = frozenset("@*?%")


@dataclass(frozen=True, slots=True)
class ObjectName:
    """What one notation says. An empty field was not said.

    `name` alone is a bare word: a job, a job stream, a workstation or a resource. `workstation`
    keeps the folder it lies in ("/EU/FTA1"); `folder` is that of the stream or of the bare word,
    "/" the root. `at` and `on` are the scheduled start as written, in the engine's time zone.
    """

    name: str = ""
    workstation: str = ""
    folder: str = ""
    stream: str = ""
    at: time | None = None
    on: date | None = None
    stream_id: str = ""
    job: str = ""

    @property
    def is_pattern(self) -> bool:
        said = (self.name, self.workstation, self.folder, self.stream, self.job)
        return any(WILDCARDS.intersection(part) for part in said)

    def __str__(self) -> str:
        station = f"{self.workstation}#" if self.workstation else ""
        folder = self.folder if self.folder in ("", "/") else f"{self.folder}/"
        if self.name or not self.stream:
            return f"{station}{folder}{self.name}"
        job = f".{self.job}" if self.job else ""
        return f"{station}{folder}{self.stream}{self._instance()}{job}"

    def _instance(self) -> str:
        start = f"{self.at:%H%M}" if self.at else ""
        if self.at and self.on:
            start += f" {self.on:%m/%d/%y}"
        if self.stream_id:
            return f"[({start}),({self.stream_id})]" if start else f"[({self.stream_id})]"
        return f"({start})" if start else ""


_WORD = r"[A-Za-z0-9_@*?%-]+"
_FOLDERS = rf"(?:/(?:{_WORD}/)*)"
_START = r"\(\s*(?P<at{n}>\d\d:?\d\d)(?:\s+(?P<on{n}>\d\d/\d\d/\d\d(?:\d\d)?))?\s*\)"
_NOTATION = (
    rf"(?:(?P<workstation>(?:{_FOLDERS})?{_WORD})#)?"
    rf"(?P<folder>{_FOLDERS})?"
    rf"(?:(?P<stream>{_WORD})"
    rf"(?P<instance>{_START.format(n=1)}"
    rf"|\[(?:{_START.format(n=2)}\s*,\s*)?\((?P<id>[A-Za-z0-9]{{1,40}})\)\])?"
    rf"(?:\.(?P<job>{_WORD}))?)?"
)
_WHOLE = re.compile(_NOTATION)


def parse(text: str) -> ObjectName | None:
    """The object that `text` names, None when it is no notation of HWA.

    >>> parse("/FTA1#/FINANCE/PAYROLL(0600 11/25/26).CALC").job
    'CALC'
    """
    text = text.strip()
    found = _WHOLE.fullmatch(text) if 0 < len(text) <= 400 else None
    return _read(found) if found else None


def _read(found: re.Match[str]) -> ObjectName | None:
    workstation, stream, job = (found[k] or "" for k in ("workstation", "stream", "job"))
    folder = (found["folder"] or "").rstrip("/") or ("/" if found["folder"] else "")
    if found["instance"] or job:
        at, on = found["at1"] or found["at2"], found["on1"] or found["on2"]
        try:
            start, day = _time(at), _date(on)
        except ValueError:
            return None
        return ObjectName("", workstation, folder, stream, start, day, found["id"] or "", job)
    if workstation and stream:
        return ObjectName("", workstation, folder, stream)
    if not (workstation or stream):
        return None
    return ObjectName(name=stream, workstation=workstation, folder=folder)


def _time(text: str | None) -> time | None:
    digits = (text or "").replace(":", "")
    return time(int(digits[:2]), int(digits[2:])) if digits else None


def _date(text: str | None) -> date | None:
    """conman's mm/dd/yy; a day that can be no month comes first where the site writes it so."""
    if not text:
        return None
    first, second, year = (int(part) for part in text.split("/"))
    month, day = (second, first) if first > 12 else (first, second)
    return date(year if year > 99 else 2000 + year, month, day)


# --- Notations in a text --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NameInText:
    name: ObjectName
    start: int
    end: int


_PART = r"[A-Za-z0-9_@*?%/-]{1,200}"
_CANDIDATE = re.compile(
    rf"(?<![\w@*?%/#.-])(?:{_PART}#)?(?:{_PART})?"
    r"(?:\(\s?\d\d:?\d\d[^()\[\]\n]{0,20}\)|\[[^\[\]\n]{1,80}\])?"
    r"(?:\.[A-Za-z0-9_@*?%-]{1,80})?"
)


def find_names(text: str) -> Iterator[NameInText]:
    """The notations in a text that can be nothing else: with `#`, a start, STREAM.JOB in capitals.

    A bare word is none: whether it names something is known to the plan, not to its shape.
    """
    for match in _CANDIDATE.finditer(text):
        written = match[0].rstrip("?")  # the question's own mark, not a wildcard
        name = parse(written) if written else None
        if name is None or name.name:
            continue
        dotted = "#" not in written and name.at is None and not name.stream_id
        if dotted and written != written.upper():
            continue  # "terminou.Depois", "host.example"
        yield NameInText(name, match.start(), match.start() + len(written))


# --- Patterns -------------------------------------------------------------------------------


def is_pattern(text: str) -> bool:
    return not WILDCARDS.isdisjoint(text)


@lru_cache(maxsize=512)
def pattern(text: str) -> re.Pattern[str]:
    """What a name must match, whatever its case: `ETL_*`, `@_DAILY`, `JOB?0%`."""
    one = {"?": ".", "%": r"\d"}
    fixed = [
        "".join(one.get(character) or re.escape(character) for character in part)
        for part in re.split(r"[@*]+", text)
    ]
    if len(fixed) == 1:
        return re.compile(fixed[0], re.IGNORECASE)
    # As fnmatch does: each fixed part is found once and for all (an atomic group), so that no name
    # makes the match go back and forth.
    first, *middle, last = fixed
    found = "".join(f"(?>.*?{part})" for part in middle)
    return re.compile(f"{first}{found}.*{last}", re.IGNORECASE | re.DOTALL)


_IN_SQL = {"@": "%", "*": "%", "?": "_", "%": "_", "_": r"\_", "\\": r"\\"}


def as_like(text: str) -> str:
    r"""The pattern as SQL's LIKE has it. `%` becomes any character: LIKE knows no digits.

    >>> as_like("PAYROLL_@")
    'PAYROLL\\_%'
    """
    return "".join(_IN_SQL.get(letter, letter) for letter in text)


def digits_of(text: str) -> str:
    r"""What else must hold of a pattern with `%`, as a regular expression of SQL; "" without one.

    >>> digits_of("JOB%_@")
    '^JOB[0-9]_.*$'
    """
    special = {"@": ".*", "*": ".*", "?": ".", "%": "[0-9]"}
    found = "".join(special.get(letter) or re.escape(letter) for letter in text)
    return f"^{found}$" if "%" in text else ""


def matches(name: str, text: str) -> bool:
    """Whether a name is the one written, or one that the pattern stands for.

    >>> matches("ETL_SALES", "etl_@")
    True
    """
    return pattern(text).fullmatch(name) is not None
