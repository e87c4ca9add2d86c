"""A reply put together from an endpoint's events, whole or by the piece, however it writes them.

An answer is whole only with a finish reason that says so; everything else raises.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Any, NoReturn

from django.conf import settings

from knowledge.llm.errors import (
    WORDED,
    Broken,
    LLMBadReply,
    LLMBrokenOff,
    LLMError,
    LLMRefused,
    refusal,
    words_of,
)
from knowledge.llm.held_calls import HeldCalls
from knowledge.llm.spoken import Spoken, calls_among, calls_in, looks_like_a_call
from knowledge.llm.types import GIVEN_BACK, Asked, Reply, ToolCall, Usage

WHOLE = {"stop", "end_turn", "eos", "eos_token", "stop_sequence", "complete", "completed"}
WHOLE_WITH_CALLS = WHOLE | {"tool_calls", "tool_use", "function_call", "tool_call", "length"}
"""`length` too: arguments that were cut are given back to the model, which tries again."""
_REASONING = {"reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks"}
_TEXT_PARTS = {"text", "output_text", None}
_BROKEN: dict[str, Broken] = {
    "": "no_finish", "null": "no_finish",
    "length": "length", "max_tokens": "length", "model_length": "length",
    "content_filter": "filter", "safety": "filter", "recitation": "filter", "refusal": "filter",
    "prohibited_content": "filter", "blocklist": "filter", "spii": "filter",
    "guardrail_intervened": "filter",
}  # fmt: skip


@dataclass(slots=True)
class _Call:
    """A tool call as far as it has come."""

    index: int | None
    id: str = ""
    name: str = ""
    arguments: str = ""
    extra: Any = None

    @property
    def is_complete(self) -> bool:
        return _is_object(self.arguments)


class Incoming:
    """The reply to one request as far as it has come."""

    def __init__(self, asked: Asked, *, held: bool) -> None:
        self._asked = asked
        self._spoken = Spoken(held=held or not asked.streamed)  # then nobody reads along
        self._held = HeldCalls()
        self._calls: list[_Call] = []
        self._index: Any = None  # of the choice that is the answer
        self._finish = ""
        self._refusal = ""
        self._odd: Any = None  # the first event that is none of an answer's
        self._model = ""
        self.length = 0  # characters of text and arguments
        self._thoughts: list[str] = []  # in the field that some want to have back
        self.thought_length = 0
        self._longest = settings.LLM_MAX_CHARACTERS
        self.usage: Usage | None = None
        self.reasoned = False

    @property
    def began(self) -> bool:
        return self.length > 0 or bool(self._calls) or self.reasoned

    @property
    def thought(self) -> str:
        """How this model thinks, for its profile; "" when the reply does not tell."""
        if self._spoken.unopened:
            return "unopened"
        if self.reasoned or self._spoken.thought:
            return "seen"
        return "none" if self._spoken.text.strip() else ""

    @property
    def spoke_first(self) -> bool:
        """Whether it said something before it called tools, which is no part of an answer."""
        return bool(self._calls) and bool(self._spoken.text.strip())

    def add(self, event: Any) -> str:
        """Take one event in; what of it may be shown now."""
        if isinstance(event, list):  # Gemini writes its errors so
            return "".join(self.add(one) for one in event if isinstance(one, dict))
        if not isinstance(event, dict):
            return ""
        self.count(event)
        choice = self._choice_in(event.get("choices"))
        if choice is None:
            if error := _error_in(event):
                raise error
            self._odd = self._odd or event
            return ""
        is_suspect = "error" in choice or "error" in event
        if is_suspect and (error := _error_in(choice) or _error_in(event)):
            raise error
        if not self._model and isinstance(model := event.get("model"), str):
            self._model = words_of(model) if model else ""
        if finish := choice.get("finish_reason"):
            self._finish = str(finish).lower()
        delta = choice.get("delta")
        if not delta and not self.began:
            delta = choice.get("message")
        if not delta and "text" in choice:  # as in completions without chat
            delta = choice
        if not isinstance(delta, dict):
            return ""
        if finish and self._spoken.is_all_of(delta.get("content")):  # some say it all once more
            return ""
        return self._take(delta)

    def count(self, event: Any) -> None:
        """Take in what an event says of the tokens used, which may come after the answer's end."""
        if isinstance(event, dict) and (usage := event.get("usage")):
            self.usage = _usage(usage)

    def _choice_in(self, choices: Any) -> Mapping[str, Any] | None:
        """The piece of our answer: some endpoints write another one beside it, unasked."""
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                index = choice.get("index")
                if self._index is None:
                    self._index = index
                if index is None or index == self._index:
                    return choice
        return None

    def _take(self, delta: Mapping[str, Any]) -> str:
        if delta.get("tool_calls") or delta.get("function_call"):
            self._take_calls(delta)
        for name in _REASONING:
            if thought := delta.get(name):
                self._think(thought, is_kept=name == GIVEN_BACK)
        if isinstance(words := delta.get("refusal"), str):
            self._refusal += words
        text = delta.get("content")
        if text is None:
            text = delta.get("text")
        if type(text) in (int, float):  # of an endpoint that takes a token for a number
            text = str(text)
        if not text:
            return ""
        if not isinstance(text, str):
            text = "".join(map(self._text_of, text if isinstance(text, list) else [text]))
        self._grow(len(text))
        ready = self._spoken.feed(text)
        if self._spoken.thought_aloud:
            self._broke_off("aloud")
        return self._held.feed(ready)

    def _think(self, thought: Any, *, is_kept: bool) -> None:
        if isinstance(thought, str):
            self.thought_length += len(thought)
            if self.thought_length > self._longest:
                self._broke_off("endless")
            if is_kept:
                self._thoughts.append(thought)
        if not self.reasoned:
            self.reasoned = True
            self._spoken.release()

    def _text_of(self, part: Any) -> str:
        if isinstance(part, str):
            return part
        if not isinstance(part, dict):
            return ""
        if part.get("type") in _TEXT_PARTS:
            text = part.get("text")
            return _word(text.get("value") if isinstance(text, dict) else text)
        self.reasoned = True
        return ""

    # --- tool calls ---------------------------------------------------------------------------

    def _take_calls(self, delta: Mapping[str, Any]) -> None:
        entries = delta.get("tool_calls") or [{"index": 0, "function": delta["function_call"]}]
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, dict):
                continue
            function = entry.get("function", entry)  # some leave the inner object out
            if isinstance(function, dict):
                self._take_call(entry, function)

    def _take_call(self, entry: Mapping[str, Any], function: Mapping[str, Any]) -> None:
        index, name = _index(entry.get("index")), _word(function.get("name"))
        given = function.get("arguments")
        self._grow(len(str(given)))
        arguments = json.dumps(given) if isinstance(given, dict) else _word(given)
        call = self._call_for(index, _word(entry.get("id")), name, arguments)
        call.id = call.id or _word(entry.get("id"))
        call.extra = call.extra or entry.get("extra_content")
        if name != call.name and not call.arguments:
            call.name += name
        if isinstance(given, dict):
            call.arguments = arguments
        elif arguments != call.arguments or not call.is_complete:  # else it is said once more
            call.arguments += arguments

    def _grow(self, characters: int) -> None:
        self.length += characters
        if self.length > self._longest:
            self._broke_off("endless")

    def _call_for(self, index: int | None, id_: str, name: str, arguments: str) -> _Call:
        """The call that a piece belongs to: by its id, else its index, else the last one.

        A new id begins a new call whatever its index says, and so does a name after a call that
        is complete: some endpoints give every call the index 0, and some no id.
        """
        known = [call for call in self._calls if id_ and call.id == id_]
        if known and not self._repeats_id(known[-1], index, name, arguments):
            return known[-1]
        at_index = [call for call in self._calls if index is None or call.index == index]
        call = at_index[-1] if at_index else None
        if call is None or self._begins_another(call, index, id_, name):
            call = _Call(index)
            self._calls.append(call)
        return call

    @staticmethod
    def _repeats_id(call: _Call, index: int | None, name: str, arguments: str) -> bool:
        """Whether it is another call all the same: some endpoints give all of them one id."""
        if not name or not call.is_complete:
            return False
        is_whole = _is_object(arguments) and arguments != call.arguments
        return is_whole or (call.index, call.name) != (index, name)

    @staticmethod
    def _begins_another(call: _Call, index: int | None, id_: str, name: str) -> bool:
        if not name:
            return False
        if id_ and call.id:
            return not call.arguments or call.is_complete
        if index is None and not call.arguments:
            return name != call.name
        return call.is_complete

    # --- the end ------------------------------------------------------------------------------

    def rest(self) -> list[str]:
        """What was held back and may be shown now. Empty when it is a tool call after all."""
        pieces = [self._held.end(), *self._spoken.end()]
        return [] if self._is_call_as_text() else [piece for piece in pieces if piece]

    def unheard(self, how: Broken, *, known: str) -> list[str]:
        """What was held back of an answer that broke off, when it was hardly a thought."""
        if known == "unopened" or how in {"length", "thoughts"}:
            return []
        return self.rest()

    def _is_call_as_text(self) -> bool:
        text = self._spoken.text
        names = self._tool_names
        if calls_in(text) or calls_among(text, names):
            return True
        return looks_like_a_call("".join([text, *self._spoken.calls]), names)

    @property
    def _tool_names(self) -> set[str]:
        return {str(tool["function"]["name"]) for tool in self._asked.tools}

    def _tool_named(self, name: str) -> str:
        """The tool that is meant: some models write `functions.count_jobs`."""
        bare = name.rpartition(".")[2]
        return bare if bare in self._tool_names else name

    def reply(self) -> Reply:
        """The whole reply; an LLMError when it is none."""
        calls = [
            ToolCall(c.id, c.name, c.arguments or "{}", c.extra) for c in self._calls if c.name
        ]
        text, written = self._spoken.text, self._written_calls()
        if written is not None:
            calls += [ToolCall("", name, arguments) for name, arguments in written]
            text = "" if calls_in(text) or calls_among(text, self._tool_names) else text
        if self._odd and not (self._finish or self.began):
            raise LLMBadReply(f"There is no answer in {words_of(json.dumps(self._odd))}")
        if self._finish not in (WHOLE_WITH_CALLS if calls else WHOLE):
            words = "" if self._finish in _BROKEN else f"finish_reason {self._finish[:40]!r}"
            self._broke_off(_BROKEN.get(self._finish, "error"), words)
        if self._refusal:
            raise LLMRefused(words_of(self._refusal), kind="declined")
        if not calls and not text.strip():
            self._broke_off("thoughts" if self.reasoned or self._spoken.thought else "empty")
        if self._spoken.broke_off:
            self._broke_off("no_finish")
        return Reply(
            text=text,
            data=_parsed(text) if self._asked.schema is not None else None,
            finish_reason=self._finish,
            tool_calls=tuple(self._called(calls)),
            thoughts="".join(self._thoughts),
            usage=self.usage or Usage(),
            model=self._model,
        )

    def _called(self, calls: Iterable[ToolCall]) -> Iterator[ToolCall]:
        """The calls, each with an id that no other one of this talk has."""
        taken = {
            call["id"] for turn in self._asked.messages for call in turn.get("tool_calls") or ()
        }
        for call in calls:
            ours = (f"call{n:05}" for n in count())  # nine characters, as Mistral wants them
            id_ = next(one for one in chain([call.id], ours) if one and one not in taken)
            taken.add(id_)
            arguments = _encoded_once(call.arguments)
            yield replace(call, id=id_, name=self._tool_named(call.name), arguments=arguments)

    def _written_calls(self) -> list[tuple[str, str]] | None:
        """The calls that the model wrote as text. Refused when they can't be read or obeyed."""
        written: list[tuple[str, str]] = []
        for span in self._spoken.calls:
            written += calls_in(span) or [("", "")]
        text, names = self._spoken.text, self._tool_names
        written += calls_in(text) or calls_among(text, names)
        if not written and not looks_like_a_call(text, names):
            return None
        if not written or any(self._tool_named(n) not in self._tool_names for n, _ in written):
            raise LLMBadReply("The model wrote a tool call as text", "tools")
        return written

    def _broke_off(self, how: Broken, words: str = "") -> NoReturn:
        used = self.usage.completion_tokens if self.usage else 0
        raise LLMBrokenOff(how, words, used=used, said=bool(self._spoken.text.strip()))


def _error_in(event: Mapping[str, Any]) -> LLMError | None:
    """The error that an event brings instead of an answer, in whichever shape."""
    error = event.get("error")
    if not error:
        words = next((event[name] for name in WORDED if event.get(name)), None)
        is_worded = isinstance(words, str | list) or bool(event.get("detail"))
        is_only_words = is_worded and "choices" not in event
        if not is_only_words and "error" not in (event.get("object"), event.get("type")):
            return None
        error = event
    codes = [error.get(name) for name in ("status", "code")] if isinstance(error, dict) else []
    status = next((c for c in map(_index, [*codes, event.get("code")]) if c and 400 <= c < 600), 0)
    return refusal(status or 500, json.dumps(event))


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(_encoded_once(arguments)), dict)
    except (ValueError, RecursionError):
        return False


def _encoded_once(arguments: str) -> str:
    """Arguments that came as JSON text within JSON text, without the outer one."""
    if arguments.lstrip()[:1] != '"':
        return arguments
    try:
        return str(json.loads(arguments))
    except (ValueError, RecursionError):
        return arguments


def _index(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _usage(usage: Any) -> Usage:
    usage = usage if isinstance(usage, dict) else {}
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _count(value: Any) -> int:
    """A number of tokens; 0 for what is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(number) if math.isfinite(number) and 0 <= number < 1e9 else 0


def _parsed(text: str) -> Any:
    """The JSON object in `text`, or None. Mending almost-JSON is the caller's business."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
