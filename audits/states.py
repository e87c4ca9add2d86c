"""The statuses of an audit record, the moves between them, and the trust that goes with each."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from knowledge.models import Trust


class Status(models.TextChoices):
    QUEUED = "queued", pgettext_lazy("status", "Queued")
    RUNNING = "running", pgettext_lazy("status", "Being judged")
    CLEARED = "cleared", pgettext_lazy("status", "Cleared")
    UNVERIFIED = "unverified", pgettext_lazy("status", "Not verified")
    PENDING = "pending", pgettext_lazy("status", "Waiting for a person")
    QUARANTINED = "quarantined", pgettext_lazy("status", "Quarantined")
    APPROVED = "approved", pgettext_lazy("status", "Approved")
    REJECTED = "rejected", pgettext_lazy("status", "Rejected")
    FAILED = "failed", pgettext_lazy("status", "Could not be judged")


OPEN = (Status.QUEUED, Status.RUNNING)
"""What workers read."""
WAITING = (Status.PENDING, Status.QUARANTINED, Status.FAILED)
"""What a reviewer still has to look at."""
DECIDED = (Status.APPROVED, Status.REJECTED)
"""A person's word. No worker touches these."""
TRUST_OF: dict[str, Trust] = {
    Status.QUEUED: Trust.NEW,
    Status.RUNNING: Trust.NEW,
    Status.CLEARED: Trust.CLEARED,
    Status.UNVERIFIED: Trust.UNVERIFIED,
    Status.PENDING: Trust.SUSPECT,
    Status.FAILED: Trust.SUSPECT,
    Status.QUARANTINED: Trust.QUARANTINED,
    Status.APPROVED: Trust.TRUSTED,
    Status.REJECTED: Trust.REJECTED,
}
"""The memory's trust that goes with a record's status; written together, always."""


PERSON = "person"
"""The judge's name on a record that a report brought before a reviewer."""


class ReasonCode(models.TextChoices):
    """Why a reviewer decided so: the labels that the auditor is measured on."""

    CORRECT = "correct", _("The answer is right")
    CORRECTED = "corrected", _("Right after correction")
    WRONG_FACT = "wrong_fact", _("A fact is wrong")
    OUTDATED = "outdated", _("No longer true")
    UNSAFE = "unsafe", _("Dangerous advice")
    SECRET = "secret", _("Holds a secret")
    INJECTION = "injection", _("Instructions hidden in the text")
    JUNK = "junk", _("Worth nothing")
    DUPLICATE = "duplicate", _("Says what another memory says")
    OTHER = "other", _("Other")


class Why(models.TextChoices):
    """Why a record waits: the kind of the worst that was found."""

    DANGER = "danger", _("Dangerous advice")
    SECRET = "secret", _("Holds a secret")
    ATTACK = "attack", _("An attack, or a claimed action")
    CONTRADICTED = "contradicted", _("Contradicted")
    REPORTED = "reported", _("Reported by a person")
    OUTDATED = "outdated", _("Rests on what has changed")
    UNREAD = "unread", _("Names what was not read")
    UNSURE = "unsure", _("It can't be told")
    FAILED = "failed", _("Could not be judged")
    JUNK = "junk", _("Worth nothing")


REASONS_AGAINST = (
    ReasonCode.WRONG_FACT, ReasonCode.OUTDATED, ReasonCode.UNSAFE, ReasonCode.SECRET,
    ReasonCode.INJECTION, ReasonCode.JUNK, ReasonCode.DUPLICATE, ReasonCode.OTHER,
)  # fmt: skip
"""What a rejection can be for, in the order of their digits."""
OF_ITS_TIME = (ReasonCode.DUPLICATE, ReasonCode.OUTDATED)
"""Rejections that say nothing about the answer's truth when it was judged."""
REASONS_FOR = (ReasonCode.CORRECT, ReasonCode.OTHER)
"""What a restored memory can have been kept out wrongly for."""

UNDECIDED = (*WAITING, Status.CLEARED, Status.UNVERIFIED)
"""Judged, and no person has said a word yet."""

MOVES: dict[str, tuple[tuple[Status, ...], Status]] = {
    "approve": (UNDECIDED, Status.APPROVED),
    "reject": (UNDECIDED, Status.REJECTED),
    "restore": ((Status.QUARANTINED, Status.REJECTED), Status.APPROVED),
}
"""What a person may do: action → (from these statuses, to this one). All else is refused."""
