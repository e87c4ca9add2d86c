"""What a model says aloud. Its thoughts, and tool calls that it writes as text, are taken out.

Models think in `<think>` and its like, often with the closing tag alone (the opening one stands in
their template), and write calls in half a dozen notations of their own. Neither may be shown, not
even a piece of it: what may become one is held back until it is clear.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

_THOUGHTS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<thoughts>": "</thoughts>",
    "<reasoning>": "</reasoning>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",
    "◁think▷": "◁/think▷",
    "<seed:think>": "</seed:think>",
    "[think]": "[/think]",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
_CALLS = {
    "<tool_call>": "</tool_call>",
    "<function_call>": "</function_call>",
    "<function_calls>": "</function_calls>",
    "<function=": "</function>",
    "<invoke name=": "</invoke>",
    "<|channel|>commentary to=": "<|call|>",
    "<|tool_call|>": "</s>",
    "<|python_tag|>": "<|eom_id|>",
    "[tool_calls]": "</s>",
    "<｜tool▁calls▁begin｜>": "<｜tool▁calls▁end｜>",
    "<|tool_calls_section_begin|>": "<|tool_calls_section_end|>",
    "<|start_action|>": "<|end_action|>",
    "<｜dsml｜function_calls>": "</｜dsml｜function_calls>",
}
_ENDS = {
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>",
    "<|return|>", "<|eot|>", "<|end_of_turn|>", "<end_of_turn>", "<end_of_utterance>", "<eos>",
    "</s>", "[/inst]", "<｜end▁of▁sentence｜>",
}  # fmt: skip
"""Of an answer, as its model's template writes it; inside of a text they are text."""
_OPENING = "<[◁"
"""With one of these every marker begins."""
_SPANS = _THOUGHTS | _CALLS
_CLOSING = set(_THOUGHTS.values())
_MARKERS = (*_SPANS, *_CLOSING, *_ENDS)
_LONGEST = max(map(len, _MARKERS))
_MARKER = re.compile("|".join(map(re.escape, _MARKERS)), re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_FENCED = re.compile(r"\s*```\w*\s*(.*?)\s*(?:```)?\s*", re.DOTALL)
_ELSEWHERE = re.compile(
    r"\s*\[?(?:print\()?(?:\w+\.)?(?P<pythonic>[A-Za-z_]\w*)\(.*\)\]?\s*"
    r"|(?:.*\n)?\s*Action:\s*(?P<react>\w+)\s*\n\s*Action Input:.*",
    re.DOTALL,
)
_IN_TAGS = re.compile(
    r"\s*<[^<>\s]{0,40}(?:tool|function)[^<>]{0,80}>.*", re.DOTALL | re.IGNORECASE
)
_BEGUN = re.compile(r'\{\s*"(?:name|tool|tool_name|function)"\s*:\s*"([\w.-]{1,64})"\s*,\s*"')
_WORDS = re.compile(r"\w+")
_OBJECT = re.compile(r'\{\s*"')
_MOST_OBJECTS = 20


class Spoken:
    """`feed` returns what of a piece may be shown, `end` the rest; `text` is all that was said.

    `held`: nothing is shown before it is clear that it is no thought, because this model has left
    out the opening tag before, or nobody knows it yet.
    """

    def __init__(self, *, held: bool = False) -> None:
        self._held = held
        self._rest = ""  # may be the beginning of a marker
        self._half = ""  # the first half of a character
        self._end = ""  # a marker that may be the end, and the white space after it
        self._inside = ""  # the closing marker that is waited for
        self._is_call = False
        self._span: list[str] = []
        self._said: list[str] = []
        self._shown = 0  # how many of `_said` were shown
        self._begun = False
        self.calls: list[str] = []  # what stood inside of call markers
        self.thought = self.unopened = False
        self.thought_aloud = False
        """What was shown turned out to be thoughts."""
        self.broke_off = False
        """It began to think once more, and that never ended."""

    @property
    def text(self) -> str:
        return "".join(self._said)

    def is_all_of(self, text: object) -> bool:
        """Whether a text is all that was said so far, in several pieces."""
        return len(self._said) > 1 and text == self.text

    def feed(self, piece: str) -> str:
        if self._half or not piece.isascii():
            piece = self._whole_characters(piece)
        if self._inside or self._rest or "<" in piece or "[" in piece or "◁" in piece:
            self._take(piece)
        else:
            self._say(piece)
        return self._ready()

    def release(self) -> None:
        """Its thoughts come in a field of their own: what it says is said aloud."""
        self._held = False

    def end(self) -> list[str]:
        """The pieces that were not shown yet."""
        if self._half:
            self._half, self._rest = "", self._rest + "\ufffd"
        if self._inside:
            self.broke_off = not self._is_call
            self._close_span(self._rest)
        else:
            self._say(self._rest)
        self._rest = ""
        if not self._begun:
            self._begin()
        pieces, self._shown = self._said[self._shown :], len(self._said)
        return pieces

    def _begin(self) -> None:
        """What stands between thoughts and words is no part of either."""
        self._begun = True
        while self._said and not self._said[0].strip():
            del self._said[0]
        if self._said:
            self._said[0] = self._said[0].lstrip()

    def _ready(self) -> str:
        if self._held or self._shown == len(self._said):
            return ""
        if not self._begun:
            if may_become_a_call("".join(self._said)):
                return ""
            self._begin()
        if self._shown == len(self._said) - 1:
            self._shown += 1
            return self._said[-1]
        pieces, self._shown = self._said[self._shown :], len(self._said)
        return "".join(pieces)

    def _take(self, piece: str) -> None:
        text = self._rest + piece
        self._rest = ""
        while text:
            if self._inside:
                text = self._within(text)
                continue
            found = _MARKER.search(text)
            if found is None:
                kept = _may_go_on(text)
                self._say(text[: len(text) - kept])
                self._rest = text[len(text) - kept :]
                return
            self._say(text[: found.start()])
            text = text[found.end() :]
            self._meet(found.group())

    def _within(self, text: str) -> str:
        # Not `lower`, which makes two letters of some: the places after one would be others.
        found = re.search(re.escape(self._inside), text, re.IGNORECASE)
        if found is None:
            kept = min(len(text), len(self._inside) - 1)
            self._span.append(text[: len(text) - kept])
            self._rest = text[len(text) - kept :]
            return ""
        self._close_span(text[: found.start()])
        return text[found.end() :]

    def _meet(self, found: str) -> None:
        marker = found.lower()
        if marker in _CLOSING:  # all that was said was thought
            self.thought = self.unopened = True
            self.thought_aloud |= self._shown > 0
            self._said, self._shown, self._held, self._begun = [], 0, False, False
            self._end = ""
            return
        if marker in _ENDS:
            self._end += found
            return
        self._inside, self._is_call = _SPANS[marker], marker in _CALLS
        self._span = [marker] if marker == "<function=" else []

    def _close_span(self, last: str) -> None:
        if self._is_call:
            self.calls.append("".join([*self._span, last]))
        else:
            self.thought, self._held = True, False
        self._inside, self._span = "", []

    def _say(self, text: str) -> None:
        if self._end:
            self._end, text = (self._end + text, "") if not text.strip() else ("", self._end + text)
        if text:
            self._said.append(text)

    def _whole_characters(self, piece: str) -> str:
        """Halves of a character put together again, also over two pieces."""
        piece, self._half = self._half + piece, ""
        if _SURROGATE.search(piece) is None:
            return piece
        if "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return piece.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _may_go_on(text: str) -> int:
    """The length of the end of `text` that may be the beginning of a marker."""
    start = max(0, len(text) - _LONGEST + 1)
    tail = text[start:].lower()
    for at, character in enumerate(tail):
        if character in _OPENING and any(marker.startswith(tail[at:]) for marker in _MARKERS):
            return len(tail) - at
    return 0


def may_become_a_call(text: str) -> bool:
    """Whether an answer that begins so may turn out to be a tool call in JSON."""
    text = text.lstrip()
    if text.startswith("```"):
        _, line_end, text = text.partition("\n")
        text = text.lstrip()
        return not line_end or not text or text[0] in "{["
    return text in {"", "[", "`", "``"} or text[0] in "{<" or text.startswith("[{")


# --- calls written as text --------------------------------------------------------------------


def calls_in(text: str) -> list[tuple[str, str]] | None:
    """(name, arguments as JSON text) of each call, when `text` is nothing but calls; else None."""
    text = text.strip().removesuffix("</s>")
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    if named := re.fullmatch(r"<function=([\w.-]+)>?\s*(\{.*\})\s*", text, re.DOTALL):
        return [(named[1], named[2])]
    found: list[tuple[str, str]] = []
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        for one in value if isinstance(value, list) else [value]:
            if (call := as_call(one)) is None:
                return None
            found.append(call)
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n;,"))
    return found or None


def as_call(value: Any) -> tuple[str, str] | None:
    """Name and arguments of a call, in whichever shape a model writes one."""
    if not isinstance(value, dict):
        return None
    if isinstance(calls := value.get("tool_calls"), list) and len(calls) == 1:
        value = calls[0] if isinstance(calls[0], dict) else {}
    function = value.get("function")
    if isinstance(function, dict):
        value = function
    name = value.get("name") or value.get("tool") or value.get("tool_name") or function
    arguments = next(
        (value[key] for key in ("arguments", "parameters", "args", "input") if key in value), None
    )
    if not isinstance(name, str) or not isinstance(arguments, dict | str):
        return None
    return name, arguments if isinstance(arguments, str) else json.dumps(arguments)


def calls_among(text: str, names: set[str]) -> list[tuple[str, str]]:
    """The calls of these tools that stand as JSON among a text's words."""
    found: list[tuple[str, str]] = []
    decoder, end = json.JSONDecoder(), 0
    for begin in islice(_OBJECT.finditer(text), _MOST_OBJECTS) if names else ():
        if begin.start() < end:
            continue  # within one that was read
        try:
            value, end = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        if (call := as_call(value)) and call[0] in names:
            found.append(call)
    return found


def looks_like_a_call(text: str, names: set[str]) -> bool:
    """Whether `text` calls one of these tools in a notation that only people read."""
    if any(found[1] in names for found in _BEGUN.finditer(text)):
        return True  # in JSON that is not whole
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    if found := _ELSEWHERE.fullmatch(text):
        return (found["pythonic"] or found["react"]) in names
    return _IN_TAGS.fullmatch(text) is not None and not names.isdisjoint(_WORDS.findall(text))
