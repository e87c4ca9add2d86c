"""The plan for people: one page that says it is a simulator, to compare answers with."""

from __future__ import annotations

from collections import Counter
from html import escape

from tws.simulator.keys import Record, instant
from tws.simulator.places import Places
from tws.simulator.plan import Plan
from tws.simulator.records import Records
from tws.simulator.states import IN_ERROR, WORDS, State

_STYLE = (
    "body{font:14px system-ui;margin:2rem;max-width:80rem}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left}"
    ".note{background:#fff3cd;padding:.5rem 1rem;border:1px solid #e0c97f}"
)
_SHOWN = 200


def plan_page(plan: Plan, records: Records, places: Places) -> str:
    """HTML in which every value is escaped: names are data, here as anywhere."""
    jobs = Counter(WORDS[State(one)].status for one in plan.states)
    streams = Counter(plan.stream_status(half, stream) for half, stream in plan.streams())
    broken = [row for row, state in enumerate(plan.states) if State(state) in IN_ERROR]
    down = [
        record
        for record in map(places.workstation, plan.catalogue.workstations)
        if "LINKED" not in record["activeStates"] or record["limit"] == 0 or record["fence"]
    ]
    parts = [
        "<h1>HWA simulator</h1>",
        "<p class=note>This is a simulator, not HCL Workload Automation. "
        "Every job, status and log line here is invented by a program.</p>",
        f"<p>{len(plan)} jobs, seed {plan.catalogue.seed}, {escape(instant(plan.now))}</p>",
        _table("Jobs by status", ("status", "jobs"), sorted(jobs.items())),
        _table("Job streams by status", ("status", "streams"), sorted(streams.items())),
        _table(
            f"Jobs that failed ({len(broken)}, the first {_SHOWN})",
            ("job", "stream", "workstation", "status", "return code", "ended"),
            [_failure(records.job(row)) for row in broken[:_SHOWN]],
        ),
        _table(
            "Workstations with a problem",
            ("workstation", "type", "states", "limit", "fence"),
            [
                (w["name"], w["type"], " ".join(w["activeStates"]), w["limit"], w["fence"])
                for w in down
            ],
        ),
        _table(
            "Resources",
            ("resource", "quantity", "in use"),
            [
                (r["name"], r["quantity"], r["quantityInUse"])
                for r in map(places.resource, plan.catalogue.resources)
            ],
        ),
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>HWA simulator</title>"
        f"<style>{_STYLE}</style>{''.join(parts)}</html>"
    )


def _failure(record: Record) -> tuple[object, ...]:
    run = record["jobruns"][-1] if record["jobruns"] else {}
    return (
        record["name"],
        record["jobStreamName"],
        record["workstation"],
        record["lastRunCompositeStatus"]["status"],
        run.get("returnCode", ""),
        record.get("endTime", ""),
    )


def _table(title: str, heads: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"
