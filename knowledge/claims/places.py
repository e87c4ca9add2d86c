"""Where in the evidence a claim's value stands: the very fields that its expression reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jmespath.exceptions import JMESPathError
from jmespath.visitor import _Expression

from knowledge.claims.evidence import NoClaim, Reading
from knowledge.claims.expressions import MOST_STEPS, MOST_STEPS_IN_ALL
from knowledge.claims.grammar import compiled
from knowledge.claims.interpreting import Interpreter, is_met

MOST_PLACES = 60
"""More fields than that are a list, and no one looks at each."""


class Places:
    """The places of a memory's evidence, named as `q1.rows.3.end`."""

    def __init__(self, readings: Mapping[str, Reading]) -> None:
        self._results = {name: reading.result for name, reading in readings.items()}
        self._names: dict[int, str] = {}
        self._left = MOST_STEPS_IN_ALL
        for name, result in self._results.items():
            self._name(result, name)

    def _name(self, value: Any, name: str) -> None:
        if isinstance(value, (dict, list)):
            self._names[id(value)] = name
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for key, one in pairs:
                self._name(one, f"{name}.{key}")

    def of(self, expression: str) -> list[str]:
        """The fields that an expression takes its value from; none when it finds nothing."""
        tracing = _Tracing(self._results, most_steps=min(MOST_STEPS, max(0, self._left)))
        try:
            tracing.value(compiled(expression))
        except (NoClaim, JMESPathError, ArithmeticError, TypeError):
            return []
        finally:
            self._left -= tracing.steps
        named = dict.fromkeys(
            f"{self._names[whole]}.{key}" for whole, key in tracing.reached if whole in self._names
        )
        # A list that was gone through stands for itself only where nothing in it was taken.
        inner = [name for name in named if not any(o.startswith(f"{name}.") for o in named)]
        return inner[:MOST_PLACES]


class _Tracing(Interpreter):
    """Notes what is taken, not what is only looked at to choose by."""

    def __init__(self, results: Mapping[str, dict[str, Any]], most_steps: int) -> None:
        super().__init__(results, most_steps)
        self.reached: list[tuple[int, str]] = []
        self._choosing = 0

    def visit_field(self, node: dict[str, Any], value: Any) -> Any:
        found = super().visit_field(node, value)
        if isinstance(value, dict) and not isinstance(found, dict) and not self._choosing:
            self.reached.append((id(value), node["value"]))
        return found

    def _each(self, base: Any, of_each: dict[str, Any], condition: Any = None) -> Any:
        if condition is not None and isinstance(base, list):
            with self._aside():
                base = type(base)(o for o in base if is_met(self.visit(condition, o)))
        return super()._each(base, of_each)

    def visit_expref(self, node: dict[str, Any], value: Any) -> Any:
        return _Expression(node["children"][0], _Choosing(self))

    @contextmanager
    def _aside(self) -> Iterator[None]:
        self._choosing += 1
        try:
            yield
        finally:
            self._choosing -= 1


class _Choosing:
    """The interpreter as functions see it that order by a field or look for the largest."""

    def __init__(self, tracing: _Tracing) -> None:
        self._tracing = tracing

    def visit(self, node: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        with self._tracing._aside():
            return self._tracing.visit(node, *args, **kwargs)
