"""What an answer says of a job's several runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .claims import Sentence, is_unreal
from .facts import Facts, Thing
from .predicates import Said

Problem = tuple[str, float]

_ALL_RUNS = re.compile(
    r"\b(?:both|all|every|each|ambas|todas|as duas|cada|the two)(?: \w+){0,2}? (?:runs?|execuc\w+"
    r"|reruns?|attempts?|tentativas?|vezes|times|executions?)\b"
)
_LAST_RUN = re.compile(
    r"\b(?:rerun|reexecucao|(?:last|latest|second|ultima|segunda) (?:run|execution|execucao"
    r"|attempt|tentativa)|nova execucao|segunda vez|second time)\b"
)
_FIRST_RUN = re.compile(
    r"\b(?:(?:first|original|primeira) (?:run|execution|execucao|attempt|tentativa)|primeira vez"
    r"|first time)\b"
)


def check_runs(sentence: Sentence, facts: Facts) -> Iterator[Problem]:
    jobs = [thing for thing in facts.things.values() if len(thing.runs) > 1]
    if len(jobs) != 1:
        return
    yield from _times(sentence, jobs[0])
    for said in sentence.said:
        if is_unreal(sentence.folded, said.start):
            continue
        wrong = [run for run in _meant(sentence, said, jobs[0]) if _is_wrong(run, said)]
        if wrong:
            yield wrong[0].describe(), 0.88


def _times(sentence: Sentence, job: Thing) -> Iterator[Problem]:
    """ "it abended four times": as many runs as that."""
    for number in sentence.numbers:
        if not re.match(r" (?:times|vezes)\b", sentence.folded[number.end : number.end + 6]):
            continue
        before = [said for said in sentence.said if said.end <= number.start]
        if not before or number.start - before[-1].end > 12:
            continue
        runs = sum(before[-1].predicate.truth(run) is True for run in job.runs)
        if runs and number.value != runs:
            yield f"{before[-1].predicate.name}: {runs}", 0.88


def _is_wrong(run: Thing, said: Said) -> bool:
    truth = said.predicate.truth(run)
    return truth is not None and truth is said.denied


def _meant(sentence: Sentence, said: Said, job: Thing) -> list[Thing]:
    """The runs that a predicate is said of, by the words before it in its clause."""
    before = sentence.folded[: said.start]
    marks = [
        (match.end(), runs)
        for pattern, runs in (
            (_ALL_RUNS, job.runs),
            (_LAST_RUN, job.runs[-1:]),
            (_FIRST_RUN, job.runs[:1]),
        )
        for match in pattern.finditer(before)
    ]
    if not marks:
        return []
    position, runs = max(marks, key=lambda mark: mark[0])
    if re.search(r"[.;:]| (?:after|depois|before|antes|but|mas) ", before[position:]):
        return []
    return runs if len(before) - position < 40 else []
