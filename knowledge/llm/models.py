"""What is kept of LLM endpoints: what each takes, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from knowledge.llm.profile import CALL_CONTENTS, FORMATS, LIMIT_FIELDS, Profile


class LLMProfileQuerySet(models.QuerySet["LLMProfile"]):
    def of(self, base_url: str, model: str) -> LLMProfile | None:
        return self.filter(base_url=base_url, model=model).first()

    def learn(self, base_url: str, model: str, found: dict[str, Any]) -> None:
        defaults = found | {"learned_at": timezone.now()}
        self.update_or_create(base_url=base_url, model=model, defaults=defaults)

    def note_failure(self, base_url: str, model: str, words: str) -> None:
        row, _created = self.get_or_create(base_url=base_url, model=model)
        same = self.filter(pk=row.pk)
        same.filter(failing_since=None).update(failing_since=timezone.now())
        same.update(last_error=words)

    def note_answer(self, base_url: str, model: str) -> None:
        """It answers: whatever was wrong is over."""
        failing = self.filter(base_url=base_url, model=model, failing_since__isnull=False)
        failing.update(failing_since=None, last_error="")


class LLMProfile(models.Model):
    """What one endpoint takes for one model. Learned, never typed in; deleting it forgets it."""

    base_url = models.CharField(_("endpoint"), max_length=500)
    model = models.CharField(_("model"), max_length=200, blank=True)
    temperature = models.BooleanField(_("takes temperature"), default=True)
    stream = models.BooleanField(_("takes stream"), default=True)
    whole = models.BooleanField(_("takes a request without stream"), default=True)
    stream_options = models.BooleanField(_("takes stream_options"), default=True)
    response_format = models.CharField(
        _("response_format"), max_length=20, default=FORMATS[0], choices=[(f, f) for f in FORMATS]
    )
    limit_field = models.CharField(
        _("limit of tokens"),
        max_length=30,
        default=LIMIT_FIELDS[0],
        choices=[(name, name) for name in LIMIT_FIELDS],
    )
    tools = models.BooleanField(_("takes tools"), default=True)
    tool_keywords = models.BooleanField(_("takes every keyword of a tool's schema"), default=True)
    call_content = models.CharField(
        _("content beside tool calls"),
        max_length=10,
        default=CALL_CONTENTS[0],
        choices=[(c, c) for c in CALL_CONTENTS],
    )
    call_thoughts = models.BooleanField(_("wants its thoughts back"), default=False)
    speaks_first = models.BooleanField(_("speaks before it calls tools"), default=False)
    system_role = models.BooleanField(_("takes a system message"), default=True)
    thinking = models.CharField(_("thinking"), max_length=10, blank=True)
    learned_at = models.DateTimeField(_("learned"), null=True, editable=False)
    failing_since = models.DateTimeField(_("fails every call since"), null=True, editable=False)
    last_error = models.TextField(_("what it said last"), blank=True)

    objects = LLMProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("LLM endpoint")
        verbose_name_plural = _("LLM endpoints")
        ordering = ["base_url", "model"]
        constraints = [
            models.UniqueConstraint(
                fields=["base_url", "model"], name="llm_profile_is_once_per_endpoint_and_model"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model or '-'} @ {self.base_url}"

    def profile(self) -> Profile:
        fields = Profile.__dataclass_fields__
        return Profile(**{name: getattr(self, name) for name in fields})


@dataclass(frozen=True, slots=True)
class Cost:
    """What calls took. `failures` counts refusals and bad replies, not only silence."""

    purpose: str
    model: str
    calls: int
    failures: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float

    def __add__(self, other: Cost) -> Cost:
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in SUMS})


SUMS = ("calls", "failures", "prompt_tokens", "completion_tokens", "seconds", "cost")


class LLMUsageQuerySet(models.QuerySet["LLMUsage"]):
    def add(self, cost: Cost, day: date | None = None) -> None:
        """Count calls in their row of the day."""
        key = {
            "day": day or timezone.localdate(),
            "purpose": cost.purpose,
            "model": cost.model[:200],
        }
        more = {name: getattr(cost, name) for name in SUMS}
        added = {name: F(name) + value for name, value in more.items()}
        if self.filter(**key).update(**added):
            return
        try:
            with transaction.atomic():
                self.create(**key, **more)
        except IntegrityError:  # another process was first
            self.filter(**key).update(**added)

    def spent_on(self, day: date) -> tuple[float, int]:
        """Cost and tokens of a day, all purposes together."""
        found = self.filter(day=day).aggregate(
            cost=Sum("cost", default=0.0),
            tokens=Sum(F("prompt_tokens") + F("completion_tokens"), default=0),
        )
        return found["cost"], found["tokens"]


class LLMUsage(models.Model):
    """What the LLM was used for on one day: calls, tokens, seconds, cost."""

    day = models.DateField(_("day"))
    purpose = models.CharField(_("purpose"), max_length=10)
    model = models.CharField(_("model"), max_length=200, blank=True)
    calls = models.PositiveIntegerField(_("calls"), default=0)
    failures = models.PositiveIntegerField(_("of them failed"), default=0)
    prompt_tokens = models.PositiveBigIntegerField(_("tokens in"), default=0)
    completion_tokens = models.PositiveBigIntegerField(_("tokens out"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    cost = models.FloatField(_("cost"), default=0)

    objects = LLMUsageQuerySet.as_manager()

    class Meta:
        verbose_name = _("use of the LLM")
        verbose_name_plural = _("use of the LLM")
        ordering = ["-day", "purpose", "model"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "purpose", "model"], name="llm_usage_is_once_per_day_purpose_model"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.purpose} {self.model}"
