"""The old SQLite file, read as it stood at one moment and never changed.

A file in rollback mode is read in place, read-only. In WAL mode even a reader writes beside the
file, and a journal left by a crash must be played back; so those are copied to a temporary folder,
journal included, and the copy is read. Copied without it a file may lack rows: see `Doubt`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

TABLE = "audit_queue"
COLUMNS = (
    "memory_id", "user_query", "agent_response", "ia_audit_reason", "ia_audit_confidence",
    "status", "created_at", "reviewed_at",
)  # fmt: skip
MAGIC = b"SQLite format 3\x00"
BUSY_SECONDS = 5
# Where SQLite's readers hold their shared lock: https://www.sqlite.org/fileformat2.html#lockbyte
SHARED_FIRST, SHARED_SIZE = 0x40000002, 510


class SourceError(Exception):
    """The file can't be migrated at all. `code` is short and stable; the message helps."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why rows may be missing from a file that can be read. `code` is short and stable."""

    code: str
    message: str


class Source:
    """An opened file. Values come as SQLite stores them; text as bytes, valid UTF-8 or not."""

    def __init__(
        self, database: sqlite3.Connection, path: Path, doubts: tuple[Doubt, ...] = ()
    ) -> None:
        self._database = database
        self._path = path
        self.doubts = doubts

    def __len__(self) -> int:
        with _plain_errors(self._path):
            return int(self._database.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0])  # noqa: S608  a constant

    def rows(self, first: int = -(2**63), last: int = 2**63 - 1) -> Iterator[tuple[Any, ...]]:
        """(rowid, and the values of COLUMNS), from rowid `first` to `last`, in order."""
        query = (
            f"SELECT rowid, {', '.join(COLUMNS)} FROM {TABLE} "  # noqa: S608  constants
            "WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
        )
        with _plain_errors(self._path):
            # Not `yield from`: whoever leaves early would have it close a cursor of a closed file.
            for row in self._database.execute(query, (first, last)):  # noqa: UP028
                yield row


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """The file's table as it stands now, until the end of the block."""
    path = path.resolve()
    with contextlib.ExitStack() as stack:
        with _plain_errors(path):
            file = stack.enter_context(_open_file(path))
            header = file.read(100)
            _check_header(header, path)
            doubts = list(_doubts_of_header(header, path))
            if _needs_copy(header, path):
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="resync-")))
                database = sqlite3.connect(_private_copy(file, path, folder))
            else:
                # Before SQLite opens it: closing any descriptor of a file drops its locks.
                file.close()
                uri = f"{path.as_uri()}?mode=ro"
                database = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
            stack.callback(database.close)
            database.isolation_level = None
            doubts += _doubts_of_wal(database, path)
            database.execute("BEGIN")  # one snapshot for everything that is read
            _check_table(database, path)
            database.text_factory = bytes
        yield Source(database, path, tuple(doubts))


def _open_file(path: Path) -> IO[bytes]:
    if path.exists() and not path.is_file():
        raise SourceError("not_a_file", f"{path} is not a file.")
    return path.open("rb")


def _check_header(header: bytes, path: Path) -> None:
    if not header:
        raise SourceError("not_sqlite", f"{path} is empty.")
    if not header.startswith(MAGIC):
        raise SourceError("not_sqlite", f"{path} is not an SQLite file.")


def _needs_copy(header: bytes, path: Path) -> bool:
    in_wal_mode = 2 in header[18:20]
    return in_wal_mode or _size(_beside(path, "-journal")) > 0 or _size(_beside(path, "-wal")) > 0


def _doubts_of_header(header: bytes, path: Path) -> Iterator[Doubt]:
    """What a file that was copied without its journal still shows.

    https://www.sqlite.org/fileformat2.html: the number of pages in the header holds when the
    change counter equals the version it is valid for. A file cut short is an error of SQLite's.
    """
    if len(header) < 100 or any(_beside(path, suffix).exists() for suffix in ("-wal", "-journal")):
        return
    (page_size,) = struct.unpack_from(">H", header, 16)
    changes, pages = struct.unpack_from(">II", header, 24)
    (valid_for,) = struct.unpack_from(">I", header, 92)
    counted = pages * (65536 if page_size == 1 else page_size)
    if changes == valid_for and pages and _size(path) > counted:
        yield Doubt(
            "journal_missing",
            f"{path} holds more than its header counts: it was copied in the midst of a change, "
            "without its journal. Rows are missing or old. Copy it again with its -wal or "
            "-journal file, the earlier program stopped.",
        )
    elif 2 in header[18:20]:
        yield Doubt(
            "wal_missing",
            f"{path} is in WAL mode and has no {path.name}-wal beside it. If the earlier program "
            "was stopped in order before the file was copied, all rows are here; if not, the "
            "latest ones are missing: the file itself does not tell. Copy both files if there "
            "are two.",
        )


def _doubts_of_wal(database: sqlite3.Connection, path: Path) -> list[Doubt]:
    """SQLite passes over a log that belongs to another file or is damaged, without a word."""
    if not _size(_beside(path, "-wal")):
        return []
    _, frames, _ = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if frames > 0:
        return []
    return [
        Doubt(
            "wal_unused",
            f"Nothing in {path.name}-wal could be used: it is damaged, or of another file than "
            f"{path}. Rows may be missing. Copy both files again, the earlier program stopped.",
        )
    ]


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _private_copy(file: IO[bytes], path: Path, folder: Path) -> Path:
    """Copy the file and its journals, taken while no other program wrote them."""
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, SHARED_SIZE, SHARED_FIRST)
    except BlockingIOError:
        raise _locked(path) from None
    before = _fingerprint(path)
    file.seek(0)
    try:
        with (folder / path.name).open("wb") as copy:
            shutil.copyfileobj(file, copy, 2**20)
        for suffix in ("-wal", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(_beside(path, suffix), folder / f"{path.name}{suffix}")
    except OSError as error:
        raise SourceError(
            "not_readable",
            f"{path} can't be copied to {folder.parent}, which its journal makes necessary: "
            f"{error.strerror}. Set TMPDIR to a folder with more room.",
        ) from error
    if _fingerprint(path) != before:
        raise _locked(path)
    return folder / path.name


def _fingerprint(path: Path) -> list[tuple[int, int] | None]:
    stats: list[tuple[int, int] | None] = []
    for suffix in ("", "-wal", "-journal"):
        try:
            stat = os.stat(_beside(path, suffix))
            stats.append((stat.st_mtime_ns, stat.st_size))
        except FileNotFoundError:
            stats.append(None)
    return stats


def _check_table(database: sqlite3.Connection, path: Path) -> None:
    kind = database.execute("SELECT type FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone()
    if kind != ("table",):
        raise SourceError("no_table", f"{path} has no table {TABLE}.")
    there = {row[1].lower() for row in database.execute(f"PRAGMA table_info({TABLE})")}
    if missing := [name for name in COLUMNS if name not in there]:
        raise SourceError(
            "missing_columns", f"The table {TABLE} in {path} lacks {', '.join(missing)}."
        )
    try:
        database.execute(f"SELECT rowid FROM {TABLE} LIMIT 1")  # noqa: S608  a constant
    except sqlite3.OperationalError:
        raise SourceError(
            "missing_columns", f"The table {TABLE} in {path} was made WITHOUT ROWID."
        ) from None


def _locked(path: Path) -> SourceError:
    return SourceError(
        "locked",
        f"{path} is locked or being written by another program. "
        "Stop that program, or migrate a copy of the file.",
    )


@contextlib.contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """What the system and SQLite say, as one SourceError with a way out."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError("no_such_file", f"{path} does not exist.") from None
    except PermissionError:
        raise SourceError("not_readable", f"{path} can't be read by this user.") from None
    except OSError as error:
        raise SourceError("not_readable", f"{path} can't be read: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise _of_sqlite(error, path) from error


def _of_sqlite(error: sqlite3.Error, path: Path) -> SourceError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _locked(path)
    if name.startswith("SQLITE_NOTADB"):
        return SourceError("not_sqlite", f"{path} is not an SQLite file, or is encrypted.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_IOERR")):
        return SourceError(
            "corrupt",
            f"{path} is corrupt ({error}). Save what can be read into a new file and migrate "
            f"that: sqlite3 {path.name} .recover | sqlite3 recovered.db",
        )
    return SourceError("not_readable", f"{path} can't be read: {error}.")
