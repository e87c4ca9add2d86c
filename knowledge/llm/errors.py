"""What can go wrong with an LLM, split by what the caller can do.

* LLMError          `kind` names it for people, the message holds the endpoint's own words
  - LLMOff          LLM_BASE_URL is not set; everything has to work without
  - LLMUnavailable  no call gets an answer now: not reachable, overloaded, over quota, the key or
                    the model refused, the day's limit used up. Worth trying again later
  - LLMRefused      this request is refused (too long, tools, its content): so is the same again
  - LLMBadReply     an answer that is not what the API describes
  - LLMBrokenOff    an answer that began and is not whole; nothing of it counts
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Literal

from knowledge.secrets import mask_secrets

Kind = Literal[
    "off", "unreachable", "overloaded", "quota", "limit", "key", "model",
    "too_long", "tools", "declined", "refused", "bad_reply", "broken_off",
]  # fmt: skip
Broken = Literal["no_finish", "length", "filter", "empty", "thoughts", "aloud", "endless", "error"]
WORDED = ("error", "errors", "message", "detail", "msg", "error_msg", "error_message")
"""Where errors hold their words."""
LONGEST_WORDS = 300
LONGEST_WAIT_SECONDS = 30.0
"""A call waits so long for an endpoint that asks it to; longer is "not now"."""
LONGEST_ASKED_SECONDS = 30 * 86_400.0
"""Nobody means a longer wait."""


class LLMError(Exception):
    """Anything that kept the LLM from answering; see the module's docstring."""

    def __init__(
        self, message: str, kind: Kind, *, status: int = 0, until: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.status = status
        self.until = until
        """When it may work again, as the endpoint says."""

    @property
    def wait_seconds(self) -> float:
        return (self.until - datetime.now(UTC)).total_seconds() if self.until else 0.0


class LLMOff(LLMError):
    def __init__(self) -> None:
        super().__init__("No LLM is configured: LLM_BASE_URL is not set.", "off")


class LLMUnavailable(LLMError):
    def __init__(
        self,
        message: str,
        kind: Kind = "unreachable",
        *,
        status: int = 0,
        until: datetime | None = None,
    ) -> None:
        super().__init__(message, kind, status=status, until=until)


class LLMRefused(LLMError):
    def __init__(self, message: str, status: int = 0, kind: Kind = "refused") -> None:
        super().__init__(message, kind, status=status)


class LLMBadReply(LLMError):
    def __init__(self, message: str, kind: Kind = "bad_reply") -> None:
        super().__init__(message, kind)


class LLMBrokenOff(LLMError):
    """`used` are the output tokens it took, `said` whether there were words among them."""

    HOW: ClassVar[dict[Broken, str]] = {
        "no_finish": "It ended without a finish reason.",
        "length": "It was cut off at its limit of tokens.",
        "filter": "A content filter stopped it.",
        "empty": "It said nothing.",
        "thoughts": "It thought and said nothing.",
        "aloud": "What it had said were its thoughts.",
        "endless": "It is longer than LLM_MAX_CHARACTERS.",
        "error": "An error came instead of the rest.",
    }

    def __init__(self, how: Broken, words: str = "", *, used: int = 0, said: bool = True) -> None:
        super().__init__(f"{self.HOW[how]} {words}".rstrip(), "broken_off")
        self.how: Broken = how
        self.words, self.used, self.said = words, used, said


# --- what a refusal says ----------------------------------------------------------------------

_QUOTA = r"insufficient_quota|quota|billing|credit balance|insufficient credit|payment"
_TOO_LONG = (
    r"context[ _-]?(?:length|size|window)|maximum context|n_ctx|too many (?:input )?tokens"
    r"|(?:prompt|input|request) (?:is|was)? ?too (?:long|large)|reduce the length"
    r"|\b(?:prompt|inputs?|token count|tokens)\b.{0,40}\b(?:exceeds?|longer than)\b.{0,40}"
    r"(?:length|limit|maximum|max)"
    r"|max_(?:completion_)?tokens must be at least 1, got -"  # vLLM: nothing is left for them
    r"|inputs?`? tokens \+ `?max_new_tokens"
)
_MODEL = (
    r"\bmodel\b.{0,80}(?:not[ _]found|not exist|not loaded|not available)"
    r"|(?:unknown|no such|invalid|not a valid) model|model_not_found"
)
_KEY = r"api[ _-]?key|unauthori[sz]ed|authenticat|permission[ _]denied|credentials"
_DECLINED = r"content[ _](?:filter|policy|management)|moderation|flagged|responsible ai"
_SAYS: list[tuple[Kind, re.Pattern[str]]] = [
    ("quota", re.compile(_QUOTA, re.IGNORECASE)),
    ("too_long", re.compile(_TOO_LONG, re.IGNORECASE)),
    ("model", re.compile(_MODEL, re.IGNORECASE)),
    ("key", re.compile(_KEY, re.IGNORECASE)),
    ("declined", re.compile(_DECLINED, re.IGNORECASE)),
]
_BY_STATUS: dict[int, Kind] = {
    401: "key", 402: "quota", 403: "key", 404: "model", 408: "overloaded", 413: "too_long",
    429: "overloaded",
}  # fmt: skip
_FOR_ALL = {"quota", "key", "model", "overloaded"}


def refusal(status: int, text: str, headers: Mapping[str, str] | None = None) -> LLMError:
    """The error for an answer with this HTTP status and body; without headers it was none of HTTP's
    own, but came in an answer, which says how bad it is, or not."""
    words = words_of(text)
    kind = _kind(status, words)
    message = words if headers is None else f"HTTP {status}: {words}"
    if kind in _FOR_ALL:
        wait = wanted_wait(headers or {})
        if status == 429 and wait > LONGEST_WAIT_SECONDS:
            kind = "quota"
        until = datetime.now(UTC) + timedelta(seconds=wait) if wait else None
        return LLMUnavailable(message, kind, status=status, until=until)
    return LLMRefused(message, status, kind)


def _kind(status: int, words: str) -> Kind:
    said = next((kind for kind, pattern in _SAYS if pattern.search(words)), None)
    if said == "quota" and status not in {402, 403, 429}:
        said = None  # "quota" in the words of a 400 is about something else
    if said in {"too_long", "declined", "quota"}:
        return said
    if status >= 500:
        return "overloaded"
    return _BY_STATUS.get(status) or said or "refused"


def words_of(text: str) -> str:
    """What an error's body says, in one line: OpenAI's, FastAPI's and everybody else's shapes."""
    try:
        found = _words_in(json.loads(text))
    except (ValueError, RecursionError):
        found = "a web page" if text.lstrip()[:1] == "<" else text
    # PostgreSQL and UTF-8 hold neither NULs nor halves of characters.
    whole = found.encode("utf-8", "replace").decode().replace("\0", "")
    return mask_secrets(" ".join(whole.split()))[:LONGEST_WORDS] or "no reason given"


def _words_in(body: Any) -> str:
    if isinstance(body, list):
        return "; ".join(_words_in(one) for one in body[:3])
    if not isinstance(body, dict):
        return str(body)
    for name in WORDED:
        if value := body.get(name):
            more = [body.get(key) for key in ("param", "code") if name == "message"]
            place = body.get("loc")
            if isinstance(place, list):
                more.append(".".join(str(part) for part in place))
            tail = ", ".join(str(part) for part in more if isinstance(part, str | int) and part)
            return _words_in(value) + (f" ({tail})" if tail else "")
    return json.dumps(body, ensure_ascii=False)


def wanted_wait(headers: Mapping[str, str]) -> float:
    """Seconds that the answer's headers ask to wait; 0 when they don't say."""
    try:
        seconds = _seconds_in(headers)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(0.0, seconds), LONGEST_ASKED_SECONDS)


def _seconds_in(headers: Mapping[str, str]) -> float:
    if "retry-after-ms" in headers:
        return float(headers["retry-after-ms"]) / 1000
    text = headers.get("retry-after", "")
    if text.strip()[:1].isdigit():
        return float(text)
    moment = parsedate_to_datetime(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()
