"""
What can go wrong when talking to HWA:

* TWSError
  - TWSUnavailable  no answer, or a 5xx; worth trying again
  - TWSRefused      a 4xx, or a path that is not on the read-only list; the same request fails again
  - TWSBadReply     an answer that is not what the API describes

Each carries the engine's name, the path, the HTTP status (None when there was no answer) and HWA's
message code (`AWSJCO084E`, `OQL_FILTER_SYNTAX_ERROR`) when the body had one.
"""

from __future__ import annotations

import re

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
    found = _MESSAGE_CODE.search(body)
    return found.group(1) if found else None


class TWSError(Exception):
    """Anything that kept a question to HWA from being answered."""

    def __init__(
        self,
        message: str,
        *,
        engine: str = "",
        path: str = "",
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.engine = engine
        self.path = path
        self.status = status
        self.code = code
        self.retry_after = retry_after  # seconds, when HWA asked for a longer wait than we grant


class TWSUnavailable(TWSError):
    """No answer, or a 5xx."""


class TWSRefused(TWSError):
    """A 4xx, or a request that is not on the read-only list and never left."""


class TWSBadReply(TWSError):
    """An answer that is not what the API describes."""
