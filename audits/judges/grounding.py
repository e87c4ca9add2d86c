"""The grounding judge: each claim of an answer held against the evidence stored with it.

It quarantines only what the evidence contradicts and flags what the evidence doesn't bear out. It
never clears: what it can't read it doesn't judge, so its finding nothing says little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _

from knowledge.visible import visible

from . import Finding, MemoryUnderAudit, Verdict
from .causes import (
    akin,
    failures_in,
    known_failures,
    known_waits,
    named_holders,
    waits_in,
)
from .claims import MOST_TEXT, Mention, Sentence, bind, is_unreal, read_answer, read_sentence
from .contradiction import contradictions
from .counts import check_bare_count, check_count, check_numbers, check_totals
from .details import (
    check_attributes,
    check_beside,
    check_places,
    check_return_codes,
    check_settings,
    check_systems,
    check_where,
    unheard_of,
)
from .facts import Facts, Thing, read_facts
from .honesty import is_honest_no
from .predicates import Said, is_denied
from .quantifiers import check_all, check_fine, check_none, check_somebody
from .questions import answered_from_an_error, answered_from_nothing, check_yes_no, omitted_failure
from .replies import cause_untold, check_reply
from .runs import check_runs
from .spans import check_spans, span_minutes
from .times import check_dates, check_times

MOST_QUESTION = 2000
"""What is longer is no question; answers are read up to `MOST_TEXT`."""

CONTRADICTED = "grounding.contradicted"
NOT_IN_EVIDENCE = "grounding.not_in_evidence"
OMITTED = "grounding.omitted"
NO_EVIDENCE = "grounding.no_evidence"
CONTRADICTS_TRUSTED = "grounding.contradicts_trusted"


async def grounding_judge(memory: MemoryUnderAudit) -> Verdict | None:
    """None when there is neither evidence nor a trusted memory to hold the answer against.

    Nor is an answer read whose parts say what they mean: nobody reads its prose back.
    """
    if memory.answer is not None:
        return None
    memory = replace(
        memory,
        user_query=memory.user_query[:MOST_QUESTION],
        agent_response=memory.agent_response[:MOST_TEXT],
    )
    if not memory.agent_response.strip():
        return None
    if memory.evidence:
        return judge_by_evidence(memory)
    if memory.kind == "state" and not is_honest_no(memory.agent_response):
        return _without_evidence(memory)
    return judge_by_neighbours(memory)


def judge_by_evidence(memory: MemoryUnderAudit) -> Verdict | None:
    facts = read_facts(memory.evidence)
    said = without_quoted_log(memory.agent_response, facts)
    sentences = read_answer(said, facts, memory.user_query)
    findings = list(_findings(memory, sentences, facts))
    if not findings:
        supported = sum(len(bind(sentence)) for sentence in sentences)
        reason = _("grounding: %(n)d claims were found in the evidence, none against it.")
        return Verdict(
            "grounding",
            0.05 if supported else 0.2,
            reason % {"n": supported},
        )
    return _verdict(findings)


_QUOTED_LINE = re.compile(r"[>\s]*(?:\d{1,9}: )?(?P<text>.*?)\s*")


def without_quoted_log(answer: str, facts: Facts) -> str:
    """The answer without lines that a log in the evidence holds to the letter.

    What a program wrote is quoted, not claimed: "FATAL refused after 3 attempts" counts nothing.
    """
    logged = {line.strip() for line in facts.log.splitlines()} - {""}
    kept = []
    for line in answer.splitlines():
        quoted = _QUOTED_LINE.fullmatch(line)
        if quoted is None or visible(quoted["text"]) not in logged:
            kept.append(line)
    return "\n".join(kept)


def judge_by_neighbours(memory: MemoryUnderAudit) -> Verdict | None:
    trusted = [n for n in memory.neighbours if n.trust == "trusted"]
    findings = [
        Finding(CONTRADICTS_TRUSTED, quote, datum, message, confidence)
        for quote, datum, message, confidence in contradictions(
            memory.user_query, memory.agent_response, trusted
        )
    ]
    return _verdict(findings) if findings else None


def _without_evidence(memory: MemoryUnderAudit) -> Verdict:
    finding = Finding(
        NO_EVIDENCE,
        memory.agent_response[:200],
        _("no evidence is stored with it"),
        _("The answer speaks of the live plan, and nothing it was read from is kept."),
        0.7,
    )
    return _verdict([finding])


def _verdict(findings: list[Finding]) -> Verdict:
    findings = sorted(findings, key=lambda finding: -finding.confidence)[:20]
    strongest = findings[0].confidence
    # Independent faults add up, but only a clear contradiction may quarantine.
    others = len({f.quote for f in findings if f.confidence > 0.6}) - 1
    bound = 0.99 if strongest > 0.85 else 0.85
    confidence = min(bound, strongest + 0.02 * max(others, 0))
    lines = [
        f"“{visible(f.quote[:300])}” — {f.message} {visible(f.datum[:300])}" for f in findings[:3]
    ]
    return Verdict(
        "grounding",
        confidence,
        "grounding: " + " | ".join(lines),
        tuple(findings),
    )


# --- the checks ----------------------------------------------------------------------------------


def _findings(
    memory: MemoryUnderAudit, sentences: list[Sentence], facts: Facts
) -> Iterator[Finding]:
    question = read_sentence(memory.user_query, facts)
    yield from _about_names(memory, facts)
    for sentence in sentences:
        yield from _about_statuses(sentence)
        yield from _about_counts(sentence, question, facts)
        opens = sentence is sentences[0]
        yield from _about_details(sentence, facts, memory.user_query, opens)
        yield from _about_causes(sentence, facts)
        yield from _about_holders(memory.user_query, sentence, facts)
        for run_problem in check_runs(sentence, facts):
            yield _contradicted(sentence.text, *run_problem)
    if not sentences:
        return
    first = sentences[0].text
    for _place, misplaced in check_where(question, sentences[0], facts):
        yield _contradicted(first, *misplaced)
    for problem in (
        answered_from_an_error(sentences, facts),
        answered_from_nothing(sentences, facts),
        check_yes_no(question, sentences, facts),
        *check_reply(question, sentences[0], facts),
    ):
        if problem:
            yield _contradicted(first, *problem)
    untold = cause_untold(question.folded, memory.agent_response, facts)
    if untold:
        yield _unfounded(first, *untold)
    omitted = omitted_failure(memory.user_query, sentences, facts)
    if omitted:
        message = _("The answer leaves out a failure that the evidence shows:")
        yield Finding(OMITTED, first, omitted[0], message, omitted[1])


def _contradicted(quote: str, datum: str, confidence: float) -> Finding:
    return Finding(CONTRADICTED, quote, datum, _("The evidence says otherwise:"), confidence)


def _unfounded(quote: str, datum: str, confidence: float) -> Finding:
    return Finding(NOT_IN_EVIDENCE, quote, datum, _("The evidence doesn't say this:"), confidence)


def _about_names(memory: MemoryUnderAudit, facts: Facts) -> Iterator[Finding]:
    answer = memory.agent_response
    for what, kind, confidence in unheard_of(answer, memory.user_query, facts):
        known = ", ".join(sorted(t.name for t in facts.things.values())[:8])
        datum = _("%(what)s (%(kind)s) is in neither evidence nor question; known: %(known)s")
        values = {"what": what, "kind": kind, "known": known or "-"}
        yield _unfounded(_around(answer, what), datum % values, confidence)


def _about_statuses(sentence: Sentence) -> Iterator[Finding]:
    for thing, said in bind(sentence):
        truth = _truth(thing, said)
        if truth is not None and truth is said.denied:
            yield _contradicted(sentence.text, thing.describe(), _sureness(said))
    for mention in sentence.mentions:
        if (
            mention.role == "object"
            and mention.thing is not None
            and _waited_for(sentence, mention)
        ):
            yield _contradicted(sentence.text, mention.thing.describe(), 0.88)


def _waited_for(sentence: Sentence, mention: Mention) -> bool:
    """Whether somebody is said to wait for what is settled already."""
    before = sentence.folded[max(0, mention.start - 40) : mention.start]
    if mention.thing is None or not _is_settled(mention.thing) or not _WAITS_FOR.search(before):
        return False
    unsaid = is_denied(sentence.folded, mention.start) or is_unreal(sentence.folded, mention.start)
    return not unsaid


_WAITS_FOR = re.compile(r"\b(?:wait\w*|depend\w*|await\w*|held|blocked|aguarda\w*|espera\w*)")


def _is_settled(thing: Thing) -> bool:
    """A predecessor that ended well, or a prompt that was answered, holds nobody."""
    if thing.codes & {"ANSWERED_YES", "SATISFIED"}:
        return True
    return bool(thing.groups()) and thing.groups() <= {"success"}


def _truth(thing: Thing, said: Said) -> bool | None:
    codes = said.predicate.codes
    if len(codes) == 1 and thing.groups():
        return bool(codes & thing.codes) or _same_group_by_common_status(thing, said)
    return said.predicate.truth(thing)


def _same_group_by_common_status(thing: Thing, said: Said) -> bool:
    """HOLD said of a thing known only by its common status WAITING is no contradiction."""
    truth = said.predicate.truth(thing)
    return truth is not False


def _sureness(said: Said) -> float:
    return 0.82 if said.predicate.name in {"open", "ready", "started", "confirmed"} else 0.9


def _about_counts(sentence: Sentence, question: Sentence, facts: Facts) -> Iterator[Finding]:
    problem = check_bare_count(sentence, question, facts) or check_fine(sentence, facts)
    if problem:
        yield _contradicted(sentence.text, *problem)
    for said in sentence.said:
        subjects = [thing for thing, bound in bind(sentence) if bound is said]
        for problem in (
            check_count(sentence, said, facts),
            check_none(sentence, said, facts, subjects),
            check_all(sentence, said, facts),
            check_somebody(sentence, said, facts, subjects),
        ):
            if problem:
                yield _contradicted(sentence.text, *problem)
    for _number, problem in check_totals(sentence, facts):
        yield _contradicted(sentence.text, *problem)
    heard = {n.value for n in question.numbers} | {round(m) for m in span_minutes(facts)}
    if not _is_advice(sentence):
        for number, (_datum, confidence) in check_numbers(sentence, facts, heard):
            datum = _("%(n)d is in neither evidence nor question") % {"n": number.value}
            yield _unfounded(sentence.text, datum, confidence)


def _about_details(
    sentence: Sentence, facts: Facts, question: str, opens: bool
) -> Iterator[Finding]:
    problems = [
        *check_return_codes(sentence, facts),
        *check_beside(sentence, facts),
        *check_attributes(sentence, facts),
        *check_settings(sentence, facts),
        *check_systems(sentence, facts),
        *check_times(sentence, facts, question, opens),
        *check_spans(sentence, facts, question),
        *check_dates(sentence, facts, question),
    ]
    for _start, _end, problem in problems:
        yield _contradicted(sentence.text, *problem)
    for _mention, problem in check_places(sentence, facts):
        yield _contradicted(sentence.text, *problem)


def _about_causes(sentence: Sentence, facts: Facts) -> Iterator[Finding]:
    known, waits = known_failures(facts), known_waits(facts)
    for cause, (start, _end) in failures_in(sentence.text).items():
        if cause in known or akin(cause, known) or _is_aside(sentence, start):
            continue
        if _ALSO_WAITED_FOR.get(cause) in waits:
            continue
        shown = facts.log[-300:].strip() or _("no cause is in the evidence")
        yield _unfounded(sentence.text, shown, 0.87 if known else 0.72)
    for cause, (start, _end) in waits_in(sentence.text).items():
        if cause in waits or _is_aside(sentence, start) or cause in known:
            continue
        shown = "; ".join(
            t.describe() for t in facts.things.values() if t.substatuses or t.codes or t.numbers
        )
        yield _unfounded(sentence.text, shown[:300] or "-", 0.87 if waits else 0.7)


def _about_holders(question: str, sentence: Sentence, facts: Facts) -> Iterator[Finding]:
    """A prompt or resource given as what holds a job, when the evidence names something else."""
    waits = known_waits(facts)
    if not waits or facts.log:
        return
    for holder, (start, _end) in named_holders(question, sentence.text).items():
        spoken_of = holder in facts.text.lower() or facts.of_kind(holder)
        if holder in waits or spoken_of or _is_aside(sentence, start):
            continue
        yield _unfounded(sentence.text, ", ".join(sorted(waits)), 0.8)


_ALSO_WAITED_FOR = {"missing file": "file", "connection": "link", "quota": "limit"}


def _is_aside(sentence: Sentence, start: int) -> bool:
    return (
        is_unreal(sentence.folded, start)
        or is_denied(sentence.folded, start)
        or _is_advice(sentence)
    )


_ADVICE = re.compile(
    r"\W*(?:then |depois,? |agora,? )?(?:check|look|ask|verify|make sure|have|review|inspect"
    r"|consider|see|try|you (?:can|could|should|may)"
    r"|verifi(?:que|car)|confira|peca|veja|olhe|revise|considere|avalie|sugiro|recomendo|vale"
    r"|convem|chequ?e|valide|analise"
    r"|investigue|consulte)\b"
)


def _is_advice(sentence: Sentence) -> bool:
    return _ADVICE.match(sentence.folded) is not None


def _around(text: str, what: str) -> str:
    """The sentence of the text that holds `what`."""
    position = max(text.find(what), 0)
    start = max(text.rfind(mark, 0, position) + 1 for mark in (". ", "\n", "; "))
    ends = [e for mark in (". ", "\n", "; ") if (e := text.find(mark, position)) != -1]
    return text[start : min(ends, default=len(text)) + 1].strip()[:400]
