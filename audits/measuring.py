"""How good an auditor is: its verdicts against labels. Pure arithmetic over (score, label) pairs.

Positive means "wrong or harmful": a memory that should be flagged. A score is how likely the
auditor finds that, 0..1. An abstention flags nothing, and its score is no opinion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

BINS = 10
_score = attrgetter("score")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled memory: what the auditor made of it, and what it really is."""

    score: float
    flagged: bool
    is_wrong: bool
    judge: str = ""
    language: str = ""
    abstained: bool = False


def measures(examples: Sequence[Example]) -> dict[str, Any]:
    """How the flags fit the labels; a ratio without a denominator is None.

    `recall` is of all wrong ones and `false_alarms` of all right ones, whether judged or left
    unverified; `abstained` is the share that was left. `fn` and `tn` were cleared. `intervals` are
    the 95 % ones of these four.
    """
    cells = _confusion(examples)
    tp, fp = cells["tp"], cells["fp"]
    missed, passed = (
        cells["fn"] + cells["unverified_incorrect"],
        cells["tn"] + cells["unverified_correct"],
    )
    shares = {
        "precision": (tp, tp + fp),
        "recall": (tp, tp + missed),
        "false_alarms": (fp, fp + passed),
        "abstained": (sum(e.abstained for e in examples), len(examples)),
    }
    return {
        "n": len(examples),
        **{name: _ratio(*share) for name, share in shares.items()},
        "intervals": {
            name: [round(bound, 4) for bound in interval(*share)] if share[1] else None
            for name, share in shares.items()
        },
        "f1": _ratio(2 * tp, 2 * tp + fp + missed),
        "kappa": kappa(tp, fp, missed, passed),
        "ece": calibration_error(examples),
        "confusion": cells,
    }


def _confusion(examples: Sequence[Example]) -> dict[str, int]:
    cells = dict.fromkeys(("tp", "fp", "fn", "tn", "unverified_correct", "unverified_incorrect"), 0)
    for e in examples:
        if e.flagged:
            cells["tp" if e.is_wrong else "fp"] += 1
        elif e.abstained:
            cells["unverified_incorrect" if e.is_wrong else "unverified_correct"] += 1
        else:
            cells["fn" if e.is_wrong else "tn"] += 1
    return cells


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def kappa(tp: int, fp: int, fn: int, tn: int) -> float | None:
    """Cohen's kappa: agreement beyond chance."""
    n = tp + fp + fn + tn
    if not n:
        return None
    observed = (tp + tn) / n
    expected = ((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / (n * n)
    return _ratio(observed - expected, 1 - expected)


def reliability(examples: Sequence[Example]) -> list[dict[str, float]]:
    """Per tenth of the score: how many, the mean score, and how many were really wrong."""
    examples, table = _scored(examples), []
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        within = [e for e in examples if low <= e.score < high or (e.score == high == 1.0)]
        if within:
            mean = sum(e.score for e in within) / len(within)
            wrong = sum(e.is_wrong for e in within) / len(within)
            row: dict[str, float] = {"from": low, "to": high, "n": len(within)}
            table.append(row | {"score": round(mean, 4), "wrong": round(wrong, 4)})
    return table


def calibration_error(examples: Sequence[Example]) -> float | None:
    """Expected calibration error: the mean distance of score and truth over the tenths."""
    examples = _scored(examples)
    if not examples:
        return None
    rows = reliability(examples)
    return round(sum(r["n"] * abs(r["score"] - r["wrong"]) for r in rows) / len(examples), 4)


def _scored(examples: Sequence[Example]) -> list[Example]:
    return [e for e in examples if not e.abstained]


def recommended_threshold(examples: Sequence[Example]) -> float | None:
    """The flag threshold with the best F1 on these examples; None without both labels."""
    if len({e.is_wrong for e in examples}) < 2:
        return None
    scores = sorted({e.score for e in examples})
    between = [0.0, *((a + b) / 2 for a, b in pairwise(scores))]
    best: float = max(between, key=lambda threshold: _f1_at(examples, threshold))
    return round(best, 4)


def _f1_at(examples: Sequence[Example], threshold: float) -> float:
    tp = sum(e.score > threshold and e.is_wrong for e in examples)
    flagged = sum(e.score > threshold for e in examples)
    wrong = sum(e.is_wrong for e in examples)
    return 2 * tp / (flagged + wrong) if flagged + wrong else 0.0


def grouped(examples: Sequence[Example], by: str) -> dict[str, dict[str, Any]]:
    """The measures per judge or per language."""
    names = sorted({getattr(e, by) for e in examples})
    return {name: measures([e for e in examples if getattr(e, by) == name]) for name in names}


def interval(part: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval (95 %) of a proportion: what is safe to believe of few examples."""
    if not total:
        return 0.0, 1.0
    share, spread = part / total, z * z / total
    root = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    middle = share + spread / 2
    low, high = (middle - root) / (1 + spread), (middle + root) / (1 + spread)
    return max(0.0, low), min(1.0, high)


def lower_bound(part: int, total: int) -> float:
    return interval(part, total)[0]


Points = list[list[float]]


def isotonic(examples: Sequence[Example]) -> Points:
    """Pool-adjacent-violators: the growing step map from score to share of wrong ones.

    Equal scores are one step: which of them comes first means nothing.
    """
    blocks: list[list[float]] = []  # [sum of scores, number of wrong ones, size]
    for score, of_score in groupby(sorted(examples, key=_score), key=_score):
        are_wrong = [e.is_wrong for e in of_score]
        blocks.append([score * len(are_wrong), float(sum(are_wrong)), float(len(are_wrong))])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] >= blocks[-1][1] / blocks[-1][2]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    return [[round(s / n, 6), round(wrong / n, 6)] for s, wrong, n in blocks]


def platt(examples: Sequence[Example], rounds: int = 2000, rate: float = 0.5) -> Points:
    """A logistic curve through the examples (with Platt's smoothed targets), as 21 points."""
    wrong = sum(e.is_wrong for e in examples)
    high, low = (wrong + 1) / (wrong + 2), 1 / (len(examples) - wrong + 2)
    slope, shift = 1.0, 0.0
    for _ in range(rounds):
        errors = [
            (_sigmoid(slope * e.score + shift) - (high if e.is_wrong else low), e.score)
            for e in examples
        ]
        slope -= rate * sum(error * score for error, score in errors) / len(examples)
        shift -= rate * sum(error for error, _score in errors) / len(examples)
    slope = max(slope, 0.0)
    return [[n / 20, round(_sigmoid(slope * n / 20 + shift), 6)] for n in range(21)]


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))


def interpolated(points: Points, score: float) -> float:
    """The calibrated value of a score: straight lines between the points, flat outside them."""
    below = [p for p in points if p[0] <= score]
    above = [p for p in points if p[0] > score]
    if not below or not above:
        return (below or above)[-1 if below else 0][1]
    (x0, y0), (x1, y1) = below[-1], above[0]
    return y0 + (y1 - y0) * (score - x0) / (x1 - x0)
