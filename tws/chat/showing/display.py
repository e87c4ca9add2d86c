"""All that a page needs to show an answer as more than its text; a message keeps it as JSON."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from knowledge.claims.evidence import readings_in
from knowledge.claims.expressions import Evaluator
from knowledge.markdown import to_html
from tws.answers.events import OWN_MEMORIES, Final
from tws.answers.named import things_read
from tws.chat.masking import shown
from tws.chat.showing.facts import facts_of
from tws.chat.showing.marks import marked, marked_html
from tws.chat.showing.tables import KEPT, tables_of


def display_of(final: Final) -> dict[str, Any]:
    """`{text, facts, tables, logs, page}`: `text` with marks, where it may be shown as it is."""
    if final.segments is None:
        return {}
    readings = readings_in(final.evidence)
    evaluator = Evaluator(readings)
    is_plain = shown(final.answer) == final.answer
    return {
        "text": marked(final.segments, evaluator, final.answer) if is_plain else "",
        "facts": facts_of(final.segments, evaluator, things_read(readings)),
        "tables": tables_of(final.segments, evaluator),
        "logs": [
            {"id": one.id, "time_zone": one.result.get("time_zone")}
            for one in readings.values()
            if one.tool == "log"
        ],
        "page": "memories" if any(r.tool == OWN_MEMORIES for r in readings.values()) else None,
    }


def page_parts(text: str, display: dict[str, Any] | None) -> dict[str, Any]:
    """`html`, `facts`, `tables`, `logs` and `page` as frames and the history have them."""
    display = display or {}
    with_marks = display.get("text")
    return {
        "html": marked_html(with_marks) if with_marks else to_html(text),
        "facts": display.get("facts", []),
        "tables": [
            {key: value for key, value in table.items() if key not in KEPT}
            for table in display.get("tables", [])
        ],
        "logs": display.get("logs", []),
        "page": display.get("page") and reverse(display["page"]),
    }
