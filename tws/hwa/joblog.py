"""Reading a job log as it arrives: lines of any number and length, in bounded memory."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from tws.hwa.charsets import decoded
from tws.hwa.errors import TWSBadReply
from tws.hwa.readings import LogPart
from tws.hwa.unpacking import unpacked

if TYPE_CHECKING:  # loaded with the first connection
    import httpx

RANGE_LINES = 2_000
LONGEST_PART_CHARS = 256 * 1024
MOST_TAIL_BYTES = 256 * 1024 * 1024


async def read_part(response: httpx.Response, first: int, wanted: int) -> LogPart:
    """At most `wanted` lines, of which the first is number `first` of the log."""
    lines: list[str] = []
    room = LONGEST_PART_CHARS
    async for line in lines_of(response, LONGEST_PART_CHARS):
        if len(lines) == wanted:
            return LogPart(lines, first, at_end=False)
        if len(line) > room:
            return LogPart(lines or [line[:room]], first, at_end=False, cut=True)
        lines.append(line)
        room -= len(line)
    return LogPart(lines, first, at_end=True)


async def read_end(response: httpx.Response, wanted: int) -> LogPart:
    """The last lines of a whole log, of an engine that gives out no ranges."""
    last: deque[str] = deque(maxlen=wanted)
    count = size = 0
    async for line in lines_of(response, LONGEST_PART_CHARS):
        count, size = count + 1, size + len(line)
        last.append(line)
        if size > MOST_TAIL_BYTES:
            raise TWSBadReply("the engine sends job logs whole, and this one is too long")
    return LogPart(list(last), max(1, count - len(last) + 1), at_end=True)


async def lines_of(response: httpx.Response, longest: int) -> AsyncIterator[str]:
    """The lines of a text body; a line is never held beyond `longest` bytes.

    Only a line feed ends a line: job logs hold form feeds and carriage returns of their own. Each
    line is decoded by itself, because what a job prints need not be in the agent's charset.
    """
    kind = response.headers.get("Content-Type", "").lower()
    if "html" in kind:
        raise TWSBadReply("a web page was sent instead of a job log", instead="web page")
    if "json" in kind:
        for line in _wrapped(await _whole(response)):
            yield line
        return
    charset, rest = response.charset_encoding, b""
    begun = False
    async for piece in unpacked(response):
        if not begun and piece.lstrip()[:5].lower() in (b"<html", b"<!doc"):
            raise TWSBadReply("a web page was sent instead of a job log", instead="web page")
        begun = True
        *whole, rest = (rest + piece).split(b"\n")
        for ended in whole:
            yield decoded(ended, charset).rstrip("\r")
        if len(rest) > longest:
            yield decoded(rest, charset)
            return
    if rest:
        yield decoded(rest, charset).rstrip("\r")


async def _whole(response: httpx.Response) -> str:
    parts: list[bytes] = []
    size = 0
    async for piece in unpacked(response):
        parts.append(piece)
        size += len(piece)
        if size > LONGEST_PART_CHARS * 16:
            raise TWSBadReply("the engine sends job logs whole, and this one is too long")
    return decoded(b"".join(parts), response.charset_encoding)


def _wrapped(body: str) -> Iterator[str]:
    """A log inside JSON: the longest text in it."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = body
    log = max(texts(value), key=len, default="")
    yield from (line.rstrip("\r") for line in log.removesuffix("\n").split("\n") if log)


def texts(reply: Any) -> list[str]:
    """Every text in a reply whose shape the document leaves open."""
    if isinstance(reply, str):
        return [reply] if reply.strip() else []
    if isinstance(reply, dict):
        reply = list(reply.values())
    if isinstance(reply, list):
        return [text for one in reply for text in texts(one)]
    return []
