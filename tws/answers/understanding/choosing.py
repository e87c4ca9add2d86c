"""What answers a question back: one of the objects that it offered, or "yes" to its nearest."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.folding import fold
from knowledge.hwa.lexicon import EMPTY, find_terms, split_words
from knowledge.hwa.terms import find_terms as hwa_terms
from tws.answers.understanding.asked import AskBack, Define, NotUnderstood, Thing, Understood

_BESIDE = ("entity", "follow", "polite", "ask", "talk")


def chosen(text: str, last: Understood) -> str | None:
    """The question that was asked back about, with what is chosen now; None where nothing is."""
    match last.asked:
        case AskBack(choices=choices, written=written) if thing := _choice(text, choices):
            name = thing.full_name
            asked = last.standing
            return (
                asked.replace(written, name, 1)
                if written and written in asked
                else f"{asked} {name}"
            )
        case NotUnderstood(nearest=nearest) if nearest and _is_yes(text):
            return nearest
        case Define() if terms := _terms_alone(text):  # "and FAIL?"
            return f"{'o que é' if last.language == 'pt' else 'what is'} {terms}?"
    return None


def _terms_alone(text: str) -> str:
    """What it names of HWA's terms after an "and", when nothing else is in it."""
    words = split_words(text)
    terms = find_terms([one.text for one in words])
    opens = next((t for t in terms if t.key == "and" and t.first <= 1), None)
    rest = [one for one in words[opens.last :] if one.text not in EMPTY] if opens else []
    told = " ".join(text[one.start : one.end] for one in rest)
    return told if hwa_terms(told) and len(rest) <= 3 else ""


def _choice(text: str, choices: Sequence[Thing]) -> Thing | None:
    """ "The second one", "FATURAMENTO.FAT_EMITE", "o da FATURAMENTO": what only one is called."""
    words = [word.text for word in split_words(text)]
    terms = find_terms(words)
    nth = next((term.key for term in terms if term.category == "nth"), "")
    beside = {at for t in terms if t.category in _BESIDE for at in range(t.first, t.last)}
    told = [one for at, one in enumerate(words) if at not in beside and one not in EMPTY]
    if nth and len(told) == 1:
        at = len(choices) - 1 if nth == "last" else int(nth)
        return choices[at] if at < len(choices) else None
    called = [
        one
        for one in choices
        if len(told) == 1 and told[0] in map(fold, (one.full_name, one.name, one.stream))
    ]
    return called[0] if len(called) == 1 else None


def _is_yes(text: str) -> bool:
    words = [word.text for word in split_words(text)]
    said = {at for t in find_terms(words) if t.key == "ok" for at in range(t.first, t.last)}
    return bool(words) and said == set(range(len(words)))
