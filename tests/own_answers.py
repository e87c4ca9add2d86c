"""Answers by rules over simulated plans, and what may happen to one before it is judged.

`answers` asks the questions of the tests' sets of a real agent over a real plan. `changes` are
changes of one fact each, which a judge must notice; `sayings` change nothing that is said.
"""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

from audits.judges import MemoryUnderAudit
from knowledge.claims.answer import Answer, Claim, Phrase, Table, read_answer
from knowledge.claims.evidence import readings_in
from knowledge.claims.phrases import PHRASES, Template
from knowledge.claims.rendering import render
from knowledge.hwa.statuses import STATUSES
from tests import question_scoring as scoring
from tests.plan_reading import MovedSimulator, ReadingSession, moved_simulator
from tests.question_asking import AFTERNOON
from tws.answers.agents import AgentManager
from tws.answers.events import Final, Turn
from tws.database import in_database
from tws.hwa.client import TWSClient
from tws.models import Agent
from tws.plan.models import PlanEngine

AGENT = Agent(slug="tws-analyzer", name="Analyzer", languages=["pt-br", "en"])
NOW = datetime.fromtimestamp(AFTERNOON, UTC)
SETS = ("own", "dev", "more", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass
class Given:
    """An answer as it is stored; `names` are those of the plan's objects."""

    question: str
    text: str
    answer: dict[str, Any]
    evidence: list[dict[str, Any]]
    names: frozenset[str] = field(repr=False)

    @property
    def segments(self) -> Answer:
        return read_answer(self.answer)

    def memory(self) -> MemoryUnderAudit:
        return MemoryUnderAudit(
            memory_id=UUID(int=1),
            version=1,
            agent=AGENT.slug,
            kind="state",
            user_query=self.question,
            agent_response=self.text,
            evidence=self.evidence,
            answer=self.answer,
            own_evidence=True,
        )

    def saying(self, answer: Answer) -> Given:
        """The same evidence under another answer, which is also said."""
        text = render(answer, readings_in(self.evidence))
        return replace(self, answer=stored(answer.as_json()), text=text)


def stored(data: Any) -> Any:
    """As a JSON column gives it back."""
    return json.loads(json.dumps(data))


# --- asking ---------------------------------------------------------------------------------------


@contextmanager
def simulated(seed: int, jobs: int) -> Iterator[MovedSimulator]:
    """A plan that stands still in the afternoon, and a product that reads it."""
    with moved_simulator(jobs=jobs, seed=seed) as hwa:
        hwa.at = AFTERNOON
        hwa.plan.refresh()
        engines = patch("tws.hwa.engines.configured_engines", lambda: [hwa.engine])
        with engines, patch("django.utils.timezone.now", lambda: NOW):
            yield hwa


async def answers(seed: int, wanted: int, jobs: int = 600) -> list[Given]:
    """So many answers that are kept, to questions of all kinds in turn, other ones by each seed."""
    given: list[Given] = []
    with simulated(seed, jobs) as hwa:
        async with ReadingSession(hwa) as session:
            await session.read()
        await in_database(PlanEngine.objects.update, fetched_at=NOW)
        truth = scoring.truth_of(hwa)
        things = (truth.jobs, truth.streams, truth.stations, truth.resources)
        names = frozenset(one.name for kind in things for one in kind)
        async with AgentManager(lambda one: TWSClient(one, attempts=1), _no_memories) as manager:
            for turns in of_all_kinds(truth, Random(seed)):
                for question, final in await _asked(manager, turns):
                    if final.is_worth_keeping and final.segments:
                        answer = stored(final.segments.as_json())
                        evidence = stored(list(final.evidence))
                        given.append(Given(question, final.answer, answer, evidence, names))
                if len(given) >= wanted:
                    return given[:wanted]
    raise AssertionError(f"only {len(given)} answers")


def of_all_kinds(truth: scoring.Truth, random: Random) -> Iterator[list[scoring.Asking]]:
    by_kind: dict[str, list[list[scoring.Asking]]] = {}
    for name in SETS:
        for turns in scoring.conversations(scoring.DATA / f"questions_{name}.jsonl", truth):
            by_kind.setdefault(turns[-1].kind, []).append(turns)
    for conversations in by_kind.values():
        random.shuffle(conversations)
    while any(by_kind.values()):
        yield from (conversations.pop() for conversations in by_kind.values() if conversations)


async def _asked(manager: AgentManager, turns: Sequence[scoring.Asking]) -> list[tuple[str, Final]]:
    history: list[Turn] = []
    finals = []
    for asking in turns:
        async with aclosing(manager.answer(AGENT, asking.question, history=history)) as events:
            end = [event async for event in events][-1]
        assert isinstance(end, Final), (asking.question, end)
        history.append(Turn(asking.question, end.answer, end.tools, end.understood))
        finals.append((asking.question, end))
    return finals


async def _no_memories(question: str, limit: int) -> list[Any]:
    return []


# --- changing one fact ----------------------------------------------------------------------------

SAYING_LESS = ("value", "unset")
"""Phrases that say no more than their slots do, so that they are no change of a fact."""
Change = Callable[[Given, Random, Sequence[Given]], Given | None]
"""None where an answer has nothing that can be changed so."""


def changes(given: Given, random: Random, others: Sequence[Given]) -> Iterator[tuple[str, Given]]:
    """One change of each kind that the answer allows; `others` are of the same plan."""
    for name, change in CHANGES.items():
        changed = change(given, random, others)
        if changed is not None and changed != given:
            yield name, changed


def _other(value: str, known: Sequence[str], random: Random) -> str:
    return random.choice(sorted(set(known) - {value}))


def _in_text(pattern: str, otherwise: Callable[[str, Given, Random], str]) -> Change:
    """What the text says in one place, said otherwise there."""

    def change(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
        places = [
            one for one in re.finditer(pattern, given.text) if otherwise(one[0], given, random)
        ]
        if not places:
            return None
        place = random.choice(places)
        said = otherwise(place[0], given, random)
        return replace(given, text=given.text[: place.start()] + said + given.text[place.end() :])

    return change


def _number(said: str, _given: Given, random: Random) -> str:
    return str(int(said) + random.choice([1, 2, 10]))


def _clock(said: str, _given: Given, random: Random) -> str:
    hour, minute = map(int, said.split(":"))
    return f"{hour:02}:{(minute + random.randint(1, 59)) % 60:02}"


def _name(said: str, given: Given, random: Random) -> str:
    return _other(said, sorted(given.names), random) if said in given.names else ""


def _status(said: str, _given: Given, random: Random) -> str:
    return _other(said, sorted(STATUSES), random) if said in STATUSES else ""


def _unit(said: str, _given: Given, random: Random) -> str:
    return _other(said, ["min", "h", "d", "s"], random)


def fixed_words(given: Given) -> set[str]:
    """Those of the answer's phrases."""
    answer = given.segments
    keys = [one.key for one in answer.segments if isinstance(one, Phrase)]
    parts = [part for key in keys for part in PHRASES[key][answer.language].parts]
    written = [[one] if isinstance(one, str) else one.forms or () for one in parts]
    return set(re.findall(r"\w{2,}", " ".join(text for texts in written for text in texts)))


def _fixed_word(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
    """A word of a phrase that is another one, or left out."""
    words = sorted(one for one in fixed_words(given) if re.search(rf"\b{one}\b", given.text))
    if not words:
        return None
    word = random.choice(words)
    said = random.choice(["", "não", "not", "nunca", _other(word, [*words, "only"], random)])
    return replace(given, text=re.sub(rf"\b{word}\b", said, given.text, count=1))


def _claims(given: Given) -> list[Claim]:
    return [one for one in given.segments.claims if one.kind != "flag"]


def _with_claim(given: Given, old: Claim, new: Claim) -> dict[str, Any]:
    def changed(segment: Any) -> Any:
        if not isinstance(segment, Phrase):
            return segment
        slots = {name: new if one == old else one for name, one in segment.slots.items()}
        return replace(segment, slots=slots)

    answer = given.segments
    segments = tuple(map(changed, answer.segments))
    return stored(replace(answer, segments=segments).as_json())


def _said_otherwise(claim: Claim, given: Given, random: Random) -> Claim:
    """The claim with another value of its kind, and that one's words."""
    value: Any = claim.value[0] if isinstance(claim.value, list) else claim.value
    words = claim.words
    if isinstance(value, str) and claim.kind == "time":
        other = value[:14] + f"{(int(value[14:16]) + 7) % 60:02}" + value[16:]
        words = re.sub(r"\d\d:\d\d", other[11:16], words)
    elif isinstance(value, str):
        other = words = _other(value, sorted(given.names), random)
    else:
        other = value + 1
        words = re.sub(r"\d+", lambda found: str(int(found[0]) + 1), words, count=1)
    if isinstance(claim.value, list):
        return replace(claim, value=[other, *claim.value[1:]], words=words)
    return replace(claim, value=other, words=words)


def _in_claim(*parts: str, text: bool) -> Change:
    """Value, words or both of a claim, and the text with them or not."""

    def change(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
        if not (claims := _claims(given)):
            return None
        old = random.choice(claims)
        other = _said_otherwise(old, given, random)
        new = replace(old, **{part: getattr(other, part) for part in parts})
        said = given.text.replace(old.words, new.words, 1) if text else given.text
        return replace(given, answer=_with_claim(given, old, new), text=said)

    return change


def _literal(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
    if not (claims := list(given.segments.claims)):
        return None
    old = random.choice(claims)
    new = replace(old, expr="`" + json.dumps(old.value).replace("`", "\\`") + "`")
    return replace(given, answer=_with_claim(given, old, new))


def _another_phrase(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
    """A phrase that says something else of the same values, and the text that it yields."""
    answer = given.segments
    at = [number for number, one in enumerate(answer.segments) if isinstance(one, Phrase)]
    random.shuffle(at)
    for number in at:
        segment = answer.segments[number]
        assert isinstance(segment, Phrase)
        was = PHRASES[segment.key][answer.language]
        fitting = [
            key
            for key, one in PHRASES.items()
            if key not in (segment.key, *SAYING_LESS) and _fits(one[answer.language], was)
        ]
        if fitting:
            key = random.choice(fitting)
            new = replace(segment, key=key, version=PHRASES[key][answer.language].version)
            segments = (*answer.segments[:number], new, *answer.segments[number + 1 :])
            changed = given.saying(replace(answer, segments=segments))
            return changed if changed.text.split() != given.text.split() else None
    return None


def _fits(one: Template, was: Template) -> bool:
    """Whether it takes the same values and says another thing: not so on the same condition."""
    says_the_same = one.parts == was.parts or (one.when == was.when and one.when)
    return one.shown == was.shown and not says_the_same


_PATH = re.compile(r"(?P<reading>[qlm]\d+)(?P<steps>(?:\.\w+|\[\d+\])+)")


def _in_evidence(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
    """A value that a claim states, as if something else had been read."""
    paths = [found for one in given.segments.claims if (found := _PATH.fullmatch(one.expr))]
    if not paths:
        return None
    path = random.choice(paths)
    evidence = copy.deepcopy(given.evidence)
    part: Any = next(one for one in evidence if one["id"] == path["reading"])["result"]
    *steps, last = re.findall(r"\w+", path["steps"])
    for step in steps:
        part = part[int(step) if step.isdigit() else step]
    last = int(last) if last.isdigit() else last
    part[last] = _another_value(part[last], given, random)
    return replace(given, evidence=evidence)


def _another_value(value: Any, given: Given, random: Random) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return value[1:]
    return _other(str(value), sorted(given.names), random)


def _in_table(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
    """A cell that is shown, as if something else had been read."""
    tables = [
        (one, found)
        for one in given.segments.segments
        if isinstance(one, Table) and (found := re.fullmatch(r"([qlm]\d+)\.(\w+)", one.expr))
    ]
    if not tables:
        return None
    table, found = random.choice(tables)
    evidence = copy.deepcopy(given.evidence)
    row = random.choice(next(one for one in evidence if one["id"] == found[1])["result"][found[2]])
    column = random.choice(table.columns)
    row[column] = _another_value(row[column], given, random)
    return replace(given, evidence=evidence)


def _without_row(given: Given, random: Random, _others: Sequence[Given]) -> Given | None:
    """The text without one row of a table."""
    rows = re.findall(r"^\|.*\|\n", given.text, re.MULTILINE)[2:]
    return replace(given, text=given.text.replace(random.choice(rows), "", 1)) if rows else None


def _swapped(given: Given, random: Random, others: Sequence[Given]) -> Given | None:
    """What was read for another question, in its place."""
    asked = {_question(one) for one in given.evidence if one["id"][0] != "u"}
    fitting = [
        one for one in others if asked.isdisjoint(_question(reading) for reading in one.evidence)
    ]
    return replace(given, evidence=random.choice(fitting).evidence) if fitting else None


def _question(reading: dict[str, Any]) -> str:
    return json.dumps([reading["tool"], reading["arguments"]], sort_keys=True)


CHANGES: dict[str, Change] = {
    "number": _in_text(r"(?<![\w:])\d+(?![\w:])", _number),
    "time": _in_text(r"\b\d\d:\d\d\b", _clock),
    "name": _in_text(r"\b[A-Z0-9_]{3,}\b", _name),
    "status": _in_text(r"\b[A-Z]{4,}\b", _status),
    "unit": _in_text(r"(?<=\d )(?:min|h|d|s)\b", _unit),
    "fixed word": _fixed_word,
    "row left out": _without_row,
    "value": _in_claim("value", text=False),
    "words": _in_claim("words", text=False),
    "words and text": _in_claim("words", text=True),
    "value and words": _in_claim("value", "words", text=False),
    "value, words and text": _in_claim("value", "words", text=True),
    "literal": _literal,
    "another phrase": _another_phrase,
    "evidence": _in_evidence,
    "cell": _in_table,
    "evidence swapped": _swapped,
}


# --- changing nothing -----------------------------------------------------------------------------


def sayings(given: Given, random: Random) -> Iterator[tuple[str, Given]]:
    """The same answer, written otherwise."""
    space = random.choice(["  ", " \n", "\u00a0"])
    yield "space", replace(given, text=given.text.replace(" ", space))
    for form in ("NFC", "NFD"):
        yield form, replace(given, text=unicodedata.normalize(form, given.text))


@contextmanager
def reworded() -> Iterator[None]:
    """A later version of the product, which says each phrase in other words."""

    def otherwise(one: Template) -> Template:
        return replace(one, parts=(*one.parts, " At least."), version=one.version + "+")

    later: Any = {
        key: {language: otherwise(one) for language, one in phrase.items()}
        for key, phrase in PHRASES.items()
    }
    with patch.dict(PHRASES, later):
        yield
