"""Times and durations that an answer gives, held against those of the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import zip_longest

from .claims import Sentence
from .facts import Facts, Moment

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
    sentence: Sentence, facts: Facts, question: str
) -> Iterator[tuple[int, int, Problem]]:
    """Each time of day that the evidence doesn't hold, or holds for something else."""
    asked = {(c.hour, c.minute) for c in find_clocks(question)}
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
        problem = _wrong_role(sentence, clock, matching, facts)
        if problem:
            yield clock.start, clock.end, problem


def _worked_out(facts: Facts) -> list[Moment]:
    """Ends and starts that the evidence's durations give: started at 10:00, estimated PT25M."""
    spans = [timedelta(minutes=minutes) for minutes in _durations(facts)[:10]]
    return [
        Moment("", moment.at + sign * span)
        for moment in facts.moments[:20]
        if 1 < moment.at.year < 9999
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
    zones = {m.at.tzinfo for m in facts.moments if m.at.tzinfo is not None}
    zones |= {UTC, timezone(timedelta(hours=-3))} if at.utcoffset() == timedelta(0) else {UTC}
    return [at, *(at.astimezone(zone) for zone in zones)]


def _wrong_role(
    sentence: Sentence, clock: Clock, matching: list[Moment], facts: Facts
) -> Problem | None:
    said = _role_near(sentence.folded, clock)
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


def _days(match: re.Match[str]) -> set[tuple[int, int]]:
    """The (month, day) a date may mean: 03/12 is read both ways."""
    if match["y"]:
        return {(int(match["m"]), int(match["d"]))}
    if match["a"]:
        return {(int(match["b"]), int(match["a"])), (int(match["a"]), int(match["b"]))}
    return {(_MONTHS[match["m2"] or match["m3"]], int(match["d2"] or match["d3"]))}


# --- durations -----------------------------------------------------------------------------------

_UNIT = r"(?:h(?:oras?|ours?|rs?)?|min(?:ut[oe]s?)?|s(?:eg(?:undos?)?|ec(?:onds?)?)?)"


def span_minutes(facts: Facts) -> set[float]:
    """Every stretch of time that can be worked out from the evidence, in minutes."""
    moments = [m.at for m in facts.moments if m.at.tzinfo is not None][:40]
    found = {abs((a - b).total_seconds()) / 60 for a in moments for b in moments}
    return found | set(_durations(facts))


def _durations(facts: Facts) -> list[float]:
    """The ISO 8601 durations of the evidence, in minutes."""
    return [
        int(hours or 0) * 60 + int(minutes or 0) + int(seconds or 0) / 60
        for hours, minutes, seconds in _DURATION.findall(facts.text)
    ]


_DURATION = re.compile(r"\bPT(?=\d)(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,5})(?:\.\d+)?S)?")


_SPAN = re.compile(
    rf"(?<![\w:.,])(?P<n>\d{{1,4}})\s?(?P<unit>{_UNIT})\b(?:(?: (?:e"
    rf"|and))? ?(?P<n2>\d{{1,2}})(?:\s?(?:min(?:ut[oe]s?)?|m)\b|(?![\w:])))?"
)
_WORD_SPAN = re.compile(r" (?P<unit>horas?|hours?|minutos?|minutes?)\b(?: (?:e|and) )?")


def check_spans(sentence: Sentence, facts: Facts) -> Iterator[tuple[int, int, Problem]]:
    """Durations said of the past that no pair of times in the evidence gives."""
    known = span_minutes(facts)
    clocks = find_clocks(sentence.folded)
    for start, end, minutes in _spans(sentence):
        if any(c.start <= start < c.end for c in clocks) or not _SAID_OF_PAST.search(
            sentence.folded
        ):
            continue
        if not known - {0.0}:
            yield start, end, ("no duration in the evidence", 0.72)
        elif not any(abs(minutes - k) <= _leeway(sentence, start, end, k) for k in known):
            shown = ", ".join(f"{k:g} min" for k in sorted(known - {0.0})[:4])
            yield start, end, (shown, 0.86)


_ROUGHLY = re.compile(
    r"\b(?:about|around|almost|nearly|over|under|roughly|some|approximately|more than|less than"
    r"|just|a little|cerca de|quase"
    r"|aproximadamente|mais de|menos de|pouco|uns|umas|em torno de|por volta de)(?: (?:than"
    r"|mais de|menos de|de|over|under))? ?\Z"
)


def _leeway(sentence: Sentence, start: int, end: int, minutes: float) -> float:
    """How far a told duration may be off: whole hours are rounded, "about" says so."""
    if _ROUGHLY.search(sentence.folded[:start]):
        return max(5.0, 0.2 * minutes)
    in_hours = (
        re.search(r"\bh", sentence.folded[start:end]) and "min" not in sentence.folded[start:end]
    )
    return max(1.0, (0.1 if in_hours else 0.04) * minutes)


_SAID_OF_PAST = re.compile(
    r"\b(?:took|lasted|ran|durou|levou|rodou|ha|for|late|atras\w+|behind|before|antes|early"
    r"|adiantad\w+|started|comecou"
    r"|faltam|left|durante|desde|depois de|apos|after|running|rodando)\b"
)


def _spans(sentence: Sentence) -> Iterator[tuple[int, int, float]]:
    for digits in _SPAN.finditer(sentence.folded):
        minutes = int(digits["n"]) * _minutes(digits["unit"]) + int(digits["n2"] or 0)
        yield digits.start(), digits.end(), minutes
    words = [n for n in sentence.numbers if n.in_words and n.value]
    skip = -1
    for number, following in zip_longest(words, words[1:]):
        if number is None or number.start < skip:
            continue
        match = _WORD_SPAN.match(sentence.folded, number.end)
        if match is None:
            continue
        minutes, end = number.value * _minutes(match["unit"]), match.end()
        if following is not None and following.start == match.end():
            more = _WORD_SPAN.match(sentence.folded, following.end)
            if more:
                minutes, end = minutes + following.value * _minutes(more["unit"]), more.end()
                skip = end
        yield number.start, end, minutes


def _minutes(unit: str) -> float:
    return 60.0 if unit[0] == "h" else 1.0 if unit[0] == "m" else 1 / 60
