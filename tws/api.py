"""REST paths of the agents and of the plan's summary."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from knowledge.api import problems, require
from tws.hwa.engines import configured_engines
from tws.hwa.errors import TWSUnavailable
from tws.models import Agent
from tws.plan.glance import job_counts
from tws.plan.models import PlanEngine, PlanJob
from tws.plan.query import PlanQuery


class UnknownEngine(Exception):
    """No engine of that name is configured."""


router = Router(tags=["agents and plan"])


class AgentItem(Schema):
    id: str
    name: str
    role: str
    goal: str
    languages: list[str]

    @staticmethod
    def resolve_id(agent: Agent) -> str:
        return agent.slug


class Agents(Schema):
    items: list[AgentItem]


class JobCounts(Schema):
    """`by_status` counts HWA's own statuses, `by_group` the words that people use for them."""

    total: int | None
    by_status: dict[str, int]
    by_group: dict[str, int]


class Status(Schema):
    """The plan as HWA told it at `fetched_at`.

    `backup` is the host that answers in place of the engine's first one, "" when that answers.
    """

    engine: str
    fetched_at: datetime
    simulated: bool
    backup: str
    jobs: JobCounts


@router.get("/agents", response=Agents, openapi_extra=problems())
def agents(request: HttpRequest) -> dict[str, object]:
    """The agents that answer in the chat."""
    return {"items": Agent.objects.filter(is_active=True)}


_ASKED = {
    "entity": "jobs",
    "where": [{"field": "group", "op": "=", "value": "failed"}],
    "order_by": ["-end"],
}
_EXAMPLE = {"requestBody": {"content": {"application/json": {"example": _ASKED}}}}


@router.post(
    "/plan/query", response=dict[str, Any], openapi_extra=_EXAMPLE | problems(404, 413, 502)
)
def plan_query(request: HttpRequest, query: PlanQuery) -> dict[str, Any]:
    """One typed question over the plan, answered as the chat has it. 422 for unknown words."""
    from tws.plan.query import answer  # with its catalogue: not for every command

    require(request, "tws.use_chat", "audits.view_auditrecord")
    return answer(query)


@router.get("/status", response=Status, openapi_extra=problems(404))
def status(request: HttpRequest, engine: str = "") -> Status:
    """A summary of the plan of one engine, by default the first. 503 when it is not current."""
    engines = [one.name for one in configured_engines()]
    if engine and engine not in engines:
        raise UnknownEngine(engine)
    plan = PlanEngine.of(engine or (engines[0] if engines else "HWA"))
    if not plan.is_current or plan.fetched_at is None:
        raise TWSUnavailable(plan.why_not_current)
    counts = job_counts(PlanJob.objects.filter(engine=plan.name))
    return Status(
        engine=plan.name,
        fetched_at=plan.fetched_at,
        simulated=plan.simulated,
        backup=plan.backup,
        jobs=JobCounts(total=counts.total, by_status=counts.by_status, by_group=counts.by_group),
    )
