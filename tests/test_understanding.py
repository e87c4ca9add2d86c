"""Whatever is typed is understood as something: nothing raises, each query is one of the plan's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.hwa.lexicon import VOCABULARY, find_terms, mend_spelling, split_words
from knowledge.hwa.statuses import OPEN_GROUPS
from tests.examples import examples
from tests.plan_reading import make_engine
from tws.answers.understanding.asked import (
    About,
    Ask,
    AskBack,
    Before,
    CannotKnow,
    Impact,
    Knowledge,
    NotFound,
    NotUnderstood,
    Order,
    SmallTalk,
    Thing,
    read_understood,
    understood_json,
)
from tws.answers.understanding.drafts import condition
from tws.answers.understanding.understanding import understand
from tws.plan.models import PlanJob, PlanJobStream, PlanResource, PlanWorkstation
from tws.plan.query.answering import answer
from tws.plan.query.asked import AnyOf, Condition, PlanQuery, PlanQueryRefused

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")


def row(model: Any, name: str, **columns: Any) -> Any:
    columns = {"hwa_id": name, "digest": b"", "fetched_at": NOW, **columns}
    return model.objects.create(engine="SIM", name=name, **columns)


@pytest.fixture(autouse=True)
def plan(db: None) -> None:
    make_engine(time_zone="America/Sao_Paulo")
    for name, status, group in (
        ("PAYROLL_CALC", "ABEND", "failed"),
        ("PAYROLL_PRINT", "HOLD", "waiting"),
        ("SALES_LOAD", "SUCC", "success"),
    ):
        columns = {"stream_name": "PAYROLL", "workstation": "FTA1", "folder": "/RH/FOLHA"}
        row(PlanJob, name, status=status, group=group, login="folha", **columns)
    row(PlanJobStream, "PAYROLL", workstation="FTA1")
    row(PlanWorkstation, "FTA1", type="FTA", os="LINUX", is_linked=True)
    row(PlanResource, "TAPE", quantity=2)


def asked(text: str, last: Any = None) -> Any:
    return understand(text, now=NOW, zone=ZONE, engine="SIM", last=last)


def holds(text: str, last: Any = None) -> Any:
    """What is true of each understanding: it can be stored, and asked of the plan."""
    understood = asked(text, last)
    assert read_understood(json.loads(json.dumps(understood_json(understood)))) == understood
    if isinstance(understood.asked, Ask):
        for query in (understood.asked.query, understood.asked.whole):
            if query is not None:
                try:
                    answer(query.model_copy(update={"engine": "SIM"}), now=NOW, as_last_read=True)
                except PlanQueryRefused as refused:  # of a name or a word that the plan has not
                    assert "is not the name" in str(refused) or "is like" in str(refused)
    return understood


WORDS = st.sampled_from(
    [
        *sorted(VOCABULARY),
        *("PAYROLL_CALC", "payroll", "FTA1", "TAPE", "folha", "/RH/FOLHA", "12", "90", "2h"),
        *("HOLD", "falharam", "em hold", "hoje", "ontem", "entre 2h e 6h", "mais de", "?", "@"),
    ]
)
TEXTS = st.lists(WORDS, max_size=14).map(" ".join)
SLOWLY = settings(
    max_examples=examples(30, of=150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@SLOWLY
@given(TEXTS, TEXTS)
def test_words_of_questions_in_any_order_are_understood_as_something(first, then):
    holds(then, last=holds(first))


@SLOWLY
@given(st.text(max_size=200))
def test_any_text_is_understood_as_something(text):
    holds(text)


@pytest.mark.parametrize(
    "text", ["a" * 10_000, "jobs que falharam " * 560, "A_1 " * 2_500, "@#" * 5_000]
)
def test_a_text_of_ten_thousand_characters_is_understood_as_something(text):
    holds(text)  # a quadratic reading would not end within the suite's time limit for a test


def test_a_misspelt_word_is_taken_for_the_one_that_is_known_and_a_name_for_itself():
    words = mend_spelling(split_words("quais jobs falahram na execuçoa do contab?"), {"contab"})

    assert [word.text for word in words][2:] == ["falharam", "na", "execucao", "do", "contab"]


def test_a_phrase_is_found_whole_and_not_by_its_first_word():
    terms = find_terms(["rodam", "ha", "mais", "de", "uma", "hora"])

    assert ("compare", "more") in {(term.category, term.key) for term in terms}


def test_a_name_is_the_plan_s_own_however_it_is_written():
    thing = Thing("job", "PAYROLL_CALC", "PAYROLL_CALC", "PAYROLL", "FTA1")
    for written in ("PAYROLL_CALC", "payroll_calc", "payroll calc", "FTA1#PAYROLL.PAYROLL_CALC"):
        assert asked(f"qual o status do {written}?").asked == About(thing)


def test_a_plan_s_logins_are_read_once_each_time_the_plan_is(django_assert_num_queries):
    def wanted(read_at: datetime) -> Any:
        text = "quais jobs do usuario novato?"
        return understand(text, now=NOW, zone=ZONE, engine="SIM", read_at=read_at)

    unknown = wanted(NOW)
    row(PlanJob, "FIRST_JOB", login="novato")
    with django_assert_num_queries(1):  # for what bears the question's words as a name
        assert wanted(NOW) == unknown
    now_known = wanted(NOW + timedelta(seconds=30))

    assert Condition(field="login", op="=", value="novato") in now_known.asked.query.where
    assert isinstance(unknown.asked, NotUnderstood)


def test_a_name_that_is_near_several_is_asked_back_and_one_that_is_near_none_not_found():
    assert isinstance(asked("o PAYROLL_CALP falhou?").asked, About | AskBack)
    assert asked("o ZZ_INEXISTENTE_99 falhou?").asked == NotFound("ZZ_INEXISTENTE_99")


def test_an_order_is_none_when_it_asks_how_or_how_many():
    assert isinstance(asked("cancela o PAYROLL_CALC").asked, Order)
    assert isinstance(asked("can you please rerun PAYROLL_CALC").asked, Order)
    assert not isinstance(asked("como faço para cancelar o PAYROLL_CALC?").asked, Order)
    assert not isinstance(asked("quantos jobs foram cancelados hoje?").asked, Order)
    spoken_of = asked("prioridade do PAYROLL_CALC?")
    assert not isinstance(asked("roda em qual máquina?", spoken_of).asked, Order)
    assert isinstance(asked("roda ele de novo", spoken_of).asked, Order)


def test_a_word_that_could_matter_and_is_not_used_is_asked_about_and_no_list_is_shown():
    narrowed = asked("quais jobs falharam no kubernetes?").asked

    assert (narrowed.words, narrowed.nearest) == (("kubernetes",), "quais jobs falharam?")
    assert asked("quais jobs falharam no kubernetes azul?").asked == NotUnderstood(
        ("kubernetes", "azul")
    )
    assert asked("quais jobs falharam hoje, por favor?").unused == ()


def test_how_one_object_is_is_told_though_a_word_was_not_used():
    told = asked("qual o status do PAYROLL_CALC no kubernetes?")

    assert isinstance(told.asked, About) and told.unused == ("kubernetes",)


@pytest.mark.parametrize(
    "text",
    ["which failed jobs today are urgent?", "jobs que falharam hoje e são urgentes"],
)
def test_a_condition_that_the_entity_has_not_is_never_left_out_in_silence(text):
    assert isinstance(asked(text).asked, NotUnderstood)


@pytest.mark.parametrize(
    "text",
    ["jobs atrasados ou com erro", "late or failed jobs", "running or late jobs on FTA1"],
)
def test_of_conditions_joined_by_or_one_is_enough(text):
    query = asked(text).asked.query

    late = [one for part in query.where if isinstance(part, AnyOf) for one in part.any]
    assert {one.field for one in late} == {"group", "late"}
    assert not any(one.field == "late" for one in query.where if isinstance(one, Condition))


def test_an_or_that_no_query_can_ask_is_asked_about():
    assert asked("critical, urgent or late jobs").asked.words == ("or",)


@pytest.mark.parametrize(
    "text",
    ["jobs that abended but succeeded", "jobs que falharam e depois terminaram com sucesso"],
)
def test_two_states_one_after_the_other_are_not_taken_for_either(text):
    assert isinstance(asked(text).asked, NotUnderstood)


def test_streams_are_asked_for_by_the_states_of_their_jobs():
    with_failed = asked("quais streams têm jobs com erro?").asked.query
    without = asked("streams sem nenhum job com erro").asked.query

    assert with_failed.where == [Condition(field="failed_jobs", op=">", value=0)]
    assert without.where == [Condition(field="failed_jobs", op="=", value=0)]
    ready = asked("streams with jobs in ready").asked.query
    assert (ready.entity, ready.group_by) == ("jobs", ["stream"])
    assert isinstance(asked("streams without jobs in ready").asked, NotUnderstood)


def test_two_questions_in_one_are_not_answered_by_half():
    for text in (
        "jobs que rodaram ontem e falharam hoje",
        "rc do PAYROLL_CALC e do que ele depende",
    ):
        assert isinstance(asked(text).asked, NotUnderstood), text


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("jobs with more than one run", [("runs", ">", 1)]),
        ("jobs com mais de uma execução", [("runs", ">", 1)]),
        (
            "jobs that ended with rc between 1 and 8",
            [("return_code", ">=", 1), ("return_code", "<=", 8)],
        ),
        ("workstations without problems", [("problems", "=", None)]),
    ],
)
def test_numbers_and_negations_are_the_query_s(text, where):
    said = [(one.field, one.op, one.value) for one in asked(text).asked.query.where]

    assert [one for one in said if one[0] != "group"] == where


def test_a_name_is_excepted_by_not_being_of_it():
    query = asked("jobs em erro que não são da FTA1 nem do PAYROLL").asked.query

    excepted = {one.field for one in query.where if one.op == "!="}
    assert excepted == {"workstation", "stream"}


def test_of_what_has_not_begun_the_oldest_is_the_first_that_was_scheduled():
    query = asked("oldest 5 jobs still waiting").asked.query

    assert (query.order_by, query.limit) == (["scheduled"], 5)


@pytest.mark.parametrize(
    ("text", "late"), [("quais jobs estão no prazo?", False), ("which jobs are not on time?", True)]
)
def test_on_time_is_not_late(text, late):
    assert Condition(field="late", op="=", value=late) in asked(text).asked.query.where


def test_only_narrows_the_list_that_was_shown():
    listed = asked("quais jobs falharam hoje?")
    shown = (Thing("job", "PAYROLL_CALC"), Thing("job", "SALES_LOAD"))

    narrowed = asked("só rc 8", last=replace(listed, shown=shown)).asked

    assert isinstance(narrowed, Ask)
    assert Condition(field="return_code", op="=", value=8) in narrowed.query.where


@pytest.mark.parametrize(
    "text", ["que login o PAYROLL_CALC usa?", "which login does PAYROLL_CALC use?"]
)
def test_what_an_object_uses_is_not_what_holds_it(text):
    assert asked(text).asked.fields == ("login",)
    assert asked("quem segura o PAYROLL_CALC?").asked.facet == "why_waits"


def test_what_stops_without_an_object_is_what_it_holds_up():
    assert isinstance(asked("o que trava se o PAYROLL_CALC não voltar?").asked, Impact)


@pytest.mark.parametrize("text", ["will PAYROLL_CALC abend?", "o PAYROLL_CALC vai falhar?"])
def test_how_something_will_end_is_known_to_nobody(text):
    assert isinstance(asked(text).asked, CannotKnow)


@pytest.mark.parametrize("text", ["qual o dia de hoje?", "que horas são?", "what day is it today?"])
def test_the_calendar_and_the_clock_are_no_question_about_the_plan(text):
    after = asked("quais jobs falharam ontem?")

    assert asked(text).asked == asked(text, last=after).asked == CannotKnow("beside")


def test_a_risk_says_by_itself_what_it_is():
    parts = asked("which jobs will miss their deadline?").parts

    assert not any("deadline risk" in part for part in parts)


def test_a_share_of_nothing_that_was_said_is_no_list():
    assert isinstance(asked("quantos por cento dos jobs do PAYROLL?").asked, NotUnderstood)


def test_states_of_jobs_are_not_taken_for_a_workstation_s():
    listed = asked("abends da FTA1").asked

    assert isinstance(listed, Ask) and listed.query.entity == "jobs"
    assert asked("a FTA1 falhou?").unused == ("falhou",)


def test_what_is_to_begin_is_asked_of_the_schedule():
    query = asked("que jobs vão começar na próxima hora?").asked.query

    assert (query.entity, query.where[0].field) == ("jobs", "scheduled")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("who restarted PAYROLL_CALC?", CannotKnow),
        ("quem reiniciou o PAYROLL_CALC?", CannotKnow),
        ("who owns PAYROLL_CALC?", About),
        ("quem depende do PAYROLL_CALC?", Impact),
    ],
)
def test_who_is_answered_by_the_plan_or_not_at_all(text, kind):
    assert isinstance(asked(text).asked, kind)


@pytest.mark.parametrize(
    "text",
    [
        "para o PAYROLL_CALC agora!",
        "pls do the needful and release PAYROLL_CALC",
        "I need PAYROLL_CALC cancelled",
        "quero o PAYROLL_CALC liberado",
        "bom dia, o PAYROLL_CALC travou, mata ele",
        "PAYROLL_CALC needs to be released asap",
        "me reexecuta esse PAYROLL_CALC ai",
        "não deixa o PAYROLL_CALC rodar",
        "sera que da pra dar um rerun no PAYROLL_CALC?",
        "would it be possible to rerun PAYROLL_CALC at your earliest convenience?",
    ],
)
def test_an_order_is_one_wherever_it_stands_and_however_it_is_wished(text):
    assert isinstance(asked(text).asked, Order)


@pytest.mark.parametrize(
    "text",
    [
        "kindly confirm status of PAYROLL_CALC",
        "need the current state of PAYROLL_CALC asap",
        "qual o status para o PAYROLL_CALC?",
        "why did PAYROLL_CALC fail and stop?",
        "I need the jobs cancelled today",
    ],
)
def test_what_only_sounds_like_an_order_is_none(text):
    assert not isinstance(asked(text).asked, Order)


def test_another_day_of_one_object_is_not_answered_by_its_present_in_silence():
    assert asked("why did PAYROLL_CALC fail today?").unused == ()
    assert asked("why did PAYROLL_CALC fail yesterday?").unused == ("yesterday",)


def test_the_fewest_is_not_taken_for_the_most():
    most = asked("qual stream tem mais jobs em hold?")
    fewest = asked("qual stream tem menos jobs em hold?")

    assert (most.asked.focus, most.asked.query.group_by) == ("extreme", ["stream"])
    assert fewest.unused == ("menos",)
    assert fewest.asked.nearest == ""  # without that word another thing is asked


def test_a_follow_up_edits_what_was_asked_and_stands_alone():
    first = asked("quais jobs falharam hoje?")

    then = asked("e na FTA1?", last=first)

    assert [one.field for one in then.asked.query.where] == ["end", "end", "group", "workstation"]
    assert "FTA1" in then.standing and "erro" in then.standing
    assert asked("valeu", last=then).asked == SmallTalk("thanks")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("quais jobs falharam?", "pt"),
        ("which jobs failed?", "en"),
        ("PAYROLL_CALC", "en"),
        ("o que ta em HOLD", "pt"),
        ("whats in HOLD", "en"),
    ],
)
def test_a_question_is_answered_in_its_language_else_in_the_page_s(text, language):
    understood = understand(text, now=NOW, zone=ZONE, engine="SIM", page_language="en")

    assert understood.language == language


def test_how_it_was_understood_is_told_in_the_question_s_language():
    assert asked("jobs que falharam entre 2h e 6h").text == (
        "execuções · terminou com erro · 02:00–06:00 hoje · por fim"
    )
    assert asked("failed jobs on FTA1 since yesterday").text == (
        "runs · workstation FTA1 · ended in error · since 00:00 yesterday · by end"
    )


def conditions(text: str, last: Any = None) -> dict[str, tuple[str, Any]]:
    found = asked(text, last).asked
    assert isinstance(found, Ask), found
    where = (one for one in found.query.where if isinstance(one, Condition))
    return {one.field: (one.op, one.value) for one in where}


@pytest.mark.parametrize(
    "text",
    [
        "When you find some calm hereabouts, which jobs failed?",
        "Bom dia! Quando tiver um tempinho, quais jobs falharam?",
    ],
)
def test_a_clause_before_the_question_is_no_part_of_it(text):
    assert conditions(text) == {"group": ("=", "failed")}
    assert isinstance(asked("which jobs failed, when it snowed?").asked, NotUnderstood)


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("jobs com erro sem rc 8", "return_code", ("!=", 8)),
        ("jobs except those with priority over 50", "priority", ("<=", 50)),
        ("quais falhas nao foram na FTA1?", "workstation", ("!=", "FTA1")),
        ("jobs do PAYROLL com exceção dos que já terminaram com sucesso", "group",
         ("!=", "success")),
    ],
)  # fmt: skip
def test_what_is_excepted_is_left_out_whatever_it_is(text, field, expected):
    assert conditions(text)[field] == expected


@pytest.mark.parametrize("text", ["does anything flurb PAYROLL_CALC?", "what zonked PAYROLL_CALC?"])
def test_how_an_object_is_answers_no_question_with_a_verb_that_was_not_understood(text):
    assert isinstance(asked(text).asked, NotUnderstood)
    assert asked("fala do PAYROLL_CALC rapidaço").asked.facet == "status"


def test_what_goes_down_at_a_time_is_a_job_and_a_workstation_without_one():
    failed, down = asked("o que caiu hoje?"), asked("quais estações caíram?")

    assert failed.asked.query.entity == "runs"
    assert down.asked.query.where == [Condition(field="linked", op="=", value=False)]


def test_a_clock_is_yesterday_s_only_of_what_is_over():
    to_come = conditions("que job vem depois das 18h na FTA1")
    over = conditions("que job falhou depois das 18h na FTA1")

    assert to_come["scheduled"] == (">=", "2026-11-25T18:00:01-03:00")
    assert over["end"] == (">=", "2026-11-24T18:00:01-03:00")


def test_a_follow_up_that_only_says_where_narrows_what_was_asked():
    late = asked("jobs in abend on FTA1")

    assert conditions("which of those are late", late)["status"] == ("in", ["ABEND", "ABENP"])
    assert conditions("da FTA1?", asked("quantos jobs em hold?")) == {
        "group": ("=", "waiting"), "workstation": ("=", "FTA1"),
    }  # fmt: skip
    assert conditions("and the other workstations?", late)["workstation"] == ("!=", "FTA1")
    assert isinstance(asked("and the other streams?", late).asked, NotUnderstood)


def test_a_second_time_of_the_object_just_asked_about_is_no_order():
    ended = asked("when did SALES_LOAD finish?")

    then = asked("and start?", ended)

    assert (then.asked.facet, then.asked.fields) == ("value", ("start",))
    assert isinstance(asked("start PAYROLL_CALC", ended).asked, Order)


@pytest.mark.parametrize(
    "text",
    [
        "dos jobs criticos quantos por cento terminaram bem?",
        "what share of the critical jobs has finished?",
    ],
)
def test_of_a_share_what_is_said_first_is_the_whole(text):
    found = asked(text).asked

    assert found.focus == "share"
    assert found.whole.where == [Condition(field="critical", op="=", value=True)]


def test_of_a_share_of_what_was_listed_that_is_the_whole():
    critical = Condition(field="critical", op="=", value=True)
    failed = Condition(field="group", op="=", value="failed")

    of_critical = asked("what share of them has finished?", asked("which jobs are critical?"))
    of_failed = asked("quantos % são críticos?", asked("quantos jobs falharam?"))
    of_all = asked("and what share has finished?", asked("how many jobs failed?"))

    assert of_critical.asked.whole.where == [critical]
    assert of_failed.asked.whole.where == [failed]
    assert of_all.asked.whole.where == []


@pytest.mark.parametrize("text", ["failed jobs, newest first", "erros, mais recentes primeiro"])
def test_what_comes_first_orders_a_list_and_is_not_all_of_it(text):
    query = asked(text).asked.query

    assert (query.order_by, query.limit) == (["-end"], PlanQuery.model_fields["limit"].default)


def test_the_last_of_what_ended_are_the_last_that_ended():
    ten = asked("e os últimos 10?", asked("últimos 5 jobs que falharam")).asked.query

    assert (ten.order_by, ten.limit) == (["-end"], 10)


def test_runs_are_counted_by_name():
    assert asked("how many runs failed today?").asked.focus == "count"


def test_where_jobs_do_not_run_is_no_state():
    assert isinstance(asked("jobs em erro que não rodam como crm").asked, NotUnderstood)


@pytest.mark.parametrize(
    "text",
    [
        "estacoes linkadas sem nenhum job rodando",
        "how many cpus does FTA1 have",
        "did PAYROLL_CALC and PAYROLL_PRINT fail for the same reason?",
        "qual o proximo job do PAYROLL?",
    ],
)
def test_what_the_plan_can_not_say_of_what_is_asked_is_not_left_out_in_silence(text):
    assert isinstance(asked(text).asked, NotUnderstood)


def test_a_flag_after_one_object_is_no_question_about_all():
    of_one = asked("status of PAYROLL_CALC")

    assert isinstance(asked("and not critical?", of_one).asked, NotUnderstood)


def test_a_time_is_that_of_the_field_before_it_and_of_its_day():
    deadline = conditions("jobs with a deadline before 5pm")
    failed = asked("jobs que falharam antes das 6").asked.query

    assert deadline == {"deadline": ("<", "2026-11-25T17:00:00-03:00")}
    assert [one.value for one in failed.where[:2]] == [
        "2026-11-25T00:00:00-03:00", "2026-11-25T06:00:00-03:00",
    ]  # fmt: skip


def test_an_excepted_user_and_a_code_that_is_not_zero_are_heard():
    others = conditions("jobs que não são do usuario folha e falharam")

    assert others["login"] == ("!=", "folha")
    assert conditions("jobs with a non zero return code")["return_code"] == ("!=", 0)
    assert isinstance(asked("could PAYROLL_CALC be killed please").asked, Order)


@pytest.mark.parametrize(
    "word", ["including", "either", "reached", "agendaram", "indicado", "aumentaram", "sucessao"]
)
def test_a_word_of_its_own_is_not_mended_into_another(word):
    assert [one.text for one in mend_spelling(split_words(word))] == [word]


@pytest.mark.parametrize(
    "text",
    [
        "se eu cancelar o PAYROLL_CALC, quais jobs ficam parados?",
        "e se o PAYROLL_CALC falhar?",
        "which jobs are stuck if PAYROLL_CALC does not finish?",
    ],
)
def test_what_would_be_hit_by_a_case_that_is_put_the_plan_knows(text):
    assert isinstance(asked(text).asked, Impact)
    assert isinstance(asked("quem eu chamo se o PAYROLL_CALC falhar?").asked, Knowledge)


def test_streams_are_asked_for_by_how_many_of_their_jobs_are_in_a_state():
    failed = conditions("streams with more than 2 failed jobs")
    running = conditions("quais streams têm mais de 3 jobs rodando?")

    assert failed == {"failed_jobs": (">", 2)}
    assert running == {"running_jobs": (">", 3)}
    assert isinstance(asked("streams with more than 2 ready jobs").asked, NotUnderstood)


@pytest.mark.parametrize(
    "text",
    [
        "are there more failed than running jobs?",
        "jobs falhados que estão rodando",
        "jobs that failed while PAYROLL_CALC was running",
    ],
)
def test_two_sides_that_no_query_holds_together_are_asked_about(text):
    assert isinstance(asked(text).asked, NotUnderstood)


def test_whether_there_are_more_than_so_many_is_told_by_how_many_there_are():
    assert asked("are there more than ten failed jobs?").asked.focus == "count"
    assert asked("jobs with more than one run").asked.focus == "list"


def test_what_nobody_uses_is_not_what_has_some_left():
    assert conditions("resources that nobody is using") == {"in_use": ("=", 0)}
    assert conditions("which resources are free?") == {"available": (">", 0)}


@pytest.mark.parametrize(
    "text",
    [
        "quantas linhas o PAYROLL_CALC processou?",
        "would you mind flurbing PAYROLL_CALC for me",
        "how many flurbs did PAYROLL_CALC have?",
    ],
)
def test_what_is_asked_for_and_not_understood_is_not_told_as_how_the_object_is(text):
    assert isinstance(asked(text).asked, NotUnderstood)


def test_two_verbs_of_one_time_are_not_answered_by_half():
    one = conditions("jobs que entraram em execução na última hora")

    assert set(one) == {"start"}
    text = "jobs que entraram em execução na última hora e já terminaram"
    assert isinstance(asked(text).asked, NotUnderstood)


def test_a_bare_side_is_that_of_the_time_or_of_the_object_spoken_of():
    failed = asked("jobs em erro")

    since = asked("only those after 9am", failed)
    before = asked("and before?", since).asked

    assert [one.value for one in since.asked.query.where if one.field == "end"] == [
        "2026-11-25T09:00:01-03:00"
    ]
    assert [one.op for one in before.query.where if one.field == "end"] == ["<", ">="]
    assert isinstance(asked("e depois?", asked("status do PAYROLL_CALC")).asked, Impact)


def test_another_state_is_asked_of_the_same_stream_though_nothing_was_listed():
    running = asked("o que ta rodando no stream PAYROLL")

    assert conditions("e esperando?", running) == {
        "stream": ("=", "PAYROLL"), "group": ("=", "waiting"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["jobs not running or ready", "jobs que não estão rodando ou prontos"]
)
def test_a_negation_holds_for_each_state_that_is_joined_to_it(text):
    assert conditions(text)["group"] == ("not in", ["running", "ready"])


def test_an_exception_holds_for_each_name_that_is_joined_to_it():
    both = conditions("failed jobs except on FTA1 and in the stream PAYROLL")

    assert both["workstation"] == ("!=", "FTA1") and both["stream"] == ("!=", "PAYROLL")


def test_of_two_kinds_of_objects_not_one_is_left_out_in_silence():
    assert isinstance(asked("failed jobs and streams").asked, NotUnderstood)
    assert isinstance(asked("jobs on the same workstation as PAYROLL_CALC").asked, NotUnderstood)


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("jobs in error with rc 124 or 137", "return_code", ("in", [124, 137])),
        ("jobs stuck waiting for the agent", "substatus", ("=", "READY_WAITING_FOR_AGENT")),
    ],
)
def test_two_words_for_one_fact_do_not_ask_for_both_at_once(text, field, expected):
    found = conditions(text)

    assert found.pop(field) == expected
    assert found in ({}, {"group": ("=", "failed")})


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("por que o último job de hoje falhou?", "why"),
        ("qual o motivo da última falha?", "why"),
        ("the last job failed, any idea why?", "why"),
        ("why did the last job that failed fail?", "why"),
        ("mostra o log do job que falhou por último", "log"),
        ("log of the longest run of today", "log"),
    ],
)
def test_what_is_asked_of_the_one_that_a_question_finds_is_asked_of_it(text, then):
    understood = asked(text).asked

    assert (understood.focus, understood.then) == ("extreme", then)


@pytest.mark.parametrize("text", ["o que falhou e por quê?", "qual o motivo das falhas de hoje?"])
def test_why_is_answered_by_no_list(text):
    assert isinstance(asked(text).asked, NotUnderstood)


def test_how_many_and_which_is_a_list():
    assert asked("quantos falharam e quais?").asked.focus == "list"
    assert asked("how many failed?").asked.focus == "count"


def test_what_has_waited_for_long_was_due_long_ago():
    found = conditions("tem algum job em HOLD há mais de 2 horas?")

    assert asked("tem algum job em HOLD há mais de 2 horas?").asked.query.entity == "jobs"
    assert found["group"] == ("=", "waiting")
    assert datetime.fromisoformat(found["scheduled"][1]) == NOW - timedelta(hours=2)


def test_another_day_at_this_hour_is_that_day_up_to_this_hour():
    for text in ("ontem a essa hora quantos tinham falhado?", "failures yesterday by this time"):
        [since, until] = [one.value for one in asked(text).asked.query.where if one.field == "end"]
        assert (since, until) == ("2026-11-24T00:00:00-03:00", "2026-11-24T14:30:00-03:00")


def test_what_runs_at_a_clock_that_is_to_come_is_scheduled_for_it():
    for text in ("o que roda às 18h?", "qual job roda às 18:00?", "which jobs run at 18:00?"):
        query = asked(text).asked.query
        assert query.entity == "jobs"
        assert [(one.field, one.value) for one in query.where] == [
            ("scheduled", "2026-11-25T18:00:00-03:00"), ("scheduled", "2026-11-25T18:01:00-03:00"),
        ]  # fmt: skip


@pytest.mark.parametrize("text", ["o que rodava às 10h?", "what was running at 10:00?"])
def test_what_was_running_at_a_moment_is_not_told_by_what_began_or_ended_in_its_minute(text):
    assert not isinstance(asked(text).asked, Ask)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any job ended with rc=1 today?", ("=", 1)),
        ("jobs com rc != 0", ("!=", 0)),
        ("jobs com rc<>0", ("!=", 0)),
        ("jobs com rc>8", (">", 8)),
        ("jobs com rc = 8 hoje", ("=", 8)),
        ("jobs com rc:8 hoje", ("=", 8)),
    ],
)
def test_a_sign_between_a_field_and_its_number_is_read_however_it_is_spaced(text, expected):
    assert conditions(text)["return_code"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jobs que ainda não entraram", ("runs", "=", 0)),
        ("critical jobs that havent kicked off yet", ("runs", "=", 0)),
        ("jobs que não foram iniciados", ("runs", "=", 0)),
        ("jobs that have not gone through", ("group", "in", list(OPEN_GROUPS))),
    ],
)
def test_a_verb_that_is_denied_says_what_has_not_run_or_is_not_done(text, expected):
    field, *rest = expected

    assert conditions(text)[field] == tuple(rest)


def test_an_or_between_a_number_and_a_state_asks_for_either():
    [either] = asked("workstations w/ limit zero or unlinked").asked.query.where
    [priority] = asked("jobs com prioridade 10 ou acima de 80").asked.query.where

    assert {one.field for one in either.any} == {"limit", "linked"}
    assert [(one.op, one.value) for one in priority.any] == [("=", 10), (">", 80)]


@pytest.mark.parametrize(
    "text",
    [
        "failed or cancelled jobs with rc 8",
        "failed jobs with rc 8 or 12",
        "jobs com rc 8 ou rc 12 que falharam",
        "failed or cancelled critical jobs",
    ],
)
def test_an_or_within_one_condition_joins_it_to_no_other(text):
    assert len(asked(text).asked.query.where) == 2


@pytest.mark.parametrize(
    ("text", "field", "op"),
    [
        ("jobs que terminaram faz menos de 10 minutos", "end", ">"),
        ("which jobs failed less than 10 minutes ago", "end", ">"),
        ("o que começou há mais de 10 minutos", "start", "<"),
        ("o que está esperando há mais de 10 minutos", "scheduled", "<"),
    ],
)
def test_how_long_ago_something_happened_is_no_length_of_a_run(text, field, op):
    assert conditions(text)[field] == (
        op,
        (NOW - timedelta(minutes=10)).astimezone(ZONE).isoformat(),
    )


def test_words_of_statuses_within_a_grouping_are_no_state():
    query = asked("running jobs broken down by workstation").asked.query

    assert query.group_by == ["workstation"]
    assert [(one.field, one.value) for one in query.where] == [("group", "running")]


@pytest.mark.parametrize("text", ["o que está agendado para 22h?", "jobs agendados para as 22h"])
def test_an_hour_that_something_is_scheduled_for_is_one_of_today(text):
    assert conditions(text)["scheduled"] == ("<", "2026-11-25T22:01:00-03:00")


def test_the_most_late_is_the_longest_past_its_deadline():
    found = [asked(one).asked for one in ("qual o job mais atrasado?", "most overdue job")]

    assert {(one.focus, *one.query.order_by) for one in found} == {("extreme", "-overdue_minutes")}


def test_what_an_object_depends_on_is_not_told_where_only_what_failed_of_it_is_asked():
    understood = asked("does PAYROLL_PRINT depend on anything that failed?")

    assert isinstance(understood.asked, NotUnderstood)
    assert understood.unused == ("failed",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is the agent up?", ("workstation", "FTA1")),
        ("e a máquina, tá no ar?", ("workstation", "FTA1")),
        ("how is the stream?", ("stream", "PAYROLL")),
    ],
)
def test_the_agent_or_the_stream_after_a_job_is_its_own(text, expected):
    found = asked(text, last=asked("why did PAYROLL_CALC fail?")).asked

    assert (found.object.kind, found.object.name) == expected


def conditions_of(query: Any) -> list[tuple[str, str, Any]]:
    return [(one.field, one.op, one.value) for one in query.where]


def test_a_bare_number_and_a_condition_edit_the_list_that_was_shown():
    first = asked("jobs that ended with exit code 12 today")
    other = asked("or 8?", last=first).asked.query
    without = asked("with rc not 0", last=asked("what ended in the last 2 hours?")).asked.query
    of_them = asked("which of those are on FTA1?", last=asked("what failed today?")).asked.query

    assert ("return_code", "=", 8) in conditions_of(other)
    assert ("return_code", "!=", 0) in conditions_of(without)
    assert {("workstation", "=", "FTA1"), ("group", "=", "failed")} <= set(conditions_of(of_them))


def test_which_ones_after_a_count_lists_them():
    count = asked("quantos jobs falharam hoje?")

    assert asked("quais deles são da FTA1?", last=count).asked.focus == "list"


def test_what_ran_twice_is_offered_once():
    calc, load = Thing("job", "PAYROLL_CALC", "J1"), Thing("job", "PAYROLL_LOAD", "J2")
    runs = asked("which jobs failed today?")

    back = asked("why?", last=replace(runs, shown=(calc, calc, load))).asked
    alone = asked("why?", last=replace(runs, shown=(calc, calc))).asked

    assert back.choices == (calc, load)
    assert alone.object == calc


@pytest.mark.parametrize("text", ["What needs me right now?", "por onde começo a olhar primeiro?"])
def test_what_needs_somebody_is_the_plan_as_a_whole(text):
    assert asked(text).asked.type == "summary"


@pytest.mark.parametrize(
    "text", ["kindly confirm status of PAYROLL_CALC", "please confirm whether PAYROLL_CALC ran"]
)
def test_a_state_is_confirmed_by_a_look(text):
    understood = asked(text)

    assert (understood.asked.facet, understood.unused) == ("status", ())


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("which resources have 3 or more units available?", "available", (">=", 3)),
        ("recursos com menos de 2 unidades livres", "available", ("<", 2)),
        ("jobs com prioridade 50 ou mais", "priority", (">=", 50)),
        ("jobs that are neither waiting nor done on FTA1", "workstation", ("=", "FTA1")),
        ("workstations with fence over 10 and limit 0", "limit", ("=", 0)),
        ("jobs com nome parecido com SALES", "job", ("like", "@SALES@")),
    ],
)
def test_a_number_or_a_place_belongs_to_what_it_stands_beside(text, field, expected):
    assert conditions(text)[field] == expected


def test_how_many_after_a_place_counts_there():
    inside = asked("quantos estão esperando?", last=asked("que jobs rodaram na FTA1?")).asked

    assert inside.focus == "count"
    assert ("workstation", "=", "FTA1") in conditions_of(inside.query)


def test_an_order_about_those_in_a_state_is_an_order():
    assert asked("can someone restart the failed ones?").asked == Order("rerun", None)


def test_when_something_will_run_is_told():
    assert asked("o PAYROLL_PRINT vai rodar que horas?").asked.fields == ("scheduled",)


def test_a_message_s_code_is_no_name_of_the_plan():
    assert asked("what does AWSBHU001E mean?").asked == Knowledge()


@pytest.mark.parametrize("text", ["tira os da FTA1", "only the late ones", "critical ones?"])
def test_a_part_of_what_nobody_listed_is_asked_back_about(text):
    first = asked("what failed today?")

    assert asked(text).asked == AskBack("what")
    assert isinstance(asked(text, last=first).asked, Ask)


def test_waiting_on_time_is_not_being_on_time():
    assert asked("waiting on time, which jobs?").unused == ("time",)


@pytest.mark.parametrize("text", ["what runs at 22:00 tonight?", "runs starting after 22:00"])
def test_what_is_still_to_run_is_looked_for_among_what_is_scheduled(text):
    query = asked(text).asked.query

    assert (query.entity, {one.field for one in query.where}) == ("jobs", {"scheduled"})


@pytest.mark.parametrize(
    "text",
    ["which jobs are running longer than usual?", "tem job rodando há mais tempo que o normal?",
     "quais jobs estão demorando mais que o normal?"],
)  # fmt: skip
def test_what_runs_longer_than_usual_should_have_ended(text):
    found = conditions(text)

    assert found["group"] == ("=", "running")
    assert (found["estimated_end"][0], asked(text).asked.query.limit) == ("<", 50)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("o que falhou essa semana?", "23/11–29/11"),
        ("what failed between yesterday 22:00 and today 06:00?", "22:00 yesterday–06:00 today"),
        ("jobs com deadline antes das 17h", "prazo até 17:00 hoje"),
        ("what failed yesterday?", "yesterday"),
    ],
)
def test_times_are_said_as_days_and_hours(text, said):
    assert said in understand(text, now=NOW, zone=ZONE, engine="SIM").text.split(" · ")


def test_what_the_failure_of_a_job_holds_up_is_what_it_holds_up():
    understood = asked("o que a falha do PAYROLL_CALC está segurando?")

    assert isinstance(understood.asked, Impact)
    assert understood.unused == ()


def test_faster_than_usual_is_not_longer_than_usual():
    assert asked("jobs mais rápidos que o normal").unused == ("normal",)


@pytest.mark.parametrize(
    "text", ["tá tudo dentro do prazo?", "is everything on time?", "todos no prazo?"]
)
def test_whether_all_is_so_is_asked_by_what_is_not(text):
    found = asked(text).asked

    assert (found.focus, found.every) == ("yes_no", True)
    assert conditions(text)["late"] == ("=", True)


def test_how_long_something_ran_is_asked_of_what_has_ended():
    found = conditions("alguém passou de uma hora rodando hoje?")

    assert found["elapsed_minutes"] == (">", 60)
    assert "group" not in found


def test_when_something_did_start_is_not_when_it_was_scheduled():
    assert asked("what time did PAYROLL_CALC get going?").asked.fields == ("start",)
    assert isinstance(asked("what time did PAYROLL_CALC go?").asked, NotUnderstood)


@pytest.mark.parametrize("text", ["me passa o ip da FTA1", "preciso da cor da FTA1"])
def test_an_object_s_state_is_no_answer_to_an_unknown_noun(text):
    assert isinstance(asked(text).asked, NotUnderstood)


def test_an_unknown_verb_behind_the_name_leaves_what_is_asked_of_it():
    found = asked("what folder does PAYROLL_CALC dwell in?")

    assert (found.asked.fields, found.unused) == (("folder",), ("dwell",))


@pytest.mark.parametrize("text", ["sorry, FTA1 I mean", "FTA1, quis dizer", "opa, quis dizer FTA1"])
def test_a_correction_puts_what_it_names_into_the_last_question(text):
    counted = asked("how many jobs failed on FTA2?")

    found = asked(text, last=counted).asked

    assert (found.focus, found.query.where[-1].value) == ("count", "FTA1")


def test_a_possessive_of_what_the_question_names_points_at_nothing_before():
    limit = asked("what's the limit of FTA1?")

    assert "workstation" not in conditions("which jobs will miss their deadline?", last=limit)


@pytest.mark.parametrize("text", ["ontem foi melhor que hoje?", "compara hoje com ontem"])
def test_two_days_side_by_side_are_a_question_of_their_own(text):
    assert asked(text, last=asked("what failed today?")).asked.type == "compare_days"


@pytest.mark.parametrize(
    "text", ["can you do a rerun of PAYROLL_CALC", "could you do a restart of PAYROLL_CALC"]
)
def test_an_order_asked_for_as_a_favour_is_an_order(text):
    assert isinstance(asked(text).asked, Order)


def test_what_an_answer_would_leave_out_stops_it():
    assert isinstance(asked("streams with only failed jobs").asked, NotUnderstood)


@pytest.mark.parametrize(
    ("text", "first", "then"),
    [
        ("how many jobs are there and how many are late?", ("count", 0), ("count", 2)),
        ("how many jobs failed and which was the first?", ("count", 1), ("extreme", 1)),
        ("o que falhou hoje e o que ainda vai rodar?", ("list", 3), ("list", 1)),
    ],
)
def test_two_questions_in_one_are_both_answered(text, first, then):
    found = holds(text)

    both = [(one.focus, len(one.query.where)) for one in (found.asked, found.also)]
    assert (both, found.unused) == ([first, then], ())


def test_a_second_question_that_nothing_was_taken_of_is_told():
    found = asked("what is the rc of PAYROLL_CALC and what does it mean?")

    assert (found.asked.fields, found.unused) == (("return_code",), ("what does it mean",))


def test_what_a_question_finds_is_no_log_of_the_whole_plan_s_first():
    assert asked("e o log do primeiro?").asked == AskBack("what")


def test_a_pronoun_that_points_at_nothing_is_asked_back_about():
    assert asked("quem espera por eles?").asked == AskBack("what")


@pytest.mark.parametrize(
    "text", ["ninguém falhou na FTA1?", "não falhou nada na FTA1?", "nothing failed on FTA1?"]
)
def test_what_nothing_did_is_answered_by_what_did_and_without_a_yes(text):
    found = asked(text).asked

    assert (found.focus, conditions(text)["group"]) == ("list", ("=", "failed"))


def test_all_but_those_in_a_state_are_listed():
    found = asked("all jobs except those waiting for a prompt").asked

    assert (found.focus, found.every) == ("list", False)
    assert conditions("all jobs except those waiting for a prompt")["substatus"][0] == "!="


def test_what_waits_for_a_resource_is_asked_by_its_name():
    assert conditions("jobs waiting for TAPE")["waits_for"] == ("=", "TAPE")
    assert isinstance(asked("jobs on TAPE").asked, NotUnderstood)


def test_a_word_that_points_at_a_place_is_bound_to_it_or_asked_back_about():
    job = replace(asked("status of PAYROLL_CALC"), shown=())

    assert conditions("quais jobs desse stream já acabaram?", last=job)["stream"][1] == "PAYROLL"
    assert asked("quais jobs desse stream já acabaram?").asked == AskBack("what")


def test_the_second_is_asked_what_was_asked_of_the_first():
    things = (Thing("job", "PAYROLL_CALC"), Thing("job", "SALES_LOAD"))
    first = replace(asked("why did PAYROLL_CALC fail?"), shown=things)

    assert asked("and the second?", last=first).asked == About(things[1], "why_failed")


def test_only_the_first_five_are_a_shorter_list():
    listed = replace(asked("which jobs failed?"), shown=(Thing("job", "PAYROLL_CALC"),))

    assert asked("just the first 5", last=listed).asked.query.limit == 5


def test_what_the_listed_can_not_be_asked_is_a_question_of_its_own():
    failed = asked("what failed today?")

    found = asked("any deadline at risk?", last=failed).asked

    assert {one.field for one in found.query.where} == {"risk"}
    assert asked("quantos deles estão linkados?", last=failed).asked == AskBack("what")


def test_what_is_planned_is_sorted_from_its_earliest():
    late = asked("late jobs")

    assert asked("sort them by deadline", last=late).asked.query.order_by == ["deadline"]
    assert asked("sort them by priority", last=late).asked.query.order_by == ["-priority"]


def test_a_pronoun_s_verb_is_no_order():
    job = asked("status of PAYROLL_CALC")

    assert not isinstance(asked("ele roda todo dia?", last=job).asked, Order)


def test_what_a_word_means_is_never_answered_by_rows():
    assert asked("o que significa LATE?").asked == Knowledge()


def test_another_kind_of_object_takes_the_place_of_the_one_that_was_listed():
    assert asked("and jobs?", last=asked("late streams?")).asked.query.entity == "jobs"


def test_after_points_at_the_one_that_was_found():
    found = replace(asked("the oldest running job"), shown=(Thing("job", "PAYROLL_CALC"),))

    after = asked("quem vem depois dele?", last=found).asked

    assert after == Impact(found.shown[0], direct=True)


def test_jobs_that_came_into_error_did_so_when_they_ended():
    assert "end" in conditions("que jobs entraram em erro depois das 12h?")


def test_ready_is_done_in_portuguese_alone_where_a_share_is_asked():
    assert conditions("percent of jobs that are ready")["group"] == ("=", "ready")
    assert conditions("que porcentagem dos jobs está pronta?")["group"] == ("=", "success")


def test_what_is_not_on_time_is_still_open():
    assert conditions("is everything on time?")["group"][0] == "not in"


def test_jobs_alone_are_those_of_the_place_that_was_spoken_of():
    assert conditions("jobs?", last=asked("status of PAYROLL"))["stream"] == ("=", "PAYROLL")


@pytest.mark.parametrize("text", ["algum em erro?", "em erro?"])
def test_no_more_than_a_state_is_asked_of_what_was_listed(text):
    assert conditions(text, last=asked("jobs críticos")).keys() == {"critical", "group"}


def test_which_jobs_hold_others_up_is_not_which_wait():
    assert isinstance(asked("quais jobs estão segurando outros?").asked, NotUnderstood)


def test_how_late_is_asked_in_minutes():
    assert asked("how late is PAYROLL_CALC?").asked.fields == ("overdue_minutes",)


def test_a_bound_within_a_day_is_said():
    assert "20:00–00:00 today" in asked("jobs scheduled today after 20h").text


@pytest.mark.parametrize("text", ["desculpa, na FTA1", "sorry, FTA1", "não, eu falei da FTA1"])
def test_an_apology_takes_back_the_place_and_keeps_what_was_asked(text):
    held = asked("quantos jobs em hold na FTA2?")

    found = asked(text, last=held).asked

    assert found.focus == "count"
    assert conditions(text, last=held)["workstation"] == ("=", "FTA1")


def test_an_apology_before_a_question_of_its_own_takes_back_nothing():
    held = asked("jobs em hold na FTA1")

    assert "workstation" not in conditions("desculpa, quais jobs falharam?", last=held)


def test_the_first_five_of_a_sorted_list_are_its_first_five():
    listed = asked("sort them by deadline", last=asked("late jobs"))

    first = asked("just the first 5", last=listed).asked.query

    assert (first.limit, first.order_by) == (5, ["deadline"])


def test_the_last_twelve_after_six_hours_are_hours():
    six = asked("failures in the last 6 hours")

    twelve = asked("and the last 12?", last=six).asked.query

    assert twelve.where[-2:] == [
        Condition(
            field="end", op=">=", value=(NOW - timedelta(hours=12)).astimezone(ZONE).isoformat()
        ),
        Condition(field="end", op="<", value=NOW.astimezone(ZONE).isoformat()),
    ]
    assert asked("and the last 12?", last=asked("failed jobs")).asked.query.limit == 12


def test_a_place_that_was_never_named_is_asked_back_about():
    not_understood = asked("FTA9 ta com limite 0, pq?")

    assert asked("quais jobs prontos tem lá?", last=not_understood).asked == AskBack("what")


def test_what_is_asked_after_one_of_a_list_is_asked_of_the_list():
    things = (Thing("job", "PAYROLL_CALC"), Thing("job", "SALES_LOAD"))
    about = replace(asked("why did PAYROLL_CALC fail?"), shown=things)

    listed = conditions("tem algum crítico aí?", last=about)

    assert listed["job"] == ("in", ["PAYROLL_CALC", "SALES_LOAD"])
    page = replace(about, shown=things * 10)
    assert isinstance(asked("tem algum crítico aí?", last=page).asked, NotUnderstood)
    alone = replace(about, shown=())
    assert asked("crítico?", last=alone).asked.object.name == "PAYROLL_CALC"


def test_whom_a_job_waits_for_is_what_it_comes_after():
    assert isinstance(asked("o SALES_LOAD espera por quem?").asked, Before)


def test_how_long_is_left_is_told_beside_the_start():
    found = asked("PAYROLL_CALC começou que horas e quanto falta?").asked

    assert found.fields == ("start", "estimated_end", "end")


def test_help_with_what_failed_is_why_it_did():
    assert asked("PAYROLL_CALC quebrou, me ajuda").asked.facet == "why_failed"


def test_how_the_one_who_asks_does_something_is_for_a_memory():
    assert isinstance(asked("como coloco um job em hold?").asked, Knowledge)
    assert not isinstance(asked("como estamos?").asked, Knowledge)


def test_what_has_a_word_in_its_name_is_asked_for_by_it():
    for text in ("jobs com FOLHA no nome", "jobs with FOLHA in the name", "jobs contendo FOLHA"):
        assert conditions(text) == {"job": ("like", "@FOLHA@")}


def test_what_waits_for_a_resource_is_in_whatever_state():
    row(PlanResource, "TAPES", quantity=1, available=0)

    assert conditions("jobs waiting for TAPES") == {"waits_for": ("=", "TAPES")}


def test_conman_selects_by_type_and_shows_a_job_s_output():
    assert conditions("sc @!type=fta") == {"type": ("=", "FTA")}
    assert asked("sj PAYROLL_CALC;stdlist").asked.type == "log"
    assert conditions("sj PAYROLL_CALC") == {"job": ("=", "PAYROLL_CALC")}
    assert asked("sc @+colour=red").asked.type == "not_understood"


def test_what_runs_past_its_estimate_is_asked_for_in_either_language():
    for text in (
        "algum job rodando já passou do tempo estimado?",
        "which running jobs are past their estimated time?",
    ):
        assert {"estimated_end", "group"} == conditions(text).keys()


def test_two_places_joined_by_or_are_one_filter_and_counted_each_where_more_is_asked():
    row(PlanWorkstation, "FTA2", type="FTA")

    either = asked("jobs em hold na FTA1 ou na FTA2").asked
    for text in (
        "tem mais job em hold na FTA1 ou na FTA2?",
        "which has more jobs waiting, FTA1 or FTA2?",
    ):
        more = asked(text).asked
        assert (more.focus, more.query.group_by, more.query.entity) == (
            "extreme", ["workstation"], "jobs",
        )  # fmt: skip
        assert more.query.where == either.query.where
    assert (either.focus, either.query.group_by) == ("list", [])
    each = asked("quantos jobs em hold na FTA1 e quantos na FTA2?").asked
    assert (each.focus, each.query.group_by) == ("groups", ["workstation"])


@pytest.mark.parametrize(
    ("text", "entity", "by", "first", "above"),
    [
        ("stations with more than 20 failed jobs", "jobs", "workstation", None, 20),
        ("agentes com pelo menos 5 jobs em hold", "jobs", "workstation", None, 4),
        ("streams com mais de 2 falhas", "jobs", "stream", None, 2),
        ("jobs that failed twice or more", "runs", "job", None, 1),
        ("jobs que falharam mais de uma vez", "runs", "job", None, 1),
        ("top 3 workstations by number of failures", "jobs", "workstation", 3, None),
        ("as 3 estações com mais falhas", "jobs", "workstation", 3, None),
    ],
)
def test_groups_are_counted_against_a_number_and_the_first_of_them_asked_for(
    text: str, entity: str, by: str, first: int | None, above: int | None
):
    found = asked(text).asked

    assert (found.query.entity, found.query.group_by) == (entity, [by])
    assert (found.first, found.above) == (first, above)


@pytest.mark.parametrize(
    "text",
    [
        "quais estações têm menos de 5 jobs em hold?",  # those with none are in no group
        "stations with more than 3 failed jobs today",  # whose runs are counted, not jobs
        "jobs that failed twice",  # or more?
        "qual job em hold tem mais execuções",
    ],
)
def test_a_number_that_nothing_is_counted_against_is_told_as_not_understood(text: str):
    assert asked(text).asked.type == "not_understood"


def test_what_is_to_start_later_is_asked_for_by_its_schedule():
    for text in ("quais streams ainda vão começar depois das 19h?", "streams that start after 7pm"):
        assert "scheduled" in conditions(text) and "start" not in conditions(text)


def test_a_field_with_its_value_behind_por_is_a_condition_and_no_grouping():
    held = asked("jobs segurados por prioridade zero").asked.query

    assert conditions("jobs segurados por prioridade zero")["priority"] == ("=", 0)
    assert held.group_by == []
    assert asked("quantos jobs por prioridade?").asked.query.group_by == ["priority"]


def test_what_stations_run_is_their_system_and_hrs_are_hours():
    assert conditions("which agents run linux?") == {"os": ("=", "LINUX")}
    assert asked("q hrs o SALES_LOAD começou").asked.fields == ("start",)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("jobs de relatório que falharam", "relatório"),
        ("which report jobs failed?", "report"),
        ("failed jobs of my team", "team"),
        ("o que falhou neste turno?", "turno"),
        ("jobs velhos em hold", "velhos"),
        ("jobs que nunca falharam", "nunca"),  # earlier runs may have
        ("last job that failed on each workstation", "last"),
        ("jobs mais críticos", "mais"),
    ],
)
def test_a_word_that_tells_which_ones_are_meant_is_never_passed_over(text: str, word: str):
    found = asked(text)

    assert isinstance(found.asked, NotUnderstood) and found.asked.words == (word,)


def test_for_whom_a_list_is_says_nothing_of_its_rows():
    assert conditions("me mostra os jobs que falharam para o relatório do chefe")
    assert conditions("passagem de turno: quais jobs falharam?") == {"group": ("=", "failed")}


def test_what_is_denied_of_a_place_is_not_denied_of_the_state_behind_it():
    row(PlanWorkstation, "FTA2", type="FTA")

    found = asked("jobs da FTA1 mas não da FTA2 em erro").asked.query

    assert conditions_of(found) == [
        ("workstation", "=", "FTA1"), ("workstation", "!=", "FTA2"), ("group", "=", "failed"),
    ]  # fmt: skip


def test_a_length_of_time_lies_between_two():
    for text in (
        "jobs that took between 5 and 10 minutes",
        "jobs que levaram entre 5 e 10 minutos",
    ):
        found = asked(text).asked.query
        assert conditions_of(found) == [
            ("elapsed_minutes", ">=", 5), ("elapsed_minutes", "<=", 10),
        ]  # fmt: skip


@pytest.mark.parametrize("text", ["failed jobs excluding rc 8", "jobs em erro exceto rc 8"])
def test_what_is_without_a_return_code_is_left_in_when_one_is_excepted(text):
    unlike = AnyOf.model_validate(
        {"any": [condition("return_code", "!=", 8), condition("return_code", "=", None)]}
    )

    assert holds(text).asked.query.where[-1] == unlike
    later = asked("except rc 8", last=asked("failed jobs")).asked.query
    assert unlike in later.where
    assert conditions("failed jobs with rc different from 8")["return_code"] == ("!=", 8)


def test_the_rest_of_a_list_that_named_a_place_is_elsewhere():
    listed = asked("jobs em erro na FTA1")

    assert conditions("e o resto?", last=listed)["workstation"] == ("!=", "FTA1")
    cut = replace(
        listed,
        asked=replace(listed.asked, query=listed.asked.query.model_copy(update={"after": "t"})),
    )
    assert asked("e o resto?", last=cut).asked.type == "more"
    assert asked("e o resto?", last=asked("jobs em erro")).asked.type == "more"


def test_for_a_prompt_is_what_those_that_wait_wait_for():
    waiting = asked("how many jobs are waiting?")

    found = asked("for a prompt?", last=waiting).asked

    assert found.focus == "count"
    assert conditions("for a prompt?", last=waiting) == {
        "substatus": ("=", "HOLD_WAITING_FOR_PROMPT")
    }
    assert asked("for a prompt?", last=asked("failed jobs")).asked.query.entity == "prompts"


def test_a_deadline_is_a_subject_of_its_own():
    to_come = asked("o que vai rodar na próxima hora?")

    assert conditions("tem algum deadline em risco?", last=to_come).keys() == {"risk"}


def test_jobs_that_depend_on_a_stream_are_its_followers():
    found = asked("que jobs dependem do stream PAYROLL?").asked

    assert (found.type, found.direct, found.object.name) == ("impact", True, "PAYROLL")


def test_the_late_ones_are_jobs_where_nothing_else_was_listed():
    assert conditions("show me the late ones").keys() == {"late", "group"}
    assert asked("critical ones?").asked == AskBack("what")


@pytest.mark.parametrize(
    ("text", "limit"), [("which jobs take the longest?", 50), ("which job took the longest?", 1)]
)
def test_which_jobs_take_longest_are_several(text, limit):
    assert asked(text).asked.query.limit == limit


def test_users_that_are_excepted_are_left_out():
    failed = asked("failed jobs")

    assert conditions("except the folha ones", last=failed)["login"] == ("!=", "folha")


def test_the_language_of_a_few_words_is_that_of_an_article_before_a_name():
    assert (
        understand(
            "log do PAYROLL_CALC", now=NOW, zone=ZONE, engine="SIM", page_language="en"
        ).language
        == "pt"
    )


def test_what_has_to_be_waited_for_is_what_comes_before():
    assert isinstance(asked("does SALES_LOAD have to wait for anything?").asked, Before)


def test_all_of_what_is_said_first_are_asked_for_what_is_said_then():
    done = asked("are all critical jobs done?").asked
    late = asked("todos os jobs críticos estão no prazo?").asked
    urgent = asked("are all late jobs critical?").asked

    assert done.every and late.every and urgent.every
    assert ("critical", "=", True) in conditions_of(done.query)
    assert ("group", "not in", ["success", "failed"]) in conditions_of(done.query)
    assert {("critical", "=", True), ("late", "=", True)} <= {
        (one.field, one.op, one.value) for one in late.query.where if one.field != "group"
    }
    assert ("critical", "=", False) in conditions_of(urgent.query)
    listed = asked("todos os jobs em erro que são críticos").asked
    assert (listed.focus, listed.every) == ("list", False)


def test_streams_without_a_failed_job_are_those_with_none():
    for text in ("quais streams não têm nenhum job em erro?", "streams with no failed jobs"):
        assert conditions(text) == {"failed_jobs": ("=", 0)}


def test_how_many_jobs_on_each_counts_the_jobs_by_place():
    found = asked("lista de estações e quantos jobs em cada").asked.query

    assert (found.entity, found.group_by) == ("jobs", ["workstation"])


def test_what_has_ended_well_is_not_asked_for_as_late():
    assert asked("jobs que terminaram com sucesso mas atrasados").asked.type == "not_understood"
    assert ("group", "!=", "success") in conditions_of(
        asked("did all jobs in PAYROLL finish ok?").asked.query
    )


def test_what_has_just_happened_is_the_last_and_what_is_most_late_is_ranked_by_that():
    just = asked("o que acabou de falhar?").asked
    late = asked("which critical job is most overdue?").asked.query

    assert (just.focus, just.query.order_by, just.query.limit) == ("extreme", ["-end"], 1)
    assert (late.order_by, late.group_by) == (["-overdue_minutes"], [])
    assert asked("3 jobs mais atrasados").asked.query.limit == 3
    assert asked("jobs demorados de hoje").asked.words == ("demorados",)


def test_a_follow_up_cuts_the_groups_and_keeps_what_runs():
    groups = asked("how many jobs failed today on each workstation")
    first = asked("only the top 3", last=groups).asked
    longest = asked("which one for the longest?", last=asked("which jobs are running")).asked

    assert (first.focus, first.first, first.query.group_by) == ("groups", 3, ["workstation"])
    assert longest.query.order_by == ["-running_minutes"]


def test_the_first_that_ran_is_the_first_to_start():
    assert asked("first job that ran today").asked.query.order_by == ["start"]
    assert conditions("jobs c/ rc maior q 4") == {"return_code": (">", 4)}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("jobs with status other than SUCC and HOLD", ("group", "not in", ["success", "waiting"])),
        ("jobs exceto SUCC e HOLD", ("group", "not in", ["success", "waiting"])),
        ("jobs diferentes de SUCC", ("group", "!=", "success")),
        ("all jobs but not the waiting ones", ("group", "!=", "waiting")),
        ("jobs que não terminaram com rc 0", ("return_code", "!=", 0)),
        ("no critical jobs failed, right?", ("critical", "=", True)),
        ("is there no job running on FTA1?", ("group", "=", "running")),
    ],
)
def test_what_is_denied_is_what_stands_behind_the_no(text: str, where: tuple[str, str, Any]):
    assert where in conditions_of(asked(text).asked.query)


def test_what_is_excepted_of_a_state_and_a_place_is_not_guessed():
    assert asked("everything except failed jobs on FTA1").asked.words == ("except",)


def test_a_share_is_of_what_stands_before_its_verb():
    of_failures = asked("what share of failures is on FTA1?").asked.whole
    of_place = asked("qual a taxa de falha da FTA1?").asked.whole

    assert conditions_of(of_failures) == [("group", "=", "failed")]
    assert conditions_of(of_place) == [("workstation", "=", "FTA1")]
    assert isinstance(asked("percentual de sucesso por estação").asked, NotUnderstood)


def test_what_waits_longest_was_to_start_first_and_is_no_run():
    for text in ("job em hold há mais tempo", "longest waiting job"):
        found = asked(text).asked.query
        assert (found.entity, found.order_by, found.limit) == ("jobs", ["scheduled"], 1)
    assert asked("which runs are in hold?").asked.words == ("hold",)


def test_by_a_time_is_an_order_and_by_its_hour_a_grouping():
    by_deadline = asked("list critical jobs by deadline").asked.query
    by_hour = asked("jobs por hora de início hoje").asked.query

    assert (by_deadline.order_by, by_deadline.group_by) == (["deadline"], [])
    assert by_hour.group_by == ["start.hour"]


def test_runs_are_counted_where_no_job_is_named():
    found = asked("quantas execuções falharam na FTA1 hoje?").asked

    assert (found.query.entity, found.focus) == ("runs", "count")


def test_what_runs_now_is_running_and_a_part_of_a_name_keeps_its_line():
    for text in ("o que roda na FTA1 agora?", "what runs on FTA1 right now?"):
        assert conditions(text)["group"] == ("=", "running")
    assert conditions("jobs que rodaram na FTA1")["runs"] == (">", 0)
    assert conditions("jobs começando com PAY_") == {"job": ("like", "PAY_@")}


def test_the_next_deadline_is_that_of_what_is_still_open():
    found = asked("what is the next critical deadline coming up?").asked.query

    assert [(one.field, one.op) for one in found.where].count(("group", "not in")) == 1
    assert found.order_by == ["deadline"]
