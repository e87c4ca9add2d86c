"""HWA's notations for objects, read and written."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from knowledge.hwa.names import ObjectName, find_names, is_pattern, matches, parse
from tests.linear import assert_linear

WORD = st.from_regex(r"[A-Z][A-Z0-9_-]{0,15}", fullmatch=True)
PATTERN = st.from_regex(r"[A-Z0-9_@*?%-]{1,12}", fullmatch=True)
PART = WORD | PATTERN
FOLDER = st.lists(WORD, max_size=3).map(lambda parts: "/" + "/".join(parts))
STATION = st.builds(lambda folder, name: folder.rstrip("/") + "/" + name, FOLDER, PART) | PART
TIME = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DATE = st.dates(date(2000, 1, 1), date(2099, 12, 31))
MAYBE = st.just("")

NAMES = (
    st.builds(
        ObjectName,
        name=MAYBE,
        workstation=STATION | MAYBE,
        folder=FOLDER | MAYBE,
        stream=PART,
        at=TIME,
        on=DATE | st.none(),
        stream_id=st.from_regex(r"0A{5,12}[A-Z0-9]{1,4}", fullmatch=True) | MAYBE,
        job=PART | MAYBE,
    )
    | st.builds(
        ObjectName, workstation=STATION | MAYBE, folder=FOLDER | MAYBE, stream=PART, job=PART
    )
    | st.builds(ObjectName, workstation=STATION, folder=FOLDER | MAYBE, stream=PART)
    | st.builds(ObjectName, name=PART, folder=FOLDER | MAYBE)
    | st.builds(ObjectName, workstation=STATION)
)


@given(NAMES)
def test_what_is_written_is_read_back_the_same(name):
    assert parse(str(name)) == name


@given(NAMES)
def test_every_notation_is_found_in_a_sentence(name):
    written = str(name)
    assume(not name.name and name.stream and not written.endswith("?"))

    (found,) = find_names(f"por que {written} não rodou?")

    assert found.name == name
    assert f"por que {written} não rodou?"[found.start : found.end] == written


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text):
    name = parse(text)

    assert name is None or parse(str(name)) == name
    list(find_names(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "/FTA1#/FINANCE/PAYROLL.CALC",
            ObjectName(workstation="/FTA1", folder="/FINANCE", stream="PAYROLL", job="CALC"),
        ),
        ("FTA1#PAYROLL.CALC", ObjectName(workstation="FTA1", stream="PAYROLL", job="CALC")),
        (
            "FTA1#PAYROLL(0600 11/25/26).CALC",
            ObjectName(
                workstation="FTA1",
                stream="PAYROLL",
                at=time(6),
                on=date(2026, 11, 25),
                job="CALC",
            ),
        ),
        (
            "payroll(0600 25/11/2026)",
            ObjectName(stream="payroll", at=time(6), on=date(2026, 11, 25)),
        ),
        (
            "M#P[(0600 11/25/26),(0AAAAAAAAAAAACTW)].J",
            ObjectName(
                workstation="M",
                stream="P",
                at=time(6),
                on=date(2026, 11, 25),
                stream_id="0AAAAAAAAAAAACTW",
                job="J",
            ),
        ),
        ("/EU/SP/FTA1#/@/P", ObjectName(workstation="/EU/SP/FTA1", folder="/@", stream="P")),
        ("FTA1#", ObjectName(workstation="FTA1")),
        ("PAYROLL", ObjectName(name="PAYROLL")),
        ("/FINANCE/PAYROLL", ObjectName(name="PAYROLL", folder="/FINANCE")),
        ("P(2599 11/25/26)", None),
        ("P(0600 13/32/26)", None),
        ("two words", None),
        ("", None),
        ("#", None),
    ],
)
def test_notations_of_the_product(text, name):
    assert parse(text) == name


def test_a_bare_word_or_a_sentence_is_no_notation():
    text = "O PAYROLL terminou.Depois veio srv.example.com às (0600) ou FOLHA (RC 12)."

    assert list(find_names(text)) == []


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("ETL_SALES", "etl_@", True),
        ("ETL_SALES", "*SALES", True),
        ("ETL_SALES", "ETL", False),
        ("JOB01", "JOB?1", True),
        ("JOB01", "JOB%%", True),
        ("JOBA1", "JOB%%", False),
        ("A.B", "A?B", True),
        ("AXB", "A.B", False),
        ("", "@", True),
    ],
)
def test_patterns_match_in_hwas_ways(name, pattern, fits):
    assert matches(name, pattern) is fits


@given(WORD)
def test_a_name_matches_itself_in_any_case_and_every_pattern_of_its_parts(name):
    assert not is_pattern(name)
    assert matches(name, name.lower())
    assert matches(name, f"@{name[1:]}") and matches(name, f"{name[:-1]}?")


@pytest.mark.parametrize("unit", ["A#", "A/", "@", "(0600", "A.", "[(", "/A#/", "A(0600 "])
def test_a_hostile_text_takes_linear_time(unit):
    assert_linear(lambda text: list(find_names(text)), unit)


@pytest.mark.timeout(20)
def test_a_hostile_pattern_is_matched_in_bounded_time():
    assert not matches("A" * 5_000, "@A*" * 20 + "B")
