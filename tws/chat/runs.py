"""What is kept of a run: the memory of its answer, and the history the next question sees."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from knowledge.lineage import note_uses
from knowledge.models import Kind, Source
from knowledge.store import Draft, remember
from tws.answers.events import Final, ToolUse, Turn, how_understood
from tws.answers.understanding.asked import (
    Understood,
    UnderstoodMalformed,
    read_understood,
    understood_json,
)
from tws.database import in_turn
from tws.models import Conversation, Message

TURNS = 6
"""How many earlier questions of a conversation an agent sees."""


async def store_answer(
    agent: str,
    question: str,
    final: Final,
    *,
    user: User | None = None,
    conversation: uuid.UUID | None = None,
    run_id: uuid.UUID | None = None,
) -> uuid.UUID | None:
    """Remember an answer; the id of its memory, None when nothing is worth keeping.

    Never kept: an honest no, a question back, a refusal, what was broken off; and what only quotes
    memories, which are there already: of that the lineage is kept. A follow-up is kept as the
    question that it meant.
    """
    return await in_turn(_store, agent, question, final, user, conversation, run_id)


@transaction.atomic
def _store(
    agent: str,
    question: str,
    final: Final,
    user: User | None,
    conversation: uuid.UUID | None,
    run_id: uuid.UUID | None,
) -> uuid.UUID | None:
    memory = None
    if final.is_worth_keeping:
        memory, _ = remember(_draft(agent, question, final, user, conversation))
    note_uses(final.used, answer=memory, run_id=run_id, reader=user)
    return memory.pk if memory else None


def _draft(
    agent: str, question: str, final: Final, user: User | None, conversation: uuid.UUID | None
) -> Draft:
    standing = final.understood.standing if final.understood else question
    return Draft(
        agent=agent,
        user_query=standing,
        asked_as=question if question != standing else "",
        understood=_taken(final),
        agent_response=final.answer.removeprefix(final.note)
        .removesuffix(final.beside)
        .lstrip("\n"),
        answer=final.segments.as_json() if final.segments else None,
        evidence=list(final.evidence),
        engine=final.engine,
        kind=Kind.STATE if final.kind == "state" else Kind.KNOWLEDGE,
        source=Source.CHAT,
        conversation=conversation,
        user=user,
    )


def _taken(final: Final) -> dict[str, Any] | None:
    if final.understood is None:
        return None
    return {
        "text": final.understood.text,
        "unused": list(final.understood.unused),
        "outcome": final.outcome,
        "read": [one.label for one in final.sources if one.kind == "hwa"],
    }


async def history_of(
    conversation: Conversation,
    turns: int = TURNS,
    *,
    before: int | None = None,
    up_to: uuid.UUID | None = None,
) -> list[Turn]:
    """The last answered questions, oldest first; `before` is the id of the question now asked.

    A question may have been put while the one before it was being answered. `up_to` is the last
    run that counts, where an earlier one is answered: what came after it is as not yet said.
    """
    return await in_turn(_history, conversation, turns, before, up_to)


def _history(
    conversation: Conversation, turns: int, before: int | None, up_to: uuid.UUID | None
) -> list[Turn]:
    messages = Message.objects.filter(conversation=conversation)
    asked = messages.filter(role=Message.Role.USER)
    if before is not None:
        asked = asked.filter(id__lt=before)
    answers = messages.filter(role=Message.Role.AGENT, outcome=Message.Outcome.DONE)
    answers = answers.filter(run_id__in=asked.values("run_id"))
    if up_to is not None:
        answers = answers.filter(id__lte=answers.filter(run_id=up_to).values("id"))
    recent = list(answers.order_by("-id")[:turns])
    questions = dict(
        asked.filter(run_id__in=[answer.run_id for answer in recent]).values_list("run_id", "text")
    )
    return [
        Turn(
            question=questions.get(answer.run_id, ""),
            answer=answer.text,
            tools=tuple(_tool_use(tool) for tool in answer.tools),
            understood=_thread(answer),
        )
        for answer in reversed(recent)
    ]


def thread_of(final: Final) -> dict[str, Any] | None:
    """What the next question may point to, as it is kept with the answer."""
    if final.understood is None:
        return None
    return understood_json(final.understood)


def _thread(answer: Message) -> Understood | None:
    """The inverse. What an earlier release wrote otherwise is no thread."""
    try:
        return read_understood(answer.thread) if answer.thread else None
    except UnderstoodMalformed:
        return None


def run_less_part(conversation: Conversation, run_id: uuid.UUID, part: int) -> Understood:
    """What that run was asked, less one part of it. NoSuchCondition when there is none."""
    from tws.answers.understanding.narrowing import NoSuchCondition, without

    answers = Message.objects.filter(conversation=conversation, role=Message.Role.AGENT)
    answer = answers.filter(run_id=run_id).first()
    understood = _thread(answer) if answer else None
    if understood is None:
        raise NoSuchCondition
    return without(understood, part)


def how_understood_of(answer: Message) -> dict[str, Any] | None:
    """How its question was taken, as the answer's frame told it."""
    return how_understood(_thread(answer))


def _tool_use(tool: dict[str, object]) -> ToolUse:
    arguments = tool.get("arguments")
    return ToolUse(
        tool=str(tool.get("tool", "")),
        arguments=arguments if isinstance(arguments, dict) else {},
        ok=tool.get("ok") is True,
        fetched_at=str(tool["fetched_at"]) if tool.get("fetched_at") else None,
    )
