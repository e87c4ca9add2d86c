"""What is shown of a job log: its end, its causes, and what stands around them."""

from __future__ import annotations

import pytest

from tws.hwa.readings import LogPart
from tws.plan.joblogs import MOST_CAUSES, MOST_LINES, excerpt


def part(*lines: str, first: int = 1, at_end: bool = True) -> LogPart:
    return LogPart(list(lines), first, at_end)


def test_cause_is_shown_with_what_stands_around_it_and_the_end():
    lines = [f"line {number}" for number in range(1, 201)]
    lines[49] = "ORA-01555: snapshot too old"

    shown = excerpt(part(*lines), wanted=3)

    assert shown["cause"] == [{"number": 50, "text": "ORA-01555: snapshot too old"}]
    assert [one["number"] for one in shown["lines"]] == [48, 49, 50, 51, 52, 198, 199, 200]
    assert (shown["matched"], shown["shown"], shown["complete"]) == (200, 8, True)


def test_lines_have_the_numbers_of_the_whole_log():
    shown = excerpt(part("a", "b", first=5_001, at_end=False), wanted=5)

    assert [one["number"] for one in shown["lines"]] == [5_001, 5_002]
    assert (shown["matched"], shown["complete"]) == (None, False)


def test_of_many_causes_the_last_are_marked_and_all_are_counted():
    shown = excerpt(part(*["error"] * 500), wanted=100)

    assert len(shown["cause"]) == MOST_CAUSES
    assert shown["causes_matched"] == 500
    assert shown["shown"] == len(shown["lines"]) <= MOST_LINES
    assert shown["cause"][-1] == {"number": 500, "text": "error"}


@pytest.mark.parametrize(
    ("line", "states"),
    [
        ("Import ended with 0 errors", False),
        ("no error found", False),
        ("terminou sem erro", False),
        ("10 errors", False),
        ("erro de conexão", True),
        ("java.lang.Exception: x", True),
        ("tar: x.csv: Cannot open: No such file or directory", True),
        ("AWSJCO084E The job is not there", True),
    ],
)
def test_only_what_states_a_cause_is_one(line, states):
    assert bool(excerpt(part(line), wanted=1)["cause"]) is states


def test_secrets_in_a_log_are_masked_and_long_lines_cut():
    shown = excerpt(part("password=Tr0ub4dor-9x", "x" * 5_000), wanted=5)

    assert "Tr0ub4dor" not in str(shown)
    assert len(shown["lines"][1]["text"]) < 500
