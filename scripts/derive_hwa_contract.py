#!/usr/bin/env python3
"""Derive tests/hwa_contract.json from HCL's OpenAPI document.

scripts/derive_hwa_contract.py openapi-v2.json            writes tests/hwa_contract.json
scripts/derive_hwa_contract.py openapi-v2.json --check    exits with 1 when it is out of date

The document is HCL's and is not kept here. The contract holds only what we use of it: the paths on
the read-only list, their parameters, and of the replies the fields that the client reads or the
simulator writes; names, types, enumerations and required lists, no prose.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
CONTRACT = CHECKOUT / "tests" / "hwa_contract.json"
sys.path.insert(0, str(CHECKOUT))

from pydantic import BaseModel  # noqa: E402

from resync_site.command_line import run  # noqa: E402
from tws.hwa import schemas  # noqa: E402  (found only with the checkout on the path)
from tws.hwa.paths import API_ROOT, READ_ONLY_PATHS  # noqa: E402
from tws.simulator.catalogue import Catalogue  # noqa: E402
from tws.simulator.definitions import Definitions  # noqa: E402
from tws.simulator.places import Places  # noqa: E402
from tws.simulator.plan import Clock, Plan  # noqa: E402
from tws.simulator.records import Records  # noqa: E402

Schema = dict[str, Any]
PARAMETERS = frozenset(
    {"limit", "offset", "oql", "plan_filter", "grouping_filters", "depth", "from_line", "to_line"}
)
KEPT_WORDS = ("type", "format", "enum", "required", "pattern", "minimum", "maximum")


def derive(document: Schema) -> Schema:
    """The contract: an OpenAPI document of its own, much smaller."""
    fields = client_fields() | simulator_fields()
    paths = {
        API_ROOT + template: {"get": _operation(document["paths"][API_ROOT + template]["get"])}
        for template in READ_ONLY_PATHS
    }
    known = document["components"]["schemas"]
    kept: dict[str, Schema] = {}
    open_names = sorted(_references(paths))
    while open_names:
        name = open_names.pop()
        if name not in kept:
            kept[name] = _trimmed(known[name], fields)
            open_names += _references(kept[name])
    return {
        "openapi": document["openapi"],
        "info": {"version": document["info"]["version"]},
        "paths": paths,
        "components": {"schemas": dict(sorted(kept.items()))},
    }


def client_fields() -> set[str]:
    """The names of all fields that the client's schemas read."""
    models = (one for one in vars(schemas).values() if isinstance(one, type))
    return {
        field.alias or name
        for model in models
        if issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
    }


def simulator_fields() -> set[str]:
    """The names of all fields in what a simulator with a plan of some size writes."""
    moment = [1_800_000_000.0]
    plan = Plan(Catalogue(3_000, 1), Clock(now=lambda: moment[0]))
    records = Records(plan, "localhost")
    definitions, places = Definitions(plan, records.keys), Places(plan, records.keys)
    catalogue = plan.catalogue
    written: list[Any] = [records.job(row, whole=True) for row in range(len(plan))]
    written += [records.stream(half, stream, whole=True) for half, stream in plan.streams()]
    written += map(places.workstation, catalogue.workstations)
    for _ in range(24):  # some resource is held at one of these
        moment[0] += 1_800
        plan.refresh()
        written += map(places.resource, catalogue.resources)
    written += map(definitions.stream, catalogue.streams)
    written += [definitions.job(s, at) for s in catalogue.streams for at in range(len(s.jobs))]
    return set(_keys(written)) | {"count", "results", "next", "previous", "groupedCount"}


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _keys(one)


def _operation(operation: Schema) -> Schema:
    parameters = [
        {
            "name": one["name"],
            "in": one["in"],
            "required": one.get("required", False),
            "schema": _words(one["schema"]),
        }
        for one in operation.get("parameters", [])
        if one["in"] == "path" or one["name"] in PARAMETERS
    ]
    content = {
        kind: {"schema": _trimmed(body["schema"], None)}
        for kind, body in operation["responses"]["200"]["content"].items()
        if kind.startswith(("application/json", "text/plain"))
    }
    return {"parameters": parameters, "responses": {"200": {"content": content}}}


def _trimmed(schema: Schema, fields: set[str] | None) -> Schema:
    """The schema without prose, and without the properties that nobody uses (None: all stay)."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    found = _words(schema)
    if "properties" in schema:
        found["properties"] = {
            name: _trimmed(one, fields)
            for name, one in sorted(schema["properties"].items())
            if fields is None or name in fields or name in schema.get("required", ())
        }
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            found[word] = [_trimmed(one, fields) for one in schema[word]]
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            found[word] = _trimmed(schema[word], fields)
    return found


def _words(schema: Schema) -> Schema:
    return {word: schema[word] for word in KEPT_WORDS if word in schema}


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    if isinstance(value, list):
        return set().union(*map(_references, value))
    return set()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("document", type=Path, help="HCL's openapi-v2.json")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    try:
        document = json.loads(options.document.read_text(encoding="utf-8"))
    except ValueError as error:
        parser.error(f"{options.document} is not JSON: {error}")
    contract = derive(document)
    text = json.dumps(contract, indent=1) + "\n"
    if options.check:
        return int(CONTRACT.read_text(encoding="utf-8") != text)
    CONTRACT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    run("derive_hwa_contract.py", lambda: sys.exit(main()))
