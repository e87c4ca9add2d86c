"""What must hold when the storm is over: each check says what does not, a sentence for each case.

They read what clients kept (`Records`) and what is in the database (`Rows`), nothing else. The
tables are written out by hand from the design, not taken from the code that is under test.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from .records import Records
from .rows import Rows

TRUST_OF = {
    None: "new",
    "queued": "new",
    "running": "new",
    "cleared": "cleared",
    "unverified": "unverified",
    "pending": "suspect",
    "failed": "suspect",
    "quarantined": "quarantined",
    "approved": "trusted",
    "rejected": "rejected",
}
USABLE = {"trusted", "cleared"}
LOGGED = {"pending", "quarantined", "failed", "approved", "rejected"}
"""Statuses that no record takes without a line in the log."""
MARKS = {"flag", "quarantine", "fail"}


def answers_are_remembered(known: Records, rows: Rows) -> Iterator[str]:
    for question in known.questions:
        for end in question.ends:
            memory_id = end.get("memory_id")
            if memory_id and memory_id not in rows.memories:
                yield f"the answer of run {end['run_id']} names memory {memory_id}: there is none"


def decisions_are_logged_once(known: Records, rows: Rows) -> Iterator[str]:
    """200: exactly one line. No answer, or 503: at most one. Refused: none."""
    lines = Counter((line.memory_id, line.action, line.note_digest) for line in rows.log)
    for tried in known.decisions:
        digest = hashlib.sha256(tried.note.encode()).hexdigest()
        logged = lines[tried.memory_id, tried.action, digest]
        least, most = {200: (1, 1), None: (0, 1), 503: (0, 1)}.get(tried.status, (0, 0))
        if not least <= logged <= most:
            yield (
                f"{tried.action} of memory {tried.memory_id}, answered {tried.status}, stands "
                f"{logged} times in the decision log"
            )


def nothing_is_flagged_twice(known: Records, rows: Rows) -> Iterator[str]:
    """The auditor marks a version once, and people's reports once, until it is queued again."""
    marked: set[tuple[str, int, bool]] = set()
    for line in rows.log:
        if line.action not in MARKS:
            marked -= {mark for mark in marked if mark[0] == line.memory_id}
            continue
        mark = (line.memory_id, line.memory_version, line.judge == "person")
        if mark in marked:
            yield f"memory {line.memory_id} v{line.memory_version} is marked again in {line.seq}"
        marked.add(mark)


def the_log_tells_each_life(known: Records, rows: Rows) -> Iterator[str]:
    """Each line begins where the one before it ended, and the record is where the last one ends."""
    stands: dict[str, str] = {}
    for line in rows.log:
        before = stands.get(line.memory_id, "")
        if not _follows(before, line.from_status):
            yield (
                f"line {line.seq} takes memory {line.memory_id} from {line.from_status!r}, "
                f"where the log had left it {before!r}"
            )
        stands[line.memory_id] = line.to_status
    for memory in rows.memories.values():
        before = stands.get(memory.id, "")
        if not _follows(before, memory.status or ""):
            yield f"memory {memory.id} is {memory.status}, the log says {before!r}"


def _follows(before: str, status: str) -> bool:
    return status == before if LOGGED & {before, status} else True


def pairs_are_in_the_table(known: Records, rows: Rows) -> Iterator[str]:
    for memory in rows.memories.values():
        if TRUST_OF.get(memory.status, "no such status") != memory.trust:
            yield f"memory {memory.id} is {memory.status} and {memory.trust}"


def everything_is_settled(known: Records, rows: Rows) -> Iterator[str]:
    for memory in rows.memories.values():
        if memory.status in {None, "queued", "running"}:
            yield f"memory {memory.id} is still {memory.status or 'without a record'}"


def only_the_usable_is_found(known: Records, rows: Rows) -> Iterator[str]:
    """Also as it was when it was found: what isn't usable any more must once have been."""
    once_usable = {line.memory_id for line in rows.log if line.from_trust in USABLE}
    for memory_id, shown in known.found.items():
        memory = rows.memories.get(memory_id)
        if shown not in USABLE:
            yield f"a search brought memory {memory_id}, which is {shown}"
        elif memory is None or (memory.trust not in USABLE and memory_id not in once_usable):
            yield f"a search brought memory {memory_id} as {shown}, which it never was"


def the_index_follows(known: Records, rows: Rows) -> Iterator[str]:
    for memory in rows.memories.values():
        wanted = int(memory.trust in USABLE)
        if memory.vectors != wanted or (wanted and not memory.is_indexed):
            yield f"memory {memory.id} is {memory.trust} and has {memory.vectors} vectors"
    if rows.stray_vectors:
        yield f"{rows.stray_vectors} vectors belong to no memory"


def runs_have_one_end(known: Records, rows: Rows) -> Iterator[str]:
    for run in rows.runs:
        if len(run.ends) != 1 or run.answers != 1:
            yield f"run {run.run_id} has the ends {list(run.ends)} and {run.answers} answers"
    kept = {run.run_id: run.ends for run in rows.runs}
    for question in known.questions:
        for end in question.ends:
            if end["type"] not in kept.get(end["run_id"], ()):
                yield f"run {end['run_id']} ended with {end['type']} for its client only"


def questions_are_asked_once(known: Records, rows: Rows) -> Iterator[str]:
    runs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for run in rows.runs:
        if run.client_id:
            runs[run.conversation, run.client_id].add(run.run_id)
    for question in known.questions:
        stored = runs[question.conversation, question.client_id]
        if len(stored) > 1 or not set(question.frames) <= stored:
            yield (
                f"question {question.client_id} was answered in the runs "
                f"{sorted(question.frames)}, and {sorted(stored)} are kept"
            )


def frames_agree(known: Records, rows: Rows) -> Iterator[str]:
    """However often a client came back: one text for each number, and no number left out."""
    for question in known.questions:
        yield from question.contradictions
        for run_id, frames in question.frames.items():
            if sorted(frames) != list(range(1, len(frames) + 1)):
                yield f"run {run_id} came as frames {sorted(frames)}"


def imports_are_whole(known: Records, rows: Rows) -> Iterator[str]:
    stored = Counter(memory.question for memory in rows.memories.values())
    for question in known.imported:
        if stored[question] != 1:
            yield f"the imported {question!r} is stored {stored[question]} times"


def ratings_are_kept(known: Records, rows: Rows) -> Iterator[str]:
    """The last acknowledged one, or one sent later of which nobody knows."""
    possible: dict[str, set[int]] = defaultdict(set)
    for rated in known.ratings:
        if rated.status == 200:
            possible[rated.memory_id] = {rated.rating}
        elif rated.status in {None, 503} and possible[rated.memory_id]:
            possible[rated.memory_id].add(rated.rating)
    for memory_id, ratings in possible.items():
        if ratings and rows.ratings.get(memory_id) not in ratings:
            yield f"memory {memory_id} was rated {ratings}, kept is {rows.ratings.get(memory_id)}"


CHECKS: tuple[Callable[[Records, Rows], Iterator[str]], ...] = (
    answers_are_remembered,
    decisions_are_logged_once,
    nothing_is_flagged_twice,
    the_log_tells_each_life,
    pairs_are_in_the_table,
    everything_is_settled,
    only_the_usable_is_found,
    the_index_follows,
    runs_have_one_end,
    questions_are_asked_once,
    frames_agree,
    imports_are_whole,
    ratings_are_kept,
)


def violations(known: Records, rows: Rows) -> list[str]:
    return [*known.faults, *(said for check in CHECKS for said in check(known, rows))]
