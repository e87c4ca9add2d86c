"""What a reviewer reads on the record page: reasons in sentences, each claim beside its datum."""

from __future__ import annotations

import asyncio
import copy
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils import translation
from playwright.sync_api import expect

from audits.console.answer import drawn, parts_of
from audits.console.evidence import sources
from audits.console.reasons import found_in, reasons
from audits.judges import Finding
from audits.judges.claimed import claims_judge
from audits.judging import under_audit
from audits.models import AuditRecord
from audits.settling import Judged
from audits.states import Status
from knowledge.claims.composing import Composer
from knowledge.claims.evidence import Reading
from knowledge.claims.places import Places
from knowledge.models import Kind, Memory
from tests.factories import make_memory, make_record

AT = "2026-11-25T14:02:00-03:00"
ROWS = [
    {"job": "GL_POST", "status": "SUCC", "end": "2026-11-25T03:20:00-03:00", "return_code": 0},
    {"job": "FD_03", "status": "SUCC", "end": "2026-11-25T02:10:00-03:00", "return_code": 0},
]
LOG = {"lines": [{"number": 42, "text": "step 2 <ended>"}, {"number": 43, "text": "rc 12"}]}


def readings(rows=ROWS) -> dict[str, Reading]:
    plan = {"matched": len(rows), "shown": len(rows), "rows": rows}
    return {
        "q1": Reading("q1", "plan_query", {"entity": "jobs"}, plan, "PRD", AT),
        "l1": Reading("l1", "log", {}, LOG, "PRD", AT),
    }


def answered(language: str = "en") -> Memory:
    """An answer of ours whose evidence says something else by now: FD_03 ended in ABENP."""
    made = Composer(language, "America/Sao_Paulo", readings())
    made.words("- ")
    made.said("q1.rows[?job=='FD_03'].job | [0]")
    made.words(" ended with ")
    made.said("q1.rows[?job=='FD_03'].status | [0]")
    made.words(", one of ")
    made.said("q1.matched")
    made.log("l1", [42])
    later = copy.deepcopy(ROWS)
    later[1]["status"] = "ABENP"
    evidence = [one.as_json() for one in readings(later).values()]
    return make_memory(
        "Did FD_03 end well?", made.text(), evidence=evidence, answer=made.answer().as_json(),
        kind=Kind.STATE,
    )  # fmt: skip


def path_of(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_change", args=[record.pk])


class Words(HTMLParser):
    """What a page says, without its markup."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.said += data.split()

    def __str__(self) -> str:
        return " ".join(self.said)


# --- without a database -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        ("q1.matched", ["q1.matched"]),
        ("q1.rows[1].end", ["q1.rows.1.end"]),
        ("q1.rows[?status=='SUCC' && job=='FD_03'].end | [0]", ["q1.rows.1.end"]),
        ("most(q1.rows, &end)[0].job", ["q1.rows.0.job"]),
        ("length(q1.rows)", ["q1.rows"]),
        ("q1.rows[*].job", ["q1.rows.0.job", "q1.rows.1.job"]),
        ("q1.nothing", []),
        ("((", []),
    ],
)
def test_a_claim_points_at_the_very_fields_that_it_rests_on(expression, places):
    found = Places(readings()).of(expression)

    assert found == places or (expression.startswith("most") and set(places) <= set(found))


def test_marks_in_an_answer_break_no_list_table_or_code():
    memory = Memory(
        agent_response="1. first\n2. second\n\n| a | b |\n| --- | --- |\n| c | d |\n\n```\nlog\n```"
    )

    html, _left_out = drawn(memory.agent_response, parts_of(memory), ["first", "| a", "log"], None)

    assert '<li><mark data-finding="1">first</mark></li>' in html
    assert '<mark data-finding="2">a</mark>' in html
    assert html.count("<table>") == 1
    assert '<code><mark data-finding="3">log</mark>' in html
    assert not any("\ue000" <= char <= "\uf8ff" for char in html)


def test_private_characters_of_a_text_are_written_out_not_taken_for_marks():
    html, _ = drawn("a \ue003 b", parts_of(Memory()), [], None)

    assert "⟨U+E003⟩" in html


def test_names_of_one_sentence_are_one_reason():
    memory = Memory(agent_response="A_1 and B_2 failed. C_3 runs.", evidence=[])
    findings = [
        {"code": "lookup.name", "quote": name, "datum": "", "message": "", "confidence": 0.7}
        for name in ("A_1", "B_2", "C_3")
    ]
    record = AuditRecord(memory=memory, findings=findings)

    found = reasons(found_in(record), memory, parts_of(memory))

    assert [[str(quote) for quote in one.quotes] for one in found] == [["A_1", "B_2"], ["C_3"]]


# --- one record -------------------------------------------------------------------------------


def judged(memory: Memory) -> AuditRecord:
    memory = Memory.objects.get(pk=memory.pk)
    with ThreadPoolExecutor(1) as thread:  # a browser keeps a loop in this one
        verdict = thread.submit(asyncio.run, claims_judge(under_audit(memory))).result()
    columns = Judged(0, "", 0, memory.pk, 1, Status.QUARANTINED, verdict).columns()
    del columns["status"], columns["memory_version"]
    return make_record("quarantined", memory, **columns)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "sentence", "state"),
    [
        (
            "en",
            "The answer says “SUCC” of FD_03; the plan, read at 14:02, says “ABENP”.",
            "contradicted",
        ),
        (
            "pt-br",
            "A resposta diz “SUCC” de FD_03; o plano, lido às 14:02, diz “ABENP”.",
            "contradito",
        ),
    ],
)
def test_a_reviewer_reads_claim_datum_and_reason_in_their_language(
    language, sentence, state, client, reviewer
):
    record = judged(answered())
    client.force_login(reviewer)
    client.cookies["django_language"] = language

    words = str(Words(client.get(path_of(record)).content.decode()))

    assert sentence in words
    assert words.count(sentence) == 1
    assert f"SUCC ABENP q1 {state}" in words
    assert "claims" not in words


@pytest.mark.django_db
@pytest.mark.django_db
def test_a_reviewer_reads_how_a_question_was_put_and_taken_and_that_it_was_answered_in_part(
    client, reviewer
):
    taken = {"text": "runs · <b>failed</b>", "unused": ["Friday"], "outcome": "partial"}
    taken |= {"read": ["Plan of PRD: runs · failed", "Plan of PRD: log"]}
    memory = make_memory("What failed?", "Two.", asked_as="and\u202e failed?", understood=taken)
    record = make_record("unverified", memory)
    client.force_login(reviewer)

    page = client.get(reverse("admin:audits_auditrecord_change", args=[record.pk])).content.decode()

    for line in (
        "Typed: and⟨U+202E⟩ failed?",
        "Understood as: runs · &lt;b&gt;failed&lt;/b&gt;",
        "Not used: Friday.",
        "Only a part of the question was answered.",
        "Read: Plan of PRD: runs · failed; Plan of PRD: log",
    ):
        assert f">{line}</p>" in page


def test_findings_are_stored_as_code_and_values(reviewer):
    record = judged(answered())

    (finding,) = [one for one in record.findings if one["code"] == "claims.value"]

    assert (finding["message"], finding["said"], finding["found"]) == ("", "SUCC", "ABENP")
    assert set(finding) == {*Finding.__dataclass_fields__}


@pytest.mark.django_db
def test_old_reasons_in_words_are_shown_as_they_are(client, reviewer):
    record = make_record("pending", judge="grounding", ia_audit_reason="The log says rc 12.")
    client.force_login(reviewer)

    assert "The log says rc 12." in client.get(path_of(record)).content.decode()


@pytest.mark.django_db
def test_evidence_of_any_shape_is_drawn_masked_and_escaped():
    memory = make_memory(
        evidence=[
            {"tool": "t", "result": {"deep": {"er": {"and": {"so": {"on": 1}}}}}},
            {"tool": "t", "result": [{"a": "password = Sw0rdf1sh!9", "b": "<b>"}, {"a": None}]},
            {"tool": "t", "result": {"lines": [{"number": 1, "text": "x"}, {}]}},
            {"tool": "t", "result": "text"},
            "no object",
        ]
    )

    with translation.override("en"):
        drawings = [one.drawn for one in sources(memory, {}, [], None)]

    text = "".join(drawings)
    assert "Sw0rdf1sh" not in text
    assert "<b>" not in text
    assert drawings[3:] == ["", ""]


@pytest.mark.django_db
def test_a_query_of_thousands_of_rows_draws_few_and_those_that_are_cited():
    rows = [{"job": f"J{number}"} for number in range(3000)]
    memory = make_memory(evidence=[{"id": "q1", "tool": "t", "result": {"rows": rows}}])
    memory.evidence[0] |= {"arguments": {}, "engine": "", "complete": True}

    (source,) = sources(memory, {"q1.rows.2999.job": "1"}, [], None)

    assert source.drawn.count("<tr") < 40
    assert "J2999" in source.drawn


# --- in a browser -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_has_the_focus_lights_its_row_and_field(open_page, reviewer):
    record = judged(answered())
    page = open_page(reviewer, path_of(record))
    claim = page.locator("#answer a.rc-is-contradicted")

    claim.focus()

    lit = page.locator(".rc-lit")
    expect(lit).to_have_text("ABENP")
    expect(page.locator(".rc-lit-row")).to_contain_text("FD_03")
    expect(page.locator(".rc-lit-row")).not_to_contain_text("GL_POST")
    page.keyboard.press("Shift+Tab")
    expect(lit).to_have_text("FD_03")
    assert page.complaints == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_raw_data_is_one_click_away(open_page, reviewer):
    record = judged(answered())
    page = open_page(reviewer, path_of(record))
    raw = page.locator("#at-q1 .rc-raw pre").last
    expect(raw).not_to_be_visible()

    page.locator("#at-q1 .rc-raw summary").click()

    expect(raw).to_contain_text('"status": "ABENP"')


@pytest.mark.parametrize(
    ("read_at", "said"),
    [
        ("2026-11-25T14:02:00-03:00", "2026-11-25 14:02 -03"),
        ("2026-11-25T17:02:00Z", "2026-11-25 14:02 -03"),
        ("2026-11-25T14:02:00", "2026-11-25T14:02:00"),
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-23:59"),
        ("2026-13-45T99:02:00Z", "2026-13-45T99:02:00Z"),
        ("yesterday", "yesterday"),
    ],
)
@pytest.mark.django_db
def test_when_evidence_was_read_stands_there_as_other_times_do(
    read_at, said, client, reviewer, settings
):
    settings.TIME_ZONE = "America/Sao_Paulo"
    evidence = [{"tool": "job_status", "result": {}, "fetched_at": read_at}]
    record = make_record("pending", make_memory("When?", "Then.", evidence=evidence))
    client.force_login(reviewer)

    assert f"· {said}</small>" in client.get(path_of(record)).content.decode()
