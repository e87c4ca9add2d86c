"""Reading a job log as it arrives: lines of any number and length, in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from tws.hwa.readings import LogPart

RANGE_LINES = 2_000
LONGEST_PART_CHARS = 256 * 1024


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


async def lines_of(response: httpx.Response, longest: int) -> AsyncIterator[str]:
    """The lines of a text body; a line is never held beyond `longest` characters.

    Only a line feed ends a line: job logs hold form feeds and carriage returns of their own.
    """
    rest = ""
    async for text in response.aiter_text():
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield line.rstrip("\r")
        if len(rest) > longest:
            yield rest
            return
    if rest:
        yield rest.rstrip("\r")
