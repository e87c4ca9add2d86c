"""The ids of the simulated objects: UUIDs from which the object is found again."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple


class Kind(IntEnum):
    JOB = 1
    STREAM = 2
    RUN = 3
    JOB_DEFINITION = 4
    STREAM_DEFINITION = 5
    WORKSTATION = 6
    RESOURCE = 7
    FOLDER = 8
    PROMPT = 9
    DEPENDENCY = 10


class Identified(NamedTuple):
    kind: Kind
    place: int  # in the catalogue
    position: int  # of a job in its stream
    number: int  # of a run
    half: int


_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\Z")


@lru_cache(maxsize=100_000)
def make_id(
    kind: Kind, index: int, position: int = 0, number: int = 0, half: int = 0, seed: int = 0
) -> str:
    plain = f"{index:08x}-{kind:01x}{position:03x}-{number:04x}-{half & 0xFFFF:04x}"
    return f"{plain}-{_check(plain, seed)}"


def read_id(text: str, seed: int) -> Identified | None:
    """What the id stands for; None when this simulator did not make it."""
    found = _UUID.match(text)
    if found is None or _check(text[:23], seed) != found[5]:
        return None
    kind = int(found[2][0], 16)
    if kind not in {one.value for one in Kind}:
        return None
    return Identified(
        Kind(kind), int(found[1], 16), int(found[2][1:], 16), int(found[3], 16), int(found[4], 16)
    )


def _check(plain: str, seed: int) -> str:
    return blake2b(f"{seed} {plain}".encode(), digest_size=6).hexdigest()
