"""What there is to know of one object of the plan, part by part: each is an answer of the rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.core import signing
from django.utils import timezone
from django.utils.translation import get_language

from knowledge.claims.evidence import Reading
from knowledge.claims.wording import Voice
from knowledge.hwa.fields import FIELDS
from knowledge.hwa.statuses import Language
from tws.answers.agents import agent_manager
from tws.answers.events import Event, Final
from tws.answers.memories import Recall, recall
from tws.answers.saying import beside, objects
from tws.answers.saying.speech import Speech
from tws.answers.sources import plan_sources
from tws.answers.toolkit import Toolkit
from tws.answers.understanding.asked import About, CompareRuns, Impact, LogOf, Thing
from tws.chat.showing.display import display_of, page_parts
from tws.chat.showing.tables import KEPT, cell_of, rows_after
from tws.hwa.engine import Engine

TABLES = "the tables of a card"
Part = Literal["state", "why", "holds_up", "runs", "log"]
PARTS: dict[str, tuple[Part, ...]] = {
    "job": ("why", "holds_up", "runs", "log"),
    "stream": ("why", "holds_up"),
    "workstation": ("why",),
}
"""What is told of each kind beside its state."""
_VALUES = {
    "job": (
        "stream", "workstation", "ran_on", "scheduled", "start", "end", "elapsed_minutes",
        "usual_minutes", "estimated_end", "deadline", "return_code", "priority", "login",
    ),
    "stream": (
        "workstation", "scheduled", "start", "end", "estimated_end", "deadline", "jobs",
        "failed_jobs", "waiting_jobs", "limit", "priority",
    ),
    "workstation": (
        "type", "linked", "jobman_up", "limit", "fence", "host", "os", "version", "problems",
    ),
    "resource": ("workstation", "quantity", "available", "in_use"),
}  # fmt: skip


@dataclass(slots=True)
class Card:
    """One object, asked for by its id or by its name; `recall` finds what is known of a failure."""

    toolkit: Toolkit
    thing: Thing
    language: Language
    recall: Recall

    async def part(self, part: Part) -> dict[str, Any]:
        """`{html, facts, tables, logs, sources}`; the state also `{thing, values, status, parts}`.

        NotRead when there is none.
        """
        speech = Speech(self.toolkit, _silent, self.language)
        thing = self.thing
        match part:
            case "state":
                state = await self._state(speech)
                return state | self._shown(speech)
            case "why":
                await objects.about(speech, About(thing, "why"), self.recall)
            case "holds_up":
                await beside.impact(speech, Impact(thing))
            case "runs":
                await beside.compare_runs(speech, CompareRuns(thing))
            case "log":
                await beside.log(speech, LogOf(thing))
        return self._shown(speech)

    async def _state(self, speech: Speech) -> dict[str, Any]:
        object_id = await objects.find(speech, self.thing)
        reading = await speech.read(self.toolkit.inspect(self.thing.kind, object_id))  # type: ignore[arg-type]
        thing, known = objects.thing_of_object(reading), reading.result
        return {
            "thing": asdict(thing),
            "engine": reading.engine,
            "fetched_at": reading.fetched_at,
            "status": self._value("status", reading) if known.get("status") else None,
            "values": [
                self._value(name, reading)
                for name in _VALUES[thing.kind]
                if known.get(name) not in (None, "", [])
            ],
            "parts": PARTS.get(thing.kind, ()),
        }

    def _value(self, name: str, reading: Reading) -> dict[str, Any]:
        zone = ZoneInfo(timezone.get_current_timezone_name())
        voice = Voice(self.language, zone).on(reading.read_at)
        heading = FIELDS[name].heading(self.language)
        return {"heading": heading, **cell_of(reading.result[name], name, voice)}

    def _shown(self, speech: Speech) -> dict[str, Any]:
        answer = speech.composer.answer()
        final = Final(speech.text, segments=answer, evidence=tuple(speech.evidence))
        sources = plan_sources(self.toolkit, answer, [self.thing])
        return {**card_parts(final), "sources": [one.as_dict() for one in sources]}


def card_parts(final: Final) -> dict[str, Any]:
    """As an answer's page has them; each table with the `more` that its next rows are asked by."""
    display = display_of(final)
    parts = page_parts(final.answer, display)
    for table, kept in zip(parts["tables"], display["tables"], strict=True):
        asked = {name: kept[name] for name in ("columns", *KEPT) if name in kept}
        table["more"] = signing.dumps(asked, salt=TABLES)
    return parts


def card_rows(table: str, **wanted: Any) -> dict[str, Any]:
    """More rows of a card's table, whose `more` this is. BadSignature; what `rows_after` raises."""
    return rows_after(signing.loads(table, salt=TABLES), **wanted)


async def card_of(engine: Engine, part: Part, **thing: Any) -> dict[str, Any]:
    """A part of an object's card in the caller's language, by the clients that agents share."""
    toolkit = Toolkit(engine, lambda: agent_manager().tws_client(engine.name), emit=_silent)
    language: Language = "pt" if (get_language() or "")[:2] == "pt" else "en"
    return await Card(toolkit, Thing(**thing), language, recall).part(part)


def _silent(_event: Event) -> None: ...
