"""A judge's confidence as the console shows it: between the thresholds, which are settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _


def bands() -> list[tuple[str, Any, Q]]:
    """Name in the address, label, and what holds for the records."""
    low, high = settings.AUDIT_FLAG_THRESHOLD, settings.AUDIT_QUARANTINE_THRESHOLD
    said = {"low": f"{low:.0%}", "high": f"{high:.0%}"}
    return [
        ("high", _("Above %(high)s") % said, Q(ia_audit_confidence__gt=high)),
        ("middle", _("%(low)s to %(high)s") % said, Q(ia_audit_confidence__range=(low, high))),
        ("low", _("Below %(low)s") % said, Q(ia_audit_confidence__lt=low)),
        ("none", _("None"), Q(ia_audit_confidence=None)),
    ]


def band(value: float | None) -> str:
    if value is None:
        return "none"
    if value > settings.AUDIT_QUARANTINE_THRESHOLD:
        return "high"
    return "middle" if value >= settings.AUDIT_FLAG_THRESHOLD else "low"


def meter(value: float | None) -> str | SafeString:
    if value is None:
        return "–"
    return format_html(
        '<span class="rc-confidence"><meter min="0" max="1" low="{}" high="{}" '
        'optimum="0" value="{}"></meter>{} %</span>',
        settings.AUDIT_FLAG_THRESHOLD,
        settings.AUDIT_QUARANTINE_THRESHOLD,
        f"{value:.3f}",
        round(value * 100),
    )
