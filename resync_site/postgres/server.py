"""Starting, finding and stopping the server.

It listens on a Unix socket in a closed folder of its own and nowhere else; it asks the kernel who
is calling (`peer`), and clients ask who is answering (`requirepeer`).
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import stat
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from resync_site.home import make_home
from resync_site.postgres.data import NAME, check_data, create_data, require_space
from resync_site.postgres.errors import EmbeddedPostgresError, failure, plain_errors
from resync_site.postgres.programs import SYSTEM_USER, Programs, programs_for
from resync_site.postgres.users import Users

PORT = "5432"  # only part of the socket's name
START_SECONDS = 120
STOP_SECONDS = 60
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
        self._users = Users(self.home)
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self._leave_at_exit)

    # --- what callers use -------------------------------------------------------------------

    def ensure_running(self) -> None:
        """Be a user of the server, and start it if it isn't up.

        Cheap once we are a user: nobody stops the server then, it can only have been killed.
        """
        with self._mutex, plain_errors(self.home):
            if self._users.joined and self._answers():
                return
            make_home(self.home)
            with self._users.alone():
                joined = self._users.joined
                self._users.join()
                try:
                    if not self._settled():
                        self._start()
                except BaseException:
                    if not joined:
                        self._users.leave()
                    raise

    def stop(self) -> None:
        """Stop using the server; the last user to go stops it."""
        with self._mutex, plain_errors(self.home):
            if not self._users.joined:
                return
            if not self.home.exists():  # removed under us: the server goes by itself
                self._users.leave()
                return
            with self._users.alone():
                if self._users.is_last() and self._postmaster():
                    self._halt("fast")
                    with contextlib.suppress(OSError):  # not there, or not empty: no harm
                        self.socket_folder.rmdir()
                self._users.leave()

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
        with self._users.alone():  # root's copies are made by one process
            folder = programs_for(self.home).folder
        if name not in {path.name for path in folder.iterdir()}:
            raise EmbeddedPostgresError(f"PostgreSQL has no program {name!r} in {folder}.")
        return folder / name

    # --- the end of a process --------------------------------------------------------------

    def _forget(self) -> None:
        """A forked child is no user until it connects itself; the parent's lock stays."""
        self._mutex = threading.RLock()
        self._users.leave()

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
        import psutil  # only by who starts the server, or finds it started

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
        new = not self.data.exists()
        if new:
            require_space(self.home)
        programs = programs_for(self.home)
        if new:
            create_data(self.data, programs)
        check_data(self.data, programs)
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
            raise failure("The database server did not start", started.stdout + _tail(log), log)

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
                raise failure("The database server did not stop", stopped.stdout, self.data)
            self._halt("immediate")

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
        import psutil

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
        import psutil

        return SYSTEM_USER if os.geteuid() == 0 else psutil.Process().username()


def _socket_folder(home: Path) -> Path:
    """Short, because a socket's path may have 107 bytes, and the same for every process.

    Not XDG_RUNTIME_DIR: it goes when the user logs out, and cron jobs don't have it.
    """
    root = os.geteuid() == 0
    base = Path("/run") if root and os.access("/run", os.W_OK) else Path("/tmp")  # noqa: S108 (see _claim_socket_folder)
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return base / f"resync-{os.geteuid()}-{digest}"


def _tail(log: Path) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:])
