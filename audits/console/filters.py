"""The queue's filters, each choice with how many records of the open list it would leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audits.console.changelist import VIEWS, ordering_of, view_of
from audits.console.confidence import band, bands
from audits.findings import JUDGES
from audits.models import AuditRecord
from audits.states import WAITING, Why
from knowledge.cleaning import clean
from knowledge.models import Feedback, Kind, Memory

COUNTED = 2_000
"""How many of the list's first records are looked at for the counts; "+" says there are more."""
REPORTS = 500
"""The newest, of which it is counted who reported what is in the list."""
ME, NOBODY = ":me", ":nobody"
"""Not the names of users: those have no colon."""
LANGUAGES = {"pt": _("Portuguese"), "en": _("English")}


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the first records of a list: column → value → how many."""

    by: dict[str, Counter[Any]]
    is_cut: bool

    def said(self, name: str, value: Any, label: Any) -> str:
        n = self.by[name][value]
        return f"{label} ({n:,}{'+' if self.is_cut and n else ''})"


_COLUMNS = ("why", "judge", "language", "agent", "kind")


def counts_of(request: HttpRequest) -> Counts:
    """Counted once a page."""
    found: Counts | None = getattr(request, "_audit_counts", None)
    if found is None:
        found = _count(request)
        request._audit_counts = found  # type: ignore[attr-defined]
    return found


def _count(request: HttpRequest) -> Counts:
    view = view_of(request)
    statuses = VIEWS[view][1]
    records = AuditRecord.objects.all()
    records = records if statuses is None else records.filter(status__in=statuses)
    rows = list(
        records.order_by(*ordering_of(view)).values_list(
            *_COLUMNS, "id", "memory_id", "uses", "status", "created_at",
            "ia_audit_confidence", "review_claimed_by", "review_claimed_until", "assigned_to",
        )[: COUNTED + 1]
    )  # fmt: skip
    is_cut, rows = len(rows) > COUNTED, rows[:COUNTED]
    by = {name: Counter(row[number] for row in rows) for number, name in enumerate(_COLUMNS)}
    now, overdue = timezone.now(), timedelta(hours=settings.AUDIT_OVERDUE_HOURS)
    holders = User.objects.filter(pk__in={row[13] for row in rows} - {None})
    names = {user.pk: user.get_username() for user in holders}
    by["assigned"] = Counter(names.get(row[13], NOBODY) for row in rows)
    by["assigned"][ME] = by["assigned"][request.user.get_username()]
    by["used"] = Counter("yes" for row in rows if row[7] > 1)
    by["age"] = Counter("overdue" for row in rows if row[8] in WAITING and row[9] < now - overdue)
    by["confidence"] = Counter(band(row[10]) for row in rows)
    by["mine"] = Counter(
        "yes" for row in rows if row[11] == request.user.pk and row[12] and row[12] > now
    )
    reports = Feedback.objects.standing().exclude(user=None).order_by("-reported_at")
    told = list(reports.values_list("user__username", "memory_id")[:REPORTS])
    listed = records.filter(memory_id__in={memory_id for _who, memory_id in told})
    there = set(listed.values_list("memory_id", flat=True))
    by["reporter"] = Counter(who for who, memory_id in told if memory_id in there)
    return Counts(by, is_cut)


def _key_of(name: str) -> int:
    """Of whom PostgreSQL is told by key it knows how much they hold, by name it does not."""
    return User.objects.filter(username=name).values_list("pk", flat=True).first() or 0


def condition_of(
    name: str, value: str, user: User | AnonymousUser, statuses: Collection[str] | None = None
) -> Q | None:
    """What holds for the records that a filter leaves; None for a value that it does not know.

    `statuses`: of the list. What holds for all of it is not said twice: PostgreSQL would believe
    that very little is left.
    """
    now = timezone.now()
    waits = Q() if statuses and set(statuses) <= set(WAITING) else Q(status__in=WAITING)
    if name in _COLUMNS:
        return Q(**{name: value})
    if name == "confidence":
        return next((condition for one, _label, condition in bands() if one == value), None)
    if name == "cluster":
        return waits & Q(cluster=value)
    if name == "assigned":
        known = {ME: Q(assigned_to=user.pk), NOBODY: Q(assigned_to=None)}
        return known.get(value) or Q(assigned_to=_key_of(value))
    if name == "reporter":
        standing = Feedback.objects.standing().filter(memory=OuterRef("memory"))
        return Q(Exists(standing.filter(user=_key_of(value))))
    return {
        ("used", "yes"): Q(uses__gt=1),
        ("age", "overdue"): waits
        & Q(created_at__lt=now - timedelta(hours=settings.AUDIT_OVERDUE_HOURS)),
        ("mine", "yes"): Q(review_claimed_by=user.pk, review_claimed_until__gt=now),
    }.get((name, value))


class Filter(admin.SimpleListFilter):
    """A filter whose choices are counted: `known` names them."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        self.user, counts = request.user, counts_of(request)
        name = str(self.parameter_name)
        return [(value, counts.said(name, value, label)) for value, label in self.known(counts)]

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if (value := self.value()) is None:
            return None
        statuses = VIEWS[view_of(request)][1]
        condition = condition_of(str(self.parameter_name), value, request.user, statuses)
        return queryset.none() if condition is None else queryset.filter(condition)


class WhyFilter(Filter):
    title, parameter_name = _("why"), "why"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return [(value, label) for value, label in Why.choices if counts.by["why"][value]]


class JudgeFilter(Filter):
    title, parameter_name = _("judge"), "judge"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return JUDGES.items()


class LanguageFilter(Filter):
    title, parameter_name = _("language"), "language"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return LANGUAGES.items()


class AgentFilter(Filter):
    title, parameter_name = _("agent"), "agent"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return [(name, name) for name in Memory.objects.all().agents()]


class KindFilter(Filter):
    title, parameter_name = _("kind"), "kind"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return Kind.choices


class ConfidenceFilter(Filter):
    title, parameter_name = _("confidence"), "confidence"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return [(one, label) for one, label, _condition in bands()]


class UsedFilter(Filter):
    title, parameter_name = _("use"), "used"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return [("yes", _("Said more than once"))]


class AgeFilter(Filter):
    title, parameter_name = _("age"), "age"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return [("overdue", _("Overdue"))]


class MineFilter(Filter):
    title, parameter_name = _("taken"), "mine"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return [("yes", _("By me"))]


class AssignedFilter(Filter):
    title, parameter_name = _("assigned"), "assigned"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        others = counts.by["assigned"].keys() - {ME, NOBODY, self.user.get_username()}
        named = [(name, name) for name in sorted(others)]
        return [(ME, _("To me")), (NOBODY, _("To nobody")), *named]


class ClusterFilter(admin.SimpleListFilter):
    """The records of one error, reached from one of them; nothing to choose from a list."""

    title, parameter_name = _("same error"), "cluster"
    template = "audits/no_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset.filter(condition_of("cluster", value, request.user)) if value else None


class ReporterFilter(Filter):
    title, parameter_name = _("reported by"), "reporter"

    def known(self, counts: Counts) -> Iterable[tuple[str, Any]]:
        return [(name, name) for name in sorted(counts.by["reporter"])]


FILTERS = (
    WhyFilter, MineFilter, AssignedFilter, AgeFilter, JudgeFilter, LanguageFilter, AgentFilter,
    UsedFilter, ReporterFilter, ConfidenceFilter, KindFilter, ClusterFilter,
)  # fmt: skip


def chosen(address: str, user: User) -> tuple[dict[str, str], Q]:
    """The filters in the address of a list, and what holds for the records that they leave."""
    given = {name: clean(value) for name, value in parse_qsl(address) if value}
    names = [str(one.parameter_name) for one in FILTERS]
    kept = {name: given[name] for name in ("status", *names) if name in given}
    found = Q()
    statuses = VIEWS.get(kept.get("status", "waiting"), ("", None))[1]
    for name in kept.keys() - {"status"}:
        condition = condition_of(name, kept[name], user, statuses)
        found &= Q(pk=None) if condition is None else condition
    return kept, found
