"""The page on caution: what each threshold would handle alone, and how much of it wrongly."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from audits import caution
from audits.findings import judge_name
from audits.permissions import SEE


def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(SEE):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": _("Caution"),
        "days": caution.DAYS,
        "flag": f"{settings.AUDIT_FLAG_THRESHOLD:.0%}",
        "quarantine": f"{settings.AUDIT_QUARANTINE_THRESHOLD:.0%}",
        "required": f"{settings.AUDIT_LLM_QUARANTINE_PRECISION:.0%}",
        "judges": [
            {
                "name": judge_name(one.judge),
                "may_quarantine": one.may_quarantine,
                "levels": [
                    {
                        "threshold": f"{level.threshold:.0%}",
                        "is_set": level.is_set,
                        "suffices": level.suffices,
                        **_said(level.alone),
                    }
                    for level in one.levels
                ],
            }
            for one in caution.of_judges()
        ],
        "cleared": _said(caution.cleared()),
    }
    return TemplateResponse(request, "audits/caution.html", context)


def _said(alone: caution.Alone) -> dict[str, Any]:
    """The figures in words; what nobody has decided on has no precision."""
    low, high = alone.precision
    fewest, most = alone.wrongly
    return {
        "a_day": _figure(alone.a_day),
        "decided": alone.decided,
        "right": alone.right,
        "precision": f"{low:.0%} – {high:.0%}" if alone.decided else "–",
        "wrongly": f"{_figure(fewest)} – {_figure(most)}" if alone.decided else "?",
    }


def _figure(a_day: float) -> str:
    digits = 0 if a_day >= 10 or not a_day else 1
    return number_format(round(a_day, digits), digits)  # which cuts off by itself
