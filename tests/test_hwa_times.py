"""Times as HWA and its operators write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.hwa import times
from knowledge.hwa.spans import LEXICON, find_spans, words_in
from knowledge.hwa.times import find_times, read_moment
from tests.linear import assert_linear
from tws.hwa.schemas import JobInPlan
from tws.hwa.tolerance import understand

NO_DATES = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00",
    "1970-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "-0001-01-01T00:00:00Z",
    0,
    -62135596800000,
    253402300799000,
    "",
    "soon",
    True,
    {},
)


@pytest.mark.parametrize("value", NO_DATES)
def test_a_date_that_no_calendar_of_a_plan_holds_is_none(value):
    job, _ = understand(JobInPlan, {"name": "A", "schedTime": value})

    assert job.name == "A"
    assert job.sched_time is None


@pytest.mark.parametrize(
    "value",
    ["2026-11-25T02:00:00Z", "2026-11-25T02:00:00", "2026-11-24T23:00:00-03:00", 1795572000000],
)
def test_an_instant_in_any_of_the_ways_that_engines_write_it_is_read(value):
    job = JobInPlan.model_validate({"schedTime": value})

    assert job.sched_time == datetime(2026, 11, 25, 2, tzinfo=UTC)
    assert timezone.localtime(job.sched_time)


# --- in a text --------------------------------------------------------------------------------

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 25, 17, 30, tzinfo=SAO_PAULO)  # a Wednesday


def shown(moment: datetime | None) -> str:
    return moment.strftime("%m-%d %H:%M") if moment else "…"


def ranges(text: str, **options) -> list[str]:
    """`12-24 22:00` a moment, `from > until` a range."""
    found = [one.range for one in find_times(text, NOW, **options)]
    return [
        shown(one.since) if one.is_moment else f"{shown(one.since)} > {shown(one.until)}"
        for one in found
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # clocks
        ("o que falhou às 02:00?", "11-25 02:00"),
        ("às 2 da manhã", "11-25 02:00"),
        ("às duas horas", "11-25 02:00"),
        ("at 10pm", "11-24 22:00"),
        ("10 pm yesterday", "11-24 22:00"),
        ("meio-dia", "11-25 12:00"),
        ("desde meia noite e meia", "11-25 00:30 > …"),
        # a day and a clock
        ("ontem 22h", "11-24 22:00"),
        ("ontem às 22h30", "11-24 22:30"),
        ("22h de ontem", "11-24 22:00"),
        ("since yesterday 22:00", "11-24 22:00 > …"),
        ("na segunda às 10h", "11-23 10:00"),
        ("25/11/2026 às 14h30", "11-25 14:30"),
        ("2026-11-25T02:00", "11-25 02:00"),
        ("2026-11-25T02:00:00Z", "11-24 23:00"),
        # days and their parts
        ("hoje", "11-25 00:00 > 11-26 00:00"),
        ("anteontem", "11-23 00:00 > 11-24 00:00"),
        ("na madrugada", "11-25 00:00 > 11-25 06:00"),
        ("de madrugada", "11-25 00:00 > 11-25 06:00"),
        ("ontem de madrugada", "11-24 00:00 > 11-24 06:00"),
        ("ontem à noite", "11-24 18:00 > 11-25 00:00"),
        ("this morning", "11-25 06:00 > 11-25 12:00"),
        ("last night", "11-24 18:00 > 11-25 06:00"),
        ("tonight", "11-25 18:00 > 11-26 06:00"),
        ("quarta-feira", "11-25 00:00 > 11-26 00:00"),
        ("na sexta", "11-20 00:00 > 11-21 00:00"),
        ("segunda passada", "11-23 00:00 > 11-24 00:00"),
        ("last Wednesday", "11-18 00:00 > 11-19 00:00"),
        ("next Monday at 2 pm", "11-30 14:00"),
        ("Nov 20", "11-20 00:00 > 11-21 00:00"),
        ("20 de novembro", "11-20 00:00 > 11-21 00:00"),
        ("dia 30", "10-30 00:00 > 10-31 00:00"),
        ("13/11", "11-13 00:00 > 11-14 00:00"),
        ("11/13", "11-13 00:00 > 11-14 00:00"),
        # weeks, months
        ("esta semana", "11-23 00:00 > 11-30 00:00"),
        ("last week", "11-16 00:00 > 11-23 00:00"),
        ("mês passado", "10-01 00:00 > 11-01 00:00"),
        # from one to another
        ("falhas das 22h às 6h", "11-24 22:00 > 11-25 06:00"),
        ("das 8 às 10", "11-25 08:00 > 11-25 10:00"),
        ("entre 2h e 4h da manhã", "11-25 02:00 > 11-25 04:00"),
        ("between 2 and 4 am", "11-25 02:00 > 11-25 04:00"),
        ("entre 22h e meia noite de ontem", "11-24 22:00 > 11-25 00:00"),
        ("between 1 and 2 pm", "11-25 13:00 > 11-25 14:00"),
        ("das 2 às 4 da tarde", "11-25 14:00 > 11-25 16:00"),
        ("between 11 and 2 pm", "11-25 11:00 > 11-25 14:00"),
        ("since 2 hours", "11-25 15:30 > …"),
        ("08:00-10:00", "11-25 08:00 > 11-25 10:00"),
        ("ontem entre 22h e 23h", "11-24 22:00 > 11-24 23:00"),
        ("ontem das 22h às 2h", "11-24 22:00 > 11-25 02:00"),
        ("de segunda a quarta", "11-23 00:00 > 11-26 00:00"),
        # open at one end
        ("desde ontem", "11-24 00:00 > …"),
        ("a partir das 10", "11-25 10:00 > …"),
        ("after 18:00", "11-24 18:00 > …"),
        ("até as 6h", "… > 11-25 06:00"),
        ("before 6 am", "… > 11-25 06:00"),
        # counted from now
        ("últimas 3 horas", "11-25 14:30 > 11-25 17:30"),
        ("in the last two hours", "11-25 15:30 > 11-25 17:30"),
        ("na última hora", "11-25 16:30 > 11-25 17:30"),
        ("nos próximos 30 minutos", "11-25 17:30 > 11-25 18:00"),
        ("há 2 horas", "11-25 15:30"),
        ("2 hours ago", "11-25 15:30"),
        ("desde há duas horas", "11-25 15:30 > …"),
        ("daqui a meia hora", "11-25 18:00"),
        ("agora", "11-25 17:30"),
    ],
)
def test_times_of_both_languages_are_read(text, said):
    assert ranges(text) == [said]
    assert ranges(f"o job A1 {text}") == [said]


@pytest.mark.parametrize(
    "text",
    [
        "as 22 falhas",
        "rodando há mais de 2h",
        "running for more than 2 hours",
        "a segunda execução",
        "2 out of 3 jobs",
        "job 5 may fail",
        "chegou tarde",
        "boa noite",
        "RC 12 do JOB_2H na versão 10.2.8",
        "porta 31116 em 10.0.0.1",
        "31/31, 2026-13-40, 25:61",
        "mais de 3 e menos de 5",
    ],
)
def test_what_is_no_time_is_none(text):
    assert ranges(text) == []


def test_the_future_is_read_where_it_is_preferred():
    assert ranges("o que roda às 22h?", prefer="future") == ["11-25 22:00"]
    assert ranges("às 6h", prefer="future") == ["11-26 06:00"]
    assert ranges("na segunda", prefer="future") == ["11-30 00:00 > 12-01 00:00"]
    assert ranges("dia 20", prefer="future") == ["12-20 00:00 > 12-21 00:00"]
    assert ranges("das 22h às 6h", prefer="future") == ["11-25 22:00 > 11-26 06:00"]


def test_an_hour_is_an_hour_also_when_the_clock_was_put_forward():
    now = datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))

    (found,) = find_times("in the last hour", now)

    assert found.range.since == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now-1h", "11-25 16:30"),
        ("now", "11-25 17:30"),
        ("02:00", "11-25 02:00"),
        ("22h", "11-24 22:00"),
        ("yesterday 22:00", "11-24 22:00"),
        ("ontem 22h", "11-24 22:00"),
        ("today", "11-25 00:00"),
        ("2026-11-25T02:00:00Z", "11-24 23:00"),
        ("now-1h x", None),
        ("last 3 hours", None),
        ("22", None),
        ("", None),
    ],
)
def test_one_moment_as_a_query_writes_it(text, at):
    found = read_moment(text, NOW)

    assert (shown(found) if found else None) == at


MOMENTS = st.integers(13_146_000, 115_700_000).map(
    lambda minutes: datetime.fromtimestamp(60 * minutes, UTC)  # 1995 to 2189
)


@given(MOMENTS, MOMENTS)
def test_a_written_moment_is_read_back_whatever_the_time_is_now(moment, now):
    for written in (moment.isoformat(), f"{moment:%Y-%m-%d} {moment:%H:%M}"):
        assert read_moment(written, now) == moment
    assert read_moment(f"{moment:%d/%m/%Y} às {moment:%Hh%M}", now) == moment


@given(st.text(max_size=80), MOMENTS)
def test_no_text_breaks_the_reader(text, now):
    for found in find_times(text, now):
        assert 0 <= found.start < found.end <= len(text)
        since, until = found.range.since, found.range.until
        assert since is None or until is None or since <= until


WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        "ontem às 22h até desde segunda 25/11 3 horas last next between and de a 10 pm now ago há"
        " meia noite madrugada dia e da manhã 02:00 - 99 9999999 hours week passada may out",
    )
)


@given(st.lists(WORDS, max_size=12).map(" ".join), MOMENTS)
def test_no_row_of_time_words_breaks_the_reader(text, now):
    for found in find_times(text, now):
        since, until = found.range.since, found.range.until
        assert since is None or until is None or since <= until


# --- lengths of time --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2h", [120]),
        ("rodando há mais de 2h30", [150]),
        ("1h 20min", [80]),
        ("90 minutos ou duas horas", [90, 120]),
        ("uma hora e meia", [90]),
        ("half an hour, an hour and a half", [30, 90]),
        ("1,5 hora", [90]),
        ("2 horas e 10 minutos", [130]),
        ("the last 3 hours", [180]),
        ("trezentos minutos", [300]),
        ("JOB2H, 10.2.8, RC 12, 3 jobs, A-2h", []),
        ("99999999999999999999 horas, 0 min", []),
    ],
)
def test_lengths_of_time_are_read(text, minutes):
    assert [one.span for one in find_spans(text)] == [timedelta(minutes=m) for m in minutes]


WORDS_OF_TIME = sorted(
    {*words_in(LEXICON)}
    | {"às", "à", "22h", "2h30", "22:00", "25/11", "duas", "três", "twenty", "falhas", "5"}
)


@example("falhas de duas horas atrás")
@example("twelve hours ago")
@example("mondays")
@given(st.lists(st.sampled_from(WORDS_OF_TIME), min_size=1, max_size=6).map(" ".join))
def test_no_time_is_lost_to_the_words_that_are_passed_over(text):
    with mock.patch.object(times._Reader, "_may_open", lambda *_: True):
        every_word_tried = find_times(text, NOW)

    assert find_times(text, NOW) == every_word_tried


@pytest.mark.parametrize(
    "unit", ["1h e ", "às 2 ", "desde ", "de segunda a ", "ha ", "22:", "1/", "e meia "]
)
def test_a_hostile_text_takes_linear_time(unit):
    assert_linear(lambda text: find_times(text, NOW), unit, size=40_000)
