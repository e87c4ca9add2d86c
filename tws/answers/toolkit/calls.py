"""The tools as an LLM calls them: their arguments, and what it is told of them.

All schemas together are about 3,000 characters, sent with every turn: so they are written by hand,
and an error names what would be understood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.cleaning import clean_json
from tws.plan.query import PlanQuery

MOST_WRITTEN = 20_000  # characters of one call's arguments


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=300)


class Inspect(_Arguments):
    kind: Literal["job", "stream", "workstation", "resource"]
    object: str = Field(min_length=1)


class Impact(_Arguments):
    kind: Literal["job", "stream"]
    object: str = Field(min_length=1)


class Log(_Arguments):
    job: str = Field(min_length=1)
    run: int | None = Field(None, ge=1)
    lines: int | None = Field(None, ge=1, le=100)


class Compare(_Arguments):
    job: str = ""
    stream: str = ""
    day: date | None = None
    other: date | None = None
    until: time | None = None


class Resolve(_Arguments):
    text: str = Field(min_length=1)


class SearchMemories(_Arguments):
    text: str = Field(min_length=1)


ARGUMENTS: Mapping[str, type[BaseModel]] = {
    "plan_query": PlanQuery,
    "inspect": Inspect,
    "impact": Impact,
    "log": Log,
    "compare": Compare,
    "resolve": Resolve,
    "search_memories": SearchMemories,
}


class BadArguments(ValueError):
    """In words, for who wrote them."""


def read_arguments(name: str, written: str) -> BaseModel:
    """The arguments of a call as an LLM wrote them. BadArguments when they are none."""
    if len(written) > MOST_WRITTEN:
        raise BadArguments(f"the arguments are longer than {MOST_WRITTEN} characters")
    try:
        given = clean_json(json.loads(written or "{}"))
        return ARGUMENTS[name].model_validate(given)
    except ValidationError as error:
        raise BadArguments(_what_is_wrong(error)) from error
    except (ValueError, RecursionError) as error:
        raise BadArguments("the arguments are no JSON object") from error


def _what_is_wrong(error: ValidationError) -> str:
    parts = (
        f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)[:5]
    )
    return "; ".join(parts)


# --- schemas ------------------------------------------------------------------------------------

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_NAMES = {"type": "array", "items": _TEXT}


def _function(name: str, said: str, required: str = "", /, **properties: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required.split()
    return {
        "type": "function",
        "function": {"name": name, "description": said, "parameters": parameters},
    }


def _kind(*kinds: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(kinds)}


_OBJECT = {"type": "string", "description": "id or name"}

SCHEMAS: Mapping[str, dict[str, Any]] = {
    schema["function"]["name"]: schema
    for schema in (
        _function(
            "plan_query",
            "Count, list, group. entity: jobs, runs (past days too), "
            "job_streams, workstations, resources, prompts, dependencies, counts. All of where "
            "hold; {any:[...]}: one. op: = != < <= > >= in, not in, like (@ any text), not "
            "like, between; null: unknown. Fields: job stream workstation status "
            "group (failed running waiting ready success stuck cancelled suppressed undecided) "
            "return_code scheduled start end deadline priority critical late risk "
            "elapsed_minutes running_minutes overdue_minutes waits_for; workstations: limit fence "
            "linked jobman_up problems; resources: available in_use. A wrong one is answered "
            "with the known. Times: 02:00, yesterday 22:00, now-1h30m, 2026-11-25. The count is "
            "`matched`, not the rows shown.",
            "entity",
            entity=_TEXT,
            where={"type": "array", "items": {"type": "object"}, "description": "{field,op,value}"},
            group_by=_NAMES,
            order_by={**_NAMES, "description": "-end: newest first"},
            fields=_NAMES,
            limit=_NUMBER,
            after={**_TEXT, "description": "`next` of the page before"},
            as_of={**_TEXT, "description": "past time of runs, counts"},
        ),
        _function(
            "inspect",
            "One object whole, read now: definition, documentation, calendars, why it waits, runs.",
            "kind object",
            kind=_kind("job", "stream", "workstation", "resource"),
            object=_OBJECT,
        ),
        _function(
            "impact",
            "All that waits for it, with deadlines; until: latest start.",
            "kind object",
            kind=_kind("job", "stream"),
            object=_OBJECT,
        ),
        _function(
            "log",
            "End of a job's log, causes marked. Then search_memories for the cause.",
            "job",
            job=_OBJECT,
            run={"type": "integer", "description": "none: the last"},
            lines=_NUMBER,
        ),
        _function(
            "compare",
            "Runs of a job side by side, or two days (YYYY-MM-DD; until HH:MM).",
            job=_TEXT,
            stream=_TEXT,
            day=_TEXT,
            other=_TEXT,
            until=_TEXT,
        ),
        _function(
            "resolve",
            "Objects a name means, in any notation. Offer close names, never choose one.",
            "text",
            text=_TEXT,
        ),
        _function(
            "search_memories",
            "Answers reviewed before: fixes, causes, how-to.",
            "text",
            text=_TEXT,
        ),
    )
}
"""Each tool as the OpenAI API's `tools` parameter takes it. Shared: not to be changed."""
