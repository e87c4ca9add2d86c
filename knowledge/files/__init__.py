"""Files of records, as people have them: what is wrong with one line stops no other.

Each reader is a stream of (line number, a record or what is wrong with that line). Memory stays
flat, whatever the file holds; a file that makes no sense as a whole is an UnreadableFile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class UnreadableFile(Exception):
    """The file as a whole can't be read; the message says why."""


class Bad(Exception):
    """What is wrong with one line."""


Record = Mapping[str, Any] | Bad

LONGEST_LINE = 4 * 2**20
TOO_LONG = f"longer than {LONGEST_LINE // 2**20} MiB"
