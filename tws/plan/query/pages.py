"""The next page of a result: the same question, from after a row, as of the same moment.

Its token is signed: what comes back is what was given out, so its values fit the question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.db.models import Q

from tws.plan.query.asked import PlanQuery, PlanQueryRefused


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page begins: after the row with these values in the order's fields."""

    now: datetime
    values: tuple[Any, ...]
    pk: int

    def beyond(self, order: Sequence[str], path: Callable[[str], str]) -> Q:
        """The rows after it. Unknown values come last, whichever way the order runs."""
        condition, same = Q(), Q()
        for name, value in zip(order, self.values, strict=True):
            column = path(name.lstrip("-"))
            if value is not None:
                further = "lt" if name.startswith("-") else "gt"
                later = Q(**{f"{column}__{further}": value}) | Q(**{f"{column}__isnull": True})
                condition |= same & later
            same &= Q(**{column: value}) if value is not None else Q(**{f"{column}__isnull": True})
        return condition | (same & Q(pk__gt=self.pk))


def order_key(number: int) -> str:
    """What the value of a row in the order's n-th field is called."""
    return f"k{number}"


def page_token(query: PlanQuery, now: datetime, order: Sequence[str], last: dict[str, Any]) -> str:
    """What the next question gives as `after`."""
    values = [_written(last[order_key(number)]) for number in range(len(order))]
    return _signer().sign_object([now.isoformat(), values, last["pk"], _digest(query)])


def page_after(query: PlanQuery) -> Page:
    """What an `after` says. PlanQueryRefused unless it was given out for the same question."""
    try:
        now, values, pk, digest = _signer().unsign_object(query.after)
    except signing.BadSignature:
        digest = ""
    if digest != _digest(query):
        raise PlanQueryRefused("This 'after' was not given out for this question.")
    return Page(datetime.fromisoformat(now), tuple(map(_read, values)), pk)


def _signer() -> signing.Signer:
    return signing.Signer(salt="tws.plan.query.pages")


def _digest(query: PlanQuery) -> str:
    asked = query.model_dump_json(exclude={"after", "limit"})
    return hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:16]


def _written(value: Any) -> Any:
    return {"t": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value


def _read(value: Any) -> Any:
    return datetime.fromisoformat(value["t"]) if isinstance(value, dict) else value
