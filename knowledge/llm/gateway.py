"""The one way to an LLM: chat, judge and check all ask here.

    reply = await call_llm(messages, max_tokens=500, schema=SCHEMA, purpose="judge")
    async for delta in stream(messages, max_tokens=1500, tools=tools): ...

A call is tried again when the failure may pass, asked anew in a leaner way when the endpoint
refuses a part of the request (`negotiation`), counted (`costs`), and logged in one line when it
fails. Whatever an endpoint sends, nothing but an LLMError leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from django.conf import settings

from knowledge.llm import costs
from knowledge.llm.endpoints import Endpoint, endpoint_for
from knowledge.llm.errors import (
    LONGEST_WAIT_SECONDS,
    LLMBrokenOff,
    LLMError,
    LLMOff,
    LLMRefused,
    LLMUnavailable,
)
from knowledge.llm.events import Events
from knowledge.llm.negotiation import Negotiation, body
from knowledge.llm.profile import Profile
from knowledge.llm.replies import Incoming
from knowledge.llm.transport import exchange
from knowledge.llm.types import Asked, Delta, Message, Purpose, Reply, Usage

log = logging.getLogger(__name__)

LINGER_SECONDS = 1.0
"""How long the end of a connection is waited for when the answer is done."""
PACE_SECONDS = 0.02
"""How long what comes is left once all that came is read: of 200 tokens a second four are read
as one, which costs little more than one does, and nobody reads faster."""


async def call_llm(
    messages: Sequence[Message] | str,
    *,
    max_tokens: int,
    schema: Mapping[str, Any] | None = None,
    temperature: float = 0.0,
    model: str | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
    purpose: Purpose = "judge",
) -> Reply:
    """One whole answer. `schema` is a JSON schema (an object) that the answer should have.

    Without a parsable answer `data` is None: what that means is the caller's to decide.
    """
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    asked = Asked(
        messages, max_tokens, schema, temperature, model or settings.LLM_MODEL, tools, purpose,
        streamed=False,
    )  # fmt: skip
    async with aclosing(_Call(asked).deltas()) as deltas:
        async for delta in deltas:
            if delta.reply is not None:
                return delta.reply
    raise AssertionError("unreachable: a call ends with a reply or raises")


def stream(
    messages: Sequence[Message],
    *,
    max_tokens: int,
    temperature: float = 0.0,
    model: str | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
    purpose: Purpose = "chat",
) -> AsyncGenerator[Delta, None]:
    """The answer as it is written; the last delta carries the whole reply.

    Leaving the loop, or cancelling it, closes the connection: the endpoint stops writing.
    """
    asked = Asked(
        messages, max_tokens, None, temperature, model or settings.LLM_MODEL, tools, purpose,
        streamed=True,
    )  # fmt: skip
    return _Call(asked).deltas()


class _Call:
    """One call with all its tries."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._began = time.monotonic()
        self._incoming: Incoming | None = None
        self._paid = Usage()  # by the tries before this one
        self._begun = False  # something was given to the caller: no other try
        self._known = Profile()
        self._request: dict[str, Any] = {}
        self._tools_refused: LLMError | None = None
        self._doubtful = False

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        if not settings.LLM_BASE_URL:
            raise LLMOff
        endpoint = await endpoint_for(self._asked.model)
        failed = True
        try:
            await costs.check_limit()
            async with aclosing(self._tries(endpoint)) as deltas:
                async for delta in deltas:
                    if delta.reply is not None:
                        failed = False
                        endpoint.note(None)
                    yield delta
        except LLMError as error:
            endpoint.note(error)
            self._log(error)
            raise
        except (GeneratorExit, asyncio.CancelledError):
            failed = False  # stopped by who asked
            raise
        finally:
            self._count(failed=failed)

    def _log(self, error: LLMError) -> None:
        log.warning(
            "LLM call failed: %s, model %s, %s%s: %s",
            self._asked.purpose,
            self._asked.model or "-",
            error.kind,
            f", status {error.status}" if error.status else "",
            error,
        )

    def _count(self, *, failed: bool) -> None:
        seconds = time.monotonic() - self._began
        costs.count(self._asked, self._paid_so_far(), failed=failed, seconds=seconds)

    def _paid_so_far(self) -> Usage:
        incoming = self._incoming
        usage = (incoming.usage if incoming else None) or Usage()
        if incoming and incoming.began and usage == Usage():
            usage = costs.estimated(self._asked, incoming.length + incoming.thought_length)
        return self._paid + usage

    # --- the tries ----------------------------------------------------------------------------

    async def _tries(self, endpoint: Endpoint) -> AsyncGenerator[Delta, None]:
        self._known = endpoint.profile
        talks = Negotiation(self._known, may_guess=endpoint.may_guess)
        retries = settings.LLM_MAX_RETRIES
        if self._asked.tools and not endpoint.profile.tools:
            raise LLMRefused("It does not take tools, as it has shown before.", kind="tools")
        while True:
            try:
                async with aclosing(self._try(talks.profile, endpoint)) as deltas:
                    async for delta in deltas:
                        if self._tools_refused:
                            break
                        self._begun = True
                        yield delta
            except LLMError as error:
                if self._begun:
                    raise
                if retries and (wait := _wait(error, settings.LLM_MAX_RETRIES - retries)):
                    retries -= 1
                    await asyncio.sleep(wait)
                    continue
                if self._learns_to_think(error, talks):
                    continue
                if not talks.goes_on(error, self._request):
                    if talks.guessed_in_vain:
                        endpoint.guessed_at = time.monotonic()
                    raise talks.refusal(error) from error
                self._doubtful = talks.doubtful
                if not talks.profile.tools:
                    self._tools_refused = error
            else:
                if self._tools_refused:  # without them it would only make things up
                    raise LLMRefused(str(self._tools_refused), kind="tools")
                return

    async def _try(self, profile: Profile, endpoint: Endpoint) -> AsyncGenerator[Delta, None]:
        """One exchange: its deltas, the whole reply last, and what it taught."""
        asked = self._asked
        self._paid = self._paid_so_far()
        self._request = body(asked, profile)
        held = profile.thinking in {"", "unopened"}
        incoming = self._incoming = Incoming(asked, held=held)
        try:
            events = Events()
            async with aclosing(exchange(self._request)) as chunks:
                async for chunk in chunks:
                    for text in _together(map(incoming.add, events.feed(chunk))):
                        yield Delta(text)
                    if events.done:
                        await _drained(chunks, events, incoming)
                    elif asked.streamed:
                        await asyncio.sleep(PACE_SECONDS)
            last = [incoming.add(event) for event in events.end()]
            for text in filter(None, [*last, *incoming.rest()]):
                yield Delta(text)
            reply = incoming.reply()
        except LLMError as error:
            broken = _broken_off(error, incoming)
            if broken is None:
                raise
            for text in incoming.unheard(broken.how, known=profile.thinking):
                yield Delta(text)  # a part of an answer, which its end says
            raise broken from error
        finally:
            if incoming.began:
                self._teach(endpoint, profile, incoming)
        yield Delta(reply=reply)

    def _teach(self, endpoint: Endpoint, profile: Profile, incoming: Incoming) -> None:
        purpose, taken = self._asked.purpose, profile
        if not self._doubtful:
            endpoint.took_all(purpose)
        elif not endpoint.is_sure_of(profile, purpose, self._began):
            taken = self._known
        taken = taken.thinking_as(incoming.thought)
        if incoming.spoke_first:
            taken = replace(taken, speaks_first=True)
        endpoint.learn(self._known, taken)

    def _learns_to_think(self, error: LLMError, talks: Negotiation) -> bool:
        """A model that spent all its tokens on thoughts gets some for them, the first time."""
        incoming = self._incoming
        if not isinstance(error, LLMBrokenOff) or incoming is None or error.how != "length":
            return False
        before = talks.profile
        talks.profile = before.thinking_as(incoming.thought)
        return talks.profile.thinks and not before.thinks and bool(settings.LLM_REASONING_TOKENS)


def _together(pieces: Iterator[str]) -> Iterator[str]:
    """What has come at once as one piece, which costs all who pass it on no more than a token."""
    come: list[str] = []
    try:
        come.extend(pieces)
    except LLMError:
        if text := "".join(come):
            yield text
        raise
    if text := "".join(come):
        yield text


async def _drained(chunks: AsyncGenerator[bytes, None], events: Events, incoming: Incoming) -> None:
    """Read on to the end, so that the connection can serve again; it may never come."""
    with contextlib.suppress(LLMError, TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            async for chunk in chunks:
                for event in events.feed(chunk):
                    incoming.count(event)


def _broken_off(error: LLMError, incoming: Incoming) -> LLMBrokenOff | None:
    """Whatever goes wrong once an answer has begun has broken it off."""
    if isinstance(error, LLMBrokenOff):
        return error
    if incoming.began and error.kind not in {"tools", "declined"}:
        return LLMBrokenOff("error", str(error))
    return None


def _wait(error: LLMError, done: int) -> float:
    """Seconds until the next try; 0 when there is none, or only after too long a wait."""
    if not isinstance(error, LLMUnavailable) or error.kind not in {"overloaded", "unreachable"}:
        return 0.0
    if error.wait_seconds > LONGEST_WAIT_SECONDS:
        return 0.0
    jitter = float(random.uniform(0.25, 0.5) * 2**done)  # noqa: S311  not a secret
    return max(error.wait_seconds, jitter)
