"""What people are told of a database that takes nothing: a full disk, read-only, away."""

from __future__ import annotations

from typing import Literal

from django.utils.translation import gettext as _

Trouble = Literal["disk_full", "read_only", "database_away"]


def trouble_of(error: BaseException) -> Trouble:
    match getattr(error.__cause__, "sqlstate", None):
        case "53100":
            return "disk_full"
        case "25006":
            return "read_only"
        case _other:
            return "database_away"


def answer_not_kept(trouble: Trouble) -> str:
    return {
        "disk_full": _("The database's disk is full: this answer could not be kept."),
        "read_only": _("The database is read-only: this answer could not be kept."),
        "database_away": _("The database does not answer: this answer could not be kept."),
    }[trouble]


def nothing_taken(trouble: Trouble) -> str:
    """Of a question, or whatever else a page sent."""
    return {
        "disk_full": _(
            "The database's disk is full: nothing can be asked or kept until an administrator has "
            "made room."
        ),
        "read_only": _("The database is read-only just now: nothing can be asked or kept."),
        "database_away": _("The database does not answer. Try again in a moment."),
    }[trouble]
