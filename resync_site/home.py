"""The folder of a checkout's state (`RESYNC_HOME`), made so that its database can enter it."""

from __future__ import annotations

import os
from pathlib import Path


def make_home(home: Path) -> None:
    """Make the folder and its missing parents; what exists already is left as it is.

    An ordinary user's folder is closed to others. Root's must let the system user pass on its way
    to the database, whatever root's umask says; its secret files are 0600.
    """
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
