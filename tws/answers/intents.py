"""What a question asks for, by the words of both languages."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from knowledge.folding import fold
from knowledge.hwa.statuses import find_statuses
from knowledge.hwa_terms import exact_terms, message_codes
from tws.answers.signs import PATTERNS


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart: which signs are in it, which statuses, which span of time."""

    text: str
    folded: str
    signs: frozenset[str]
    statuses: tuple[str, ...]  # groups ("failed") and codes ("ABEND")
    hours: float | None

    def has(self, *signs: str) -> bool:
        return any(sign in self.signs for sign in signs)


def understand(text: str, now: datetime | None = None) -> Question:
    folded = fold(text)
    signs = frozenset(name for name, pattern in PATTERNS.items() if pattern.search(folded))
    statuses = tuple(dict.fromkeys(word.code or word.group for word in find_statuses(text)))
    hours = hours_in(folded, timezone.localtime(now))
    return Question(text, folded, signs, statuses, hours)


def is_how_to(question: Question) -> bool:
    """Whether it asks for knowledge about HWA, not for the state of the plan."""
    return (
        question.has("how_to", "technical")
        or bool(message_codes(question.text))
        or _names_a_command(question)
    )


def _names_a_command(question: Question) -> bool:
    words = {term.lower() for term in exact_terms(question.text)}
    return bool(words & {"conman", "composer", "planman", "optman", "jnextplan", "resetplan"})


_NUMBER_WORDS: dict[str, float] = {
    "um": 1, "uma": 1, "one": 1, "an": 1, "a": 1, "duas": 2, "dois": 2, "two": 2, "tres": 3,
    "three": 3, "quatro": 4, "four": 4, "cinco": 5, "five": 5, "seis": 6, "six": 6, "oito": 8,
    "eight": 8, "dez": 10, "ten": 10, "doze": 12, "twelve": 12, "vinte e quatro": 24,
    "twenty-four": 24, "twenty four": 24, "meia": 0.5, "half an": 0.5,
}  # fmt: skip
_AMOUNT = r"(\d{1,4}(?:[.,]\d)?|" + "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True)) + r")"
_SPAN = re.compile(
    _AMOUNT + r"\s*(h\b|hs\b|hrs?\b|horas?|hours?|min\b|minutos?|minutes?|dias?|days?)"
)
_LAST_HOUR = re.compile(r"\b(?:ultima hora|last hour|past hour)\b")
_SINCE = re.compile(
    r"\b(?:desde(?: as)?|since|a partir das|after|depois das)\s+"
    r"(\d{1,2})(?::(\d{2})|h(\d{2})?)?\s*(am|pm|h)?\b(?!\s*(?:h|min|dia|day))"
)
MOST_HOURS = 72.0


def hours_in(folded: str, now: datetime) -> float | None:
    """How far back a question looks, in hours; None when it does not say."""
    if _LAST_HOUR.search(folded):
        return 1.0
    if found := _SINCE.search(folded):
        return _hours_since(found, now)
    if found := _SPAN.search(folded):
        return _clamped(_amount(found[1]) * _unit_hours(found[2]))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = (now - midnight).total_seconds() / 3600
    if re.search(r"\b(?:hoje|today|esta manha|this morning|midnight|meia.noite)\b", folded):
        return _clamped(today)
    if re.search(r"\b(?:ontem|yesterday)\b", folded):
        return _clamped(today + 24)
    if re.search(r"\b(?:madrugada|overnight|esta noite|tonight|last night)\b", folded):
        return 12.0
    return None


def _amount(text: str) -> float:
    return _NUMBER_WORDS.get(text) or float(text.replace(",", "."))


def _unit_hours(unit: str) -> float:
    if unit.startswith("min"):
        return 1 / 60
    return 24.0 if unit[:3] in ("dia", "day") else 1.0


def _hours_since(found: re.Match[str], now: datetime) -> float | None:
    hour, minute = int(found[1]), int(found[2] or found[3] or 0)
    if found[4] == "pm" and hour < 12:
        hour += 12
    if hour > 23 or minute > 59:
        return None
    start = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    seconds = (now - start).total_seconds()
    return _clamped((seconds if seconds > 0 else seconds + 86_400) / 3600)


def _clamped(hours: float) -> float:
    # Rounded down: "today" must not reach into yesterday.
    return math.floor(min(MOST_HOURS, max(0.02, hours)) * 100) / 100
