"""How a command ends: as it says itself, or with one sentence about what kept it from running.

Exit codes: 0, 1 and others mean what the command's help says; 2 it could not run or look;
130 Ctrl-C; 141 whoever read its output has gone (both as a shell reports the signals).
A traceback is printed for a fault of ours alone.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator

CANNOT_RUN = 2
INTERRUPTED = 130
READER_GONE = 141

_SENTENCES = {
    "42P01": "the database has no tables yet. Run manage.py migrate.",
    "42703": "the database is of another version. Run manage.py migrate.",
    "25006": "the database is read-only: nothing can be written.",
    "25P03": "the database ended a transaction idle for longer than DATABASE_STATEMENT_SECONDS.",
    "57014": "the database stopped a statement that took longer than DATABASE_STATEMENT_SECONDS.",
}
"""PostgreSQL's SQLSTATE, in words that say what to do."""


def run(name: str, command: Callable[[], None]) -> None:
    """Run `command`; whatever ends it leaves as SystemExit, said on stderr after `name`."""
    try:
        try:
            command()
        finally:
            sys.stdout.flush()  # a short output meets its closed pipe here, not after main
    except BrokenPipeError:  # `export_memories | head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(READER_GONE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 (the boundary: everything is reported here)
        sentence = what_is_down(error)
        if sentence is None:
            traceback.print_exc()
        else:
            sys.stderr.write(f"{name}: {sentence}\n")
        sys.exit(CANNOT_RUN)


def what_is_down(error: BaseException) -> str | None:
    """One sentence when something outside our code is to blame, None when our code is."""
    sentences = [_sentence(one) for one in _leaves(error)]
    return None if None in sentences else sentences[0]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The error itself, or what a task group has collected."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _sentence(error: BaseException) -> str | None:
    # Imported only now: `manage.py --help` needs none of them.
    import psycopg
    from django.core.exceptions import ImproperlyConfigured
    from django.db import Error as DjangoDatabaseError

    from resync_site.postgres import EmbeddedPostgresError

    if isinstance(error, ImproperlyConfigured):
        return str(error)  # it says what to do
    if isinstance(error, (DjangoDatabaseError, psycopg.Error)):
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        if isinstance(cause, EmbeddedPostgresError):
            return str(cause)
        return _of_the_database(cause)
    if isinstance(error, UnicodeEncodeError) and "surrogates" in error.reason:
        return "an argument is not text in UTF-8."
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return " ".join(str(error).split()) if isinstance(error, _outages()) else None


def _of_the_database(cause: BaseException | None) -> str | None:
    import psycopg

    if sentence := _SENTENCES.get(getattr(cause, "sqlstate", None) or ""):
        return sentence
    if isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError)):
        verb = "refuses" if cause.sqlstate else "does not answer"
        return f"the database {verb}: {' '.join(str(cause).split())}"
    return None  # a statement of ours that makes no sense


def _outages() -> tuple[type[Exception], ...]:
    """What the rooms raise when something that they ask does not answer."""
    from django.apps import apps

    if not apps.ready:  # then none of them has asked anything
        return ()
    from knowledge.bounded_threads import KnowledgeBusy
    from knowledge.embedding_errors import EmbeddingError
    from knowledge.hits import SearchUnavailable
    from knowledge.llm import LLMError
    from tws.hwa.errors import TWSError

    return EmbeddingError, KnowledgeBusy, LLMError, SearchUnavailable, TWSError
