"""What calls cost: counted in this process, and per day, purpose and model in the database."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from knowledge.llm import endpoints
from knowledge.llm.errors import LLMUnavailable
from knowledge.llm.types import Asked, Usage

if TYPE_CHECKING:
    from knowledge.llm.models import Cost

CHARACTERS_PER_TOKEN = 4
"""For endpoints that do not count. A limit that nothing counts towards would be none."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What this process asked of the endpoint; `cost` by LLM_PRICE_INPUT and LLM_PRICE_OUTPUT."""

    calls: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    def __str__(self) -> str:
        words = f"{self.calls} calls, {self.failures} failed, {self.prompt_tokens} tokens in, "
        cost = f", cost {self.cost:.4f}" if self.cost else ""
        return f"{words}{self.completion_tokens} out{cost}"


_spent: dict[str, Spent] = {}


def spent() -> Spent:
    return _spent.get(settings.LLM_BASE_URL, Spent())


async def check_limit() -> None:
    """Raise when the day's limit is used up. One that can't be read does not stop anybody."""
    from knowledge.llm.models import LLMUsage

    if not settings.LLM_DAILY_COST and not settings.LLM_DAILY_TOKENS:
        return
    try:
        cost, tokens = await endpoints.in_database(LLMUsage.objects.spent_on, timezone.localdate())
    except DatabaseError:
        return
    over_cost = settings.LLM_DAILY_COST and cost >= settings.LLM_DAILY_COST
    if over_cost or (settings.LLM_DAILY_TOKENS and tokens >= settings.LLM_DAILY_TOKENS):
        what = f"LLM_DAILY_COST={settings.LLM_DAILY_COST:g}"
        if not over_cost:
            what = f"LLM_DAILY_TOKENS={settings.LLM_DAILY_TOKENS}"
        raise LLMUnavailable(
            f"The day's limit is used up ({what}).", "limit", until=_next_midnight()
        )


def _next_midnight() -> datetime:
    tomorrow = timezone.localdate() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(tomorrow, time()))


def estimated(asked: Asked, characters: int) -> Usage:
    """The tokens of an exchange that the endpoint did not count."""
    sent = sum(len(str(message.get("content") or "")) for message in asked.messages)
    return Usage(sent // CHARACTERS_PER_TOKEN, characters // CHARACTERS_PER_TOKEN)


def count(asked: Asked, usage: Usage, *, failed: bool, seconds: float) -> None:
    """Count one call, here at once and in the database soon."""
    from knowledge.llm.models import Cost

    cost = (
        usage.prompt_tokens * settings.LLM_PRICE_INPUT
        + usage.completion_tokens * settings.LLM_PRICE_OUTPUT
    ) / 1_000_000
    before = spent()
    _spent[settings.LLM_BASE_URL] = replace(
        before,
        calls=before.calls + 1,
        failures=before.failures + failed,
        prompt_tokens=before.prompt_tokens + usage.prompt_tokens,
        completion_tokens=before.completion_tokens + usage.completion_tokens,
        cost=round(before.cost + cost, 6),
    )
    one = Cost(
        asked.purpose, asked.model, 1, int(failed), usage.prompt_tokens, usage.completion_tokens,
        seconds, cost,
    )  # fmt: skip
    _uncounted.append(one)
    endpoints.write(_count_all)


_uncounted: deque[Cost] = deque()  # calls that the database does not know yet


def _count_all() -> None:
    """Count the calls that have ended: of many at once the first write counts all."""
    from knowledge.llm.models import LLMUsage

    ended: dict[tuple[str, str], Cost] = {}
    while _uncounted:
        one = _uncounted.popleft()
        key = one.purpose, one.model
        ended[key] = ended[key] + one if key in ended else one
    for cost in ended.values():
        LLMUsage.objects.add(cost)
