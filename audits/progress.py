"""How far the auditor is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from audits.auditor import Auditor, Tally

log = logging.getLogger("audits.auditor")

LINE_EVERY_SECONDS = 30.0


class Progress:
    """Shows an auditor's tally while it runs. `quiet`: nothing; `lines`: log lines, no bar."""

    def __init__(self, auditor: Auditor, *, quiet: bool = False, lines: bool = False) -> None:
        self._said_at, self._said = time.monotonic(), 0
        self._bar: tqdm[Any] | None = None
        if quiet:
            return
        if sys.stderr.isatty() and not lines:
            self._bar = tqdm(desc="audited", unit="", total=auditor.limit, dynamic_ncols=True)
        auditor.on_progress = self._show

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def _show(self, tally: Tally) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(_counts(tally), refresh=False)
            self._bar.update(tally.audited - self._bar.n)
        elif time.monotonic() - self._said_at >= LINE_EVERY_SECONDS:
            self._line(tally)

    def _line(self, tally: Tally) -> None:
        seconds = time.monotonic() - self._said_at
        rate = (tally.audited - self._said) / seconds
        log.info("audited %d (%.1f/s): %s", tally.audited, rate, _counts(tally))
        self._said_at, self._said = time.monotonic(), tally.audited


def _counts(tally: Tally) -> str:
    return (
        f"{tally.cleared} cleared, {tally.flagged} flagged, {tally.quarantined} quarantined, "
        f"{tally.unverified} not verified, {tally.failed} failed, {tally.retried} to retry"
    )
