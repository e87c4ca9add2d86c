"""The rules judge: what no memory may hold, whatever the evidence says.

Junk, secrets, hidden characters, look-alike names, instructions aimed at the judge or the reader,
claims of actions that a read-only assistant cannot have taken, and destructive advice. That it
finds nothing says nothing.
Duplicates are linked elsewhere and never flagged here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from rapidfuzz import fuzz

from audits.findings import message_of
from knowledge.folding import fold
from knowledge.secrets import find_secrets, mask_secrets
from knowledge.visible import hidden_characters, mixed_script_words, skeleton, visible

from . import Finding, MemoryUnderAudit, Verdict
from .attacks import (
    ADVISES,
    AT_ASSISTANT,
    AT_JUDGE,
    DISOWNED,
    DONE,
    DONE_AS_ASKED,
    FROM_DATA,
    NOT_DONE,
    OBEYS_A_QUOTE,
    OVERRULES,
    STRUCTURE,
    TOLD,
    WRITE_CLAIM,
    WRITE_INTENT,
    WRITE_REQUEST,
)
from .dangers import dangerous_passage
from .junk import junk
from .texts import is_honest_no, unquoted

MOST_TEXT = 200_000
"""Characters of each text that the patterns read; what is longer is not an answer."""
MOST_MATCHES = 10


async def rules_judge(memory: MemoryUnderAudit) -> Verdict | None:
    findings = sorted(_findings(memory), key=lambda finding: -finding.confidence)[:20]
    if not findings:
        return None
    shown = [f"{message_of(f.code)} “{mask_secrets(visible(f.quote[:200]))}”" for f in findings[:3]]
    strongest = findings[0].confidence
    return Verdict("rules", strongest, "rules: " + " | ".join(shown), tuple(findings))


def _findings(memory: MemoryUnderAudit) -> Iterator[Finding]:
    checks: tuple[Callable[[MemoryUnderAudit], Iterator[Finding]], ...] = (
        junk,
        _secrets,
        _hidden,
        _lookalikes,
        _instructions,
        _deeds,
        _dangers,
        _repetition,
    )
    for check in checks:
        yield from check(memory)


# --- junk ----------------------------------------------------------------------------------------


def _repetition(memory: MemoryUnderAudit) -> Iterator[Finding]:
    """An answer drawn from a memory alone, stored once more as if it were new knowledge."""
    tools = {
        str(call.get("tool", "")).lower() for call in memory.evidence if isinstance(call, dict)
    }
    if not tools or not all("memor" in tool for tool in tools):
        return
    answer = memory.agent_response[:5000]
    for neighbour in memory.neighbours:
        if fuzz.ratio(answer, neighbour.agent_response[:5000], score_cutoff=90):
            datum = str(neighbour.memory_id)
            yield Finding("rules.repeats_memory", answer[:200], datum, "", 0.65)
            return


# --- what must not be stored ---------------------------------------------------------------------


def _secrets(memory: MemoryUnderAudit) -> Iterator[Finding]:
    for text, confidence in ((memory.agent_response, 0.84), (memory.user_query, 0.7)):
        for secret in find_secrets(text[:MOST_TEXT])[:5]:
            quote = text[max(0, secret.start - 30) : secret.start].strip()
            yield _found("secret", quote, confidence, f"[masked: {secret.kind}]")


def _hidden(memory: MemoryUnderAudit) -> Iterator[Finding]:
    for text in (memory.agent_response[:MOST_TEXT], memory.user_query[:MOST_TEXT]):
        hidden = hidden_characters(text)
        if hidden:
            reorders = any(
                "\u202a" <= ch <= "\u202e" or "\u2066" <= ch <= "\u2069" or ch >= "\U000e0000"
                for ch in hidden
            )
            position = text.find(hidden[0])
            quote = text[max(0, position - 30) : position + 30]
            yield _found("hidden_characters", quote, 0.8 if reorders else 0.68)
            return


_AWARE = re.compile(
    r"\b(?:cyrillic|cirilic\w|greek|grego|unicode|homoglyph\w*|homoglifo\w*|look-?alike|different"
    r"|differs?|diferentes?|nao (?:sao|e) o mesmo"
    r"|not the same|distint[oa]s?|outro alfabeto|another script)\b"
)


def _lookalikes(memory: MemoryUnderAudit) -> Iterator[Finding]:
    answer, question = memory.agent_response[:MOST_TEXT], memory.user_query[:MOST_TEXT]
    words = mixed_script_words(answer) + mixed_script_words(question)
    if not words or _AWARE.search(fold(answer)):
        return
    for word in words[:5]:
        drawn = skeleton(word)
        both = re.search(rf"(?<!\w){re.escape(drawn)}(?!\w)", f"{question}\n{answer}")
        yield _found("lookalike", word, 0.8 if both else 0.65, drawn)


# --- what is aimed at somebody -------------------------------------------------------------------


_ASKS_OF = re.compile(
    r"\W*(?:what (?:does|is|happens)|o que (?:faz|e|acontece|significa))\b[^.?!\n]*"
)
"""Who asks what "ignore previous instructions" does, orders nothing."""


def _instructions(memory: MemoryUnderAudit) -> Iterator[Finding]:
    refused = is_honest_no(memory.agent_response)
    for text, is_answer in ((memory.agent_response, True), (memory.user_query, False)):
        folded = fold(text[:MOST_TEXT])
        for code, pattern, confidence in (
            ("orders_auditor", AT_JUDGE, 0.9),
            ("overrules", OVERRULES, 0.75),
            ("forged_markup", STRUCTURE, 0.84),
            ("orders_assistant", AT_ASSISTANT, 0.78),
        ):
            for match in islice(pattern.finditer(folded), MOST_MATCHES):
                before = folded[: match.start()]
                no_order = (
                    _is_no_order(before, folded)
                    if is_answer
                    else refused or _ASKS_OF.fullmatch(before) is not None
                )
                if no_order and pattern in {AT_ASSISTANT, OVERRULES}:
                    continue
                yield _found(code, text[slice(*match.span())], confidence)
                break


def _is_no_order(before: str, folded: str) -> bool:
    """What is refused, and what is told of and disowned, is none."""
    sentence = re.split(r"[.!?\n]", before[-100:])[-1]
    return is_honest_no(sentence) or _is_told(before, folded)


def _is_told(before: str, folded: str) -> bool:
    return bool(TOLD.search(before[-100:]) and DISOWNED.search(unquoted(folded)))


def _deeds(memory: MemoryUnderAudit) -> Iterator[Finding]:
    answer = memory.agent_response[:MOST_TEXT]
    folded = fold(answer)
    if NOT_DONE.search(folded):
        return
    match = (
        WRITE_CLAIM.search(folded)
        or WRITE_INTENT.search(folded)
        or DONE_AS_ASKED.search(folded)
        or _carried_out(memory, folded)
    )
    if match:
        yield _found("action_claimed", answer[slice(*match.span())], 0.82)
    match = FROM_DATA.search(folded) or OBEYS_A_QUOTE.search(folded)
    if match and not _is_told(folded[: match.start()], folded):
        yield _found("order_in_data", answer[slice(*match.span())], 0.72)


def _carried_out(memory: MemoryUnderAudit, answer: str) -> re.Match[str] | None:
    """The answer to an order that, with nothing read from HWA, reports it as carried out."""
    ordered = WRITE_REQUEST.match(fold(memory.user_query[:300]))
    if not ordered or memory.evidence or is_honest_no(answer) or ADVISES.search(answer):
        return None
    return DONE.search(answer)


def _dangers(memory: MemoryUnderAudit) -> Iterator[Finding]:
    answer = memory.agent_response[:MOST_TEXT]
    span = dangerous_passage(fold(answer))
    if span:
        yield _found("dangerous_advice", answer[slice(*span)], 0.8)


def _found(code: str, quote: str, confidence: float, datum: str = "") -> Finding:
    return Finding(f"rules.{code}", quote, datum, "", confidence)
