"""From a reviewer's form to `audits.review` and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from audits import known_cases, review
from audits.models import AuditRecord
from audits.search import as_uuid
from audits.states import ReasonCode
from knowledge.shown import excerpt

DONE: dict[str, Any] = {
    "approve": _("Approved: %(what)s"),
    "correct": _("Corrected and approved: %(what)s"),
    "reject": _("Rejected: %(what)s"),
    "restore": _("Restored: %(what)s"),
    "undo": _("Undone: %(what)s"),
    "skip": _("Left for later: %(what)s"),
    "audit_again": _("Sent to the auditor again: %(what)s"),
    "takeover": _("You are reviewing this memory now."),
    "claim": _("You are reviewing this memory now."),
    "known": _("A known case from now on: %(what)s"),
    "unknown": _("No known case any more: %(what)s"),
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
    if action == "skip":
        review.release_claim(memory_id, by)
        return
    simple: dict[str, Callable[[UUID, User], object]] = {
        "undo": review.undo,
        "audit_again": review.audit_again,
        "claim": review.claim,
        "takeover": partial(review.claim, takes_over=True),
        "release": review.release_claim,
        "known": known_cases.mark,
        "unknown": known_cases.unmark,
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
