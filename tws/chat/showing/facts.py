"""Of each fact of an answer: which reading it is from, and which object or status it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from knowledge.claims.answer import Answer, Claim
from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import Evaluator, Found
from knowledge.hwa.fields import FIELDS
from knowledge.hwa.statuses import GROUPS, group_of
from tws.answers.understanding.asked import ObjectKind, Thing

KIND_OF_FIELD: dict[str, ObjectKind] = {
    "job": "job",
    "stream": "stream",
    "of_stream": "stream",
    "target_stream": "stream",
    "workstation": "workstation",
    "stream_workstation": "workstation",
    "ran_on": "workstation",
    "resource": "resource",
}
_STATUS = {"status", "group", "target_status", "common_status"}


def facts_of(
    answer: Answer, evaluator: Evaluator, things: Mapping[str, Thing]
) -> list[dict[str, Any]]:
    """`{claim, source, field}`, where there is one with its `things` or its status `group`."""
    return [fact for claim in answer.said if (fact := _fact(claim, answer, evaluator, things))]


def _fact(
    claim: Claim, answer: Answer, evaluator: Evaluator, things: Mapping[str, Thing]
) -> dict[str, Any] | None:
    try:
        found = evaluator.evaluate(claim.expr)
    except NoClaim:
        return None
    reading = evaluator.readings[found.reading]
    field = FIELDS.get(found.field)
    fact: dict[str, Any] = {
        "claim": claim.id,
        "source": source_ref(reading),
        "field": field.heading(answer.language) if field else "",
    }
    group = group_shown(found.field, found.value)
    if group and claim.kind != "meaning":  # which stands beside the status itself
        fact["group"] = group
    elif named := _things(claim, found, things):
        fact["things"] = [asdict(one) for one in named]
    return fact


def source_ref(reading: Reading) -> str:
    """The `ref` of the source that the reading is; "" for the question itself."""
    if reading.id.startswith("u"):
        return ""
    return str(reading.result.get("memory_id") or reading.id)


def group_shown(field: str, value: Any) -> str:
    """The group of a status, by which it has its colour and its sign."""
    if field not in _STATUS or not isinstance(value, str):
        return ""
    return value if value in GROUPS else group_of(value) or ""


def _things(claim: Claim, found: Found, things: Mapping[str, Thing]) -> list[Thing]:
    """The objects that the claim names, in its order."""
    if claim.kind not in {"name", "typed"}:
        return []
    value = claim.words if claim.kind == "typed" else found.value
    names = value if isinstance(value, list) else [value]
    kind = KIND_OF_FIELD.get(found.field)
    return [
        things.get(name) or Thing(kind or "job", name)
        for name in names
        if isinstance(name, str) and (name in things or kind)
    ]
