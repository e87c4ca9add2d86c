"""What can be said of an object, how people say it, and whether the evidence agrees.

A predicate's `truth` answers True, False, or None where the evidence doesn't say. It is strict
about False: words that are loosely used get None where a careful speaker could mean them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from knowledge.folding import fold
from knowledge.hwa.statuses import GROUP_OF_CODE, find_statuses

from .facts import Thing
from .wordings import PHRASES

Truth = Callable[[Thing], bool | None]


@dataclass(frozen=True, slots=True)
class Predicate:
    """`codes` are the codes that make it true, for counting where there are only counts."""

    name: str
    truth: Truth
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """A predicate found in a text, where, and whether it was denied."""

    predicate: Predicate
    start: int
    end: int
    denied: bool = False


def _codes(*groups: str) -> frozenset[str]:
    return frozenset(code for code, group in GROUP_OF_CODE.items() if group in groups)


def _grouped(yes: set[str], maybe: set[str] = frozenset()) -> Truth:  # type: ignore[assignment]
    def truth(thing: Thing) -> bool | None:
        groups = thing.groups()
        if not groups:
            return None
        return True if groups & yes else None if groups & maybe else False

    return truth


def _success(thing: Thing) -> bool | None:
    if "SATISFIED" in thing.codes and not thing.groups():
        return None
    return _grouped({"success"})(thing)


def _ended(thing: Thing) -> bool | None:
    if "ABENP" in thing.codes or "SUCCP" in thing.codes or "PEND" in thing.codes:
        return None
    if thing.codes & {"FAIL"}:
        return None
    return _grouped({"success", "failed", "cancelled"}, {"suppressed", "undecided"})(thing)


def _started(thing: Thing) -> bool | None:
    groups = thing.groups()
    if thing.codes & {"FAIL", "ABENP", "SUCCP", "STUCK", "PEND"} or groups & {"cancelled"}:
        return False if thing.codes == {"FAIL"} else None
    if "start" in thing.empty_times:
        return False
    return _grouped({"running", "success", "failed"}, {"stuck", "undecided"})(thing)


def _open(thing: Thing) -> bool | None:
    """Not settled: an unanswered prompt, an unsatisfied dependency, a job that still has to end."""
    if "ASKED" in thing.codes or "UNSATISFIED" in thing.codes:
        return True
    if thing.codes & {"ANSWERED_YES", "ANSWERED_NO", "NOT_ASKED", "SATISFIED"}:
        return False
    groups = thing.groups()
    if not groups:
        return None
    if groups & {"failed", "undecided"}:
        return None
    return bool(groups & {"running", "waiting", "ready", "stuck"})


def _has_code(*codes: str) -> Truth:
    def truth(thing: Thing) -> bool | None:
        known = thing.codes & {"ASKED", "NOT_ASKED", "ANSWERED_YES", "ANSWERED_NO"}
        return bool(known & set(codes)) if known else None

    return truth


def _satisfied(thing: Thing) -> bool | None:
    if "UNSATISFIED" in thing.codes:
        return False
    return True if "SATISFIED" in thing.codes else None


def _flag(pattern: str) -> Truth:
    known = re.compile(pattern)

    def truth(thing: Thing) -> bool | None:
        values = [value for name, value in thing.flags.items() if known.search(name)]
        return any(values) if values else None

    return truth


def _late(thing: Thing) -> bool | None:
    return _flag(r"late|deadline.*pass|overdue")(thing)


def _linked(thing: Thing) -> bool | None:
    if thing.codes & {"UNLINKED", "OFFLINE", "DOWN", "NOT_LINKED"}:
        return False
    if "LINKED" in thing.codes or "ONLINE" in thing.codes:
        return True
    said = _flag(r"linked|^link")(thing)
    if said is None and thing.flag_lists:
        return False
    # A workstation with an empty list of active states has none of them.
    return said


def _active(pattern: str) -> Truth:
    def truth(thing: Thing) -> bool | None:
        said = _flag(pattern)(thing)
        return False if said is None and thing.flag_lists else said

    return truth


def _confirmed(thing: Thing) -> bool | None:
    if thing.codes & {"PEND"}:
        return False
    return True if thing.codes & {"SUCCP", "ABENP"} else None


def _free(thing: Thing) -> bool | None:
    amounts = thing.numbers.get("availablequantity") or thing.numbers.get("available")
    return None if not amounts else max(amounts) > 0


def _master(thing: Thing) -> bool | None:
    backup = _flag(r"backup")(thing) or any("BACKUP" in kind for kind in thing.types)
    if thing.types & {"MANAGER", "MASTER", "MDM"} or _flag(r"^(?:is_?)?(?:master|domain_?manager)")(
        thing
    ):
        return True
    return False if backup else None


def _type(kinds: set[str]) -> Truth:
    def truth(thing: Thing) -> bool | None:
        known = thing.types & {"POOL", "DPOOL", "D-POOL", "AGENT", "FTA", "S-AGENT", "BROKER"}
        return bool(known & kinds) if known else None

    return truth


def _backup(thing: Thing) -> bool | None:
    if any("BACKUP" in kind for kind in thing.types):
        return True
    said = _flag(r"backup")(thing)
    return said if said is not None else False if _master(thing) else None


def _rerun(thing: Thing) -> bool | None:
    return len(thing.runs) > 1 if thing.runs else None


def _there(thing: Thing) -> bool | None:
    """Whether a file that somebody waits for has arrived."""
    if thing.codes & {"UNSATISFIED", "NOT_EXISTS", "NOT_FOUND", "MISSING", "ABSENT", "NO"}:
        return False
    if thing.codes & {"SATISFIED", "EXISTS", "FOUND", "PRESENT", "YES"}:
        return True
    return _flag(r"^(?:exists|found|present|arrived)")(thing)


def _healthy(thing: Thing) -> bool | None:
    """For "everything is fine": nothing failed, stuck, or cut off."""
    if thing.groups() & {"failed", "stuck"}:
        return False
    if "workstation" in thing.kinds and _linked(thing) is False:
        return False
    return True if thing.groups() or "workstation" in thing.kinds else None


PREDICATES: dict[str, Predicate] = {
    predicate.name: predicate
    for predicate in (
        Predicate("success", _success, _codes("success")),
        Predicate("failed", _grouped({"failed"}, {"stuck"}), _codes("failed", "stuck")),
        Predicate("running", _grouped({"running"}, {"stuck"}), _codes("running")),
        Predicate(
            "waiting",
            _grouped({"waiting", "ready"}, {"stuck", "undecided"}),
            _codes("waiting", "ready"),
        ),
        Predicate("ready", _grouped({"ready"}), _codes("ready")),
        Predicate("stuck", _grouped({"stuck"}, {"waiting", "ready", "failed"}), _codes("stuck")),
        Predicate("cancelled", _grouped({"cancelled"}), _codes("cancelled")),
        Predicate("suppressed", _grouped({"suppressed"}), _codes("suppressed")),
        Predicate("undecided", _grouped({"undecided"}), _codes("undecided")),
        Predicate("ended", _ended, _codes("success", "failed", "cancelled")),
        Predicate("started", _started, _codes("running", "success", "failed")),
        Predicate("open", _open, _codes("running", "waiting", "ready", "stuck") | {"ASKED"}),
        Predicate("asked", _has_code("ASKED")),
        Predicate("answered", _has_code("ANSWERED_YES", "ANSWERED_NO")),
        Predicate("answered yes", _has_code("ANSWERED_YES")),
        Predicate("answered no", _has_code("ANSWERED_NO")),
        Predicate("satisfied", _satisfied),
        Predicate("late", _late),
        Predicate("linked", _linked),
        Predicate("event processor", _active(r"ev(?:en)?t.*proc")),
        Predicate("jobman", _active(r"jobman")),
        Predicate("confirmed", _confirmed),
        Predicate("free", _free),
        Predicate("master", _master),
        Predicate("pool", _type({"POOL", "DPOOL", "D-POOL"})),
        Predicate("agent", _type({"AGENT", "FTA", "S-AGENT"})),
        Predicate("backup", _backup),
        Predicate("there", _there),
        Predicate("critical", _flag(r"critical")),
        Predicate("rerun", _rerun),
        Predicate("healthy", _healthy, _codes("success")),
    )
}

_PHRASE = re.compile(
    r"(?<![\w#])(?:"
    + "|".join(f"(?P<p{n}>{pattern})" for n, (_, pattern) in enumerate(PHRASES))
    + r")(?![\w#])"
)
# A denial stands a few words before what it denies, in the same clause.
_DENIAL = re.compile(
    r"(?:\b(?:nao|nunca|not|never|cannot|without|sem|nor|nem|ninguem|nobody|neither|jamais"
    r"|no longer"
    r"|yet to|deixou de|tampouco|longe de)\b|n't\b)(?: \w+){0,4}[ \"'(*]*\Z"
)
_CLAUSE_END = re.compile(
    r"[.;:,!?()\n]|(?<!nao) (?:e|and|mas|but|while|whereas|enquanto|porque"
    r"|because|pois) "
)
_EMPTY_HANDED = re.compile(
    r"\b(?:no|none|nenhuma?s?|nada|nothing|zero)\b(?: (?:jobs?|streams?|fluxos?|prompts?"
    r"|workstations?|stations?"
    r"|estac(?:ao|oes)|agents?|agentes?|predecessor(?:es|s)?|recursos?|resources?|unidades?"
    r"|units?|dependenc\w+"
    r"|tarefas?|malhas?|runs?|execuc\w+|of|the|them|these|its|das?|dos?|del[ea]s|is|are|was|were"
    r"|has|have|had|been"
    r"|esta|estao|foi|foram|ficou|else|other|outr[oa]s?|more|mais|new|nov[oa]s?|in|em|com"
    r"|critic(?:o|al)|\d+)){0,5} ?\Z"
)


def find_predicates(text: str) -> list[Said]:
    """All that a text says with predicates, in order, longest phrase first, with denials seen."""
    folded = fold(text)
    found = [_phrase(match) for match in _PHRASE.finditer(folded)]
    found += [
        Said(_with_code(word.group, word.code), word.start, word.end)
        for word in find_statuses(text)
    ]
    found.sort(key=lambda said: (said.start, -(said.end - said.start)))
    kept: list[Said] = []
    found = [said for said in found if not _is_order(folded, said)]
    for said in found:
        if not kept or said.start >= kept[-1].end:
            kept.append(said)
    kept = [
        said
        for said, after in zip_longest(kept, kept[1:])
        if not _is_completed(folded, said, after)
    ]
    return [
        Said(said.predicate, said.start, said.end, said.denied ^ is_denied(folded, said.start))
        for said in kept
    ]


def _is_completed(folded: str, said: Said, after: Said | None) -> bool:
    """ "ended in ABEND", "terminou com sucesso": how it ended is what is said."""
    if said.predicate.name != "ended" or after is None:
        return False
    return (
        re.fullmatch(
            r",? ?(?:in|with|com|em|tudo|a"
            r"|an)? ?",
            folded[said.end : after.start],
        )
        is not None
    )


_BARE_VERBS = {
    "wait",
    "hold",
    "start",
    "end",
    "free",
    "complete",
    "fail",
    "succeed",
    "finish",
    "begin",
}


def _is_order(folded: str, said: Said) -> bool:
    """ "Wait until it ends", "free some space": a verb that opens its sentence orders, no more."""
    if folded[said.start : said.end] not in _BARE_VERBS:
        return False
    return (
        re.search(
            r"(?:\A|[.;:!] |, (?:then |and )?|\bthen |\bplease "
            r"|\band then )\W*\Z",
            folded[: said.start],
        )
        is not None
    )


def _phrase(match: re.Match[str]) -> Said:
    name = PHRASES[int(str(match.lastgroup)[1:])][0]
    predicate = PREDICATES[name.removeprefix("!")]
    return Said(predicate, match.start(), match.end(), name.startswith("!"))


def _with_code(group: str, code: str | None) -> Predicate:
    predicate = PREDICATES[group]
    if code is None:
        return predicate
    return Predicate(group, predicate.truth, frozenset({code}))


def is_denied(folded: str, position: int) -> bool:
    """Whether the word at `position` is denied within its own clause."""
    before = folded[max(0, position - 60) : position]
    ends = list(_CLAUSE_END.finditer(before))
    clause = before[ends[-1].end() :] if ends else before
    denial = _DENIAL.search(clause)
    leaves = _LEAVES.search(clause)
    # "it left HOLD" denies HOLD; "não sai do HOLD" denies the denial.
    return (denial is not None) != (leaves is not None)


_LEAVES = re.compile(
    r"\b(?:sai|saiu|sair|saem|sairam|deixou|left|leaves?|leaving|exited|out of)(?: (?:d[oae]|o|a"
    r"|the|its|estado|status|state))*"
    r" ?[\"'(]*\Z"
)


def is_empty_handed(folded: str, position: int, portuguese: bool = False) -> bool:
    """Whether the clause says that nothing is so: no failures, nenhum job travado."""
    before = folded[max(0, position - 50) : position]
    ends = list(_CLAUSE_END.finditer(before))
    clause = before[ends[-1].end() :] if ends else before
    match = _EMPTY_HANDED.search(clause)
    # In Portuguese "no" is a place: "aguarda no stream travado".
    return match is not None and not (portuguese and match[0].startswith("no "))
