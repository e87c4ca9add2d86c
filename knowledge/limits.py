"""What a text or evidence must be to become part of a memory, whatever door it comes in by."""

from __future__ import annotations

import json
from typing import Any

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
        raise EmptyMemory(f"{name} is blank")
    if "\x00" in text:
        raise Unfit(f"{name} holds a NUL character")
    if len(text) > LONGEST_TEXT:
        raise Unfit(f"{name} is longer than {LONGEST_TEXT} characters")
    return text


def check_evidence(evidence: Any, largest: int = LARGEST_EVIDENCE) -> list[dict[str, Any]]:
    """`evidence` when it is a list of objects, not too large as JSON and not nested too deeply."""
    if not isinstance(evidence, list) or not all(isinstance(item, dict) for item in evidence):
        raise Unfit("evidence is not a list of objects")
    if _is_deeper(evidence, DEEPEST_EVIDENCE):
        raise Unfit(f"evidence is nested more than {DEEPEST_EVIDENCE} deep")
    if len(json.dumps(evidence, ensure_ascii=False).encode("utf-8", "replace")) > largest:
        raise Unfit(f"evidence is larger than {largest // 2**10} KiB")
    return evidence


def _is_deeper(value: Any, depth: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_is_deeper(part, depth - 1) for part in parts)
