"""The lookup judge: what an answer names and neither its evidence nor the question does.

Names of objects, message codes, statuses in capitals: looked up as they are written, no sentence is
read. Numbers and times are only noted for the reviewer: right answers derive them. It flags at
most, and that it finds nothing says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from audits.findings import message_of
from audits.judges import Finding, MemoryUnderAudit, Verdict
from knowledge.facts import facts, opposed
from knowledge.folding import fold
from knowledge.hwa.statuses import GROUP_OF_CODE
from knowledge.hwa_terms import message_codes, object_names
from knowledge.visible import visible

FLAGGED = 0.7
NOTED = 0.3
MOST_TEXT = 100_000
MOST_FINDINGS, MOST_NUMBERS = 20, 5
_NUMBER = re.compile(r"(?<![\w.,:/-])\d{2,9}(?:[.,]\d{1,3})?(?![\w:/-])")
_PARTS = re.compile(r"[#./]")
_IS_A_NAME = re.compile(r"[A-Z0-9_#./-]*[_#][A-Z0-9_#./-]*")
"""In capitals and joined: one word in capitals is emphasis as often as it is a name."""
_WORDS_TOO = frozenset(["ADD", "DELETED", "DONE", "END", "ERROR", "FENCE", "UNKNOWN"])
"""Statuses that stand in capitals in logs and manuals, too."""
_SENTENCE = re.compile(r"[.;:!?]\s|\n")
_UNREAL = re.compile(
    r"\b(?:nao|nenhum\w*|sem|nem|nunca|se|quando|ate|apos|depois|para|caso|zero|0"
    r"|no|not|none|never|without|if|once|when|until|after|unless|before|to|will|would|\w+n't)\b"
)
"""A status that is denied, awaited or aimed at is rightly nowhere."""
_CAPITALS = re.compile(r"(?<![\w#./-])[A-Z][A-Z_]{2,30}(?![\w#/-])")


async def lookup_judge(memory: MemoryUnderAudit) -> Verdict | None:
    """None where there is nothing to look anything up in, and where nothing is missing."""
    if memory.answer is not None:
        return None
    found = _missing(memory) if memory.evidence else list(_opposed(memory))
    return _verdict(found[:MOST_FINDINGS]) if found else None


def _missing(memory: MemoryUnderAudit) -> list[Finding]:
    answer, read = memory.agent_response[:MOST_TEXT], _read(memory)
    found = [
        Finding(f"lookup.{code}", what, "", "", FLAGGED) for code, what in _unread(answer, read)
    ]
    numbers = [number for number in dict.fromkeys(_NUMBER.findall(answer)) if number not in read]
    return found + [
        Finding("lookup.number", number, "", "", NOTED) for number in numbers[:MOST_NUMBERS]
    ]


def _opposed(memory: MemoryUnderAudit) -> Iterator[Finding]:
    """What approved memories near it say otherwise: exact facts, a note to the reviewer."""
    stated = facts(memory.user_query, memory.agent_response)
    for near in memory.neighbours if stated else ():
        if near.trust == "trusted":
            for pair in opposed(stated, near.user_query, near.agent_response):
                said, known = (", ".join(sorted(fact.values)) for fact in pair)
                yield Finding("lookup.approved", said, f"{near.memory_id}: {known}", "", NOTED)


def _read(memory: MemoryUnderAudit) -> str:
    evidence = json.dumps(memory.evidence, ensure_ascii=False)
    return f"{memory.user_query}\n{evidence}".upper()


def _unread(answer: str, read: str) -> Iterator[tuple[str, str]]:
    for name in object_names(answer):
        parts = [part for part in _PARTS.split(name.upper()) if part]
        if _IS_A_NAME.fullmatch(name) and not all(part in read for part in parts):
            yield "name", name
    for code in message_codes(answer):
        if code not in read:
            yield "code", code
    known = {GROUP_OF_CODE[code] for code in _statuses(read)}
    said = " ".join(one for one in _SENTENCE.split(answer) if not _UNREAL.search(fold(one)))
    for status in _statuses(said):
        if known and GROUP_OF_CODE[status] not in known and status not in _WORDS_TOO:
            yield "status", status


def _statuses(text: str) -> list[str]:
    return [word for word in dict.fromkeys(_CAPITALS.findall(text)) if word in GROUP_OF_CODE]


def _verdict(found: list[Finding]) -> Verdict:
    said = [f"{message_of(one.code)} {visible(one.quote[:200])}" for one in found[:3]]
    return Verdict("lookup", found[0].confidence, "lookup: " + " | ".join(said), tuple(found))
