"""Values of the plan as JSON has them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone


def plain(value: Any) -> Any:
    """As JSON has it; a time on the site's clock, minutes near enough to tell their seconds."""
    match value:
        case float():
            return round(value, 2)
        case datetime():
            return timezone.localtime(value).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
    return value
