"""What people say of an answer: a rating is a signal, never a pass; a report asks for a person."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge.cleaning import clean
from knowledge.models import Feedback, Memory

LONGEST_COMMENT = 5000
REPORTS = 2
"""A rating up to this one reports the answer."""
_WRONG = re.compile(r"\b(wrong|incorrect|false|errad[oa]s?|incorret[oa]s?|fals[oa]s?)\b")
"""What a comment calls an answer that it takes for false, in the languages of our users."""


class TooManyReports(Exception):
    """This user has reported REPORTS_PER_HOUR answers within the hour; nothing was kept."""


@transaction.atomic
def give_feedback(
    memory_id: uuid.UUID | str, rating: int, comment: str, by: User | None, reason: str = ""
) -> bool:
    """Keep a person's rating (1 to 5) and comment; whether they stand as a report.

    A low rating, or a comment that calls the answer wrong, reports it: once per person and
    version of the memory. A better rating takes a report back that nobody has looked at yet.
    Memory.DoesNotExist, ValueError for a rating out of range, TooManyReports.
    """
    if not 1 <= rating <= 5:
        raise ValueError("a rating lies between 1 and 5")
    memory = Memory.objects.select_for_update().get(pk=memory_id)
    given = Feedback.objects.filter(memory=memory, user=by).first()
    given = given or Feedback(memory=memory, user=by)
    given.rating, given.comment = rating, clean(comment).strip()[:LONGEST_COMMENT]
    given.reason = reason
    asks = rating <= REPORTS or _WRONG.search(given.comment.lower()) is not None
    if asks and (given.reported_version != memory.version or given.withdrawn_at):
        _check_rate(by)
        given.reported_at, given.reported_version = timezone.now(), memory.version
        given.taken_at = given.dismissed_at = given.dismissed_by = None
    elif not asks and given.taken_at is None:
        given.reported_at = given.reported_version = None
    given.withdrawn_at = None
    given.save()
    return asks


@transaction.atomic
def withdraw_feedback(memory_id: uuid.UUID | str, by: User) -> bool:
    """Take back what this person said of a memory; whether a reviewer has it in hand already.

    Then the reviewer decides all the same. Memory.DoesNotExist.
    """
    memory = Memory.objects.select_for_update().get(pk=memory_id)
    given = Feedback.objects.given().filter(memory=memory, user=by).first()
    if given is None:
        return False
    given.withdrawn_at = timezone.now()
    given.save(update_fields=["withdrawn_at"])
    return given.taken_at is not None


def _check_rate(by: User | None) -> None:
    """One person's reports each take a memory out of use: that has a rate of its own."""
    if by is None:
        return
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two at once count one another
    hour_ago = timezone.now() - timedelta(hours=1)
    reports = Feedback.objects.filter(user=by, reported_at__gte=hour_ago).count()
    if reports >= settings.REPORTS_PER_HOUR:
        raise TooManyReports(
            _("You have reported %(n)s answers within an hour. A reviewer looks at those first.")
            % {"n": reports}
        )
