"""An answer as data: segments in the order of the text. JSON both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from knowledge.hwa.statuses import Language

Scalar = str | int | float | bool
Value = Scalar | list[Scalar]
BreakKind = Literal["paragraph", "line", "item"]
MOST_SEGMENTS = 2_000
CONDITION = "when"
"""The slot of a phrase that holds its condition."""


class AnswerMalformed(ValueError):
    """This is no answer of ours; the message says where."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that the evidence holds: where (`expr`), what it is, and how it was said.

    `kind` is how it is worded (a count, a time, a name …); "typed" is a value that a model wrote
    by itself and that occurs in what `expr` reaches.
    """

    id: str
    expr: str
    kind: str
    value: Value
    words: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Fixed words of ours with claims in them. `version` tells one wording of it from another.

    A slot that the words do not show, CONDITION, is what they state beside: a flag that is true.
    """

    key: str
    slots: dict[str, Claim]
    version: str


@dataclass(frozen=True, slots=True)
class Words:
    """A model's own words."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A claim between a model's words."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Unverified:
    """A value that a model wrote and that nothing bears out ("" when its slot was to be filled)."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a result; `digest` is that of the cells."""

    expr: str
    columns: list[str]
    digest: str


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines of a log to the letter, by their numbers."""

    reading: str
    lines: list[int]
    digest: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A memory to the letter."""

    reading: str
    digest: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where a paragraph, a line or an item of a list begins."""

    kind: BreakKind


Segment = Phrase | Words | Said | Unverified | Table | LogLines | Quote | Break
_SEGMENTS: dict[str, type[Segment]] = {
    "phrase": Phrase,
    "words": Words,
    "said": Said,
    "unverified": Unverified,
    "table": Table,
    "log": LogLines,
    "quote": Quote,
    "break": Break,
}
_NAMES = {segment: name for name, segment in _SEGMENTS.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """`zone` is the clock its times are told by, `wording` the version of how values are said.

    `asked` are the readings it rests on, each with a digest of its question.
    """

    language: Language
    zone: str
    wording: int
    segments: tuple[Segment, ...]
    asked: dict[str, str]

    @property
    def claims(self) -> Iterator[Claim]:
        for segment in self.segments:
            if isinstance(segment, Phrase):
                yield from segment.slots.values()
            elif isinstance(segment, Said):
                yield segment.claim

    @property
    def said(self) -> Iterator[Claim]:
        """The claims whose words the text holds."""
        for segment in self.segments:
            if isinstance(segment, Phrase):
                yield from (one for name, one in segment.slots.items() if name != CONDITION)
            elif isinstance(segment, Said):
                yield segment.claim

    @property
    def own_words(self) -> bool:
        """Whether all the words are ours: none were a model's."""
        return not any(isinstance(one, (Words, Said, Unverified)) for one in self.segments)

    def as_json(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "zone": self.zone,
            "wording": self.wording,
            "asked": self.asked,
            "segments": [{"type": _NAMES[type(one)], **asdict(one)} for one in self.segments],
        }


def read_answer(data: Any) -> Answer:
    """The answer that `as_json` wrote. AnswerMalformed when it is none."""
    fields = _fields(data, Answer)
    segments = _checked("segments", fields["segments"], list)
    if len(segments) > MOST_SEGMENTS:
        raise AnswerMalformed(f"more than {MOST_SEGMENTS} segments")
    return Answer(
        language=_one_of("language", fields["language"], get_args(Language)),
        zone=_zone(fields["zone"]),
        wording=_checked("wording", fields["wording"], int),
        segments=tuple(_segment(one) for one in segments),
        asked={
            key: _text(key, one) for key, one in _checked("asked", fields["asked"], dict).items()
        },
    )


def _segment(data: Any) -> Segment:
    if not isinstance(data, dict) or str(data.get("type")) not in _SEGMENTS:
        raise AnswerMalformed(f"a segment's type is one of {', '.join(_SEGMENTS)}")
    kind = _SEGMENTS[str(data["type"])]
    return kind(**{name: _PARTS[name](name, value) for name, value in _fields(data, kind).items()})


def _fields(data: Any, kind: type[Any]) -> dict[str, Any]:
    """The values of a dataclass's fields, all of which must be there."""
    if not isinstance(data, dict):
        raise AnswerMalformed(f"{kind.__name__} is an object")
    missing = [name for name in kind.__slots__ if name not in data]
    if missing:
        raise AnswerMalformed(f"{kind.__name__} lacks {', '.join(missing)}")
    return {name: data[name] for name in kind.__slots__}


def _checked(name: str, value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise AnswerMalformed(f"{name} is a {kind.__name__}")
    return value


def _text(name: str, value: Any) -> str:
    return str(_checked(name, value, str))


def _list_of(kind: type[Any]) -> Any:
    return lambda name, value: [_checked(name, one, kind) for one in _checked(name, value, list)]


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> Any:
    if value not in known:
        raise AnswerMalformed(f"{name} is one of {', '.join(known)}")
    return value


def _zone(name: Any) -> str:
    try:
        return ZoneInfo(_text("zone", name)).key
    except (ValueError, KeyError, OSError) as error:
        raise AnswerMalformed("zone is the name of a time zone") from error


def _claim(name: str, data: Any) -> Claim:
    fields = _fields(data, Claim)
    value = fields.pop("value")
    scalars = value if isinstance(value, list) else [value]
    if not all(isinstance(one, Scalar) for one in scalars):
        raise AnswerMalformed(f"the value of {name} is a scalar or a list of scalars")
    return Claim(**{name: _text(name, one) for name, one in fields.items()}, value=value)


def _slots(name: str, data: Any) -> dict[str, Claim]:
    return {key: _claim(key, one) for key, one in _checked(name, data, dict).items()}


_PARTS: dict[str, Any] = {
    **dict.fromkeys(("key", "version", "text", "expr", "digest", "reading"), _text),
    "slots": _slots,
    "claim": _claim,
    "columns": _list_of(str),
    "lines": _list_of(int),
    "kind": lambda name, value: _one_of(name, value, get_args(BreakKind)),
}
