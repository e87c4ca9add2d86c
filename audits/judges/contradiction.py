"""Trusted memories that answer the same question otherwise.

Without a model of language only some things can be compared: yes against no, the commands, options,
codes, ports and numbers that answers to one question should share, and what two answers say of one
and the same code. Only memories about the same question are compared, so that the answers to
neighbouring questions never count as contradictions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from knowledge.folding import fold
from knowledge.glossary import concepts, stem
from knowledge.hwa_terms import COMMANDS, exact_terms, message_codes

from . import Neighbour

MOST_TEXT = 8_000
MOST_NEIGHBOURS = 100
ALIKE, SAME = 0.6, 0.75
"""Similarity of two questions from which their commands, codes and numbers can be compared, and
from which they ask the same, so that everything can."""

Contradiction = tuple[str, str, str, float]
"""The passage, what the trusted memory says, a sentence for the reviewer, the confidence."""

_STOP = frozenset(
    fold(
        """
        a o as os um uma de do da dos das em no na nos nas e ou que se por para com sem ao aos
        pelo pela é são foi ser está estão como qual quais quando onde quem porque mais menos
        muito já não sim isso este esta esse essa ele ela eles elas seu sua eu meu minha me
        the a an of to in on at by for with without and or not is are was were be been do does
        did how what which when where who why can could should would will it its this that these
        those there i my me you your we our they he she as if then than so from has have had one
        use used just only also any some all more no yes preciso quero faço fazer want need get
        make depois antes after before
        """
    ).split()
)
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]*[a-z0-9]|[a-z0-9]")


def contradictions(question: str, answer: str, trusted: list[Neighbour]) -> Iterator[Contradiction]:
    """What the trusted memories about the same question hold against an answer."""
    question, answer = question[:2000], answer[:MOST_TEXT]
    for neighbour in trusted[:MOST_NEIGHBOURS]:
        alike = question_similarity(question, neighbour.user_query[:2000])
        if alike < ALIKE or fold(answer) == fold(neighbour.agent_response[:MOST_TEXT]):
            continue
        found = _compare(question, answer, neighbour.agent_response[:MOST_TEXT], alike)
        if found:
            yield found


def question_similarity(one: str, other: str) -> float:
    """How much two questions ask the same, 0..1, across wordings and the two languages."""
    if fold(one).split() == fold(other).split():
        return 1.0
    first, second = _meaning(one), _meaning(other)
    if not first or not second:
        return 0.0
    likeness = _weight(first & second) / _weight(first | second)
    # "How do I start it?" and "How do I stop it?" are alike and ask for different things.
    return likeness * (0.6 if _differ(first - second, second - first) else 1.0)


def _differ(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether each question has words of its own that the other has no counterpart for."""
    return any(part[0] != "~" for part in one) and any(part[0] != "~" for part in other)


def _meaning(text: str) -> frozenset[str]:
    """Content stems, glossary concepts and, marked, the exact terms of a text."""
    words = {stem(w) for w in _WORD.findall(fold(text)) if w not in _STOP and len(w) > 1}
    exact = {f"={term.casefold()}" for term in exact_terms(text)}
    return frozenset(words | {f"~{concept}" for concept in concepts(text)} | exact)


def _weight(parts: frozenset[str]) -> float:
    return sum(2.0 if part[0] == "=" else 0.7 if part[0] == "~" else 1.0 for part in parts)


# --- comparing two answers ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """Something two right answers to one question share to the letter."""

    kind: str
    text: str


_YES = re.compile(r"\W*(?:yes|sim|correct|correto|isso mesmo|e possivel|pode)\b")
_NO = re.compile(r"\W*(?:no|nao|nope|never|nunca|negativo)\b")
_PORT = re.compile(r"(?<![\w.-])\d{4,5}(?![\w.-]|/)")
_NUMBER = re.compile(r"(?<![\w.:/-])\d{1,9}(?![\w:/-]|\.\d)")
_PATH = re.compile(r"/[\w{}.-]+(?:/[\w{}.<>-]+){1,12}")
_METHOD = re.compile(r"\b(?:GET|POST|PUT|DELETE|PATCH)\b")
_FLAG = re.compile(r"(?<![\w-])-{1,2}[A-Za-z][\w-]{0,30}")
_CODED = re.compile(r"`([^`\n]{1,200})`")
_DOTTED = re.compile(r"(?<![\w./])[A-Za-z]\w{1,40}(?:\.[A-Za-z]\w{1,40}){1,4}(?![\w/])")
_COMMAND = re.compile(
    r"\b(conman|composer|planman|optman)[\s`\"']{1,4}([a-z]{1,24})", re.IGNORECASE
)


def terms(text: str) -> set[Term]:
    """The comparable terms of an answer."""
    found = {Term("code", code) for code in message_codes(text)}
    found |= {Term("method", method) for method in _METHOD.findall(text)}
    found |= {Term("path", _plain_path(path)) for path in _PATH.findall(text)}
    found |= {Term("flag", flag.lower()) for flag in _FLAG.findall(text)}
    found |= {Term("port", port) for port in _PORT.findall(text)}
    found |= {Term("number", n.lstrip("0") or "0") for n in _NUMBER.findall(text)}
    found |= {Term("field", dotted.lower()) for dotted in _DOTTED.findall(text)}
    for tool, command in _COMMAND.findall(text):
        if command.lower() in COMMANDS[tool.lower()]:
            found.add(Term("command", f"{tool} {command}".lower()))
    for literal in _CODED.findall(text):
        found.add(Term("literal", _squeezed(literal)))
    found |= {Term("exact", term.casefold()) for term in exact_terms(text)}
    return found


def _plain_path(path: str) -> str:
    return re.sub(r"\{[^}]*\}|<[^>]*>|\.\.\.", "*", path).rstrip("/.").lower()


def _squeezed(literal: str) -> str:
    return re.sub(r"[\s\"']+", " ", literal).strip().lower()


def _compare(question: str, answer: str, other: str, alike: float) -> Contradiction | None:
    shown = other[:300]
    polarity = _polarity(answer), _polarity(other)
    if None not in polarity and polarity[0] != polarity[1]:
        message = _("A trusted memory answers the same question with the opposite:")
        return answer[:200], shown, message, 0.82 if alike > 0.8 else 0.72
    here, there = terms(answer), terms(other)
    asked = {term.text for term in terms(question)}
    for kind in (
        "command",
        "method",
        "path",
        "port",
        "flag",
        "field",
        "code",
        "literal",
        "exact",
        "number",
    ):
        mine = {t.text for t in here if t.kind == kind} - asked
        theirs = {t.text for t in there if t.kind == kind} - asked
        if mine and theirs and not mine & theirs and not _contained(mine, theirs):
            message = _("A trusted memory names another %(kind)s: %(theirs)s.")
            values = {"kind": kind, "theirs": ", ".join(sorted(theirs)[:4])}
            quote = next(iter(sorted(mine)))
            return _as_written(quote, answer), shown, message % values, 0.76
    if alike < SAME:
        return None
    stated = _stated_otherwise(answer, other)
    if stated:
        message = _("A trusted memory gives another %(key)s:") % {"key": stated[0]}
        return stated[1], stated[2], message, 0.78
    told = _told_otherwise(answer, other) or _swapped(answer, other) or _denied(answer, other)
    if told:
        message = _("A trusted memory says something else of %(key)s:") % {"key": told[0]}
        return told[1], told[2], message, 0.7
    if _shared(answer, other) < 0.2:
        message = _("A trusted memory answers the same question with nothing of this:")
        return answer[:200], shown, message, 0.64
    return None


def _polarity(answer: str) -> bool | None:
    folded = fold(answer[:60])
    return True if _YES.match(folded) else False if _NO.match(folded) else None


def _contained(mine: set[str], theirs: set[str]) -> bool:
    return any(a in b or b in a for a in mine for b in theirs)


def _as_written(term: str, text: str) -> str:
    position = fold(text).find(fold(term.split("*")[0]))
    return text[position : position + len(term)] if position >= 0 else text[:200]


# What an answer says of a key: 401, PEND, E, AWSBCS042W.
_KEY = re.compile(
    r"(?<![\w-])(?:[A-Z][A-Z0-9_]{1,30}|[A-Z]{3}\w{3}\d{3}[EWI]|\d{3}"
    r"|`[^`\n]{1,40}`|[b-df-hj-np-tv-z]{2})(?![\w-])"
)


_DEFINES = re.compile(
    r"[\s`\"']*(?::|=|is\b|are\b|means?\b|says?\b|tells?\b|indicates?\b|describes?\b"
    r"|stands? for\b|shows?\b|[eé]\b|diz\b"
    r"|significa\b|quer dizer\b|indica\b|mostra\b|representa\b|informa\b)"
)


def _told_otherwise(answer: str, other: str) -> tuple[str, str, str] | None:
    """A key of which the two answers tell stories without a word in common."""
    mine, theirs = _stories(answer), _stories(other)
    for key in mine.keys() & theirs.keys():
        one, two = _content(mine[key]), _content(theirs[key])
        if not (_DEFINES.match(mine[key]) and _DEFINES.match(theirs[key])):
            continue
        enough = len(one) >= 2 <= len(two) and len(one) + len(two) >= 5
        if enough and not one & two and not _share_concepts(mine[key], theirs[key]):
            return key, f"{key}{mine[key]}", f"{key}{theirs[key]}"
    return None


def _stories(text: str) -> dict[str, str]:
    """Each key with the words from it to the next key or the end of its sentence."""
    stories: dict[str, str] = {}
    for sentence in re.split(r"(?<=[.;])\s+|\n", text)[:60]:
        keys = list(_KEY.finditer(sentence))
        keys = [match for match in keys if match[0] not in _STOP]
        for position, match in enumerate(keys):
            end = keys[position + 1].start() if position + 1 < len(keys) else len(sentence)
            stories.setdefault(match[0].strip("`"), sentence[match.end() : end])
    return stories


_STATED = re.compile(
    r"\b(?P<key>default|padr[aã]o|port|porta|maximum|m[aá]ximo|minimum|m[ií]nimo|limite?|timeout"
    r"|directory|diret[oó]rio)\b"
    r"(?: \w+){0,3}? (?:is|are|[eé]|s[aã]o|=|:|to|de) [`\"']?(?P<value>[A-Z][A-Z0-9_]{2,30}\b"
    r"|\d{1,9}\b|/[\w/.-]{2,60})"
)
_SAME_KEY = {
    "padrao": "default",
    "porta": "port",
    "maximo": "maximum",
    "minimo": "minimum",
    "limite": "limit",
    "diretorio": "directory",
}


def _stated_otherwise(answer: str, other: str) -> tuple[str, str, str] | None:
    """ "The default is CONT" beside "the default action is SUPPR"."""
    theirs = {_same_key(m["key"]): m for m in _STATED.finditer(other)}
    for mine in _STATED.finditer(answer):
        match = theirs.get(_same_key(mine["key"]))
        if match and match["value"] != mine["value"]:
            return mine["key"], mine[0], match[0]
    return None


def _same_key(key: str) -> str:
    return _SAME_KEY.get(fold(key), fold(key))


def _swapped(answer: str, other: str) -> tuple[str, str, str] | None:
    """Two keys whose stories changed places: "cf picks the states, cs switches it on"."""
    mine, theirs = _stories(answer), _stories(other)
    keys = sorted(mine.keys() & theirs.keys())[:12]
    for position, one in enumerate(keys):
        for two in keys[position + 1 :]:
            straight = _likeness(mine[one], theirs[one]) + _likeness(mine[two], theirs[two])
            crossed = _likeness(mine[one], theirs[two]) + _likeness(mine[two], theirs[one])
            if crossed > straight + 0.15:
                return one, f"{one}{mine[one]}", f"{one}{theirs[one]}"
    return None


def _likeness(mine: str, theirs: str) -> float:
    one, two = _content(mine) | concepts(mine), _content(theirs) | concepts(theirs)
    return len(one & two) / max(1, min(len(one), len(two)))


# Denials of the verb; "no" alone is Portuguese for "in the", "sem" denies a noun.
_NEGATION = re.compile(
    r"\b(?:nao|not|never|nunca|jamais|nem|neither|cannot|nothing|nada|impede|impedem|prevents?"
    r"|evita)\b|n't\b"
)
_CONDITION = re.compile(
    r"\b(?:unless|except|only if|salvo|exceto|a menos|a n[aã]o ser)\b", re.IGNORECASE
)
_LEADING_ANSWER = re.compile(r"\A\W*(?:yes|no|sim|nao)\b[\s,.:;]*")


def _denied(answer: str, other: str) -> tuple[str, str, str] | None:
    """A sentence that says what the trusted answer denies, or denies what it says."""
    theirs = [(s, _content(s), _negations(s)) for s in _sentences(other)]
    for mine in _sentences(answer):
        words, negations = _content(mine), _negations(mine)
        for sentence, others, denials in theirs:
            shared = words & others
            alike = len(shared) >= 3 and len(shared) >= 0.5 * min(len(words), len(others))
            if (
                alike
                and (negations == 0) != (denials == 0)
                and not _CONDITION.search(mine + sentence)
            ):
                return ", ".join(sorted(shared)[:3]), mine, sentence
    return None


def _sentences(text: str) -> list[str]:
    return [
        s
        for s in re.split(
            r"(?<=[.;:!?])\s+|\n|, (?:and|but|e|mas|so"
            r"|portanto) ",
            text,
        )
        if s.strip()
    ][:40]


def _negations(text: str) -> int:
    return len(_NEGATION.findall(_LEADING_ANSWER.sub("", fold(text), count=1)))


def _content(text: str) -> set[str]:
    words = {stem(w) for w in _WORD.findall(fold(text)) if w not in _STOP and len(w) > 2}
    return words - _COMMONPLACE


# What every answer about a scheduler speaks of says nothing about agreement.
_COMMONPLACE_CONCEPTS = frozenset(
    {"job", "stream", "plan", "workstation", "status", "meaning", "agent", "waiting", "stuck"}
    | {"success", "failure", "running", "ready", "start", "stop", "check"}
)
_COMMONPLACE = frozenset(
    stem(word)
    for word in (
        "job",
        "jobs",
        "stream",
        "plan",
        "plano",
        "workstation",
        "means",
        "significa",
        "quer",
        "dizer",
        "diz",
    )
)


def _share_concepts(one: str, two: str) -> bool:
    return bool((concepts(one) & concepts(two)) - _COMMONPLACE_CONCEPTS)


def _shared(one: str, two: str) -> float:
    first, second = _content(one) | concepts(one), _content(two) | concepts(two)
    return len(first & second) / max(1, min(len(first), len(second)))
