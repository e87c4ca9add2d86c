"""One turn: what is new goes into the outbox, what is due goes out."""

from __future__ import annotations

from smtplib import SMTPException, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation

from audits.notices import webhook, wording
from audits.notices.news import channels, gather
from audits.notices.outbox import Channel, Notice
from audits.notices.webhook import NotSent

EVERY_SECONDS = 10.0
MOST_A_TURN = 20


def turn() -> int:
    """Gather and send; how many arrived. Nothing when nobody is to be told."""
    if not channels():
        return 0
    gather()
    return deliver()


def deliver() -> int:
    """Send what is due, oldest first, each leased before and marked after; how many arrived."""
    arrived = 0
    for _ in range(MOST_A_TURN):
        notice = Notice.objects.lease_next()
        if notice is None:
            break
        try:
            send(notice)
        except NotSent as problem:
            notice.failed(str(problem))
        else:
            arrived += notice.sent()
    return arrived


def test() -> dict[str, str]:
    """A message to each channel, now: channel → what went wrong, or ""."""
    found = {}
    for channel in channels():
        try:
            send(Notice(channel=channel, news=wording.TEST))
        except NotSent as problem:
            found[channel] = str(problem)
        else:
            found[channel] = ""
    return found


def send(notice: Notice) -> None:
    """In the site's language. NotSent when it did not arrive, or its channel is set up no more."""
    if notice.channel not in channels():
        raise NotSent("off")
    with translation.override(settings.LANGUAGE_CODE):
        if notice.channel == Channel.EMAIL:
            return _mail(notice)
        is_card = settings.NOTIFY_WEBHOOK_FORMAT == "teams"
        body = wording.as_card(notice) if is_card else wording.as_json(notice)
    return webhook.post(body, str(notice.pk))


def _mail(notice: Notice) -> None:
    """A Message-ID that stays the same: a mailbox shows what came twice once."""
    message = EmailMessage(
        subject=f"Resync: {wording.lines(notice.news)[0]}",
        body=wording.text(notice),
        from_email=settings.NOTIFY_EMAIL_FROM,
        to=settings.NOTIFY_EMAIL_TO,
        headers={"Message-ID": f"<{notice.pk}@resync>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except SMTPResponseException as error:
        raise NotSent("mail_refused", error.smtp_code) from None
    except (SMTPException, OSError) as error:
        raise NotSent("mail_unreachable", type(error).__name__) from None
