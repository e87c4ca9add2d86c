"""Agents, conversations and the numbered events of a run."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tws.plan.models import *  # noqa: F403  (the rows of the plan belong to this app)


class Agent(models.Model):
    """Who answers in the chat. A row, edited in the admin, effective at the next question."""

    slug = models.CharField(
        _("agent id"),
        max_length=100,
        primary_key=True,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", _("Lower case letters, digits, - . _"))
        ],
        help_text=_("The name in the chat's address, for example tws-analyzer."),
    )
    name = models.CharField(_("name"), max_length=100)
    role = models.CharField(_("role"), max_length=200, blank=True)
    goal = models.TextField(_("goal"), blank=True)
    instructions = models.TextField(
        _("instructions"), blank=True, help_text=_("What the LLM is told besides the house rules.")
    )
    tools = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("tools"),
        default=list,
        blank=True,
        help_text=_("Which tools it may use, separated by commas. Empty: all."),
    )
    model = models.CharField(
        _("LLM model"), max_length=200, blank=True, help_text=_("Empty: the model of LLM_MODEL.")
    )
    engines = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("engines"),
        default=list,
        blank=True,
        help_text=_("Names or tags of the engines it may ask. Empty: the first one."),
    )
    languages = ArrayField(
        models.CharField(max_length=10), verbose_name=_("languages"), default=list, blank=True
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        ordering = ["slug"]
        permissions = [("use_chat", _("Can ask agents in the chat"))]

    def __str__(self) -> str:
        return gettext(self.name) if self.name else self.slug

    @property
    def role_shown(self) -> str:
        return gettext(self.role) if self.role else ""

    def clean(self) -> None:
        """Tools, engines and languages that do not exist are said at save, not at the question."""
        from tws.answers.toolkit.calls import ARGUMENTS
        from tws.hwa.engines import configured_engines

        engines = {name for one in configured_engines() for name in (one.name, *one.tags)}
        known = {
            "tools": (self.tools, set(ARGUMENTS)),
            "engines": (self.engines, engines),
            "languages": (self.languages, {code for code, _name in settings.LANGUAGES}),
        }
        problems = {
            field: _("Unknown: %(names)s. Known: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(sorted(allowed)) or "-"}
            for field, (chosen, allowed) in known.items()
            if (unknown := [one for one in chosen if one not in allowed])
        }
        if problems:
            raise ValidationError(problems)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, user_id: int | None) -> Self:
        return self.filter(user_id=user_id)

    def listed(self, user_id: int | None) -> Self:
        """What this user has begun and not deleted, in the order of the list."""
        mine = self.of(user_id).filter(deleted_at=None).exclude(title="")
        return mine.order_by("-is_pinned", "-updated_at")

    def matching(self, words: str) -> Self:
        """Those whose title, or a question or answer in them, holds the words."""
        said = Message.objects.filter(
            conversation=models.OuterRef("pk"), text__unaccent__icontains=words
        )
        return self.filter(models.Q(title__unaccent__icontains=words) | models.Exists(said))


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="conversations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    # Out of every list at once; its row goes when the time to undo that is over.
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-updated_at"]
        indexes = [
            models.Index(fields=["user", "agent", "-updated_at"], name="conversation_recent")
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)


class Message(models.Model):
    """A question (`role=user`, with its `client_id`) or the answer to one, both of run `run_id`."""

    class Role(models.TextChoices):
        USER = "user", _("User")
        AGENT = "agent", _("Agent")

    class Outcome(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Answered")
        STOPPED = "stopped", _("Stopped")
        ERROR = "error", _("Error")

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    run_id = models.UUIDField(default=uuid.uuid4)
    role = models.CharField(max_length=5, choices=Role)
    client_id = models.CharField(max_length=100, blank=True)
    text = models.TextField(blank=True)
    outcome = models.CharField(max_length=7, choices=Outcome, default=Outcome.DONE)
    sources = models.JSONField(default=list, blank=True)
    tools = models.JSONField(default=list, blank=True)
    # Of an answer: what came of the question (answered, partial, cannot, ask, refused), how it was
    # understood and what was listed, so that a later question can point to it, what may be asked
    # next.
    result = models.CharField(max_length=8, blank=True)
    thread = models.JSONField(null=True, blank=True)
    suggestions = models.JSONField(default=list, blank=True)
    # Its text with the places of its facts, and its tables (tws/chat/showing).
    display = models.JSONField(null=True, blank=True)
    memory_id = models.UUIDField(null=True, blank=True)
    # Why there is no whole answer (run_log.INTERRUPTED, chat.trouble, or the error's code).
    trouble = models.CharField(max_length=20, blank=True, default="", editable=False)
    # The failed job that it explained, with its run: what fixed it may be told (tws.chat.fixes).
    failure = models.JSONField(null=True, blank=True)
    # What its reader has been told of what became of it since (tws.chat.fates).
    fate_told = models.CharField(max_length=120, blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "client_id"],
                condition=models.Q(role="user") & ~models.Q(client_id=""),
                name="question_is_asked_once_per_client_id",
            ),
            models.UniqueConstraint(fields=["run_id", "role"], name="run_has_one_of_each_role"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:60]}"


class RunEvent(models.Model):
    """One frame of a run, numbered from 1, kept so that a dropped client can resume."""

    run_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    event = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("run event")
        verbose_name_plural = _("run events")
        ordering = ["run_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["run_id", "seq"], name="run_event_is_once_a_number")
        ]
        indexes = [models.Index(fields=["created_at"], name="run_event_age")]

    def __str__(self) -> str:
        return f"{self.run_id} #{self.seq}"
