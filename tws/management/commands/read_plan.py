"""`manage.py read_plan`: the reader of the plan as a process. The work is in `tws.plan.reader`."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

if TYPE_CHECKING:
    from tws.hwa.engine import Engine
    from tws.plan.models import PlanEngine

EXIT_SOME_NOT_READ = 1
EXIT_CANNOT_RUN = 2


class Command(BaseCommand):
    help = (
        "Read the plan of each HWA engine into PostgreSQL. Any number of these may run: one reads "
        "an engine, the others take over when it ends. "
        "Exit code: 0 done, 1 an engine could not be read, 2 cannot run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--watch", action="store_true", help="keep the plan up to date")
        parser.add_argument("--engine", default="", metavar="NAME", help="only this engine")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        engines = self._engines(options["engine"])
        if options["watch"]:
            asyncio.run(self._watch(engines))
            return
        states = asyncio.run(self._read(engines, quiet=options["json"]))
        if options["json"]:
            self.stdout.write(json.dumps({"engines": [_as_json(state) for state in states]}))
        sys.exit(EXIT_SOME_NOT_READ if any(state.down_since for state in states) else 0)

    def _engines(self, name: str) -> Sequence[Engine]:
        from tws.hwa.engines import configured_engines

        engines = configured_engines()
        found = [one for one in engines if name in ("", one.name)]
        if not found:
            known = ", ".join(one.name for one in engines)
            raise CommandError(
                f"There is no engine {name}; configured: {known}."
                if known
                else "No HWA engine is configured: set TWS_BASE_URL or TWS_ENGINES.",
                returncode=EXIT_CANNOT_RUN,
            )
        return found

    async def _read(self, engines: Sequence[Engine], *, quiet: bool) -> list[PlanEngine]:
        """A pass of each engine that nobody is reading already."""
        from tws.plan.fresh import fresh_state

        states = []
        for engine in engines:
            state = await fresh_state(engine, now=True)
            if not quiet:
                self.stdout.write(_in_words(state))
            states.append(state)
        return states

    async def _watch(self, engines: Sequence[Engine]) -> None:
        """Until told to stop. Says `ready` when each engine has been read, or was tried."""
        from tws.plan.reader import keep

        waiting = {engine.name for engine in engines}

        def say(state: PlanEngine) -> None:
            tried = state.read_in_full_at or state.down_since
            if tried and state.name in waiting:
                waiting.discard(state.name)
                self.stdout.write(_in_words(state) if waiting else f"ready {_in_words(state)}")
                self.stdout.flush()

        readers = asyncio.gather(*(keep(engine, say, say) for engine in engines))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, readers.cancel)
        try:
            await readers
        except asyncio.CancelledError:
            return


def _in_words(state: PlanEngine) -> str:
    if state.down_since:
        return (
            f"{state.name} has not answered since {state.down_since:%Y-%m-%d %H:%M}: {state.error}"
        )
    if state.read_in_full_at is None:
        return f"{state.name} is being read by another process"
    parts = "" if state.is_complete else ", not complete"
    return f"{state.name} was read at {state.fetched_at:%Y-%m-%d %H:%M:%S} UTC{parts}"


def _as_json(state: PlanEngine) -> dict[str, Any]:
    times = ("fetched_at", "read_in_full_at", "span_start_at", "span_end_at", "down_since")
    return {
        "engine": state.name,
        "plan_number": state.plan_number,
        "complete": state.is_complete,
        "not_understood": state.not_understood,
        "backup": state.backup,
        "wrong_clock_minutes": state.wrong_clock_minutes,
        "seconds": state.pass_seconds,
        "error": state.error,
        **{name: _stamp(getattr(state, name)) for name in times},
    }


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
