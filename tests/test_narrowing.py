"""A question asked again less one of its conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chat_client import ENDS, Chat
from tests.fake_agent import FakeAgents, words
from tws.answers.understanding.asked import Ask, Summary, Understood
from tws.answers.understanding.narrowing import NoSuchCondition, removable, without
from tws.plan.query import PlanQuery

FAILED = {"field": "group", "op": "=", "value": "failed"}
OF_A = {"field": "stream", "op": "=", "value": "A"}
SINCE = {"field": "end", "op": ">=", "value": "2026-03-02T02:00:00-03:00"}
UNTIL = {"field": "end", "op": "<", "value": "2026-03-02T06:00:00-03:00"}
EITHER = {"any": [{"field": "late", "value": True}, {"field": "critical", "value": True}]}


def asked(*where: dict[str, Any], parts: tuple[str, ...]) -> Understood:
    query = PlanQuery.model_validate({"entity": "runs", "where": where, "after": "a token"})
    return Understood(Ask(query), "en", "what failed in A?", parts, ("friday",))


WHOLE = asked(
    SINCE, FAILED, EITHER, OF_A, UNTIL,
    parts=("runs", "ended in error", "job stream A", "02:00-06:00", "late / critical"),
)  # fmt: skip


def conditions(understood: Understood) -> list[Any]:
    assert isinstance(understood.asked, Ask)
    return understood.asked.query.model_dump(mode="json")["where"]


def test_each_condition_can_be_left_out_and_nothing_else() -> None:
    assert removable(WHOLE) == [1, 2, 3, 4]
    assert removable(replace(WHOLE, asked=Summary())) == []


def test_what_a_model_said_of_a_question_has_no_parts_to_leave_out() -> None:
    assert removable(replace(WHOLE, parts=("What failed in A?",))) == []
    assert removable(replace(WHOLE, parts=("a", "b", "c", "d", "e"))) == []


@pytest.mark.parametrize(
    ("part", "left"),
    [
        (1, [SINCE, EITHER, OF_A, UNTIL]),
        (2, [SINCE, FAILED, EITHER, UNTIL]),
        (3, [FAILED, EITHER, OF_A]),
        (4, [SINCE, FAILED, OF_A, UNTIL]),
    ],
)
def test_a_part_takes_just_its_conditions_with_it(part: int, left: list[Any]) -> None:
    wider = without(WHOLE, part)

    assert len(conditions(wider)) == len(left)
    assert conditions(wider) == [one for one in conditions(WHOLE) if fits(one, left)]
    assert isinstance(wider.asked, Ask)
    assert wider.asked.query.after == ""
    assert wider.unused == ()
    assert wider.standing == ", ".join(wider.parts)


def fits(one: dict[str, Any], left: list[Any]) -> bool:
    return any(
        one.get("field") == two.get("field") and one.get("op") == two.get("op") for two in left
    )


@pytest.mark.parametrize("part", [0, 5, 99])
def test_other_parts_are_refused(part: int) -> None:
    with pytest.raises(NoSuchCondition):
        without(WHOLE, part)


@pytest.mark.django_db(transaction=True)
async def test_only_a_question_of_the_same_conversation_is_asked_again(
    operator: Any, agents: FakeAgents
) -> None:
    agents.script = words("Two.", understood=WHOLE)
    async with Chat(operator) as chat, Chat(operator) as other:
        await chat.send("message", text="what failed in A?", client_id="c1")
        run_id = (await chat.until(*ENDS))[-1]["run_id"]
        await other.send(
            "message", text="runs", client_id="c2", without={"run_id": run_id, "part": 1}
        )
        refused = await other.receive()
        await chat.send(
            "message", text="runs", client_id="c3", without={"run_id": run_id, "part": 1}
        )
        again = await chat.until(*ENDS)

    assert (refused["code"], refused["client_id"]) == ("not_found", "c2")
    assert again[-1]["type"] == "message"
    assert len(conditions(agents.taken)) == 4
