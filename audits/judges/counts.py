"""Counts that an answer gives, held against what the evidence adds up to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from knowledge.hwa.numbers import Number
from knowledge.hwa.statuses import GROUP_OF_CODE

from .claims import Sentence, is_unreal, number_before
from .facts import Facts, Thing
from .predicates import PREDICATES, Predicate, Said

Problem = tuple[str, float]
"""What the evidence says instead, and how sure we are that the answer is wrong."""

_UNFINISHED = frozenset(
    code
    for code, group in GROUP_OF_CODE.items()
    if group in {"running", "waiting", "ready", "stuck", "undecided", "failed", "suppressed"}
)


_KEY_OF = {
    "failed": re.compile(r"error|fail|abend"),
    "success": re.compile(r"succ"),
    "running": re.compile(r"running|exec"),
    "waiting": re.compile(r"hold|wait"),
    "ready": re.compile(r"ready"),
    "stuck": re.compile(r"stuck"),
    "late": re.compile(r"late"),
    "cancelled": re.compile(r"cancel"),
}
"""How a key says what its integer counts, by predicate."""


def counted(
    predicate: Predicate, denied: bool, facts: Facts, among: list[Thing] | None = None
) -> set[int] | None:
    """Every count that the evidence supports for a predicate; None where it doesn't say."""
    found: set[int] = set()
    if among is None:
        for tally in facts.tallies:
            found |= _of_tally(predicate, denied, tally)
    for things in [among] if among is not None else _lists(facts):
        truths = [predicate.truth(t) for t in things]
        if predicate.codes and len(predicate.codes) == 1:
            truths = [bool(t.codes & predicate.codes) if t.codes else None for t in things]
        sure = [truth for truth in truths if truth is not None]
        if sure:
            if predicate.name in {"ended", "healthy"} and not denied:
                found.add(sum(PREDICATES["success"].truth(t) is True for t in things))
            number = sum(truth is not denied for truth in sure)
            found |= {number, number + len(truths) - len(sure)}
    for thing in facts.things.values() if among is None else among:
        if len(thing.runs) > 1:
            found.add(sum(predicate.truth(run) is (not denied) for run in thing.runs))
    for thing in facts.things.values() if predicate.name == "free" else ():
        found |= _units(thing, denied)
    if among is None and facts.lists and not any(facts.lists):
        found.add(0)
    if among is None and not denied and (key_of := _KEY_OF.get(predicate.name)):
        found |= {count for key, count in facts.named_counts if key_of.search(key)}
    if among is None and found:
        found |= facts.partial
    return found or None


def _of_tally(predicate: Predicate, denied: bool, tally: dict[str, int]) -> set[int]:
    if not predicate.codes:
        return set()
    codes = _UNFINISHED if predicate.name == "open" else predicate.codes
    values = [tally[code] for code in sorted(codes & set(tally)) if tally[code]]
    total = sum(tally.values())
    if predicate.name == "open":
        failed = sum(n for code, n in tally.items() if code in BAD)
        running = sum(n for code, n in tally.items() if GROUP_OF_CODE[code] == "running")
        return {sum(values), sum(values) - failed, sum(values) - failed - running}
    if predicate.name == "ended":
        values = [tally[c] for c in ("SUCC", "ABEND", "CANCL", "FAIL", "ERROR") if tally.get(c)]
    sums = {sum(part) for size in range(1, 7) for part in combinations(values[:6], size)} or {0}
    return {total - number for number in sums} if denied else sums


def _units(thing: Thing, denied: bool) -> set[int]:
    free = thing.numbers.get("availablequantity", set()) | thing.numbers.get("available", set())
    total = thing.numbers.get("totalquantity", set()) | thing.numbers.get("total", set())
    return {t - f for t in total for f in free} if denied else free


def _lists(facts: Facts) -> list[list[Thing]]:
    whole = [things for things in facts.lists if things]
    single = [t for t in facts.things.values() if t.codes or t.flags or t.flag_lists]
    return whole or ([single] if single else [])


def _parts(facts: Facts) -> Iterator[list[Thing]]:
    """The lists cut by workstation and by stream: "2 failed on FTA1"."""
    for things in _lists(facts):
        places = {place for t in things for place in t.workstations | t.streams}
        for place in places:
            yield [t for t in things if place in t.workstations | t.streams]


def in_scope(sentence: Sentence, facts: Facts) -> list[Thing] | None:
    """The things that a sentence confines itself to: on FTA1, no stream X."""
    wanted = {
        m.thing.name.casefold()
        for m in sentence.mentions
        if m.thing is not None and m.thing.kinds & {"workstation", "stream"}
    }
    if not wanted:
        return None
    chosen = [
        t
        for t in facts.things.values()
        if (t.workstations | t.streams) & wanted and (t.codes or t.flags)
    ]
    return chosen or None


def check_count(sentence: Sentence, said: Said, facts: Facts) -> Problem | None:
    """A number said with a predicate: "três concluíram", "2 are waiting", "Faltam três"."""
    number = number_before(sentence, said) or number_after(sentence, said)
    if number is None or is_unreal(sentence.folded, number.start):
        return None
    if number.in_words and number.value == 0:
        return None
    if _is_article(sentence, number) or sentence.folded[number.start : number.end] in _PAIR:
        return None
    if _is_of_another_count(sentence, number.value, facts):
        return None
    return _held(number.value, said.predicate, said.denied, sentence, facts)


_OTHER_THINGS = re.compile(
    r"\b(?:workstations?|estac(?:ao|oes)|agents?|agentes?|streams?|prompts?|resources?|recursos?)\b"
)
_WINDOW = re.compile(r"\b(?:last|past|ultim[oa]s?|since|desde|today|hoje)\b")


def _is_of_another_count(sentence: Sentence, value: int, facts: Facts) -> bool:
    """A count the evidence gives by itself: of workstations, of prompts, of the last 3 hours."""
    if value not in facts.totals:
        return False
    return bool(_OTHER_THINGS.search(sentence.folded) or _WINDOW.search(sentence.folded))


def _held(
    value: int,
    predicate: Predicate,
    denied: bool,
    sentence: Sentence,
    facts: Facts,
    question: Sentence | None = None,
) -> Problem | None:
    possible = counted(predicate, denied, facts)
    scope = in_scope(sentence, facts) or (in_scope(question, facts) if question else None)
    scoped = counted(predicate, denied, facts, scope) if scope else None
    if scope and scoped is not None:
        for place in {p for thing in scope for p in thing.workstations}:
            there = [thing for thing in scope if place in thing.workstations]
            scoped = scoped | (counted(predicate, denied, facts, there) or set())
    if scoped is not None and _is_confined(sentence):
        possible = scoped
    elif scoped is not None:
        possible = scoped | (possible or set())
    elif sentence.confined:
        parts = [c for part in _parts(facts) if (c := counted(predicate, denied, facts, part))]
        possible = possible and possible.union(*parts)
    if possible is None or value in possible:
        return None
    whole = counted(predicate, denied, facts) or possible
    label = f"not {predicate.name}" if denied else predicate.name
    return f"{label}: {numbers_shown(whole)}", 0.9


def _is_confined(sentence: Sentence) -> bool:
    """Whether a single place stands before a single count: "WK_1, com duas falhas"."""
    places = [m for m in sentence.mentions if m.thing and m.thing.kinds & {"workstation", "stream"}]
    return len(places) == 1 == len(sentence.numbers) and places[0].end <= sentence.numbers[0].start


_PAIR = {"both", "ambos", "ambas"}
_ONLY = re.compile(r"\b(?:so|somente|apenas|only|just|exactly|exatamente|unico)\W{0,3}\Z")


def _is_article(sentence: Sentence, number: Number) -> bool:
    word = sentence.folded[number.start : number.end]
    if word not in {"um", "uma", "one", "a", "no"}:
        return False
    others = [n for n in sentence.numbers if n is not number and n.value > 1]
    return not (others or _ONLY.search(sentence.folded[: number.start]))


_AFTER_GLUE = re.compile(r"(?: (?:apenas|so|somente|only|just|ainda|still))?[ :=(\"'`*]*")
_TIMES_WORD = re.compile(
    r" (?:times?|vez(?:es)?|h\b|horas?|hours?|min|segundos?|seconds?|dias?"
    r"|days?|%)"
)


def number_after(sentence: Sentence, said: Said) -> Number | None:
    for number in sentence.numbers:
        if number.start >= said.end:
            glue = sentence.folded[said.end : number.start]
            if not _AFTER_GLUE.fullmatch(glue) or _TIMES_WORD.match(sentence.folded, number.end):
                return None
            taken = any(number_before(sentence, s) is number for s in sentence.said)
            verb_first = said.predicate.name == "open" or sentence.folded[
                said.end - 3 : said.end
            ] in {
                "ram",
                "lam",
                "dam",
            }
            return None if taken or not (verb_first or ":" in glue or "=" in glue) else number
    return None


_BARE = re.compile(
    r"\W*(?:(?:yes|sim|no|nao|ha|existem?|there (?:is|are)|foram|sao|it is|they are|e|tem|temos"
    r"|only|just|so|apenas"
    r"|somente|exatamente|exactly|currently|agora|at least)\b[\s,.:]*){0,4}\Z"
)


# Questions whose answer is a number that counts nothing.
_OTHER_NUMBERS = re.compile(
    r"\b(?:codes?|codigos?|rc|status de saida|when|quando|que horas?|time|limite?|fence"
    r"|priorit\w+|prioridade|version|versao"
    r"|minut\w+|how long|how late|quanto tempo|port|porta)\b"
)
_HOW_MANY_RUNS = re.compile(
    r"\b(?:how many|quantas)(?: \w+)? (?:runs|executions|attempts|times|execucoes|tentativas"
    r"|vezes)\b"
)


def check_bare_count(sentence: Sentence, question: Sentence, facts: Facts) -> Problem | None:
    """A number that answers the question's own "how many": "Duas: A e B", "Only one, P1"."""
    if not sentence.numbers:
        return None
    number = sentence.numbers[0]
    if number.in_words and number.value == 0:
        return None
    if not _BARE.fullmatch(sentence.folded[: number.start]):
        return None
    jobs = [thing for thing in facts.things.values() if thing.runs]
    if len(jobs) == 1 and _HOW_MANY_RUNS.search(question.folded) and not question.said:
        runs = len(jobs[0].runs)
        return None if number.value == runs else (f"runs: {runs}", 0.88)
    if not question.said or _OTHER_NUMBERS.search(question.folded):
        return None
    after = sentence.folded[number.end : number.end + 30]
    if re.match(r"\s*(?:%|h\b|horas?|hours?|min|unidades|runs?|execu)", after):
        return None
    if any(number_before(sentence, said) is number for said in sentence.said):
        return None
    asked = question.said[-1] if len({s.predicate.name for s in question.said}) == 1 else None
    if asked is None or len(re.findall(r"quant[oa]s|how many", question.folded)) > 1:
        return None
    return _held(number.value, asked.predicate, asked.denied, sentence, facts, question)


BAD = {code for code, group in GROUP_OF_CODE.items() if group in {"failed", "stuck"}}


def check_totals(sentence: Sentence, facts: Facts) -> Iterator[tuple[Number, Problem]]:
    """A count of objects without a status: "São cinco jobs", "the plan holds 96 jobs"."""
    if not facts.totals:
        return
    possible: set[int] = set()
    for number in sentence.numbers:
        after = sentence.folded[number.end : number.end + 24]
        noun = re.match(
            r" (?:jobs?|streams?|prompts?|fluxos?|workstations?|estacoes|agentes"
            r"|agents)\b",
            after,
        )
        if noun is None or number.value < 2:
            continue
        possible = possible or facts.totals | facts.integers | everything_counted(facts)
        if number.value in possible:
            continue
        if (
            is_unreal(sentence.folded, number.start)
            or sentence.folded[number.start : number.end] in _PAIR
        ):
            continue
        yield number, (f"counts: {numbers_shown(facts.totals)}", 0.82)


def check_numbers(
    sentence: Sentence, facts: Facts, heard: set[int]
) -> Iterator[tuple[Number, Problem]]:
    """A number in digits that nothing in the evidence gives or adds up to."""
    known: set[int] = set()
    for number in sentence.numbers:
        if number.in_words or number.value < 2 or is_unreal(sentence.folded, number.start):
            continue
        # Percentages are worked out, and what a signal's number means is general knowledge.
        if re.match(r"\s?%", sentence.folded[number.end : number.end + 2]):
            continue
        if re.match(
            r"\s?(?:h\b|hours?|horas?|min|s\b|sec|seg|dias?|days?)", sentence.folded[number.end :]
        ):
            continue
        if re.search(r"\b(?:signal|sinal) \Z", sentence.folded[: number.start]):
            continue
        known = known or heard | facts.integers | everything_counted(facts)
        if number.value not in known:
            yield number, ("", 0.74)


def everything_counted(facts: Facts) -> set[int]:
    """Whatever an honest speaker may have added up from the evidence."""
    if facts.counts is None:
        facts.counts = _everything_counted(facts)
    return facts.counts


def _everything_counted(facts: Facts) -> set[int]:
    found: set[int] = set(facts.totals)
    for predicate in PREDICATES.values():
        for denied in (False, True):
            found |= counted(predicate, denied, facts) or set()
            for part in _parts(facts):
                found |= {len(part)} | (counted(predicate, denied, facts, part) or set())
    for kind in ("job", "stream", "workstation", "prompt", "resource"):
        found.add(len(facts.of_kind(kind)))
    values = [v for tally in facts.tallies for v in tally.values()][:12]
    found |= {a + b for a in values for b in values} | {
        a + b + c for a in values for b in values for c in values
    }
    base = sorted(facts.totals)[:12]
    return found | {a - b for a in base for b in list(found)[:200] if a > b}


def numbers_shown(values: set[int]) -> str:
    return " or ".join(str(value) for value in sorted(values)[:6])
