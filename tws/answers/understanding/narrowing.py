"""A question less one of its conditions: the query that it became is edited, no text is read."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from tws.answers.understanding.asked import Ask, Understood
from tws.answers.understanding.wording import conditions_of, parts_of


class NoSuchCondition(LookupError):
    """This part of the question is no condition, or there is no such question."""


def removable(understood: Understood) -> list[int]:
    """Which of its `parts` can be left out, by their number."""
    asked, now = understood.asked, timezone.localtime()
    if not isinstance(asked, Ask):
        return []
    found = conditions_of(asked, understood.language, now)
    worded = parts_of(asked, understood.language, now)
    # A model may have put the question in words of its own.
    if len(found) != len(understood.parts) or worded[0] != understood.parts[0]:
        return []
    return [number for number, where in enumerate(found) if where]


def without(understood: Understood, part: int) -> Understood:
    """The question less this part. NoSuchCondition when that can't be left out."""
    asked, now = understood.asked, timezone.localtime()
    if not isinstance(asked, Ask) or part not in removable(understood):
        raise NoSuchCondition
    left_out = conditions_of(asked, understood.language, now)[part]
    kept = [one for n, one in enumerate(asked.query.where) if n not in left_out]
    query = asked.query.model_copy(update={"where": kept, "after": ""})
    wider = replace(asked, query=query)
    parts = parts_of(wider, understood.language, now)
    return Understood(wider, understood.language, ", ".join(parts), parts)
