"""The LLM gateway: the OpenAI chat API at any base URL, over httpx.

What can go wrong:

* LLMError
  - LLMOff          LLM_BASE_URL is not set; everything has to work without
  - LLMUnavailable  no answer, a 429 or a 5xx after the retries; worth trying again later
  - LLMRefused      any other 4xx: the same request fails again
  - LLMBadReply     an answer that is not what the API describes

A reply may be asked for as JSON of a schema. Endpoints differ in what they understand of that:
`json_schema` is tried first, then `json_object`, then the plain words of the prompt; what an
endpoint refused is remembered. The same holds for `max_tokens` and `max_completion_tokens`.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    import httpx

RETRY_STATUS = {429, 500, 502, 503, 504}
LONGEST_WAIT_SECONDS = 30.0
RESPONSE_FORMATS = ("json_schema", "json_object", "none")
TOKEN_FIELDS = ("max_tokens", "max_completion_tokens")

Message = Mapping[str, Any]


class LLMError(Exception):
    """Anything that kept the LLM from answering; see the module's docstring for the kinds."""


class LLMOff(LLMError):
    def __init__(self) -> None:
        super().__init__("No LLM is configured: LLM_BASE_URL is not set.")


class LLMUnavailable(LLMError): ...


class LLMRefused(LLMError):
    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class LLMBadReply(LLMError): ...


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as the endpoint counted them; zeros when it did not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants called; `arguments` is the JSON text it wrote, not checked yet."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One finished answer. `data` is the parsed JSON when a schema was asked for, else None.

    `finish_reason` is "length" when the endpoint cut the answer off.
    """

    text: str
    data: Any = None
    finish_reason: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer: text, or, as the last one, the whole `reply`."""

    text: str = ""
    reply: Reply | None = None


@dataclass(slots=True)
class _Endpoint:
    """What an endpoint turned out to understand, and the counters of this process."""

    response_format: str = RESPONSE_FORMATS[0]
    token_field: str = TOKEN_FIELDS[0]
    calls: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


_endpoints: dict[str, _Endpoint] = {}


def endpoint() -> _Endpoint:
    """The counters and findings for the configured base URL."""
    return _endpoints.setdefault(settings.LLM_BASE_URL, _Endpoint())


@dataclass(frozen=True, slots=True)
class Spent:
    """What this process asked of the endpoint; `cost` by LLM_PRICE_INPUT and LLM_PRICE_OUTPUT."""

    calls: int
    failures: int
    prompt_tokens: int
    completion_tokens: int
    cost: float

    def __str__(self) -> str:
        words = f"{self.calls} calls, {self.failures} failed, {self.prompt_tokens} tokens in, "
        cost = f", cost {self.cost:.4f}" if self.cost else ""
        return f"{words}{self.completion_tokens} out{cost}"


def spent() -> Spent:
    known = endpoint()
    cost = (
        known.prompt_tokens * settings.LLM_PRICE_INPUT
        + known.completion_tokens * settings.LLM_PRICE_OUTPUT
    ) / 1_000_000
    return Spent(
        known.calls, known.failures, known.prompt_tokens, known.completion_tokens, round(cost, 6)
    )


async def call_llm(
    messages: Sequence[Message] | str,
    *,
    max_tokens: int,
    schema: Mapping[str, Any] | None = None,
    temperature: float = 0.0,
    model: str | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
) -> Reply:
    """One answer. `schema` is a JSON schema (an object) that the answer should have.

    Without a parsable answer `data` is None: what that means is the caller's to decide.
    """
    body = _body(messages, temperature, model, tools)
    while True:
        known = endpoint()
        asked = (known.response_format, known.token_field)
        request = body | {asked[1]: max_tokens} | _response_format(schema, asked[0])
        try:
            answer = await _post(request)
        except LLMRefused as refusal:
            if not _learn(refusal, asked, schema):
                raise
            continue
        return _reply(answer, schema)


async def stream(
    messages: Sequence[Message],
    *,
    max_tokens: int,
    temperature: float = 0.0,
    model: str | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
) -> AsyncIterator[Delta]:
    """The answer as it is written; the last delta carries the whole reply.

    Leaving the loop, or cancelling it, closes the connection: the endpoint stops writing.
    """
    body = _body(messages, temperature, model, tools) | {"stream": True}
    body |= {"stream_options": {"include_usage": True}}
    asked = (endpoint().response_format, endpoint().token_field)
    try:
        async for delta in _stream(body | {asked[1]: max_tokens}):
            yield delta
    except LLMRefused as refusal:
        if not _learn(refusal, asked, None):
            raise
        async for delta in _stream(body | {endpoint().token_field: max_tokens}):
            yield delta


def _body(
    messages: Sequence[Message] | str,
    temperature: float,
    model: str | None,
    tools: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    body: dict[str, Any] = {
        "model": model or settings.LLM_MODEL,
        "messages": list(messages),
        "temperature": temperature,
    }
    return body | ({"tools": list(tools)} if tools else {})


def _response_format(schema: Mapping[str, Any] | None, kind: str) -> dict[str, Any]:
    if schema is None or kind == "none":
        return {}
    if kind == "json_object":
        return {"response_format": {"type": "json_object"}}
    named = {"name": "reply", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _learn(refusal: LLMRefused, asked: tuple[str, str], schema: Mapping[str, Any] | None) -> bool:
    """Whether the refusal taught something that makes another try worth while."""
    if refusal.status not in {400, 422}:
        return False
    known, words = endpoint(), str(refusal)
    if "max_completion_tokens" in words and asked[1] == TOKEN_FIELDS[0]:
        known.token_field = TOKEN_FIELDS[1]
        return True
    if schema is not None and asked[0] != "none" and _is_about_format(words):
        following = RESPONSE_FORMATS[RESPONSE_FORMATS.index(asked[0]) + 1]
        if known.response_format == asked[0]:
            known.response_format = following
        return True
    return False


def _is_about_format(words: str) -> bool:
    return any(
        word in words for word in ("response_format", "json_schema", "json_object", "schema")
    )


# --- over the wire --------------------------------------------------------------------------


@asynccontextmanager
async def _client() -> AsyncIterator[httpx.AsyncClient]:
    """The event loop's one client: a client a call would build a TLS context each time."""
    import httpx

    if not settings.LLM_BASE_URL:
        raise LLMOff
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None or client.is_closed:
        for closed in [other for other in _clients if other.is_closed()]:
            del _clients[closed]
        seconds = settings.LLM_TIMEOUT_SECONDS
        client = _clients[loop] = httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        )
    try:
        yield client
    except httpx.TransportError as error:
        raise LLMUnavailable(f"{type(error).__name__}: {error}".rstrip(": ")) from error


_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}


async def aclose() -> None:
    """Close this event loop's client."""
    if client := _clients.pop(asyncio.get_running_loop(), None):
        await client.aclose()


def _headers() -> dict[str, str]:
    key = settings.LLM_API_KEY
    # Azure wants the key in a header of its own; sending both is harmless elsewhere.
    return {"Authorization": f"Bearer {key}", "api-key": key} if key else {}


def _url() -> str:
    base, _, query = str(settings.LLM_BASE_URL).partition("?")
    return f"{base.rstrip('/')}/chat/completions" + (f"?{query}" if query else "")


async def _post(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The endpoint's answer to `body`, after bounded retries."""
    known = endpoint()
    for tries_left in range(settings.LLM_MAX_RETRIES, -1, -1):
        known.calls += 1
        try:
            async with _client() as client:
                response = await client.post(_url(), json=body, headers=_headers())
            if response.status_code in RETRY_STATUS and tries_left:
                await asyncio.sleep(_wait_seconds(response, tries_left))
                continue
            _raise_for(response.status_code, response.text)
        except LLMUnavailable:
            known.failures += 1
            if not tries_left:
                raise
            await asyncio.sleep(_jitter(tries_left))
            continue
        try:
            answer = response.json()
        except ValueError as error:
            raise LLMBadReply("The endpoint's answer is not JSON.") from error
        if not isinstance(answer, dict):
            raise LLMBadReply("The endpoint's answer is not a JSON object.")
        return answer
    raise AssertionError("unreachable: the last try returns or raises")


def _raise_for(status: int, text: str) -> None:
    if status < 400:
        return
    message = f"HTTP {status}: {_error_text(text)}"
    if status in RETRY_STATUS:
        raise LLMUnavailable(message)
    raise LLMRefused(message, status)


def _error_text(text: str) -> str:
    try:
        error = json.loads(text).get("error", text)
    except (ValueError, AttributeError):
        return text[:500]
    return str(error.get("message", error) if isinstance(error, dict) else error)[:500]


def _wait_seconds(response: httpx.Response, tries_left: int) -> float:
    try:
        wanted = float(response.headers.get("Retry-After", ""))
    except ValueError:
        wanted = 0.0
    return min(LONGEST_WAIT_SECONDS, max(wanted, _jitter(tries_left)))


def _jitter(tries_left: int) -> float:
    """0.25 s to 0.5 s before the second try, doubling with each further one."""
    done = settings.LLM_MAX_RETRIES - tries_left
    return float(random.uniform(0.25, 0.5) * 2**done)  # noqa: S311  not a secret


# --- replies --------------------------------------------------------------------------------


def _reply(answer: Mapping[str, Any], schema: Mapping[str, Any] | None) -> Reply:
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        text = message.get("content") or ""
        calls = tuple(_tool_call(call) for call in message.get("tool_calls") or ())
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise LLMBadReply("The endpoint's answer has no message in it.") from error
    usage = _counted(answer.get("usage"))
    return Reply(
        text=str(text),
        data=_parsed(str(text)) if schema is not None else None,
        finish_reason=str(choice.get("finish_reason") or ""),
        tool_calls=calls,
        usage=usage,
        model=str(answer.get("model") or ""),
    )


def _tool_call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    arguments = str(function.get("arguments") or "{}")
    return ToolCall(str(call.get("id") or ""), str(function["name"]), arguments)


def _counted(usage: Any) -> Usage:
    usage = usage if isinstance(usage, dict) else {}
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    counted = Usage(int(prompt or 0), int(completion or 0))
    known = endpoint()
    known.prompt_tokens += counted.prompt_tokens
    known.completion_tokens += counted.completion_tokens
    return counted


def _parsed(text: str) -> Any:
    """The JSON object in `text`, or None. Mending almost-JSON is the caller's business."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


async def _stream(body: Mapping[str, Any]) -> AsyncIterator[Delta]:
    known = endpoint()
    known.calls += 1
    parts = _Parts()
    async with (
        _client() as client,
        client.stream(
            "POST", _url(), json=body, headers=_headers() | {"Accept-Encoding": "identity"}
        ) as response,
    ):
        if response.status_code >= 400:
            await response.aread()
            known.failures += 1
            _raise_for(response.status_code, response.text)
        async for line in _event_lines(response):
            if text := parts.add(line):
                yield Delta(text)
    yield Delta(reply=parts.reply())


async def _event_lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The data of server-sent events, one line each.

    Split by hand from the raw bytes: building an object per token, as SDKs do, saturates a core
    at a few thousand tokens a second.
    """
    rest = b""
    async for chunk in response.aiter_raw():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data == b"[DONE]":
                    return
                if data:
                    yield data


class _Parts:
    """A streamed answer as far as it has come."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.calls: dict[int, dict[str, str]] = {}
        self.finish_reason = ""
        self.model = ""
        self.usage = Usage()

    def add(self, data: bytes) -> str:
        """Take one event in; the text it brought, if any."""
        try:
            event = json.loads(data)
            choices = event.get("choices")
        except (ValueError, AttributeError) as error:
            raise LLMBadReply("The endpoint streamed something that is not JSON.") from error
        if usage := event.get("usage"):
            self.usage = _counted(usage)
        if not choices:
            return ""
        self.model = self.model or str(event.get("model") or "")
        choice = choices[0]
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        delta = choice.get("delta") or {}
        for call in delta.get("tool_calls") or ():
            self._add_call(call)
        if text := delta.get("content"):
            self.text.append(text)
            return str(text)
        return ""

    def _add_call(self, call: Mapping[str, Any]) -> None:
        parts = self.calls.setdefault(
            int(call.get("index") or 0), {"id": "", "name": "", "arguments": ""}
        )
        function = call.get("function") or {}
        parts["id"] = parts["id"] or str(call.get("id") or "")
        parts["name"] += str(function.get("name") or "")
        parts["arguments"] += str(function.get("arguments") or "")

    def reply(self) -> Reply:
        calls = [self.calls[index] for index in sorted(self.calls)]
        return Reply(
            text="".join(self.text),
            finish_reason=self.finish_reason,
            tool_calls=tuple(
                ToolCall(call["id"], call["name"], call["arguments"] or "{}") for call in calls
            ),
            usage=self.usage,
            model=self.model,
        )
