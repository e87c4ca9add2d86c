"""
What can go wrong when talking to HWA:

* TWSError
  - TWSUnavailable  no answer, or a 5xx; worth trying again
  - TWSRefused      a 4xx, or a path that is not on the read-only list; the same request fails again
  - TWSBadReply     an answer that is not what the API describes

Each carries the engine's name, the path, the HTTP status (None when there was no answer) and HWA's
message codes (`AWSJCO084E`, `OQL_FILTER_SYNTAX_ERROR`) when the body had some. Its text holds what
the engine said itself.
"""

from __future__ import annotations

import json
import re
from typing import Any

LONGEST_SAID = 500

# Product messages look like AWSxxxnnnS; errors of the REST layer itself are words in capitals.
_MESSAGE_CODE = re.compile(
    r"\b(AWS[A-Z]{2,4}\d{3,4}[EWI]"
    r"|[A-Z]+(?:_[A-Z]+)*_(?:ERROR|EXCEPTION|NOT_FOUND|REQUIRED|NOT_ALLOWED|DENIED))\b"
)


def message_code(body: str) -> str | None:
    """HWA's message code in an error body of any shape.

    >>> message_code('{"messages": ["AWSJPL018E The object was not found."]}')
    'AWSJPL018E'
    """
    return next(iter(message_codes(body)), None)


def message_codes(body: str) -> list[str]:
    """All of them, each once."""
    return list(dict.fromkeys(_MESSAGE_CODE.findall(body)))


def engine_said(body: str) -> str:
    """What an error body tells a person, of a bounded length: messages of JSON, text of HTML.

    >>> engine_said('{"messages": ["AWSJCO005E Not authorized."], "exceptionName": "com.x.Y"}')
    'AWSJCO005E Not authorized.'
    """
    try:
        told = _messages(json.loads(body))
    except (ValueError, RecursionError):
        told = [re.sub(r"<(style|script)\b.*?</\1>|<[^<>]{0,500}>", " ", body, flags=re.S | re.I)]
    text = " ".join(" ".join(told).split())
    return text if len(text) <= LONGEST_SAID else text[:LONGEST_SAID] + "…"


_SAYING = (
    "messages",
    "message",
    "errorMessage",
    "error",
    "errors",
    "detail",
    "description",
    "reason",
)


def _messages(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth > 4:
        return []
    if isinstance(value, list):
        return [text for one in value for text in _messages(one, depth + 1)]
    if isinstance(value, dict):
        said = [value[key] for key in _SAYING if key in value]
        return [text for one in said for text in _messages(one, depth + 1)]
    return []


class TWSError(Exception):
    """Anything that kept a question to HWA from being answered."""

    def __init__(
        self,
        message: str,
        *,
        engine: str = "",
        path: str = "",
        status: int | None = None,
        codes: list[str] | None = None,
        retry_after: float | None = None,
        instead: str = "",
    ) -> None:
        super().__init__(message)
        self.engine = engine
        self.path = path
        self.status = status
        self.codes = codes or []
        self.instead = instead  # what answered in place of the API: "redirect", "web page"
        self.retry_after = retry_after  # seconds, when HWA asked for a longer wait than we grant

    @property
    def code(self) -> str | None:
        return self.codes[0] if self.codes else None


class TWSUnavailable(TWSError):
    """No answer, or a 5xx."""


class TWSRefused(TWSError):
    """A 4xx, or a request that is not on the read-only list and never left."""


class TWSBadReply(TWSError):
    """An answer that is not what the API describes."""
