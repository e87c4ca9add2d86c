"""One look at a memory, held to what it names: its quotes must be where they are said to be."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from audits.judges import Finding, MemoryUnderAudit
from audits.judges.llm import material
from audits.judges.llm.replies import Opinion, Outcome
from audits.judges.llm.statements import Checked

log = logging.getLogger(__name__)

SUREST = 0.95
"""The score when all samples are against a memory: they are no independent witnesses."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one look at a memory came to, and the finding it rests on."""

    outcome: Outcome
    reason: str
    finding: Finding | None = None


def contradicted(one: Checked) -> Sample:
    statement, found = one.statement, _shown(one.found)
    reason = _("“%(expr)s” finds %(found)s, where the answer says %(said)s.") % {
        "expr": statement.expr, "found": found, "said": statement.value,
    }  # fmt: skip
    finding = Finding(
        "llm.value", statement.quote, found, "", SUREST,
        expr=statement.expr, said=statement.value, found=one.found,
    )  # fmt: skip
    return Sample("against", reason, finding)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def held(opinion: Opinion, memory: MemoryUnderAudit) -> Sample | None:
    """The opinion, where its quotes are what they say they are; None: nobody can hold it to it."""
    outcome = opinion.outcome
    if outcome == "for" and material.is_shown_whole(memory):
        return Sample(outcome, opinion.reason)
    if outcome == "for":
        return Sample("cannot_tell", _("The text is too long to be shown to the model whole."))
    quote = _passage(opinion.quote, memory)
    if outcome == "cannot_tell":
        finding = Finding("llm.cannot_tell", quote or "", "", opinion.reason, 0.0)
        return Sample(outcome, opinion.reason, finding)
    against = _against(opinion.against, memory)
    if quote is None or against is None:
        log.warning("the LLM's quote does not occur in memory %s: no verdict", memory.memory_id)
        return None
    finding = Finding(f"llm.{opinion.category}", quote, against, opinion.reason, SUREST)
    return Sample(outcome, opinion.reason, finding)


def _passage(quote: str, memory: MemoryUnderAudit) -> str | None:
    """The passage of the memory that `quote` copies, white space aside; None when not there."""
    wanted = " ".join(quote.split())
    if not wanted:
        return None
    for text in (memory.agent_response, memory.user_query):
        if wanted in " ".join(material.as_data(text).split()):
            return wanted
    return None


def _against(words: str, memory: MemoryUnderAudit) -> str | None:
    """Where the words that a verdict rests on come from; "" when it names none, None: nowhere."""
    wanted = _letters(words)
    if not wanted:
        return ""
    for near in memory.neighbours:
        if wanted in _letters(material.as_data(f"{near.user_query} {near.agent_response}")):
            return f"{near.memory_id}: {words}"
    evidence = material.as_data(" ".join(_texts(memory.evidence)))
    return words if wanted in _letters(evidence) else None


def _texts(value: Any) -> Iterator[str]:
    """Names and values, in their order."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield str(name)
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    else:
        yield json.dumps(value) if not isinstance(value, str) else value


def _letters(text: str) -> str:
    """Letters and digits alone: models set quotes, commas and line ends their own way."""
    return re.sub(r"[\W_]+", "", text.casefold())
