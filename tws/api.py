"""REST paths of the agents and of the plan's summary."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest
from ninja import Router, Schema

from knowledge.api import answers, require
from knowledge.hwa.statuses import GROUP_OF_CODE
from tws.answers.agents import agent_manager
from tws.models import Agent
from tws.plan.query import PlanQuery, answer


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
    """The plan as HWA told it at `fetched_at`."""

    engine: str
    fetched_at: datetime
    simulated: bool
    jobs: JobCounts


@router.get("/agents", response=answers(Agents))
def agents(request: HttpRequest) -> dict[str, object]:
    """The agents that answer in the chat."""
    return {"items": Agent.objects.filter(is_active=True)}


@router.post("/plan/query", response=answers(dict[str, Any], 404, 413, 502))
def plan_query(request: HttpRequest, query: PlanQuery) -> dict[str, Any]:
    """One typed question over the plan, answered as the chat has it. 422 for unknown words."""
    require(request, "tws.use_chat", "audits.view_auditrecord")
    return answer(query)


@router.get("/status", response=answers(Status, 404, 502))
def status(request: HttpRequest, engine: str = "") -> Status:
    """A summary of the plan of one engine, by default the first. 503 when HWA does not answer."""
    # Sync, because who calls is asked in the database; the clients live in the event loop.
    return async_to_sync(_read)(engine)


async def _read(engine: str) -> Status:
    try:
        client = await agent_manager().tws_client(engine)
    except KeyError:
        raise UnknownEngine(engine) from None
    counted = await client.count_jobs("status")
    by_status = {
        name.removeprefix("/"): count for name, count in counted.value.grouped_count.items()
    }
    by_group: dict[str, int] = {}
    for name, count in by_status.items():
        group = GROUP_OF_CODE.get(name.upper(), name)
        by_group[group] = by_group.get(group, 0) + count
    return Status(
        engine=counted.engine,
        fetched_at=counted.fetched_at,
        simulated=await client.is_simulated(),
        jobs=JobCounts(total=counted.value.count, by_status=by_status, by_group=by_group),
    )
