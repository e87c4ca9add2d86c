"""Memories that say what an earlier one says in other words: linked to it, never flagged."""

from __future__ import annotations

import re
import uuid

from audits.judges import MemoryUnderAudit, Neighbour
from knowledge.folding import fold
from knowledge.hwa_terms import exact_terms

SAME_WORDS = 92.0
"""Of 100: how alike question and answer must be. What must match exactly is compared apart."""

LONGEST = 5000
"""Characters of a question or an answer that is compared."""

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NEGATION = re.compile(r"\b(?:nao|nunca|nem|sem|no|not|never|without|cannot|can't|don't)\b")


def twin_of(memory: MemoryUnderAudit) -> uuid.UUID | None:
    """The id of the nearest neighbour that says the same, or None.

    The same means: nearly the same words in question and answer, and exactly the same object
    names, commands, message codes, numbers and negations. What is longer than LONGEST has no twin.
    """
    return next(
        (near.memory_id for near in memory.neighbours if _says_the_same(memory, near)), None
    )


def _says_the_same(memory: MemoryUnderAudit, near: Neighbour) -> bool:
    texts = (memory.user_query, memory.agent_response, near.user_query, near.agent_response)
    if max(map(len, texts)) > LONGEST:
        return False
    return (
        _alike(memory.user_query, near.user_query)
        and _alike(memory.agent_response, near.agent_response)
        and _facts(memory.agent_response) == _facts(near.agent_response)
    )


def _facts(text: str) -> tuple[frozenset[str], tuple[str, ...], int]:
    numbers = tuple(sorted(_NUMBER.findall(text)))
    return frozenset(exact_terms(text)), numbers, len(_NEGATION.findall(fold(text)))


def _alike(one: str, other: str) -> bool:
    from rapidfuzz import fuzz

    return fuzz.token_sort_ratio(fold(one), fold(other)) >= SAME_WORDS
