"""Which of the two languages an answer is in."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.language import LANGUAGES, Language, language_of


def choose_language(
    question: str, earlier: Sequence[str], allowed: Sequence[str], default: str
) -> Language:
    """The language to answer in: the question's, else the conversation's, else the default.

    `allowed` are an agent's languages ("pt-br", "en"); empty means both.
    """
    codes = [code[:2] for code in allowed if code[:2] in LANGUAGES]
    for text in (question, *reversed(earlier)):
        found = language_of(text)
        if found and (not codes or found in codes):
            return found
    if codes:
        return "pt" if codes[0] == "pt" else "en"
    return "pt" if default.startswith("pt") else "en"
