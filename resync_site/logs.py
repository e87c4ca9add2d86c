"""Log lines: what users, HWA and LLMs wrote may reach a log, and must not forge a line in it."""

from __future__ import annotations

import logging

from knowledge.secrets import mask_secrets
from knowledge.visible import visible

FORMAT = "{asctime} {levelname} {name} {message}"
_SHOWN = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})


class OneLineFormatter(logging.Formatter):
    """A record is one line, its traceback too; hidden characters are shown, secrets masked."""

    def format(self, record: logging.LogRecord) -> str:
        if getattr(record, "status_code", 500) < 500:  # a refused request: nothing went wrong here
            kept = record.__dict__ | {"exc_info": None, "exc_text": None}
            record = logging.makeLogRecord(kept)
        return visible(mask_secrets(super().format(record)).translate(_SHOWN))


def format_uvicorns_lines() -> None:
    """uvicorn has set up its own logging before it loads us: what it logs, and where, stays."""
    for name in ("uvicorn", "uvicorn.access"):
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(OneLineFormatter(FORMAT, style="{"))
