"""Tools as the endpoints take them that understand only the plainest JSON schemas.

Some refuse a tool for one keyword of its schema (`default`, `format`, `anyOf`, `$ref`, …). What
says which arguments there are stays; what only bounds them goes: the tool checks them itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT = ("type", "description", "enum")
_DEEPEST = 10


def plain_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """The tool with its arguments in types, descriptions and choices alone."""
    function = tool["function"]
    parameters = function.get("parameters") or {}
    definitions = parameters.get("$defs") or {}
    return {**tool, "function": {**function, "parameters": _plain(parameters, definitions)}}


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int = 0) -> Any:
    if depth > _DEEPEST:
        return {}
    schema = _resolved(schema, definitions)
    plain = {name: schema[name] for name in _KEPT if name in schema}
    if isinstance(kinds := plain.get("type"), list):  # ["string", "null"]
        plain["type"] = next((kind for kind in kinds if kind != "null"), "string")
    if "const" in schema:
        plain["enum"] = [schema["const"]]
    if isinstance(properties := schema.get("properties"), Mapping):
        plain["properties"] = {
            name: _plain(one, definitions, depth + 1) for name, one in properties.items()
        }
        if required := schema.get("required"):
            plain["required"] = required
    if isinstance(items := schema.get("items"), Mapping):
        plain["items"] = _plain(items, definitions, depth + 1)
    return plain


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference means, or the first of several choices that is not null."""
    for _ in range(_DEEPEST):
        if (reference := schema.get("$ref")) is not None:
            meant = definitions.get(str(reference).rpartition("/")[2], {})
        elif choices := next((schema[k] for k in ("anyOf", "oneOf", "allOf") if k in schema), None):
            meant = next((one for one in choices if one.get("type") != "null"), {})
        else:
            break
        own = {name: value for name, value in schema.items() if name in _KEPT}
        schema = {**meant, **own}
    return schema
