"""The claims judge: what an answer's own evidence contradicts, and what it bears out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args
from uuid import uuid4

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from audits.auditor import Auditor
from audits.console import record as record_page
from audits.findings import message_of
from audits.judges import MemoryUnderAudit, QuotedNow, Verdict
from audits.judges.claimed import claims_judge
from audits.judges.lookup import lookup_judge
from audits.judging import Bench
from audits.models import AuditRecord
from audits.quoting import quoted_by
from audits.scoring import Scoring
from knowledge import store
from knowledge.claims.checking import Code
from knowledge.claims.composing import Composer
from knowledge.claims.evidence import Reading
from knowledge.claims.phrases import PHRASES, template
from knowledge.cleaning import clean, clean_json
from knowledge.models import Kind, Memory, Source, Trust
from tests.factories import make_memory

AT = "2026-11-25T06:30:00-03:00"
ROWS = [
    {"job": "PAY_CALC", "status": "ABEND", "end": "2026-11-25T02:10:00-03:00", "return_code": 12},
    {"job": "GL_POST", "status": "ABEND", "end": "2026-11-25T03:20:00-03:00", "return_code": 8},
]
RECIPE = {
    "memory_id": "5f1f1f00-0000-4000-8000-000000000001",
    "version": 2,
    "trust": "trusted",
    "agent_response": "Rerun it\nfrom step 2.",
}
SAID = {
    "count": ("{n} jobs terminaram com erro.", "{n} jobs ended in error."),
    "last": ("O último: {job}, às {end}, {code}.", "The last one: {job}, at {end}, {code}."),
}


@pytest.fixture(autouse=True, scope="module")
def phrases() -> Iterator[None]:
    for key, (pt, en) in SAID.items():
        PHRASES[f"judged_{key}"] = {"pt": template(pt), "en": template(en)}
    yield
    for key in SAID:
        del PHRASES[f"judged_{key}"]


def readings(rows: list[dict[str, Any]], log: str = "AWSBJT001E rc 12") -> dict[str, Reading]:
    results = {
        "q1": {"matched": len(rows), "shown": len(rows), "rows": rows},
        "l1": {"lines": [{"number": 42, "text": log}]},
        "m1": RECIPE,
    }
    cleaned = clean_json(results)
    return {name: Reading(name, "a_tool", {}, cleaned[name], "PRD", AT) for name in cleaned}


def composer(rows: list[dict[str, Any]] | None = None, language: str = "en") -> Composer:
    return Composer(language, "America/Sao_Paulo", readings(rows or ROWS))


def phrased(made: Composer, row: int = 0) -> Composer:
    made.say("judged_count", n="q1.matched")
    made.say(
        "judged_last",
        job=f"q1.rows[{row}].job",
        end=f"q1.rows[{row}].end",
        code=f"q1.rows[{row}].return_code",
    )
    return made


def judged_as(made: Composer, rows: list[dict[str, Any]] | None = None, **more: Any):
    """The memory of an answer, as the database gives it back."""
    evidence = [one.as_json() for one in readings(rows or ROWS).values()]
    fields = {
        "memory_id": uuid4(),
        "version": 1,
        "agent": "tws-analyzer",
        "kind": "state",
        "user_query": "Which jobs failed?",
        "agent_response": clean(made.text()).strip(),
        "evidence": json.loads(json.dumps(evidence)),
        "answer": json.loads(json.dumps(clean_json(made.answer().as_json()))),
        "own_evidence": True,
    }
    return MemoryUnderAudit(**(fields | more))


def verdict_on(memory: MemoryUnderAudit) -> Verdict:
    verdict = asyncio.run(claims_judge(memory))
    assert verdict is not None
    return verdict


def status_of(memory: MemoryUnderAudit) -> str:
    return Scoring().status(verdict_on(memory))


# --- what is borne out ----------------------------------------------------------------------------


def full(language: str = "en") -> Composer:
    made = phrased(composer(language=language), row=1)
    made.table("q1.rows", ["job", "status", "end", "return_code"])
    made.log("l1", [42])
    made.quote("m1")
    return made


@pytest.mark.parametrize("language", ["pt", "en"])
def test_our_own_phrases_over_our_own_evidence_are_cleared(language: str) -> None:
    assert status_of(judged_as(full(language))) == "cleared"


def test_who_brings_the_evidence_could_write_the_claims() -> None:
    assert status_of(judged_as(full(), own_evidence=False)) == "unverified"


def test_a_models_words_can_be_false_beside_a_right_value() -> None:
    made = phrased(composer())
    made.words(" It ended well at ")
    made.said("q1.rows[0].end")

    assert status_of(judged_as(made)) == "unverified"


def test_a_models_table_may_answer_another_question_than_was_asked() -> None:
    made = composer()
    made.by_a_model()
    made.table("q1.rows", ["job", "end"])

    question = "Which jobs may be deleted without harm?"
    assert status_of(judged_as(made, user_query=question)) == "unverified"


def test_an_answer_that_only_says_what_memories_say_is_nothing_new() -> None:
    made = composer()
    made.quote("m1")

    assert status_of(judged_as(made)) == "unverified"


def test_another_wording_than_todays_is_no_verdict() -> None:
    memory = judged_as(full())

    assert status_of(replace(memory, answer=memory.answer | {"wording": 10_000})) == "unverified"


def test_a_text_alone_is_not_judged_and_parts_are_not_read_as_prose() -> None:
    memory = judged_as(full(), agent_response="HR_LOAD ended well.")

    assert asyncio.run(claims_judge(replace(memory, answer=None))) is None
    assert asyncio.run(lookup_judge(memory)) is None


# --- what is contradicted -------------------------------------------------------------------------


def test_a_contradicted_value_is_quarantined_with_both_values_and_the_pointer() -> None:
    memory = judged_as(full())
    memory.evidence[0]["result"]["rows"][1]["return_code"] = 0

    verdict = verdict_on(memory)

    assert Scoring().status(verdict) == "quarantined"
    [finding] = [found for found in verdict.findings if found.code == "claims.value"]
    assert (finding.expr, finding.said, finding.found) == ("q1.rows[1].return_code", 8, 0)
    assert finding.claim_id
    assert finding.message == ""


@pytest.mark.parametrize("words", [None, " Nothing else failed. "])
@pytest.mark.parametrize("own", [True, False])
def test_a_contradiction_counts_whoever_spoke_and_whoever_read(
    words: str | None, own: bool
) -> None:
    made = phrased(composer())
    if words:
        made.words(words)
    memory = judged_as(made, own_evidence=own)

    text = memory.agent_response.replace("2 jobs", "3 jobs")

    assert text != memory.agent_response
    assert status_of(replace(memory, agent_response=text)) == "quarantined"


def test_evidence_of_another_answer_is_noticed() -> None:
    other = [{**ROWS[0], "job": "HR_LOAD"}, ROWS[1]]

    assert status_of(judged_as(full(), rows=other)) == "quarantined"


def test_evidence_of_another_question_is_noticed_though_its_figures_agree() -> None:
    memory = judged_as(full())
    memory.evidence[0]["arguments"] = {"group": "running"}

    verdict = verdict_on(memory)

    assert Scoring().status(verdict) == "quarantined"
    assert {(one.code, one.datum) for one in verdict.findings} == {("claims.reading", "q1")}


def test_every_kind_of_difference_has_words() -> None:
    codes = {*get_args(Code)} | {"misquoted", "outdated", "unreadable"}

    assert all(message_of(f"claims.{code}") for code in codes)


@pytest.mark.parametrize("answer", [{}, {"segments": []}, {"language": "xx"}])
def test_parts_that_cannot_be_read_go_to_a_person(answer: dict[str, Any]) -> None:
    assert status_of(judged_as(full(), answer=answer)) == "pending"


ROW = st.fixed_dictionaries(
    {
        "job": st.from_regex(r"[A-Z]{2,5}_[A-Z0-9]{1,6}", fullmatch=True),
        "status": st.sampled_from(["ABEND", "SUCC", "EXEC", "HOLD", "READY"]),
        "end": st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001 - so is Z
            lambda at: at.replace(microsecond=0).isoformat() + "Z"
        ),
        "return_code": st.integers(0, 300),
    }
)
OTHER = {
    "job": lambda name: f"X{name}",
    "status": lambda status: "FENCE" if status != "FENCE" else "WAIT",
    "end": lambda end: end.replace("2026-", "2025-"),
    "return_code": lambda code: code + 1,
}


@given(
    rows=st.lists(ROW, min_size=1, max_size=3),
    language=st.sampled_from(["pt", "en"]),
    log=st.text(max_size=30),
    data=st.data(),
)
def test_true_answers_pass_and_no_changed_fact_does(
    rows: list[dict[str, Any]], language: str, log: str, data: st.DataObject
) -> None:
    which = data.draw(st.integers(0, len(rows) - 1))
    made = Composer(language, "America/Sao_Paulo", readings(rows, log))
    phrased(made, which)
    made.table("q1.rows", ["job", "status", "end", "return_code"])
    made.log("l1", [42])
    memory = judged_as(made, rows)
    memory.evidence[1] = readings(rows, log)["l1"].as_json()

    assert status_of(memory) == "cleared"
    assert status_of(data.draw(one_fact_changed(memory, which))) == "quarantined"


@st.composite
def one_fact_changed(draw: st.DrawFn, memory: MemoryUnderAudit, which: int) -> MemoryUnderAudit:
    """The text, a value, value and words alike, a pointer, a fixed word, or what was read."""
    answer, evidence = json.loads(json.dumps([memory.answer, memory.evidence]))
    text = memory.agent_response
    phrase = answer["segments"][1]
    claim = phrase["slots"][draw(st.sampled_from(sorted(phrase["slots"])))]
    field = draw(st.sampled_from(sorted(OTHER)))
    row = evidence[0]["result"]["rows"][which]
    match draw(st.sampled_from(["text", "value", "alike", "literal", "key", "evidence", "count"])):
        case "text":
            at = draw(st.integers(0, len(text) - 1).filter(lambda at: text[at].isalnum()))
            text = text[:at] + ("7" if text[at] != "7" else "8") + text[at + 1 :]
        case "value":
            claim["value"] = OTHER[claim["expr"].rpartition(".")[2]](claim["value"])
        case "alike":
            text = text.replace(claim["words"], f"9{claim['words']}")
            claim["value"], claim["words"] = f"9{claim['value']}", f"9{claim['words']}"
        case "literal":
            claim["expr"] = f"`{json.dumps(claim['value'])}`"
        case "key":
            phrase |= {name: answer["segments"][0][name] for name in ("key", "version")}
        case "evidence":
            row[field] = OTHER[field](row[field])
        case "count":
            evidence[0]["result"]["matched"] += 1
    return replace(memory, agent_response=text, answer=answer, evidence=evidence)


# --- memories that are quoted ---------------------------------------------------------------------


def quoting(**now: Any) -> MemoryUnderAudit:
    known = {
        "memory_id": RECIPE["memory_id"],
        "version": 2,
        "text": RECIPE["agent_response"],
        "current_version": 2,
        "trust": "trusted",
    }
    return judged_as(full(), quoted_now=(QuotedNow(**(known | now)),))


def test_a_memory_is_quoted_to_the_letter() -> None:
    assert status_of(quoting()) == "cleared"
    assert status_of(quoting(text="Rerun it from step 3.")) == "quarantined"


def test_a_memory_may_have_been_approved_since() -> None:
    memory = quoting()
    for reading in memory.evidence:
        reading["result"] |= {"trust": "cleared"} if reading["id"] == "m1" else {}

    assert status_of(memory) == "cleared"


@pytest.mark.parametrize("version", [[2], {"v": 2}, None])
def test_a_memory_quoted_in_no_version_is_another_than_was_quoted(version: Any) -> None:
    memory = quoting()
    for reading in memory.evidence:
        reading["result"] |= {"version": version} if reading["id"] == "m1" else {}

    assert status_of(memory) == "quarantined"


@pytest.mark.parametrize(
    "now", [{"current_version": 3}, {"trust": "rejected"}, {"text": None, "current_version": 0}]
)
def test_what_a_quoted_memory_is_no_more_goes_to_a_person(now: dict[str, Any]) -> None:
    verdict = verdict_on(quoting(**now))

    assert Scoring().status(verdict) == "pending"
    assert [finding.code for finding in verdict.findings] == ["claims.outdated"]


@pytest.mark.django_db(transaction=True)
def test_quoted_memories_are_read_as_they_are_in_the_version_that_was_quoted() -> None:
    recipe = make_memory(agent_response="Rerun it.")
    store.change(recipe.pk, "Rerun it from step 2.")
    gone, evidence = uuid4(), []
    for number, (memory_id, version) in enumerate([(recipe.pk, 1), (recipe.pk, 2), (gone, 1)], 1):
        result = {"memory_id": str(memory_id), "version": version, "agent_response": "?"}
        evidence.append({"id": f"m{number}", "tool": "search_memories", "result": result})
    vocabulary = {"id": "m9", "result": {"memory_id": None, "version": None}}

    found = asyncio.run(quoted_by(Memory(answer={}, evidence=[*evidence, vocabulary, "odd"])))

    assert found == (
        QuotedNow(str(recipe.pk), 1, "Rerun it.", 2, Trust.NEW),
        QuotedNow(str(recipe.pk), 2, "Rerun it from step 2.", 2, Trust.NEW),
        QuotedNow(str(gone), 1, None, 0, ""),
    )


# --- through the queue ----------------------------------------------------------------------------


def listed() -> Composer:
    """An answer of one table: it needs no phrase that only these tests know."""
    made = composer()
    made.table("q1.rows", ["job", "status", "return_code"])
    return made


def remembered(made: Composer, **fields: Any) -> Memory:
    return make_memory(
        "Which jobs failed?",
        made.text(),
        kind=Kind.STATE,
        answer=made.answer().as_json(),
        evidence=[one.as_json() for one in readings(ROWS).values()],
        **fields,
    )


def audited(memory: Memory) -> AuditRecord:
    from audits.judging import bench

    async def run() -> None:
        auditor = Auditor(bench())
        await auditor.run()
        await auditor.close()

    asyncio.run(run())
    return AuditRecord.objects.select_related("memory").get(memory=memory)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("judges_here")
def test_what_was_stored_is_judged_by_its_parts_and_worded_when_it_is_shown(reviewer) -> None:
    right = audited(remembered(listed()))
    imported = audited(remembered(listed(), agent="another", source=Source.IMPORT))
    changed = composer()
    changed.table("q1.rows", ["job", "return_code"])
    wrong = remembered(changed)
    wrong.evidence[0]["result"]["rows"][0]["return_code"] = 0
    Memory.objects.filter(pk=wrong.pk).update(evidence=wrong.evidence)
    wrong = audited(wrong)

    assert (right.status, right.judge, right.memory.trust) == ("cleared", "claims", "cleared")
    assert (imported.status, imported.ia_audit_confidence) == ("unverified", None)
    assert wrong.status == "quarantined"
    assert wrong.findings[0]["expr"] == "q1.rows"
    reasons = record_page.page(wrong, reviewer)["reasons"]
    assert [one.sentence for one in reasons] == [message_of("claims.excerpt")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("judges_here")
def test_an_exported_answer_gets_the_verdict_it_got(tmp_path, capsys) -> None:
    memory = remembered(listed())
    assert audited(memory).status == "cleared"
    call_command("export_memories")
    row = json.loads(capsys.readouterr().out)
    wrong = row | {"agent_response": row["agent_response"].replace("| 12 |", "| 13 |")}
    path = tmp_path / "rows.jsonl"
    labelled = [row | {"label": "correct"}, wrong | {"label": "incorrect"}]
    path.write_text("\n".join(map(json.dumps, labelled)))

    call_command("eval_auditor", str(path), "--json")

    assert wrong["agent_response"] != row["agent_response"]
    confusion = json.loads(capsys.readouterr().out)["confusion"]
    assert (confusion["tp"], confusion["tn"], sum(confusion.values())) == (1, 1, 2)


@pytest.mark.django_db(transaction=True)
def test_the_bench_lets_claims_support_whatever_else_is_weakly_suspected() -> None:
    async def weak(memory: MemoryUnderAudit) -> Verdict | None:
        return Verdict("rules", 0.5, "perhaps")

    async def never(memory: MemoryUnderAudit) -> Verdict | None:
        raise AssertionError("no LLM is needed")

    verdict = asyncio.run(Bench([weak, claims_judge], never).verdict_on(judged_as(full())))

    assert (verdict.judge, Scoring().status(verdict)) == ("claims", "cleared")
