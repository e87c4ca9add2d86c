"""The plan's objects that a question names: as HWA writes them, with spaces, in small letters,
misspelt. What is a name is known to the plan, not to a word's shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection

from knowledge.hwa.lexicon import VOCABULARY, Word
from knowledge.hwa.names import find_names, is_pattern
from knowledge.hwa.statuses import GROUP_OF_CODE
from tws.answers.understanding.asked import ObjectKind, Thing
from tws.answers.understanding.plan_words import PlanWords, words_of
from tws.plan.models import PlanJob
from tws.plan.resolving import MODELS, Match, resolve

MOST_TOKENS = 120
LONGEST_NAME = 6
MOST_GUESSED = 3
ALIKE, APART = 86.0, 2.5
"""A misspelt name is taken for the only one so much alike, if the next is so much less."""
# One statement: every question asks it, and five are five times as dear.
_BEARERS = " UNION ".join(
    f"SELECT '{kind}', name FROM {model._meta.db_table} "  # noqa: S608 (both are ours)
    "WHERE engine = %(engine)s AND name = ANY(%(names)s)"
    for kind, model in MODELS.items()
)
_WORD = re.compile(r"[A-Za-z0-9_@*?%/#.-]+")
_SHAPED = re.compile(r"(?=.*[A-Za-z])(?:.*_.*|[A-Za-z]+\d[A-Za-z0-9]*)")
_USER = frozenset({"usuario", "user", "login", "owner", "dono", "como", "as"})
"""After these a login is meant, should an object bear its name too."""
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Named:
    """What the words `first` up to `last` of a question name.

    `kinds`: what bears the name; none, with `near`, when it is no name of the plan. `pattern`:
    names with HWA's wildcards. `folder`: a folder's path. `notation`: it was written in full.
    """

    written: str
    start: int
    end: int
    name: str = ""
    kinds: tuple[ObjectKind, ...] = ()
    pattern: str = ""
    folder: str = ""
    notation: bool = False
    near: tuple[Thing, ...] = ()
    matches: tuple[Match, ...] = field(default=(), compare=False)


class Names:
    """The names of one engine's plan, as far as a question asks for them.

    `read_at` is when the plan was read: what is the same until it is read again is kept so long.
    """

    def __init__(self, engine: str, read_at: datetime | None = None) -> None:
        self.engine = engine
        self._read_at = read_at

    def find(self, words: Sequence[Word], text: str) -> list[Named]:
        """The names in a text, in order, none within another."""
        found = [*self._notations(text), *self._folders(text), *self._patterns(text)]
        found = _apart(found)
        free = [
            word
            for word in _tokens(words)
            if not any(one.start < word.end and word.start < one.end for one in found)
        ]
        found += self._written(free, found)
        taken = [(one.start, one.end) for one in found]
        rest = [word for word in free if not any(s <= word.start < e for s, e in taken)]
        found += self._guessed(rest)
        return sorted(found, key=lambda one: one.start)

    def find_exact(self, name: str) -> list[Named]:
        bearers = self._bearers({name})
        return [Named(name, 0, len(name), one, tuple(kinds)) for one, kinds in bearers.items()]

    # As they are written

    def _notations(self, text: str) -> Iterator[Named]:
        for one in find_names(text[:4_000]):
            written = text[one.start : one.end]
            if is_pattern(written):
                continue
            matches = tuple(resolve(self.engine, written))
            kinds: tuple[ObjectKind, ...] = tuple(dict.fromkeys(m.kind for m in matches))
            name = matches[0].name if matches else ""
            if matches or "#" in written:
                yield Named(
                    written, one.start, one.end, name, kinds, notation=True, matches=matches
                )

    def _folders(self, text: str) -> Iterator[Named]:
        for match in re.finditer(r"(?<![\w/.])/[A-Za-z0-9_/-]{2,120}", text):
            folder = match[0].rstrip("/")
            known = PlanJob.objects.filter(engine=self.engine, folder__in=[folder, folder.upper()])
            spelt = known.values_list("folder", flat=True).first()
            if spelt:
                yield Named(match[0], match.start(), match.end(), folder=spelt)

    def _patterns(self, text: str) -> Iterator[Named]:
        for match in _WORD.finditer(text):
            written = match[0].rstrip("?.")
            if len(written) > 1 and is_pattern(written) and re.search(r"[A-Za-z0-9]", written):
                if "#" in written or "%" in written or "?" in written:
                    continue
                yield Named(
                    written, match.start(), match.start() + len(written), pattern=written.upper()
                )

    def _written(self, words: Sequence[Word], taken: Iterable[Named]) -> list[Named]:
        """The longest runs of words that are a name of the plan."""
        runs: dict[tuple[int, int], str] = {}
        for first in range(len(words)):
            for last in range(first + 1, min(first + LONGEST_NAME, len(words)) + 1):
                runs[first, last] = "_".join(word.written for word in words[first:last])
        bearers = self._bearers({one for form in runs.values() for one in _spellings(form)})
        found: list[Named] = []
        for (first, last), form in sorted(runs.items(), key=lambda one: one[0][0] - one[0][1]):
            name = next((s for s in _spellings(form) if s in bearers), "")
            start, end = words[first].start, words[last - 1].end
            if not name or not _is_meant(name, words[first:last]):
                continue
            before = words[first - 1].text if first else ""
            if last - first == 1 and before in _USER and words[first].text in self.words.logins:
                continue
            if any(one.start < end and start < one.end for one in found):
                continue
            kinds = tuple(bearers[name])
            found.append(Named(form, start, end, name, kinds))
        return found

    def _bearers(self, names: set[str]) -> dict[str, list[ObjectKind]]:
        if not names:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(_BEARERS, {"engine": self.engine, "names": sorted(names)})
            borne = set(cursor.fetchall())
        found: dict[str, list[ObjectKind]] = {}
        for kind in MODELS:
            for name in sorted(name for of, name in borne if of == kind):
                found.setdefault(name, []).append(kind)
        return found

    # As they were perhaps meant

    def _guessed(self, words: Sequence[Word]) -> Iterator[Named]:
        shaped = [word for word in words if _SHAPED.fullmatch(word.written)]
        for word in [w for w in shaped if w.text not in VOCABULARY][:MOST_GUESSED]:
            guessed = self.guess(word.written, word.start, word.end)
            if guessed.name or "_" in word.written or len(word.written) >= 5:
                yield guessed

    def guess(self, written: str, start: int, end: int) -> Named:
        """The name that a misspelt one must be; else the ones that are near."""
        matches = resolve(self.engine, written)
        same_digits = [m for m in matches if _digits(m.name) == _digits(written)]
        best = (same_digits or matches)[:2]
        sure = best and best[0].score >= ALIKE
        if sure and (len(best) == 1 or best[0].score - best[1].score >= APART or _alone(best)):
            kinds = tuple(m.kind for m in matches if m.name == best[0].name)
            return Named(written, start, end, best[0].name, kinds)
        near = tuple(self._thing(match) for match in (same_digits or matches)[:5])
        return Named(written, start, end, near=near)

    # Which object

    def things(self, named: Named, kind: ObjectKind) -> list[Thing]:
        """The objects of that kind with the name, of each job stream the one to speak of."""
        if named.notation:
            objects = [o for m in named.matches if m.kind == kind for o in m.objects]
            return [self._as_thing(kind, named.name, one) for one in objects]
        rows: Any = MODELS[kind]._default_manager.filter(engine=self.engine, name=named.name)
        if kind in ("job", "stream"):
            rows = rows.order_by("-scheduled_at")
        found, begun = dict[str, Thing](), set[str]()
        for row in rows[:50]:
            stream = getattr(row, "stream_name", "")
            started = getattr(row, "started_at", None) is not None
            thing = Thing(kind, row.name, row.hwa_id, stream, getattr(row, "workstation", ""))
            # Of several instances the last that has begun; else the next to begin.
            if stream not in begun:
                found[stream] = thing
            if started:
                begun.add(stream)
        return list(found.values())

    def _thing(self, match: Match) -> Thing:
        return self._as_thing(match.kind, match.name, match.objects[0])

    def _as_thing(self, kind: ObjectKind, name: str, one: dict[str, object]) -> Thing:
        where = str(one.get("workstation") or "")
        return Thing(kind, name, str(one["id"]), str(one.get("stream") or ""), where)

    @cached_property
    def words(self) -> PlanWords:
        """The plan's words of few values."""
        return words_of(self.engine, self._read_at)


def _tokens(words: Sequence[Word]) -> list[Word]:
    """The words as they were written, each once, those that can be a part of a name."""
    unique = {(word.start, word.end): word for word in words}
    return [word for word in unique.values() if _WORD.fullmatch(word.written)][:MOST_TOKENS]


def _spellings(form: str) -> tuple[str, ...]:
    upper = form.upper()
    return form, upper, upper.replace("-", "_").replace(".", "_")


def _is_meant(name: str, words: Sequence[Word]) -> bool:
    """Whether words that are a name are meant as one: not "backup" or "jobs" in a sentence."""
    if len(words) > 1:
        return not all(word.text in VOCABULARY for word in words)
    written = words[0].written
    if written == name:
        return name not in GROUP_OF_CODE
    return words[0].text not in VOCABULARY


def _apart(found: list[Named]) -> list[Named]:
    kept: list[Named] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _digits(name: str) -> list[str]:
    return _DIGITS.findall(name)


def _alone(best: Sequence[Match]) -> bool:
    """Whether both are one name, of several kinds."""
    return len({match.name for match in best}) == 1
