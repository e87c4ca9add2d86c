"""What was understood is stored with the message, and read back the same."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tws.answers.understanding import asked
from tws.answers.understanding.asked import (
    Understood,
    UnderstoodMalformed,
    read_understood,
    understood_json,
)
from tws.plan.query.asked import PlanQuery

THING = asked.Thing("job", "PAYROLL_CALC", "0AAA;1", "PAYROLL", "FTA1")
QUERY = PlanQuery.model_validate(
    {
        "entity": "runs",
        "where": [
            {"field": "group", "value": "failed"},
            {"any": [{"field": "end", "op": "between", "value": ["02:00", "06:00"]}]},
        ],
        "order_by": ["-end"],
    }
)
EVERY_TYPE = [
    asked.Ask(QUERY, "share", ("end",), QUERY, every=True),
    asked.About(THING, "value", ("priority",), "first"),
    asked.LogOf(THING),
    asked.Impact(THING, direct=True),
    asked.Before(THING),
    asked.CompareRuns(THING),
    asked.CompareDays(date(2026, 11, 25), date(2026, 11, 24)),
    asked.Summary(),
    asked.Engine(("version",)),
    asked.More(asked.Ask(QUERY)),
    asked.Define(("ABENP", "limit")),
    asked.Knowledge((THING,)),
    asked.Order("rerun", THING),
    asked.SmallTalk("thanks"),
    asked.CannotKnow("metrics", THING),
    asked.AskBack("which_one", (THING, THING)),
    asked.NotFound("ZZ"),
    asked.NotUnderstood(),
    asked.NotUnderstood(("frobbed",), "which jobs failed?", asked.Ask(QUERY)),
]


@pytest.mark.parametrize("one", EVERY_TYPE, ids=lambda one: one.type)
@given(standing=st.text(), unused=st.lists(st.text()).map(tuple))
def test_what_was_understood_is_read_back_as_it_was_stored(one, standing, unused):
    understood = Understood(one, "pt", standing, ("jobs", "hoje"), unused, (THING,))

    stored = json.loads(json.dumps(understood_json(understood)))

    assert read_understood(stored) == understood


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"asked": {"type": "drop"}, "language": "pt", "standing": ""},
        {"asked": {"type": "ask", "query": {"entity": 3}}, "language": "pt", "standing": ""},
        {"asked": {"type": "summary"}, "language": "de", "standing": ""},
    ],
)
def test_what_nobody_understood_is_refused_when_it_is_read(value):
    with pytest.raises(UnderstoodMalformed):
        read_understood(value)
