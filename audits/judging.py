"""From a memory to one verdict: which judges are asked, in which order, and whose word counts.

Rules and claims, whatever the rating; the LLM when they neither condemn nor support, and without an
LLM a look whether what is named was read. No verdict from anyone who was needed means: try again
later, never "fine". Nothing for a memory and nothing against it is no verdict in its favour either:
not verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.translation import gettext as _

from audits.judges import (
    Judge,
    MemoryUnderAudit,
    Neighbour,
    NotInTime,
    NoVerdict,
    QuotedNow,
    Verdict,
)
from audits.judges.bounded import BoundedJudges
from knowledge.cleaning import UNREADABLE
from knowledge.models import Memory, Source

LOCAL = {
    "rules": "audits.judges.rules.rules_judge",
    "claims": "audits.judges.claimed.claims_judge",
    "lookup": "audits.judges.lookup.lookup_judge",
}
"""The judges that need nothing but the memory, each where it is."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The judges in their order: local ones always sit, `llm` only when they leave it open.

    `bounded` are local ones in processes of their own; `local` ones are held to be quick.
    """

    local: Sequence[Judge] = ()
    llm: Judge | None = None
    bounded: BoundedJudges | None = None

    async def verdict_on(self, memory: MemoryUnderAudit) -> Verdict:
        """The verdict that counts. NoVerdict when the LLM was needed and did not answer.

        NotInTime when the local judges could not check it within their limits.
        """
        given = await self._given(memory)
        strongest = max(given, key=lambda verdict: verdict.confidence, default=None)
        if strongest and strongest.confidence > settings.AUDIT_FLAG_THRESHOLD:
            return _with_all_findings(strongest, given)
        if support := next((verdict for verdict in given if verdict.supports), None):
            return _with_all_findings(support, given)
        if self.llm is None:
            return strongest or _nothing_either_way()
        verdict = await self.llm(memory)
        if verdict is None:
            raise NoVerdict("The LLM judge gave no verdict that could be used.")
        return verdict

    async def aclose(self) -> None:
        """End the judges' processes; they are started again when they are needed."""
        if self.bounded is not None:
            await self.bounded.aclose()

    async def _given(self, memory: MemoryUnderAudit) -> list[Verdict]:
        given = [verdict for judge in self.local if (verdict := await judge(memory))]
        if self.bounded is not None:
            given += await self.bounded(memory)
        return given


def _with_all_findings(chosen: Verdict, given: list[Verdict]) -> Verdict:
    others = [finding for verdict in given if verdict is not chosen for finding in verdict.findings]
    return replace(chosen, findings=(*chosen.findings, *others))


def _nothing_either_way() -> Verdict:
    return Verdict("auditor", 0.0, _("Nothing speaks against it, and nothing bears it out."))


def bench(only: str = "", prompt: str = "", model: str = "", *, keeps: bool = True) -> Bench:
    """The judges as configured; `only` names a single one ("rules", "claims", "lookup", "llm").

    `prompt` and `model` name another version for the LLM judge: a candidate to be measured. Without
    `keeps` it neither reads nor writes the cache of verdicts.
    LookupError when a judge or a prompt is unknown, or when the LLM is wanted but not configured.
    """
    llm: Judge | None = None
    if settings.LLM_BASE_URL and only in {"", "llm"}:
        llm = _llm_judge(prompt, model, keeps)
    if (only == "llm" or prompt or model) and llm is None:
        raise LookupError("The LLM judge needs LLM_BASE_URL and LLM_MODEL.")
    if only and only not in {*LOCAL, "llm"}:
        raise LookupError(f"{only!r} is not a judge: rules, claims, lookup or llm.")
    names = {only} if only else {*LOCAL} - ({"lookup"} if llm else set())
    paths = [path for name, path in LOCAL.items() if name in names]
    return Bench(llm=llm, bounded=BoundedJudges(paths) if paths else None)


def _llm_judge(prompt: str, model: str, keeps: bool) -> Judge:
    from audits.caching import VerdictsInRows
    from audits.judges.llm import CURRENT, LLMJudge, NoCache, is_prompt, versions

    prompt = prompt or CURRENT
    if not is_prompt(prompt):
        raise LookupError(f"There is no prompt {prompt!r}: {', '.join(versions())}.")
    cache = VerdictsInRows() if keeps else NoCache()
    return LLMJudge(prompt, model or settings.AUDIT_LLM_MODEL, cache)


def under_audit(
    memory: Memory,
    neighbours: tuple[Neighbour, ...] = (),
    quoted_now: tuple[QuotedNow, ...] | None = None,
) -> MemoryUnderAudit:
    """What the judges see of a row. NotInTime when its evidence can't be read."""
    if memory.evidence == [UNREADABLE]:
        raise NotInTime(_("Its evidence can't be read, so it could not be checked."))
    return MemoryUnderAudit(
        memory_id=memory.pk,
        version=memory.version,
        agent=memory.agent,
        kind=memory.kind,
        user_query=memory.user_query,
        agent_response=memory.agent_response,
        evidence=memory.evidence,
        neighbours=neighbours,
        answer=memory.answer,
        own_evidence=memory.source == Source.CHAT,
        quoted_now=quoted_now,
    )
