"""Who uses the server: locks on two files, which the kernel lets go of even after kill -9."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from resync_site.postgres.errors import EmbeddedPostgresError

LOCK_SECONDS = 180


class Users:
    """This process among the users of the server.

    * `postgres.users`  held, shared, by every user for its whole life: who can have it alone is
                        the last one
    * `postgres.lock`   held alone for the moment of joining, leaving, starting and stopping
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._held: int | None = None  # descriptor of postgres.users

    @property
    def joined(self) -> bool:
        return self._held is not None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from joining, leaving, starting and stopping meanwhile."""
        descriptor = _open(self._home / "postgres.lock")
        try:
            deadline = time.monotonic() + LOCK_SECONDS
            while not _locked(descriptor, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(
                        f"Another process has held {self._home / 'postgres.lock'} for "
                        f"{LOCK_SECONDS} s while starting or stopping the database. "
                        "Find it with `fuser` on that file, end it, and try again."
                    )
                time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def join(self) -> None:
        """Within alone(), so nobody holds the file exclusively: this never waits."""
        if self._held is None:
            self._held = _open(self._home / "postgres.users")
            _locked(self._held, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Within alone(), and only to leave: a refused conversion may lose our lock (flock(2))."""
        return self._held is not None and _locked(self._held, fcntl.LOCK_EX)

    def leave(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
