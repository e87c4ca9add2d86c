"""Which expressions there are: JMESPath, without what could say a value that no reading holds.

A literal is only ever compared with, searched for or counted with (`` [?return_code == `12`] ``,
``plus(q1.matched, `1`)``): wherever else it stood, it could be the result. So are functions left
out that make text. Everything is bounded before it is compiled, for the parser recurses.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jmespath.exceptions import JMESPathError
from jmespath.parser import Parser

from knowledge.claims.evidence import NoClaim
from knowledge.hwa.fields import FIELDS

Node = dict[str, Any]

LONGEST = 500  # characters
MOST_SIGNS = 60
"""Each of these signs nests what stands inside or behind it: their number bounds the depth."""
_SIGNS = re.compile(r"[(\[{!&|<>=]")
_LITERAL = re.compile(r"`(?P<json>(?:[^`\\]|\\.)*)`")

_NODES = {
    "subexpression", "field", "index", "index_expression", "slice", "projection",
    "filter_projection", "flatten", "pipe", "identity", "current", "comparator", "or_expression",
    "and_expression", "not_expression", "literal", "function_expression", "expref",
    "multi_select_list",
}  # fmt: skip
_TAKE_LITERALS = {
    "contains", "starts_with", "ends_with", "plus", "minus", "share", "minutes_between",
    "add_minutes",
}  # fmt: skip
FUNCTIONS = _TAKE_LITERALS | {
    "length", "sum", "avg", "min", "max", "min_by", "max_by", "most", "least", "sort", "sort_by",
    "reverse", "map", "distinct", "abs", "ceil", "floor", "local_hour", "local_day", "group_of",
}  # fmt: skip


def compiled(expression: str) -> Node:
    """The tree of an expression that may be evaluated. NoClaim when it is none."""
    if len(expression) > LONGEST:
        raise NoClaim(f"an expression has at most {LONGEST} characters")
    if len(_SIGNS.findall(expression)) > MOST_SIGNS:
        raise NoClaim("the expression is nested too deeply")
    for literal in _LITERAL.finditer(expression):
        _check_literal(literal["json"])
    try:
        tree: Node = Parser().parse(expression).parsed
    except (JMESPathError, ValueError) as error:
        raise NoClaim(f"this is no JMESPath expression: {_first_line(error)}") from error
    _check(tree, literal_allowed=False)
    return tree


def _check_literal(text: str) -> None:
    try:
        json.loads(text.replace("\\`", "`"), parse_constant=_no_json)
    except ValueError as error:
        raise NoClaim(
            "between backticks stands JSON; a text is written in single quotes"
        ) from error


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]


def _check(node: Node, *, literal_allowed: bool) -> None:
    kind = node["type"]
    if kind not in _NODES:
        raise NoClaim(f"an expression has no {kind.replace('_', ' ')}")
    if kind == "literal" and not literal_allowed:
        raise NoClaim("a literal is no value of the evidence; it can only be compared with")
    if kind == "function_expression" and node["value"] not in FUNCTIONS:
        raise NoClaim(
            f"there is no function {node['value']}; there are {', '.join(sorted(FUNCTIONS))}"
        )
    takes = kind == "comparator" or (
        kind == "function_expression" and node["value"] in _TAKE_LITERALS
    )
    for child in children(node):
        _check(child, literal_allowed=takes)
    if kind == "multi_select_list" or (takes and node["value"] in {"plus", "minus"}):
        _check_kinds(children(node))


def _check_kinds(nodes: list[Node]) -> None:
    """Values that stand in one list or are added up are of one kind: no minutes among counts."""
    sources = [source for one in nodes if (source := source_of(one))]
    kinds = {_PLAIN.get(kind, kind) for one in sources if (kind := kind_of(one, field_of(one, "")))}
    if len(kinds) > 1:
        raise NoClaim(
            f"the values of a claim are of one kind, these are {', '.join(sorted(kinds))}"
        )


def children(node: Node) -> list[Node]:
    """The nodes below; a slice's are numbers."""
    return [child for child in node["children"] if isinstance(child, dict)]


# --- of what kind the result is ---------------------------------------------------------------

_MAKES = {
    "length": "count",
    "share": "percent",
    "minutes_between": "minutes",
    "add_minutes": "time",
    "local_hour": "hour",
    "local_day": "day",
    "contains": "flag",
    "starts_with": "flag",
    "ends_with": "flag",
}
"""Functions whose result is of a kind of its own; any other yields what it is given."""
_PLAIN = {"number": "count"}
_IS_TRUE = frozenset({"comparator", "not_expression", "or_expression", "and_expression"})
_ENDS_IN_LAST = frozenset({"subexpression", "pipe", "index_expression", "projection", "expref"})
_ENDS_IN_FIRST = frozenset({"function_expression", "flatten", "multi_select_list"})


def source_of(node: Node) -> Node | None:
    """The part of the expression that its values come from: a field, a function, a comparison."""
    kind = node["type"]
    makes = kind == "function_expression" and node["value"] in _MAKES
    if kind == "field" or kind in _IS_TRUE or makes:
        return node
    nodes = children(node)
    if kind == "filter_projection":
        nodes = nodes[:2]
    if kind in _ENDS_IN_FIRST:
        nodes = nodes[:1]
    elif kind not in _ENDS_IN_LAST and kind != "filter_projection":
        return None
    return next((found for one in reversed(nodes) if (found := source_of(one))), None)


def field_of(source: Node | None, condition: str) -> str:
    """The field that the values are of; of a condition's value, the field it is a condition on."""
    if source is None or source["type"] != "field":
        return ""
    name = condition if source["value"] == "value" and condition else str(source["value"])
    return name.partition(".")[0]  # of end.hour, end


def kind_of(source: Node | None, field: str) -> str:
    """How values of this source are worded; "" when that can only be seen by the value.

    >>> kind_of(source_of(compiled("length(q1.rows)")), "")
    'count'
    """
    if source is not None and source["type"] != "field":
        return _MAKES.get(source.get("value", ""), "flag")
    return FIELDS[field].kind if field in FIELDS else ""
