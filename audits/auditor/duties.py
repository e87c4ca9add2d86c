"""What comes on time, however long the backlog: each group of duties on a clock of its own.

Leases and the sign of life, reports and the queue, the index: none of them waits for another, for
a judge or for the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.db.models import Q

from audits import caching, heartbeats, purging, reports, settling
from audits.auditor import indexing
from audits.auditor.clocks import Clock, Duty
from audits.auditor.outages import Outages
from audits.auditor.tally import Tally
from audits.models import AuditRecord, Notice
from audits.notices import sending
from audits.notices.news import channels
from audits.queue import DISCOVER_AT_MOST
from knowledge import indexer

EVERY_HOUR = 3600.0


def leases(
    worker: str, others: Sequence[Duty], outages: Outages, *, watches: bool = False
) -> Clock:
    """Keeps a worker's leases; says that it lives, what `others` failed with and what is down."""

    def beat() -> None:
        failed = [f"{duty.name}: {duty.trouble}" for duty in others if duty.trouble]
        if outages.trouble:
            failed.append(f"judging: {outages.trouble}")
        heartbeats.beat(worker, watches=watches, trouble="\n".join(failed))

    renew = partial(AuditRecord.objects.renew, worker)
    return Clock(
        "leases",
        [
            Duty("lease keeping", settings.AUDIT_LEASE_SECONDS / 3, renew),
            Duty("heartbeat", heartbeats.EVERY_SECONDS, beat),
        ],
    )


def queue_keeping(tally: Tally, wanted: Q) -> Clock:
    """People's reports, worn-out records, changed texts, and what is new."""
    poll = settings.AUDIT_POLL_SECONDS
    return Clock(
        "queue",
        [
            Duty("reports", poll, partial(_take_reports, tally)),
            Duty("expiry", poll, partial(_expire, tally)),
            Duty("changed texts", poll, partial(AuditRecord.objects.requeue_changed, 500)),
            Duty("discovery", poll, partial(_discover, wanted)),
        ],
    )


def index_keeping() -> Clock:
    """Vectors for what became usable, the decision log's head as a file, the cache's bounds."""
    return Clock(
        "index",
        [
            Duty("indexing", settings.AUDIT_POLL_SECONDS, indexing.index_all),
            Duty("decision head", EVERY_HOUR, indexing.export_head),
            Duty("cached verdicts", EVERY_HOUR, caching.prune),
            Duty("old states", EVERY_HOUR, purging.expire_all_states),
        ],
    )


def telling() -> list[Clock]:
    """Messages to people, where somebody is to be told; a slow receiver keeps no other waiting.

    Nor the end of the process: what is being sent stays leased in the outbox and is sent again.
    """
    if not channels():
        return []
    return [
        Clock(
            "notices",
            [
                Duty("notices", sending.EVERY_SECONDS, sending.turn),
                Duty("old notices", EVERY_HOUR, Notice.objects.prune),
            ],
            patience=1.0,
        )
    ]


def catch_up(tally: Tally, wanted: Q) -> None:
    """The queue's duties once, now: a worker has nothing left to claim.

    What somebody else is queueing this very moment is waited for: a run that began beside another
    one, or beside its own clock, would else find nothing and end.
    """
    _take_reports(tally)
    _expire(tally)
    AuditRecord.objects.requeue_changed(500)
    _discover(wanted, waits=True)


def _take_reports(tally: Tally) -> None:
    tally.count("pending", reports.take())


def _expire(tally: Tally) -> None:
    tally.count("failed", settling.fail_exhausted())


def _discover(wanted: Q, *, waits: bool = False) -> None:
    """What the chat and imports stored, and what other programs wrote into mem0's store."""
    indexer.adopt_foreign()
    AuditRecord.objects.discover(DISCOVER_AT_MOST, wanted, waits=waits)
