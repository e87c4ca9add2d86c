"""`manage.py check_llm`: does the configured LLM endpoint do what Resync asks of it?"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

LONG_ANSWER_WORDS = 340
"""Words that need clearly more than 200 and clearly fewer than 500 tokens to write."""
SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {
        "name": "count_jobs",
        "description": "Counts the jobs in the plan.",
        "parameters": {"type": "object", "properties": {"status": {"type": "string"}}},
    },
}


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True


class Command(BaseCommand):
    help = (
        "Ask the LLM endpoint for what Resync needs: an answer, the auditor's output tokens "
        "uncut, JSON of a schema, tool calls. Says how to mend what does not work. "
        "Exit code 0 when everything that is needed works."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        steps = asyncio.run(self._steps())
        ok = all(step.ok for step in steps if step.needed)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": ok, "steps": [asdict(step) for step in steps]}))
        else:
            for step in steps:
                self._show(step)
        sys.exit(0 if ok else 1)

    def _show(self, step: Step) -> None:
        mark = "ok  " if step.ok else "FAIL" if step.needed else "no  "
        self.stdout.write(f"{mark} {step.name}: {step.found}")
        if not step.ok and step.mend:
            self.stdout.write(f"     {step.mend}")

    async def _steps(self) -> list[Step]:
        from knowledge.llm import aclose

        if not settings.LLM_BASE_URL:
            mend = "Set LLM_BASE_URL and LLM_MODEL. Without them Resync works by rules."
            return [Step("configured", False, "LLM_BASE_URL is not set", mend)]
        steps = [await _tried("answers", _answers)]
        if steps[0].ok:
            steps.append(await _tried("output tokens", _output_tokens))
            steps.append(await _tried("JSON schema", _json_schema, needed=False))
            steps.append(await _tried("tools", _tools, needed=False))
        await aclose()
        return steps


async def _tried(name: str, step: Callable[[str], Awaitable[Step]], needed: bool = True) -> Step:
    from knowledge.llm import LLMError, LLMRefused

    try:
        return await step(name)
    except LLMRefused as error:
        mend = "The endpoint refuses the request: check LLM_API_KEY, LLM_MODEL and its limits."
        return Step(name, False, str(error), mend, needed)
    except LLMError as error:
        mend = f"Check that {settings.LLM_BASE_URL} is the API's base (usually ends in /v1)."
        return Step(name, False, str(error), mend, needed)


async def _answers(name: str) -> Step:
    from knowledge.llm import call_llm

    reply = await call_llm("Reply with the word ok.", max_tokens=20)
    found = f"model {reply.model or settings.LLM_MODEL} said {reply.text.strip()[:40]!r}"
    return Step(name, True, found)


async def _output_tokens(name: str) -> Step:
    """Whether a reply of some 400 tokens arrives whole when AUDIT_LLM_MAX_TOKENS are allowed."""
    from knowledge.llm import call_llm

    wanted = settings.AUDIT_LLM_MAX_TOKENS
    prompt = f"Write the numbers from 1 to {LONG_ANSWER_WORDS // 2} in digits, separated by spaces."
    reply = await call_llm(prompt, max_tokens=wanted, model=settings.AUDIT_LLM_MODEL)
    used = reply.usage.completion_tokens
    cut = reply.finish_reason == "length" and used < wanted
    mend = (
        f"The model stops at {used} tokens although {wanted} were allowed: raise the server's own "
        "limit (num_predict in Ollama, --max-tokens in others) or set AUDIT_LLM_MODEL to another."
    )
    found = f"{wanted} accepted; the reply took {used} and ended with {reply.finish_reason!r}"
    return Step(name, not cut, found, mend)


async def _json_schema(name: str) -> Step:
    from knowledge.llm import call_llm, endpoint

    reply = await call_llm('Reply with the JSON object {"ok": true}.', max_tokens=50, schema=SCHEMA)
    ok = isinstance(reply.data, dict) and reply.data.get("ok") is True
    mend = "Replies are repaired where possible; a model with structured output loses fewer."
    return Step(
        name, ok, f"asked by {endpoint().response_format}: {reply.text[:60]!r}", mend, False
    )


async def _tools(name: str) -> Step:
    from knowledge.llm import call_llm

    reply = await call_llm("How many jobs failed? Use the tool.", max_tokens=200, tools=[TOOL])
    mend = "The chat's agents answer by rules with this model; choose one that calls tools."
    called = ", ".join(call.name for call in reply.tool_calls) or "no tool was called"
    return Step(name, bool(reply.tool_calls), called, mend, False)
