"""What is told, in words, as a JSON object and as a card of Microsoft Teams."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audits.notices.outbox import Notice
from audits.states import Why

TEST = {"test": True}
"""The news of a message that only shows that messages arrive."""


def lines(news: dict[str, Any]) -> list[str]:
    """A sentence for each thing that is told."""
    return list(_lines(news))


def _lines(news: dict[str, Any]) -> Iterator[str]:
    if news.get("test"):
        yield _("This is a test: notifications arrive.")
        return
    if new := news["new"]:
        said = ngettext(
            "%(n)s memory is new in the queue", "%(n)s memories are new in the queue", new
        )
        kinds = dict(Why.choices)
        why = [f"{kinds.get(name, _('Other'))}: {n:,}" for name, n in sorted(news["why"].items())]
        yield f"{said % {'n': f'{new:,}'}} ({', '.join(why)})."
    if overdue := news["overdue"]:
        said = ngettext(
            "%(n)s more is overdue, %(all)s in all.",
            "%(n)s more are overdue, %(all)s in all.",
            overdue,
        )
        yield said % {"n": f"{overdue:,}", "all": f"{news['overdue_in_all']:,}"}
    for one in news["down"]:
        yield _DOWN[one["name"]]() % {"at": _at(one["since"])}
    for one in news["back"]:
        yield _BACK[one["name"]]() % {"at": _at(one["since"])}


_DOWN = {
    "auditor": lambda: _("The auditor does not work, since %(at)s."),
    "llm": lambda: _("The LLM does not answer, since %(at)s."),
}
_BACK = {
    "auditor": lambda: _("The auditor works again; it had not since %(at)s."),
    "llm": lambda: _("The LLM answers again; it had not since %(at)s."),
}


def _at(moment: str) -> str:
    return timezone.localtime(datetime.fromisoformat(moment)).strftime("%Y-%m-%d %H:%M %Z")


PROBLEMS: dict[str, Any] = {
    "silent": gettext_lazy("No answer within %(value)s seconds."),
    "unreachable": gettext_lazy("The connection failed (%(value)s)."),
    "redirects": gettext_lazy("The receiver redirects (%(value)s), which is not followed."),
    "refused": gettext_lazy("The receiver answered %(value)s."),
    "unknown_name": gettext_lazy("The receiver's name is not known."),
    "private": gettext_lazy(
        "The receiver's address is private (%(value)s); NOTIFY_ALLOW_PRIVATE allows that."
    ),
    "off": gettext_lazy("Nobody is set up to be told this way any more."),
    "mail_refused": gettext_lazy("The mail server answered %(value)s."),
    "mail_unreachable": gettext_lazy("The mail server could not be reached (%(value)s)."),
}
"""Why something did not arrive: code → sentence."""


def problem(text: str) -> str:
    """The sentence for what the outbox keeps of a failure, `code value`."""
    code, _space, value = text.partition(" ")
    return str(PROBLEMS[code]) % {"value": value} if code in PROBLEMS else ""


def link() -> str:
    """Where one reads more; "" when the site's address is not known."""
    queue = reverse("admin:audits_auditrecord_changelist")
    return f"{settings.SITE_URL}{queue}" if settings.SITE_URL else ""


def text(notice: Notice) -> str:
    return "\n".join(filter(None, [*lines(notice.news), link()]))


def as_json(notice: Notice) -> dict[str, Any]:
    """The body of a webhook. `id` stays the same however often it is sent."""
    return {
        "id": str(notice.pk),
        "source": "resync",
        "kind": "test" if notice.news.get("test") else "news",
        "at": notice.created_at.isoformat(),
        "text": "\n".join(lines(notice.news)),
        "facts": notice.news,
        "link": link(),
    }


def as_card(notice: Notice) -> dict[str, Any]:
    """An adaptive card, as a workflow of Microsoft Teams takes it."""
    blocks = [{"type": "TextBlock", "text": "Resync", "weight": "Bolder", "size": "Medium"}]
    blocks += [{"type": "TextBlock", "text": line, "wrap": True} for line in lines(notice.news)]  # type: ignore[dict-item]  # wrap is a boolean
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    if url := link():
        card["actions"] = [{"type": "Action.OpenUrl", "title": _("Open the queue"), "url": url}]
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}
