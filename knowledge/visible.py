"""Characters that hide, reorder or imitate others, made visible."""

from __future__ import annotations

import re
import unicodedata

BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e01ef"
)
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
# Joiners are ordinary in emoji and in Persian or Indic words, hidden between Latin letters.
_JOINER = "(?<![\u0600-\u0dff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
_HIDDEN = re.compile(f"[{BIDI_CONTROLS}{_INVISIBLE}{_CONTROLS}]|{_JOINER}")
_ODD_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_STRAY_HIDDEN = re.compile(f"[{BIDI_CONTROLS}{_INVISIBLE}{_ODD_CONTROLS}]|{_JOINER}")


def visible(text: str) -> str:
    """The text with each character that hides or reorders others written as ⟨U+202E⟩."""
    return _HIDDEN.sub(_by_number, text)


def exposed(text: str) -> str:
    """The same for text that is shown in lines: their ends stay what they are."""
    return _STRAY_HIDDEN.sub(_by_number, text)


def _by_number(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"


def has_hidden(text: str) -> bool:
    """Whether a reader would see something else than what is there. A leading BOM is no secret."""
    return _STRAY_HIDDEN.search(text.removeprefix("\ufeff")) is not None


def hidden_characters(text: str) -> list[str]:
    """The hidden characters of the text, each once, in order of appearance."""
    return list(dict.fromkeys(_STRAY_HIDDEN.findall(text.removeprefix("\ufeff"))))


def shows_nothing(text: str) -> bool:
    """Whether a reader would see an empty page: white space, hidden characters, lone accents."""
    return not any(
        unicodedata.category(ch)[0] in "LNPS" and ch != "\u2800" and not _HIDDEN.match(ch)
        for ch in text
    )


# Letters of other scripts that are drawn like Latin ones.
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧονԌՍօոսցհ",
    "ABESIJKMHOPCTYXaesijopcyxdqwhABEZHIKMNOPTYXovGUonugh",
)
_WORD = re.compile(r"[^\W_][\w#.-]{0,200}")


# Letters that are Latin by another code point: fullwidth and mathematical alphabets.
_STYLED = re.compile("[\uff10-\uff5a\U0001d400-\U0001d7ff]")


def skeleton(word: str) -> str:
    """The word as it looks: two names with one skeleton look the same to a reader."""
    plain = _STYLED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), word)
    return plain.translate(_LOOKALIKES)


def mixed_script_words(text: str) -> list[str]:
    """Words that look Latin and are not wholly so: P\\u0410YROLL beside PAYROLL."""
    if text.isascii():
        return []
    found: dict[str, None] = {}
    for match in _WORD.finditer(text):
        word = match[0]
        if not word.isascii() and _looks_latin(word):
            found[word] = None
    return list(found)


def _looks_latin(word: str) -> bool:
    drawn = skeleton(word)
    if drawn == word or len(word) < 3:
        return False
    latin = any(ch.isascii() and ch.isalpha() for ch in word)
    # A word wholly of lookalikes is a name written in another alphabet only when it is shouted:
    # real Cyrillic or Greek prose has letters that Latin lacks.
    return latin or (drawn.isascii() and drawn.isupper())
