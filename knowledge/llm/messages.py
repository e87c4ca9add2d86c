"""Messages in the shape that every chat template takes.

One system message, first; then user and assistant by turns; `content` is null only where an
endpoint wants it so. Where tools are not offered there are no tool turns either: what they
returned becomes the user's text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from knowledge.llm.types import GIVEN_BACK, Message, Reply

Turn = dict[str, Any]
_WORDLESS: dict[str, Turn] = {
    "empty": {"content": ""}, "null": {"content": None}, "absent": {}, "space": {"content": " "},
}  # fmt: skip
"""What stands in a turn that only calls tools."""


def shaped(
    messages: Sequence[Message],
    *,
    system_role: bool,
    tools: bool,
    call_content: str = "empty",
    call_thoughts: bool = False,
) -> list[Turn]:
    rules = [_text(one) for one in messages if one["role"] == "system"]
    turns = [dict(one) | {"content": _text(one)} for one in messages if one["role"] != "system"]
    turns = list(_merged(turns if tools else _without_tools(turns)))
    for turn in turns:
        thoughts = turn.pop(GIVEN_BACK, "")
        if call_thoughts and turn["role"] == "assistant":
            turn[GIVEN_BACK] = thoughts
        if turn.get("tool_calls") and not turn["content"].strip():
            turn |= _WORDLESS[call_content]
            if call_content == "absent":
                del turn["content"]
    instructions = "\n\n".join(filter(None, rules))
    if not instructions:
        return turns
    if system_role:
        return [{"role": "system", "content": instructions}, *turns]
    if not turns or turns[0]["role"] != "user":
        return [{"role": "user", "content": instructions}, *turns]
    first = turns[0] | {"content": f"{instructions}\n\n{turns[0]['content']}"}
    return [first, *turns[1:]]


def as_message(reply: Reply) -> Turn:
    """The model's own turn, as the API wants it back before the tools' answers."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": _object(call.arguments)},
            **({"extra_content": call.extra} if call.extra else {}),
        }
        for call in reply.tool_calls
    ]
    turn = {"role": "assistant", "content": reply.text, "tool_calls": calls}
    return turn | {GIVEN_BACK: reply.thoughts}


def _object(arguments: str) -> str:
    """The arguments of a call, none for what is no JSON object: templates parse them, and fail."""
    try:
        return arguments if isinstance(json.loads(arguments), dict) else "{}"
    except (ValueError, RecursionError):
        return "{}"


def _text(message: Message) -> str:
    return str(message.get("content") or "")


def _without_tools(turns: Iterable[Turn]) -> Iterator[Turn]:
    calls: dict[str, str] = {}
    for turn in turns:
        if turn["role"] == "tool":
            called = calls.get(turn["tool_call_id"], "a tool")
            yield {"role": "user", "content": f"Result of {called}:\n{turn['content']}"}
            continue
        for call in turn.get("tool_calls") or ():
            calls[call["id"]] = f"{call['function']['name']}({call['function']['arguments']})"
        yield {"role": turn["role"], "content": turn["content"]}


def _merged(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Neighbours of one role as one turn; turns that say nothing left out."""
    last: Turn | None = None
    for turn in turns:
        is_plain = not turn.get("tool_calls") and turn["role"] != "tool"
        if is_plain and not turn["content"]:
            continue
        if last is not None and is_plain and turn["role"] == last["role"] == "user":
            last["content"] += f"\n\n{turn['content']}"
            continue
        if last is not None:
            yield last
        last = turn
    if last is not None:
        yield last
