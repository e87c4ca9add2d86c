"""What comes first in the queue: how much harm a reviewer's look averts.

Expected use times doubt times damage. The damage is that of the worst thing found; the doubt is
how sure a judge is that it is wrong; the use is how often it was said so far, which the database
keeps up to date (`AuditRecord.harm`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from audits.states import Status, Why
from knowledge.folding import fold

DAMAGE: dict[str, float] = {
    Why.DANGER: 10,
    Why.SECRET: 8,
    Why.ATTACK: 8,
    Why.CONTRADICTED: 5,
    Why.REPORTED: 5,
    Why.OUTDATED: 4,
    Why.UNREAD: 3,
    Why.UNSURE: 2,
    Why.FAILED: 2,
    Why.JUNK: 1,
}
"""A command that destroys before a wrong figure, a wrong figure before what nobody can use."""
UNKNOWN_DOUBT = 0.5
_BY_CODE: dict[str, Why] = {
    "rules.dangerous_advice": Why.DANGER,
    "llm.unsafe": Why.DANGER,
    "rules.secret": Why.SECRET,
    "llm.secret": Why.SECRET,
    "llm.injection": Why.ATTACK,
    "claims.outdated": Why.OUTDATED,
    "claims.unreadable": Why.UNSURE,
    "llm.cannot_tell": Why.UNSURE,
    "llm.junk": Why.JUNK,
} | dict.fromkeys(
    (
        "rules.hidden_characters", "rules.lookalike", "rules.orders_auditor", "rules.overrules",
        "rules.forged_markup", "rules.orders_assistant", "rules.action_claimed",
        "rules.order_in_data",
    ),
    Why.ATTACK,
)  # fmt: skip
_BY_JUDGE: dict[str, Why] = {
    "rules": Why.JUNK,
    "claims": Why.CONTRADICTED,
    "llm": Why.CONTRADICTED,
    "lookup": Why.UNREAD,
}
_LONGEST = 200


def why(judge: str, status: str, findings: Iterable[Mapping[str, Any]]) -> Why:
    """The category of the worst finding; of a record without any, how it came here."""
    if status == Status.FAILED:
        return Why.FAILED
    if judge == "person":
        return Why.REPORTED
    kinds = [_kind(str(finding.get("code", ""))) for finding in findings]
    return max(kinds, key=lambda kind: DAMAGE[kind], default=Why.UNSURE)


def _kind(code: str) -> Why:
    return _BY_CODE.get(code) or _BY_JUDGE.get(code.partition(".")[0], Why.UNSURE)


def weight(kind: Why, confidence: float | None) -> float:
    """Doubt times damage."""
    return round(DAMAGE[kind] * (UNKNOWN_DOUBT if confidence is None else confidence), 3)


def cluster(findings: Iterable[Mapping[str, Any]]) -> str:
    """The same for all records in which the same error was found first; "" where none was.

    The same code with the same words: one wrong command, one invented name, one value for another.
    """
    first = next(iter(findings), None)
    if first is None:
        return ""
    field = str(first.get("expr", "")).rpartition(".")[2]
    said = first.get("quote") if first.get("found") is None else first.get("said")
    parts = [first.get("code"), field, said, first.get("datum") if field else ""]
    text = re.sub(r"\s+", " ", fold(" ".join(str(part)[:_LONGEST] for part in parts))).strip()
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
