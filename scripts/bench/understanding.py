#!/usr/bin/env python3
"""How many questions of operators are answered right, honestly, wrong, of each kind?

    .venv/bin/python scripts/bench/understanding.py FILE... [--alone] [--told] [--jobs 1500]

A file is one of tests/data/questions_*.jsonl, or written like them. Each question is answered by
rules over a simulated plan and its text held against the engine's own data; with --alone only what
was understood of it is. One JSON object a file: [right, honest, wrong] in all and of each kind.
--told prints each that is not right. To be reached on unseen questions: 85 % right, 3 % wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from _bench import say, scratch_database, setup

setup()

from django.conf import settings  # noqa: E402

from tests import question_scoring as scoring  # noqa: E402
from tests.question_asking import (  # noqa: E402
    Answered,
    answers_of,
    plan_in_the_afternoon,
    understood_of,
)
from tws.database import close_connections  # noqa: E402

VERDICTS = ("right", "honest", "wrong")


def figures(answers: Iterable[Answered]) -> dict[str, object]:
    of_kind: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in answers:
        of_kind[one.asking.kind][one.score.verdict] += 1
    whole = sum(of_kind.values(), Counter())
    return {
        "n": whole.total(),
        "right_honest_wrong": _in_order(whole),
        "right": round(whole["right"] / whole.total(), 3),
        "wrong": round(whole["wrong"] / whole.total(), 3),
        "kinds": {kind: _in_order(verdicts) for kind, verdicts in sorted(of_kind.items())},
    }


def _in_order(verdicts: Counter[str]) -> list[int]:
    return [verdicts[one] for one in VERDICTS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--alone", action="store_true", help="the understanding, not the text")
    parser.add_argument("--told", action="store_true", help="print each that is not right")
    parser.add_argument("--jobs", type=int, default=1_500)
    options = parser.parse_args()
    settings.LLM_BASE_URL = ""
    ask = understood_of if options.alone else answers_of
    with scratch_database(), plan_in_the_afternoon(options.jobs) as hwa:
        truth = scoring.truth_of(hwa)
        for path in options.files:
            answers = list(ask(path, truth))
            if options.told:
                sys.stderr.writelines(
                    f"{one.line()}\n" for one in answers if one.score.verdict != "right"
                )
            say(file=path.stem, **figures(answers))
        close_connections()


if __name__ == "__main__":
    main()
