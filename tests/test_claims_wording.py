"""How values are said in Portuguese and English, and that no text of others does anything."""

from __future__ import annotations

import re
from datetime import date
from html import escape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from knowledge.claims.excerpts import log_text, memory_text, table_text
from knowledge.claims.inert import inert, one_line
from knowledge.claims.phrases import PHRASES, Slot, template
from knowledge.claims.wording import WORDING, Voice, words
from knowledge.hwa.statuses import STATUSES

PT, EN = (Voice(name, ZoneInfo("America/Sao_Paulo"), date(2026, 11, 25)) for name in ("pt", "en"))

# What these say is what stored answers were said in: another word here is another version.
VERSION = 1
SAID = [
    ("count", 0, "0", "0"),
    ("count", 1234567, "1.234.567", "1,234,567"),
    ("number", 1234, "1234", "1234"),
    ("number", -1, "-1", "-1"),
    ("number", 2.5, "2,5", "2.5"),
    ("number", 3.0, "3", "3"),
    ("percent", 12.5, "12,5%", "12.5%"),
    ("percent", 100.0, "100%", "100%"),
    ("minutes", 0, "0 min", "0 min"),
    ("minutes", 0.5, "30 s", "30 s"),
    ("minutes", 4.5, "4 min 30 s", "4 min 30 s"),
    ("minutes", 9.999, "10 min", "10 min"),
    ("minutes", 59.6, "1 h", "1 h"),
    ("minutes", 75, "1 h 15 min", "1 h 15 min"),
    ("minutes", 1439.9, "1 d", "1 d"),
    ("minutes", 3060, "2 d 3 h", "2 d 3 h"),
    ("minutes", -90, "-1 h 30 min", "-1 h 30 min"),
    ("time", "2026-11-25T02:35:26-03:00", "02:35", "02:35"),
    ("time", "2026-11-25T02:35:26+00:00", "24/11 23:35", "24 Nov 23:35"),
    ("time", "2025-11-25T14:05:00-03:00", "25/11/2025 14:05", "25 Nov 2025 14:05"),
    ("day", "2026-11-24", "24/11", "24 Nov"),
    ("day", "2026-11-24T22:00:00-03:00", "24/11", "24 Nov"),
    ("hour", 2, "02:00", "02:00"),
    ("flag", True, "sim", "yes"),
    ("flag", False, "não", "no"),
    ("status", "ABEND", "ABEND", "ABEND"),
    ("status", "failed", "terminou com erro", "ended in error"),
    ("meaning", "ABEND", STATUSES["ABEND"].pt, STATUSES["ABEND"].en),
    ("name", "FAT_DF", "FAT_DF", "FAT_DF"),
    ("name", "/EU/FTA1#JOBS(0600 11/25/26).CALC", "/EU/FTA1#JOBS(0600 11/25/26).CALC", None),
    ("name", ["A", "B", "C"], "A, B e C", "A, B and C"),
    ("name", ["A"], "A", "A"),
    ("text", "", "(vazio)", "(empty)"),
    ("text", None, "–", "–"),
    ("text", "a\nb", "`a⏎b`", "`a⏎b`"),
    # what its kind does not fit
    ("time", "soon", "soon", "soon"),
    ("time", "2026-11-25T02:35:26", "2026-11-25T02:35:26", None),
    ("time", "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00", None),
    ("minutes", True, "sim", "yes"),
    ("count", 10**400, "…", "…"),
    ("count", float("inf"), "…", "…"),
    ("hour", 24, "24", "24"),
    ("data", {"b": 1, "a": [2]}, '`{"a": [2], "b": 1}`', '`{"a": [2], "b": 1}`'),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "pt", "en"), SAID)
def test_values_are_said_by_their_kind(kind, value, pt, en):
    assert WORDING == VERSION
    assert (words(value, kind, PT), words(value, kind, EN)) == (pt, en or pt)


def test_a_words_meaning_depends_on_its_field():
    assert words(["unlinked", "limit_0"], "words", PT, "problems") == "não linkada e limite zero"
    assert words("limit_0", "word", PT, "risk") == "limit_0"


def test_a_time_without_a_today_says_its_day_and_year():
    assert words("2026-11-25T02:35:26-03:00", "time", PT.on(None)) == "25/11/2026 02:35"


def test_a_long_list_says_that_it_goes_on():
    assert words([f"J{n}" for n in range(60)], "name", EN).endswith("J49 and …")


# --- others' text -------------------------------------------------------------------------------

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("*_`#<>[]()!|\\-+.1 ~&;:/\n\r\t\u202e\u200b{}=@w\"'"), max_size=30),
    st.sampled_from(
        [
            "**bold**", "so _it_ is", "so __it__ is", "_it_", "# h", "- x", "1. x", "> q", "    co",
            "[x](y)", "![x](y)", "---", "<b>x</b>", "&lt;", "a|b", "~~s~~", "x\n\ny", "```\nx",
            "`` ` ``", "\\`", "x\\", "a  \nb", "x\n```\n# h", "https://evil.example", "<http://x>",
            "===", "www.evil.example", "a@evil.example",
        ]
    ),
)  # fmt: skip
MARKDOWN = MarkdownIt("commonmark", {"html": True, "breaks": True})
MARKDOWN.enable(["table", "strikethrough"])


@given(HOSTILE)
def test_a_text_of_others_shows_what_it_is_and_does_nothing(text):
    shown = inert(text)

    made = re.sub(r"</?code>", "", MARKDOWN.render(f"so {shown} it\n"))

    assert made == f"<p>so {escape(inner(shown)).replace('&#x27;', chr(39))} it</p>\n"
    assert re.sub(r"\s", "", inner(shown)) == re.sub(r"\s", "", one_line(text))


def inner(shown: str) -> str:
    """What stands in inline code, or the text itself."""
    found = re.fullmatch(r"(`+)(.*?)\1", shown)
    if not found:
        return shown
    text = found[2]
    padded = text[0] == text[-1] == " " and text.strip(" ")  # other spaces are text
    return text[1:-1] if padded else text


@given(st.lists(HOSTILE, min_size=2, max_size=2))
def test_a_text_of_others_stays_in_its_cell(texts):
    table = table_text([texts, texts], ["job", "text"], EN)

    made = MARKDOWN.render(table)

    cells = [text_of(cell) for cell in re.findall(r"<td>(.*?)</td>", made)]
    said = ["(empty)" if text == "" else inner(inert(text)) for text in texts]
    assert cells == [text_of(escape(one)) for one in said * 2]


def text_of(html: str) -> str:
    """Without the mark of code, and without what says nothing: space, how quotes are written."""
    return re.sub(r"\s", "", re.sub("</?code>", "", html)).replace("&#x27;", "'")


@given(HOSTILE)
def test_a_line_of_a_log_stays_in_its_block(text):
    made = MARKDOWN.render(f"before\n\n{log_text([[42, text], [43, text]])}\n\nafter")

    assert made.startswith("<p>before</p>\n<pre><code>42: ")
    assert made.endswith("</code></pre>\n<p>after</p>\n")
    assert made.count("\n43: ") == 1


@given(HOSTILE)
def test_a_memory_stays_in_its_quotation(text):
    quoted = memory_text({"agent_response": text})

    made = MARKDOWN.render(f"before\n\n{quoted}\n\nafter")

    assert made.startswith("<p>before</p>\n<blockquote>")
    assert made.endswith("</blockquote>\n<p>after</p>\n")


# --- our own ------------------------------------------------------------------------------------


def test_a_phrase_takes_its_form_from_the_value():
    one = template("{n} {n|job|jobs}: {who|it|they}, {on|up|down}")

    number, who, on = [part for part in one.parts if isinstance(part, Slot) and part.forms]

    assert [number.form(1), number.form(0), number.form(2)] == ["job", "jobs", "jobs"]
    assert [who.form(["A"]), who.form(["A", "B"])] == ["it", "they"]
    assert [on.form(True), on.form(False)] == ["up", "down"]
    assert one.shown == {"n", "who", "on"}


@pytest.mark.parametrize("text", ["{n", "n}", "{n|one}", "{n|a|b|c}", "{}", "{q1.matched}"])
def test_a_brace_that_is_no_slot_is_refused(text):
    with pytest.raises(ValueError, match="brace"):
        template(text)


def test_phrases_hold_no_value_and_have_the_same_slots_in_both_languages():
    assert [
        key
        for key, phrase in PHRASES.items()
        if phrase["pt"].shown != phrase["en"].shown or any(map(holds_a_value, phrase.values()))
    ] == []


STATING_NOTHING_OF_THE_PLAN = {
    "bye", "cannot.beside", "cannot.future", "cannot.knowledge", "cannot.metrics",
    "cannot.no_room", "cannot.people", "cannot.refused", "cannot.term", "cannot.understand",
    "hello", "memory.closest", "model_only", "no_more", "ok", "order", "order.recipe", "remember",
    "thanks", "too_slow", "what",
}  # fmt: skip


def test_what_a_phrase_states_is_a_value_or_on_a_condition():
    free = {key for key, phrase in PHRASES.items() if not phrase["pt"].slots}

    assert {key for key in free if not key.startswith("llm_")} == STATING_NOTHING_OF_THE_PLAN


def test_a_condition_is_told_from_any_other():
    one = template("No {kind}.", "{on}.matched == `0` && {on}.entity == {kind}")
    slots = {"kind": "q2.entity"}

    assert one.is_condition(one.condition("q1.day[0]", slots), slots)
    for other in (
        "q1.matched == `0` && q2.entity == q2.entity",
        "q1.shown == `0` && q1.entity == q2.entity",
        "q1 || q1.matched == `0` && q1.entity == q2.entity",
        "q1.matched == `0` && q1.entity == q1.entity",
    ):
        assert not one.is_condition(other, slots)


def holds_a_value(phrase) -> bool:
    """A digit, a status, or what looks like a name."""
    parts = [[part] if isinstance(part, str) else part.forms or [] for part in phrase.parts]
    fixed = " ".join(word for part in parts for word in part)
    named = set(re.findall(r"\b[A-Z]{2,}[A-Z_]*\b", fixed))
    return bool(re.search(r"\d", fixed) or named & STATUSES.keys() or "_" in "".join(named))
