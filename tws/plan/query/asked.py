"""What a question over the plan looks like. Its words are checked against the catalogue later."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

MOST_ROWS = 500
MOST_CONDITIONS = 30

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "between"
]  # fmt: skip
Scalar = str | int | float | bool | None


class PlanQueryRefused(ValueError):
    """A question that can't be asked so. The message says why; `known` what would be understood."""

    def __init__(self, message: str, known: list[str] | None = None) -> None:
        self.known = known or []
        super().__init__(f"{message} Known: {', '.join(self.known)}." if self.known else message)


class PlanUnavailable(Exception):
    """There is no plan that is true now; the message says since when and why."""


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, str_max_length=300, defer_build=True
    )


class Condition(_Part):
    """`value` is one, or a list for `in` and `not in`, or two for `between`; null is "unknown"."""

    field: str
    op: Operator = "="
    value: Scalar | list[Scalar] = None

    @model_validator(mode="after")
    def _fits(self) -> Condition:
        many = self.op in {"in", "not in", "between"}
        if many != isinstance(self.value, list):
            raise ValueError(f"{self.op!r} takes {'a list' if many else 'one value'}")
        if isinstance(self.value, list):
            wanted = {"between": (2, 2)}.get(self.op, (1, 200))
            if not wanted[0] <= len(self.value) <= wanted[1]:
                raise ValueError(f"{self.op!r} takes {wanted[0]} to {wanted[1]} values")
        return self


class AnyOf(_Part):
    """One of these must hold."""

    any: list[Condition] = Field(min_length=1, max_length=MOST_CONDITIONS)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _counted(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number, not true or false")
    return value


Names = Annotated[list[str], BeforeValidator(_listed), Field(max_length=10)]


class PlanQuery(_Part):
    """A question over one engine's plan; see docs/plan-query.md for an example of each entity.

    All of `where` must hold. `group_by` counts; `order_by` sorts ("-end": latest first, unknown
    ones last); `fields` chooses columns; `after` is the `next` of the page before. `as_of` asks
    runs and counts as they were then.
    """

    entity: str
    engine: str = ""
    where: list[Condition | AnyOf] = Field(default_factory=list, max_length=MOST_CONDITIONS)
    group_by: Names = Field(default_factory=list)
    order_by: Names = Field(default_factory=list)
    fields: Annotated[list[str], BeforeValidator(_listed), Field(max_length=60)] = Field(
        default_factory=list
    )
    limit: Annotated[int, BeforeValidator(_counted)] = Field(50, ge=0, le=MOST_ROWS)
    # It holds a value for each of `order_by`, in JSON and in Base64.
    after: Annotated[str, Field(max_length=50_000)] = ""
    as_of: str = ""
