"""What a short answer says by way of its question: "Which are late?" "X and Y."

"It's 25" says nothing by itself; after "What's the fence?" it claims that the fence is 25. Here the
number, the names or the "all of them" that open an answer get what was asked as their predicate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .causes import akin, failures_in, known_failures
from .claims import Sentence, is_unreal
from .counts import counted
from .details import SYSTEM, numbers_of
from .facts import Facts, Thing
from .predicates import Predicate, Said

Problem = tuple[str, float]

_OPENING = (
    r"\W*(?:(?:yes|sim|it|it\'s|its|is|that\'s|they are|only|just|so|somente|apenas|e|sao|foi|tem"
    r"|ha|the|o|a|os|as|value|valor|com|um|job|jobs|stream|streams|deu|of|de|currently|agora|one"
    r"|two|three|four|five|uma|dois|duas|tres|quatro|cinco|\d+"
    r"|atualmente|both|tanto)\b\W*){0,5}"
)
_OPENS = re.compile(_OPENING)


def check_reply(question: Sentence, first: Sentence, facts: Facts) -> Iterator[Problem]:
    for problem in (
        _number(question, first, facts),
        _everyone(question, first, facts),
        _nobody(question, first, facts),
        _names(question, first),
    ):
        if problem:
            yield problem


# --- a number ------------------------------------------------------------------------------------

_ASKED_NUMBERS = {
    "limit": r"limite?",
    "fence": r"fence|cerca",
    "priority": r"priority|prioridade",
    "returncode": r"return codes?|exit codes?|rc|codigos? de (?:retorno|saida)",
    "jobnumber": r"job number|numero do job",
}


def _number(question: Sentence, first: Sentence, facts: Facts) -> Problem | None:
    asked = [
        key
        for key, words in _ASKED_NUMBERS.items()
        if re.search(rf"\b(?:{words})\b", question.folded)
    ]
    if len(asked) != 1 or not first.numbers:
        return None
    number = first.numbers[0]
    if not _OPENS.fullmatch(first.folded[: number.start]) or number.in_words:
        return None
    things = _spoken_of(question, first) or list(facts.things.values())
    known = {n for thing in things for n in _asked_numbers(thing, asked[0])}
    if not known or number.value in known:
        return None
    return f"{asked[0]}: {', '.join(map(str, sorted(known)[:6]))}", 0.88


def _asked_numbers(thing: Thing, key: str) -> set[int]:
    return thing.return_codes if key == "returncode" else numbers_of(thing, key)


def _spoken_of(question: Sentence, first: Sentence) -> list[Thing]:
    return [m.thing for s in (question, first) for m in s.mentions if m.thing is not None]


# --- all, none -----------------------------------------------------------------------------------

_ALL_OPEN = re.compile(
    r"\W*(?:(?:yes|sim)\W+)?(?:all|every one|todos|todas)\b(?! (?:but|menos|exceto|except))"
    r"(?: (?:of|the|them|[a-z]{3,6}|\d+|els|eles|elas|os|as|do|da)){0,4}(?=[,.;!]|\Z)"
)
_NONE_OPEN = re.compile(
    r"\W*(?:none|nenhum[a]?|ninguem|nobody|zero)(?: (?:of|the|them|del[ea]s|no momento"
    r"|at the moment|so far|ate agora)){0,4}(?=[,.;!]|\Z)"
)


def _asked(question: Sentence) -> Said | None:
    """The one predicate of the question; "a limit of zero" is one too."""
    valued = _VALUED.search(question.folded)
    if valued:
        return Said(_has_value(valued), valued.start(), valued.end())
    system = SYSTEM.search(question.folded)
    if system:
        return Said(_runs_on(system[0]), system.start(), system.end())
    names = {said.predicate.name for said in question.said}
    return question.said[-1] if len(names) == 1 else None


_VALUED = re.compile(
    r"\b(?P<key>limite?|fence|priority|prioridade)(?: (?:of|de|em|at|is|set to|igual a|=))* "
    r"(?P<n>zero|\d{1,6})\b"
)
_VALUED_KEYS = {"lim": "limit", "fen": "fence", "pri": "priority"}


def _has_value(match: re.Match[str]) -> Predicate:
    key = _VALUED_KEYS[match["key"][:3]]
    value = 0 if match["n"] == "zero" else int(match["n"])

    def truth(thing: Thing) -> bool | None:
        numbers = numbers_of(thing, key)
        return value in numbers if numbers else None

    return Predicate(f"{key} {value}", truth)


def _runs_on(system: str) -> Predicate:
    def truth(thing: Thing) -> bool | None:
        known = [kind.lower() for kind in thing.types if SYSTEM.search(kind.lower())]
        return any(system in kind for kind in known) if known else None

    return Predicate(system, truth)


def _everyone(question: Sentence, first: Sentence, facts: Facts) -> Problem | None:
    asked = _asked(question)
    if asked is None or first.said or not _ALL_OPEN.match(first.folded):
        return None
    wrong = [thing for thing in _asked_among(facts) if asked.predicate.truth(thing) is asked.denied]
    return ("; ".join(thing.describe() for thing in wrong[:3]), 0.88) if wrong else None


def _asked_among(facts: Facts) -> list[Thing]:
    return facts.lists[0] if len(facts.lists) == 1 else []


def _is_about_somebody(question: Sentence) -> bool:
    """Whether the question names an object of its own, not only a stream or a place."""
    return any(
        m.role in {"subject", "object"}
        and not (m.thing and m.thing.kinds & {"stream", "workstation", "resource"})
        for m in question.mentions
    )


def _nobody(question: Sentence, first: Sentence, facts: Facts) -> Problem | None:
    asked = _asked(question)
    if asked is None or not _NONE_OPEN.match(first.folded):
        return None
    if _is_about_somebody(question):
        return None
    possible = counted(asked.predicate, asked.denied, facts)
    if possible is None or 0 in possible:
        return None
    return f"{asked.predicate.name}: {', '.join(map(str, sorted(possible)[:6]))}", 0.88


# --- names ---------------------------------------------------------------------------------------

_ASKS_WHO = re.compile(
    r"\W*(?:(?:e|and|so)\W+)?(?:which|what|who|any|is there|are there|do we have|list|show|qual"
    r"|quais|quem|que|how many|quant[oa]s|tem|temos|ha|existem?|algum[a]?|liste|mostre|alguem)\b"
)
_NAME_GLUE = re.compile(r"[ \"'`*]*(?:,|e|and|&|,? (?:e|and) )?(?: ?(?:o|a|the|os|as))?[ \"'`*]*")


def _names(question: Sentence, first: Sentence) -> Problem | None:
    """The names that open the answer are said to be what the question asks for."""
    asked = _asked(question)
    if asked is None or not (_ASKS_WHO.match(question.folded) or _VALUED.search(question.folded)):
        return None
    if re.match(r"\W*(?:no|nao)\b", first.folded):
        return None
    if _is_about_somebody(question):
        return None
    if re.search(
        r"\b(?:after|before|depois|antes|longest|first|last|next|most)\b", question.folded
    ):
        return None
    listed = _opening_names(first)
    wrong = [thing for thing in listed if asked.predicate.truth(thing) is asked.denied]
    return ("; ".join(thing.describe() for thing in wrong[:3]), 0.87) if wrong else None


def _opening_names(first: Sentence) -> list[Thing]:
    """The things listed at the start, when nothing else is said of them there."""
    listed: list[Thing] = []
    end = 0
    for mention in first.mentions:
        between = first.folded[end : mention.start]
        glue = _NAME_GLUE if listed else _OPENS
        if mention.role != "subject" or not glue.fullmatch(between):
            break
        if mention.thing is not None:
            listed.append(mention.thing)
        end = mention.end
    after = re.sub(
        r"\A (?:is|are|was|were|did|does|has|have|esta|estao|foi)\b", "", first.folded[end:]
    )
    own = any(said.start >= end for said in first.said if not is_unreal(first.folded, said.start))
    return listed if re.match(r"[,.;:!(]|\Z", after[:1]) and not own else []


# --- causes --------------------------------------------------------------------------------------

_ASKS_CAUSE = re.compile(
    r"\b(?:why|por ?que|what (?:happened|went wrong|caused)|cause|causa|motivo|reason|explain"
    r"|o que (?:houve|aconteceu|causou|deu errado)|what does(?: \S+){0,4} (?:log|joblog)"
    r"|o que (?:\S+ ){0,5}(?:log|joblog))\b"
)
_WORD = re.compile(r"[a-z]{4,}|\d{4,}")


def cause_untold(question: str, answer: str, facts: Facts) -> Problem | None:
    """Asked for the cause, the answer gives none of those that the log reports."""
    known = known_failures(facts)
    if not known or not _ASKS_CAUSE.search(question):
        return None
    told = set(failures_in(answer))
    if told & known or any(akin(cause, known) for cause in told):
        return None
    lines = [line for line in facts.log.splitlines() if set(failures_in(line)) & known]
    logged = set(_WORD.findall(" ".join(lines).lower()))
    if not lines or logged & set(_WORD.findall(answer.lower())):
        return None
    return lines[-1][:300], 0.7
