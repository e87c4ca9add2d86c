"""Files of records, as people have them: what is wrong with one line stops no other.

Each reader is a stream of (line number, a record or what is wrong with that line). Memory stays
flat, whatever the file holds; a file that makes no sense as a whole is an UnreadableFile.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class UnreadableFile(Exception):
    """The file as a whole can't be read; the message says why."""


class Bad(Exception):
    """What is wrong with one line."""


def require_file(path: Path, *, or_pipe: bool = False) -> None:
    """Refuse what may have no end (`/dev/zero`), and a pipe where it would be read twice."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise UnreadableFile(_("%(path)s is a folder.") % {"path": path})
    if not (stat.S_ISREG(mode) or (or_pipe and stat.S_ISFIFO(mode))):
        raise UnreadableFile(_("%(path)s is no file.") % {"path": path})


Record = Mapping[str, Any] | Bad

LONGEST_LINE = 4 * 2**20
TOO_LONG: Any = gettext_lazy("longer than 4 MiB")
