"""What an answer states, held to evidence of any shape; and evidence cut to the room there is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.judges.llm.relevance import fitting
from audits.judges.llm.replies import Statement
from audits.judges.llm.statements import check_statements, readings_of
from tests.judging import memory

JOBS = [
    {"name": "PAY_1", "status": "ABEND", "returnCode": 12, "late": True, "ws": "/AGT_1"},
    {"name": "PAY_2", "status": "SUCC", "minutes": 22.6, "end": "2026-03-11T04:12:41Z"},
]
EVIDENCE = [{"tool": "list_jobs", "result": {"count": 2, "results": JOBS}}]
PAY_1, PAY_2 = "q1.results[?name=='PAY_1'] | [0]", "q1.results[?name=='PAY_2'] | [0]"


def outcome(expr: str, value: str, quote: str = "so it is", evidence: list | None = None) -> str:
    about = memory("?", f"As I see, {quote}.", evidence or EVIDENCE, "state")
    checked = check_statements([Statement(quote=quote, expr=expr, value=value)], about)
    return checked[0].outcome if checked else "not in the answer"


@pytest.mark.parametrize(
    ("expr", "value", "expected"),
    [
        (f"{PAY_1}.returnCode", "12", "agrees"),
        (f"{PAY_1}.returnCode", "8", "differs"),
        (f"{PAY_1}.returnCode", "twelve", "agrees"),
        (f"{PAY_1}.returnCode", "a dozen", "unknown"),  # in a form that compares with nothing
        (f"{PAY_1}.returnCode", "eight", "unknown"),
        (f"{PAY_1}.status", "ABEND", "agrees"),
        (f"{PAY_1}.status", "FAIL", "unknown"),  # another code of the same group
        (f"{PAY_1}.status", "SUCC", "differs"),
        (f"{PAY_1}.late", "yes", "agrees"),
        (f"{PAY_1}.late", "false", "differs"),
        (f"{PAY_1}.ws", "AGT_1", "agrees"),
        (f"{PAY_1}.ws", "AGT_2", "differs"),
        (f"{PAY_2}.minutes", "22.6", "agrees"),
        (f"{PAY_2}.minutes", "23", "agrees"),
        (f"{PAY_2}.minutes", "22", "agrees"),  # a rest left out
        (f"{PAY_2}.minutes", "27", "differs"),
        (f"{PAY_2}.end", "2026-03-11T01:12:41-03:00", "agrees"),
        (f"{PAY_2}.end", "04:12", "agrees"),
        (f"{PAY_2}.end", "2026-03-11T05:12:41Z", "differs"),
        (f"{PAY_2}.returnCode", "0", "unknown"),  # a row without the field proves nothing
        ("length(q1.results[?status=='ABEND'])", "1", "agrees"),
        ("length(q1.results)", "3", "differs"),
        ("q1.results[*].name", "PAY_2, PAY_1", "agrees"),
        ("q1.results[*].name", "PAY_1, PAY_3", "differs"),
        ("reverse(sort(q1.results[*].name))", "PAY_1, PAY_2", "differs"),
        ("q9.results", "1", "unknown"),
        ("not an expression", "1", "unknown"),
        ("", "1", "unknown"),
        ("`12`", "12", "unknown"),
    ],
)
def test_only_another_value_of_the_same_kind_is_a_contradiction(expr, value, expected) -> None:
    assert outcome(expr, value) == expected


def test_words_that_are_not_in_the_answer_are_no_statement_of_it() -> None:
    about = memory("?", "PAY_1 failed.", EVIDENCE, "state")
    invented = Statement(quote="PAY_2 failed", expr=f"{PAY_2}.status", value="ABEND")

    assert check_statements([invented], about) == []


def test_a_whole_number_that_was_misread_from_its_words_contradicts_nothing() -> None:
    assert outcome(f"{PAY_1}.returnCode", "8", quote="return code 12") == "unknown"
    assert outcome(f"{PAY_1}.returnCode", "8", quote="return code 8") == "differs"


def test_a_list_shorter_than_its_own_total_is_not_counted() -> None:
    cut = [{"tool": "list_jobs", "result": {"count": 40, "results": JOBS}}]

    assert outcome("length(q1.results)", "2", evidence=cut) == "unknown"
    assert outcome("q1.count", "40", evidence=cut) == "agrees"


def test_readings_keep_their_own_ids_and_others_are_counted_through() -> None:
    named = [{"id": "l1", "result": {}}, {"id": "q1", "result": "text"}]

    assert list(readings_of(named)) == ["l1", "q1"]
    assert list(readings_of([*named, {"tool": "x", "result": []}])) == ["q1", "q2", "q3"]


# --- room ------------------------------------------------------------------------------------


def many(total: int) -> list[dict]:
    rows = [{"name": f"JOB_{n:04}", "status": "SUCC", "text": "x" * 60} for n in range(total)]
    return [{"tool": "list_jobs", "result": {"count": total, "results": rows}}]


def test_rows_that_the_answer_is_about_stay_and_the_total_with_them() -> None:
    shown = fitting(many(2000), "JOB_1234 ended well, JOB_0007 too", 4_000)

    assert len(shown) <= 4_000
    assert "JOB_1234" in shown and "JOB_0007" in shown
    result = json.loads(shown)[0]["result"]
    assert result["count"] == 2000
    assert result["results"][-1].endswith("more of 2000 are not shown)")
    assert all(row["text"] == "x" * 60 for row in result["results"][:-1]), "none is cut inside"


def test_lines_of_a_log_that_matter_stay_with_their_numbers() -> None:
    lines = [f"step {n} done" for n in range(5000)] + ["ORA-01555 snapshot too old"]
    evidence = [{"tool": "job_log", "result": "\n".join(lines)}]

    shown = fitting(evidence, "It ended with ORA-01555", 3_000)

    assert "5001: ORA-01555 snapshot too old" in shown


def test_what_fits_is_shown_as_it_is() -> None:
    assert json.loads(fitting(EVIDENCE, "", 10_000)) == EVIDENCE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=30,
)


@settings(max_examples=60, deadline=None)
@given(evidence=st.lists(JSON, max_size=5), about=st.text(), room=st.integers(1500, 3000))
def test_any_evidence_fits_and_none_is_cut_inside(evidence, about, room) -> None:
    shown = fitting(evidence, about, room)

    assert len(shown) <= room
    json.loads(shown)


def test_many_readings_and_one_that_can_not_be_cut_are_shown_whole_or_not_at_all() -> None:
    wide = {"tool": "x" * 400, "result": {f"field {n}": n for n in range(5000)}}
    evidence = [{"tool": "job", "result": {"name": f"JOB_{n}"}} for n in range(500)] + [wide]

    shown = fitting(evidence, "JOB_77 ended well", 12_000)

    assert len(shown) <= 12_000
    assert {"tool": "job", "result": {"name": "JOB_77"}} in json.loads(shown)


@settings(max_examples=60, deadline=None)
@given(evidence=st.lists(JSON, max_size=4), expr=st.text(max_size=80), value=st.text(max_size=20))
def test_no_statement_about_any_evidence_breaks_the_judge(evidence, expr, value) -> None:
    about = memory("?", "so it is", [{"result": one} for one in evidence], "state")

    check_statements([Statement(quote="so it is", expr=expr, value=value)], about)
