"""Memories: the rows are the truth, the vectors in mem0's table follow them."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

import knowledge.lookups  # noqa: F401  registers `__any`
from knowledge.cleaning import EvidenceDecoder
from knowledge.llm.models import LLMProfile, LLMUsage  # noqa: F401  Django looks for them here


class Trust(models.TextChoices):
    """Whether a memory may be used again. `audits` moves it; retrieval obeys it."""

    NEW = "new", pgettext_lazy("trust", "New")
    CLEARED = "cleared", pgettext_lazy("trust", "Verified, not reviewed")
    UNVERIFIED = "unverified", pgettext_lazy("trust", "Not verified")
    SUSPECT = "suspect", pgettext_lazy("trust", "Suspect")
    QUARANTINED = "quarantined", pgettext_lazy("trust", "Quarantined")
    TRUSTED = "trusted", pgettext_lazy("trust", "Approved by a person")
    REJECTED = "rejected", pgettext_lazy("trust", "Rejected")


USABLE = (Trust.TRUSTED, Trust.CLEARED)
"""What retrieval may bring back, and what belongs in the index."""


class Kind(models.TextChoices):
    KNOWLEDGE = "knowledge", _("Knowledge")
    STATE = "state", _("State of the plan")


class Source(models.TextChoices):
    CHAT = "chat", _("Chat")
    IMPORT = "import", _("Import")
    MIGRATION = "migration", _("Earlier audit queue")
    MEM0 = "mem0", _("Another program on the mem0 store")
    TOLD = "told", _("Told by an operator: what fixed it")


def evidence_digest(evidence: list[dict[str, Any]]) -> str:
    """sha256 (hex) of the evidence as canonical JSON."""
    canonical = json.dumps(evidence, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()


def content_hash(kind: str, query: str, response: str, evidence: list[dict[str, Any]]) -> str:
    """sha256 (hex) of what makes two memories of one agent the same.

    Knowledge is its two texts. A state is its texts and what was read when it was said: the same
    sentence at another hour is another memory.
    """
    parts = [kind, " ".join(query.split()), " ".join(response.split())]
    if kind == Kind.STATE:
        parts.append(evidence_digest(evidence))
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


_AGENTS = """
    WITH RECURSIVE names(name) AS (
        SELECT min(agent) FROM knowledge_memory
        UNION ALL
        SELECT (SELECT min(agent) FROM knowledge_memory WHERE agent > names.name)
        FROM names WHERE names.name IS NOT NULL
    )
    SELECT name FROM names WHERE name IS NOT NULL LIMIT %s
"""


class MemoryQuerySet(models.QuerySet["Memory"]):
    def usable(self) -> Self:
        """Cleared by the auditor or approved by a person."""
        return self.filter(trust__in=USABLE)

    def in_force(self) -> Self:
        """Usable ones that have not expired and that no other has taken the place of."""
        lasting = Q(valid_until=None) | Q(valid_until__gt=timezone.now())
        return self.usable().filter(lasting, superseded_by=None)

    def to_index(self) -> Self:
        """Usable ones whose vector is missing or of an earlier version, and nobody's just now."""
        return self.usable().filter(
            Q(purged_at=None),
            Q(indexed_version__isnull=True) | ~Q(indexed_version=F("version")),
            Q(index_lease_until__isnull=True) | Q(index_lease_until__lt=timezone.now()),
        )

    def agents(self, limit: int = 50) -> list[str]:
        """The names of the agents that have memories, by jumping along the unique index."""
        with connection.cursor() as cursor:
            cursor.execute(_AGENTS, [limit])
            return [name for (name,) in cursor.fetchall()]

    def locked(self, ids: list[uuid.UUID]) -> list[Memory]:
        """These rows `FOR UPDATE`, in id order: the first lock of a deciding transaction."""
        return list(self.filter(id__any=set(ids)).order_by("id").select_for_update(of=("self",)))


class Memory(models.Model):
    """One question and its answer, with the evidence the answer was given from.

    `version` grows with every change of text or evidence. `trust` says whether the memory is
    wanted in the index, `indexed_version` what is there: that pair is the outbox.
    """

    id = models.UUIDField(_("memory id"), primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.CharField(_("agent"), max_length=100)
    conversation = models.UUIDField(_("conversation"), null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    user_query = models.TextField(_("question"))
    # What was typed, where the question that stands alone is another one.
    asked_as = models.TextField(_("asked as"), blank=True)
    # `{text, unused, outcome, read}`: how the question was taken, the words of it that were not
    # used, whether all of it was answered, or "partial", and what was read of HWA, in words.
    understood = models.JSONField(_("understood as"), null=True, blank=True, editable=False)
    agent_response = models.TextField(_("answer"))
    # The segments that yield the text (knowledge.claims.answer); none of a text written by hand.
    answer = models.JSONField(
        _("answer as data"), null=True, blank=True, decoder=EvidenceDecoder, editable=False
    )
    evidence = models.JSONField(_("evidence"), default=list, blank=True, decoder=EvidenceDecoder)
    engine = models.CharField(_("engine"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.KNOWLEDGE)
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.CHAT)
    external_id = models.CharField(_("id in its source"), max_length=255, null=True, blank=True)  # noqa: DJ001  NULL is "none" and unique ignores it

    content_hash = models.CharField(max_length=64, editable=False)
    use_count = models.PositiveIntegerField(_("times said"), default=1)
    similar_to = models.ForeignKey(
        "self",
        verbose_name=_("says the same as"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="duplicates",
    )
    # Out of retrieval from then on, and as long as the other is approved.
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self",
        verbose_name=_("replaced by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="supersedes",
    )
    # What must match exactly in a search: message codes, object names, commands.
    terms = ArrayField(models.CharField(max_length=255), default=list, blank=True, editable=False)
    # Concepts of the glossary and exact terms (knowledge.features), by the text that holds them.
    # With both texts they make the column `words`, which full text search reads.
    marks = models.JSONField(default=dict, blank=True, editable=False)

    trust = models.CharField(_("trust"), max_length=12, choices=Trust, default=Trust.NEW)
    version = models.PositiveIntegerField(_("version"), default=1)
    flagged_by_ia = models.BooleanField(
        _("was flagged by the auditor"), default=False, editable=False
    )

    mem0_id = models.UUIDField(null=True, blank=True, editable=False)
    indexed_version = models.PositiveIntegerField(null=True, blank=True, editable=False)
    index_owner = models.CharField(max_length=100, blank=True, editable=False)
    index_lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    index_attempts = models.PositiveIntegerField(default=0, editable=False)
    index_error = models.TextField(_("why it is not indexed"), blank=True, editable=False)

    # Since when its texts are gone; `content_hash` still tells what they were.
    purged_at = models.DateTimeField(_("purged"), null=True, blank=True, editable=False)

    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = MemoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("memory")
        verbose_name_plural = _("memories")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "content_hash"], name="memory_is_once_in_its_agents_store"
            ),
            models.UniqueConstraint(
                fields=["source", "external_id"], name="memory_is_once_per_id_in_its_source"
            ),
            models.CheckConstraint(
                condition=Q(trust__in=Trust.values), name="memory_trust_is_known"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="memory_version_starts_at_1"),
        ]
        indexes = [
            # What the auditor has not seen yet, oldest first. Stays small: audited ones leave it.
            models.Index(fields=["created_at", "id"], name="memory_new", condition=Q(trust="new")),
            # The indexer's outbox. Stays small: indexed ones leave it.
            models.Index(
                fields=["created_at", "id"],
                name="memory_to_index",
                condition=Q(trust__in=["trusted", "cleared"])
                & (Q(indexed_version__isnull=True) | ~Q(indexed_version=F("version"))),
            ),
            # The admin's list, newest first, and its filters.
            models.Index(fields=["-created_at", "-id"], name="memory_newest"),
            models.Index(fields=["trust", "-created_at"], name="memory_by_trust"),
            # States of the plan: the auditor deletes those past their days; the list filters by it.
            models.Index(
                fields=["created_at", "id"], name="memory_states", condition=Q(kind="state")
            ),
            # Exact terms of a question.
            GinIndex(fields=["terms"], name="memory_terms"),
        ]

    def __str__(self) -> str:
        return f"{self.user_query[:60]} ({self.id})"

    @property
    def is_usable(self) -> bool:
        return self.trust in USABLE

    @property
    def claims(self) -> list[dict[str, Any]]:
        """What the answer's slots hold: `{id, expr, kind, value, words}` each."""
        from knowledge.claims.answer import AnswerMalformed, read_answer  # not for every command

        try:
            return [asdict(claim) for claim in read_answer(self.answer).said] if self.answer else []
        except AnswerMalformed:
            return []


class MemoryRevision(models.Model):
    """What a memory said before a change: version `version`, until `changed_at`."""

    # No index of its own: another one begins with it.
    memory = models.ForeignKey(
        Memory, on_delete=models.CASCADE, related_name="revisions", db_index=False
    )
    version = models.PositiveIntegerField(_("version"))
    user_query = models.TextField(_("question"))
    agent_response = models.TextField(_("answer"))
    answer = models.JSONField(_("answer as data"), null=True, decoder=EvidenceDecoder)
    evidence = models.JSONField(_("evidence"), default=list, decoder=EvidenceDecoder)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("earlier text")
        verbose_name_plural = _("earlier texts")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["memory", "version"], name="revision_is_once_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.memory_id} v{self.version}"


class MemoryUse(models.Model):
    """That a memory bore on an answer: in which version, how, and who read that answer."""

    class How(models.TextChoices):
        SHOWN = "shown", _("Shown beside the answer")
        QUOTED = "quoted", _("Quoted in the answer")
        RECALLED = "recalled", _("Given to the model")

    # No index of its own: another one begins with it.
    memory = models.ForeignKey(
        Memory, on_delete=models.CASCADE, related_name="uses", db_index=False
    )
    version = models.PositiveIntegerField(_("version"))
    how = models.CharField(_("how"), max_length=8, choices=How)
    answer = models.ForeignKey(
        Memory,
        verbose_name=_("the memory of that answer"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="used",
    )
    run_id = models.UUIDField(_("run of the chat"), null=True)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("read by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("use of a memory")
        verbose_name_plural = _("uses of memories")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(how__in=["shown", "quoted", "recalled"]), name="memory_use_is_known"
            )
        ]
        indexes = [
            # What the answers of a conversation were given from.
            models.Index(fields=["run_id"], name="memory_use_of_run"),
            # How far a memory got, newest first.
            models.Index(fields=["memory", "-id"], name="memory_use_of_memory"),
        ]

    def __str__(self) -> str:
        return f"{self.memory_id} v{self.version} {self.how}"


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def untaken(self) -> Self:
        """Reports that the auditor has not put before a reviewer yet."""
        return self.filter(reported_at__isnull=False, taken_at=None, withdrawn_at=None)

    def standing(self) -> Self:
        """Reports that nobody has dismissed or taken back."""
        return self.filter(reported_at__isnull=False, dismissed_at=None, withdrawn_at=None)

    def given(self) -> Self:
        """What its giver has not taken back."""
        return self.filter(withdrawn_at=None)


class FeedbackReason(models.TextChoices):
    """What somebody holds against an answer."""

    WRONG = "wrong", _("A fact is wrong")
    OUTDATED = "outdated", _("No longer true")
    OFF = "off", _("Not what I asked")
    INCOMPLETE = "incomplete", _("Something is missing")
    UNSAFE = "unsafe", _("Dangerous advice")
    OTHER = "other", _("Something else")
    # Said on the page of one's own memories.
    CORRECT = "correct", _("Asks for a correction")
    FORGET = "forget", _("Asks to be forgotten")


REQUESTS = (FeedbackReason.CORRECT, FeedbackReason.FORGET)
"""What is asked of reviewers, rather than held against an answer."""


class Feedback(models.Model):
    """What one person said of one memory: a rating, a comment, and whether they report it.

    A report asks for a reviewer. `user` is null for ratings that came with an imported file.
    """

    # No index of its own: another one begins with it.
    memory = models.ForeignKey(
        Memory, on_delete=models.CASCADE, related_name="feedback", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    rating = models.PositiveSmallIntegerField(_("rating"))
    reason = models.CharField(_("reason"), max_length=10, choices=FeedbackReason, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    reported_at = models.DateTimeField(_("reported"), null=True)
    reported_version = models.PositiveIntegerField(null=True)
    taken_at = models.DateTimeField(null=True)
    # Taken back by who gave it. The row stays: its report counts towards REPORTS_PER_HOUR.
    withdrawn_at = models.DateTimeField(_("taken back"), null=True)
    dismissed_at = models.DateTimeField(_("dismissed"), null=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("dismissed by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.UniqueConstraint(
                fields=["memory", "user"], name="feedback_is_once_per_user_and_memory"
            ),
            models.CheckConstraint(
                condition=Q(rating__range=(1, 5)), name="feedback_rating_is_1_to_5"
            ),
        ]
        indexes = [
            # What the auditor polls. Stays small: taken reports leave it.
            models.Index(
                fields=["reported_at"],
                name="feedback_untaken",
                condition=Q(reported_at__isnull=False, taken_at__isnull=True),
            ),
            # A user's reports: how many within the hour, and all of them to look through.
            models.Index(
                fields=["user", "-reported_at"],
                name="feedback_reports_of_user",
                condition=Q(reported_at__isnull=False),
            ),
            models.Index(
                fields=["-reported_at"],
                name="feedback_reports",
                condition=Q(reported_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating} / 5 ({self.memory_id})"


class StoredVector(models.Model):
    """A row of mem0's own table, as mem0's pgvector store writes it (vector column left out)."""

    id = models.UUIDField(primary_key=True)
    payload = models.JSONField()

    class Meta:
        managed = False
        db_table = "knowledge_vectors"

    def __str__(self) -> str:
        return str(self.id)
