"""Full text queries of what is sought, with the stems of PostgreSQL, which are asked for once.

What nearly every memory shares is no way to find one: how common a lexeme is, PostgreSQL's
statistics of the column say, and candidates are looked for by the rarest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from knowledge.sought import Sought, Unit

STEMS = """
SELECT word, ARRAY(SELECT DISTINCT lexeme FROM unnest(
           to_tsvector('public.resync_pt', word) || to_tsvector('public.resync_en', word)))
  FROM unnest(%(words)s::text[]) AS word
"""
COUNTS = """
SELECT e.lexeme, e.frequency * greatest(c.reltuples, 0)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_stats s ON s.schemaname = 'public' AND s.tablename = c.relname
   AND s.attname = 'words',
       unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS e (lexeme, frequency)
 WHERE c.oid = 'public.knowledge_memory'::regclass AND e.lexeme IS NOT NULL
"""
COUNTED_SECONDS = 300
MOST_STEMS = 50_000
MANY = 300
"""Memories that may be ranked to find the best by words."""

_stems: dict[str, tuple[str, ...]] = {}
_counts: dict[str, float] = {}
_counted_at = -float("inf")


def unknown(sought: Sought) -> list[str]:
    """Words whose stems nobody has asked for yet."""
    return [unit.lexeme for unit in sought.units if unit.is_word and unit.lexeme not in _stems]


def learn(rows: Sequence[tuple[str, list[str]]]) -> None:
    if len(_stems) > MOST_STEMS:
        _stems.clear()
    _stems.update((word, tuple(found)) for word, found in rows)


def counts_are_old() -> bool:
    return time.monotonic() - _counted_at > COUNTED_SECONDS


def learn_counts(rows: Sequence[tuple[str, float]]) -> None:
    global _counts, _counted_at
    _counts, _counted_at = dict(rows), time.monotonic()


def queries(sought: Sought) -> list[str]:
    """A query for each unit; an empty one for a word that full text search leaves out."""
    return [_either(_lexemes(unit)) for unit in sought.units]


def terms(sought: Sought) -> str:
    return _either(sought.terms)


def rarest(sought: Sought) -> str:
    """Finds candidates: by the rarest units, as long as they find no more than can be ranked."""
    ordered = sorted((unit for unit in sought.units if _lexemes(unit)), key=_count)
    chosen: list[str] = []
    room = float(MANY)
    for unit in ordered:
        room -= _count(unit)
        if room < 0:
            break
        chosen += _lexemes(unit)
    if chosen or not ordered:
        return _either(chosen)
    # All are common: those that hold the rarest two.
    return " & ".join(f"({_either(_lexemes(unit))})" for unit in ordered[:2])


def _lexemes(unit: Unit) -> tuple[str, ...]:
    return _stems.get(unit.lexeme, ()) if unit.is_word else (unit.lexeme,)


def _count(unit: Unit) -> float:
    return sum(_counts.get(lexeme, 0.0) for lexeme in _lexemes(unit))


def _either(lexemes: Iterable[str]) -> str:
    return " | ".join(_quoted(lexeme) for lexeme in dict.fromkeys(lexemes))


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
