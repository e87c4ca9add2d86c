"""Whatever is composed verifies; whatever is changed of it afterwards is noticed."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from knowledge.claims.answer import Answer, Claim, Phrase, Said, Words, read_answer
from knowledge.claims.checking import Checked, check
from knowledge.claims.composing import Composer, claim
from knowledge.claims.evidence import Reading, readings_in
from knowledge.claims.expressions import evaluate
from knowledge.claims.phrases import PHRASES, template
from knowledge.claims.rendering import render
from knowledge.claims.wording import WORDING, Voice, words
from knowledge.hwa.statuses import STATUSES

SAID = {
    "failed_jobs": (
        "**{n} {n|job terminou|jobs terminaram} com erro** desde {since}:",
        "**{n} {n|job|jobs} ended in error** since {since}:",
    ),
    "one_job": (
        "{job} ({status}) levou {minutes}, {linked|na estação ligada|na estação desligada}.",
        "{job} ({status}) took {minutes}, {linked|on its linked station|on its unlinked station}.",
    ),
    "largest": ("O mais longo: {jobs}, {share} do total.", "The longest: {jobs}, {share} of all."),
    "no_deadline": ("{job} não tem prazo.", "{job} has no deadline."),
    "asked": ("Sobre {job}:", "About {job}:"),
}
CONDITIONS = {"no_deadline": "{on}.deadline == `null`"}


@pytest.fixture(autouse=True, scope="module")
def phrases():
    for key, (pt, en) in SAID.items():
        when = CONDITIONS.get(key, "")
        PHRASES[f"test_{key}"] = {"pt": template(pt, when), "en": template(en, when)}
    yield
    for key in SAID:
        del PHRASES[f"test_{key}"]


HOSTILE = [
    "**bold** _it_ `code`", "<script>alert(1)</script>", "[x](http://evil)", "a|b\\|c", "{n}",
    "x\r\n# heading\n- item", "\u202etxt.exe", "A\u200bB", "{{ q1.matched }}", "1. first", "``",
    "&lt;b&gt;", "P\u0410YROLL", "\u05e9\u05dc\u05d5\u05dd", "e\u0301te\u0301", "", " ", "`",
    "```\nrm -rf", "\x00\x07",
]  # fmt: skip
NAMES = st.sampled_from(
    [*HOSTILE, *["FAT_DF", "SAP_PE", "ETL_01", "BKP_SNAP", "JOB-7", "/EU/FTA1", "Fecha.Mês", "A"]]
)
TIMES = st.datetimes(datetime(2025, 12, 30), datetime(2027, 1, 2)).map(  # noqa: DTZ001 - so is -03:00
    lambda at: f"{at:%Y-%m-%dT%H:%M:%S}-03:00"
)
ROWS = st.fixed_dictionaries(
    {
        "job": NAMES,
        "status": st.sampled_from(sorted(STATUSES)),
        "end": st.none() | TIMES,
        "return_code": st.none() | st.integers(-1, 300),
        "elapsed_minutes": st.integers(1, 50_000).map(lambda tenths: tenths / 10),
        "linked": st.booleans(),
        "deadline": st.none(),
    }
)


@dataclass
class Made:
    answer: Answer
    text: str
    readings: dict[str, Reading]

    def check(self, **changes) -> Checked:
        given = {"answer": self.answer, "text": self.text, "readings": self.readings} | changes
        return check(given["answer"], given["text"], given["readings"])


@st.composite
def made(draw, ending: tuple[str, ...] = ()) -> Made:
    """An answer in one language with any segments, `ending` in those of these names."""
    rows = draw(st.lists(ROWS, min_size=1, max_size=4))
    total = draw(st.integers(len(rows), 20_000))
    result = {
        "matched": len(rows),
        "shown": len(rows),
        "rows": rows,
        "total": total,
        "understood": {"where": [{"field": "end", "op": ">=", "value": draw(TIMES)}]},
    }
    lines = draw(st.lists(NAMES, min_size=1, max_size=3))
    log = {"lines": [{"number": 40 + n, "text": text} for n, text in enumerate(lines)]}
    memory = {"memory_id": "5f", "version": 1, "agent_response": draw(NAMES) + "\n\nRerun it."}
    at = draw(TIMES)
    readings = {
        name: Reading(name, "tool", {}, one, "PRD", at)
        for name, one in {"q1": result, "l1": log, "m1": memory}.items()
    }
    composer = Composer(draw(st.sampled_from(["pt", "en"])), "America/Sao_Paulo", readings)
    steps = {
        "failed": lambda: composer.say(
            "test_failed_jobs", n="q1.matched", since="q1.understood.where[0].value"
        ),
        "one": lambda: composer.say(
            "test_one_job",
            job="q1.rows[0].job",
            status=claim("q1.rows[0].status", draw(st.sampled_from(["status", "meaning"]))),
            minutes="q1.rows[0].elapsed_minutes",
            linked="q1.rows[0].linked",
        ),
        "largest": lambda: composer.say(
            "test_largest",
            jobs="most(q1.rows, &elapsed_minutes)[*].job",
            share="share(q1.matched, q1.total)",
        ),
        "unset": lambda: composer.say("test_no_deadline", on="q1.rows[0]", job="q1.rows[0].job"),
        "table": lambda: composer.table("q1.rows", ["job", "status", "end", "elapsed_minutes"]),
        "log": lambda: composer.log("l1", [40]),
        "quote": lambda: composer.quote("m1"),
        "words": lambda: composer.words(draw(st.sampled_from(["so ", "\n\n* that ", "- "]))),
        "said": lambda: composer.said("q1.rows[0].elapsed_minutes"),
        "paragraph": composer.paragraph,
        "item": composer.item,
    }
    composer.say("test_failed_jobs", n="q1.matched", since="q1.understood.where[0].value")
    for name in [*draw(st.lists(st.sampled_from(sorted(steps)), max_size=6)), *ending]:
        steps[name]()
    return Made(composer.answer(), composer.text(), readings)


def stored(data):
    """As JSON columns give it back: a number without a fraction may come back whole."""
    text = re.sub(r"(\d)\.0(?=[,\]}\s])", r"\1", json.dumps(data))
    return json.loads(text)


# --- what is right ------------------------------------------------------------------------------


@given(made())
def test_what_was_composed_verifies_as_stored(one):
    answer = read_answer(stored(one.answer.as_json()))
    readings = readings_in([stored(reading.as_json()) for reading in one.readings.values()])

    checked = check(answer, one.text, readings)

    assert (checked.outcome, checked.findings) == ("verified", [])
    assert render(answer, readings) == render(one.answer, one.readings) == one.text


@given(made(), st.data())
def test_spaces_and_the_coding_of_accents_say_nothing(one, data):
    form = data.draw(st.sampled_from(["NFC", "NFD"]))
    spaced = one.text.replace(" ", data.draw(st.sampled_from(["  ", " \n", "\u00a0"])))

    assert one.check(text=unicodedata.normalize(form, spaced)).outcome == "verified"


@given(made())
def test_a_phrase_that_was_reworded_since_is_no_contradiction(one):
    key = "test_failed_jobs"
    now = PHRASES[key]
    PHRASES[key] = {
        language: template(SAID["failed_jobs"][language == "en"].replace(":", " at least:"))
        for language in ("pt", "en")
    }
    try:
        checked = one.check()
    finally:
        PHRASES[key] = now

    assert (checked.outcome, checked.findings) == ("unknown", [])


@given(made())
def test_another_wording_of_values_is_no_contradiction(one):
    answer = replace(one.answer, wording=WORDING + 1)

    assert (one.check(answer=answer).outcome, one.check(answer=answer).findings) == ("unknown", [])


# --- what is wrong ------------------------------------------------------------------------------

ZONE = ZoneInfo("America/Sao_Paulo")
OTHER_VALUES = {
    "count": st.integers(0, 30_000),
    "name": NAMES,
    "status": st.sampled_from(sorted(STATUSES)),
    "meaning": st.sampled_from(sorted(STATUSES)),
    "time": TIMES,
    "minutes": st.integers(1, 50_000).map(lambda tenths: tenths / 10),
    "percent": st.integers(1, 1_000).map(lambda tenths: tenths / 10),
    "flag": st.booleans(),
}


def said_otherwise(one: Made, data) -> tuple[Claim, Claim]:
    """A claim of the answer, and the same with another value and that one's words."""
    known = data.draw(st.sampled_from(list(one.answer.claims)))
    value = data.draw(OTHER_VALUES[known.kind])
    if isinstance(known.value, list):
        value = [value]
    reading = one.readings["q1"]
    voice = Voice(one.answer.language, ZONE).on(reading.read_at)
    field = evaluate(known.expr, one.readings).field
    said = words(value, known.kind, voice, field)
    assume(value != known.value)
    assume(
        said.split() != known.words.split() and unicodedata.normalize("NFC", said) != known.words
    )
    return known, replace(known, value=value, words=said)


def with_claim(answer: Answer, old: Claim, new: Claim) -> Answer:
    def changed(segment):
        if isinstance(segment, Phrase):
            slots = {name: new if one == old else one for name, one in segment.slots.items()}
            return replace(segment, slots=slots)
        return Said(new) if segment == Said(old) else segment

    return replace(answer, segments=tuple(map(changed, answer.segments)))


@given(made(), st.data())
def test_a_value_changed_in_the_text_is_noticed(one, data):
    old, new = said_otherwise(one, data)
    text = one.text.replace(old.words, new.words, 1)
    assume(text.split() != one.text.split())

    assert one.check(text=text).outcome == "contradicted"


@given(made(), st.data(), st.sampled_from([("value",), ("words",), ("value", "words")]))
def test_a_claim_changed_in_value_or_words_or_both_is_noticed(one, data, parts):
    old, new = said_otherwise(one, data)
    changed = replace(old, **{part: getattr(new, part) for part in parts})

    checked = one.check(answer=with_claim(one.answer, old, changed))

    assert checked.outcome == "contradicted"
    assert checked.findings[0].claim_id == old.id


@given(made(), st.data())
def test_value_words_and_text_changed_alike_are_noticed(one, data):
    old, new = said_otherwise(one, data)
    answer = with_claim(one.answer, old, new)

    for version in (WORDING, WORDING + 1):
        checked = one.check(
            answer=replace(answer, wording=version), text=one.text.replace(old.words, new.words, 1)
        )
        assert checked.outcome == "contradicted"
        assert (checked.findings[0].code, checked.findings[0].said) == ("value", new.value)


@given(made(), st.sampled_from(["understood", "arguments", "engine", "tool"]))
def test_evidence_with_the_same_values_read_for_another_question_is_noticed(one, part):
    was = one.readings["q1"]
    result = copy.deepcopy(was.result)
    result["understood"]["where"][0]["op"] = "<"
    others = {"arguments": {"entity": "runs"}, "engine": "QA", "tool": "impact"}
    changes = {"result": result} if part == "understood" else {part: others[part]}

    checked = one.check(readings={**one.readings, "q1": replace(was, **changes)})

    assert [(finding.code, finding.expr) for finding in checked.findings] == [("reading", "q1")]


@given(made(), st.data())
def test_an_expression_replaced_by_what_it_yields_or_by_another_is_noticed(one, data):
    old = data.draw(st.sampled_from(list(one.answer.claims)))
    literal = json.dumps(old.value).replace("`", "\\`")
    expr = data.draw(st.sampled_from([f"`{literal}`", "q1.rows", "q2.matched", "q1.shown[0]"]))

    checked = one.check(answer=with_claim(one.answer, old, replace(old, expr=expr)))

    assert (checked.outcome, checked.findings[0].code) == ("contradicted", "no_claim")


@given(made(), st.data())
def test_another_unit_is_noticed_even_when_said_throughout(one, data):
    old = data.draw(st.sampled_from(list(one.answer.claims)))
    kind = data.draw(st.sampled_from(sorted(set(OTHER_VALUES) - {old.kind, "meaning", "status"})))
    voice = Voice(one.answer.language, ZONE).on(one.readings["q1"].read_at)
    new = replace(old, kind=kind, words=words(old.value, kind, voice))
    assume(new.words != old.words)

    checked = one.check(
        answer=with_claim(one.answer, old, new), text=one.text.replace(old.words, new.words, 1)
    )

    assert checked.outcome == "contradicted"


@given(made(), st.data())
def test_a_fixed_word_changed_is_noticed(one, data):
    word = data.draw(st.sampled_from(list(re.finditer(r"\w+", one.text))))
    text = one.text[: word.start()] + "well" + one.text[word.end() :]
    assume(text != one.text)

    assert one.check(text=text).outcome == "contradicted"


@given(made(), made())
def test_evidence_of_another_answer_is_noticed(one, other):
    assume(render(one.answer, other.readings).split() != one.text.split())

    assert one.check(readings=other.readings).outcome == "contradicted"


OTHERS = {"job": "X_OTHER", "status": "SUCC+", "elapsed_minutes": 5_000.3, "deadline": "2026-11-25"}


@given(made(ending=("one", "unset")), st.sampled_from(sorted({*OTHERS, "linked"})))
def test_a_value_changed_in_the_evidence_is_noticed_where_it_was_said(one, name):
    readings = copy.deepcopy(one.readings)
    row = readings["q1"].result["rows"][0]
    row[name] = not row["linked"] if name == "linked" else OTHERS[name]

    assert one.check(readings=readings).outcome == "contradicted"


def change_row(results):
    results["q1"]["rows"][-1]["job"] = "X_OTHER"


def change_line(results):
    results["l1"]["lines"][0]["text"] += "."


def change_version(results):
    results["m1"]["version"] = 2


@pytest.mark.parametrize("change", [change_row, change_line, change_version])
@given(made(ending=("table", "log", "quote")))
def test_a_table_a_log_or_a_memory_of_other_evidence_is_noticed(change, one):
    readings = copy.deepcopy(one.readings)
    change({name: reading.result for name, reading in readings.items()})

    checked = one.check(readings=readings)

    assert "excerpt" in [finding.code for finding in checked.findings]


# --- what is neither ----------------------------------------------------------------------------


def test_an_answer_without_a_fact_is_not_verified():
    readings = {"q1": Reading("q1", "tool", {}, {"understood": {"job": "X_ONE"}})}
    composer = Composer("en", "UTC", readings)
    composer.say("test_asked", job="q1.understood.job")

    checked = check(composer.answer(), composer.text(), readings)

    assert (checked.outcome, checked.findings, checked.facts) == ("unknown", [], 0)


def test_a_models_words_are_not_ours():
    answer = Answer("en", "UTC", WORDING, (Words("All is well."),), {})

    assert check(answer, "All is well.", {}) == Checked("unknown", [], own_words=False, facts=0)
