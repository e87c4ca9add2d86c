"""What can go wrong with the embedded server, in words that say what to do."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import psycopg


class EmbeddedPostgresError(psycopg.OperationalError):
    """The embedded server can't be had; the message says what is wrong and what to do.

    A kind of psycopg's own error, so that Django and health checks treat it as "no database".
    """


@contextlib.contextmanager
def plain_errors(home: Path) -> Iterator[None]:
    """Say in words what the system's error means for the state folder."""
    try:
        yield
    except OSError as error:
        place = error.filename or home
        if error.errno in {errno.ENOSPC, errno.EDQUOT} or _speaks_of_full_disk(str(error)):
            raise full_disk(place) from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise EmbeddedPostgresError(
                f"{place} can't be written or entered ({error.strerror}). Make it writable for "
                "this user, or set RESYNC_HOME to a folder that is."
            ) from error
        raise EmbeddedPostgresError(
            f"The database can't use {place}: {error.strerror or error}."
        ) from error


def full_disk(place: object) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"The disk that holds {place} is full. Free some space (200 MB at least), and try again."
    )


def failure(what: str, output: str, place: Path) -> EmbeddedPostgresError:
    """For a program of PostgreSQL's that failed and said `output`."""
    if _speaks_of_full_disk(output):
        return full_disk(place)
    return EmbeddedPostgresError(f"{what} ({place}):\n{output.strip()}")


def _speaks_of_full_disk(output: str) -> bool:
    return "No space left on device" in output or "Disk quota exceeded" in output
