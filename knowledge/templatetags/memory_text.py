"""`{{ text|shown }}` and friends: the only ways a memory's text gets onto a page."""

from __future__ import annotations

from django import template
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString

from knowledge import shown as texts

register = template.Library()


@register.filter
def shown(text: object) -> str:
    """Masked and visible, cut when very long; escaped by the template."""
    return str(texts.shown(texts.as_text(text)))


@register.filter
def excerpt(text: object, longest: int = 160) -> str:
    return texts.excerpt(texts.as_text(text), longest)


@register.filter
def gist(text: str, longest: int = 160) -> str:
    return texts.gist(text, longest)


@register.filter
def marked(text: texts.Shown) -> SafeString:
    """The pieces, those that a finding quotes inside `<mark>`; everything escaped."""
    return format_html_join(
        "",
        "{}",
        (
            (
                SafeString(f'<mark data-finding="{piece.marks[0]}">{escape(piece.text)}</mark>')
                if piece.marks
                else escape(piece.text),
            )
            for piece in text.pieces
        ),
    )
