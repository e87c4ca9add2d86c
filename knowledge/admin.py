"""Memories, to look at: what is stored, how far it is trusted, what it said before."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from knowledge.exporting import EXPORT, export
from knowledge.llm.models import LLMProfile
from knowledge.models import Kind, Memory, Source, Trust
from knowledge.shown import as_text, excerpt, gist, shown
from knowledge.text_search import MATCHES, first_holding, holding

COUNTED = 1000
"""A list is counted so far; beyond, it says "more than". Nobody pages through thousands."""


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Counts no further than COUNTED, whatever the table holds; reads no row that it won't show."""

    template_name = "knowledge/pagination.html"
    counted = COUNTED
    has_more = False

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        found = rows.order_by().values("pk")[: COUNTED + 1].count()  # without the list's texts
        self.has_more = found > COUNTED
        return min(found, COUNTED)

    def page(self, number: Any) -> Page[Any]:
        """First which rows, of which an index may tell all that is asked, then the rows."""
        number = self.validate_number(number)
        rows = cast("QuerySet[Any]", self.object_list)
        first = (number - 1) * self.per_page
        keys = list(rows.values_list("pk", flat=True)[first : first + self.per_page])
        return Page(rows.filter(pk__in=keys), number, self)


class OwnRequests:
    """A list obeys what its own page could send: its filters, and a selection of rows.

    Django lets through any lookup on a field of the model, and many values break one only when
    the rows are read, where nobody asks any more whether the request makes sense.
    """

    model: type[Model]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        filters = self.get_list_filter(request)  # type: ignore[attr-defined]  # a ModelAdmin's
        return any(lookup in _parameters(one) for one in filters)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for selected in request.POST.getlist(ACTION_CHECKBOX_NAME):
            if not _is_key(self.model, selected):
                raise BadRequest("What is selected is no row")
        return super().response_action(request, queryset)  # type: ignore[misc]  # a ModelAdmin's


def _is_key(model: type[Model], text: str) -> bool:
    try:
        model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return "\0" not in text


def _parameters(one: Any) -> Collection[str]:
    """What a list's filter, a field's name or a class, reads from the address."""
    if isinstance(one, str):
        return {f"{one}__{lookup}" for lookup in ("exact", "isnull", "id__exact")}
    return {one.parameter_name}


class ReadOnlyAdmin(OwnRequests, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Nothing is added, changed or deleted here; who may look is a permission."""

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    exports = ""  # what the exported files are called; empty: no export
    actions: Any = None
    list_after_template = "knowledge/exports.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A row's page says what the list says of it, where `fields` names no more."""
        return self.fields or self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.full_result_count = changelist.result_count  # or the frame offers "Show all"
        return changelist

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {
            "may_export": self.exports and request.user.has_perm(EXPORT),
            "query": request.GET.urlencode(),
        }
        response: HttpResponse = super().changelist_view(request, extra | (extra_context or {}))
        return response

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        own = [path("export/<str:form>/", view, name=name)] if self.exports else []
        return [*own, *super().get_urls()]

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The list as it is filtered, whole."""
        if not (request.user.has_perm(EXPORT) and self.has_view_permission(request)):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            raise BadRequest("An export with a filter that makes no sense") from None
        return export(request, self.export_rows(shown), self.export_row, self.exports, form)

    def export_rows(self, shown: QuerySet[Any]) -> QuerySet[Any]:
        """The rows to write for those that the list shows."""
        return shown

    def export_row(self, row: Any) -> dict[str, Any]:
        """What is written of a row, column by column."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OneOf(admin.SimpleListFilter):
    """A filter over a field's known values: no look at the table to find them."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(**{str(self.parameter_name): self.value()})


class TrustFilter(OneOf):
    title, parameter_name = _("trust"), "trust"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(Trust.choices)


class KindFilter(OneOf):
    title, parameter_name = _("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(Kind.choices)


class SourceFilter(OneOf):
    title, parameter_name = _("source"), "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(Source.choices)


class AgentFilter(OneOf):
    title, parameter_name = _("agent"), "agent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [(name, name) for name in Memory.objects.all().agents()]


@admin.register(Memory)
class MemoryAdmin(ReadOnlyAdmin):
    list_display = ("question", "trust_label", "kind", "agent_name", "source", "said")
    list_display_links = ("question",)
    list_filter = (TrustFilter, KindFilter, SourceFilter, AgentFilter)
    list_before_template = "knowledge/matches.html"
    search_fields = ("user_query",)  # the box; get_search_results does the work
    search_help_text = _("Words, a part of a question, or a memory id")
    ordering = ("-created_at", "-id")
    exports = "memories"
    fields = (
        "id",
        "trust_label",
        "version",
        "whole_question",
        "whole_answer",
        "whole_evidence",
        "agent_name",
        "engine",
        "kind",
        "source",
        "said",
        "use_count",
        "rated",
        "earlier_texts",
        "index_state",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Memory]:
        memories = Memory.objects.all()
        if getattr(request.resolver_match, "url_name", "").endswith("changelist"):
            memories = memories.defer("user_query", "agent_response", "answer", "evidence")
        return memories.annotate(
            question_begins=Left("user_query", 400), answer_begins=Left("agent_response", 400)
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"matches": MATCHES, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=uuid.UUID(term)), False
        except ValueError:
            memories = Memory.objects.all()
            if getattr(request.resolver_match, "url_name", "").endswith("changelist"):
                return queryset.filter(pk__any=first_holding(memories, term)), False
            return queryset.filter(pk__in=holding(memories, term).values("pk")), False

    def export_rows(self, shown: QuerySet[Memory]) -> QuerySet[Memory]:
        ids = shown.order_by().values("pk")
        return Memory.objects.filter(pk__in=ids).prefetch_related("feedback")

    def export_row(self, row: Memory) -> dict[str, Any]:
        names = ("agent", "kind", "source", "trust", "version", "user_query", "agent_response")
        values = {
            name: getattr(row, name)
            for name in (*names, "answer", "evidence", "engine", "use_count")
        }
        said = [f"{one.rating} / 5 {one.comment}".strip() for one in row.feedback.all()]
        created_at = row.created_at.isoformat()
        return {"memory_id": str(row.pk), **values, "feedback": said, "created_at": created_at}

    @admin.display(description=_("question and answer"))
    def question(self, memory: Any) -> SafeString:
        return format_html(
            '<span class="rc-excerpt"><b>{}</b><span>{}</span></span>',
            excerpt(memory.question_begins, 110),
            gist(memory.answer_begins, 140),
        )

    @admin.display(description=_("trust"))
    def trust_label(self, memory: Memory) -> SafeString:
        return format_html(
            '<span class="rc-status rc-trust-{}">{}</span>',
            memory.trust,
            memory.get_trust_display(),
        )

    @admin.display(description=_("agent"))
    def agent_name(self, memory: Memory) -> str:
        return excerpt(memory.agent, 60)

    @admin.display(description=_("said"))
    def said(self, memory: Memory) -> str:
        return timezone.localtime(memory.created_at).strftime("%Y-%m-%d %H:%M %Z")

    @admin.display(description=_("question"))
    def whole_question(self, memory: Memory) -> SafeString:
        return _text(memory.user_query)

    @admin.display(description=_("answer"))
    def whole_answer(self, memory: Memory) -> SafeString:
        return _text(memory.agent_response)

    @admin.display(description=_("evidence"))
    def whole_evidence(self, memory: Memory) -> SafeString:
        return _text(as_text(memory.evidence))

    @admin.display(description=_("rating"))
    def rated(self, memory: Memory) -> str:
        given = memory.feedback.order_by("created_at")[:20]
        return (
            "; ".join(f"{one.rating} / 5 {excerpt(one.comment, 500)}".strip() for one in given)
            or "–"
        )

    @admin.display(description=_("earlier texts"))
    def earlier_texts(self, memory: Memory) -> SafeString | str:
        revisions = memory.revisions.order_by("-version")[:20]
        return (
            format_html_join(
                "",
                "<details><summary>{} · {}</summary>{}</details>",
                (
                    (
                        _("version %(n)s") % {"n": revision.version},
                        timezone.localtime(revision.changed_at).strftime("%Y-%m-%d %H:%M %Z"),
                        _text(f"{revision.user_query}\n\n{revision.agent_response}"),
                    )
                    for revision in revisions
                ),
            )
            or "–"
        )

    @admin.display(description=_("in the index"))
    def index_state(self, memory: Memory) -> str:
        if not memory.is_usable:
            return str(_("not wanted there"))
        if memory.indexed_version == memory.version:
            return str(_("yes"))
        return str(_("waiting")) + (
            f": {excerpt(memory.index_error, 300)}" if memory.index_error else ""
        )

    class Media:
        css = {"all": ["knowledge/memories.css"]}


def _text(text: str) -> SafeString:
    begun = shown(text)
    more = _("%(n)s more characters") % {"n": begun.left_out} if begun.left_out else ""
    return format_html('<div class="rc-text">{}</div>{}', str(begun), more)


@admin.register(LLMProfile)
class LLMProfileAdmin(ReadOnlyAdmin):
    """What was learned of an endpoint. Deleting it forgets that: the next call learns anew."""

    list_display = ["model", "base_url", "learned_at", "failing_since", "last_error"]
    search_fields = ["model", "base_url"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in LLMProfile._meta.fields if not field.primary_key]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("knowledge.delete_llmprofile")
