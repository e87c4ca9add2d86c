"""What a tool is: a read-only question to one engine, with typed arguments and a bounded answer."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from tws.hwa.client import TWSClient
from tws.hwa.readings import Reading

TOOLS: dict[str, Tool] = {}
"""Every tool by its name; filled by the `tool` decorator."""


class Arguments(BaseModel):
    """Base of a tool's arguments: what is not among them is refused, and the LLM is told."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=200)


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Reply:
    """A tool's data as JSON, and how old its oldest part is."""

    result: dict[str, Any]
    fetched_at: datetime

    @classmethod
    def of(cls, result: dict[str, Any], *readings: Reading[Any]) -> Reply:
        """Of these readings; when objects in them could not be understood, how many is told."""
        left_out = sum(reading.odd.objects for reading in readings)
        told = {"leftOut": left_out} if left_out else {}
        return cls({**result, **told}, min(reading.fetched_at for reading in readings))


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str  # what the LLM reads
    arguments: type[Arguments]
    run: Callable[[TWSClient, Any], Awaitable[Reply]]

    def schema(self) -> dict[str, Any]:
        """The tool as the OpenAI API's `tools` parameter takes it. Shared: not to be changed."""
        return _schema(self)


@cache
def _schema(tool: Tool) -> dict[str, Any]:
    """Built once: all tools together take pydantic 5 ms, on the event loop, for every reply."""
    parameters = tool.arguments.model_json_schema()
    parameters.pop("title", None)
    parameters.pop("description", None)
    for field in parameters.get("properties", {}).values():
        field.pop("title", None)
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters,
        },
    }


def tool(
    arguments: type[A],
) -> Callable[
    [Callable[[TWSClient, A], Awaitable[Reply]]], Callable[[TWSClient, A], Awaitable[Reply]]
]:
    """Register a function as a tool; its name and docstring are what the LLM sees."""

    def register(
        run: Callable[[TWSClient, A], Awaitable[Reply]],
    ) -> Callable[[TWSClient, A], Awaitable[Reply]]:
        name = run.__name__
        TOOLS[name] = Tool(name, inspect.cleandoc(run.__doc__ or ""), arguments, run)
        return run

    return register
