"""The embedded PostgreSQL: started when it is needed, stopped when nobody needs it.

State in `RESYNC_HOME`:

* `postgres/`        the data, and `server.log`
* `postgres.lock`    held for the moment of starting or stopping, so that only one does
* `postgres.users`   held, shared, by every process that uses the server, for its whole life; the
                     kernel lets go of it even after kill -9. Who can have it alone is the last.

The server listens on a Unix socket in a closed folder of its own and nowhere else; it asks the
kernel who is calling (`peer`), and clients ask who is answering (`requirepeer`).
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import functools
import hashlib
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from psycopg.conninfo import make_conninfo

from resync_site.home import make_home
from resync_site.postgres_programs import (
    SYSTEM_USER,
    EmbeddedPostgresError,
    Programs,
    major_version,
    programs_for,
)

__all__ = ["EmbeddedPostgresError", "EmbeddedServer", "embedded_server"]

NAME = "resync"  # the database, and its role, which is superuser
PORT = "5432"  # only part of the socket's name
LOCK_SECONDS = 180
START_SECONDS = 120
STOP_SECONDS = 60
NEW_DATA_BYTES = 200 * 2**20
LOG_BYTES = 10 * 2**20

# For a small machine. Durability stays as PostgreSQL ships it.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": PORT,
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_timezone": "UTC",
    "cluster_name": "resync",
}


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The running server as its `postmaster.pid` describes it."""

    pid: int
    status: str  # starting, ready, stopping


@functools.cache
def embedded_server(home: Path) -> EmbeddedServer:
    """The one server object of this process for `home`."""
    return EmbeddedServer(home)


class EmbeddedServer:
    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.data = self.home / "postgres"
        self.socket_folder = _socket_folder(self.home)
        self._socket = self.socket_folder / f".s.PGSQL.{PORT}"
        self._mutex = threading.RLock()
        self._users: int | None = None  # descriptor of postgres.users while we use the server
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self._leave_at_exit)

    # --- what callers use -------------------------------------------------------------------

    def ensure_running(self) -> None:
        """Be a user of the server, and start it if it isn't up.

        Cheap once we are a user: nobody stops the server then, it can only have been killed.
        """
        with self._mutex, _plain_errors(self.home):
            if self._users is not None and self._answers():
                return
            make_home(self.home)
            with self._alone():
                joined = self._users is not None
                self._join()
                try:
                    if not self._settled():
                        self._start()
                except BaseException:
                    if not joined:
                        self._let_go()
                    raise

    def stop(self) -> None:
        """Stop using the server; the last user to go stops it."""
        with self._mutex, _plain_errors(self.home):
            if self._users is None:
                return
            if not self.home.exists():  # removed under us: the server goes by itself
                self._let_go()
                return
            with self._alone():
                if self._is_last_user() and self._postmaster():
                    self._halt("fast")
                    with contextlib.suppress(OSError):  # not there, or not empty: no harm
                        self.socket_folder.rmdir()
                self._let_go()

    def settings(self) -> dict[str, Any]:
        """What Django's DATABASES needs to connect, but for NAME; nothing is started."""
        return {
            "USER": NAME,
            "PASSWORD": "",
            "HOST": str(self.socket_folder),
            "PORT": PORT,
            "OPTIONS": {"requirepeer": self._owner_name()},
        }

    def conninfo(self, database: str = NAME) -> str:
        return make_conninfo(
            host=str(self.socket_folder),
            port=PORT,
            user=NAME,
            dbname=database,
            requirepeer=self._owner_name(),
        )

    def variables(self) -> dict[str, str]:
        """The same for PostgreSQL's own programs, as environment variables."""
        return {
            "PGHOST": str(self.socket_folder),
            "PGPORT": PORT,
            "PGUSER": NAME,
            "PGDATABASE": NAME,
            "PGREQUIREPEER": self._owner_name(),
        }

    def program(self, name: str) -> Path:
        make_home(self.home)
        with self._alone():  # root's copies are made by one process
            folder = programs_for(self.home).folder
        if name not in {path.name for path in folder.iterdir()}:
            raise EmbeddedPostgresError(f"PostgreSQL has no program {name!r} in {folder}.")
        return folder / name

    # --- locks ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep every other process from starting, joining or stopping meanwhile."""
        descriptor = _open_lock(self.home / "postgres.lock")
        try:
            deadline = time.monotonic() + LOCK_SECONDS
            while not _locked(descriptor, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(
                        f"Another process has held {self.home / 'postgres.lock'} for "
                        f"{LOCK_SECONDS} s while starting or stopping the database. "
                        "Find it with `fuser` on that file, end it, and try again."
                    )
                time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def _join(self) -> None:
        if self._users is None:
            self._users = _open_lock(self.home / "postgres.users")
            _locked(self._users, fcntl.LOCK_SH)  # exclusive only ever within _alone(): never waits

    def _is_last_user(self) -> bool:
        # A refused conversion may lose the shared lock (flock(2)); we are leaving, and nobody can
        # come in between, because joining needs _alone().
        return self._users is not None and _locked(self._users, fcntl.LOCK_EX)

    def _let_go(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def _forget(self) -> None:
        """A forked child is no user until it connects itself; the parent's lock stays."""
        self._mutex = threading.RLock()
        self._let_go()

    def _leave_at_exit(self) -> None:
        try:
            self.stop()
        except EmbeddedPostgresError as error:
            sys.stderr.write(f"The embedded database was not stopped: {error}\n")

    # --- is it up ---------------------------------------------------------------------------

    def _postmaster(self) -> Postmaster | None:
        """The server on our data, if it is alive: a process id alone may have a new owner."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None
        if not self._works_here(pid):
            return None
        return Postmaster(pid, status=lines[7].strip() if len(lines) > 7 else "starting")

    def _works_here(self, pid: int) -> bool:
        """PostgreSQL's processes have the data folder as their working directory."""
        try:
            process = psutil.Process(pid)
            zombie = process.status() == psutil.STATUS_ZOMBIE
            return not zombie and process.cwd() == str(self.data.resolve())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def _answers(self) -> bool:
        postmaster = self._postmaster()
        return postmaster is not None and postmaster.status == "ready" and self._socket.exists()

    def _settled(self) -> bool:
        """Whether the server is up, once it has ended starting or stopping.

        One whose socket was removed (a cleaner in /tmp) serves nobody: it is stopped.
        """
        deadline = time.monotonic() + START_SECONDS
        while postmaster := self._postmaster():
            if self._answers():
                return True
            if postmaster.status == "ready":
                self._halt("fast")
            elif time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"The database server (process {postmaster.pid}) is still "
                    f"{postmaster.status} after {START_SECONDS} s. "
                    f"See {self.data / 'server.log'}."
                )
            time.sleep(0.02)
        return False

    # --- start and stop ---------------------------------------------------------------------

    def _start(self) -> None:
        if not self.data.exists() and shutil.disk_usage(self.home).free < NEW_DATA_BYTES:
            raise EmbeddedPostgresError(_full_disk(self.home))
        programs = programs_for(self.home)
        if not self.data.exists():
            self._initialise(programs)
        self._check_data(programs)
        self._claim_socket_folder(programs)
        self._clear_leftovers()
        log = self.data / "server.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_name("server.log.1"))
        options = " ".join(f"-c {name}={value}" for name, value in self._server_settings().items())
        started = programs.run(
            "pg_ctl",
            *("start", "--wait", f"--timeout={START_SECONDS}", "--silent"),
            *("--pgdata", self.data, "--log", log, "--options", options),
        )
        if started.returncode != 0:
            raise _failure("The database server did not start", started.stdout + _tail(log), log)

    def _server_settings(self) -> dict[str, str]:
        quoted = {name: value or "''" for name, value in SERVER_SETTINGS.items()}
        return quoted | {"unix_socket_directories": str(self.socket_folder)}

    def _halt(self, mode: str) -> None:
        programs = programs_for(self.home)
        stopped = programs.run(
            "pg_ctl",
            *("stop", f"--mode={mode}", "--wait", f"--timeout={STOP_SECONDS}", "--silent"),
            *("--pgdata", self.data),
        )
        if stopped.returncode != 0 and self._postmaster():
            if mode == "immediate":
                raise _failure("The database server did not stop", stopped.stdout, self.data)
            self._halt("immediate")

    def _initialise(self, programs: Programs) -> None:
        """Make the data folder under another name, and only rename it when it is complete."""
        fresh = self.home / "postgres.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        programs.own(fresh)
        made = programs.run(
            "initdb",
            *("--pgdata", fresh, f"--username={NAME}", "--encoding=UTF8", "--auth=peer"),
            # Sorting by code point, the same on every machine; letters are known beyond ASCII.
            *("--locale-provider=builtin", "--locale=C.UTF-8", "--lc-messages=C"),
        )
        if made.returncode != 0:
            raise _failure("The database could not be created", made.stdout, self.home)
        self._allow_owner(fresh, programs)
        created = programs.run(
            "postgres", "--single", "-D", fresh, "postgres", text_input=f"CREATE DATABASE {NAME}\n"
        )
        if created.returncode != 0:
            raise _failure("The database could not be created", created.stdout, self.home)
        fresh.rename(self.data)

    def _allow_owner(self, fresh: Path, programs: Programs) -> None:
        """Who runs the server, and root if we are root, may be any role; nobody else connects."""
        names = {programs.account.pw_name} | ({"root"} if os.geteuid() == 0 else set())
        rules = {
            "pg_hba.conf": "local all all peer map=owner\n",
            "pg_ident.conf": "".join(f'owner "{name}" all\n' for name in sorted(names)),
        }
        for file, text in rules.items():
            (fresh / file).write_text(text)

    def _check_data(self, programs: Programs) -> None:
        owner = self.data.stat().st_uid
        if owner != programs.account.pw_uid:
            raise EmbeddedPostgresError(
                f"{self.data} belongs to user id {owner}, but the database would run as "
                f"'{programs.account.pw_name}'. Run the command as the user who made it, or set "
                "RESYNC_HOME to another folder."
            )
        made_by = self.data / "PG_VERSION"
        if not made_by.exists():
            raise EmbeddedPostgresError(
                f"{self.data} holds no database (no PG_VERSION). Move it away, or set RESYNC_HOME "
                "to another folder."
            )
        if (found := made_by.read_text().strip()) != major_version():
            raise EmbeddedPostgresError(
                f"{self.data} was made by PostgreSQL {found}; this is {major_version()}. Dump it "
                f"with the version of Resync that made it and restore it here (see "
                "docs/operations.md), or set RESYNC_HOME to another folder."
            )

    def _claim_socket_folder(self, programs: Programs) -> None:
        folder = self.socket_folder
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        # Root's own: a start that was interrupted right here.
        ours = found.st_uid in {programs.account.pw_uid, os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or not ours or stat.S_IMODE(found.st_mode) & 0o077:
            raise EmbeddedPostgresError(
                f"{folder} should be a folder of '{programs.account.pw_name}' that is closed to "
                "others, and it isn't: somebody else made it. Have it removed, and try again."
            )
        programs.own(folder)

    def _clear_leftovers(self) -> None:
        """End what a killed server left behind, then remove its marks.

        Called when no server is alive on our data: processes still working here are orphans, and
        a process id in a lock file may belong to somebody else by now.
        """
        orphans = [
            process
            for process in psutil.process_iter(["name"])
            if process.info["name"] == "postgres" and self._works_here(process.pid)
        ]
        for end in (psutil.Process.terminate, psutil.Process.kill):
            for process in orphans:
                with contextlib.suppress(psutil.NoSuchProcess):
                    end(process)
            _, orphans = psutil.wait_procs(orphans, timeout=5)
        socket_lock = self._socket.with_name(f"{self._socket.name}.lock")
        for mark in (self.data / "postmaster.pid", self._socket, socket_lock):
            mark.unlink(missing_ok=True)

    def _owner_name(self) -> str:
        return SYSTEM_USER if os.geteuid() == 0 else psutil.Process().username()


def _socket_folder(home: Path) -> Path:
    """Short, because a socket's path may have 107 bytes, and the same for every process.

    Not XDG_RUNTIME_DIR: it goes when the user logs out, and cron jobs don't have it.
    """
    root = os.geteuid() == 0
    base = Path("/run") if root and os.access("/run", os.W_OK) else Path("/tmp")  # noqa: S108 (see _claim_socket_folder)
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return base / f"resync-{os.geteuid()}-{digest}"


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _plain_errors(home: Path) -> Iterator[None]:
    """Say in words what the system's error means for the state folder."""
    try:
        yield
    except OSError as error:
        place = error.filename or home
        if error.errno in {errno.ENOSPC, errno.EDQUOT} or _speaks_of_full_disk(str(error)):
            raise EmbeddedPostgresError(_full_disk(place)) from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise EmbeddedPostgresError(
                f"{place} can't be written or entered ({error.strerror}). Make it writable for "
                "this user, or set RESYNC_HOME to a folder that is."
            ) from error
        raise EmbeddedPostgresError(
            f"The database can't use {place}: {error.strerror or error}."
        ) from error


def _speaks_of_full_disk(output: str) -> bool:
    return "No space left on device" in output or "Disk quota exceeded" in output


def _full_disk(place: object) -> str:
    return f"The disk that holds {place} is full. Free some space (200 MB at least), and try again."


def _failure(what: str, output: str, place: Path) -> EmbeddedPostgresError:
    if _speaks_of_full_disk(output):
        return EmbeddedPostgresError(_full_disk(place))
    return EmbeddedPostgresError(f"{what} ({place}):\n{output.strip()}")


def _tail(log: Path) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:])
