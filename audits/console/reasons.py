"""Why a record is here, in sentences: what judges found, as data, said in the reader's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from audits import reports
from audits.console.answer import AnswerParts, Weighed
from audits.console.evidence import readers_voice, say
from audits.findings import worded
from audits.judges.claimed import borne_out
from audits.models import AuditRecord
from audits.states import PERSON, Status
from knowledge.claims.evidence import Reading
from knowledge.models import Memory, Source, Trust
from knowledge.shown import LONGEST, Shown, as_text, excerpt, shown
from knowledge.visible import visible

_NAMES = ("job", "stream", "workstation", "resource", "prompt", "name")
"""The fields that say which object a row is about."""
_SENTENCE_ENDS = re.compile(r"[.;!?](?=\s)|\n")
_SAID_BY_OTHERS = {"claims.text", "claims.reading"}
"""What follows from any other difference between an answer and its evidence."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of findings: what the memory says (`quotes`), what speaks against it (`datum`).

    Both are empty where the sentence itself holds them.
    """

    number: int
    code: str
    sentence: str
    quotes: tuple[Shown, ...] = ()
    datum: Shown | None = None
    confidence: float | None = None
    claim: int | None = None


def found_in(record: AuditRecord, *, is_opposed: bool = False) -> list[dict[str, Any]]:
    """The findings that are data of some kind; what follows from the others is left out.

    `is_opposed`: what approved memories say otherwise is shown apart, as it is now.
    """
    found = [one for one in worded(record.findings) if isinstance(one, dict)]
    if is_opposed:
        found = [one for one in found if string(one, "code") != "lookup.approved"]
    codes = {string(one, "code") for one in found}
    if any(code.startswith("claims.") for code in codes - _SAID_BY_OTHERS):
        found = [one for one in found if string(one, "code") not in _SAID_BY_OTHERS]
    return found


def reasons(found: list[dict[str, Any]], memory: Memory, parts: AnswerParts) -> list[Reason]:
    """One reason for all findings of a kind in the same sentence of the answer."""
    made: dict[tuple[Any, ...], list[tuple[int, dict[str, Any]]]] = {}
    for number, finding in enumerate(found, start=1):
        made.setdefault(_together(number, finding, memory), []).append((number, finding))
    return [_reason(group, memory, parts) for group in made.values()]


def _together(number: int, finding: dict[str, Any], memory: Memory) -> tuple[Any, ...]:
    code, quote = string(finding, "code"), string(finding, "quote")
    at = memory.agent_response.find(quote) if quote else -1
    if not code.startswith("lookup.") or at < 0:
        return (number,)
    return code, len(_SENTENCE_ENDS.findall(memory.agent_response[:at]))


def _reason(group: list[tuple[int, dict[str, Any]]], memory: Memory, parts: AnswerParts) -> Reason:
    number, first = group[0]
    code, confidence = visible(string(first, "code"))[:100], first.get("confidence")
    confidence = confidence if isinstance(confidence, (int, float)) else None
    claim = _claim_of(first, parts)
    sentence = _compared(first, claim, parts)
    if sentence:
        number_of_claim = claim.number if claim else None
        return Reason(number, code, sentence, (), None, confidence, number_of_claim)
    said, datum = _sides([one for _n, one in group], memory, parts)
    quotes = tuple(passage for passage in said if passage.pieces)
    return Reason(number, code, str(shown(string(first, "message"))), quotes, datum, confidence)


def _sides(
    group: list[dict[str, Any]], memory: Memory, parts: AnswerParts
) -> tuple[list[Shown], Shown | None]:
    """What the memory says, and what speaks against it."""
    first = group[0]
    code, expr = string(first, "code"), string(first, "expr")
    if differing := parts.excerpts.get(expr) if not first.get("claim_id") else None:
        datum = shown(differing.found, longest=4000) if differing.found else None
        return [shown(differing.said, longest=4000)], datum
    if code == "claims.condition" and (sentence := parts.sentence(string(first, "said"))):
        return [shown(sentence, longest=4000)], None
    return [_passage(string(one, "quote"), memory) for one in group], _datum(first)


def _datum(finding: dict[str, Any]) -> Shown | None:
    datum, found = string(finding, "datum"), finding.get("found")
    if finding.get("code") == "claims.outdated" and isinstance(found, dict):
        trust = dict(Trust.choices).get(str(found.get("trust")), found.get("trust"))
        datum = _("version %(version)s, %(trust)s") % {
            "version": found.get("version"), "trust": trust or _("gone"),
        }  # fmt: skip
    if not datum or datum == finding.get("code"):
        return None
    return shown(datum, longest=4000)


def _claim_of(finding: dict[str, Any], parts: AnswerParts) -> Weighed | None:
    claim_id = finding.get("claim_id")
    return next((one for one in parts.claims if claim_id and one.id == claim_id), None)


def _compared(finding: dict[str, Any], claim: Weighed | None, parts: AnswerParts) -> str:
    """Both values in one sentence, where the finding holds both as data; else ""."""
    code, found = string(finding, "code"), finding.get("found")
    if code not in {"claims.value", "llm.value"} or found is None:
        return ""
    expr = string(finding, "expr")
    name = expr.partition(".")[0].partition("[")[0].rpartition("(")[2]
    reading = (parts.readings or {}).get(claim.reading if claim else name)
    zone = parts.answer.zone if parts.answer else ""
    field = expr.rpartition(".")[2]
    listed = found if isinstance(found, list) else [found]
    said = ", ".join(say(one, field, readers_voice(reading, zone)) for one in listed[:20])
    values = {
        "said": excerpt(claim.words if claim else string(finding, "quote"), 200),
        "source": _source(reading, zone),
        "found": excerpt(said, 200),
        "name": _object(claim, reading),
    }
    if values["name"] and values["name"] != values["said"]:
        return _("The answer says “%(said)s” of %(name)s; %(source)s says “%(found)s”.") % values
    return _("The answer says “%(said)s”; %(source)s says “%(found)s”.") % values


def _source(reading: Reading | None, zone: str) -> str:
    if reading is None:
        return _("what was read")
    kind, read_at = reading.id[0], reading.read_at
    time = say(reading.fetched_at, "end", readers_voice(reading, zone)) if read_at else "?"
    return {
        "q": _("the plan, read at %(time)s,"),
        "l": _("the log, read at %(time)s,"),
        "m": _("the memory that it quotes"),
        "u": _("the question"),
    }.get(kind, _("what was read")) % {"time": time}


def _object(claim: Weighed | None, reading: Reading | None) -> str:
    """Which object of the plan the row is about that a claim points into."""
    if claim is None or reading is None or not claim.places:
        return ""
    row: Any = reading.result
    for key in claim.places[0].split(".")[1:-1]:
        if isinstance(row, list) and key.isdecimal() and int(key) < len(row):
            row = row[int(key)]
        elif isinstance(row, dict):
            row = row.get(key)
    if not isinstance(row, dict):
        return ""
    return next((excerpt(str(row[n]), 80) for n in _NAMES if isinstance(row.get(n), str)), "")


def explained(record: AuditRecord, parts: AnswerParts) -> Shown:
    """Why it is here where no finding says so. What was written in words is shown as it is."""
    memory = record.memory
    if record.judge == "auditor" and record.status == Status.UNVERIFIED:
        return shown(_("Nothing speaks against it, and nothing bears it out."))
    if record.judge == "auditor" and memory.source == Source.TOLD:
        return shown(_("An operator tells what fixed it: you decide."))
    if record.judge == PERSON:
        return shown(reports.reason(memory) or record.ia_audit_reason)
    if record.judge == "claims" and parts.checked and parts.answer:
        own = memory.source == Source.CHAT
        return shown(borne_out(parts.answer, parts.checked, own))
    return shown(record.ia_audit_reason)


def string(finding: dict[str, Any], name: str) -> str:
    value = finding.get(name, "")
    return value if isinstance(value, str) else as_text(value)


def _passage(quote: str, memory: Memory) -> Shown:
    """The quote, masked as it is where it stands: alone it may no longer look like a secret."""
    for text in (memory.agent_response, memory.user_query):
        if quote and quote in text[: LONGEST * 10]:
            pieces = shown(text, [quote], LONGEST * 10).pieces
            return Shown(tuple(piece for piece in pieces if piece.marks))
    return shown(quote, longest=4000)
