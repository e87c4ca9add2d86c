"""What follows the audits: vectors for what became usable, and the log's head, once a day."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from audits.models import DecisionHead

log = logging.getLogger(__name__)


ONE_AT_A_TIME = 0x5E51C
"""The advisory lock of whoever indexes."""


def index_all() -> bool:
    """Bring the index to where the memories are; False when another process is doing it.

    Any number of indexers would be safe, but each imports mem0, over a second of CPU.
    """
    from knowledge import indexer

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            return False
    try:
        while indexer.index_pending(500):
            pass
    finally:
        connection.close()  # the lock goes with it
    return True


def export_head(path: Path | None = None) -> bool:
    """Once a day, the decision log's head as a line of `path`; True when one was written.

    Copied off the machine, the lines are what `verify_decisions --expect` compares with: whoever
    rewrites the whole log cannot rewrite them.
    """
    path = path or settings.RESYNC_HOME / "decision-heads.jsonl"
    today = timezone.localdate().isoformat()
    if path.exists() and f'"{today}"' in path.read_text(encoding="utf-8")[-200:]:
        return False
    head = DecisionHead.objects.get(pk=1)
    line = json.dumps({"date": today, "seq": head.seq, "hash": head.hash})
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        lines.write(line + "\n")
    log.info("decision log head %s:%s", head.seq, head.hash)
    return True
