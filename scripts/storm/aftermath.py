"""After the storm: all comes to rest, then what clients know is held against what is kept."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import httpx
from django.db import DatabaseError, connection
from websockets.exceptions import WebSocketException

from audits.models import AuditRecord
from knowledge.models import Memory
from tws.hwa.errors import TWSError

from . import plan, rows
from .clients import call
from .invariants import violations
from .records import Records
from .site import Site, command

REST_SECONDS = 120.0


def look(
    site: Site, known: Records, before: plan.Told, say: Callable[[str], None]
) -> dict[str, object]:
    wait_for(lambda: httpx.get(f"http://{site.address}/health/ready", timeout=10).is_success, site)
    end_cut_off_runs(site, known)
    found = []
    if not wait_for(is_drained, site):
        found.append(f"the queue is not drained: {open_work()}")
    if not wait_for(plan.is_whole, site):
        found += plan.differences(plan.told())
    say("all is at rest")
    connection.close()
    kept = rows.read(rater="operator")
    found += violations(known, kept)
    found += plan.losses(before, plan.told(), plans=2)  # site.py has it replaced once
    logged = Counter(line.action for line in kept.log)
    found += [f"nothing was met with {act}" for act in ("flag", "quarantine") if not logged[act]]
    found += chain_is_whole()
    found += rest_agrees(site, kept)
    found += site.orphans()
    return {
        "kills": site.kills,
        "questions": len(known.questions),
        "answers": sum(bool(question.ends) for question in known.questions),
        "decisions": sum(tried.status == 200 for tried in known.decisions),
        "imported": len(known.imported),
        "found": len(known.found),
        "rated": sum(rated.status == 200 for rated in known.ratings),
        "logged": dict(logged),
        "memories": dict(Counter(memory.status for memory in kept.memories.values())),
        "asked": dict(sorted(known.answers.items())),
        "violations": found,
    }


def wait_for(holds: Callable[[], bool], site: Site) -> bool:
    until = time.monotonic() + REST_SECONDS
    while time.monotonic() < until:
        site.watch()
        with suppress(DatabaseError, httpx.HTTPError, TWSError, OSError):
            if holds():
                return True
        connection.close_if_unusable_or_obsolete()
        time.sleep(0.3)
    return False


# --- at rest ------------------------------------------------------------------------------------


def is_drained() -> bool:
    return not any(open_work().values())


def open_work() -> dict[str, int]:
    return {
        "new": Memory.objects.filter(trust="new").count(),
        "open": AuditRecord.objects.open().count(),
        "to index": Memory.objects.usable().filter(mem0_id=None).count(),
    }


def end_cut_off_runs(site: Site, known: Records) -> None:
    """Whoever opens a conversation ends what a killed process has left open in it."""
    for conversation in {question.conversation for question in known.questions}:
        with suppress(OSError, WebSocketException, TimeoutError):
            call(site.address, site.token("operator"), conversation).close()


# --- what others say of it ----------------------------------------------------------------------


def chain_is_whole() -> list[str]:
    done = command("verify_decisions", "--json")
    if done.returncode == 0 and json.loads(done.stdout)["ok"]:
        return []
    return [f"verify_decisions exits {done.returncode}: {done.stdout} {done.stderr}".strip()]


def rest_agrees(site: Site, kept: rows.Rows) -> list[str]:
    """The pages of the REST API list each record once, with the status and trust it has."""
    listed: Counter[tuple[str, str, str]] = Counter()
    cursor: str | None = ""
    headers = {"Authorization": f"Bearer {site.token('auditor')}"}
    with httpx.Client(base_url=f"http://{site.address}", headers=headers, timeout=60) as http:
        while cursor is not None:
            asked = {"status": "all", "limit": "200", "cursor": cursor}
            page = http.get("/api/audit/flags", params=asked).raise_for_status().json()
            for item in page["items"]:
                listed[item["memory_id"], item["status"], item["trust"]] += 1
            cursor = page["next_cursor"]
    held = Counter(
        (memory.id, memory.status or "", memory.trust) for memory in kept.memories.values()
    )
    missing, surplus = held - listed, listed - held
    return [f"REST does not list {one}" for one in missing] + [
        f"REST lists {one}, which is not so" for one in surplus
    ]
