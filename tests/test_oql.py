"""OQL as the client writes it, and as the simulator reads it."""

from __future__ import annotations

import operator
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tws.hwa.oql import OQLValueError, compare, equals, literal
from tws.simulator.query import Column, FilterError, Table, column, parse_plan_filter

NAMES = ["PAYROLL_CALC", "PAYROLL_END", "ETL_LOAD", "O'BRIEN", "100%", "etl_load"]
STATUS = ["SUCC", "ABEND", "EXEC", "HOLD", "SUCC", None]
PRIORITY = [10, 20, 10, 0, 101, -1]
TIMES = [int(datetime(2026, 11, 22, hour, tzinfo=UTC).timestamp()) for hour in range(6)]
TABLE = Table(
    len(NAMES),
    {
        "name": lambda: column(NAMES),
        "status": lambda: column(STATUS),
        "priority": lambda: column(PRIORITY),
        "late": lambda: column([True, False] * 3),
        "schedTime": lambda: column(TIMES, is_time=True),
        "workstation": lambda: column(["A", "A", "B", "B", "C", "C"], is_path=True),
    },
    {"key.name": "name"},
)


def found(query: object) -> list[str]:
    return [NAMES[row] for row in TABLE.select(str(query))]


# What the client writes


def test_conditions_are_joined():
    assert str(equals("name", "A") & equals("priority", 1)) == "name = 'A' AND priority = 1"


def test_an_instant_is_written_in_utc_with_milliseconds():
    at = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)

    assert str(compare("schedTime", ">=", at)) == "schedTime >= '2026-11-22T10:05:00.000Z'"


def test_true_and_numbers_stand_bare():
    assert (literal(True), literal(7)) == ("true", "7")


@pytest.mark.parametrize("value", ["a\\", "a\nb", "a\0b", "a\u202eb", "x" * 2_000])
def test_what_no_name_can_hold_is_refused(value):
    with pytest.raises(OQLValueError):
        literal(value)


@pytest.mark.parametrize("field", ["name = 'x' OR name", "", "1name", "na me", "name'", "näme"])
def test_what_is_not_a_field_is_refused(field):
    with pytest.raises(OQLValueError):
        equals(field, "x")


def test_an_operator_is_one_of_oqls():
    with pytest.raises(OQLValueError):
        compare("name", "= 'x' OR name =", "y")


# What the simulator makes of it


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name = 'ETL_LOAD'", ["ETL_LOAD"]),
        ("status = 'SUCC' AND priority > 50", ["100%"]),
        ("status = 'ABEND' OR status = 'EXEC' AND priority = 20", ["PAYROLL_END"]),
        ("(status = 'ABEND' OR status = 'EXEC') AND priority = 10", ["ETL_LOAD"]),
        ("status IN ['ABEND','EXEC']", ["PAYROLL_END", "ETL_LOAD"]),
        ("name LIKE 'PAY%'", ["PAYROLL_CALC", "PAYROLL_END"]),
        ("name LIKE '@LOAD'", ["ETL_LOAD"]),
        ("name LIKE '%%%%%%%%%%%%%%%%%%%%%%%%%%%Z'", []),
        ("status = null", ["etl_load"]),
        ("late = true and priority != 10", ["100%"]),
        ("priority <= -1", ["etl_load"]),
        ("schedTime >= '2026-11-22T04:00:00.000Z'", ["100%", "etl_load"]),
        ("workstation = '/A'", ["PAYROLL_CALC", "PAYROLL_END"]),
        ("workstation = 'A' ORDER BY name DESC", ["PAYROLL_END", "PAYROLL_CALC"]),
        ("priority = '10'", []),
    ],
)
def test_a_query_finds_what_it_says(query, names):
    assert found(query) == names


def test_order_by_key_name_is_taken_alone():
    assert found("ORDER BY key.name ASC") == sorted(NAMES)


@pytest.mark.parametrize(
    "query",
    [
        "key.name = 'X'",
        "nosuch = 'X'",
        "name = ",
        "name",
        "name = 'X",
        "name = X",
        "(name = 'X'",
        "name = 'X')",
        "name = 'X' name = 'Y'",
        "name = 'X' 'Y'",
        "name IN []",
        "name LIKE 5",
        "priority > true",
        "schedTime > 'yesterday'",
        "ORDER BY",
        "name = 'X' ORDER BY nosuch",
        "; DROP",
        "(" * 200 + "name = 'X'" + ")" * 200,
    ],
)
def test_a_bad_query_is_a_syntax_error_of_hwa(query):
    with pytest.raises(FilterError) as caught:
        TABLE.select(query)

    assert caught.value.code == "OQL_FILTER_SYNTAX_ERROR"


@pytest.mark.parametrize("name", [*NAMES, "' OR name != '", "x'' OR ''1", "%' OR '%", "''"])
def test_a_value_stays_a_value(name):
    assert found(equals("name", name)) == [one for one in NAMES if one == name]
    assert found(f"name IN [{literal(name)}]") == [one for one in NAMES if one == name]


@pytest.mark.parametrize(
    "text", ["", "a#b#c", "#.#", "a b", "a+priority=", "a'", "a.b.c", "x" * 1_001]
)
def test_a_bad_plan_filter_is_refused(text):
    with pytest.raises(FilterError):
        parse_plan_filter(text)


def test_a_plan_filter_reads_its_parts():
    wanted = parse_plan_filter("/@/FTA_@#/RH/@/FOLHA@.PAY?+state=abend,fail")

    assert wanted.workstation.match("FTA_SP01")
    assert wanted.stream.match("FOLHA_DIARIA")
    assert wanted.job.match("PAY1")
    assert not wanted.job.match("PAYX1")
    assert wanted.states == {"ABEND", "FAIL"}


def test_a_mask_over_bytes_and_over_numbers_is_the_same():
    short = Column(bytearray([0, 1, 1]), ["a", "b"])
    wide = Column([0, 1, 1], ["a", "b"])

    assert short.mask(lambda v: v == "b") == wide.mask(lambda v: v == "b") == b"\0\1\1"


# Whatever the values are


VALUES = st.one_of(
    st.sampled_from(NAMES), st.text(max_size=40), st.text("'\"%@()[],= ORAND", max_size=30)
)
LEAVES = st.one_of(
    st.tuples(st.just("name"), st.sampled_from(["=", "!="]), VALUES),
    st.tuples(st.just("status"), st.just("="), st.sampled_from(["SUCC", "ABEND", "EXEC"])),
    st.tuples(st.just("priority"), st.sampled_from(["=", "<", ">="]), st.integers(-5, 200)),
)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.tuples(st.sampled_from(["and", "or"]), parts, parts),
    max_leaves=8,
)
COLUMNS = {"name": NAMES, "status": STATUS, "priority": PRIORITY}
COMPARED = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">=": operator.ge,
}


def written(tree: tuple[str, object, object]) -> str:
    kind, first, second = tree
    if kind in {"and", "or"}:
        return f"({written(first)}) {kind.upper()} ({written(second)})"
    return str(compare(kind, first, second))


def holds(tree: tuple[str, object, object], row: int) -> bool:
    kind, first, second = tree
    if kind in {"and", "or"}:
        return (all if kind == "and" else any)(holds(part, row) for part in (first, second))
    return COMPARED[first](COLUMNS[kind][row], second)


@given(TREES)
def test_any_condition_finds_what_plain_python_finds(tree):
    try:
        query = written(tree)
    except OQLValueError:
        assume(False)

    assert found(query) == [NAMES[row] for row in range(len(NAMES)) if holds(tree, row)]


@given(st.one_of(st.text(max_size=200), st.text("()[]'=<>, ANDORLIKEname1", max_size=60)))
def test_any_text_is_a_query_or_a_syntax_error(text):
    try:
        TABLE.select(text)
    except FilterError as error:
        assert error.code.startswith("OQL")


@given(st.one_of(st.text(max_size=100), st.text("/@#.AB*", max_size=30)))
def test_any_text_is_a_plan_filter_or_refused(text):
    try:
        parse_plan_filter(text)
    except FilterError as error:
        assert str(error)
