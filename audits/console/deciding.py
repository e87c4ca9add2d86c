"""From a reviewer's form to `audits.review` and back: one record, or many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from audits import review
from audits.models import AuditRecord
from audits.search import as_uuid
from audits.states import ReasonCode
from knowledge.shown import excerpt

BULK = 500
"""How many records one bulk decision may take: each is a transaction of its own."""

DONE: dict[str, Any] = {
    "approve": _("Approved: %(what)s"),
    "correct": _("Corrected and approved: %(what)s"),
    "reject": _("Rejected: %(what)s"),
    "restore": _("Restored: %(what)s"),
    "undo": _("Undone: %(what)s"),
    "audit_again": _("Sent to the auditor again: %(what)s"),
    "claim": _("You are reviewing this memory now."),
    "release": _("Others may review this memory now."),
}


class DecisionForm(forms.Form):
    """What the record page sends. `correct` is an approval with `corrected_response`."""

    action = forms.ChoiceField(choices=[(name, name) for name in DONE])
    version = forms.IntegerField(required=False, min_value=1)
    note = forms.CharField(required=False, max_length=10_000)
    reason_code = forms.ChoiceField(required=False, choices=[("", ""), *ReasonCode.choices])
    corrected_response = forms.CharField(required=False, strip=False)
    kept = forms.CharField(required=False)
    """Which of two that contradict each other: "both", or the id of the one that is replaced."""
    valid_until = forms.DateTimeField(required=False)


def act(record: AuditRecord, sent: dict[str, Any], by: User) -> None:
    """Do what the form says. ReviewError when it can't be done."""
    action, memory_id = sent["action"], record.memory_id
    simple = {
        "undo": review.undo,
        "audit_again": review.audit_again,
        "claim": review.claim,
        "release": review.release_claim,
    }
    if action in simple:
        simple[action](memory_id, by)
        return
    corrected = action == "correct"
    review.decide(
        memory_id,
        "approve" if corrected else action,
        by,
        note=sent["note"],
        reason_code=sent["reason_code"],
        corrected_response=sent["corrected_response"] if corrected else None,
        version=sent["version"],
        supersedes=as_uuid(sent["kept"]),
        keeps_both=sent["kept"] == "both",
        valid_until=sent["valid_until"],
    )


def said(record: AuditRecord, action: str) -> str:
    """What the reviewer is told when it is done."""
    return str(DONE[action]) % {"what": excerpt(record.memory.user_query, 80)}


@dataclass(frozen=True, slots=True)
class Outcome:
    record: AuditRecord
    done: bool
    message: str


def decide_each(
    chosen: Iterable[tuple[AuditRecord, int | None]],
    action: str,
    by: User,
    *,
    note: str,
    reason_code: str,
) -> list[Outcome]:
    """One decision each, in the version the reviewer saw; who was slower is told so, row by row."""
    outcomes = []
    for record, version in chosen:
        try:
            review.decide(
                record.memory_id, action, by, note=note, reason_code=reason_code, version=version
            )
        except review.ReviewError as error:
            outcomes.append(Outcome(record, False, str(error)))
        else:
            outcomes.append(Outcome(record, True, said(record, action)))
    return outcomes
