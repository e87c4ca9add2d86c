"""What is no memory's fault: the database, the search, the embedder or the LLM does not answer.

Or a judge that has lost its wits: a model that lets every canary pass.

Such an attempt costs the memory nothing, and the auditor rests, longer each time, so that what is
down is not hammered and what is queued keeps its place.
"""

from __future__ import annotations

import logging
import time

from django.conf import settings

from audits.judges import UnfitJudge
from knowledge.bounded_threads import KnowledgeBusy
from knowledge.connections import DATABASE_AWAY
from knowledge.embeddings import EmbeddingError
from knowledge.llm import LLMError
from knowledge.retrieval import SearchUnavailable

log = logging.getLogger("audits.auditor")

LONGEST_REST_SECONDS = 300.0

_AWAY = (
    *DATABASE_AWAY, SearchUnavailable, EmbeddingError, KnowledgeBusy, LLMError, UnfitJudge,
    ConnectionError,
)  # fmt: skip
"""LLMError: what one memory alone brings about has become NoVerdict in the judge, which knows."""


def innermost(error: BaseException) -> BaseException:
    """What went wrong, out of the groups it comes in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Outages:
    """Which failures are outages, and how long to rest after one."""

    def __init__(self) -> None:
        self._resting_until = self._rest_seconds = 0.0
        self._answered_at = 0.0
        self.trouble = ""
        """What was down when it was last tried, or ""."""

    @property
    def resting(self) -> bool:
        return time.monotonic() < self._resting_until

    def answered(self) -> None:
        """A memory got its verdict: whatever was down is up."""
        self._rest_seconds, self._answered_at, self.trouble = 0.0, time.monotonic(), ""

    def excuse(self, error: Exception, began_at: float) -> bool:
        """Whether `error`, in an attempt begun then, is an outage. Begins a rest if so.

        A time-out is one only if no other memory was answered meanwhile.
        """
        if not self._is_outage(error, began_at):
            return False
        if not self.resting:
            self._rest(error)
        return True

    def _is_outage(self, error: Exception, began_at: float) -> bool:
        if isinstance(error, TimeoutError):
            return self._answered_at < began_at
        return isinstance(error, _AWAY)

    def _rest(self, error: Exception) -> None:
        longer = 2 * self._rest_seconds or settings.AUDIT_POLL_SECONDS
        self._rest_seconds = min(LONGEST_REST_SECONDS, longer)
        self._resting_until = time.monotonic() + self._rest_seconds
        self.trouble = str(error) or type(error).__name__
        log.warning("resting for %.0f s: %s", self._rest_seconds, self.trouble)
