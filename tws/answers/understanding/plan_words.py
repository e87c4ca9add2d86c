"""The words of a plan that are few: its users, what its workstations are, names that are words."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from knowledge.folding import fold
from tws.plan.models import PlanJob, PlanWorkstation
from tws.plan.resolving import MODELS

MOST_PLAIN = 2_000


@dataclass(frozen=True, slots=True)
class PlanWords:
    """`logins`: as they are written, by folded. `station_words`: the workstations' field and its
    value, by folded word: "fta", "linux". `plain_names`: PAYROLL, but not PAY_01."""

    logins: dict[str, str]
    station_words: dict[str, tuple[str, str]]
    plain_names: frozenset[str]


_kept: dict[str, tuple[datetime | None, PlanWords]] = {}
"""By engine: the words of its plan, and when that was read."""


def words_of(engine: str, read_at: datetime | None) -> PlanWords:
    """The words of the plan as of `read_at`, None for as it is now."""
    at, words = _kept.get(engine, (None, None))
    if words is None or at is None or at != read_at:
        words = _read(engine)
        _kept[engine] = (read_at, words)
    return words


def plain_names(engine: str) -> Set[str]:
    """Names of the plan that could be words, as of the last question."""
    _, words = _kept.get(engine, (None, None))
    return words.plain_names if words else frozenset()


def forget() -> None:
    """Know no plan's words in this process, as at its start."""
    _kept.clear()


def _read(engine: str) -> PlanWords:
    jobs = PlanJob.objects.filter(engine=engine).order_by()
    logins = {fold(x): x for x in jobs.values_list("login", flat=True).distinct()[:500] if x}
    stations = PlanWorkstation.objects.filter(engine=engine).order_by()
    words = {}
    for column in ("domain", "os", "type"):
        for value in stations.values_list(column, flat=True).distinct()[:100]:
            if value:
                words[fold(value)] = (column, value)
    return PlanWords(logins, words, _plain_names(engine))


def _plain_names(engine: str) -> frozenset[str]:
    named = (model._default_manager.filter(engine=engine) for model in MODELS.values())
    plain = (rows.filter(name__regex="^[A-Z][A-Z-]+$").order_by() for rows in named)
    columns = (rows.values_list("name", flat=True).distinct()[:MOST_PLAIN] for rows in plain)
    return frozenset(name for names in columns for name in names)
