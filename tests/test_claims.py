"""Answers as data: made, stored, read back, and held against their evidence."""

from __future__ import annotations

import json

import pytest

from knowledge.claims.answer import AnswerMalformed, read_answer
from knowledge.claims.checking import check
from knowledge.claims.composing import Composer, claim
from knowledge.claims.evidence import (
    EvidenceMalformed,
    NoClaim,
    Reading,
    read_reading,
    readings_in,
)
from knowledge.claims.phrases import PHRASES, template
from knowledge.claims.rendering import render

ZONE = "America/Sao_Paulo"
NOW = "2026-11-25T15:34:46-03:00"
FAILED = {
    "matched": 2,
    "distinct_jobs": 2,
    "shown": 2,
    "rows": [
        {
            "job": "FAT_DF",
            "end": "2026-11-25T02:35:26-03:00",
            "return_code": 2,
            "deadline": None,
        },
        {"job": "SAP_SP", "end": "2026-11-24T23:53:43-03:00", "return_code": 8, "deadline": None},
    ],
    "understood": {"where": [{"field": "end", "op": ">=", "value": "2026-11-24T22:00:00-03:00"}]},
}
LOG = {"lines": [{"number": 41, "text": "begin"}, {"number": 42, "text": "ORA-01555"}]}
MEMORY = {"memory_id": "5f", "version": 2, "agent_response": "Reset the file.\n\n* then rerun"}


def reading(name: str, result: dict) -> Reading:
    return Reading(name, "plan_query", {}, result, engine="HWA_PRD", fetched_at=NOW)


READINGS = {
    name: reading(name, result) for name, result in {"q1": FAILED, "l1": LOG, "m1": MEMORY}.items()
}


@pytest.fixture
def phrases(monkeypatch):
    """Two phrases of the tests' own, so that no product text is written down here."""
    said = {
        "some_failed": (
            "**{n} {n|job terminou|jobs terminaram} com erro** desde {since}.",
            "**{n} {n|job|jobs} ended in error** since {since}.",
        ),
        "no_deadline": ("{job} não tem prazo.", "{job} has no deadline."),
        "first_job": ("O primeiro: {job}.", "The first: {job}."),
    }
    conditions = {"no_deadline": "{on}.deadline == `null`"}
    for key, texts in said.items():
        pt, en = (template(text, conditions.get(key, "")) for text in texts)
        monkeypatch.setitem(PHRASES, key, {"pt": pt, "en": en})


def composed(language: str = "pt") -> Composer:
    composer = Composer(language, ZONE, READINGS)
    composer.say("some_failed", n="q1.matched", since="q1.understood.where[0].value")
    composer.say("no_deadline", on="q1.rows[0]", job="q1.rows[0].job")
    composer.table("q1.rows", ["job", "end", "return_code"])
    composer.log("l1", [42])
    composer.quote("m1")
    return composer


def test_an_answer_is_worded_by_the_program_in_either_language(phrases):
    assert composed().text() == (
        "**2 jobs terminaram com erro** desde 24/11 22:00. FAT_DF não tem prazo.\n\n"
        "| job | fim | código de retorno |\n"
        "| --- | --- | --- |\n"
        "| FAT_DF | 02:35 | 2 |\n"
        "| SAP_SP | 24/11 23:53 | 8 |\n\n"
        "```\n42: ORA-01555\n```\n\n"
        "> Reset the file.\n>\n> * then rerun"
    )
    assert composed("en").text().startswith("**2 jobs ended in error** since 24 Nov 22:00. FAT")


def test_what_was_composed_is_rendered_again_from_segments_and_evidence_as_stored(phrases):
    composer = composed()
    stored = json.loads(json.dumps(composer.answer().as_json()))
    evidence = json.loads(json.dumps([one.as_json() for one in READINGS.values()]))

    answer, readings = read_answer(stored), readings_in(evidence)

    assert answer == composer.answer()
    assert readings == READINGS
    assert render(answer, readings) == composer.text()
    checked = check(answer, composer.text(), readings)
    assert (checked.outcome, checked.findings, checked.own_words) == ("verified", [], True)


def test_the_pieces_of_a_text_are_the_text(phrases):
    composer = Composer("en", ZONE, READINGS)

    pieces = [composer.say("first_job", job="q1.rows[1].job")]
    composer.paragraph()
    composer.item()
    pieces += [
        composer.say("first_job", job="q1.rows[0].job"),
        composer.table("q1.rows", ["end"]),
    ]

    assert "".join(pieces) == composer.text()
    assert composer.text().startswith("The first: SAP_SP.\n\n- The first: FAT_DF.\n")


def test_a_condition_of_a_phrase_must_be_true(phrases, monkeypatch):
    composer = Composer("en", ZONE, READINGS)
    no_end = template("{job} has not ended.", "{on}.end == `null`")
    monkeypatch.setitem(PHRASES, "no_end", {"pt": no_end, "en": no_end})

    with pytest.raises(NoClaim, match="only said when"):
        composer.say("no_end", on="q1.rows[0]", job="q1.rows[0].job")


def test_a_phrase_takes_its_own_slots_and_no_others(phrases):
    composer = Composer("en", ZONE, READINGS)

    for slots in ({}, {"job": "q1.rows[0].job", "end": "q1.rows[0].end"}):
        with pytest.raises(NoClaim, match="other slots"):
            composer.say("first_job", **slots)


def test_a_phrase_called_after_a_field_says_no_other(phrases):
    composer = Composer("en", ZONE, READINGS)

    with pytest.raises(NoClaim, match=r"says no q1\.rows\[0\]\.end"):
        composer.say("value.start", name="q1.rows[0].job", value="q1.rows[0].end")


def test_a_value_is_said_in_no_unit_but_its_own(phrases):
    composer = Composer("en", ZONE, READINGS)

    with pytest.raises(NoClaim, match="can't be said as a percent"):
        composer.say("first_job", job=claim("q1.rows[0].return_code", "percent"))


@pytest.mark.parametrize(
    "change",
    [
        {"language": "fr"},
        {"zone": "Mars/Olympus"},
        {"wording": "1"},
        {"segments": [{"type": "prose", "text": "x"}]},
        {"segments": [{"type": "words"}]},
        {"segments": [{"type": ["words"], "text": "x"}]},
        {"segments": [{"type": "table", "expr": "q1.rows", "columns": "job", "digest": ""}]},
        {"segments": [{"type": "break", "kind": "page"}]},
        {"segments": [{"type": "said", "claim": {"id": "c1"}}]},
        {"segments": [{"type": "words", "text": "x"}] * 2_001},
    ],
)
def test_what_is_no_answer_is_refused(change):
    data = Composer("en", ZONE, READINGS).answer().as_json()

    with pytest.raises(AnswerMalformed):
        read_answer(data | change)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "q0"},
        {"id": "q1.rows"},
        {"result": []},
        {"complete": "yes"},
        {"fetched_at": "yesterday"},
        {"fetched_at": "2026-11-25T15:00:00"},
        {"fetched_at": "0001-01-01T00:00:00+14:00"},
        {"fetched_at": "9999-12-31T23:59:59-14:00"},
    ],
)
def test_what_is_no_reading_is_refused_and_left_among_evidence_of_other_shapes(change):
    data = READINGS["q1"].as_json()

    with pytest.raises(EvidenceMalformed):
        read_reading(data | change)
    assert readings_in([data | change, {"jobs": []}, "text", data]) == {"q1": READINGS["q1"]}


def test_two_readings_of_one_name_are_no_evidence_of_either():
    data = READINGS["q1"].as_json()

    with pytest.raises(EvidenceMalformed, match="two readings"):
        readings_in([data, data])
