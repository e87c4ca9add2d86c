"""What is kept of a run: the memory of its answer, and the history the next question sees."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User

from knowledge.models import Kind, Source
from knowledge.store import Draft, remember
from tws.answers.events import Final, ToolUse, Turn
from tws.database import in_database
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
) -> uuid.UUID | None:
    """Remember an answer; the id of the memory that says it, None when nothing is worth keeping.

    * read from the live plan: a new `state` memory with its evidence
    * only quoting memories: the id of the first one quoted. What was retrieved is never stored
      again as if it had been said anew
    * an honest "I can't answer that": nothing, None
    * else, words of an LLM: a new `knowledge` memory, which the auditor sees first
    """
    if not final.answered:
        return None
    if final.kind == "knowledge" and final.cites:
        return final.cites[0]
    draft = Draft(
        agent=agent,
        user_query=question,
        agent_response=final.answer.removeprefix(final.note).lstrip("\n"),
        evidence=list(final.evidence),
        kind=Kind.STATE if final.kind == "state" else Kind.KNOWLEDGE,
        source=Source.CHAT,
        conversation=conversation,
        user=user,
    )
    memory, _ = await in_database(remember, draft)
    return memory.pk


async def history_of(
    conversation: Conversation, turns: int = TURNS, *, before: int | None = None
) -> list[Turn]:
    """The last answered questions, oldest first; `before` is the id of the question now asked."""
    return await in_database(_history, conversation, turns, before)


def _history(conversation: Conversation, turns: int, before: int | None) -> list[Turn]:
    messages = Message.objects.filter(conversation=conversation)
    if before is not None:
        messages = messages.filter(id__lt=before)
    answers = messages.filter(role=Message.Role.AGENT, outcome=Message.Outcome.DONE)
    recent = list(answers.order_by("-id")[:turns])
    questions = {
        question.run_id: question.text
        for question in messages.filter(
            role=Message.Role.USER, run_id__in=[answer.run_id for answer in recent]
        )
    }
    return [
        Turn(
            question=questions.get(answer.run_id, ""),
            answer=answer.text,
            tools=tuple(_tool_use(tool) for tool in answer.tools),
        )
        for answer in reversed(recent)
    ]


def _tool_use(tool: dict[str, object]) -> ToolUse:
    arguments = tool.get("arguments")
    return ToolUse(
        tool=str(tool.get("tool", "")),
        arguments=arguments if isinstance(arguments, dict) else {},
        ok=tool.get("ok") is True,
        fetched_at=str(tool["fetched_at"]) if tool.get("fetched_at") else None,
    )
