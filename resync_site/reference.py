"""/api/docs: the OpenAPI document as a page of this site, for who writes a client.

The frame is in the reader's language; what the document itself says is English, as the API is.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from knowledge.markdown import to_html

Schema = dict[str, Any]
"""A JSON Schema, as the document has it."""

GROUPS: dict[str, Any] = {
    "audit": gettext_lazy("Audit queue"),
    "memories": gettext_lazy("Memories"),
    "answers": gettext_lazy("Answers"),
    "agents and plan": gettext_lazy("Agents and plan"),
    "conversations": gettext_lazy("Conversations"),
}
ERRORS: dict[str, Any] = {
    "400": gettext_lazy("The server does not take it for HTTP: an address over 64 kB, say."),
    "401": gettext_lazy("Nobody has signed in, or the token is not valid."),
    "403": gettext_lazy("The caller's role does not allow it."),
    "404": gettext_lazy("It does not exist, or is not the caller's."),
    "409": gettext_lazy("Somebody was faster, or the state it is in does not allow it."),
    "413": gettext_lazy("The body is too large."),
    "422": gettext_lazy("Something in the request is not as described here; detail says what."),
    "429": gettext_lazy("Too many requests; Retry-After says when to go on."),
    "502": gettext_lazy("HWA has refused, or has answered what it should not."),
    "503": gettext_lazy("The database, HWA or a current plan is away; try again later."),
}
_EXAMPLES = {
    "uuid": "0b2f6c1e-6f0f-4f5c-9a52-5d1f3c0c7a11",
    "date-time": "2026-11-25T14:48:33Z",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "null": None,
    "string": "…",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a property of a body or a reply."""

    name: str
    type: SafeString
    is_required: bool
    default: str
    limits: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """A schema that has a name, or the body or reply of one operation."""

    name: str
    about: SafeString
    fields: list[Field]
    type: SafeString | str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    group: str
    method: str
    path: str
    about: SafeString
    parameters: list[Field]
    body: Data | None
    reply: Data
    errors: list[str]
    curl: str


class Reference(DocsBase):
    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        document = Document(api.get_openapi_schema(path_params=kwargs))
        server = request.build_absolute_uri("/").rstrip("/")
        operations = sorted(document.operations(server), key=lambda one: [*GROUPS].index(one.group))
        groups = [(GROUPS[key], list(of)) for key, of in groupby(operations, lambda one: one.group)]
        context = {
            "groups": groups,
            "types": list(document.types()),
            "errors": ERRORS,
            "openapi": self.get_openapi_url(api, kwargs),
            "curl": _curl(f"{server}/api/agents", "get", None),
        }
        return render(request, "resync_site/reference.html", context)


class Document:
    """The OpenAPI document, read for the page."""

    def __init__(self, document: Schema) -> None:
        sent = json.loads(json.dumps(document))  # as a program is given it: every key a string
        self._paths: Schema = sent["paths"]
        self._schemas: Schema = sent["components"]["schemas"]

    def operations(self, server: str) -> Iterator[Operation]:
        for path, methods in self._paths.items():
            for method, told in methods.items():
                yield self._operation(server, path, method, told)

    def types(self) -> Iterator[Data]:
        """The schemas that others name: the rest stands where it is used."""
        text = json.dumps([self._schemas, self._paths])
        whole = [schema.get("$ref", "") for schema in self._replies_and_bodies()]
        for name, schema in self._schemas.items():
            named = f"#/components/schemas/{name}"
            if text.count(f'"{named}"') > whole.count(named):
                yield self._data(schema, name)

    def _replies_and_bodies(self) -> Iterator[Schema]:
        for methods in self._paths.values():
            for told in methods.values():
                for holder in (told["responses"]["200"], told.get("requestBody", {})):
                    yield from (kind["schema"] for kind in holder.get("content", {}).values())

    def _operation(self, server: str, path: str, method: str, told: Schema) -> Operation:
        taken = told.get("requestBody", {}).get("content", {}).get("application/json")
        body = self._data(taken["schema"], example=self._body(taken)) if taken else None
        return Operation(
            id=told["operationId"],
            group=told["tags"][0],
            method=method.upper(),
            path=path,
            about=_html(told.get("description", "")),
            parameters=[
                self._field(one["name"], one["schema"], one["required"], one["in"])
                for one in told["parameters"]
            ],
            body=body,
            reply=self._reply(told["responses"]["200"]["content"]),
            errors=sorted(set(told["responses"]) - {"200"}, key=int),
            curl=_curl(server + _address(path, told), method, body),
        )

    def _reply(self, kinds: Schema) -> Data:
        """The JSON of it; what else it may be is named beside."""
        schema = kinds["application/json"]["schema"]
        types = format_html_join(
            " | ", "{} ({})", ((_type(of["schema"]), kind) for kind, of in kinds.items())
        )
        return replace(self._data(schema, example=self._example(schema)), type=types)

    def _data(self, schema: Schema, name: str = "", example: object = None) -> Data:
        whole = self._whole(schema)
        required = whole.get("required", [])
        return Data(
            name=name,
            about=_html(whole.get("description", "")),
            fields=[
                self._field(key, of, key in required)
                for key, of in whole.get("properties", {}).items()
            ],
            type=_type(whole),
            example=json.dumps(example, indent=2, ensure_ascii=False) if example else "",
        )

    def _field(self, name: str, schema: Schema, is_required: bool, place: str = "") -> Field:
        default = schema.get("default")
        return Field(
            name,
            _type(schema),
            is_required,
            "" if default in (None, "") else json.dumps(default),
            _limits(schema),
            place,
        )

    def _whole(self, schema: Schema) -> Schema:
        named = schema.get("$ref", "").rpartition("/")[2]
        return self._schemas[named] if named else schema

    def _body(self, taken: Schema) -> object:
        """A body as short as it may be: what is required, or all where nothing is."""
        schema = self._whole(taken["schema"])
        wanted = schema.get("required") or schema["properties"]
        return taken.get("example") or {
            name: self._example(schema["properties"][name]) for name in wanted
        }

    def _example(self, schema: Schema) -> object:
        schema = self._whole(schema)
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "array":
            items = schema["items"]
            return [self._example(items)] if items else []
        if schema.get("type") == "object":
            return {name: self._example(of) for name, of in schema.get("properties", {}).items()}
        return _EXAMPLES[schema.get("format") or schema["type"]]


def _html(docstring: str) -> SafeString:
    """Its paragraphs; where a line of the code ends means nothing."""
    paragraphs = docstring.split("\n\n")
    return SafeString(to_html("\n\n".join(" ".join(one.split()) for one in paragraphs)))


def _type(schema: Schema) -> SafeString:
    """In JSON Schema's own words, with a link to each schema that has a name."""
    match schema:
        case {"$ref": str(named)}:
            return format_html('<a href="#type-{0}">{0}</a>', named.rpartition("/")[2])
        case {"anyOf": list(choices)}:
            return format_html_join(" | ", "{}", ((_type(one),) for one in choices))
        case {"enum": list(values)}:
            return format_html_join(" | ", "{}", ((json.dumps(one),) for one in values))
        case {"const": value}:
            return format_html("{}", json.dumps(value))
        case {"type": "array", "items": dict(items)}:
            return format_html("({})[]" if "anyOf" in items else "{}[]", _type(items))
        case {"additionalProperties": dict(values)}:
            return format_html("{{string: {}}}", _type(values))
    return format_html("{}", schema.get("format") or schema.get("type", "any"))


def _limits(schema: Schema) -> str:
    for low, high, said in (
        ("minimum", "maximum", "%(range)s"),
        ("minLength", "maxLength", _("%(range)s characters")),
        ("minItems", "maxItems", _("%(range)s items")),
    ):
        if high in schema:
            least = f"{schema[low]}–" if low in schema else "≤ "
            return said % {"range": f"{least}{schema[high]}"}
    return ""


def _address(path: str, told: Schema) -> str:
    """With the parameters that are required; what is to be filled in stands in capitals."""
    wanted = [one for one in told["parameters"] if one["required"]]
    for one in wanted:
        path = path.replace(f"{{{one['name']}}}", one["name"].upper())
    query = [
        f"{one['name']}={one['schema'].get('enum', [one['name'].upper()])[0]}"
        for one in wanted
        if one["in"] == "query"
    ]
    return f"{path}?{'&'.join(query)}" if query else path


def _curl(address: str, method: str, body: Data | None) -> str:
    does = "" if method == "get" else f"-X {method.upper()} "
    lines = [f"curl {does}{shlex.quote(address)}", '-H "Authorization: Bearer $TOKEN"']
    if body:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body.example)}"]
    return " \\\n  ".join(lines)
