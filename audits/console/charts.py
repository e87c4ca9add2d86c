"""Pictures of the queue that are tables: a row a figure, with a bar that any width can hold.

Numbers in, coordinates of SVG shapes out; a bar's picture is 100 wide, whatever that is on a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 100.0, 40.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a bar; `kind` is its colour."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """A label, its bar and the figures beside it. `whisker` is an interval's begin and end."""

    label: Any
    bars: tuple[Bar, ...]
    figures: tuple[Any, ...]
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """`headings` name the label and each figure."""

    headings: tuple[Any, ...]
    rows: tuple[Row, ...]

    @property
    def is_empty(self) -> bool:
        return not any(row.bars for row in self.rows)


def stacked(
    heading: Any, kinds: Sequence[tuple[str, Any]], rows: Sequence[tuple[Any, Sequence[int]]]
) -> Chart:
    """Counts of `kinds` side by side, the longest row full width; each count is a figure."""
    longest = max((sum(counts) for _label, counts in rows), default=0) or 1
    drawn = []
    for label, counts in rows:
        x, bars = 0.0, []
        for (kind, _name), count in zip(kinds, counts, strict=True):
            if count:
                width = WIDTH * count / longest
                bars.append(Bar(round(x, 2), round(max(width, 0.5), 2), kind))
                x += width
        drawn.append(Row(label, tuple(bars), tuple(f"{n:,}" for n in counts)))
    return Chart((heading, *(name for _kind, name in kinds)), tuple(drawn))


def bars(headings: tuple[Any, Any], kind: str, rows: Sequence[tuple[Any, float, Any]]) -> Chart:
    """One value a row, the largest full width; the figure is the value in words."""
    most = max((value for _label, value, _said in rows), default=0) or 1
    drawn = [
        Row(label, (Bar(0.0, round(WIDTH * value / most, 2), kind),) if value else (), (said,))
        for label, value, said in rows
    ]
    return Chart(headings, tuple(drawn))


def shares(
    headings: tuple[Any, Any], rows: Sequence[tuple[Any, int, int, tuple[float, float]]]
) -> Chart:
    """Rows of (label, part, whole, interval): each a share of a full width, with its interval."""
    drawn = []
    for label, part, whole, (low, high) in rows:
        share = part / whole if whole else 0.0
        bar = Bar(0.0, round(WIDTH * share, 2), "precision")
        ends = (round(WIDTH * low, 2), round(WIDTH * high, 2))
        drawn.append(Row(label, (bar,), (f"{share:.0%} ({part}/{whole})",), ends))
    return Chart(headings, tuple(drawn))


@dataclass(frozen=True, slots=True)
class Curve:
    """A value over days: the line, the area below it, and the same as rows of a table."""

    line: str
    area: str
    most: int
    rows: tuple[tuple[Any, str], ...]


def curve(points: Sequence[tuple[Any, int]]) -> Curve:
    most = max((value for _label, value in points), default=0)
    step = WIDTH / max(1, len(points) - 1)
    at = [
        (round(number * step, 2), round(HEIGHT * (1 - value / (most or 1)), 2))
        for number, (_label, value) in enumerate(points)
    ]
    if len(at) == 1:
        at.append((WIDTH, at[0][1]))
    line = " ".join(f"{x},{y}" for x, y in at)
    area = f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}"
    return Curve(line, area, most, tuple((label, f"{value:,}") for label, value in points))
