"""A model's text with slots, filled while it streams; what it typed itself is held to facts."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.claims.answer import Said, Unverified, Words
from knowledge.claims.checking import check
from knowledge.claims.composing import Composer
from knowledge.claims.evidence import Reading
from knowledge.claims.rendering import render
from knowledge.claims.slots import LONGEST_HELD, SlotStream

NOW = "2026-11-25T15:34:46-03:00"
RUNS = {
    "matched": 1234,
    "shown": 2,
    "rows": [
        {"id": "1", "job": "FAT_DF", "end": "2026-11-25T02:35:26-03:00", "elapsed_minutes": 21.4},
        {"id": "2", "job": "SAP_SP", "end": "2026-11-24T23:53:43-03:00", "elapsed_minutes": 90.0},
    ],
    "understood": {"where": [{"field": "status", "op": "=", "value": "ABEND"}]},
}
SHARES = {"groups": [{"workstation": "MDM", "count": 7, "share": 12.5, "minutes": 122.0}]}
LOG = {
    "lines": [
        {"number": n, "text": f"line {n}: ORA-01555 at 99 % for minutes"} for n in (41, 42, 43)
    ]
}
MEMORY = {"memory_id": "5f", "version": 77, "agent_response": "Ask for 16 GB on FIN_AGT; rerun."}
QUESTION = {"understood": {"text": "o que falhou nas últimas 12 horas?"}}
READINGS = {
    name: Reading(name, "tool", {}, result, "PRD", NOW)
    for name, result in {
        "q1": RUNS, "q2": SHARES, "l1": LOG, "m1": MEMORY, "u1": QUESTION,
    }.items()
}  # fmt: skip


def spoken(*deltas: str, language: str = "en", is_name=lambda word: False) -> Composer:
    composer = Composer(language, "America/Sao_Paulo", READINGS)
    stream = SlotStream(composer, is_name)
    pieces = [stream.feed(delta) for delta in deltas] + [stream.end()]
    assert "".join(pieces) == composer.text() == render(composer.answer(), READINGS)
    return composer


def unverified(composer: Composer) -> list[str]:
    return [one.text for one in composer.answer().segments if isinstance(one, Unverified)]


def test_slots_are_filled_with_values_tables_lines_and_memories():
    text = (
        "**{{ q1.matched }} runs** failed, {{q1.rows[0].job}} at {{ q1.rows[0].end }}:\n"
        "{{ table q1 job,end }}\nThe log says\n{{ log l1 42-43 }}\nand\n{{ memory m1 }}\nDone."
    )

    composer = spoken(text)

    assert composer.text() == (
        "**1,234 runs** failed, FAT_DF at 02:35:\n\n"
        "| job | end |\n| --- | --- |\n| FAT_DF | 02:35 |\n| SAP_SP | 24 Nov 23:53 |\n\n"
        "In all: 1,234.\nThe log says\n\n"
        "```\n42: line 42: ORA-01555 at 99 % for minutes\n"
        "43: line 43: ORA-01555 at 99 % for minutes\n```\n\n"
        "and\n\n> Ask for 16 GB on FIN_AGT; rerun.\n\nDone."
    )
    checked = check(composer.answer(), composer.text(), READINGS)
    assert (checked.outcome, checked.own_words, unverified(composer)) == ("verified", False, [])


def test_tables_and_logs_are_shown_whole_when_no_part_is_named():
    text = spoken("{{ table q1.rows[:1] }}{{ table q2 }}{{ log l1 }}").text()

    assert "| job | end | duration |\n| --- | --- | --- |\n| FAT_DF |" in text
    assert "| MDM | 7 | 12.5 |" in text
    assert text.count("ORA-01555") == 3


def test_a_memory_is_quoted_below_who_answers_for_it_and_its_language():
    approved = {"approved_by": "ana", "approved_at": NOW, "trust": "trusted", "language": "pt"}
    memories = {"m1": MEMORY | approved, "m2": MEMORY | {"trust": "cleared", "language": "en"}}
    readings = {name: Reading(name, "tool", {}, one, "", NOW) for name, one in memories.items()}
    composer = Composer("en", "America/Sao_Paulo", readings)
    stream = SlotStream(composer)

    said = stream.feed("It:\n{{ memory m1 }}\n{{ memory m2 }}") + stream.end()

    quote = "> Ask for 16 GB on FIN_AGT; rerun."
    assert said == (
        f"It:\nApproved by ana on 25 Nov: (In Portuguese.)\n\n{quote}\n\n"
        f"Verified, not reviewed by a person:\n\n{quote}"
    )


@pytest.mark.parametrize("rows", ["q1", "q1.rows[:1]", "q1.rows[?job == 'FAT_DF']"])
def test_below_rows_that_are_not_all_it_says_how_many_there_are(rows):
    assert spoken(f"{{{{ table {rows} }}}}").text().endswith("|\n\nIn all: 1,234.")
    assert spoken("{{ table q2 }}").text().endswith("| 12.5 | 2 h 2 min |")


@pytest.mark.parametrize(
    "slot",
    [
        "`5`", "q9.matched", "q1.rows[0].jobb", "q1.rows", "nonsense(", "", "table q1 jobb",
        "table l1", "log l1 99", "log q1 1", "log l1 1-9999999", "memory q1", "memory m9",
        "x" * 700, "{{ q1.matched", "length(q1.rows)",
    ],
)  # fmt: skip
def test_a_slot_that_cant_be_filled_is_marked_in_place(slot):
    composer = spoken(f"So {{{{ {slot} }}}} failed.", language="pt")

    assert composer.text() == "So (não verificado) failed."
    assert unverified(composer) == [""]


@pytest.mark.parametrize("text", ["So {{ q1.matched", "So {{", "So {{ q1.matched }"])
def test_a_slot_that_is_never_closed_is_marked_at_the_end(text):
    assert spoken(text).text() == "So (not verified)"


def test_text_leaves_at_once_and_only_what_may_go_on_is_held_back():
    stream = SlotStream(Composer("en", "America/Sao_Paulo", READINGS))

    deltas = ["Of these ", "fail", "ed 12", " ho", "urs ago {", "{ q1.mat", "ched }} `a", " b` c"]

    said = [stream.feed(delta) for delta in deltas]

    assert said == ["Of these ", "", "failed ", "", "12 hours ago ", "", "1,234 ", "`a b` "]
    assert stream.end() == "c"


def test_what_is_held_back_is_bounded():
    stream = SlotStream(Composer("en", "America/Sao_Paulo", READINGS))

    assert stream.feed("`" + "a" * LONGEST_HELD) != ""
    assert stream.feed("b" * 100_000) != ""
    assert stream.feed("{{" + "c" * 1_000).endswith("(not verified)")


WRITTEN = [
    "So ", "12", " hours", "{{", "}}", " q1.matched ", "{", "`", "FAT_", "DF", "\n", "1. ", ".",
    "{{ table q1 job }}", " 99", "%", "-", "ABEND", " at 02:35", "/11", "**", "x",
    "{{ q1.matched }}", "forty", " two", " e ", "mil ", "\u200d", "\U0001f469", "\r\n",
]  # fmt: skip
DELTAS = st.lists(st.sampled_from(WRITTEN), max_size=12)


@given(DELTAS)
@example([" 99", "1. "])
@example(["`So 12", "12`", "So "])
@example(["}}", "forty", " hours", "So "])
@example([" hours", ".", "mil ", "So "])
def test_how_a_text_is_cut_changes_nothing(deltas):
    whole = spoken("".join(deltas))

    parts = spoken(*deltas)

    assert parts.text() == whole.text()
    assert parts.answer().segments == whole.answer().segments


@given(DELTAS)
def test_whatever_is_written_verifies_as_far_as_it_is_claimed(deltas):
    composer = spoken(*deltas)

    assert check(composer.answer(), composer.text(), READINGS).outcome != "contradicted"


# --- typed values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "1234", "1,234", "1.234", "02:35", "2:35 am", "02:35:26", "2026-11-25T02:35", "25/11", "7",
        "24/11", "25/11/26", "2026-11-24", "23:53", "2h35", "FAT_DF", "SAP_SP", "`FAT_DF`", "ABEND",
        "ORA-01555", "21 min", "21 minutes", "21.4 minutes", "1.5 hours", "90 min", "12 hours",
        "16", "FIN_AGT", "42", "12.5",
        "seven", "Forty-two", "cento e vinte e dois", "quarenta e dois", "twelve hours",
        "mil duzentos e trinta e quatro", "４２",
    ],
)  # fmt: skip
def test_a_typed_value_that_the_evidence_states_becomes_a_claim_on_it(typed):
    composer = spoken(f"It was {typed} then.")

    assert composer.text() == f"It was {typed} then."
    assert unverified(composer) == []
    claims = [one.claim for one in composer.answer().segments if isinstance(one, Said)]
    assert [one.words for one in claims] == [typed.strip("`")]
    assert check(composer.answer(), composer.text(), READINGS).findings == []


@pytest.mark.parametrize(
    "typed",
    [
        "1235", "1,235", "02:36", "2:35 pm", "02:35:27", "26/11", "2026-11-23", "2h36", "FAT_DF2",
        "HOLD", "SAP_RJ", "ORA-01556", "22 min", "21 hours", "90 seconds", "12.5%", "7%", "17 GB",
        "13", "-7", "26", "35", "2026", "155", "FIN_AGT2", "`conman sbs XY_99`", "7 days",
        "seventeen", "thirty-five", "vinte e dois", "seven days", "duzentos e sete", "13jobs",
        "rc13", "7th", "7k", "7**7**", "7\\7", "7\ufe0f\u20e37", "⑦", "½", "Ⅶ", "１３",
        "SAP\u0410_SP", "AB\u0415ND", "РАУ_01", "fat_df9", "&#x37;", "&frac12;",
    ],
)  # fmt: skip
def test_a_typed_value_that_nothing_states_is_marked_in_place(typed):
    composer = spoken(f"It was {typed} then.")

    assert len(unverified(composer)) == 1
    assert re.sub(r" \(not verified\)", "", composer.text()) == f"It was {typed} then."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ q1.matched }}%", "1,234% (not verified)"),
        ("{{ q1.matched }} minutes.", "1,234 minutes (not verified)."),
        ("{{ q1.matched }}h", "1,234 h (not verified)"),
        ("{{ q1.matched }}7", "1,234 7"),
        ("{{ q1.matched }}.7", "1,234.7 (not verified)"),
        ("7{{ q1.matched }}", "7 1,234"),
        ("**7**{{ q1.matched }}", "**7** 1,234"),
        ("{{ q1.matched }}{{ q1.matched }}", "1,234 1,234"),
        ("{{ q1.rows[0].job }}S", "FAT_DF S"),
        ("7`7`", "7`7` (not verified)"),
        ("`7`7", "`7` 7"),
        ("`FAT_DF`s", "`FAT_DF`s"),
        ("7{{ q1.nothing }}", "7 (not verified)"),
        ("**{{ q1.matched }}** runs, {{ q1.rows[0].end }}h", "**1,234** runs, 02:35 h"),
        (
            "{{ q1.rows[0].elapsed_minutes }}, {{ q1.matched }}/{{ q1.matched }}",
            "21 min, 1,234/ 1,234",
        ),
    ],
)
def test_nothing_that_is_typed_beside_a_value_becomes_a_part_of_it(text, said):
    assert spoken(text).text() == said
    assert spoken(*text).text() == said


def test_what_hides_in_a_models_words_is_shown():
    assert (
        spoken("4\u200b2 of\u202e 31\u202c\r\n").text().startswith("4 (not verified)⟨U+200B⟩2 of⟨")
    )
    assert spoken("\U0001f469\u200d\U0001f4bb and \ufeff.").text() == (
        "\U0001f469\u200d\U0001f4bb and ⟨U+FEFF⟩."
    )


def test_a_name_that_does_not_look_like_one_is_known_by_the_plan():
    known = {"PAYROLL"}.__contains__

    assert unverified(spoken("PAYROLL failed", is_name=known)) == ["PAYROLL"]
    assert unverified(spoken("PAYROLL failed")) == []


@pytest.mark.parametrize(
    "text",
    [
        "1. first\n2. second\n",
        "HWA, CPU and SAP.",
        "See TWS-like tools",
        "well-known",
        "a/b",
        "e.g. x",
        "one of them, see [m1] and q1",
        "um por cento",
    ],
)
def test_ordinary_words_and_the_numbers_of_a_list_are_no_values(text):
    composer = spoken(text)

    assert composer.answer().segments == (Words(text),)


def test_a_reading_is_named_by_its_id_and_none_that_was_not_made():
    assert spoken("As `m1` and [m1] say.").text() == "As `m1` and [m1] say."
    assert unverified(spoken("As [m7] says, and `m8`.")) == ["m7", "`m8`"]


def test_a_list_number_is_one_only_where_a_line_begins():
    assert unverified(spoken("1. of ", "77. Next")) == ["77"]


def test_readings_that_come_while_the_model_writes_are_looked_into():
    readings = dict(READINGS)
    composer = Composer("en", "America/Sao_Paulo", readings)
    stream = SlotStream(composer)
    stream.feed("First 777 then ")

    readings["q3"] = Reading("q3", "tool", {}, {"matched": 777})
    stream.feed("777 and {{ q3.matched }}.")
    stream.end()

    assert composer.text() == "First 777 (not verified) then 777 and 777."


def test_a_claim_on_a_typed_value_is_held_against_its_evidence():
    composer = spoken("It was 1234 of them.")
    said = composer.answer().segments[1]
    assert isinstance(said, Said)

    other = {**READINGS, "q1": Reading("q1", "tool", {}, {**RUNS, "matched": 1235}, "PRD", NOW)}

    (finding,) = check(composer.answer(), composer.text(), other).findings
    assert (finding.code, finding.said, finding.found) == ("value", "1234", 1235)


def test_a_number_is_not_borne_out_by_the_version_of_a_memory():
    composer = spoken("It failed 77 times.")

    assert unverified(composer) == ["77"]
