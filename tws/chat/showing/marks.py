"""Which words of an answer are facts, and where its tables and logs stand: marks in its Markdown,
which outlive rendering and cleaning, and only then become elements of the page.
"""

from __future__ import annotations

import re

from knowledge.claims.answer import Answer, Claim, LogLines, Phrase, Segment, Table
from knowledge.claims.expressions import Evaluator
from knowledge.claims.rendering import Speaker, render_with
from knowledge.markdown import to_html

# Private characters, which no font draws and no answer of ours holds.
_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_PRIVATE = re.compile(f"[{_OPEN}{_MIDDLE}{_CLOSE}]")
_FACT = re.compile(f"{_OPEN}(c\\d+){_MIDDLE}([^{_OPEN}{_MIDDLE}{_CLOSE}]*){_CLOSE}")
_PLACE = re.compile(f"{_OPEN}([tl]\\d+|s|e){_CLOSE}")
_SHOWN = {"s": '<span class="shown">', "e": "</span>"}
_IN_A_TAG = re.compile(f"<[^>]*{_PRIVATE.pattern}")


class _MarkingSpeaker(Speaker):
    """Says what a Speaker says: each claim between marks, one where a table or log begins, and
    between two how much of a table is shown, which on a page stands below the table."""

    tables = 0

    def claim(self, claim: Claim) -> str:
        return f"{_OPEN}{claim.id}{_MIDDLE}{super().claim(claim)}{_CLOSE}"

    def text(self, segment: Segment) -> str:
        said = super().text(segment)
        if isinstance(segment, Table):
            self.tables += 1
            return said.replace("| ", f"| {_OPEN}t{self.tables}{_CLOSE}", 1)
        if isinstance(segment, Phrase) and segment.key == "shown":
            return f"{_OPEN}s{_CLOSE}{said}{_OPEN}e{_CLOSE}"
        if isinstance(segment, LogLines):
            return said.replace("\n", f"\n{_OPEN}{segment.reading}{_CLOSE}", 1)
        return said


def marked(answer: Answer, evaluator: Evaluator, text: str) -> str:
    """`text`, which holds the answer's, with marks in it; "" where that would change a word."""
    with_marks = render_with(_MarkingSpeaker(answer.language, answer.zone, evaluator), answer)
    said = unmarked(with_marks)
    if text.count(said) != 1:
        return ""
    found = text.replace(said, with_marks)
    return found if unmarked(to_html(found)) == to_html(text) else ""


def unmarked(text: str) -> str:
    return _PLACE.sub("", _FACT.sub(r"\2", text))


def marked_html(text: str) -> str:
    """The HTML of a text with marks: spans with data-claim="c1", data-table="t1", data-log="l1",
    and with the class "shown"."""
    html = to_html(text)
    if _IN_A_TAG.search(html):
        return unmarked(html)
    html = _FACT.sub(r'<span class="fact" data-claim="\1">\2</span>', html)
    return _PRIVATE.sub("", _PLACE.sub(_place, html))


def _place(found: re.Match[str]) -> str:
    if found[1] in _SHOWN:
        return _SHOWN[found[1]]
    kind = "table" if found[1].startswith("t") else "log"
    return f'<span data-{kind}="{found[1]}"></span>'
