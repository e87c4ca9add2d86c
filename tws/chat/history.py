"""What was asked in a conversation and answered, as its page shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from knowledge.models import Feedback
from tws.chat import run_log
from tws.chat.fates import fates_of
from tws.models import Conversation, Message


def exchanges(conversation: Conversation, user: User, before: UUID | None = None) -> dict[str, Any]:
    """`{exchanges, has_earlier}`: the newest questions, or the newest before that run's, with their
    answers, oldest first."""
    asked = conversation.messages.filter(role=Message.Role.USER)
    if before:
        asked = asked.filter(pk__lt=asked.get(run_id=before).pk)
    newest = list(asked.order_by("-pk")[: run_log.NEWEST + 1])
    questions = newest[: run_log.NEWEST][::-1]
    run_ids = [question.run_id for question in questions]
    answers = {
        answer.run_id: answer
        for answer in Message.objects.filter(role=Message.Role.AGENT, run_id__in=run_ids)
    }
    memory_ids = [answer.memory_id for answer in answers.values() if answer.memory_id]
    rated = Feedback.objects.given().filter(memory__in=memory_ids, user=user)
    ratings = dict(rated.values_list("memory_id", "rating"))
    fates = fates_of(answers.values())
    told = [
        _exchange(question, answers.get(question.run_id), ratings)
        | {"fate": fates[question.run_id].as_json() if question.run_id in fates else None}
        for question in questions
    ]
    return {"exchanges": told, "has_earlier": len(newest) > run_log.NEWEST}


def _exchange(
    question: Message, answer: Message | None, ratings: dict[UUID, int]
) -> dict[str, Any]:
    # with all that claims and questions are made of
    from tws.chat.runs import how_understood_of
    from tws.chat.showing.display import page_parts

    exchange: dict[str, Any] = {
        "question": question.text,
        "client_id": question.client_id,
        "run_id": str(question.run_id),
        "asked_at": question.created_at.isoformat(),
        "answer": None,
    }
    if answer is not None:
        exchange["answer"] = {
            "outcome": answer.outcome,
            **page_parts(answer.text, answer.display),
            "sources": answer.sources,
            "tools": answer.tools,
            "result": answer.result,
            "understood": how_understood_of(answer),
            "suggestions": answer.suggestions,
            "failure": answer.failure,
            "trouble": answer.trouble,
            "memory_id": str(answer.memory_id) if answer.memory_id else None,
            "rating": ratings.get(answer.memory_id) if answer.memory_id else None,
        }
    return exchange
