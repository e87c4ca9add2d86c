"""Text that others wrote, made harmless in a text of ours: it shows what it is and does nothing.

An answer is Markdown, and a name or a log line may hold anything. What could be taken for markup
becomes inline code; characters that hide or reorder others are shown by their number.
"""

from __future__ import annotations

import re

from knowledge.visible import visible

LONGEST = 500
# Latin letters, digits and the marks of names and sentences. `_` only inside words, where it
# emphasises nothing; no `//` and no `www.`, which make links; no list's number in front.
_LETTER = "A-Za-z0-9À-ÖØ-öø-ɏ"
_PLAIN = re.compile(
    rf"(?!\d+[.)](?: |$))(?!.*www\.)/?[{_LETTER}]"
    rf"(?:[{_LETTER}.,:;=@%#?()+-]|(?<=[{_LETTER}])_(?=[{_LETTER}])| (?! |$)|/(?!/))*",
    re.IGNORECASE,
)
_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")


def inert(text: str) -> str:
    """`text` on one line as part of a Markdown text, as it is where that is harmless."""
    text = one_line(text)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    return text if _PLAIN.fullmatch(text) else code(text)


def code(text: str) -> str:
    """The line as inline code, whatever backticks it holds."""
    runs = {len(run) for run in re.findall("`+", text)}
    fence = "`" * next(length for length in range(1, len(runs) + 2) if length not in runs)
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def one_line(text: str, end: str = "⏎") -> str:
    """The text with everything in it visible, its lines ended by `end`."""
    return "".join(visible(line).replace("\t", " ") + end for line in _LINE_ENDS.split(text))[
        : -len(end)
    ]
