"""The claims judge: an answer of ours rendered anew from its parts and its evidence, and compared.

It condemns what its own evidence contradicts, with both values. It supports only our own phrases
over our own evidence: a model can put the right value into a false sentence, and who brings the
evidence can bring claims that agree with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.findings import message_of
from audits.judges import Finding, MemoryUnderAudit, QuotedNow, Verdict
from knowledge.claims.answer import Answer, AnswerMalformed, LogLines, Quote, Table, read_answer
from knowledge.claims.checking import Checked, check
from knowledge.claims.checking import Finding as Difference
from knowledge.claims.evidence import EvidenceMalformed, Reading, readings_in
from knowledge.models import Trust
from knowledge.secrets import mask_secrets
from knowledge.visible import visible

CONTRADICTED = 0.97
DOUBTFUL = 0.7
"""A person has to look: a quoted memory has moved on, or the parts can't be read."""
MOST_FINDINGS = 20
_OF_THE_PLAN = re.compile(r"\b[ql][1-9]\d*\b")


async def claims_judge(memory: MemoryUnderAudit) -> Verdict | None:
    """None when the answer is text alone: there is nothing to compute."""
    if memory.answer is None:
        return None
    try:
        answer, readings = read_answer(memory.answer), readings_in(memory.evidence)
    except (AnswerMalformed, EvidenceMalformed) as error:
        return _against([Finding("claims.unreadable", "", str(error), "", DOUBTFUL)])
    checked = check(answer, memory.agent_response, readings)
    findings = [_finding(found, answer) for found in checked.findings]
    findings += _misquoted(answer, readings, memory.quoted_now or ())
    if findings:
        return _against(findings)
    return _unopposed(answer, checked, memory.own_evidence)


def _reads_the_plan(answer: Answer) -> bool:
    """Whether it states anything but memories, whose words are in use already."""
    exprs = [claim.expr for claim in answer.claims]
    exprs += [segment.expr for segment in answer.segments if isinstance(segment, Table)]
    shows_log = any(isinstance(segment, LogLines) for segment in answer.segments)
    return shows_log or any(map(_OF_THE_PLAN.search, exprs))


def _unopposed(answer: Answer, checked: Checked, own_evidence: bool) -> Verdict:
    reason = f"claims: {borne_out(answer, checked, own_evidence)}"
    agrees = checked.outcome == "verified" and checked.own_words
    supports = agrees and own_evidence and _reads_the_plan(answer)
    return Verdict("claims", 0.0, reason, supports=supports)


def borne_out(answer: Answer, checked: Checked, own_evidence: bool) -> str:
    """How far the evidence bears out an answer that it does not contradict, for a reader."""
    n = checked.facts
    if checked.outcome != "verified":
        return _("It was said in another wording, or states nothing that was read.")
    if not checked.own_words:
        reason = ngettext(
            "%(n)d part says what was read; the words around it are a model's.",
            "%(n)d parts say what was read; the words between them are a model's.",
            n,
        )
    elif not own_evidence:
        reason = ngettext(
            "%(n)d part says what the evidence holds that came with it.",
            "%(n)d parts say what the evidence holds that came with them.",
            n,
        )
    elif not _reads_the_plan(answer):
        return _("It only says what memories say.")
    else:
        reason = ngettext(
            "%(n)d part says what was read, and no word is a model's.",
            "%(n)d parts say what was read, and no word is a model's.",
            n,
        )
    return reason % {"n": n}


def _against(findings: list[Finding]) -> Verdict:
    findings = sorted(findings, key=lambda finding: -finding.confidence)[:MOST_FINDINGS]
    said = [
        f"“{visible(f.quote[:200])}” — {message_of(f.code)} {visible(f.datum[:200])}".strip()
        for f in findings[:3]
    ]
    return Verdict("claims", findings[0].confidence, "claims: " + " | ".join(said), tuple(findings))


def _finding(found: Difference, answer: Answer) -> Finding:
    """`quote` is what the text says, where that can be told."""
    words = next((claim.words for claim in answer.claims if claim.id == found.claim_id), "")
    is_digest = found.code in {"excerpt", "reading"}
    return Finding(
        code=f"claims.{found.code}",
        quote=words or ("" if is_digest else _shown(found.said)),
        datum=found.expr if is_digest else _shown(found.found),
        message="",
        confidence=CONTRADICTED,
        claim_id=found.claim_id,
        expr=found.expr,
        said=found.said,
        found=found.found,
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return "" if value is None else str(value)


def _misquoted(
    answer: Answer, readings: Mapping[str, Reading], now: tuple[QuotedNow, ...]
) -> Iterator[Finding]:
    """The memories it quotes: whether they said that, and are today what they were then."""
    for segment in answer.segments:
        if isinstance(segment, Quote) and segment.reading in readings:
            was = readings[segment.reading].result
            quoted = (str(was.get("memory_id")), was.get("version", 0))
            one = next((one for one in now if (one.memory_id, one.version) == quoted), None)
            if one is not None and (found := _about(one, was)):
                yield found


def _about(now: QuotedNow, was: Mapping[str, Any]) -> Finding | None:
    quote, text = str(was.get("agent_response")), mask_secrets(now.text or "")
    if now.text is not None and quote.split() != text.split():
        return Finding("claims.misquoted", quote, text, "", CONTRADICTED, said=quote, found=text)
    then = {"version": was.get("version"), "trust": was.get("trust")}
    today = {"version": now.current_version, "trust": now.trust}
    approved_since = now.trust == Trust.TRUSTED and now.current_version == now.version
    if then == today or approved_since:
        return None
    datum = ", ".join(f"{name} {value}" for name, value in today.items())
    return Finding("claims.outdated", quote, datum, "", DOUBTFUL, said=then, found=today)
