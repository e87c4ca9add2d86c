"""An answer's Markdown as HTML that is safe in a page, whoever wrote it."""

from __future__ import annotations

from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LONGEST = 64_000
"""Longer texts are shown as they are: rendering takes time, and the longest answer that the chat
keeps, with the note that it was cut, is shorter."""

_TAGS = {
    "p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "a",
    "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


@cache
def _markdown() -> MarkdownIt:
    """Made at the first answer: commands that show none need not load it."""
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False, "breaks": True})
    return made.enable(["table", "strikethrough"]).disable("image")


def _web_links_only(tag: str, attribute: str, value: str) -> str | None:
    """No javascript:, no data:, and no link into this site that a click would follow."""
    if attribute != "href":
        return value
    return value if value.lower().startswith(("https://", "http://")) else None


@lru_cache(maxsize=64)  # an answer is rendered with its marks and without, and compared
def to_html(text: str) -> str:
    if len(text) > LONGEST:
        return f"<pre>{escape(text)}</pre>"
    import nh3

    return nh3.clean(
        _markdown().render(text),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        attribute_filter=_web_links_only,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )


_ENDS = {"tr_close", "paragraph_close", "heading_close"}


def to_line(text: str) -> str:
    """Its words on one line, without its marks: commas between a row's cells, dots between rows."""
    lines: list[list[str]] = [[]]
    for token in _markdown().parse(text):
        if token.type == "inline":
            parts = token.children or ()
            lines[-1].append("".join(" " if "break" in p.type else p.content for p in parts))
        elif token.type in {"fence", "code_block"}:
            lines.append([token.content])
        if token.type in _ENDS:
            lines.append([])
    said = (", ".join(filter(str.strip, words)) for words in lines)
    return " · ".join(" ".join(line.split()) for line in said if line.strip())
