"""An answer as its page shows it: its facts marked, its tables as data that go on."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from knowledge.claims.answer import Answer
from knowledge.claims.composing import Composer
from knowledge.claims.evidence import Reading
from knowledge.claims.expressions import Evaluator
from knowledge.hwa.statuses import GROUPS
from knowledge.lineage import note_uses
from knowledge.markdown import to_html
from knowledge.models import Memory, MemoryRevision
from resync_site.environment import CHECKOUT
from tests.factories import make_memory, make_record
from tests.plan_reading import make_engine
from tws.answers.events import Final
from tws.answers.sources import plan_sources
from tws.chat import answering
from tws.chat.api import CardOf
from tws.chat.cards import card_parts
from tws.chat.showing.display import display_of, page_parts
from tws.chat.showing.marks import marked, marked_html, unmarked
from tws.models import Conversation, Message
from tws.plan.impact import impact
from tws.plan.models import PlanDependency, PlanEngine, PlanJob
from tws.plan.query import PlanQuery, answer

AT = "2026-03-02T10:00:00-03:00"


def composer_of(*readings: Reading) -> Composer:
    return Composer("en", "America/Sao_Paulo", {one.id: one for one in readings})


def shown_on_page(composer: Composer) -> dict[str, Any]:
    evidence = tuple(one.as_json() for one in composer.readings.values())
    final = Final(composer.text(), segments=composer.answer(), evidence=evidence)
    return page_parts(final.answer, display_of(final))


def job(**result: Any) -> Reading:
    known = {"kind": "job", "id": "J1", "job": "JOB_A", "stream": "S", "status": "ABEND", **result}
    return Reading("q1", "inspect", {"kind": "job", "object": "J1"}, known, "PROD", AT)


# --- facts --------------------------------------------------------------------------------------


def test_a_fact_is_marked_with_where_it_was_read_and_what_it_is() -> None:
    composer = composer_of(job())
    composer.words("The job ")
    composer.said("q1.job")
    composer.words(" is **in ")
    composer.said("q1.status")
    composer.words("**.")

    page = shown_on_page(composer)

    assert page["html"] == (
        '<p>The job <span class="fact" data-claim="c1">JOB_A</span> is <strong>in '
        '<span class="fact" data-claim="c2">ABEND</span></strong>.</p>\n'
    )
    name, status = page["facts"]
    assert name["source"] == status["source"] == "q1"
    assert [(one["kind"], one["id"]) for one in name["things"]] == [("job", "J1")]
    assert (status["field"], status["group"]) == ("status", "failed")


def test_each_name_of_a_list_is_an_object() -> None:
    rows = {"rows": [{"workstation": "A1"}, {"workstation": "B2"}]}
    composer = composer_of(Reading("q1", "plan_query", {"entity": "jobs"}, rows, "PROD", AT))
    composer.said("q1.rows[*].workstation")

    (fact,) = shown_on_page(composer)["facts"]

    named = [(one["kind"], one["name"]) for one in fact["things"]]
    assert named == [("workstation", "A1"), ("workstation", "B2")]


def test_the_meaning_of_a_status_is_no_second_status() -> None:
    composer = composer_of(job())
    composer.said("q1.status")
    composer.said("q1.status", "meaning")

    assert [one.get("group") for one in shown_on_page(composer)["facts"]] == ["failed", None]


@pytest.mark.parametrize(
    "name", ["<script>", "`x`", "a|b", "**b**", "[x](javascript:alert(1))", "\ue000c9\ue001", "_a_"]
)
def test_marks_change_no_word_whatever_a_name_holds(name: str) -> None:
    composer = composer_of(job(job=name))
    composer.words("Before *")
    composer.said("q1.job")
    composer.words("* [link](https://hwa.example/")
    composer.typed("ABEND", "q1.status")
    composer.words(") after")
    answer_, text = composer.answer(), composer.text()

    with_marks = marked(answer_, Evaluator(composer.readings), text)

    assert unmarked(to_html(with_marks or text)) == to_html(text)
    assert "\ue000" not in marked_html(with_marks or text)


def test_an_answer_that_holds_a_secret_is_shown_without_marks() -> None:
    composer = composer_of(job())
    composer.said("q1.job")
    composer.words(" password=Hunter2hunter2 was typed")

    assert "data-claim" not in shown_on_page(composer)["html"]


def test_the_questions_own_words_have_no_source() -> None:
    asked = Reading("u1", "question", {}, {"understood": {"name": "JOB_X"}})
    composer = composer_of(asked)
    composer.words("No job ")
    composer.said("u1.understood.name")

    assert [one["source"] for one in shown_on_page(composer)["facts"]] == [""]


def test_a_log_says_the_zone_of_its_times() -> None:
    result = {"job": "JOB_A", "lines": [{"number": 28, "text": "19:39:32 x"}], "time_zone": "UTC"}
    composer = composer_of(Reading("l1", "log", {"job": "J1"}, result, "PROD", AT))
    composer.log("l1", [28])

    page = shown_on_page(composer)

    assert page["logs"] == [{"id": "l1", "time_zone": "UTC"}]
    assert '<pre><code><span data-log="l1"></span>28: 19:39:32 x' in page["html"]


def test_each_group_of_statuses_has_its_look() -> None:
    css = (CHECKOUT / "tws/static/tws/answer.css").read_text(encoding="utf-8")

    looks = {
        name: re.search(rf"\.status\.{name}\b[^}}]*--tone[^}}]*--sign", css) for name in GROUPS
    }
    assert [name for name, look in looks.items() if not look] == []


# --- tables -------------------------------------------------------------------------------------


@pytest.fixture
def plan(db: None, settings: Any) -> PlanEngine:
    settings.TWS_BASE_URL, settings.TWS_ENGINE_NAME = "https://127.0.0.1:9", "SIM"
    engine = make_engine(span_start_at=timezone.now() - timedelta(hours=1))
    for number in range(7):
        fields = {"name": f"J{number}", "hwa_id": f"id{number}", "priority": 10 - number}
        PlanJob.objects.create(
            engine="SIM", digest=b"", status="ABEND", group="failed",
            fetched_at=timezone.now(), **fields,
        )  # fmt: skip
    return engine


@pytest.fixture
def answered(plan: PlanEngine, operator: User) -> Message:
    """A stored answer that lists two of seven jobs."""
    asked = {"entity": "jobs", "fields": ["job", "status", "priority"], "limit": 2}
    result = answer(PlanQuery.model_validate({**asked, "engine": "SIM"}))
    reading = Reading("q1", "plan_query", asked, result, "SIM", result["fetched_at"])
    composer = composer_of(reading)
    composer.table("q1.rows", ["job", "status", "priority"])
    final = Final(composer.text(), segments=composer.answer(), evidence=(reading.as_json(),))
    conversation = Conversation.objects.create(agent_id="tws-analyzer", user=operator)
    return Message.objects.create(
        conversation=conversation,
        role="agent",
        run_id=uuid.uuid4(),
        text=final.answer,
        display=display_of(final),
    )


def rows_of(message: Message, user: User, **wanted: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(f"/api/answers/{message.run_id}/tables/t1", wanted)


def names(rows: list[Any]) -> list[str]:
    return [row["cells"][0]["words"] for row in rows]


def test_a_table_says_how_many_rows_follow_and_keeps_its_query_to_itself(answered) -> None:
    page = page_parts(answered.text, answered.display)

    (table,) = page["tables"]
    assert '<span data-table="t1"></span>' in page["html"]
    assert [one["heading"] for one in table["columns"]] == ["job", "status", "priority"]
    assert names(table["rows"]) == ["J0", "J1"]
    assert table["rows"][0]["thing"]["id"] == "id0"
    assert table["rows"][0]["cells"][1]["group"] == "failed"
    assert table["matched"] == 7
    assert "query" not in table


def test_the_rows_that_follow_come_from_the_same_query(answered, operator) -> None:
    table = page_parts(answered.text, answered.display)["tables"][0]

    following = rows_of(answered, operator, after=table["next"], limit=3).json()
    last = rows_of(answered, operator, after=following["next"]).json()

    assert names(following["rows"]) == ["J2", "J3", "J4"]
    assert names(last["rows"]) == ["J5", "J6"]
    assert (last["matched"], last["next"]) == (7, "")


def test_a_table_is_begun_anew_in_another_order(answered, operator) -> None:
    found = rows_of(answered, operator, order_by="priority", limit=3).json()

    assert names(found["rows"]) == ["J6", "J5", "J4"]
    assert rows_of(answered, operator, order_by="login").status_code == 422


def test_rows_of_a_plan_that_was_replaced_do_not_follow(answered, operator, plan) -> None:
    table = page_parts(answered.text, answered.display)["tables"][0]
    PlanEngine.objects.update(span_start_at=timezone.now())

    assert rows_of(answered, operator, after=table["next"]).status_code == 409


def test_rows_follow_in_ones_own_conversations_only(answered, operator, reviewer) -> None:
    table = page_parts(answered.text, answered.display)["tables"][0]
    other = Message.objects.create(
        conversation=answered.conversation, role="agent", run_id=uuid.uuid4(), text="x"
    )

    assert rows_of(answered, reviewer, after=table["next"]).status_code == 404
    assert rows_of(other, operator).status_code == 404
    assert rows_of(answered, operator, after=table["next"] + "x").status_code == 422


@pytest.fixture
def holds_up(plan: PlanEngine) -> str:
    """J0, which the six others wait for, the later ones with the nearer deadline."""
    for number in range(1, 7):
        PlanJob.objects.filter(name=f"J{number}").update(
            group="waiting", status="HOLD", deadline_at=timezone.now() - timedelta(hours=number)
        )
        PlanDependency.objects.create(
            engine="SIM", of_kind="job", of_id=f"id{number}", of_name=f"J{number}", number=0,
            kind="INTERNAL", target_id="id0", is_satisfied=False, fetched_at=timezone.now(),
        )  # fmt: skip
    return "id0"


def of_a_card(holds_up: str, shown: int) -> dict[str, Any]:
    """The table of what it holds up, as a card has it."""
    result = impact("SIM", "job", holds_up, shown=shown)
    asked = {"kind": "job", "object": holds_up}
    composer = composer_of(Reading("q1", "impact", asked, result, "SIM", AT))
    composer.table("q1.rows", ["name", "status"])
    evidence = tuple(one.as_json() for one in composer.readings.values())
    final = Final(composer.text(), segments=composer.answer(), evidence=evidence)
    return card_parts(final)["tables"][0]


def more_of(table: dict[str, Any], user: User, **wanted: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.get("/api/plan/card/rows", {"table": table["more"], **wanted})


def test_what_no_row_can_hold_is_no_part_of_what_a_card_is_asked_by() -> None:
    asked = CardOf(kind="job", name=" PAY\0ROLL ", id="7\0", part="log")

    assert (asked.name, asked.id) == (
        "PAY\N{REPLACEMENT CHARACTER}ROLL",
        "7\N{REPLACEMENT CHARACTER}",
    )


def test_a_cards_table_goes_on_past_its_first_rows(holds_up: str, operator: User) -> None:
    table = of_a_card(holds_up, shown=2)

    following = more_of(table, operator, after=table["next"], limit=3).json()
    last = more_of(table, operator, after=following["next"]).json()
    other_way = more_of(table, operator, order_by="name", limit=2).json()

    assert (names(table["rows"]), table["matched"]) == (["J6", "J5"], 6)
    assert names(following["rows"]) == ["J4", "J3", "J2"]
    assert (names(last["rows"]), last["next"]) == (["J1"], "")
    assert names(other_way["rows"]) == ["J1", "J2"]
    assert of_a_card(holds_up, shown=6)["next"] == ""


def test_a_cards_rows_are_those_of_a_table_that_it_gave(
    holds_up: str, operator: User, auditor_user: User
) -> None:
    table = of_a_card(holds_up, shown=2)
    PlanJob.objects.filter(name="J5").update(group="success")

    assert more_of(table, operator, after=table["next"]).status_code == 409  # J5 waits no more
    assert more_of(table | {"more": table["more"] + "x"}, operator).status_code == 404
    assert more_of(table, operator, order_by="login").status_code == 422
    assert more_of(table, auditor_user).status_code == 403


# --- memories -----------------------------------------------------------------------------------


@pytest.fixture
def quoting(operator: User, reviewer: User) -> Message:
    """An answer that was given from an approved memory."""
    memory = make_memory(user_query="Why U1?", agent_response="Call **Ana**.")
    make_record("approved", memory, reviewer=reviewer, reviewed_at=timezone.now())
    conversation = Conversation.objects.create(agent_id="tws-analyzer", user=operator)
    answer = Message.objects.create(conversation=conversation, role="agent", run_id=uuid.uuid4())
    note_uses({(memory.pk, memory.version): "quoted"}, run_id=answer.run_id, reader=operator)
    return answer


def memory_of(message: Message, user: User) -> Any:
    client = Client()
    client.force_login(user)
    memory = Memory.objects.get()
    return client.get(f"/api/answers/{message.run_id}/memories/{memory.pk}")


def test_a_quoted_memory_says_who_approved_it(quoting, operator) -> None:
    shown = memory_of(quoting, operator).json()

    assert (shown["question"], shown["html"]) == ("Why U1?", "<p>Call <strong>Ana</strong>.</p>\n")
    assert (shown["trust"], shown["decided_by"]) == ("trusted", "reviewer")
    assert (shown["changed_at"], shown["now"]) == ([], None)


def test_a_quoted_memory_that_changed_says_what_it_said_and_what_it_says(quoting, operator) -> None:
    memory = Memory.objects.get()
    was = {"user_query": memory.user_query, "agent_response": memory.agent_response}
    MemoryRevision.objects.create(memory=memory, version=memory.version, **was)
    Memory.objects.update(version=memory.version + 1, agent_response="Call Rui.")

    shown = memory_of(quoting, operator).json()

    assert "Ana" in shown["html"]
    assert "Rui" in shown["now"]["html"]
    assert len(shown["changed_at"]) == 1


def test_a_memory_is_opened_from_ones_own_answers_only(quoting, operator, reviewer) -> None:
    other = Message.objects.create(
        conversation=quoting.conversation, role="agent", run_id=uuid.uuid4()
    )

    assert memory_of(quoting, reviewer).status_code == 404
    assert memory_of(other, operator).status_code == 404


def test_a_source_says_once_that_it_is_a_simulator() -> None:
    def source(engine: str, *, simulated: bool) -> str:
        reading = Reading("q1", "plan_query", {"entity": "jobs"}, {}, engine)
        toolkit: Any = SimpleNamespace(readings=[reading], simulated=simulated)
        return plan_sources(toolkit, Answer("en", "UTC", 1, (), {}))[0].label

    assert source("simulator", simulated=True) == "Plan of simulator: jobs"
    assert source("SIM", simulated=True) == "Plan of SIM (simulator): jobs"
    assert source("PROD", simulated=False) == "Plan of PROD: jobs"


def test_the_longest_answer_that_is_kept_is_rendered_with_its_note(settings: Any) -> None:
    longest = settings.CHAT_MAX_ANSWER_CHARACTERS
    given = Final("**bold** " * (longest // 9 + 1))

    cut = answering._within_length(given)

    assert len(cut.answer) > longest
    assert to_html(cut.answer).startswith("<p><strong>bold</strong>")
