"""One exchange with the endpoint over httpx. Whatever goes wrong on the wire is an LLMError."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings

from knowledge.llm import endpoints
from knowledge.llm.errors import LLMBadReply, LLMOff, LLMUnavailable, refusal
from knowledge.tls import trusted_by_default

if TYPE_CHECKING:
    import httpx

LONGEST_CALL_SECONDS = 600.0
"""An endpoint that drips a token now and then would hold a call for ever."""
LONGEST_REFUSAL = 64 * 1024
REFUSAL_SECONDS = 3.0
"""How long a refusal's words are waited for."""

_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}


async def exchange(request: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
    """The bytes of the answer to `request` as they come. Close it to end the connection."""
    # Encoded here: half characters, which JSON can carry and UTF-8 can't, must not stop a call.
    content = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
    ends_at = asyncio.get_running_loop().time() + LONGEST_CALL_SECONDS
    async with (
        _client() as client,
        client.stream("POST", _url(), content=content, headers=_headers()) as response,
    ):
        if response.status_code >= 300:
            raise refusal(response.status_code, await _start_of(response), response.headers)
        is_plain = "content-encoding" not in response.headers
        async for chunk in response.aiter_raw() if is_plain else response.aiter_bytes():
            yield chunk
            if asyncio.get_running_loop().time() > ends_at:
                raise LLMUnavailable(f"The answer took over {LONGEST_CALL_SECONDS:g} s.")


async def _start_of(response: httpx.Response) -> str:
    if location := response.headers.get("location", ""):
        return f"it redirects to {location}: is LLM_BASE_URL right?"
    body = b""
    with contextlib.suppress(TimeoutError):  # its status says most
        async with asyncio.timeout(REFUSAL_SECONDS):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LONGEST_REFUSAL:
                    break
    return body.decode("utf-8", "replace")


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
        client = _clients[loop] = _new_client()
    try:
        yield client
    except httpx.TimeoutException as error:
        seconds = settings.LLM_TIMEOUT_SECONDS
        raise LLMUnavailable(f"no answer within {seconds:g} s ({type(error).__name__})") from error
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise LLMUnavailable(f"{type(error).__name__}: {error}".rstrip(": ")) from error
    except UnicodeEncodeError as error:
        raise LLMUnavailable("LLM_API_KEY is none: it holds odd characters.", "key") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise LLMBadReply(f"{type(error).__name__}: {error}".rstrip(": ")) from error


def _new_client() -> httpx.AsyncClient:
    import httpx

    seconds = settings.LLM_TIMEOUT_SECONDS
    return httpx.AsyncClient(
        verify=trusted_by_default(),
        timeout=httpx.Timeout(seconds, connect=min(10.0, seconds), pool=None),
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        headers={
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",  # compressed tokens would come in lumps
        },
    )


async def aclose() -> None:
    """Close this event loop's client, when everything is written that its calls taught."""
    await endpoints.written()
    if client := _clients.pop(asyncio.get_running_loop(), None):
        await client.aclose()


def _headers() -> dict[str, str]:
    key = settings.LLM_API_KEY
    # Azure wants the key in a header of its own; sending both is harmless elsewhere.
    return {"Authorization": f"Bearer {key}", "api-key": key} if key else {}


def _url() -> str:
    base, _, query = str(settings.LLM_BASE_URL).partition("?")
    base = base.rstrip("/").removesuffix("/chat/completions")
    return f"{base}/chat/completions" + (f"?{query}" if query else "")
