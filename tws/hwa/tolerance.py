"""What an engine sent, understood as far as it can be.

Engines differ from their own document: a field of another type, a null where none may be, an
object that is none. One odd field costs that field, one odd object that object, and how many were
left out is told, so that whoever shows a list can say that it is not whole.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from tws.hwa.charsets import decoded
from tws.hwa.schemas import UNREADABLE_TIME

T = TypeVar("T")

MOST_ROUNDS = 8
MOST_EXAMPLES = 5
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Odd:
    """What was not understood and left out: how much, and where (`results.*.priority`).

    `times` of the fields are times: who asks what happened since then does not find the object.
    """

    fields: int = 0
    objects: int = 0
    times: int = 0
    examples: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.objects)

    def __add__(self, other: Odd) -> Odd:
        examples = tuple(dict.fromkeys(self.examples + other.examples))[:MOST_EXAMPLES]
        return Odd(
            self.fields + other.fields,
            self.objects + other.objects,
            self.times + other.times,
            examples,
        )


NOTHING_ODD = Odd()


def understand(schema: type[T], value: Any) -> tuple[T, Odd]:
    """The value by its schema; ValidationError when nothing of it can be understood.

    What is not what the API describes is left out, the smallest part that will do.
    """
    adapter = _adapter(schema)
    try:
        return cast(T, adapter.validate_python(value)), NOTHING_ODD
    except ValidationError as error:
        problem = error
    value, odd = deepcopy(value), NOTHING_ODD
    for _ in range(MOST_ROUNDS):
        places = _places(value, problem)
        if not places or () in places:
            raise problem
        times = sum(one["type"] == UNREADABLE_TIME for one in problem.errors(include_url=False))
        odd += _leave_out(value, places) + Odd(times=times)
        try:
            return cast(T, adapter.validate_python(value)), odd
        except ValidationError as error:
            problem = error
    raise problem


def understand_body(schema: type[T], body: bytes, charset: str | None) -> tuple[T, Odd]:
    """The same of a JSON body, in whatever charset it came; ValueError when it is not JSON."""
    try:
        return cast(T, _adapter(schema).validate_json(body)), NOTHING_ODD
    except ValidationError:
        pass  # the slow way tells what is odd
    try:
        value = json.loads(decoded(body, charset))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if isinstance(value, list) and _is_list_reply(schema):
        value = {"results": value}  # a bare list instead of a page
    return understand(schema, value)


@lru_cache(maxsize=64)
def _adapter_of(schema: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, schema))


def _adapter(schema: Any) -> TypeAdapter[Any]:
    return _adapter_of(schema)


def _is_list_reply(schema: Any) -> bool:
    return "results" in getattr(schema, "model_fields", {})


def _places(value: Any, error: ValidationError) -> set[Place]:
    """Where the odd parts stand. Of a missing field that is the object it is missing from."""
    found = set()
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        place: list[str | int] = []
        here = value
        for step in problem["loc"]:
            in_list = isinstance(here, list) and isinstance(step, int) and step < len(here)
            if in_list or (isinstance(here, dict) and step in here):
                place.append(step)
                here = here[step]
        found.add(tuple(place))
    return found


def _leave_out(value: Any, places: set[Place]) -> Odd:
    outermost = [
        place for place in places if not any(place[:n] in places for n in range(len(place)))
    ]
    # The last of a list first, so that the numbers of the others still hold.
    outermost.sort(key=lambda place: tuple(-s if isinstance(s, int) else s for s in place))
    objects = 0
    for place in outermost:
        here = value
        for step in place[:-1]:
            here = here[step]
        del here[place[-1]]
        objects += isinstance(place[-1], int) and len(place) <= 2
    kinds = {".".join("*" if isinstance(s, int) else s for s in place) for place in outermost}
    examples = tuple(sorted(kinds)[:MOST_EXAMPLES])
    return Odd(len(outermost) - objects, objects, examples=examples)
