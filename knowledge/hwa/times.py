"""Times as HWA and its operators write them."""

from __future__ import annotations

from datetime import datetime

FIRST_YEAR, LAST_YEAR = 1990, 2199


def is_instant(moment: datetime) -> bool:
    """Whether a time can be one of a plan's, not a "no date" in disguise.

    Engines write year 1 (Java's and .NET's zero), 1970 (an epoch of 0) and 9999 where they mean
    none. Some of them cannot even be brought into another time zone.
    """
    return FIRST_YEAR <= moment.year <= LAST_YEAR
