"""The pages of operators: the live plan and the chat."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from knowledge.feedback import LONGEST_COMMENT, TooManyReports
from knowledge.models import REQUESTS, Memory
from tws.chat import conversations, history, remembered, run_log
from tws.chat.conversation_api import ConversationItem
from tws.chat.live_runs import is_live
from tws.chat.page_strings import chat_strings, examples, live_strings
from tws.chat.showing.page_words import answer_strings
from tws.hwa.engines import configured_engines
from tws.models import Agent, Conversation

PER_PAGE = 20
LISTED = 50
"""How many conversations the list shows before a search finds others."""


@require_safe
@login_required
def live(request: HttpRequest) -> HttpResponse:
    from tws.chat.live import View  # with all that the plan is asked by
    from tws.plan.scope import areas, stream_names

    view = View.asked(request.META["QUERY_STRING"], get_language() or "en")
    engine = view.engine_name
    page = {
        "strings": live_strings() | answer_strings(),
        "ask": reverse("chat") if request.user.has_perm("tws.use_chat") else None,
        "is_narrowed": bool(view.stream or view.area),
    }
    context = {
        "page": page,
        "section": "live",
        "view": view,
        "engine": engine,
        "engines": [one.name for one in configured_engines()],
        "areas": areas(engine),
        "streams": stream_names(engine),
    }
    return render(request, "tws/live.html", context)


@require_safe
@login_required
@permission_required("tws.use_chat", raise_exception=True)
def chat(request: HttpRequest) -> HttpResponse:
    """To the agent that the user talked to last, else the first one."""
    agents = Agent.objects.filter(is_active=True)
    mine = Conversation.objects.listed(_user(request).pk).filter(agent__in=agents)
    last = mine.order_by("-updated_at").values_list("agent", flat=True).first()
    slug = last or agents.values_list("pk", flat=True).first()
    if slug is None:
        raise Http404(_("No agent is active."))
    query = urlencode({"question": request.GET["question"]}) if "question" in request.GET else ""
    return redirect(reverse("chat-with", args=[slug]) + (f"?{query}" if query else ""))


@require_safe
@login_required
@permission_required("tws.use_chat", raise_exception=True)
def chat_with(request: HttpRequest, agent_id: str) -> HttpResponse:
    agent = get_object_or_404(Agent, pk=agent_id, is_active=True)
    conversation = _wanted(request, agent)
    agents = Agent.objects.filter(is_active=True)
    page = {
        "agent": {"id": agent.pk, "name": str(agent)},
        "conversation": str(conversation.pk) if conversation else None,
        "agents": {one.pk: str(one) for one in agents},
        "conversations": _listed(request),
        "title": conversation.title if conversation else "",
        "exchanges": [],
        "question": request.GET.get("question", "")[: settings.CHAT_MAX_CHARACTERS],
        "longest": settings.CHAT_MAX_CHARACTERS,
        "examples": examples(),
        "strings": chat_strings() | answer_strings(),
    }
    if conversation:
        page |= history.exchanges(conversation, _user(request))
    context = {
        "page": page,
        "section": "chat",
        "agent": agent,
        "agents": agents,
        "conversation": conversation,
    }
    return render(request, "tws/chat.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("tws.use_chat", raise_exception=True)
def memories(request: HttpRequest) -> HttpResponse:
    """What the user's own questions have left behind; a form asks to correct or forget one."""
    user, problem = _user(request), ""
    if request.method == "POST":
        problem = _asked_of_reviewers(request)
        if not problem:
            return redirect(f"{request.get_full_path()}#m-{request.POST['memory']}")
    pages = Paginator(remembered.of(user), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "memories",
        "pages": pages,
        "items": remembered.told(list(pages.object_list), user),
        "problem": problem,
    }
    return render(request, "tws/memories.html", context, status=429 if problem else 200)


def _asked_of_reviewers(request: HttpRequest) -> str:
    """Why it could not be asked; "" when it was."""
    asked = MemoryRequest(request.POST)
    if not asked.is_valid():
        raise BadRequest(asked.errors.as_text())
    wanted = asked.cleaned_data
    try:
        remembered.ask(_user(request), wanted["memory"], wanted["reason"], wanted["comment"])
    except Memory.DoesNotExist as error:
        raise Http404(_("This memory is no longer kept.")) from error
    except TooManyReports as error:
        return str(error)
    return ""


class MemoryRequest(forms.Form):
    memory = forms.UUIDField()
    reason = forms.ChoiceField(choices=[(one.value, one.label) for one in REQUESTS])
    comment = forms.CharField(max_length=LONGEST_COMMENT, required=False)


def _listed(request: HttpRequest) -> list[dict[str, Any]]:
    """The list as /api/conversations has it."""
    mine = Conversation.objects.listed(_user(request).pk)[:LISTED]
    return [ConversationItem.from_orm(one).model_dump(mode="json") for one in mine]


def _user(request: HttpRequest) -> User:
    """Who has signed in, as these pages require."""
    return cast(User, request.user)


def _wanted(request: HttpRequest, agent: Agent) -> Conversation | None:
    wanted = request.GET.get("conversation")
    if not wanted:
        return None
    user = _user(request)
    try:
        conversation = conversations.find(user, agent, wanted)
    except Conversation.DoesNotExist as error:
        raise Http404(_("There is no such conversation.")) from error
    if conversation.user_id != user.pk:
        raise Http404(_("There is no such conversation."))
    run_log.end_cut_off(conversation, is_live)
    return conversation
