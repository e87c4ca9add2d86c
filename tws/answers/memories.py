"""Answers that quote memories: only usable ones, each marked with who vouches for it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Literal

from django.utils import timezone

from knowledge.folding import fold
from knowledge.glossary import concepts, stem
from knowledge.hwa_terms import exact_terms, message_codes
from knowledge.models import Kind
from knowledge.visible import visible
from tws.answers.events import Source
from tws.answers.language import Language, word_set
from tws.answers.phrases import say


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory that retrieval brought back, with its likeness to the question (0..1)."""

    memory_id: uuid.UUID
    score: float
    trust: Literal["trusted", "cleared"]
    kind: str
    user_query: str
    agent_response: str
    created_at: datetime

    @property
    def is_history(self) -> bool:
        return self.kind == Kind.STATE


Recall = Callable[[str, int], Awaitable[Sequence[Recalled]]]
"""Finds memories for a question, the most fitting first: `(question, how many)`."""


class Fit(IntEnum):
    """Measured on questions with and without an answer in store: see `fit`."""

    NOT = 0
    CLOSE = 1  # shown as the closest there is, not as the answer
    DIRECT = 2


_CONTENT = re.compile(r"[a-z0-9]{3,}")
_EMPTY = word_set(
    """
        que qual quais como por para com sem uma uns umas dos das nos nas pelo pela the what
        which who how why when where does did for with from can should and not are was were has
        have had this that these those any there sobre isso esse essa este esta meu minha fazer
        faz faco posso devo tem ser estar foi algum alguma you your its quando onde porque mais
        muito
        """
)


def in_common(question: str, memory: Recalled) -> float:
    """The share of the question's words and concepts that the memory speaks of, 0..1.

    A message code or command of the question must occur to the letter, or nothing is in common.
    """
    text = f"{memory.user_query}\n{memory.agent_response}"
    folded = fold(text)
    if any(code not in text.upper() for code in message_codes(question)):
        return 0.0
    asked = _meaning(question)
    if not asked:
        return 0.0
    held = _meaning(text)
    shared = sum(1 for one in asked if one in held)
    terms = [term for term in exact_terms(question) if len(term) > 2]
    if terms and not any(fold(term) in folded for term in terms):
        return 0.0
    return shared / len(asked)


def _meaning(text: str) -> set[str]:
    """Words by their root; those the glossary knows, by their concept in either language."""
    words = {word for word in _CONTENT.findall(fold(text)) if word not in _EMPTY}
    known = {word: concepts(word) for word in words}
    found = {f"={concept}" for named in known.values() for concept in named}
    return found | {stem(word) for word, named in known.items() if not named}


def fit(question: str, memory: Recalled) -> Fit:
    """How well a memory answers the question. Message codes and names must occur in it."""
    shared = in_common(question, memory)
    if not shared:
        return Fit.NOT
    if memory.score >= 0.40 or (memory.score >= 0.30 and shared >= 0.5):
        return Fit.DIRECT
    return Fit.CLOSE if memory.score >= 0.25 and shared >= 0.2 else Fit.NOT


async def fitting(
    recall: Recall, question: str, least: Fit = Fit.CLOSE, *, history: bool = True
) -> list[Recalled]:
    """Memories that answer the question, the surest first; `history`: states of the past too.

    One direct answer is enough; of those that are only close, the best.
    """
    found = [memory for memory in await recall(question, 8) if fit(question, memory) >= least]
    knowledge = [memory for memory in found if not memory.is_history]
    direct = [memory for memory in knowledge if fit(question, memory) is Fit.DIRECT]
    if direct or knowledge:
        return (direct or knowledge)[:1]
    past = [memory for memory in found if memory.is_history and history]
    return [memory for memory in past if fit(question, memory) is Fit.DIRECT][:2]


def quote(memory: Recalled, language: Language, *, direct: bool = True) -> str:
    """A memory's answer, marked with who vouches for it, and as history when it was a state."""
    date = f"{timezone.localtime(memory.created_at):%Y-%m-%d %H:%M}"
    trust = say(language, f"trust_{memory.trust}")
    if memory.is_history:
        head = say(language, "memory_history", date=date, trust=trust)
    else:
        asked = " ".join(visible(memory.user_query).split())[:200]
        head = say(language, f"memory_{memory.trust}", date=date[:10], query=f"“{asked}”")
    said = visible_lines(memory.agent_response)
    if not direct:
        head = f"{say(language, 'closest')}\n\n{head}"
    return f"{head}\n\n{said}"


def visible_lines(text: str) -> str:
    """Hidden characters shown, line breaks kept, each line marked as a quotation."""
    return "\n".join(f"> {visible(line)}" for line in text.strip().splitlines())


def source(memory: Recalled, language: Language) -> Source:
    label = " ".join(visible(memory.user_query).split())[:120]
    return Source(
        kind="memory",
        ref=str(memory.memory_id),
        label=f"{label} ({say(language, f'trust_{memory.trust}')})",
        trust=memory.trust,
    )


async def recall(question: str, limit: int) -> list[Recalled]:
    """What the knowledge store brings back: only cleared and approved memories."""
    from knowledge.graph import knowledge_graph  # made at the first use, not at import

    return [
        Recalled(
            memory_id=hit.memory_id,
            score=hit.score,
            trust="trusted" if hit.trust == "trusted" else "cleared",
            kind=hit.kind,
            user_query=hit.user_query,
            agent_response=hit.agent_response,
            created_at=hit.created_at,
        )
        for hit in await knowledge_graph.search_similar_issues(question, limit)
    ]
