"""What follows an answer leans on it, or is asked back about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from knowledge.hwa.statuses import OPEN_GROUPS
from tests.test_understanding import asked, conditions, plan  # noqa: F401 (the plan is a fixture)
from tws.answers.understanding.about import OF_A_RUN
from tws.answers.understanding.asked import AskBack, Impact, NotUnderstood, Thing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("listed", "field"),
    [
        ("jobs do usuario folha", "login"),
        ("critical jobs", "critical"),
        ("jobs na FTA1", "workstation"),
    ],
)
def test_how_many_failed_is_asked_of_what_was_listed(listed, field):
    assert field in conditions("quantos falharam?", last=asked(listed))


def test_how_many_jobs_run_is_asked_of_the_station_just_spoken_of():
    station = asked("status da FTA1")

    assert conditions("quantos jobs rodando?", last=station)["workstation"] == ("=", "FTA1")
    assert "workstation" not in conditions("quantos jobs rodando?", last=asked("jobs na FTA1"))


def test_anything_on_a_station_narrows_what_was_listed():
    late = asked("what is late?")

    assert conditions("anything on FTA1?", last=late).keys() == {"late", "group", "workstation"}


def test_which_one_failed_lists_it():
    counted = asked("quantos jobs terminaram na FTA1?")

    assert asked("qual falhou?", last=counted).asked.focus == "list"
    assert conditions("qual falhou?", last=counted)["workstation"] == ("=", "FTA1")


def test_those_of_the_one_that_has_most_are_listed_alone():
    most = asked("qual stream tem mais jobs atrasados?")

    shown = replace(most, shown=(Thing("stream", "PAYROLL"),))

    assert conditions("lista eles", last=shown)["stream"] == ("=", "PAYROLL")
    assert isinstance(asked("lista eles", last=most).asked, NotUnderstood)


def test_the_first_of_a_job_s_runs_is_a_run():
    job = (Thing("job", "PAYROLL_CALC"),)
    rerun = replace(asked("PAYROLL_CALC foi reexecutado?"), shown=job)

    first = asked("a primeira deu qual rc?", last=rerun)

    assert (first.asked.fields, first.asked.run) == (("return_code",), "first")
    assert asked("e a última?", last=replace(first, shown=job)).asked.run == "last"
    assert asked("log da primeira", last=replace(first, shown=job)).asked.run == "first"
    assert asked("e a primeira?", last=rerun).asked.fields == OF_A_RUN
    assert isinstance(asked("rc da segunda?", last=rerun).asked, NotUnderstood)


@pytest.mark.parametrize("text", ["como tá a folha?", "a folha já rodou?"])
def test_how_a_user_s_jobs_are_is_told_as_a_whole(text):
    found = asked(text).asked

    assert (found.focus, found.query.group_by) == ("groups", ["group"])
    assert conditions(text) == {"login": ("=", "folha")}
    assert asked("jobs da folha").asked.focus == "list"
    assert "late" in conditions("atrasados da folha")


def test_what_is_left_of_a_stream_is_what_is_not_done():
    found = asked("o que falta?", last=asked("status of PAYROLL")).asked

    assert (found.query.entity, found.query.where[0].value) == ("jobs", "PAYROLL")
    assert set(found.query.where[1].value) == set(OPEN_GROUPS)


def test_what_is_up_after_a_place_was_told_is_that_place():
    place = asked("onde roda o PAYROLL_CALC?")

    assert asked("ela está no ar?", last=place).asked.object.name == "FTA1"


def test_what_a_station_is_running_are_jobs():
    assert conditions("o que a FTA1 está executando?").keys() == {"workstation", "group"}


def test_which_jobs_are_those_of_the_streams_that_were_listed():
    failed = replace(asked("streams em erro"), shown=(Thing("stream", "PAYROLL"),))

    found = conditions("quais jobs?", last=failed)

    assert found == {"stream": ("=", "PAYROLL"), "group": ("=", "failed")}
    page = failed.asked.query.model_copy(update={"after": "t"})
    cut = replace(failed, asked=replace(failed.asked, query=page))
    assert isinstance(asked("quais jobs?", last=cut).asked, NotUnderstood)


def test_where_the_one_that_was_found_lies_is_asked_of_it():
    last = replace(asked("qual foi a última falha?"), shown=(Thing("job", "PAYROLL_CALC"),))

    where = asked("em que estação?", last=last)

    assert (where.asked.object.name, where.asked.fields) == ("PAYROLL_CALC", ("workstation",))
    assert asked("tem outras lá?", last=where).asked == AskBack("what")


def test_how_long_a_job_took_may_be_asked_around_its_name():
    assert asked("quanto o PAYROLL_CALC demorou?").asked.fields == ("elapsed_minutes",)


def test_both_is_no_number_and_who_waits_for_it_is_what_follows():
    codes = asked("jobs with rc 8")

    assert not isinstance(asked("both", last=codes).asked, type(codes.asked))
    follows = asked("alguém tá esperando por ele?", last=asked("status of PAYROLL_CALC")).asked
    assert isinstance(follows, Impact) and follows.direct


def test_a_code_that_is_a_part_of_its_group_is_that_part():
    assert conditions("jobs in FAIL") == {"status": ("=", "FAIL")}
    assert conditions("jobs em FENCE ou WAIT") == {"status": ("in", ["FENCE", "WAIT"])}
    assert conditions("jobs em HOLD") == {"group": ("=", "waiting")}
    assert conditions("JOBS THAT FAIL") == {"group": ("=", "failed")}


def test_when_a_job_failed_is_asked_of_the_run_that_did():
    assert asked("when did PAYROLL_CALC fail?").asked.run == "failed"
    assert asked("PAYROLL_CALC falhou com que rc?").asked.run == "failed"
    assert asked("when did PAYROLL_CALC end?").asked.run is None


def test_another_run_than_the_last_is_told_by_its_own_values():
    found = asked("penúltima execução do PAYROLL_CALC").asked

    assert (found.run, found.fields) == ("previous", OF_A_RUN)
