"""Agents in the admin: edited there, checked at save, effective at the next question."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from knowledge import llm
from knowledge.admin import OwnRequests
from tws.models import Agent

TOOLS: dict[str, Any] = {
    "plan_query": _("counts, lists and groups what is in the plan"),
    "inspect": _("one object whole, and why it waits"),
    "impact": _("all that waits for it, with deadlines"),
    "log": _("the end of a job's log, causes marked"),
    "compare": _("runs of a job, or two days, side by side"),
    "resolve": _("what a name means in the plan"),
    "search_memories": _("answers that were reviewed"),
}
"""The tools, as they are told to people; the model is told more."""


def _tool_choices() -> list[tuple[str, str]]:
    return [(name, f"{name}: {said}") for name, said in TOOLS.items()]


class AgentForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    tools = forms.MultipleChoiceField(
        label=_("tools"),
        choices=_tool_choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        required=False,
        help_text=_(
            "None chosen: it may use all of them. Tools only read: none changes anything in HWA."
        ),
    )
    languages = forms.MultipleChoiceField(
        label=_("languages"),
        choices=settings.LANGUAGES,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        required=False,
        help_text=_("None chosen: the language of the question."),
    )
    model_problem = ""

    class Meta:
        model = Agent
        fields = [
            "slug", "name", "role", "goal", "instructions", "tools", "model", "engines",
            "languages", "is_active",
        ]  # fmt: skip

    def clean_model(self) -> str:
        if self.model_problem:
            raise forms.ValidationError(self.model_problem)
        return str(self.cleaned_data["model"])


@admin.register(Agent)
class AgentAdmin(OwnRequests, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    form = AgentForm
    list_display = ["name", "slug", "role", "may_use", "model", "is_active", "updated_at"]
    list_filter = ["is_active"]
    search_fields = ["slug", "name", "role", "goal"]

    @admin.display(description=_("may use"))
    def may_use(self, agent: Agent) -> str:
        """Its tools by name; each of them only reads."""
        if agent.tools:
            return ", ".join(agent.tools)
        names = [name for name, _said in _tool_choices()]
        return str(_("all: %(names)s") % {"names": ", ".join(names)})

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> list[str]:
        return ["slug"] if obj else []  # conversations and memories know the agent by it

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Asked here, before the form's transaction begins: a slow endpoint must not hold one open.
        object_id = args[0] if args else kwargs.get("object_id")
        if request.method == "POST":
            request.model_problem = self._problem(request.POST.get("model", ""), object_id)  # type: ignore[attr-defined]  # read in get_form
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[AgentForm]:
        form = super().get_form(request, *args, **kwargs)
        problem = getattr(request, "model_problem", "")
        return type("AgentForm", (form,), {"model_problem": problem})

    def _problem(self, model: str, object_id: str | None) -> str:
        """Why a newly named model can't be used; "" for one that answers or was there before."""
        model = model.strip()
        known = Agent.objects.filter(pk=object_id).values_list("model", flat=True).first()
        if not model or model == known:
            return ""
        try:
            async_to_sync(_probe)(model)
        except llm.LLMError as error:
            return str(_("The model does not answer: %(why)s") % {"why": error})
        return ""


async def _probe(model: str) -> None:
    try:
        await llm.call_llm("Reply with OK.", max_tokens=500, model=model, purpose="check")
    finally:
        await llm.aclose()
