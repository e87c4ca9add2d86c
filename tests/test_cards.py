"""Cards: what there is to know of one object, part by part, and what is asked from there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from tests.plan_reading import MovedSimulator, moved_simulator
from tests.test_toolkit import Asking
from tws.answers.toolkit import NotThere
from tws.answers.understanding.asked import Thing
from tws.answers.understanding.understanding import understand
from tws.chat.cards import PARTS, Card, Part
from tws.chat.showing.page_words import answer_strings
from tws.database import in_database
from tws.plan.models import PlanJob

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def hwa() -> Iterator[MovedSimulator]:
    with moved_simulator(seed=11) as simulator:
        yield simulator


async def nothing(question: str, limit: int) -> list[Any]:
    return []


def a_job(group: str) -> PlanJob:
    job = PlanJob.objects.filter(group=group).order_by("hwa_id").first()
    assert job is not None
    return job


async def test_a_card_tells_how_a_job_is_and_each_part_of_it(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, "failed")
        thing = Thing("job", job.name)
        of = {
            part: await Card(asking.toolkit(), thing, "en", nothing).part(part)
            for part in get_args(Part)
        }

    state = of["state"]
    assert state["thing"]["name"] == job.name
    assert state["status"]["group"]
    assert state["parts"] == PARTS["job"]
    assert {"job stream", "workstation"} <= {one["heading"] for one in state["values"]}
    assert all(of[part]["html"] for part in PARTS["job"])
    assert all(of[part]["sources"] for part in PARTS["job"])


async def test_a_card_of_a_name_that_is_not_in_the_plan_is_none(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        with pytest.raises(NotThere):
            await Card(asking.toolkit(), Thing("job", "X", "no-such-id"), "en", nothing).part(
                "state"
            )


@pytest.mark.parametrize(("code", "language"), [("en", "en"), ("pt-br", "pt")])
async def test_the_questions_of_a_card_are_understood_as_they_are_meant(
    hwa: MovedSimulator, code: str, language: str
) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job, "failed")
        with translation.override(code):
            texts = answer_strings()["next"]
        name = f"{job.stream_name}.{job.name}"
        wanted = {
            "log": "log", "why_failed": "about", "why_waits": "about", "holds_up": "impact",
            "compare": "compare_runs",
        }  # fmt: skip
        taken = {
            key: await in_database(
                understand,
                texts[key].format(name=name),
                now=timezone.now(),
                zone=ZoneInfo("America/Sao_Paulo"),
                engine=asking.engine.name,
            )
            for key in wanted
        }

    assert {key: one.asked.type for key, one in taken.items()} == wanted
    assert {one.language for one in taken.values()} == {language}
    assert {one.asked.object.name for one in taken.values()} == {job.name}
    assert not any(one.unused for one in taken.values())
