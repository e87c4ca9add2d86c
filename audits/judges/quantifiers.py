"""All, none, the others, everything fine: held against whom the evidence shows."""

from __future__ import annotations

import re

from .claims import Sentence, is_unreal, number_before
from .counts import BAD, Problem, counted, in_scope, number_after, numbers_shown
from .facts import Facts, Thing
from .predicates import PREDICATES, Predicate, Said, is_empty_handed


def check_none(
    sentence: Sentence, said: Said, facts: Facts, subjects: list[Thing]
) -> Problem | None:
    """Nothing is so: "nenhuma falha", "no abends", "não há job retido", "nothing is late"."""
    empty = is_empty_handed(sentence.folded, said.start, sentence.portuguese)
    exists = said.denied and _EXISTS.search(sentence.folded[: said.start])
    weak = said.denied and _WITHOUT.search(sentence.folded[: said.start]) and not subjects
    if not empty and not exists and not weak:
        return None
    if is_unreal(sentence.folded, said.start):
        return None
    predicate, denied = said.predicate, said.denied and empty and _double(sentence, said)
    scope = in_scope(sentence, facts)
    possible = counted(predicate, denied, facts, scope)
    if possible is None or 0 in possible:
        return None
    if scope is None and facts.lists and [] in facts.lists:
        return None
    examples = [t for t in scope or facts.things.values() if predicate.truth(t) is True]
    shown = (
        "; ".join(t.describe() for t in examples[:3])
        or f"{predicate.name}: {numbers_shown(possible)}"
    )
    return shown, 0.92


# What nobody says loosely: where the evidence counts none, nobody is so.
_PLAIN = {
    "failed",
    "stuck",
    "cancelled",
    "suppressed",
    "late",
    "free",
    "asked",
    "running",
    "waiting",
    "linked",
    "success",
}


def check_somebody(
    sentence: Sentence, said: Said, facts: Facts, subjects: list[Thing]
) -> Problem | None:
    """Somebody is said to be so whom the evidence doesn't show: "the other one is free"."""
    if said.denied or said.predicate.name not in _PLAIN or subjects:
        return None
    folded = sentence.folded
    if is_unreal(folded, said.start) or is_empty_handed(folded, said.start, sentence.portuguese):
        return None
    number = number_before(sentence, said) or number_after(sentence, said)
    if number is not None or not _SOMEBODY.search(folded[: said.start]):
        return None
    if counted(said.predicate, False, facts) != {0} or (facts.lists and not any(facts.lists)):
        return None
    known = "; ".join(t.describe() for t in list(facts.things.values())[:3])
    return known or f"{said.predicate.name}: 0", 0.87


_SOMEBODY = re.compile(
    r"\b(?:the )?(?:others?|outr[oa]s?|rest(?:o|ante)?|remaining(?: \w+)?|demais|remainder"
    r"|someone|alguem"
    r"|something|algo|some|alguns|algumas)(?: (?:ones?|units?|unidades?|jobs?|is|are|was|were|has"
    r"|have|esta|estao|foi|foram|still|ainda|already|ja|of|them|the|dos|das|deles|delas))* ?\Z"
)

_EXISTS = re.compile(
    r"\b(?:nao (?:ha|tem|temos|existem?|houve|encontrei|achei)|there (?:is|are|was|were) (?:no"
    r"|not))\b[^.;:]*\Z"
)
_WITHOUT = re.compile(r"\b(?:sem|without|nem|nor)(?: \w+){0,2} ?\Z")


def _double(sentence: Sentence, said: Said) -> bool:
    """ "no unlinked stations" denies the denial; "não há nenhuma falha" is one denial."""
    written = sentence.folded[said.start : said.end]
    return written.startswith(("un", "in", "sem ", "desc", "off"))


_EVERY = re.compile(
    r"\b(?:all|every|everything|everyone|tod[oa]s?|tudo|each|cada|ambos|ambas|both|os dois"
    r"|as duas)\b(?: \S+){0,9}? ?\Z"
)


def check_all(sentence: Sentence, said: Said, facts: Facts) -> Problem | None:
    """Everything is so: "all jobs succeeded", "tudo certo", "todas as estações conectadas"."""
    before = sentence.folded[max(0, said.start - 70) : said.start]
    if not _EVERY.search(before) or is_unreal(sentence.folded, said.start) or "nem tod" in before:
        return None
    if re.search(r"\b(?:not|nem|nao|but|except|exceto|menos|mas)\b", before):
        return None
    if "both" in before or "ambos" in before or "dois" in before or "duas" in before:
        return None
    return _all_are(
        PREDICATES["healthy"]
        if said.predicate.name == "success" and _is_vague(sentence)
        else said.predicate,
        said.denied,
        sentence,
        facts,
    )


def _is_vague(sentence: Sentence) -> bool:
    return (
        re.search(
            r"\b(?:everything|tudo|all (?:is |looks )?(?:green|good|ok|well"
            r"|fine))\b",
            sentence.folded,
        )
        is not None
    )


_FINE = re.compile(
    r"\b(?:tudo|everything|all|plano|plan|noite|night)\b(?: \w+){0,3}? (?:certo|verde|ok|bem"
    r"|normal(?:mente)?|fine|good|green"
    r"|tranquil[oa]|smooth(?:ly)?|well|healthy|saudavel|em ordem|in order|funcionando)\b"
    r"|\b(?:sem|no|nenhum[a]?|nao ha) (?:novos? )?(?:problemas?|falhas?|issues?|problems?"
    r"|pendencias?|incidentes?|incidents?)\b"
)


def check_fine(sentence: Sentence, facts: Facts) -> Problem | None:
    """ "Everything looks fine", "tudo verde": nothing in scope may have failed."""
    match = _FINE.search(sentence.folded)
    if match is None or is_unreal(sentence.folded, match.end()):
        return None
    if re.search(r"\b(?:nao|not|nem|almost|quase)\b", sentence.folded[: match.start()][-30:]):
        return None
    if re.search(r"\bnao (?:esta|ha)|\bnot\b", match[0]) and "nao ha" not in match[0]:
        return None
    return _all_are(PREDICATES["healthy"], False, sentence, facts)


def _all_are(
    predicate: Predicate, denied: bool, sentence: Sentence, facts: Facts
) -> Problem | None:
    things = in_scope(sentence, facts) or [
        t for t in facts.things.values() if t.codes or t.flags or t.flag_lists
    ]
    wrong = [t for t in things if predicate.truth(t) is denied]
    if wrong:
        return "; ".join(t.describe() for t in wrong[:3]), 0.9
    bad = {c: n for tally in facts.tallies for c, n in tally.items() if n and c in BAD}
    if bad and predicate.name in {"healthy", "success"} and not denied:
        return ", ".join(f"{code}: {n}" for code, n in bad.items()), 0.9
    return None
