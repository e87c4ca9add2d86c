"""What the scripts make sure of before anything runs: a usable state folder, a database."""

from __future__ import annotations

import tempfile

from resync_site import environment
from resync_site.home import make_home
from resync_site.postgres import EmbeddedPostgresError, embedded_server


class StartError(Exception):
    """Nothing can run; the message says what is wrong and what to do."""


def prepare_home() -> None:
    """Make `RESYNC_HOME`, and see that it can be written."""
    home = environment.home()
    try:
        make_home(home)
        with tempfile.TemporaryFile(dir=home) as trial:
            trial.write(b"\0" * 2**16)
    except OSError as error:
        raise StartError(
            f"the state folder {home} can't be written: {error.strerror}. Free space on its disk "
            "or make it writable, or set RESYNC_HOME to another folder."
        ) from error


def start_database() -> None:
    """Start the embedded server, unless `DATABASE_URL` names another."""
    if environment.text("DATABASE_URL"):
        return
    try:
        embedded_server(environment.home()).ensure_running()
    except EmbeddedPostgresError as error:
        raise StartError(str(error)) from error
