"""What people have approved as the fix of what needs somebody now, beside each cause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone

from knowledge.hwa.statuses import Language
from knowledge.markdown import to_html
from knowledge.models import Kind, Memory, Source, Trust
from tws.chat.masking import shown

_RECIPES = {
    "unlinked": "acting.link",
    "jobman_down": "reading.ready_not_starting",
    "limit_0": "acting.priority_limit_fence",
    "fence": "acting.priority_limit_fence",
    "prompt": "reading.prompts_with_conman",
}
"""The entry of the starter knowledge for a place's problem, and for a prompt."""
MOST_MEMORIES = 200
Cause = dict[str, Any]


def add_fixes(causes: Iterable[Cause], language: Language) -> None:
    """Give each cause its `fix`: `{memory_id, question, html, approved_by, approved_at}` or None.

    Of a failure: a memory that names one of its jobs and was told as what fixed it, or answers why
    something failed; one that was told of another return code is none.
    """
    causes = list(causes)
    names = {job["name"] for one in causes if one["kind"] == "failed" for job in one["jobs"]}
    keys = {_starter(one, language) for one in causes} - {None}
    of_failures = Q(terms__overlap=sorted(names)) & (
        Q(source=Source.TOLD) | Q(marks__question__contains=["§failure"])
    )
    approved = Memory.objects.in_force().filter(trust=Trust.TRUSTED, kind=Kind.KNOWLEDGE)
    wanted = approved.filter(of_failures | Q(external_id__in=keys)).select_related(
        "audit__reviewer"
    )
    newest = wanted.order_by("-audit__reviewed_at", "pk").defer("answer", "marks")
    memories = list(newest[:MOST_MEMORIES]) if names or keys else []
    for cause in causes:
        found = next((one for one in memories if _fixes(one, cause, language)), None)
        cause["fix"] = _told(found) if found else None


def _starter(cause: Cause, language: Language) -> str | None:
    problem = (
        cause["kind"] if cause["kind"] == "prompt" else next(iter(cause.get("problems", ())), "")
    )
    recipe = _RECIPES.get(problem)
    return f"starter.{recipe}.{language}" if recipe else None


def _fixes(memory: Memory, cause: Cause, language: Language) -> bool:
    if cause["kind"] != "failed":
        key = _starter(cause, language)
        return key is not None and memory.external_id == key
    if memory.external_id and memory.external_id.startswith("starter."):
        return False
    told = memory.evidence[0]["result"] if memory.source == Source.TOLD and memory.evidence else {}
    code = told.get("return_code")
    if code is not None and code != cause["return_code"]:
        return False
    return any(job["name"] in memory.terms for job in cause["jobs"])


def _told(memory: Memory) -> dict[str, Any]:
    record = getattr(memory, "audit", None)
    at, by = (record.reviewed_at, record.reviewer) if record else (None, None)
    return {
        "memory_id": str(memory.pk),
        "question": shown(memory.user_query),
        "html": to_html(shown(memory.agent_response)),
        "approved_by": by.get_username() if by else None,
        "approved_at": timezone.localtime(at).isoformat(timespec="seconds") if at else None,
    }
