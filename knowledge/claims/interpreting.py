"""How an expression is evaluated: in bounded steps, and strictly.

A field that an object lacks is an error, not null: a row has all its keys, so the name is wrong.
A list that is cut (fewer rows than `matched`) can be looked into and listed, but no function takes
it: what was counted, added up or found to be the largest would be true of a part only. Nor is there
a last one in it, or one that it lacks.

Conditions are true, false or unknown (null), as what they compare: what is not known to be so is
not known to be otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from jmespath.visitor import Options, TreeInterpreter

from knowledge.claims.evidence import NoClaim
from knowledge.claims.functions import ClaimFunctions
from knowledge.claims.wording import read_time

MOST_ITEMS = 20_000
_CHARACTERS_PER_STEP = 100


class _Projection(list[Any]):
    """A list that is cut. JMESPath knows a list of this name for an array."""


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


class Interpreter(TreeInterpreter):  # type: ignore[misc]  # jmespath has no types
    """Evaluates one expression over results by the ids of their readings.

    Afterwards `read` names the readings that were looked into, in order, `facts` says whether
    anything of them was read beside how the question was understood, and `condition` is the field
    of the last condition that was.
    """

    def __init__(self, results: Mapping[str, dict[str, Any]], most_steps: int) -> None:
        super().__init__(Options(custom_functions=ClaimFunctions()))
        self._results = dict(results)
        self._whose = {id(result): name for name, result in results.items()}
        self._most_steps = most_steps
        self.steps = 0
        self.read: dict[str, None] = {}
        self.facts = False
        self.condition = ""

    def value(self, tree: dict[str, Any]) -> Any:
        return self.visit(tree, self._results)

    def visit(self, node: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        self._spend(1)
        value = super().visit(node, *args, **kwargs)
        if isinstance(value, list) and len(value) > MOST_ITEMS:
            raise NoClaim("the expression makes lists that are too long")
        return value

    def _spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self._most_steps:
            raise NoClaim("the expression takes too long")

    # --- what is looked into ------------------------------------------------------------------

    def visit_field(self, node: dict[str, Any], value: Any) -> Any:
        name = node["value"]
        if value is None:
            return None
        if isinstance(value, list):
            raise NoClaim(f"{name} is asked of a list: name one, [0], or all of them, [*]")
        if not isinstance(value, dict):
            raise NoClaim(f"{name} is asked of a value that has no fields")
        if name not in value:
            known = ", ".join(sorted(map(str, value))[:40])
            raise NoClaim(f"there is no {name[:40]!r} here; there is {known}")
        if id(value) in self._whose:
            return self._of_result(self._whose[id(value)], name, value)
        if name == "value" and isinstance(value.get("field"), str):
            self.condition = value["field"]
        return value[name]

    def _of_result(self, reading: str, name: str, result: dict[str, Any]) -> Any:
        self.read[reading] = None
        self.facts = self.facts or name != "understood"
        value = result[name]
        return _Projection(value) if isinstance(value, list) and is_cut(result, name) else value

    def visit_comparator(self, node: dict[str, Any], value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        if isinstance(left, (list, dict)) or isinstance(right, (list, dict)):
            raise NoClaim("only single values are compared")
        if isinstance(left, str) and isinstance(right, str):
            left, right = _instants(left, right)
        if node["value"] in _ORDERS:
            both = (type(left), type(right))
            comparable = both in {(str, str), (datetime, datetime)} or set(both) <= {int, float}
            return _ORDERS[node["value"]](left, right) if comparable else None
        equal = left == right and isinstance(left, bool) == isinstance(right, bool)
        return equal == (node["value"] == "eq")

    def visit_or_expression(self, node: dict[str, Any], value: Any) -> bool | None:
        return self._joined(node, value, ends=True)

    def visit_and_expression(self, node: dict[str, Any], value: Any) -> bool | None:
        return self._joined(node, value, ends=False)

    def _joined(self, node: dict[str, Any], value: Any, ends: bool) -> bool | None:
        """The first part that is `ends` decides; without one, what is unknown leaves it unknown."""
        said = set()
        for child in node["children"]:
            one = is_met(self.visit(child, value))
            if one is ends:
                return ends
            said.add(one)
        return None if None in said else not ends

    def visit_not_expression(self, node: dict[str, Any], value: Any) -> bool | None:
        one = is_met(self.visit(node["children"][0], value))
        return None if one is None else not one

    def visit_multi_select_list(self, node: dict[str, Any], value: Any) -> Any:
        """Its values are all facts, or all conditions: neither passes for the other."""
        if value is None:
            return None
        before, found, facts = self.facts, [], set()
        for child in node["children"]:
            self.facts = False
            found.append(self.visit(child, value))
            facts.add(self.facts)
        if len(facts) > 1:
            raise NoClaim("what was asked and what was read stand in one list")
        self.facts = before or True in facts
        return found

    # --- lists: what comes of a cut one is cut -------------------------------------------------

    def visit_projection(self, node: dict[str, Any], value: Any) -> Any:
        base, of_each = node["children"]
        return self._each(self.visit(base, value), of_each)

    def visit_filter_projection(self, node: dict[str, Any], value: Any) -> Any:
        base, of_each, condition = node["children"]
        return self._each(self.visit(base, value), of_each, condition)

    def _each(self, base: Any, of_each: dict[str, Any], condition: Any = None) -> Any:
        if not isinstance(base, list):
            return None
        kept = [
            self.visit(of_each, one)
            for one in base
            if condition is None or is_met(self.visit(condition, one))
        ]
        return type(base)(one for one in kept if one is not None)

    def visit_flatten(self, node: dict[str, Any], value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        parts = [one if isinstance(one, list) else [one] for one in base]
        self._spend(sum(len(part) for part in parts))
        cut = isinstance(base, _Projection) or any(isinstance(one, _Projection) for one in parts)
        return (_Projection if cut else list)(one for part in parts for one in part)

    def visit_index(self, node: dict[str, Any], value: Any) -> Any:
        if isinstance(value, _Projection) and not 0 <= node["value"] < len(value):
            raise NoClaim("this list is cut: of what it lacks, and of its end, nothing is known")
        return super().visit_index(node, value)

    def visit_slice(self, node: dict[str, Any], value: Any) -> Any:
        if not isinstance(value, list):
            return None
        if node["children"][2] == 0:
            raise NoClaim("a slice steps by at least one")
        return type(value)(value[slice(*node["children"])])

    def visit_function_expression(self, node: dict[str, Any], value: Any) -> Any:
        arguments = [self.visit(child, value) for child in node["children"]]
        for one in arguments:
            if isinstance(one, _Projection):
                raise NoClaim(
                    f"{node['value']} takes no list that is cut: of these rows there are more, "
                    "ask the plan for the figure"
                )
            self._spend(_size(one))
        return self._functions.call_function(node["value"], arguments)


def is_met(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise NoClaim("a condition is true or false, as in x == `1` or length(x) > `0`")


def _instants(left: str, right: str) -> tuple[Any, Any]:
    """Two texts as they are compared: times by when they are, on whatever clock."""
    moments = read_time(left), read_time(right)
    if all(moments):
        return moments
    if any(moments):
        raise NoClaim("a time is compared with a time and its offset, 2026-11-25T02:00:00-03:00")
    return left, right


def _size(value: Any) -> int:
    if isinstance(value, list):
        return len(value) + sum(_size(one) for one in value if isinstance(one, str))
    return len(value) // _CHARACTERS_PER_STEP if isinstance(value, str) else 0


def is_part(value: Any) -> bool:
    """Whether a list is what came of a cut one."""
    return isinstance(value, _Projection)


def is_cut(result: Mapping[str, Any], name: str) -> bool:
    """Whether a result holds only a part of this list."""
    if name in (result.get("not_shown") or ()):
        return True
    if name == "groups":
        return bool(result.get("more_groups"))
    matched, shown = result.get("matched"), result.get("shown")
    if name not in {"rows", "lines"} or not isinstance(shown, int):
        return False
    return matched is None or (isinstance(matched, int) and shown < matched)
