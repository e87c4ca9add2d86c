"""Log lines: what users, HWA and LLMs wrote may reach a log, and must not forge a line in it."""

from __future__ import annotations

import logging
import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class OneLineFormatter(logging.Formatter):
    """A record's message is one line; control characters are shown as escapes."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        if record.exc_info or record.stack_info:
            return line  # a traceback needs its lines
        line = line.replace("\n", "\\n").replace("\t", "\\t")
        return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", line)
