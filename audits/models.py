"""The audit queue and the decision log. See README.md here for the life of a record."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Ln
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audits import telling
from audits.decisions import Decision, DecisionHead, ReviewNote
from audits.known_answers import KnownAnswer, KnownCase
from audits.notices.outbox import Notice, Watch
from audits.queue import AuditQueue, AuditRecordQuerySet
from audits.remarks import Remark
from audits.second_opinions import SecondOpinion
from audits.states import ReasonCode, Status, Why
from knowledge.models import Kind, Memory

__all__ = (
    "AuditRecord", "Bulk", "BulkItem", "CachedVerdict", "Calibration", "Decision",
    "DecisionHead", "Heartbeat", "KnownAnswer", "KnownCase", "Notice", "Remark", "ReviewNote",
    "SavedView", "SecondOpinion", "Watch",
)  # fmt: skip


class AuditRecord(models.Model):
    """What the auditor found about one memory, and what a person decided.

    `attempts` is the fencing number: a worker that wakes late holds an old one and is refused.
    `memory_version` is the version that was judged.
    """

    memory = models.OneToOneField(
        Memory, verbose_name=_("memory"), on_delete=models.CASCADE, related_name="audit"
    )
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.QUEUED)

    lease_owner = models.CharField(max_length=100, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    # Attempts that an outage of the LLM ended, not the memory: they don't count against it.
    excused = models.PositiveIntegerField(default=0, editable=False)
    ready_at = models.DateTimeField(default=timezone.now, editable=False)
    last_error = models.TextField(_("why it could not be judged"), blank=True, editable=False)

    memory_version = models.PositiveIntegerField(_("version judged"), null=True, blank=True)
    ia_audit_reason = models.TextField(_("reason"), blank=True)
    ia_audit_confidence = models.FloatField(_("confidence"), null=True, blank=True)
    # What the judge said, before calibration; `ia_audit_confidence` is what the thresholds saw.
    raw_confidence = models.FloatField(null=True, blank=True, editable=False)
    findings = models.JSONField(_("findings"), default=list, blank=True)
    judge = models.CharField(_("judge"), max_length=50, blank=True)
    model = models.CharField(_("model"), max_length=200, blank=True)
    prompt_version = models.CharField(_("prompt version"), max_length=50, blank=True)
    judged_at = models.DateTimeField(_("judged"), null=True, blank=True)

    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reviewer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    reason_code = models.CharField(
        _("reason code"), max_length=12, choices=ReasonCode, blank=True, default=""
    )
    review_claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("being reviewed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    review_claimed_until = models.DateTimeField(null=True, blank=True)
    # Who is to decide it. A claim is for minutes, this until it is decided or given to another.
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assigned to"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )

    created_at = models.DateTimeField(_("queued"), default=timezone.now)

    # What the queue is ordered and filtered by. The database copies what is the memory's.
    agent = models.CharField(_("agent"), max_length=100, blank=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, blank=True, editable=False)
    uses = models.PositiveIntegerField(_("times said"), default=1, editable=False)
    language = models.CharField(_("language"), max_length=2, blank=True, editable=False)
    why = models.CharField(_("why"), max_length=12, choices=Why, blank=True, editable=False)
    cluster = models.CharField(max_length=16, blank=True, editable=False)
    weight = models.FloatField(default=1.0, editable=False)
    harm = models.GeneratedField(
        expression=Cast(F("weight") * (1 + Ln(F("uses") + 1.0)) * 10, models.IntegerField()),
        output_field=models.IntegerField(),
        db_persist=True,
    )

    objects = AuditQueue.from_queryset(AuditRecordQuerySet)()

    class Meta:
        db_table = "audit_queue"
        verbose_name = _("audit record")
        verbose_name_plural = _("audit queue")
        permissions = [
            ("review_auditrecord", _("Can decide on audit records")),
            ("takeover_auditrecord", _("Can take over what somebody else is reviewing")),
            ("export_auditrecord", _("Can export memories, records and decisions")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="audit_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(ia_audit_confidence__isnull=True)
                | Q(ia_audit_confidence__range=(0.0, 1.0)),
                name="audit_confidence_is_0_to_1",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "rejected"])
                | Q(reviewer__isnull=False, reviewed_at__isnull=False),
                name="audit_decision_has_a_reviewer_and_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(lease_until__isnull=False),
                name="audit_running_has_a_lease",
            ),
        ]
        indexes = [
            # What the workers poll. Stays small: settled records leave it.
            models.Index(
                fields=["id"],
                name="audit_queue_open",
                condition=Q(status__in=["queued", "running"]),
            ),
            # What reviewers read: the queue, most harm and oldest first. What it is filtered by
            # goes along, so that filters and counts look at no row before it is on the page.
            models.Index(
                F("harm").desc(),
                "created_at",
                "id",
                name="audit_queue_waiting",
                condition=Q(status__in=["pending", "quarantined", "failed"]),
                include=(
                    *("status", "why", "judge", "language", "agent", "kind", "uses"),
                    *("ia_audit_confidence", "assigned_to"),
                ),
            ),
            # Filters, in any combination, without walking the order of a list. Equal keys share
            # one entry, so that it stays small.
            models.Index(fields=["judge", "status", "agent", "kind"], name="audit_queue_filters"),
            models.Index(fields=["why", "id"], name="audit_queue_why", condition=~Q(why="")),
            models.Index(
                fields=["assigned_to", "id"],
                name="audit_queue_assigned",
                condition=Q(assigned_to__isnull=False),
            ),
            # What is judged again on command, said most often first.
            models.Index(
                F("uses").desc(),
                "id",
                name="audit_queue_unverified",
                condition=Q(status="unverified"),
            ),
            # The same error elsewhere.
            models.Index(
                fields=["cluster"],
                name="audit_queue_cluster",
                condition=Q(status__in=["pending", "quarantined", "failed"]) & ~Q(cluster=""),
            ),
            models.Index(fields=["status", "created_at", "id"], name="audit_queue_by_status"),
            # Past decisions, the labels of the auditor's measures.
            models.Index(
                fields=["reviewed_at"],
                name="audit_queue_decided",
                condition=Q(status__in=["approved", "rejected"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.memory_id} {self.status}"

    def why_taken_back(self) -> str:
        """Why the answer was taken back, for its readers."""
        return telling.why_taken_back(self)


class Bulk(models.Model):
    """One decision for many records: see `audits.bulk`."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Not started")
        RUNNING = "running", _("Under way")
        STOPPED = "stopped", _("Stopped")
        LAPSED = "lapsed", _("Stopped: its author may no longer decide")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=12)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    note = models.TextField(blank=True)
    reason_code = models.CharField(max_length=12, choices=ReasonCode, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.pk} {self.action} {self.state}"


class BulkItem(models.Model):
    """A record in a bulk decision, in the version its author saw, and what became of it.

    `seq` is the line of the log that decided it; `refused` says why there is none.
    """

    bulk = models.ForeignKey(Bulk, on_delete=models.CASCADE, related_name="items")
    record = models.ForeignKey(
        AuditRecord, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    memory_id = models.UUIDField()
    version = models.PositiveIntegerField()
    seq = models.BigIntegerField(null=True)
    refused = models.TextField(blank=True)
    undone = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bulk", "memory_id"], name="bulk_item_is_once")
        ]

    def __str__(self) -> str:
        return f"{self.bulk_id} {self.memory_id}"


class SavedView(models.Model):
    """A list of the queue under a name; `filters` is what its address asks for."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="audit_views"
    )
    name = models.CharField(max_length=60)
    filters = models.CharField(max_length=2000)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_view_is_once_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class Calibration(models.Model):
    """A fitted map from one judge's confidence to how often people found it right.

    `points` are `[raw, calibrated]` pairs, both growing; between two the line is straight.
    """

    class Method(models.TextChoices):
        ISOTONIC = "isotonic", _("Isotonic")
        PLATT = "platt", _("Platt")

    judge = models.CharField(_("judge"), max_length=50)
    version = models.PositiveIntegerField(_("version"))
    method = models.CharField(_("method"), max_length=10, choices=Method)
    points = models.JSONField(_("points"))
    examples = models.PositiveIntegerField(_("decisions it was fitted on"))
    ece_before = models.FloatField(_("calibration error before"))
    ece_after = models.FloatField(_("calibration error after"))
    is_active = models.BooleanField(_("in use"), default=False)
    fitted_at = models.DateTimeField(_("fitted"), default=timezone.now)

    class Meta:
        verbose_name = _("calibration")
        verbose_name_plural = _("calibrations")
        ordering = ["judge", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "version"], name="calibration_is_once_a_version"
            ),
            models.UniqueConstraint(
                fields=["judge"],
                condition=Q(is_active=True),
                name="calibration_in_use_is_one_a_judge",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.judge} v{self.version} ({self.method})"


class CachedVerdict(models.Model):
    """What the LLM judge said of a memory; `key` is a hash of all that its prompt showed.

    Quotes the memory, so it goes with it: `audits.caching.forget`.
    """

    key = models.CharField(max_length=64, primary_key=True)
    memory_id = models.UUIDField(db_index=True)  # no foreign key: measured examples have no rows
    verdict = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.key


class Heartbeat(models.Model):
    """A sign of life of one auditor, every few seconds; gone when it ended in order.

    `trouble` is what its duties failed with at their last turn, a line each; "" when all is well.
    """

    worker = models.CharField(max_length=100, primary_key=True)
    watches = models.BooleanField(default=False)
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(default=timezone.now)
    trouble = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.worker} {self.beat_at:%Y-%m-%d %H:%M:%S}"
