"""Pictures of the queue, drawn on the server: numbers in, coordinates of SVG shapes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, LABEL, ROW = 560, 130, 34
"""User units: a chart's width, what its labels take of it, and a bar's row."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a bar; `kind` is its colour, `title` what a pointer reads."""

    x: float
    width: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled row of a chart. `whisker` is an interval's begin and end, in user units."""

    label: Any
    y: int
    bars: tuple[Bar, ...]
    value: str
    value_x: float
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    lines: tuple[Line, ...]
    width: int = WIDTH
    label_width: int = LABEL

    @property
    def height(self) -> int:
        return ROW * max(1, len(self.lines))

    @property
    def is_empty(self) -> bool:
        return not any(line.bars for line in self.lines)


def stacked(rows: Sequence[tuple[Any, Sequence[tuple[str, Any, int]]]]) -> Chart:
    """Rows of (label, [(kind, name, count)]): counts side by side, the longest row full width."""
    longest = max((sum(count for *_, count in parts) for _, parts in rows), default=0) or 1
    room = WIDTH - LABEL - 60
    lines = []
    for number, (label, parts) in enumerate(rows):
        x, bars = float(LABEL), []
        for kind, name, count in parts:
            if count:
                width = room * count / longest
                bars.append(Bar(round(x, 1), round(max(width, 1.5), 1), kind, f"{name}: {count}"))
                x += width
        total = sum(count for *_, count in parts)
        lines.append(Line(label, number * ROW, tuple(bars), f"{total:,}", round(x + 6, 1)))
    return Chart(tuple(lines))


def shares(rows: Sequence[tuple[Any, int, int, tuple[float, float]]]) -> Chart:
    """Rows of (label, part, whole, interval): each a share of a full width, with its interval."""
    room = WIDTH - LABEL - 110
    lines = []
    for number, (label, part, whole, (low, high)) in enumerate(rows):
        share = part / whole if whole else 0.0
        bar = Bar(LABEL, round(room * share, 1), "precision", f"{part} / {whole}")
        lines.append(
            Line(
                label,
                number * ROW,
                (bar,),
                f"{share:.0%} ({part}/{whole})",
                LABEL + room + 8,
                (round(LABEL + room * low, 1), round(LABEL + room * high, 1)),
            )
        )
    return Chart(tuple(lines))
