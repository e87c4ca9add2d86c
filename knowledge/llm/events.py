"""The JSON values in an endpoint's answer, out of its bytes as they come.

Server-sent events as they are met: any line end, comments, several `data:` lines to an event, no
blank line between two, no line end after the last; or one JSON object instead of a stream. By hand
and from the raw bytes: docs/decisions.md says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from knowledge.llm.errors import LLMBadReply, words_of

LONGEST_EVENT = 4 * 1024 * 1024
LONGEST_STREAM = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_read_value = json.JSONDecoder().raw_decode
_BEATS = {b"ping", b"heartbeat", b"keepalive", b"keep-alive"}
"""What some send to keep a connection open, instead of a comment."""


class Events:
    """Feed it the bytes, then ask `end`; both yield parsed values."""

    def __init__(self) -> None:
        self._head: bytes | None = b""  # until it is clear what this is
        self._whole: list[bytes] | None = None  # a JSON body, not a stream
        self._line: list[bytes] = []  # the pieces of a line that goes on
        self._event: list[bytes] = []  # the lines of an event that is no JSON yet
        self._stray = b""  # the first line that is none of a stream's
        self._is_error = self._after_cr = self._seen = False
        self._length = self._line_length = 0
        self.done = False
        """The endpoint said so: what it does with the connection is no part of the answer."""

    def feed(self, chunk: bytes) -> Iterator[Any]:
        self._length += len(chunk)
        if self._length > LONGEST_STREAM:
            raise LLMBadReply("The endpoint's answer does not end: it is over 64 MiB.")
        if self._head is not None:
            chunk = self._begin(self._head + chunk)
        if self._whole is not None:
            self._add(self._whole, chunk)
            return
        if b"\r" in chunk or self._after_cr:
            chunk = self._with_plain_ends(chunk)
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            if self._line:
                line = b"".join([*self._line, line])
                self._line, self._line_length = [], 0
            if line or self._event or self._is_error:  # most blank lines end nothing
                yield from self._read(line)
        if rest:
            self._add(self._line, rest)

    def end(self) -> Iterator[Any]:
        """What was left when the connection closed. An event cut in two is none."""
        if self._head:
            yield from self.feed(b"\n")
        if self._whole is not None:
            yield from self._whole_values(b"".join(self._whole))
            return
        if self._line:
            yield from self._read(b"".join(self._line))
        if self._event:
            yield from self._joined(at_the_end=True)
        if not self._seen:
            words = words_of(self._stray.decode("utf-8", "replace")) if self._stray else "nothing"
            raise LLMBadReply(
                f"The endpoint's answer is neither JSON nor a stream of events: {words}"
            )

    def _begin(self, head: bytes) -> bytes:
        """Find out what this is; b"" while that takes more bytes: some send empty lines first."""
        text = head.removeprefix(_BOM).lstrip()
        if not text:
            self._head = b""
            return b""
        if len(text) < len(_BOM) and not head.endswith(b"\n"):
            self._head = head
            return b""
        self._head = None
        if text[:1] in {b"{", b"[", b"<"}:
            self._whole = []
        return text

    def _add(self, pieces: list[bytes], chunk: bytes) -> None:
        self._line_length += len(chunk)
        if self._line_length > LONGEST_EVENT:
            raise LLMBadReply("The endpoint sent more than 4 MiB in one piece.")
        pieces.append(chunk)

    def _with_plain_ends(self, chunk: bytes) -> bytes:
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, line: bytes) -> Iterator[Any]:
        if line.startswith(b"data:"):
            self._seen = True
            yield from self._data(line[5:].strip())
        elif not line:
            if self._event:
                yield from self._joined()
            self._is_error = False
        elif line.startswith(b"event:"):
            self._is_error = line[6:].strip() == b"error"
        elif line.startswith(b"error:"):  # llama.cpp's way to say it
            yield {"error": words_of(line[6:].decode("utf-8", "replace"))}
        elif line.startswith(b"{") and (values := _values(line)):  # only comments are a stream's
            self._seen = True
            yield from values
        elif not self._stray and not line.startswith((b":", b"id:", b"retry:")):
            self._stray = line

    def _data(self, data: bytes) -> Iterator[Any]:
        if self._event:
            self._event.append(data)
            return
        mark = data.strip(b"[]").lower() if len(data) < 20 else data
        if not mark or mark in _BEATS:
            return
        if mark == b"done":
            self.done = True
            return
        values = _values(data)
        if not values:
            self._event.append(data)
        yield from ({"error": value} if self._is_error else value for value in values)

    def _joined(self, *, at_the_end: bool = False) -> Iterator[Any]:
        """The event of several lines. Words that are no JSON are an error's."""
        data = b"\n".join(self._event)
        self._event = []
        values, words = _values(data), words_of(data.decode("utf-8", "replace"))
        if self._is_error:
            yield from ({"error": value} for value in values or [words])
        elif values or at_the_end:
            yield from values
        else:
            raise LLMBadReply(f"The endpoint streamed something that is not JSON: {words}")

    def _whole_values(self, body: bytes) -> list[Any]:
        if values := _values(body):
            return values
        words = words_of(body.decode("utf-8", "replace"))
        raise LLMBadReply(f"The endpoint's answer is not JSON: {words}")


def _end_of_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _values(data: bytes) -> list[Any]:
    """The values that stand in a row, mostly one; none when the last one is not whole.

    A character that is cut in two, each half in another event, costs no more than itself.
    """
    text, values, at = data.decode("utf-8", "replace"), [], 0
    try:
        while at < len(text):
            value, at = _read_value(text, at)
            values.append(value)
            at = _end_of_space(text, at)
    except (ValueError, RecursionError):
        return []
    return values
