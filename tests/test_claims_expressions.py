"""What expressions find in the evidence, what they don't, and what they may cost."""

from __future__ import annotations

import tracemalloc

import pytest

from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import LONGEST_VALUE, Evaluator, evaluate
from knowledge.claims.grammar import LONGEST


def row(job: str, end: str, code: int | None, minutes: float | None, station: str) -> dict:
    return {
        "id": job.lower(),
        "job": job,
        "workstation": station,
        "status": "ABEND" if code else "SUCC",
        "group": "failed" if code else "success",
        "start": "2026-11-25T02:00:00-03:00",
        "end": end,
        "return_code": code,
        "elapsed_minutes": minutes,
        "waits_for": [],
        "waits_until": None,
    }


RUNS = {
    "entity": "runs",
    "matched": 6,
    "distinct_jobs": 5,
    "shown": 6,
    "rows": [
        row("FAT_DF", "2026-11-25T02:35:26-03:00", 2, 35.4, "XA_SAP"),
        row("SAP_PE", "2026-11-25T02:53:43-03:00", 8, 53.7, "MDMDA"),
        row("FAT_RJ", "2026-11-25T03:53:49-03:00", 8, 113.8, "FTA_RJ"),
        row("FAT_DF", "2026-11-25T04:17:00-03:00", 8, 113.8, "XA_SAP"),
        row("ETL_AM", "2026-11-25T04:38:37-03:00", 0, 158.6, "DPOOL"),
        row("SAP_BA", "2026-11-24T23:37:23-03:00", 12, 12.4, "MDMDA"),
    ],
    "understood": {
        "where": [
            {"field": "elapsed_minutes", "op": ">", "value": 10},
            {"field": "end", "op": ">=", "value": "2026-11-25T02:00:00-03:00"},
            {"field": "group", "op": "=", "value": "failed"},
        ]
    },
    "plan_to": "2026-11-25T20:50:00-03:00",
    "complete": True,
}
GROUPS = {
    "matched": 92,
    "groups": [{"group": "success", "count": 80}, {"group": "failed", "count": 12}],
    "groups_shown": 2,
    "more_groups": False,
}
STATION = {
    "workstation": "AGT_EC01",
    "limit": 0,
    "fence": 101,
    "linked": False,
    "jobman_up": None,
    "problems": ["unlinked", "limit_0"],
    "last_runs": [{"number": 2, "minutes": 41.5}, {"number": 1, "minutes": 12.0}],
    "held_by": [],
    "definition": {"owner": "ops", "description": "runs *nightly*"},
}
CUT = {
    "matched": 92,
    "shown": 2,
    "rows": [
        {"job": "A_ONE", "end": "2026-11-25T01:00:00-03:00", "waits_for": ["B", "C", "D"]},
        {"job": "A_TWO", "end": None, "waits_for": []},
    ],
}
HOURS = {"groups": [{"end.hour": "2026-11-25T02:00:00-03:00", "count": 7}], "more_groups": True}
PART = {"last_runs": [{"minutes": 3.0}], "not_shown": {"last_runs": 4}}
LOG = {
    "matched": None,
    "shown": 2,
    "lines": [{"number": 42, "text": "ORA-01555: snapshot"}, {"number": 43, "text": "exit 12"}],
}
MEMORY = {"memory_id": "5f", "version": 2, "agent_response": "x" * (LONGEST_VALUE + 1)}
CLOCKS = {
    "matched": 2,
    "shown": 2,
    "rows": [  # the night on which New York's clocks go back: the later one is written earlier
        {"job": "FIRST", "end": "2026-11-01T01:30:00-04:00", "elapsed_minutes": 5.0},
        {"job": "SECOND", "end": "2026-11-01T01:10:00-05:00", "elapsed_minutes": 5.0},
    ],
}
RESULTS = {
    "q1": RUNS, "q2": GROUPS, "q3": STATION, "q4": CUT, "q5": HOURS, "q6": PART, "q7": CLOCKS,
    "l1": LOG, "m1": MEMORY,
}  # fmt: skip
READINGS = {
    name: Reading(name, "tool", {"secret_argument": 99}, result) for name, result in RESULTS.items()
}

DERIVED = [
    # totals, cells, lists
    ("q1.matched", 6, "count"),
    ("q1.distinct_jobs", 5, "count"),
    ("q1.rows[0].job", "FAT_DF", "name"),
    ("q1.rows[-1].end", "2026-11-24T23:37:23-03:00", "time"),
    ("q1.rows[4].return_code", 0, "number"),
    ("q3.limit", 0, "number"),
    ("q3.linked", False, "flag"),
    ("q3.problems", ["unlinked", "limit_0"], "words"),
    ("q3.definition.owner", "ops", "word"),
    ("q1.rows[:2].job", ["FAT_DF", "SAP_PE"], "name"),
    ('q5.groups[0]."end.hour"', "2026-11-25T02:00:00-03:00", "time"),
    ("l1.lines[?number == `42`].text | [0]", "ORA-01555: snapshot", "text"),
    # counts with filters
    ("length(q1.rows[?return_code == `8`])", 3, "count"),
    ("length(q1.rows[?group == 'failed' && return_code != `8`])", 2, "count"),
    ("length(q1.rows[?starts_with(job, 'SAP') && elapsed_minutes > `20`])", 1, "count"),
    ("length(q1.rows[?!(status == 'ABEND')])", 1, "count"),
    ("length(q1.rows[?end >= '2026-11-25T04:00:00-03:00'])", 2, "count"),
    ("length(distinct(q1.rows[?group == 'failed'].job))", 4, "count"),
    ("length(q3.held_by)", 0, "count"),
    ("length(q4.rows[0].waits_for)", 3, "count"),
    # orderings
    ("sort_by(q1.rows, &end)[0].job", "SAP_BA", "name"),
    ("reverse(sort_by(q1.rows, &elapsed_minutes))[:2].job", ["ETL_AM", "FAT_DF"], "name"),
    ("sort(q1.rows[*].end)[-1]", "2026-11-25T04:38:37-03:00", "time"),
    # shares, sums, differences
    ("share(q2.groups[?group == 'failed'].count | [0], q2.matched)", 13.0, "percent"),
    ("share(length(q1.rows[?return_code == `8`]), q1.matched)", 50.0, "percent"),
    ("minus(q2.matched, q2.groups[0].count)", 12, "count"),
    ("minus(q1.matched, `1`)", 5, "count"),
    ("plus(q2.groups[0].count, q2.groups[1].count)", 92, "count"),
    ("sum(q1.rows[?job == 'FAT_DF'].elapsed_minutes)", 149.2, "minutes"),
    # times
    ("group_of(q1.rows[0].status) == 'failed'", True, "flag"),
    ("minutes_between(q1.rows[0].start, q1.rows[0].end)", 35.4, "minutes"),
    ("minutes_between(q1.rows[4].end, q1.rows[5].end)", -301.2, "minutes"),
    ("max(map(&minutes_between(start, end), q1.rows))", 158.6, "minutes"),
    ("add_minutes(q1.rows[0].start, `30`)", "2026-11-25T02:30:00-03:00", "time"),
    ("local_hour(q1.rows[3].end)", 4, "hour"),
    ("local_day(q1.rows[5].end)", "2026-11-24", "day"),
    # comparisons of runs
    ("minus(q3.last_runs[0].minutes, q3.last_runs[1].minutes)", 29.5, "minutes"),
    ("q3.last_runs[0].minutes > q3.last_runs[1].minutes", True, "flag"),
    ("q3.jobman_up == `null`", True, "flag"),
    # superlatives, with ties
    ("most(q1.rows[?return_code == `8`], &elapsed_minutes)[*].job", ["FAT_RJ", "FAT_DF"], "name"),
    ("least(q1.rows, &elapsed_minutes)[*].job", ["SAP_BA"], "name"),
    ("max_by(q1.rows, &end).workstation", "DPOOL", "name"),
    ("length(most(q1.rows, &return_code))", 1, "count"),
    ("max_by(q7.rows, &elapsed_minutes).elapsed_minutes", 5, "minutes"),
    # times by when they are
    ("max(q7.rows[*].end)", "2026-11-01T01:10:00-05:00", "time"),
    ("sort_by(q7.rows, &end)[*].job", ["FIRST", "SECOND"], "name"),
    ("max_by(q7.rows, &end).job", "SECOND", "name"),
    ("least(q7.rows, &end)[*].job", ["FIRST"], "name"),
    ("q7.rows[?end > '2026-11-01T05:45:00Z'].job", ["SECOND"], "name"),
    ("q7.rows[0].end == '2026-11-01T05:30:00+00:00'", True, "flag"),
    # what is unknown is neither so nor otherwise
    ("length(q1.rows[?!(waits_until > `5`) || job == 'FAT_DF'])", 2, "count"),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "value", "kind"), DERIVED)
def test_derived_facts_are_found(expr, value, kind):
    found = evaluate(expr, READINGS)

    assert (found.value, found.kind, found.is_condition) == (value, kind, False)


@pytest.mark.parametrize(
    "expr",
    [
        # literals, bare or smuggled into the result
        "`5`",
        "'FAT_DF'",
        "`[5]`[0]",
        "q1.matched && `5`",
        "q1.nothing || `5`",
        "[q1.matched, `5`][1]",
        "{n: `5`}.n",
        "q1 | `5`",
        "q1.rows[*] | [0] | 'SAP'",
        "map(&`5`, q1.rows)[0]",
        "max([`99`, q1.matched])",
        "sort_by(q1.rows, &`1`)[0].job",
        "plus(`2`, `3`)",
        "length('abc')",
        "contains('abc', 'b')",
        "`1` == `1`",
        "not_null(q1.next, `5`)",
        "q1.rows[?`true`] | length(@)",
        # made text, names of fields
        "join('', ['FAT', 'DF'])",
        "to_string(q1.matched)",
        "to_number('5')",
        "keys(q1.rows[0])[0]",
        "reverse(q1.rows[0].job)",
        "length(q1.rows[0].job)",
        "merge(q1.rows[0], q1.rows[1]).job",
        "q1.*",
        # no leaf
        "q1",
        "q1.rows",
        "q1.rows[0]",
        "q1.understood.where",
        "@",
        "q1.rows[99].job",
        "q3.jobman_up",
        "q1.rows[?job == 'NONE'].job",
        "q3.held_by",
        # no such thing
        "q9.matched",
        "q1.match",
        "q1.rows[0].jobb",
        "q1.rows.job",
        "q1.matched.job",
        "q1.secret_argument",
        "q1.arguments.secret_argument",
        "q1.rows[?jobb == 'X'].job",
        "unknown(q1.matched)",
        # values of several kinds, or beyond what is said
        "[q1.matched, q1.rows[0].job]",
        "[q1.rows[0].job, q3.jobman_up]",
        "m1.agent_response",
        "[q1.rows[0].elapsed_minutes, q1.matched]",
        "q1.rows[0].[job, status]",
        # one kind or a condition in the clothes of another
        "q1.rows[0].elapsed_minutes && q1.matched",
        "q3.jobman_up || q1.matched",
        "plus(q1.rows[0].elapsed_minutes, q1.matched)",
        "max([q1.rows[0].elapsed_minutes, q1.matched])",
        "[q1.matched, q1.understood.where[0].value][1]",
        "q1 | [matched, understood.where[0].value] | [1]",
        "q1.complete && q1.understood.where[0].value",
        # conditions that are none, or unknown
        "q1.rows[?return_code].job",
        "q1.rows[?!waits_for].job",
        "!(q3.jobman_up)",
        "q1.rows[?end >= '2026-11-25'].job",
        "length(q1.rows[?end == '2026-11-25'])",
        "max([q1.rows[0].end, q3.definition.owner])",
        # which of several it is
        "max_by(q7.rows, &elapsed_minutes).job",
        # types that don't fit
        "minus(q1.rows[0].end, q1.rows[0].start)",
        "minus(q1.rows[0].job, `1`)",
        "minutes_between(q1.rows[0].job, q1.rows[0].end)",
        "share(q1.matched, q3.limit)",
        "q1.rows == q1.rows",
        "most(q1.rows, &waits_for)[*].job",
        # not JMESPath
        "",
        "q1.",
        "q1.rows[",
        "q1.rows[?job = 'X']",
        "q1.rows[?return_code == `8]",
        "q1.rows[?job == `X`].job",
        "floor(plus(q1.matched, `NaN`))",
        "add_minutes(q1.rows[0].end, `NaN`)",
        "{{ q1.matched }}",
        "q1.rows[::0].job",
    ],
)
def test_what_no_reading_holds_is_no_claim(expr):
    with pytest.raises(NoClaim):
        evaluate(expr, READINGS)


@pytest.mark.parametrize(
    "expr",
    [
        "length(q4.rows)",
        "length(q4.rows[*].job)",
        "length(q4.rows[?job == 'A_ONE'])",
        "q4.rows | length(@)",
        "q4.rows[:1] | length(@)",
        "[q4.rows][] | length(@)",
        "length([q4.rows, q4.rows][])",
        "length(map(&job, q4.rows))",
        "most(q4.rows, &end)[*].job",
        "sort_by(q4.rows, &end)[0].job",
        "max(q4.rows[*].end)",
        "contains(q4.rows[*].job, 'A_ONE')",
        "distinct(q4.rows[*].job)",
        "sum(q5.groups[*].count)",
        "length(l1.lines)",
        "max(q6.last_runs[*].minutes)",
        "q4.rows[?job == 'NONE'] | [0].job == `null`",
        "q4.rows[-1].job",
        "q4.rows[2].job",
    ],
)
def test_nothing_is_counted_in_a_list_that_is_cut(expr):
    with pytest.raises(NoClaim, match="cut"):
        evaluate(expr, READINGS)


def test_a_list_that_is_cut_can_be_looked_into():
    found = evaluate("q4.rows[?job == 'A_ONE'].end | [0]", READINGS)

    assert found.value == "2026-11-25T01:00:00-03:00"
    assert len(Evaluator(READINGS).rows("q4.rows")[0]) == 2
    with pytest.raises(NoClaim, match="there are more"):
        Evaluator(READINGS).rows("q4.rows[?job == 'NONE']")


def test_how_the_question_was_understood_is_a_condition_in_its_fields_unit():
    where = "q1.understood.where"

    found = [evaluate(f"{where}[{number}].value", READINGS) for number in range(3)]

    assert [(one.value, one.kind) for one in found] == [
        (10, "minutes"),
        ("2026-11-25T02:00:00-03:00", "time"),
        ("failed", "status"),
    ]
    assert all(one.is_condition for one in found)
    assert not evaluate(f"minus(q1.matched, {where}[0].value)", READINGS).is_condition


def test_a_wrong_name_is_answered_with_those_there_are():
    with pytest.raises(NoClaim, match=r"'jobb'.*there is elapsed_minutes, end, group, id, job"):
        evaluate("q1.rows[0].jobb", READINGS)
    with pytest.raises(NoClaim, match="there is l1, m1, q1"):
        evaluate("q9.matched", READINGS)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("soon", "text"), (3, "value"), (True, "flag"), ("2026-11-25T02:00:00-03:00", "time")],
)
def test_a_value_that_its_field_does_not_promise_is_said_as_what_it_is(value, kind):
    readings = {"q1": Reading("q1", "tool", {}, {"deadline": value})}

    assert evaluate("q1.deadline", readings).kind == kind


HUGE = {"rows": [{"job": "J" * 20, "text": "a" * 2_000, "n": n} for n in range(500)], "big": 10**40}


@pytest.mark.parametrize(
    "expr",
    [
        "q1.rows" + "[*]" * 150,
        "q1" + ".rows" * 90 + "[*][*][*]",
        "(" * 400 + "q1.big" + ")" * 60,
        "!" * 490 + "q1",
        "&" * 490 + "q1",
        "[" * 250 + "q1.big" + "]" * 249,
        "[" + ",".join(["q1.rows"] * 60) + "]",
        "q1.rows" + "|[@,@,@][]" * 19,
        "q1.rows" + " | map(&[@,@,@,@][], [@,@,@,@][])" * 9,
        "q1.rows[?" + "||".join(["n == `1`"] * 40) + "]",
        "|".join(["q1"] * 160),
        "`" + "[" * 240 + "]" * 240 + "`",
        "`" + "9" * 490 + "`",
        "plus(q1.rows[0].n, `" + "9" * 400 + "`)",
        "q1.big",
        "plus(q1.rows[0].n, `1e308`, `1e308`)",
        "add_minutes('2026-11-25T02:00:00-03:00', `1e12`)",
        "add_minutes('2026-11-25T02:00:00-03:00', q1.big)",
        "q1.rows[*].text",
        "q1.rows[-99999999999999999999999].n",
        "q1." + "a" * LONGEST,
        "q1.rows[?" + "contains(text, 'aab')||" * 8 + "n == `-1`] | [@,@,@][] | [@,@,@][]",
        "\x00" * 100,
        "q1.rows[?n == `1`]" * 200_000,
    ],
)
def test_what_an_expression_costs_is_bounded(expr):
    readings = {"q1": Reading("q1", "tool", {}, HUGE)}
    tracemalloc.start()

    with pytest.raises(NoClaim):
        evaluate(expr, readings)  # unbounded, some of them take hours: the test would not end

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 2**20


def test_one_expression_is_bounded_by_itself():
    expr = "q1.rows | [@,@,@,@][] | [@,@,@,@][] | map(&contains(text, 'aab'), @)"

    with pytest.raises(NoClaim, match="the expression takes too long"):
        evaluate(expr, {"q1": Reading("q1", "tool", {}, HUGE)})


def test_all_expressions_of_an_answer_together_are_bounded():
    evaluator = Evaluator({"q1": Reading("q1", "tool", {}, HUGE)})

    with pytest.raises(NoClaim, match="the answer takes too long"):
        for number in range(1_000):
            evaluator.evaluate(f"length(q1.rows[?n >= `{number}`])")
