"""What chat and judge would ask of the configured LLM, asked by their own code before it counts.

The chat's rehearsal has the agent's own prompt, its tools, recalled memories and the results of
tools; only what the tools return is made up. The judge's has its schema and its canary.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from audits.judges import MemoryUnderAudit, NoVerdict
from audits.judges.llm import LLMJudge
from knowledge.claims.evidence import Reading
from knowledge.llm import Kind, LLMBrokenOff, LLMError, call_llm, forget
from knowledge.llm.endpoints import endpoint_for
from knowledge.llm.models import LLMProfile
from knowledge.llm.profile import Profile
from tws.answers.events import Chunk, Event, Failed, Final, ToolUse, Turn
from tws.answers.llm_agent import LLMAgent
from tws.answers.memories import Recalled
from tws.answers.rules import RuleAgent
from tws.answers.toolkit import Called, Toolkit
from tws.answers.understanding.asked import NotUnderstood, Understood
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.models import Agent

LAST_NUMBER = 170
"""Writing the numbers up to it takes clearly more than 200 tokens and hardly more than 500."""
QUESTION = "How many jobs are in ABEND now? Ask a tool, then answer in one sentence."
COUNTED = {"matched": 3, "rows": [{"job": "PAYROLL_CALC", "status": "ABEND"}], "shown": 1}

_MENDS: dict[Kind, str] = {
    "off": "Set LLM_BASE_URL and LLM_MODEL. Without them Resync works by rules.",
    "unreachable": "See whether LLM_BASE_URL is the API's base (it mostly ends in /v1) and whether "
    "the server runs; LLM_TIMEOUT_SECONDS is how long an answer may take to begin.",
    "overloaded": "Look at the endpoint's own log: it failed by itself.",
    "quota": "See to the account's quota, or wait until it is renewed.",
    "limit": "Raise LLM_DAILY_COST or LLM_DAILY_TOKENS, or wait until midnight.",
    "key": "Check LLM_API_KEY.",
    "model": "Check LLM_MODEL and AUDIT_LLM_MODEL, or load the model there.",
    "too_long": "Give the model more context: Resync sends up to 16,000 tokens (num_ctx in Ollama, "
    "--ctx-size in llama.cpp, --max-model-len in vLLM).",
    "tools": "The chat needs a model that calls tools, and a server that lets it (--jinja in "
    "llama.cpp, --enable-auto-tool-choice in vLLM). Without, it answers by rules.",
    "bad_reply": "See whether LLM_BASE_URL is an OpenAI-compatible API, and no page or proxy.",
    "broken_off": "Answers are not whole. A model that thinks needs more LLM_REASONING_TOKENS; "
    "else raise the server's own limit (num_predict in Ollama, --n-predict in llama.cpp).",
}
_ELSE = "The endpoint refuses the request even in its leanest form; its words say why."


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    ok: bool
    found: str
    mend: str = ""
    seconds: float = 0.0
    kind: str = ""  # of the LLMError, when it was one


async def rehearse() -> list[Step]:
    """Every step, each model in use. What was known of the endpoint is forgotten first."""
    if not settings.LLM_BASE_URL:
        return [Step("configured", False, "LLM_BASE_URL is not set", _MENDS["off"])]
    await _forget()
    chat, judge = settings.LLM_MODEL, settings.AUDIT_LLM_MODEL
    steps = [await _tried("answers", lambda: _answers(chat))]
    if not steps[0].ok and steps[0].kind != "broken_off":
        return steps  # the others would only say the same
    steps.append(await _tried("output tokens", lambda: _output_tokens(judge)))
    for model in [chat, *await _other_models()]:
        name = "chat" if model == chat else f"chat with {model}"
        steps.append(await _tried(name, lambda model=model: _chat(model)))  # type: ignore[misc]
    steps.append(await _tried("judge", lambda: _judge(judge)))
    return steps


async def learned() -> dict[str, Profile]:
    """The profile of each model in use."""
    models = {settings.LLM_MODEL, settings.AUDIT_LLM_MODEL, *await _other_models()}
    return {model: (await endpoint_for(model)).profile for model in sorted(models)}


async def _forget() -> None:
    forget()
    try:
        await LLMProfile.objects.filter(base_url=settings.LLM_BASE_URL).adelete()
    except DatabaseError:
        return  # nothing is kept, then


async def _other_models() -> list[str]:
    """The models of agents that have one of their own."""
    rows = Agent.objects.filter(is_active=True).exclude(model__in=["", settings.LLM_MODEL])
    try:
        return await sync_to_async(lambda: sorted(set(rows.values_list("model", flat=True))))()
    except DatabaseError:
        return []


async def _tried(name: str, step: Callable[[], Awaitable[tuple[bool, str, str]]]) -> Step:
    loop = asyncio.get_running_loop()
    began, kind = loop.time(), ""
    try:
        async with asyncio.timeout(settings.CHAT_RUN_SECONDS):
            ok, found, mend = await step()
    except LLMError as error:
        ok, found, mend, kind = False, str(error), _MENDS.get(error.kind, _ELSE), error.kind
    except NoVerdict as error:
        ok, found, mend, kind = False, str(error), _MENDS["broken_off"], "broken_off"
    except TimeoutError:
        ok, found = False, f"not done after {settings.CHAT_RUN_SECONDS:g} s"
        mend = "Choose a faster model, or raise CHAT_RUN_SECONDS."
    return Step(name, ok, found, "" if ok else mend, round(loop.time() - began, 2), kind)


async def _answers(model: str) -> tuple[bool, str, str]:
    reply = await call_llm(
        "Reply with the word ok.",
        max_tokens=settings.AUDIT_LLM_MAX_TOKENS,
        model=model,
        purpose="check",
    )
    return True, f"model {reply.model or model} said {reply.text.strip()[:40]!r}", ""


async def _output_tokens(model: str) -> tuple[bool, str, str]:
    """Whether as many tokens as a verdict may take (AUDIT_LLM_MAX_TOKENS) arrive uncut."""
    wanted = settings.AUDIT_LLM_MAX_TOKENS
    prompt = f"Write the numbers from 1 to {LAST_NUMBER} in digits, separated by spaces."
    try:
        reply = await call_llm(prompt, max_tokens=wanted, model=model, purpose="check")
    except LLMBrokenOff as broken:
        if broken.how == "length" and broken.said and broken.used >= wanted:
            return True, f"{broken.used} tokens arrived", ""  # it writes more, as it may
        if broken.how == "length" and broken.said:
            mend = (
                f"The model stops at {broken.used} tokens although {wanted} were allowed: raise "
                "the server's own limit (num_predict in Ollama, --n-predict in llama.cpp)."
            )
            return False, str(broken), mend
        raise
    return True, f"{wanted} accepted; the reply took {reply.usage.completion_tokens}", ""


# --- the chat ---------------------------------------------------------------------------------


class _RehearsedTools(Toolkit):
    """The chat's tools; what they return is made up."""

    async def call(self, name: str, written: str) -> Called:
        if name not in self.names:
            return Called(False, f"there is no tool {name!r}")
        self.uses.append(ToolUse(name, {}, ok=True))
        reading = Reading("q1", "plan_query", {"entity": "jobs"}, COUNTED)
        self.readings = [reading]
        return Called(True, json.dumps(COUNTED), reading)


class _NoRules(RuleAgent):
    """In place of the rules: says why the model did not answer."""

    async def answer(
        self,
        text: str,
        history: Sequence[Turn] = (),
        *,
        taken: Understood | None = None,
        instead_of_llm: str = "",
    ) -> None:
        self.emit(Failed("llm_unavailable", instead_of_llm))

    async def understood(self, text: str, last: Turn | None) -> Understood:
        return Understood(NotUnderstood(), "en", text)


async def _nowhere() -> TWSClient:
    raise AssertionError("unreachable: rehearsed tools ask nobody")


async def _recalled(question: str, limit: int) -> list[Recalled]:
    memory = Recalled(
        memory_id=uuid.uuid4(),
        score=0.9,
        trust="trusted",
        kind="knowledge",
        user_query="What does ABEND mean?",
        agent_response="The job ended with an error.",
        created_at=datetime.now(UTC),
    )
    return [memory]


async def _chat(model: str) -> tuple[bool, str, str]:
    events: list[Event] = []
    agent = Agent(slug="check-llm", name="Check", languages=["en"], model=model)
    engine = Engine(name="rehearsal", base_url="https://rehearsal.invalid")
    tools = _RehearsedTools(engine, _nowhere, emit=events.append)
    rules = _NoRules(agent, tools, events.append, _recalled)
    history = [Turn("What does ABEND mean?", "The job ended with an error.")]
    await LLMAgent(agent, tools, events.append, rules).answer(QUESTION, history)
    end = events[-1]
    if isinstance(end, Failed):
        mend = f"{_MENDS['tools']} Otherwise see the step before, and the log."
        return False, end.message.replace("`", ""), mend
    called = ", ".join(use.tool for use in tools.uses if use.tool in tools.names)
    if not isinstance(end, Final) or not end.is_worth_keeping:
        return False, f"it called {called} without ever answering", "Choose another model."
    if not called:
        return False, f"it called no tool, and said {end.answer[:60]!r}", _MENDS["tools"]
    pieces = sum(isinstance(event, Chunk) for event in events)
    return True, f"called {called}; answered in {pieces} pieces: {end.answer.strip()[:60]!r}", ""


# --- the judge --------------------------------------------------------------------------------


async def _judge(model: str) -> tuple[bool, str, str]:
    judge = LLMJudge(model=model)
    memory = MemoryUnderAudit(
        memory_id=uuid.uuid4(),
        version=1,
        agent="check-llm",
        kind="state",
        user_query="How many jobs are in ABEND now?",
        agent_response="3 jobs are in ABEND now.",
        evidence=[{"tool": "count_jobs", "arguments": {"status": "ABEND"}, "result": COUNTED}],
    )
    verdict = await judge(memory)
    if judge.unread:
        mend = "Set AUDIT_LLM_MODEL to a model that writes JSON as it is told."
        return False, "its replies are no verdicts", mend
    if judge.voided:
        mend = "Its verdicts would be thrown away: set AUDIT_LLM_MODEL to a stronger model."
        return False, "it let a wrong answer pass that asks to be let through", mend
    if verdict is None:
        return False, "it quotes words that are not there", "Set AUDIT_LLM_MODEL to another model."
    return True, f"a verdict that can be used ({verdict.reason[:60]})", ""
