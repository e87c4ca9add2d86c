"""Makes an `audit_queue.db` as the earlier program left it, with a share of its rows broken.

For tests, and by hand: `.venv/bin/python tests/make_audit_db.py /tmp/audit_queue.db 1000000`
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE audit_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    memory_id TEXT UNIQUE,
    user_query TEXT,
    agent_response TEXT,
    ia_audit_reason TEXT,
    ia_audit_confidence REAL,
    status TEXT DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    reviewed_at TIMESTAMP
)
"""
COLUMNS = (
    "memory_id", "user_query", "agent_response", "ia_audit_reason", "ia_audit_confidence",
    "status", "created_at", "reviewed_at",
)  # fmt: skip
Row = dict[str, Any]


def _text(value: bytes) -> str:
    """Marks bytes that SQLite shall store as TEXT although they are not UTF-8."""
    return "HEX:" + value.hex()


# Each way a row can be broken: what the migration calls it, and what is done to the row.
BREAKS: dict[str, Callable[[Row, int], Row]] = {
    "unknown_status": lambda row, n: row | {"status": ["done", "APPROVED", "", None][n % 4]},
    "bad_confidence": lambda row, n: (
        row | {"ia_audit_confidence": [1.01, -0.2, 9e999, "high"][n % 4]}
    ),
    "nul": lambda row, n: row | {"agent_response": f"before\x00after {n}"},
    "not_utf8": lambda row, n: row | {"user_query": _text(b"caf\xe9 %d \xff" % n)},
    "blank_text": lambda row, n: row | {"agent_response": ["", " \n\t", None][n % 3]},
    "bad_time": lambda row, n: row | {"created_at": ["yesterday", None, "2024-02-31"][n % 3]},
    "bad_id": lambda row, n: row | {"memory_id": [None, "x" * 300 + str(n)][n % 2]},
}
# Not broken, but not new either: these are skipped.
REPEATS = ("same_text",)

_QUESTIONS = (
    "Por que o job {job} falhou no stream {stream}?",
    "Why did {job} end with return code {code}?",
    "Quando o {stream} costuma terminar na workstation {ws}?",
    "How do I restart the agent on {ws} after AWSBEH021E?",
)
_ANSWERS = (
    "O job {ws}#{stream}.{job} terminou em ABEND com código {code}: o arquivo de entrada não "
    "havia chegado até as 02:{minute:02d}. Depois da chegada, use conman rerun e confirme.",
    "{job} abended with return code {code} because the database listener on {ws} was down; "
    "run StartUpLwa there, then rerun {stream} from {job}.",
    "{stream} normally ends at 05:{minute:02d}; it waits for {job}, whose predecessor is late "
    "when {ws} is unlinked (AWSJIS001I).",
)


def make_row(number: int, chance: random.Random) -> Row:
    """A sound row; every third id is not a UUID."""
    words = {
        "job": f"JOB_{number:07d}",
        "stream": f"STREAM_{chance.randrange(400):03d}",
        "ws": f"WS{chance.randrange(60):02d}",
        "code": chance.randrange(1, 255),
        "minute": chance.randrange(60),
    }
    created = datetime(2024, 1, 1) + timedelta(seconds=number * 31)  # noqa: DTZ001 (as it was kept)
    status = chance.choice(["pending", "approved", "rejected"])
    reviewed = None if status == "pending" else str(created + timedelta(hours=5, microseconds=7))
    unique = uuid.UUID(int=chance.getrandbits(128), version=4)
    return {
        "memory_id": f"mem-{number}" if number % 3 == 0 else str(unique),
        "user_query": chance.choice(_QUESTIONS).format(**words),
        "agent_response": chance.choice(_ANSWERS).format(**words),
        "ia_audit_reason": f"The log of {words['job']} says otherwise.",
        "ia_audit_confidence": round(chance.uniform(0.6, 1.0), 3),
        "status": status,
        "created_at": str(created),
        "reviewed_at": reviewed,
    }


def make_rows(count: int, share: float, seed: int = 1) -> Iterator[tuple[str, Row]]:
    """`count` rows, each with what it is: "sound", a way of `BREAKS`, or "same_text"."""
    chance = random.Random(seed)
    kinds = ["sound", *BREAKS, *REPEATS]
    weights = [1 - share * (len(kinds) - 1)] + [share] * (len(kinds) - 1)
    last = make_row(0, chance)
    for number in range(1, count + 1):
        kind = chance.choices(kinds, weights)[0] if number > 1 else "sound"
        row = make_row(number, chance)
        if kind in BREAKS:
            row = BREAKS[kind](row, number)
        elif kind == "same_text":
            same = ("user_query", "agent_response", "status")
            row |= {name: last[name] for name in same}
        else:
            last = row
        yield kind, row


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and value.startswith("HEX:")


def insert(database: sqlite3.Connection, row: Row) -> None:
    values = [row.get(name) for name in COLUMNS]
    raw = [bytes.fromhex(value[4:]) if _is_hex(value) else value for value in values]
    marks = ", ".join("CAST(? AS TEXT)" if _is_hex(value) else "?" for value in values)
    columns = ", ".join(COLUMNS)
    database.execute(f"INSERT INTO audit_queue ({columns}) VALUES ({marks})", raw)  # noqa: S608  constants


def make_audit_db(path: Path, count: int, share: float = 0.01, seed: int = 1) -> Counter[str]:
    """Write the file; how many rows there are of each kind."""
    kinds: Counter[str] = Counter()
    database = sqlite3.connect(path)
    database.execute(SCHEMA)
    for kind, row in make_rows(count, share, seed):
        kinds[kind] += 1
        insert(database, row)
    database.commit()
    database.close()
    return kinds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("rows", type=int)
    parser.add_argument("--share", type=float, default=0.01, help="of each way of being broken")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kinds = make_audit_db(options.path, options.rows, options.share, options.seed)
    print(json.dumps({"rows": options.rows, **kinds}))  # noqa: T201 (its output)


if __name__ == "__main__":
    main()
