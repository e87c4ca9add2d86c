"""The one table of HWA's statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from knowledge.hwa.statuses import (
    GROUPS,
    OPEN_GROUPS,
    STATUSES,
    SUBSTATUSES,
    find_statuses,
    group_of,
    wording,
)
from tests.linear import assert_linear
from tws.hwa.schemas import JobInPlan, JobRun, JobStreamInPlan

CONTRACT = json.loads((Path(__file__).parent / "hwa_contract.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("phrase", "group"),
    [
        ("terminou com sucesso", "success"),
        ("acabou bem", "success"),
        ("was successful", "success"),
        ("os dois abendaram", "failed"),
        ("it failed", "failed"),
        ("terminou com erro", "failed"),
        ("está em execução", "running"),
        ("is in progress", "running"),
        ("aguardando", "waiting"),
        ("is on hold", "waiting"),
        ("está pronto", "ready"),
        ("o stream travado", "stuck"),
        ("foi cancelado", "cancelled"),
        ("was suppressed", "suppressed"),
        ("ficou indeciso", "undecided"),
        ("em HOLD", "waiting"),
        ("(ABENP)", "failed"),
    ],
)
def test_status_words_of_both_languages_are_found(phrase, group):
    assert [word.group for word in find_statuses(phrase)] == [group]


def test_a_status_written_as_hwa_writes_it_keeps_its_code():
    (word,) = find_statuses("Há 3 jobs em ABEND.")

    assert (word.group, word.code) == ("failed", "ABEND")


def test_status_words_inside_object_names_are_no_statuses():
    assert find_statuses("O job FAIL_CHECK e o HOLD_X01") == []


# --- the table ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("SUCC", "success"),
        ("SUCCP", "success"),
        ("END", "success"),
        ("COMPLT", "success"),
        ("ABEND", "failed"),
        ("ABENP", "failed"),
        ("FAIL", "failed"),
        ("ERROR", "failed"),
        ("INTRPT", "failed"),
        ("EXEC", "running"),
        ("INTRO", "running"),
        ("STARTED", "running"),
        ("HOLD", "waiting"),
        ("WAIT", "waiting"),
        ("FENCE", "waiting"),
        ("ARRVING", "waiting"),
        ("PENDPRED", "waiting"),
        ("EXTRN", "waiting"),
        ("SCHED", "waiting"),
        ("ADD", "waiting"),
        ("READY", "ready"),
        ("NONREPPRED", "ready"),
        ("STUCK", "stuck"),
        ("CANCL", "cancelled"),
        ("CANCLP", "cancelled"),
        ("SUPPR", "suppressed"),
        ("PEND", "undecided"),
        ("SUSP", "undecided"),
        ("UNDCDED", "undecided"),
        ("DONE", "undecided"),
        ("WAITING", "waiting"),
        ("SUCCESSFUL", "success"),
        ("CANCELED", "cancelled"),
        ("BLOCKED", "stuck"),
    ],
)
def test_each_status_belongs_to_one_group(code, group):
    assert group_of(code) == group
    assert group_of(code.lower()) == group


def test_the_table_holds_every_status_that_the_api_describes():
    schemas = CONTRACT["components"]["schemas"]
    described = {
        "job": set(schemas["JobInPlanStatus"]["enum"]),
        "stream": set(schemas["JobStreamInPlanStatus"]["enum"]),
        "common": set(schemas["CommonStatusV2"]["enum"]),
    }

    for kind, codes in described.items():
        assert {code for code, one in STATUSES.items() if kind in one.of} == codes
    assert set(SUBSTATUSES) == {
        *schemas["JobInPlanSubStatus"]["enum"],
        *schemas["JobStreamInPlanSubStatus"]["enum"],
    }


def test_every_status_and_substatus_is_worded_in_both_languages():
    for code in (*STATUSES, *SUBSTATUSES):
        assert wording(code, "en")
        assert wording(code, "pt")


def test_an_unknown_status_is_grouped_by_the_common_one_and_else_not_at_all():
    assert group_of("FROBBED", "ERROR") == "failed"
    assert group_of("FROBBED") is None
    assert group_of(None) is None
    assert wording("FROBBED", "en") is None


def test_open_is_whatever_is_still_to_be_done():
    assert set(OPEN_GROUPS) == {"failed", "running", "waiting", "ready", "stuck", "undecided"}
    assert set(GROUPS) - set(OPEN_GROUPS) == {"success", "cancelled", "suppressed"}


@pytest.mark.parametrize("code", sorted(STATUSES))
def test_every_code_is_heard_in_capitals(code):
    (word,) = find_statuses(f"quantos jobs em {code}?")

    assert (word.code, word.group) == (code, STATUSES[code].group)


@pytest.mark.parametrize("text", ["it was done", "no end", "add it", "bound to fail_x", "sched"])
def test_a_code_that_is_an_everyday_word_counts_in_capitals_only(text):
    assert find_statuses(text) == []


@pytest.mark.parametrize("unit", ["[", "A", "a_", "vinte e ", "termin", "terminou tudo ", "held "])
def test_a_hostile_text_takes_linear_time(unit):
    assert_linear(find_statuses, unit)


# --- objects of HWA ---------------------------------------------------------------------------


def test_a_job_without_a_composite_status_has_the_common_one():
    job = JobInPlan.model_validate({"name": "A", "lastRunCommonStatus": "ERROR"})
    run = JobRun.model_validate({"commonStatus": "RUNNING"})
    stream = JobStreamInPlan.model_validate({"name": "S", "commonStatus": "BLOCKED"})

    assert (job.status, job.group) == ("ERROR", "failed")
    assert (run.status, run.group) == ("RUNNING", "running")
    assert (stream.status, stream.group) == ("BLOCKED", "stuck")


def test_a_status_that_is_not_in_the_table_is_shown_as_hwa_writes_it():
    job = JobInPlan.model_validate(
        {"lastRunCompositeStatus": {"status": "Frobbed"}, "lastRunCommonStatus": "WAITING"}
    )
    alone = JobInPlan.model_validate({"lastRunCompositeStatus": {"status": "Frobbed"}})

    assert (job.status, job.group) == ("Frobbed", "waiting")
    assert (alone.status, alone.group) == ("Frobbed", None)
