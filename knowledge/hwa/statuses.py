"""HWA's statuses: one table for client, plan, simulator, answers, judges and pages.

The table is `statuses.toml`. An internal status (ABEND) is summed up in a common one (ERROR), and
that belongs to a group (failed), the word people count by.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from knowledge.folding import fold

Language = Literal["pt", "en"]
Kind = Literal["job", "stream", "common", "conman"]


@dataclass(frozen=True, slots=True)
class Group:
    """What people count by. `open`: still to be done, so that a failed job is open too."""

    name: str
    open: bool
    en: str
    pt: str

    def wording(self, language: Language) -> str:
        return self.pt if language == "pt" else self.en


@dataclass(frozen=True, slots=True)
class Status:
    """One of HWA's words for the state of a job or a job stream."""

    code: str
    common: str
    group: str
    of: frozenset[str]
    en: str
    pt: str


_TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("statuses.toml").read_text(encoding="utf-8")
)


def _status(code: str, row: dict[str, Any]) -> Status:
    common = row.get("common", code)
    group = _TABLE["status"][common]["group"]
    return Status(code, common, group, frozenset(row["of"]), row["en"], row["pt"])


GROUPS: dict[str, Group] = {
    name: Group(name, row["open"], row["en"], row["pt"]) for name, row in _TABLE["group"].items()
}
STATUSES: dict[str, Status] = {code: _status(code, row) for code, row in _TABLE["status"].items()}
GROUP_OF_CODE: dict[str, str] = {code: one.group for code, one in STATUSES.items()} | {
    spelling: STATUSES[code].group for spelling, code in _TABLE["spelling"].items()
}
"""Each code in HWA's spelling, and in the spellings of others, → its group."""
OPEN_GROUPS: tuple[str, ...] = tuple(name for name, group in GROUPS.items() if group.open)
SUBSTATUSES: dict[str, dict[Language, str]] = _TABLE["substatus"]


def group_of(code: str | None, common: str | None = None) -> str | None:
    """The group of an internal status; of the common one when the table lacks the internal one.

    None when neither says: nothing is guessed.

    >>> group_of("SOMETHING_NEW", "ERROR")
    'failed'
    """
    found = GROUP_OF_CODE.get((code or "").upper())
    return found or GROUP_OF_CODE.get((common or "").upper())


def wording(code: str, language: Language) -> str | None:
    """What a status or a substatus means; None for one that is not in the table."""
    status = STATUSES.get(code.upper())
    if status is not None:
        return status.pt if language == "pt" else status.en
    substatus = SUBSTATUSES.get(code.upper())
    return substatus[language] if substatus else None


# --- Statuses in a text ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusWord:
    """A status named in a text: its group, HWA's code when that was written, and where."""

    group: str
    code: str | None
    start: int
    end: int


@cache
def _heard() -> re.Pattern[str]:
    groups = "|".join(
        f"(?P<{name}>{'|'.join([*row['heard_en'], *row['heard_pt']])})"
        for name, row in _TABLE["group"].items()
    )
    codes = "|".join(code.lower() for code in sorted(GROUP_OF_CODE, reverse=True))
    return re.compile(rf"(?<![\w#])(?:{groups}|(?P<code>{codes}))(?![\w#])")


def find_statuses(text: str) -> list[StatusWord]:
    """Each word or phrase of `text` that names a status, in either language.

    HWA's codes count where they are written in capitals: END is one, "end" is not.
    """
    found = []
    for match in _heard().finditer(fold(text)):
        written = text[match.start() : match.end()]
        code = written if written in GROUP_OF_CODE else None
        group = GROUP_OF_CODE[code] if code else match.lastgroup
        if group and group != "code":
            found.append(StatusWord(group, code, match.start(), match.end()))
    return found
