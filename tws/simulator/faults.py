"""Trouble on demand: what the simulator does wrong, switched through `/simulator/faults`."""

from __future__ import annotations

import asyncio
import random

from pydantic import BaseModel, ConfigDict, Field


class Faults(BaseModel):
    """All off by default. Rates are shares of the requests, 0 to 1."""

    model_config = ConfigDict(extra="forbid")

    latency_seconds: float = Field(default=0, ge=0, le=600)
    error_rate: float = Field(default=0, ge=0, le=1)
    error_status: int = Field(default=500, ge=400, le=599)
    retry_after: str = Field(default="", max_length=40, pattern=r"^[ -~]*$")
    drop_rate: float = Field(default=0, ge=0, le=1)  # the connection ends in the middle of the body
    slow_body_seconds: float = Field(default=0, ge=0, le=600)  # between two parts of a body
    bad_json: bool = False
    expired_certificate: bool = False  # for connections made from now on

    def strikes(self, rate: float) -> bool:
        return rate > 0 and random.random() < rate  # noqa: S311  not a secret

    async def delay(self) -> None:
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
