"""The site that is shaken: its processes, started, killed, suspended and started again by us."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from django.db import connection

from resync_site import environment
from resync_site.children import Child
from resync_site.serve import (
    FIRST_PLAN_SECONDS,
    MANAGE,
    READY_SECONDS,
    any_free_port,
    manage,
    prepare_database,
    wait_for_web,
    web_command,
)
from resync_site.start import prepare_home, start_database
from tws.simulator.catalogue import HALF_DAY

LEASE_SECONDS = 3.0
IN_A_HURRY = {
    "AUDIT_LEASE_SECONDS": str(LEASE_SECONDS),
    "AUDIT_POLL_SECONDS": "0.5",
    "PLAN_READ_SECONDS": "1",
    "CHAT_MESSAGES_PER_MINUTE": "100000",
    "REPORTS_PER_HOUR": "100000",
    "API_REQUESTS_PER_MINUTE": "1000000",
}
"""What takes minutes on a real site must come within a short storm; no limit hides a fault."""
GONE_SECONDS = 15.0
CATCH_SECONDS = 5.0
"""So long we try to suspend an auditor while it holds leases; judges take milliseconds."""
NEW_PLAN_SECONDS = 3600.0
"""By the engine's clock no new plan is made for so long, unless we move the clock."""


class Site:
    def __init__(self, seed: str, jobs: int, say: Callable[[str], None]) -> None:
        self.home = environment.home()
        self.say = say
        self.faults: list[str] = []
        self.kills: dict[str, int] = {}
        web, self._hwa_port = any_free_port(), any_free_port()
        while web == self._hwa_port:
            web = any_free_port()
        self._web_port, self.address = web, f"127.0.0.1:{web}"
        hwa = ["run_simulator", "--port", str(self._hwa_port), "--jobs", str(jobs), "--seed", "7"]
        self._ahead = HALF_DAY - time.time() % HALF_DAY - NEW_PLAN_SECONDS
        hwa += ["--ahead", str(self._ahead)]
        self.children = {
            "simulator": Child("simulator", [*MANAGE, *hwa]),
            "web": Child("web", web_command("127.0.0.1", web)),
            "plan": Child("plan", [*MANAGE, "read_plan", "--watch"]),
            "auditor": Child("auditor", [*MANAGE, "run_auditor", "--watch"]),
            # Takes over what the first one held when that is suspended or killed.
            "auditor 2": Child("auditor 2", [*MANAGE, "run_auditor", "--watch"]),
        }
        self._suspended = False
        self._back_at: dict[str, float] = {}
        self._groups: set[int] = set()
        self._random = random.Random(seed)  # noqa: S311  a storm that can be had again
        self._deck: list[str] = []

    # --- up and down

    def start(self) -> None:
        prepare_home()
        file = self.home / environment.SIMULATOR_FILE
        file.write_text(f"https://127.0.0.1:{self._hwa_port}\n", encoding="utf-8")
        self._start("simulator")
        start_database()
        prepare_database()
        self._start("web")
        manage("create_logins")
        self.children["simulator"].wait_ready(READY_SECONDS)
        self._start("plan")
        self._start("auditor")
        self._start("auditor 2")
        wait_for_web(self.children["web"], "127.0.0.1", self._web_port)
        self.children["plan"].wait_ready(FIRST_PLAN_SECONDS)

    def token(self, name: str) -> str:
        logins = json.loads((self.home / "logins.json").read_text(encoding="utf-8"))
        return str(logins[name]["token"])

    def _start(self, name: str) -> None:
        child = self.children[name]
        child.start()
        self._groups.add(child.process.pid)

    def end(self) -> None:
        """All of our processes, and what they started; politely first."""
        for how, seconds in ((signal.SIGCONT, 0.0), (signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
            for process in self._running(self._groups):
                with suppress(psutil.Error):
                    process.send_signal(how)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and self._running(self._groups):
                for child in self._started():
                    child.process.poll()
                time.sleep(0.1)

    def _started(self) -> Iterator[Child]:
        return (child for child in self.children.values() if child.started_at)

    # --- the storm

    def rage(self, seconds: float) -> None:
        """Harm one process after the other, each kind once before any comes again; half-way on,
        the engine replaces its plan."""
        until = time.monotonic() + seconds
        new_plan_at: float | None = until - seconds / 2
        harm_at = time.monotonic() + 1
        while (now := time.monotonic()) < until:
            self.watch()
            if now >= harm_at:
                self._harm(self._drawn())
                harm_at = time.monotonic() + self._random.uniform(1, 4)
            if new_plan_at and now >= new_plan_at and "simulator" not in self._back_at:
                self.say("the engine makes a new plan")
                self.children["simulator"].command[-1] = str(self._ahead + NEW_PLAN_SECONDS + 60)
                self._harm("simulator")
                new_plan_at = None
            time.sleep(0.05)

    def calm(self) -> None:
        """Everything is up again."""
        self._resume()
        while self._back_at:
            self.watch()
            time.sleep(0.05)
        wait_for_web(self.children["web"], "127.0.0.1", self._web_port)

    def watch(self) -> None:
        """Start again what was killed, when its time has come; note what ended by itself."""
        now = time.monotonic()
        for name, child in self.children.items():
            if name in self._back_at:
                if now >= self._back_at[name]:
                    del self._back_at[name]
                    self._start(name)
            elif child.process.poll() is not None:
                self.faults.append(f"nobody had killed it: {child.died()}")
                self._back_at[name] = now + 1
        if "resume" in self._back_at and now >= self._back_at["resume"]:
            self._resume()

    def _drawn(self) -> str:
        if not self._deck:
            self._deck = [*self.children, "postgres", "suspend"]
            self._random.shuffle(self._deck)
        return self._deck.pop()

    def _harm(self, what: str) -> None:
        if what == "suspend":
            self._suspend()
        elif what == "postgres":
            self._kill_postgres()
        elif what == "web" and not self._web_is_up():
            self._deck.insert(0, what)  # a site that never gets up promises nobody anything
        elif what not in self._back_at:
            child = self.children[what]
            if what == "auditor":
                self._resume()
            self._count(what)
            child.process.kill()  # it alone: what it has started must notice by itself
            child.process.wait()
            self._back_at[what] = time.monotonic() + self._random.uniform(0, 2)

    def _web_is_up(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._web_port), timeout=1):
            return True
        return False

    def _suspend(self) -> None:
        """The first auditor, with memories in hand, until the other one has taken them over."""
        if self._suspended or "auditor" in self._back_at:
            return
        auditor = self.children["auditor"].process
        until = time.monotonic() + CATCH_SECONDS
        while time.monotonic() < until and auditor.poll() is None:
            with self._database():  # may wait for the auditor, who may be starting the server
                connection.ensure_connection()
            os.kill(auditor.pid, signal.SIGSTOP)
            if connection.connection and self._holds_leases(auditor.pid):
                self._count("suspend")
                self._suspended = True
                asleep = LEASE_SECONDS * self._random.uniform(1.2, 2)
                self._back_at["resume"] = time.monotonic() + asleep
                return
            os.kill(auditor.pid, signal.SIGCONT)
            time.sleep(0.02)

    def _holds_leases(self, pid: int) -> bool:
        from audits.models import AuditRecord  # Django is set up by now

        held = AuditRecord.objects.filter(status="running", lease_owner__contains=f":{pid}:")
        with self._database():
            return held.exists()
        return False

    @contextmanager
    def _database(self) -> Iterator[None]:
        """May be away; then nothing is known, and the connection is given up."""
        from knowledge.connections import DATABASE_AWAY

        try:
            yield
        except DATABASE_AWAY:
            connection.close()

    def _resume(self) -> None:
        self._back_at.pop("resume", None)
        if self._suspended:
            self._suspended = False
            os.kill(self.children["auditor"].process.pid, signal.SIGCONT)

    def _kill_postgres(self) -> None:
        """The server that runs on our own data folder; whoever connects next starts it again."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            if Path(f"/proc/{pid}/cwd").resolve() == (self.home / "postgres").resolve():
                self._count("postgres")
                os.kill(pid, signal.SIGKILL)

    def _count(self, what: str) -> None:
        self.say(f"kill {what}" if what != "suspend" else "suspend auditor")
        self.kills[what] = self.kills.get(what, 0) + 1

    def orphans(self) -> list[str]:
        """What the killed have left behind, although they are long gone."""
        old = self._groups - {child.process.pid for child in self._started()}
        deadline = time.monotonic() + GONE_SECONDS
        while (left := self._running(old)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return [f"{' '.join(process.cmdline())} outlives its parent" for process in left]

    def _running(self, groups: set[int]) -> list[psutil.Process]:
        """The processes of these groups that are ours; one that nobody has reaped does not run."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                ours = os.getpgid(process.pid) in groups
                if ours and process.environ().get("RESYNC_HOME") == str(self.home):
                    found.append(process)
        return found


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """A manage.py command to its end."""
    return subprocess.run(  # noqa: S603  our own command
        [*MANAGE, *words], capture_output=True, text=True, timeout=300, check=False
    )


@contextmanager
def stdout_kept_for_the_result(log: Path) -> Iterator[None]:
    """What children say goes into a file; standard output stays free."""
    kept = sys.stdout
    with log.open("w", encoding="utf-8") as sink:
        sys.stdout = sink
        try:
            yield
        finally:
            sys.stdout = kept
