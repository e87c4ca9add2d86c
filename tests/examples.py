"""How many examples something is held against."""

from __future__ import annotations

from hypothesis import settings


def examples(few: int, of: int) -> int:
    """`few` where a person waits, all with --slow."""
    return of if settings.get_current_profile_name() == "slow" else few
