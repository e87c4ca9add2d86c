"""What a text or evidence must be to become part of a memory, whatever door it comes in by."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from knowledge.visible import shows_nothing

LONGEST_TEXT = 200_000
LARGEST_EVIDENCE = 2**20
LARGEST_OWN_EVIDENCE = 64 * 2**10
"""What an answer of ours may rest on; what is imported may be larger."""
DEEPEST_EVIDENCE = 40


class Unfit(ValueError):
    """No memory may hold this; the message says why, after the thing's name."""


class EmptyMemory(Unfit):
    """A memory needs a question and an answer that a reader can see."""


def check_text(name: str, text: str) -> str:
    """`text` without white space around it. Unfit when it is empty to the eye, or too long."""
    text = text.strip()
    if shows_nothing(text):
        raise EmptyMemory(_("%(name)s is blank") % {"name": name})
    if "\x00" in text:
        raise Unfit(_("%(name)s holds a NUL character") % {"name": name})
    if len(text) > LONGEST_TEXT:
        said = _("%(name)s is longer than %(most)s characters")
        raise Unfit(said % {"name": name, "most": LONGEST_TEXT})
    return text


def check_evidence(evidence: Any, largest: int = LARGEST_EVIDENCE) -> list[dict[str, Any]]:
    """`evidence` when it is a list of objects, not too large as JSON and not nested too deeply."""
    if not isinstance(evidence, list) or not all(isinstance(item, dict) for item in evidence):
        raise Unfit(_("evidence is not a list of objects"))
    if _is_deeper(evidence, DEEPEST_EVIDENCE):
        raise Unfit(_("evidence is nested more than %(most)s deep") % {"most": DEEPEST_EVIDENCE})
    if len(json.dumps(evidence, ensure_ascii=False).encode("utf-8", "replace")) > largest:
        raise Unfit(_("evidence is larger than %(most)s KiB") % {"most": largest // 2**10})
    return evidence


def _is_deeper(value: Any, depth: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_is_deeper(part, depth - 1) for part in parts)
