"""One answer in the making. What it says goes out as it is said; what it read can be pointed to."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from django.utils import timezone

from knowledge.claims.composing import Composer, claim
from knowledge.claims.evidence import Reading
from knowledge.claims.phrases import PHRASES
from knowledge.hwa.statuses import Language, wording
from tws.answers.events import Chunk, Emit, Outcome
from tws.answers.toolkit import Toolkit
from tws.answers.understanding.asked import Thing

MOST_SHOWN = 50
"""Things of an answer that a later question may point to."""


class Speech:
    """What answers are made with: `read` and `say`.

    `outcome` is what the answer came to, `suggestions` what may be asked next, `shown` what it
    listed, `next` the plan's token of the page after, `quoted` the readings of memories it holds.
    """

    def __init__(self, toolkit: Toolkit, emit: Emit, language: Language) -> None:
        self.toolkit = toolkit
        self.language = language
        self.outcome: Outcome = "answered"
        self.suggestions: list[str] = []
        self.shown: list[Thing] = []
        self.next = ""
        self.quoted: list[Reading] = []
        self.question = Reading(id="u1", tool="question", result={})
        self._emit = emit
        self._readings: dict[str, Reading] = {"u1": self.question}
        self.composer = Composer(language, timezone.get_current_timezone_name(), self._readings)

    async def read(self, reading: Awaitable[Reading]) -> Reading:
        found = await reading
        self._readings[found.id] = found
        if found.result.get("stale") and found.result.get("fetched_at") and not self.text:
            self.say("stale", on=found.id, at=f"{found.id}.fetched_at")
            self.paragraph()
        return found

    def keep(self, reading: Reading) -> Reading:
        """A reading that was made elsewhere, a memory, so that it can be pointed to."""
        self._readings[reading.id] = reading
        return reading

    def note(self, **values: Any) -> None:
        """Words of the question, and what was found of them: `u1.understood`."""
        self.question.result.setdefault("understood", {}).update(values)

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """What was read for it, as JSON; the question's own words among it when they were said."""
        question = [self.question] if self.question.result else []
        return [one.as_json() for one in (*question, *self.toolkit.readings)]

    @property
    def text(self) -> str:
        return self.composer.text()

    # --- saying -------------------------------------------------------------------------------

    def say(self, key: str, /, on: str = "", **slots: str | claim) -> None:
        self._out(self.composer.say(key, on, **slots))

    def say_first(self, keys: Sequence[str], /, on: str = "", **slots: str | claim) -> None:
        """The first of these phrases that there is."""
        self.say(next(key for key in keys if key in PHRASES), on, **slots)

    def table(self, expr: str, columns: Sequence[str]) -> None:
        self._out(self.composer.table(expr, columns))

    def log(self, reading: Reading, lines: Sequence[int]) -> None:
        self._out(self.composer.log(reading.id, lines))

    def introduce(self, memory: Reading, head: str) -> None:
        self._out(self.composer.introduce(memory.id, head))

    def quote(self, reading: Reading) -> None:
        self.quoted.append(reading)
        self._out(self.composer.quote(reading.id))

    def paragraph(self) -> None:
        self.composer.paragraph()

    def item(self) -> None:
        self.composer.item()

    def _out(self, piece: str) -> None:
        self._emit(Chunk(piece))

    # --- statuses, which come with their meaning ----------------------------------------------

    def say_status(self, key: str, on: str, status: str | None, /, *, name: str) -> None:
        """A phrase about the status of the object at `on`, with what it means when that is known.

        `status.plain` stands in when HWA's word is one that nobody knows.
        """
        expr = f"{on}.status"
        wanted: dict[str, str | claim] = {"name": name, "status": expr}
        if status and wording(status, self.language):
            wanted["meaning"] = claim(expr, kind="meaning")
        else:
            key = "status.plain"
        shown = PHRASES[key][self.language].shown
        self.say(key, on, **{slot: value for slot, value in wanted.items() if slot in shown})

    def list_thing(self, thing: Thing) -> None:
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(thing)
