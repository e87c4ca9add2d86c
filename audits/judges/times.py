"""Times and durations that an answer gives, held against those of the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from knowledge.folding import fold

from .claims import Sentence
from .facts import Facts, Moment, Thing

Problem = tuple[str, float]

_CLOCK = re.compile(
    r"(?<![\w:.-])(?P<iso>\d{4}-\d\d-\d\d[t ])?(?P<h>\d{1,2})(?:(?::"
    r"|h(?=\d))(?P<m>\d\d)(?::(?P<s>\d\d))?|h(?![a-z]))"
    r"(?P<zone>\s?z\b|[+-]\d\d:?\d\d)?(?:\s?(?P<half>[ap])\.?m\b)?(?![\w:])"
    r"|(?<![\w:.-])(?P<h2>\d{1,2})\s?(?P<half2>[ap])\.?m\b"
)
_SPAN_BEFORE = re.compile(
    r"\b(?:depois de|apos|por|durante|ha|faz|cerca de|for|took|lasted|levou|durou|leva|dura"
    r"|another|mais|within|em"
    r"|after|about|some|roughly|duration|duracao|ultimas?|last|past|faltam|in)(?: (?:of|de"
    r"|cerca de|about|mais))? \Z"
)
_SPAN_AFTER = re.compile(
    r"\s?(?:de (?:execucao|duracao|atraso)|of|long|later|atras|ago|late"
    r"|antes|before)\b"
)
_ROLE_WORDS: tuple[tuple[str, str], ...] = (
    ("deadline", r"deadline|prazo|limite|latest|due by|no later"),
    ("earliest", r"not before|nao antes|so pode|only (?:start|run)|earliest|a partir"),
    (
        "planned",
        r"due|schedul\w+|previst\w+|agendad\w+|programad\w+|marcad\w+|planned|slot"
        r"|expected|vai|will|starts?|parte|inicia|comeca|runs|roda",
    ),
    (
        "started",
        r"started|began|begun|comecou|iniciou|partiu|iniciad\w+|desde|since|submetid\w+"
        r"|launched|disparad\w+|arrancou",
    ),
    (
        "end",
        r"ended|finished|over|termin\w+|acab\w+|encerr\w+|finaliz\w+|complet\w+|conclu\w+"
        r"|falhou|failed|abend\w+",
    ),
    ("range start", r"from|desde as"),
    ("range end", r"to|ate|until|till"),
    ("now", r"now|agora|clock|relogio|neste momento|currently"),
)
_AGREES: dict[str, set[str]] = {
    "deadline": {"deadline"},
    "earliest": {"earliest", "planned", "start"},
    "planned": {"planned", "earliest", "start"},
    "started": {"start"},
    "end": {"end"},
    "now": {"now"},
    "range_start": {"start", "earliest", "planned"},
    "range_end": {"end", "deadline", "start", "planned", "earliest", "now"},
}
_ROLE = re.compile(
    "|".join(f"(?P<{name.replace(' ', '_')}>\\b(?:{words})\\b)" for name, words in _ROLE_WORDS)
)


# "must start by 21:00": the bound is told, whatever is to happen before it.
_UP_TO = re.compile(r"\b(?:by|ate(?: as| a)?|no later than|antes das)[ \"'(]*\Z")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as written."""

    hour: int
    minute: int | None
    second: int | None
    start: int
    end: int


def find_clocks(folded: str) -> list[Clock]:
    found = []
    for match in _CLOCK.finditer(folded):
        if match["h"] and not match["iso"] and _is_span(folded, match):
            continue
        hour = int(match["h"] or match["h2"])
        half = match["half"] or match["half2"]
        if half:
            hour = hour % 12 + (12 if half == "p" else 0)
        if hour > 24:
            continue
        minute = int(match["m"]) if match["m"] else None
        second = int(match["s"]) if match["s"] else None
        found.append(Clock(hour % 24, minute, second, match.start(), match.end()))
    return found


def _is_span(folded: str, match: re.Match[str]) -> bool:
    written = match[0]
    if ":" in written and not _SPAN_AFTER.match(folded, match.end()):
        return False
    before = folded[max(0, match.start() - 24) : match.start()]
    return bool(_SPAN_BEFORE.search(before) or _SPAN_AFTER.match(folded, match.end()))


def check_times(
    sentence: Sentence, facts: Facts, question: str, opens: bool = False
) -> Iterator[tuple[int, int, Problem]]:
    """Each time of day that the evidence doesn't hold, or holds for something else."""
    asked = {(c.hour, c.minute) for c in find_clocks(question)}
    wanted = _asked_role(question) if opens else None
    moments = facts.moments + _worked_out(facts)
    for clock in find_clocks(sentence.folded):
        matching = [m for m in moments if _same(clock, m, facts)]
        if not matching:
            written = sentence.folded[clock.start : clock.end]
            if (clock.hour, clock.minute) in asked or written in facts.text.lower():
                continue
            shown = ", ".join(dict.fromkeys(m.at.isoformat() for m in facts.moments[:5]))
            yield (
                clock.start,
                clock.end,
                (shown or "no time in the evidence", 0.88 if shown else 0.75),
            )
            continue
        bare = _BARE_TIME.fullmatch(sentence.folded[: clock.start])
        said = (wanted if bare else None) or _role_near(sentence.folded, clock)
        problem = _wrong_role(said, matching, facts) or _of_another(sentence, clock, facts)
        if problem:
            yield clock.start, clock.end, problem


_WORKED_OUT = {("start", 1): "end", ("end", -1): "start"}


def _worked_out(facts: Facts) -> list[Moment]:
    """Ends and starts that the evidence's durations give: started at 10:00, estimated PT25M."""
    spans = [timedelta(minutes=minutes) for minutes in durations(facts)[:10]]
    return [
        Moment(_WORKED_OUT.get((moment.role, sign), ""), moment.at + sign * span)
        for moment in facts.moments[:20]
        for span in spans
        for sign in (1, -1)
    ]


def _same(clock: Clock, moment: Moment, facts: Facts) -> bool:
    return any(
        at.hour == clock.hour
        and (at.minute == clock.minute if clock.minute is not None else at.minute == 0)
        and (clock.second is None or at.second == clock.second)
        for at in _as_told(moment.at, facts)
    )


def _as_told(at: datetime, facts: Facts) -> list[datetime]:
    """The time as written, in UTC, and in the other zones that the evidence uses."""
    if at.tzinfo is None:
        return [at]
    zones = {m.at.tzinfo for m in facts.moments[:50] if m.at.tzinfo is not None}
    zones |= {UTC, timezone(timedelta(hours=-3))} if at.utcoffset() == timedelta(0) else {UTC}
    return [at, *(at.astimezone(zone) for zone in zones)]


_BARE_TIME = re.compile(
    r"\W*(?:(?:at|as|a|ate|until|desde|since|the|it|was|is|it's|its|foi|e|no|em|on|dia|today"
    r"|hoje|[\d/-]+)\W+){0,4}"
)
_ASKS_WHEN = re.compile(r"\b(?:when|quando|que horas?|what time|horario|hora|deadline|prazo)\b")


def _asked_role(question: str) -> str | None:
    """What the time is for that a question asks: "When did it finish?" its end."""
    folded = fold(question)
    if not _ASKS_WHEN.search(folded):
        return None
    asked = {
        role for role, pattern in _ASKED_ROLES.items() if re.search(rf"\b(?:{pattern})\b", folded)
    }
    return asked.pop() if len(asked) == 1 else None


_ASKED_ROLES = {
    "deadline": r"deadline|prazo|horario limite|latest",
    "started": r"desde (?:quando|que horas)|since when|start(?:ed)?|beg[ai]n|comecou|iniciou"
    r"|partiu",
    "end": r"ate (?:quando|que horas)|until when|finish(?:ed)?|end(?:ed)?|completed?"
    r"|termin\w+|acab\w+|encerr\w+|conclu\w+",
}


def _of_another(sentence: Sentence, clock: Clock, facts: Facts) -> Problem | None:
    """A time that the evidence holds for another object than the one it is said of."""
    before = [m for m in sentence.mentions if m.end <= clock.start]
    if before and _BESIDE.fullmatch(sentence.folded[before[-1].end : clock.start]):
        beside = before[-1].thing
        return _not_its_own(clock, beside, facts) if beside is not None else None
    named = {m.name.casefold(): m.thing for m in sentence.mentions if m.thing and m.thing.times}
    if any(
        m.end > clock.start or m.role != "subject"
        for m in sentence.mentions
        if m.name.casefold() in named
    ):
        return None
    if len(named) != 1:
        return None
    (thing,) = named.values()
    return _not_its_own(clock, thing, facts)


_BESIDE = re.compile(r"[\"'`*]* ?(?:\(|as|at|para as|for|desde as|since|[:=])? ?")


def _not_its_own(clock: Clock, thing: Thing, facts: Facts) -> Problem | None:
    if not thing.times:
        return None
    if any(_same(clock, moment, facts) for moment in thing.times + _worked_out(facts)):
        return None
    loose = sum(len(t.times) for t in facts.things.values()) < len(facts.moments)
    owners = [
        other
        for other in facts.things.values()
        if other is not thing and any(_same(clock, m, facts) for m in other.times)
    ]
    if not owners or (loose and not all(o.kinds & thing.kinds for o in owners)):
        return None
    held = {id(m) for o in owners for m in o.times}
    if any(id(m) not in held and _same(clock, m, facts) for m in facts.moments):
        return None
    return thing.describe(), 0.87


def _wrong_role(said: str | None, matching: list[Moment], facts: Facts) -> Problem | None:
    if said is None:
        return None
    agreeing = _AGREES[said]
    if any(not m.role or m.role in agreeing for m in matching):
        return None
    expected = [m for m in facts.moments if m.role in agreeing]
    missing = any(t.empty_times & agreeing for t in facts.things.values())
    if said == "started" and not expected and not missing:
        missing = not any(m.role in {"start", ""} for m in facts.moments)
        if not missing or all(
            t.groups() & {"success", "failed", "running"}
            for t in facts.things.values()
            if t.groups()
        ):
            return None
    if not expected and not missing:
        return None
    shown = ", ".join(f"{m.role} {m.at.isoformat()}" for m in expected[:3] + matching[:2])
    return f"{shown}{'; no start time' if missing else ''}", 0.88


def _role_near(folded: str, clock: Clock) -> str | None:
    """The role word nearest before the time in its clause, else right after it."""
    start = max(
        folded.rfind(mark, 0, clock.start) for mark in (",", ";", ":  ", " and ", " e ", "(")
    )
    if _UP_TO.search(folded[max(start, 0) : clock.start]):
        return "range_end"
    before = list(_ROLE.finditer(folded, max(start, 0), clock.start))
    if before:
        return str(before[-1].lastgroup)
    after = _ROLE.search(folded, clock.end, min(len(folded), clock.end + 12))
    return str(after.lastgroup) if after else None


# --- dates ---------------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january janeiro jan",
            "february fevereiro feb fev",
            "march marco mar",
            "april abril apr abr",
            "may maio mai",
            "june junho jun",
            "july julho jul",
            "august agosto aug ago",
            "september setembro sep set sept",
            "october outubro oct out",
            "november novembro nov",
            "december dezembro dec dez",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"(?<![\w/.-])(?:(?P<y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d)"
    rf"|(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})(?:/\d{{2,4}})?(?![\w/])"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|o)?(?: de| of)? (?P<m2>{_MONTH})\b"
    rf"|(?P<m3>{_MONTH}) (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:]))"
)


def check_dates(
    sentence: Sentence, facts: Facts, question: str
) -> Iterator[tuple[int, int, Problem]]:
    """Days of the sentence that no time in the evidence falls on."""
    days = {(at.month, at.day) for m in facts.moments for at in _as_told(m.at, facts)}
    if not days:
        return
    asked = {day for match in _DATE.finditer(question.lower()) for day in _days(match)}
    for match in _DATE.finditer(sentence.folded):
        meant = _days(match)
        if meant & (days | asked) or match[0] in facts.text.lower():
            continue
        shown = ", ".join(dict.fromkeys(m.at.isoformat() for m in facts.moments[:5]))
        yield match.start(), match.end(), (shown, 0.86)


def find_days(folded: str) -> list[set[tuple[int, int]]]:
    """The dates of a text, each as the (month, day) it may mean."""
    return [_days(match) for match in _DATE.finditer(folded)]


def _days(match: re.Match[str]) -> set[tuple[int, int]]:
    """The (month, day) a date may mean: 03/12 is read both ways."""
    if match["y"]:
        return {(int(match["m"]), int(match["d"]))}
    if match["a"]:
        return {(int(match["b"]), int(match["a"])), (int(match["a"]), int(match["b"]))}
    return {(_MONTHS[match["m2"] or match["m3"]], int(match["d2"] or match["d3"]))}


# --- durations -----------------------------------------------------------------------------------


def durations(facts: Facts) -> list[float]:
    """The ISO 8601 durations of the evidence, in minutes."""
    return [
        int(hours or 0) * 60 + int(minutes or 0) + int(seconds or 0) / 60
        for hours, minutes, seconds in _DURATION.findall(facts.text)
    ]


_DURATION = re.compile(r"\bPT(?=\d)(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,5})(?:\.\d+)?S)?")
