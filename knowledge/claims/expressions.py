"""What an expression of a claim finds in the evidence. docs/claims.md is its reference.

JMESPath over the results of the readings by their ids, with functions of ours. An expression is a
claim's only if it reaches a leaf of a result; what it finds there is a value or a list of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.claims.answer import Scalar, Value
from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.grammar import Node, compiled, field_of, kind_of, source_of
from knowledge.claims.interpreting import Interpreter, is_part
from knowledge.claims.wording import is_number, read_time

MOST_STEPS = 100_000
MOST_STEPS_IN_ALL = 500_000
"""Two or three seconds; an ordinary answer takes a few thousand steps."""
MOST_VALUES = 500
MOST_ROWS = 500
LONGEST_VALUE = 4_000
LONGEST_LIST = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """What an expression yields: `kind` is how it is said, `field` the field it comes from ("").

    `reading` is the first that was looked into, whose day is today. `is_condition`: it only says
    how the question was understood, so it is no fact.
    """

    value: Value
    kind: str
    field: str
    reading: str
    is_condition: bool

    def as_kind(self, kind: str) -> str:
        """The kind to say it in. NoClaim when that would say something else, as minutes in %."""
        if kind in {"", self.kind} or kind in _ALSO.get(self.kind, ()):
            return kind or self.kind
        raise NoClaim(f"this is a {self.kind}, it can't be said as a {kind}")


_ALSO = {
    "time": ("day", "hour"),
    "number": ("count",),
    "count": ("number",),
    "status": ("meaning",),
    "text": ("name", "word", "status", "meaning"),
    "value": ("number", "count", "minutes", "percent", "hour"),
}
"""In which other kinds a kind may be said. A number without a known field is just a `value`."""


class Evaluator:
    """Evaluates expressions over readings, which may still grow.

    All of them together take a bounded number of steps, for an answer may come from elsewhere.
    """

    def __init__(self, readings: Mapping[str, Reading]) -> None:
        self.readings = readings
        self.used: set[str] = set()
        """The readings that were looked into."""
        self._found: dict[str, Found] = {}
        self._left = MOST_STEPS_IN_ALL

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise NoClaim("the answer takes too long to evaluate")

    def result(self, reading: str) -> dict[str, Any]:
        if reading not in self.readings:
            raise NoClaim(
                f"there is no reading {reading[:20]!r}; there are {', '.join(self.readings)}"
            )
        self.used.add(reading)
        return self.readings[reading].result

    def evaluate(self, expression: str) -> Found:
        """What the expression finds. NoClaim when that is no value of the readings' results."""
        if expression not in self._found:
            self._found[expression] = self._evaluate(expression)
        return self._found[expression]

    def _evaluate(self, expression: str) -> Found:
        tree = compiled(expression)
        interpreter, value = self._interpreted(tree)
        if not interpreter.read:
            raise NoClaim("the expression looks into no reading")
        value = _checked(value)
        source = source_of(tree)
        field = field_of(source, interpreter.condition)
        return Found(
            value=value,
            kind=_fitting(kind_of(source, field), value),
            field=field,
            reading=next(iter(interpreter.read)),
            is_condition=not interpreter.facts,
        )

    def rows(self, expression: str) -> tuple[list[dict[str, Any]], str]:
        """The rows that a table shows, and the reading they are of."""
        interpreter, value = self._interpreted(compiled(expression))
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise NoClaim("a table shows rows, as in q1.rows or q1.groups")
        if len(value) > MOST_ROWS:
            raise NoClaim(f"a table has at most {MOST_ROWS} rows")
        if not value and is_part(value):
            raise NoClaim("none of the rows that are here; there are more, ask the plan")
        if not interpreter.facts:
            raise NoClaim("a table shows rows of a reading")
        return list(value), next(iter(interpreter.read))

    def _interpreted(self, tree: Node) -> tuple[Interpreter, Any]:
        results = {name: reading.result for name, reading in self.readings.items()}
        interpreter = Interpreter(results, most_steps=min(MOST_STEPS, max(0, self._left)))
        try:
            value = interpreter.value(tree)
        except NoClaim:
            raise
        except (ValueError, ArithmeticError, TypeError) as error:
            raise NoClaim(str(error).strip().split("\n")[0][:200]) from error
        finally:
            self.used |= interpreter.read.keys()
            self.spend(interpreter.steps)
        return interpreter, value


def evaluate(expression: str, readings: Mapping[str, Reading]) -> Found:
    """What one expression finds. NoClaim when that is no value of the readings' results."""
    return Evaluator(readings).evaluate(expression)


def _checked(value: Any) -> Value:
    if isinstance(value, list):
        if not value:
            raise NoClaim("the expression finds nothing")
        if len(value) > MOST_VALUES:
            raise NoClaim(f"a claim has at most {MOST_VALUES} values")
        if sum(len(one) for one in value if isinstance(one, str)) > LONGEST_LIST:
            raise NoClaim("the texts are too long for a claim; show them in a table")
        return [_scalar(one) for one in value]
    return _scalar(value)


def _scalar(value: Any) -> Scalar:
    if value is None:
        raise NoClaim("there is no value here: HWA did not give one, or there is no such row")
    if isinstance(value, (list, dict)):
        raise NoClaim("the expression ends at an object or a list of them, not at a value")
    if isinstance(value, str):
        if len(value) > LONGEST_VALUE:
            raise NoClaim("the text is too long for a claim; quote it")
        return value
    if not isinstance(value, bool) and not is_number(value):
        raise NoClaim("the number is too large to be said")
    return value  # type: ignore[no-any-return]


_NUMBERS = {"number", "count", "minutes", "percent", "hour"}


def _fitting(kind: str, value: Value) -> str:
    """The kind of the field if the values are of it, else what they look like."""
    shapes = {_shape(one) for one in (value if isinstance(value, list) else [value])}
    if len(shapes) > 1:
        raise NoClaim("the values of a claim are of one kind")
    shape = shapes.pop()
    expected = "value" if kind in _NUMBERS else kind if kind in {"time", "flag"} else "text"
    return kind if kind and shape in {expected, kind} else shape


def _shape(value: Scalar) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "time" if read_time(value) else "text"
    return "value"
