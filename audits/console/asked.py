"""How a question was put and taken, what was read for it, and whether all was answered."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from knowledge.models import Memory
from knowledge.secrets import mask_secrets
from knowledge.visible import visible


def asked(memory: Memory) -> Iterator[str]:
    """Nothing where the question says it all."""
    taken = memory.understood or {}
    if memory.asked_as:
        yield _("Typed: {text}").format(text=_shown(memory.asked_as))
    if taken.get("text") and taken["text"] != memory.user_query:
        yield _("Understood as: {how}").format(how=_shown(taken["text"]))
    if taken.get("unused"):
        yield _("Not used: {words}.").format(words=_shown(", ".join(taken["unused"])))
    if taken.get("outcome") == "partial":
        yield _("Only a part of the question was answered.")
    if taken.get("read"):
        yield _("Read: {what}").format(what=_shown("; ".join(taken["read"])))


def _shown(text: str) -> str:
    return visible(mask_secrets(text))
