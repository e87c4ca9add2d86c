"""A conversation to take away: as Markdown to read, as JSON to work with."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import slugify
from django.utils.translation import gettext as _

from knowledge.claims.inert import inert
from tws.chat.fates import Fate, fates_of
from tws.chat.page_strings import fate_words, moment, outcomes
from tws.models import Conversation, Message


def file_name(conversation: Conversation, ending: str) -> str:
    return f"{slugify(conversation.title)[:80] or conversation.pk}.{ending}"


def as_json(conversation: Conversation) -> dict[str, Any]:
    messages = list(conversation.messages.order_by("pk"))
    fates = fates_of([one for one in messages if one.role == Message.Role.AGENT])
    return {
        "id": str(conversation.pk),
        "agent": conversation.agent_id,
        "title": conversation.title,
        "created_at": conversation.created_at.isoformat(),
        "exported_at": timezone.now().isoformat(),
        "messages": [_message(message, fates.get(message.run_id)) for message in messages],
    }


def _message(message: Message, fate: Fate | None) -> dict[str, Any]:
    told = {
        "role": message.role,
        "run_id": str(message.run_id),
        "at": message.created_at.isoformat(),
        "text": message.text,
        "outcome": message.outcome,
    }
    if message.role == Message.Role.USER:
        return told
    return told | {
        "result": message.result,
        "understood": _understood_of(message),
        "sources": message.sources,
        "tools": message.tools,
        "memory_id": str(message.memory_id) if message.memory_id else None,
        "fate": fate.as_json() if fate else None,
    }


def _understood_of(answer: Message) -> dict[str, Any] | None:
    from tws.chat.runs import how_understood_of  # with all that questions are made of

    return how_understood_of(answer)


def as_markdown(conversation: Conversation) -> str:
    """Questions are quoted; answers are Markdown already, their headings below ours."""
    parts = [f"# {conversation.title}", f"{conversation.agent} · {moment(timezone.now())}"]
    messages = list(conversation.messages.order_by("pk"))
    fates = fates_of([one for one in messages if one.role == Message.Role.AGENT])
    for message in messages:
        if message.role == Message.Role.USER:
            quoted = "\n".join(f"> {line}".rstrip() for line in message.text.splitlines())
            parts += [f"## {_('You')}, {moment(message.created_at)}", quoted]
        else:
            parts += [f"### {conversation.agent}, {moment(message.created_at)}"]
            parts += [_fate(fates.get(message.run_id)), _understood(message), message.text]
            parts += [_note(message), _sources(message)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _understood(answer: Message) -> str:
    """How the question was taken, and what came of it where that is not all of it."""
    said, taken = [], _understood_of(answer)
    if taken and taken["text"]:
        said.append(_("Understood as: {how}").format(how=inert(taken["text"])))
    if taken and taken["unused"]:
        said.append(_("Not used: {words}.").format(words=inert(", ".join(taken["unused"]))))
    said.append(outcomes().get(answer.result, ""))
    return "  \n".join(line for line in said if line)


def _fate(fate: Fate | None) -> str:
    if fate is None:
        return ""
    return (
        "**" + " ".join([fate_words(fate.kind, through=fate.through), fate.reason]).strip() + "**"
    )


def _note(message: Message) -> str:
    match message.outcome:
        case Message.Outcome.STOPPED:
            return f"*{_('Stopped.')}*"
        case Message.Outcome.ERROR:
            return f"*{_('Not answered.')}*"
    return ""


def _sources(message: Message) -> str:
    if not message.sources:
        return ""
    lines = [f"* {_source(source)}" for source in message.sources]
    return "\n".join([f"{_('Sources')}:", "", *lines])


def _source(source: dict[str, Any]) -> str:
    """What it was, and when it was read."""
    said = [source.get("label", "")]
    if read_at := parse_datetime(source.get("fetched_at") or ""):
        said.append(_("read {time}").format(time=moment(read_at)))
    return ", ".join(said)
