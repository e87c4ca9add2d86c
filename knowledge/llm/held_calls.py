"""A tool call that a model writes as JSON among its words is not shown, not even its beginning."""

from __future__ import annotations

import json
import re

from knowledge.llm.spoken import as_call

_KEYS = "name|tool|tool_name|tool_calls|function|arguments|parameters|args|input|type|id"
_SPACE = r"\s{0,20}"
_FENCE = rf"```\w{{0,20}}{_SPACE}(?:\[{_SPACE})?"
_MAY_BE_A_CALL = re.compile(
    rf'(?:{_FENCE})?(?P<object>{{){_SPACE}"(?:{_KEYS})"'
    rf'|(?:`{{1,2}}|{_FENCE}|(?:{_FENCE})?{{{_SPACE}(?:"\w{{0,20}}"?)?)\Z'
)
"""An object that may be one, with its fence; or the end of a text that may become one."""
_OPENING = re.compile("[`{]")
_DECODER = json.JSONDecoder()


class HeldCalls:
    """Passes a text on as it comes; what may be a call not before it is clear that it is none."""

    def __init__(self) -> None:
        self._held = ""
        self._in_object = False

    def feed(self, text: str) -> str:
        """What can be shown now."""
        if not self._held and "{" not in text and "`" not in text:
            return text
        self._held += text
        if self._in_object and "}" not in text:
            return ""
        clear = self._clear()
        shown, self._held = self._held[:clear], self._held[clear:]
        return shown

    def end(self) -> str:
        """What was held back."""
        rest, self._held = self._held, ""
        return rest

    def _clear(self) -> int:
        """How much of what is held is no part of a call."""
        at = 0
        while begin := _OPENING.search(self._held, at):
            at = begin.start()
            if (found := _MAY_BE_A_CALL.match(self._held, at)) is None:
                at += 1
                continue
            self._in_object = found["object"] is not None
            if not self._in_object:
                return at
            try:
                value, end = _DECODER.raw_decode(self._held, found.start("object"))
            except (ValueError, RecursionError):
                return at
            if as_call(value):
                return at
            at = end
        self._in_object = False
        return len(self._held)
