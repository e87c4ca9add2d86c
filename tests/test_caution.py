"""The caution level: what a threshold would handle alone, and how often wrongly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audits import caution, review
from audits.caution import Alone, levels
from audits.models import AuditRecord
from tests.factories import make_memory, make_record
from tests.test_console_reading import Words

PAGE = "/admin/audits/auditrecord/caution/"


def test_a_level_counts_what_it_would_do_a_day_and_what_people_said_of_such() -> None:
    scores = sorted([0.55] * 30 + [0.82] * 20 + [0.97] * 10)
    decided = [(0.97, True)] * 48 + [(0.97, False)] * 2 + [(0.82, True)] * 5 + [(0.82, False)] * 5

    found = {level.threshold: level for level in levels(scores, 10.0, decided)}

    assert [found[t].alone.a_day for t in (0.5, 0.8, 0.85, 0.95)] == [6.0, 3.0, 1.0, 1.0]
    assert (found[0.85].alone.right, found[0.85].alone.decided) == (48, 50)
    assert (found[0.8].alone.right, found[0.8].alone.decided) == (53, 60)
    assert [level.threshold for level in found.values() if level.is_set] == [0.85]
    low, high = found[0.85].alone.precision  # Wilson: 48 of 50
    assert (round(low, 3), round(high, 3)) == (0.865, 0.989)
    assert [round(one, 3) for one in found[0.85].alone.wrongly] == [0.011, 0.135]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_a_higher_threshold_never_does_more_alone(decided) -> None:
    found = levels(sorted(score for score, _ in decided), 1.0, decided)

    assert [one.alone.a_day for one in found] == sorted(
        (one.alone.a_day for one in found), reverse=True
    )
    for one in found:
        fewest, most = one.alone.wrongly
        assert 0 <= fewest <= most <= one.alone.a_day


def test_what_nobody_decided_on_may_be_wholly_wrong() -> None:
    assert Alone(4.0, 0, 0).wrongly == (0.0, 4.0)


@pytest.mark.parametrize(("right", "suffices"), [(72, False), (73, True)])
def test_a_level_is_proven_by_the_lower_end_of_its_interval(right, suffices) -> None:
    (level,) = [one for one in levels([], 1.0, [(0.99, True)] * right) if one.is_set]

    assert level.suffices == suffices  # 72 of 72: 0.949; 73 of 73: 0.950


@pytest.mark.django_db
def test_the_page_says_which_judge_acts_alone_and_what_that_costs(reviewer, client: Client) -> None:
    judged_at = timezone.now()
    for number in range(6):
        record = make_record(
            "quarantined", make_memory(f"{number}?"), judge="rules", raw_confidence=0.9,
            judged_at=judged_at, created_at=judged_at - timedelta(days=2),
        )  # fmt: skip
        if number < 4:
            review.decide(record.memory_id, "reject" if number else "approve", reviewer)
    cleared = make_record("cleared", make_memory("cleared?"), judge="claims", judged_at=judged_at)
    review.decide(cleared.memory_id, "approve", reviewer)
    client.force_login(reviewer)

    words = str(Words(client.get(PAGE).content.decode())).partition("Rules quarantines")[2]

    assert "85% set 3.0 0.1 – 2.1 30% – 95% 3 / 4" in words
    assert words.startswith(" alone")
    assert "LLM only brings a person" in words
    assert (caution.cleared().right, caution.cleared().decided) == (1, 1)
    assert AuditRecord.objects.count() == 7


@pytest.mark.django_db
def test_operators_do_not_see_it(operator, client: Client) -> None:
    client.force_login(operator)

    assert client.get(PAGE).status_code == 302
