"""CSV as offices write it: commas, semicolons or tabs; UTF-8, UTF-16 or Windows' own encoding.

A quote that is never closed would swallow the rows after it: the line where it was opened is bad,
and reading goes on with the next one. So it is when a stray quote further down closes it, behind
lines that look like rows of their own.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from knowledge.files import LONGEST_LINE, TOO_LONG, Bad

DELIMITERS = ";,\t|"
MOST_LINES = 1000
"""Lines that one quoted cell may span: longer logs belong into a file of their own."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNDECODABLE = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of a stray byte
_SEPARATOR = re.compile(r"sep=(.)\r?\n?\Z", re.IGNORECASE)  # a first line that Excel reads

Cells = list[str]


def declared_delimiter(path: Path) -> str | None:
    """That of a first line `sep=;`."""
    with _open(path) as file:
        found = _SEPARATOR.match(file.readline(LONGEST_LINE))
    return found[1] if found else None


def rows(path: Path, delimiter: str) -> Iterator[tuple[int, Cells | Bad]]:
    """Each row with the line it begins on; a line `sep=;` is no row."""
    csv.field_size_limit(LONGEST_LINE)
    width = 0  # cells of the row before; above the first one stands the header
    with _open(path) as file:
        lines = _Lines(file)
        while (taken := lines.take()) is not None:
            number, line = taken
            if line is None:
                yield number, Bad(TOO_LONG)
            elif number > 1 or not _SEPARATOR.match(line):
                row = _row(line, delimiter, lines, width)
                if not isinstance(row, Bad):
                    width = len(row)
                yield number, row


class _Lines:
    """The numbered lines of a file, of which some can be looked at ahead. Too long: None."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._ahead: deque[str | None] = deque()
        self._number = 0

    def take(self) -> tuple[int, str | None] | None:
        if not self._ahead and not self._read():
            return None
        self._number += 1
        return self._number, self._ahead.popleft()

    def ahead(self, place: int) -> str | None:
        """The line `place` lines after the last taken one; None at the end and when too long."""
        while len(self._ahead) <= place:
            if not self._read():
                return None
        return self._ahead[place]

    def drop(self, count: int) -> None:
        for _line in range(count):
            self.take()

    def _read(self) -> bool:
        too_long = False
        while piece := self._file.readline(LONGEST_LINE):
            if len(piece) < LONGEST_LINE or piece.endswith(("\n", "\r")):
                self._ahead.append(None if too_long else piece)
                return True
            too_long = True
        if too_long:
            self._ahead.append(None)
        return too_long


def _row(line: str, delimiter: str, lines: _Lines, width: int) -> Cells | Bad:
    """The row that begins with `line`; the lines that its quoted cells go on in are taken, too."""
    if '"' not in line:
        if not line.isascii() and _UNDECODABLE.search(line):
            return Bad(_("not UTF-8"))
        return line.rstrip("\r\n").split(delimiter)
    parts, size = [line], len(line)
    while True:
        # Only a quote can close what a quote opened.
        if len(parts) == 1 or '"' in parts[-1]:
            try:
                cells = next(csv.reader(parts, delimiter=delimiter, strict=True), [])
            except csv.Error as error:
                if len(parts) > 1 and "unexpected end of data" not in str(error):
                    return Bad(_("a quote is opened here and not closed"))
                if "unexpected end of data" not in str(error):
                    return Bad(_("not CSV: %(why)s") % {"why": error})
            else:
                if _swallows_rows(parts[1:], delimiter, width):
                    return Bad(_("a quote is opened here and not closed"))
                lines.drop(len(parts) - 1)
                undecodable = any(_UNDECODABLE.search(cell) for cell in cells)
                return Bad(_("not UTF-8")) if undecodable else cells
        following = lines.ahead(len(parts) - 1)
        if following is None or len(parts) >= MOST_LINES or size > LONGEST_LINE:
            return Bad(_("a quote is opened here and not closed"))
        parts.append(following)
        size += len(following)


def _swallows_rows(inner: list[str], delimiter: str, width: int) -> bool:
    """Whether the lines after the first are rows rather than the text of a cell.

    The quote that closes is the only one in its line, and most of the lines have as many cells as
    the row before, cut as no prose is: no blank after a delimiter, none inside a number.
    """
    if not inner or inner[-1].count('"') != 1:
        return False
    told = [line.rstrip("\r\n") for line in inner if not line.isspace()]
    rows = [_is_like_a_row(line, delimiter, width) for line in told]
    return rows[-1] and sum(rows) * 2 > len(rows)


def _is_like_a_row(line: str, delimiter: str, width: int) -> bool:
    if line.count(delimiter) != width - 1 or width < 2:
        return False
    if width == 2 and line.endswith(delimiter):  # "First of all,"
        return False
    d = re.escape(delimiter)
    return re.search(rf"{d}[ \t\xa0]|\s\d+{d}\d", line) is None


def _open(path: Path) -> IO[str]:
    encoding = _encoding(path)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return path.open(encoding=encoding, errors=errors, newline="")


def _encoding(path: Path) -> str:
    """By its BOM or by how UTF-16 begins.

    Else UTF-8, unless every character beyond ASCII would be wrong in it.
    """
    with path.open("rb") as file:
        start = file.read(4)
        for bom, encoding in _BOMS:
            if start.startswith(bom):
                return encoding
        if len(start) == 4 and not (any(start[::2]) and any(start[1::2])):  # two letters of ASCII
            return "utf-16-le" if start[0] else "utf-16-be"
        file.seek(0)
        right = wrong = 0
        while line := file.readline(LONGEST_LINE):
            if not line.isascii():
                try:
                    line.decode("utf-8")
                    right += 1
                except UnicodeDecodeError:
                    wrong += 1
    return "cp1252" if wrong and not right else "utf-8"
