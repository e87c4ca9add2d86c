"""The LLM judge: a structured verdict on a memory, given as data it must not obey.

What it says counts only when it can be held to something. Statements with a place in the evidence
are evaluated by the program; a verdict must parse, be whole, and quote the memory, and what it is
held against must stand in the material. Two of at most three samples have to agree, whatever the
model says of its own confidence. The batch's canaries must be caught. Anything else is "no
verdict", never "fine".

The canaries also tell whose fault it is. A model that lets one pass, or can't answer it, is unfit
to judge anything: an LLMError or UnfitJudge. One that answers them, and not what was asked about
a memory, failed on that memory: NoVerdict.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from audits.judges import Finding, MemoryUnderAudit, NoVerdict, UnfitJudge, Verdict
from audits.judges.llm import material
from audits.judges.llm.canaries import canaries
from audits.judges.llm.replies import (
    EXTRACTION_SCHEMA,
    VERDICT_SCHEMA,
    Opinion,
    opinion_of,
    statements_of,
)
from audits.judges.llm.samples import SUREST, Sample, contradicted, held
from audits.judges.llm.statements import Checked, check_statements
from knowledge.llm import (
    LLMBadReply,
    LLMBrokenOff,
    LLMError,
    LLMRefused,
    LLMUnavailable,
    Reply,
    call_llm,
)

log = logging.getLogger(__name__)

CANARY_EVERY = 20
"""Verdicts that share the canaries: with two samples each, about one call in fifteen."""
CANARY_SECONDS = 600.0
MOST_SAMPLES, ENOUGH = 3, 2
"""So many samples are taken until so many agree."""


class VerdictCache(Protocol):
    """Verdicts by key, which is of all that the prompt shows; `memory_id` is whose text it is."""

    async def get(self, key: str) -> Mapping[str, Any] | None: ...
    async def put(self, key: str, memory_id: UUID, value: Mapping[str, Any]) -> None: ...


class NoCache:
    async def get(self, key: str) -> None:
        return None

    async def put(self, key: str, memory_id: UUID, value: Mapping[str, Any]) -> None:
        return None


@dataclass(slots=True)
class Batch:
    """Verdicts that stand or fall with one canary."""

    canary: asyncio.Task[None]
    """Done without an error when the canary was caught."""
    began_at: float = field(default_factory=time.monotonic)
    size: int = 0

    @property
    def is_full(self) -> bool:
        too_old = time.monotonic() - self.began_at > CANARY_SECONDS
        return self.size >= CANARY_EVERY or too_old


Caller = Callable[..., Awaitable[Reply]]


@dataclass(slots=True)
class LLMJudge:
    """Callable as a `Judge`. Holds the open batch, the places and the pace; one per process."""

    prompt_version: str = material.CURRENT
    model: str = ""
    cache: VerdictCache = field(default_factory=NoCache)
    call: Caller = call_llm
    _batch: Batch | None = None
    _places: asyncio.Semaphore | None = None
    _next_call_at: float = 0.0
    voided: int = 0
    unread: int = 0
    """Replies that were no verdicts."""

    async def __call__(self, memory: MemoryUnderAudit) -> Verdict | None:
        key = self._key(memory)
        if (known := await self.cache.get(key)) is not None:
            return _thawed(known)
        batch = self._open_batch()
        verdict, caught = await asyncio.gather(
            self._judge(memory), asyncio.shield(batch.canary), return_exceptions=True
        )
        if isinstance(caught, BaseException):
            raise caught
        if isinstance(verdict, LLMError) and _may_be_the_memorys(verdict):
            await self._answers_without(batch)
            raise NoVerdict(f"The LLM judge fails on this memory only. {verdict}") from verdict
        if isinstance(verdict, BaseException):
            raise verdict
        if verdict is not None:
            await self.cache.put(key, memory.memory_id, _frozen(verdict))
        return verdict

    # --- one memory -------------------------------------------------------------------------

    async def _judge(self, memory: MemoryUnderAudit) -> Verdict | None:
        samples: list[Sample] = []
        for turn in range(MOST_SAMPLES):
            with contextlib.ExitStack() as one_less:
                if samples:  # the first was whole: one less to count
                    one_less.enter_context(contextlib.suppress(LLMBrokenOff))
                if (sample := await self._sample(memory, turn)) is not None:
                    samples.append(sample)
            if ENOUGH in Counter(one.outcome for one in samples).values():
                break
        return self._verdict(samples) if len(samples) >= ENOUGH else None

    def _verdict(self, samples: Sequence[Sample]) -> Verdict:
        """By how many agree. One that can't tell neither supports nor condemns."""
        against = [sample for sample in samples if sample.outcome == "against"]
        if against:
            score = min(SUREST, len(against) / len(samples))
            votes = {"n": len(against), "all": len(samples)}
            return self._said(_("LLM (%(n)d of %(all)d)") % votes, against[0], score)
        unsure = [sample for sample in samples if sample.outcome == "cannot_tell"]
        if 2 * len(unsure) >= len(samples):
            return self._said(_("LLM: it can't be told"), unsure[0], 0.0)
        return replace(self._said("LLM", samples[-1], 0.0), findings=(), supports=True)

    def _said(self, by: str, sample: Sample, score: float) -> Verdict:
        finding = sample.finding
        quote = f" «{finding.quote}»" if finding and finding.quote and score else ""
        findings = (replace(finding, confidence=score),) if finding else ()
        reason = f"{by}: {sample.reason}{quote}"
        return Verdict("llm", score, reason, findings, self.model, self.prompt_version)

    async def _sample(self, memory: MemoryUnderAudit, turn: int) -> Sample | None:
        """One look: what the program finds of the statements, and the model's word on the rest."""
        checked = await self._checked(memory, turn)
        if wrong := next((one for one in checked if one.outcome == "differs"), None):
            return contradicted(wrong)
        opinion = await self._opinion(memory, turn, checked)
        return None if opinion is None else held(opinion, memory)

    async def _checked(self, memory: MemoryUnderAudit, turn: int) -> list[Checked]:
        """The statements of a text without parts, evaluated; none where nothing was read."""
        if memory.answer is not None or not memory.evidence:
            return []
        # An extraction lists up to 25 statements with their expressions, where a verdict is one
        # object: it needs more room than the 500 tokens of a verdict.
        tokens = settings.AUDIT_LLM_EXTRACTION_TOKENS
        try:
            reply = await self._call("extraction", memory, turn, (), EXTRACTION_SCHEMA, tokens)
        except (LLMBrokenOff, LLMBadReply, LLMRefused) as error:
            log.warning("no statements of memory %s: %s", memory.memory_id, error)
            return []  # it is judged as it stands
        return await asyncio.to_thread(lambda: check_statements(statements_of(reply), memory))

    async def _opinion(
        self, memory: MemoryUnderAudit, turn: int, checked: Sequence[Checked] = ()
    ) -> Opinion | None:
        # 500: the verdict with its reason needs 150-350 tokens; at 200 its JSON is cut off
        # in the middle. The endpoint is asked for as many by `manage.py check_llm`.
        reply = await self._call(
            "verdict", memory, turn, checked, VERDICT_SCHEMA, settings.AUDIT_LLM_MAX_TOKENS
        )
        if (opinion := await asyncio.to_thread(opinion_of, reply)) is None:
            self.unread += 1
        return opinion

    async def _call(
        self,
        name: str,
        memory: MemoryUnderAudit,
        turn: int,
        checked: Sequence[Checked],
        schema: dict[str, Any],
        tokens: int,
    ) -> Reply:
        parts = await asyncio.to_thread(material.sections, memory, checked)
        instructions = material.prompt(self.prompt_version, name)
        async with self._place():
            await self._pace()
            return await self.call(
                material.messages(instructions, parts, turn),
                max_tokens=tokens,
                schema=schema,
                temperature=0,
                model=self.model or None,
            )

    # --- batches, places, pace --------------------------------------------------------------

    def _open_batch(self) -> Batch:
        if self._batch is None or self._batch.is_full or _failed(self._batch.canary):
            self._batch = Batch(asyncio.create_task(self._catch_canaries()))
        self._batch.size += 1
        return self._batch

    async def _answers_without(self, failed: Batch) -> None:
        """Whether a canary asked after a failure is caught: else it raises what its task does."""
        if self._batch is failed:
            self._batch = None
        await asyncio.shield(self._open_batch().canary)

    async def _catch_canaries(self) -> None:
        """UnfitJudge, or what keeps the endpoint from answering at all."""
        for canary in canaries():
            await self._catch(canary)

    async def _catch(self, canary: MemoryUnderAudit) -> None:
        try:
            opinion = await self._opinion(canary, turn=0)
        except (LLMRefused, LLMBadReply, LLMBrokenOff) as error:
            why = f"can't answer on a canary ({error})"
        else:
            if opinion is not None and opinion.is_incorrect:
                return
            why = "let a canary pass" if opinion else "gave no verdict on a canary"
        self.voided += 1
        log.error(
            "the LLM judge %s: its batch is void and will be judged again. If this repeats, "
            "choose another model (AUDIT_LLM_MODEL) and see manage.py check_llm.",
            why,
        )
        raise UnfitJudge(f"The LLM judge {why}.")

    def _place(self) -> asyncio.Semaphore:
        if self._places is None:
            self._places = asyncio.Semaphore(settings.AUDIT_LLM_CONCURRENCY)
        return self._places

    async def _pace(self) -> None:
        """At most AUDIT_LLM_PER_MINUTE calls; 0 is no limit."""
        if not settings.AUDIT_LLM_PER_MINUTE:
            return
        now = time.monotonic()
        at = max(now, self._next_call_at)
        self._next_call_at = at + 60 / settings.AUDIT_LLM_PER_MINUTE
        await asyncio.sleep(at - now)

    def _key(self, memory: MemoryUnderAudit) -> str:
        """Of all that a prompt about this memory is made from, and the memory that it is about."""
        prompts = [material.prompt(self.prompt_version, name) for name in ("verdict", "extraction")]
        asked = [
            str(memory.memory_id), material.sections(memory), prompts, self.prompt_version,
            self.model, VERDICT_SCHEMA, EXTRACTION_SCHEMA, settings.AUDIT_LLM_MAX_TOKENS,
            settings.AUDIT_LLM_EXTRACTION_TOKENS,
        ]  # fmt: skip
        text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _failed(canary_task: asyncio.Task[None]) -> bool:
    return canary_task.done() and (canary_task.cancelled() or canary_task.exception() is not None)


def _may_be_the_memorys(error: LLMError) -> bool:
    """Whether another memory might well get an answer: the endpoint does not say otherwise.

    No answer in time is among it: a text can make a model think for ever.
    """
    if isinstance(error, LLMUnavailable):
        return error.kind == "unreachable"
    return isinstance(error, (LLMRefused, LLMBadReply, LLMBrokenOff))


def _frozen(verdict: Verdict) -> dict[str, Any]:
    return {
        "confidence": verdict.confidence,
        "reason": verdict.reason,
        "findings": [asdict(finding) for finding in verdict.findings],
        "model": verdict.model,
        "prompt_version": verdict.prompt_version,
        "supports": verdict.supports,
    }


def _thawed(known: Mapping[str, Any]) -> Verdict:
    findings = tuple(Finding(**values) for values in known["findings"])
    verdict = Verdict("llm", known["confidence"], known["reason"], findings)
    return replace(
        verdict,
        model=known["model"],
        prompt_version=known["prompt_version"],
        supports=known["supports"],
    )
