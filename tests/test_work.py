"""The overview: what is to be done, and what happened in a stretch of days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from audits import decisions, review, work
from audits.console import dashboard
from audits.console.charts import curve, shares, stacked
from audits.decisions import Move
from audits.heartbeats import beat
from audits.models import AuditRecord, Heartbeat
from audits.work import Days
from knowledge.llm.models import LLMUsage
from knowledge.models import Memory, MemoryUse
from tests.factories import make_memory, make_record
from tests.test_console_reading import Words

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """`clock(days)`: so many days before NOW it is now."""

    def set_to(days: float = 0) -> datetime:
        moment = NOW - timedelta(days=days)
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
        return moment

    return set_to


# --- days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2026-11-01", "2026-11-05", ("2026-11-01", "2026-11-05")),
        ("2026-11-18", "", ("2026-11-18", "2026-11-20")),
        ("", "", ("2026-11-07", "2026-11-20")),
        ("2026-11-09", "2026-11-05", ("2026-10-23", "2026-11-05")),
        ("1999-01-01", "2026-11-20", ("2026-11-07", "2026-11-20")),
        ("2026-11-18", "2999-01-01", ("2026-11-18", "2026-11-20")),
        ("'; --", "0001-01-01", ("2026-11-07", "2026-11-20")),
    ],
)
def test_days_are_read_as_they_are_said_or_a_fortnight(first, last, found, clock) -> None:
    clock()

    days = Days.read(first, last)

    assert (str(days.first), str(days.last)) == found
    assert days.since < days.until


# --- drawing --------------------------------------------------------------------------------------


def test_the_longest_row_is_full_width_and_each_count_stands_beside_it() -> None:
    chart = stacked("day", [("a", "A"), ("b", "B")], [("Mon", [1, 3]), ("Tue", [0, 2])])

    assert chart.headings == ("day", "A", "B")
    assert [sum(bar.width for bar in row.bars) for row in chart.rows] == [100, 50]
    assert [row.figures for row in chart.rows] == [("1", "3"), ("0", "2")]


def test_a_share_is_drawn_with_its_interval() -> None:
    (row,) = shares(("judge", "right"), [("rules", 3, 4, (0.3, 0.95))]).rows

    assert (row.bars[0].width, row.whisker, row.figures) == (75, (30, 95), ("75% (3/4)",))


@pytest.mark.parametrize("values", [[], [0], [3], [0, 0], [1, 4, 2]])
def test_a_curve_stays_within_its_picture(values) -> None:
    drawn = curve([(str(n), value) for n, value in enumerate(values)])

    for point in drawn.line.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 100
        assert 0 <= y <= 40
    assert [n for _day, n in drawn.rows] == [str(value) for value in values]


# --- figures --------------------------------------------------------------------------------------


def moved(record: AuditRecord, was: str, becomes: str) -> None:
    decisions.append([Move(record.memory, "flag", was, becomes, "new", "suspect")])


@pytest.mark.django_db
def test_what_waited_each_day_is_counted_back_from_now(clock, reviewer) -> None:
    records = []
    for number, days in enumerate([5, 3, 3, 0]):
        created_at = clock(days)
        records.append(make_record("pending", make_memory(f"{number}?"), created_at=created_at))
        moved(records[-1], "running", "pending")
    clock(2)
    review.decide(records[1].memory_id, "reject", reviewer)
    clock(1)
    review.undo(records[1].memory_id, reviewer)
    clock()

    found = work.waiting_by_day(Days(date(2026, 11, 14), date(2026, 11, 20)))

    assert [n for _day, n in found] == [0, 1, 1, 3, 2, 3, 4]
    assert work.waiting_by_day(Days(date(2026, 11, 16), date(2026, 11, 17))) == found[2:4]
    assert work.oldest_waiting() == records[0]


@pytest.mark.django_db
def test_decisions_are_told_apart_by_reviewer_with_how_long_they_took(
    clock, reviewer, admin_user
) -> None:
    acts = [
        (reviewer, "approve", None, 1), (reviewer, "approve", "Use conman.", 3),
        (admin_user, "reject", None, 9), (reviewer, "reject", None, 5),
    ]  # fmt: skip
    for number, (by, action, text, hours) in enumerate(acts):
        judged_at = clock() - timedelta(hours=hours)
        record = make_record("pending", make_memory(f"{number}?"), judged_at=judged_at)
        review.decide(record.memory_id, action, by, corrected_response=text)

    found = work.decided(Days.read("", ""))

    own, other = work.by_reviewer(found)
    assert (own.by, own.approved, own.corrected, own.rejected) == ("reviewer", 1, 1, 1)
    assert (own.waited, other.waited) == (timedelta(hours=3), timedelta(hours=9))
    assert work.waited(found) == timedelta(hours=4)
    assert work.waited([]) is None
    assert work.decided(Days(date(2026, 11, 1), date(2026, 11, 2))) == []


@pytest.mark.django_db
def test_answers_that_rest_on_what_a_person_approved_are_counted_once() -> None:
    approved, cleared = make_memory("approved?"), make_memory("cleared?")
    Memory.objects.filter(pk=approved.pk).update(trust="trusted")
    Memory.objects.filter(pk=cleared.pk).update(trust="cleared")
    answers = [make_memory(f"{n}?") for n in range(3)]
    for memory, answer in ((approved, 0), (approved, 0), (cleared, 1)):
        MemoryUse.objects.create(memory=memory, version=1, how="quoted", answer=answers[answer])

    assert work.answers_by_reviewed(Days.read("", "")) == (1, 5)


@pytest.mark.django_db
def test_what_is_to_be_done_comes_worst_first(reviewer) -> None:
    assert dashboard.tasks() == []
    long_ago = timezone.now() - timedelta(days=9)
    make_record("pending", make_memory("a?"), why="junk", created_at=long_ago)
    make_record("failed", make_memory("b?"), why="failed")
    make_record("pending", make_memory("c?"), why="danger", weight=8)
    beat("w", trouble="the index is away")

    found = dashboard.tasks()

    assert [str(task.what) for task in found] == [
        "The auditor is in trouble: w: the index is away", "Dangerous advice", "Overdue",
        "Could not be judged", "wait for a decision",
    ]  # fmt: skip
    assert [task.count for task in found] == ["", "1", "1", "1", "3"]
    Heartbeat.objects.update(beat_at=long_ago)
    assert "no auditor has been heard of since" in str(dashboard.tasks()[0].what)


@pytest.mark.django_db
def test_the_overview_shows_the_days_that_were_asked_for(reviewer, client: Client) -> None:
    today = timezone.localdate()
    for back, cost in ((0, 1.5), (1, 2.25), (60, 4)):
        day = today - timedelta(days=back)
        LLMUsage.objects.create(day=day, purpose="judge", model="m-1", calls=3, cost=cost)
    client.force_login(reviewer)

    words = str(Words(client.get("/admin/").content.decode()))
    longer = str(Words(client.get(f"/admin/?from={today - timedelta(days=89)}").content.decode()))

    assert "judge m-1 6 0 0 0 0 3.75" in words
    assert "judge m-1 9 0 0 0 0 7.75" in longer
    assert client.get("/admin/?from=x&to=%27").status_code == 200


@pytest.mark.django_db
def test_on_a_phone_each_figure_of_a_wide_table_has_its_heading_beside_it(
    reviewer, client: Client
) -> None:
    make_record("rejected", make_memory("q?"), reviewer=reviewer, reviewed_at=timezone.now())
    LLMUsage.objects.create(day=timezone.localdate(), purpose="judge", model="m-1", cost=1)
    client.force_login(reviewer)

    text = client.get("/admin/").content.decode()
    text += client.get("/admin/audits/auditrecord/caution/").content.decode()

    tables = re.findall(r"<table.*?</table>", text, re.S)
    wide = [one for one in tables if one.count('scope="col"') > 2 and "rc-chart" not in one]
    assert len(wide) == 2 + 3  # who decided, what the LLM cost; caution, by judge
    for table in wide:
        assert "rc-stack" in table
        headings = re.findall(r'<th scope="col">(.*?)</th>', table)
        rows = table.count("<tr") - 1
        assert re.findall(r'<td data-label="(.*?)">', table) == rows * headings[1:]
        assert table.count("<td") == rows * (len(headings) - 1)
