"""What an answer says of a job's several runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .claims import Sentence, is_unreal
from .details import stated_codes
from .facts import Facts, Thing
from .predicates import Said
from .times import find_clocks, find_days

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


_FIRST = {"primeira", "first"}
_SECOND = {"segunda", "second"}
# "it failed in the first and went well in the last": the run named behind what is said of it.
_IN_THAT_RUN = re.compile(
    r" (?:n[ao]|in the|on the|at the|the) (?P<n>primeira|first|ultima|last|segunda|second)\b"
    r"(?! (?:job|stream|step|etapa|linha|line|hour|hora))"
)


def check_runs(sentence: Sentence, facts: Facts) -> Iterator[Problem]:
    jobs = [thing for thing in facts.things.values() if len(thing.runs) > 1]
    if len(jobs) != 1:
        return
    yield from _times(sentence, jobs[0])
    yield from _codes(sentence, jobs[0])
    yield from _places(sentence, jobs[0])
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


def _codes(sentence: Sentence, job: Thing) -> Iterator[Problem]:
    """ "8, in run 4502": the return code of that very run."""
    runs = _numbered(sentence.folded, job)
    if len(runs) != 1 or not runs[0].return_codes:
        return
    others = {code for run in job.runs for code in run.return_codes} - runs[0].return_codes
    said = {number.value for number in sentence.numbers if _is_alone(sentence, number.end)}
    if (said | stated_codes(sentence.folded)) & others:
        yield runs[0].describe(), 0.88


def _places(sentence: Sentence, job: Thing) -> Iterator[Problem]:
    """ "on AGT_2 (run 4502)": the workstation of that very run."""
    runs = _numbered(sentence.folded, job)
    if len(runs) != 1 or not runs[0].workstations:
        return
    others = {place for run in job.runs for place in run.workstations} - runs[0].workstations
    if any(m.name.casefold() in others for m in sentence.mentions):
        yield runs[0].describe(), 0.88


def _is_alone(sentence: Sentence, end: int) -> bool:
    """Whether a number counts nothing: no noun and no unit follows it."""
    return re.match(r"\W*(?:\Z|[,.;)]|(?:in|on|na|no|for|em)\b)", sentence.folded[end:]) is not None


def _numbered(folded: str, job: Thing) -> list[Thing]:
    """The runs that a text names by their numbers."""
    return [
        run
        for run in job.runs
        if re.search(rf"(?<![\w.:]){re.escape(run.name.rsplit(' ', 1)[-1])}(?![\w:])", folded)
        and len(run.name.rsplit(" ", 1)[-1]) > 2
    ]


def _is_wrong(run: Thing, said: Said) -> bool:
    truth = said.predicate.truth(run)
    return truth is not None and truth is said.denied


def _meant(sentence: Sentence, said: Said, job: Thing) -> list[Thing]:
    """The runs that a predicate is said of, by the words before it in its clause."""
    timed = _timed(sentence, said, job) or _dated(sentence, job)
    if timed:
        return timed
    after = _IN_THAT_RUN.match(sentence.folded, said.end)
    if after and (len(job.runs) == 2 or after["n"] not in _SECOND):
        return job.runs[:1] if after["n"] in _FIRST else job.runs[-1:]
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


def _timed(sentence: Sentence, said: Said, job: Thing) -> list[Thing]:
    """The runs named by their times before a predicate: "as das 08:15 e 08:40 deram certo"."""
    start = max(sentence.folded.rfind(mark, 0, said.start) for mark in ",;()")
    clause = sentence.folded[start + 1 : said.start]
    clocks = find_clocks(clause)
    if not clocks or not _RIGHT_BEFORE.fullmatch(clause[clocks[-1].end :]):
        return []
    return [
        run
        for run in job.runs
        if any(
            (c.hour, c.minute) == (m.at.hour, m.at.minute)
            for c in clocks
            for m in run.times
            if m.role == "start"
        )
    ]


_RIGHT_BEFORE = re.compile(r"(?: (?:one|run|was|is|has|had|also|tambem|ja|foi|did|both|ambas))*\W*")


def _dated(sentence: Sentence, job: Thing) -> list[Thing]:
    """The one run of the one day that a sentence speaks of: "on 14 July it went well"."""
    days = find_days(sentence.folded)
    if len(days) != 1:
        return []
    runs = [
        run
        for run in job.runs
        if any((m.at.month, m.at.day) in days[0] for m in run.times if m.role == "start")
    ]
    return runs if len(runs) == 1 else []
