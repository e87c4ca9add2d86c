"""Durations that an answer gives, held against those that the evidence's times add up to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from knowledge.folding import fold

from .claims import Sentence
from .facts import Facts, Thing
from .times import Problem, durations, find_clocks

_UNIT = r"(?:h(?:oras?|ours?|rs?)?|min(?:ut[oe]s?)?|s(?:eg(?:undos?)?|ec(?:onds?)?)?)"


def span_minutes(facts: Facts) -> set[float]:
    """Every stretch of time that can be worked out from the evidence, in minutes."""
    moments = [m.at for m in facts.moments if m.at.tzinfo is not None][:40]
    found = {abs((a - b).total_seconds()) / 60 for a in moments for b in moments}
    return found | set(durations(facts))


_SPAN = re.compile(
    rf"(?<![\w:.,])(?P<n>\d{{1,4}})\s?(?P<unit>{_UNIT})\b(?:(?: (?:e"
    rf"|and))? ?(?P<n2>\d{{1,2}})(?:\s?(?:min(?:ut[oe]s?)?|m)\b|(?![\w:])))?"
)
_WORD_SPAN = re.compile(r" (?P<unit>horas?|hours?|minutos?|minutes?)\b(?: (?:e|and) )?")


def check_spans(
    sentence: Sentence, facts: Facts, question: str
) -> Iterator[tuple[int, int, Problem]]:
    """Durations said of the past that no pair of times in the evidence gives."""
    known = span_minutes(facts)
    clocks = find_clocks(sentence.folded)
    asked = _ASKS_HOW_LONG.search(fold(question))
    for start, end, minutes in _spans(sentence):
        other = _taken_by_another(sentence, start, end, minutes, facts)
        if other:
            yield start, end, (other, 0.87)
        if any(c.start <= start < c.end for c in clocks) or not (
            _SAID_OF_PAST.search(sentence.folded) or (asked and not sentence.folded[:start].strip())
        ):
            continue
        if _is_logged(sentence.folded[start:end], facts):
            continue
        if not known - {0.0}:
            yield start, end, ("no duration in the evidence", 0.72)
        elif not any(abs(minutes - k) <= _leeway(sentence, start, end, k) for k in known):
            shown = ", ".join(f"{k:g} min" for k in sorted(known - {0.0})[:4])
            yield start, end, (shown, 0.86)


def _is_logged(written: str, facts: Facts) -> bool:
    """Whether a log gives the number of a duration: "read timeout=30"."""
    number = re.search(r"\d+", written)
    return number is not None and bool(
        re.search(rf"(?<![\w.:]){number[0]}(?:\.0+)?(?![\d:])", facts.log[:200_000])
    )


_ASKS_HOW_LONG = re.compile(
    r"\b(?:how long|how late|how many (?:minutes|hours)|quanto tempo|quantos minutos"
    r"|quantas horas)\b"
)
_TOOK = re.compile(r"\b(?:took|lasted|ran|durou|levou|rodou|needed|precisou)\b")


def _taken_by_another(
    sentence: Sentence, start: int, end: int, minutes: float, facts: Facts
) -> str | None:
    """A duration that the evidence gives another object than the one it is said of."""
    named = [m for m in sentence.mentions if m.end <= start and m.thing and _own_spans(m.thing)]
    if not named or not _TOOK.search(sentence.folded[named[-1].end : start]):
        return None
    thing = named[-1].thing

    def took(other: Thing) -> bool:
        return any(abs(minutes - k) <= _leeway(sentence, start, end, k) for k in _own_spans(other))

    if thing is None or took(thing):
        return None
    return thing.describe() if any(took(t) for t in facts.things.values()) else None


def _own_spans(thing: Thing) -> list[float]:
    starts = [m.at for m in thing.times if m.role == "start" and m.at.tzinfo]
    ends = [m.at for m in thing.times if m.role == "end" and m.at.tzinfo]
    return [(b - a).total_seconds() / 60 for a in starts[:5] for b in ends[:5] if b > a]


_ROUGHLY = re.compile(
    r"\b(?:about|around|almost|nearly|over|under|roughly|some|approximately|more than|less than"
    r"|just|a little|cerca de|quase"
    r"|aproximadamente|mais de|menos de|pouco|uns|umas|em torno de|por volta de)(?: (?:than"
    r"|mais de|menos de|de|over|under))? ?\Z"
)


def _leeway(sentence: Sentence, start: int, end: int, minutes: float) -> float:
    """How far a told duration may be off: whole hours are rounded, "about" says so."""
    if _ROUGHLY.search(sentence.folded[max(0, start - 40) : start]):
        return max(5.0, 0.2 * minutes)
    in_hours = (
        re.search(r"\bh", sentence.folded[start:end]) and "min" not in sentence.folded[start:end]
    )
    return max(1.0, (0.1 if in_hours else 0.04) * minutes)


_SAID_OF_PAST = re.compile(
    r"\b(?:took|lasted|ran|durou|levou|rodou|ha|for|late|atras\w+|behind|before|antes|early"
    r"|adiantad\w+|started|comecou"
    r"|faltam|left|durante|desde|depois de|apos|after|running|rodando|past|overdue|beyond|ago"
    r"|passad[oa]s|decorrid[oa]s)\b"
)


def _spans(sentence: Sentence) -> Iterator[tuple[int, int, float]]:
    for digits in _SPAN.finditer(sentence.folded):
        unit = _minutes(digits["unit"])
        minutes = int(digits["n"]) * unit + int(digits["n2"] or 0) * unit / 60
        yield digits.start(), digits.end(), minutes
    words = [n for n in sentence.numbers if n.in_words and n.value]
    skip = -1
    for number, following in zip_longest(words, words[1:]):
        if number is None or number.start < skip:
            continue
        match = _WORD_SPAN.match(sentence.folded, number.end)
        if match is None:
            continue
        minutes, end = number.value * _minutes(match["unit"]), match.end()
        if following is not None and following.start == match.end():
            more = _WORD_SPAN.match(sentence.folded, following.end)
            if more:
                minutes, end = minutes + following.value * _minutes(more["unit"]), more.end()
                skip = end
        yield number.start, end, minutes


def _minutes(unit: str) -> float:
    return 60.0 if unit[0] == "h" else 1.0 if unit[0] == "m" else 1 / 60
