"""A word that nobody knows stops an answer where it could narrow it, and nowhere else; what a turn
had understood but for it, the next one goes on from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from knowledge.hwa.lexicon import VOCABULARY, mend_spelling, split_words
from tests.test_understanding import asked, conditions, plan  # noqa: F401  the plan's objects
from tws.answers.understanding.asked import (
    About,
    Ask,
    Before,
    CompareDays,
    CompareRuns,
    Define,
    NotUnderstood,
    Order,
    Summary,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "text",
    ["which jobs failed today, the boss fidgets again", "quais jobs falharam hoje, o cliente chiou",
     "a madrugada foi tranquila? algum abend?"],
)  # fmt: skip
def test_a_clause_of_its_own_narrows_nothing(text):
    assert isinstance(asked(text).asked, Ask)
    assert asked(text).unused == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("can you skim the failed jobs", "skim"),
        ("which jobs unexpectedly failed?", "unexpectedly"),
        ("quais jobs falharam misteriosamente?", "misteriosamente"),
        ("fuça os jobs que falharam", "fuça"),
    ],
)
def test_a_verb_of_asking_and_an_adverb_are_told_and_answered_without(text, word):
    assert isinstance(asked(text).asked, Ask)
    assert asked(text).unused == (word,)


@pytest.mark.parametrize(
    ("text", "word"),
    [("which frobbed jobs failed?", "frobbed"), ("failed jobs, only frobbed", "frobbed"),
     ("quais jobs falharam, da xuxa", "xuxa"), ("which weekly jobs failed?", "weekly")],
)  # fmt: skip
def test_a_word_beside_the_noun_may_narrow_it(text, word):
    assert isinstance(asked(text).asked, NotUnderstood)
    assert asked(text).unused == (word,)


def test_the_next_turn_goes_on_from_what_was_understood_but_for_a_word():
    first = asked("which frobbed jobs are waiting?")
    then = asked("and the ready ones?", last=first)

    assert isinstance(then.asked, Ask)
    assert [(one.field, one.value) for one in then.asked.query.where] == [("group", "ready")]
    assert then.unused == ("frobbed",)


def test_nothing_goes_on_from_a_turn_of_too_many_strange_words():
    first = asked("which frobbed jobs of the quux are waiting?")

    assert first.asked == NotUnderstood(("frobbed", "quux"))
    assert not isinstance(asked("only the critical ones", last=first).asked, Ask)


@pytest.mark.parametrize(
    ("first", "then", "value"),
    [
        ("quantos jobs estão aguardando?", "não, eu quis dizer os prontos", "ready"),
        ("how many jobs are waiting?", "no, the ready ones", "ready"),
        ("how many jobs are waiting?", "I meant ready", "ready"),
    ],
)
def test_a_correction_edits_what_was_asked(first, then, value):
    found = asked(then, last=asked(first)).asked

    assert found.focus == "count"
    assert [(one.field, one.op, one.value) for one in found.query.where] == [("group", "=", value)]


def test_failed_jobs_of_another_day_are_those_that_failed_then():
    then = asked("and yesterday?", last=asked("which jobs are in abend?"))

    assert then.asked.query.entity == "runs"


def test_a_regular_verb_is_known_in_all_its_forms():
    assert {"rodaria", "executassem", "demorando", "agendariam"} <= VOCABULARY
    assert mend_spelling(split_words("rebooted"))[0].text == "rebooted"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("what does PAYROLL_PRINT need before it can go?", Before),
        ("o PAYROLL_PRINT roda depois de quem?", Before),
        ("o SALES_LOAD demorou mais dessa vez?", CompareRuns),
        ("is SALES_LOAD slower today?", CompareRuns),
        ("SUPPR e CANCL é a mesma coisa?", Define),
        ("hoje está pior que ontem?", CompareDays),
        ("como tá o batch hoje?", Summary),
    ],
)
def test_what_is_asked_is_told_by_how_it_is_asked(text, kind):
    assert isinstance(asked(text).asked, kind)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("dá pra rodar o PAYROLL_CALC de novo?", "rerun"),
        ("could you run PAYROLL_CALC once more?", "rerun"),
        ("conman rr FTA1#PAYROLL.PAYROLL_CALC", "rerun"),
        ('conman "cj FTA1#PAYROLL.PAYROLL_CALC"', "cancel"),
        ("dá um yes no prompt", "reply"),
    ],
)
def test_an_order_is_one_as_a_question_and_as_a_command(text, verb):
    assert isinstance(asked(text).asked, Order)
    assert asked(text).asked.verb == verb


def test_what_is_past_its_deadline_is_no_term_to_define():
    assert "risk" in conditions("what's past its deadline and still not done?")


def test_the_risk_of_a_stream_is_that_of_its_jobs():
    found = asked("any streams that will miss their deadline?").asked.query

    assert (found.entity, found.group_by) == ("jobs", ["stream"])


def test_a_shift_that_is_over_is_summed_up_by_how_its_runs_ended():
    found = asked("resumo do turno da noite").asked

    assert (found.query.entity, found.query.group_by, found.focus) == ("runs", ["group"], "groups")


def test_when_all_is_over_is_told_by_what_begins_last():
    found = asked("que horas termina o batch?").asked

    assert (found.focus, found.query.order_by) == ("extreme", ["-scheduled"])


def test_the_highest_of_a_number_is_the_first_by_it():
    found = asked("which machine has the highest limit?").asked

    assert (found.query.entity, found.query.order_by) == ("workstations", ["-limit"])


def test_where_what_was_listed_ran_is_counted_by_place():
    then = asked("em que máquina rodou?", last=asked("quais jobs estão em abend?")).asked

    assert (then.query.group_by, then.focus) == (["workstation"], "groups")
    assert not isinstance(then, About)


@pytest.mark.parametrize(
    ("text", "verb"),
    [("PAYROLL_CALC needs a rerun", "rerun"), ("dar um rerun no SALES_LOAD", "rerun")],
)
def test_what_something_needs_is_an_order(text, verb):
    assert asked(text).asked.verb == verb


def test_its_deadline_is_no_term_to_define():
    assert not isinstance(
        asked("what's its deadline?", asked("why did PAYROLL_CALC fail?")).asked, Define
    )


def test_a_list_is_asked_for_its_first_rows_and_in_another_order():
    late = asked("what's late?")

    assert asked("top 5", late).asked.query.limit == 5
    assert asked("sort by priority", late).asked.query.order_by == ["-priority"]


def test_the_count_of_a_list_begins_at_its_beginning():
    waiting = asked("which jobs are waiting?")
    query = waiting.asked.query.model_copy(update={"after": "a page further on"})
    further = replace(waiting, asked=replace(waiting.asked, query=query))

    assert asked("how many?", further).asked.query.after == ""


@pytest.mark.parametrize("text", ["what's late on FTA1?", "everything on FTA1 that is waiting"])
def test_what_is_so_on_a_workstation_is_a_list(text):
    assert isinstance(asked(text).asked, Ask)


def test_how_many_so_far_is_of_today():
    found = [one.op for one in asked("quantos abends até agora?").asked.query.where]

    assert found[:2] == [">=", "<"]
