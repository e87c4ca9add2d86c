"""The processes that `scripts/serve` runs: started, their lines passed on, restarted, ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 10
LONGEST_PAUSE_SECONDS = 30
STEADY_SECONDS = 60  # a child that ran this long starts again at once

_WITH_PARENT = str(Path(__file__).with_name("with_parent.py"))
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_printing = threading.Lock()


class ChildDied(Exception):
    """A process that the others can't do without has ended."""


def show(line: str) -> None:
    """Print a line. A reader who went away (`scripts/serve | head`) stops nothing."""
    with _printing, contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


@dataclass
class Child:
    name: str
    command: list[str]
    restarts: bool = False
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=15))
    deaths: int = 0
    started_at: float = 0.0
    restart_at: float = 0.0

    def start(self) -> None:
        """Only from the main thread: the kernel watches the thread that started a child."""
        self.started_at = time.monotonic()
        self._ready = threading.Event()
        self.process = subprocess.Popen(  # noqa: S603 (our own programs)
            [sys.executable, "-S", _WITH_PARENT, str(os.getpid()), *self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            process_group=0,  # Ctrl-C reaches us alone, and we end the children in order
        )
        self._lines = threading.Thread(target=self._pass_on, daemon=True)
        self._lines.start()

    def _pass_on(self) -> None:
        for line in self.process.stdout or ():
            text = _CONTROL.sub("?", line.rstrip())
            self.last_lines.append(text)
            show(f"{self.name:<9} | {text}")
            if text.startswith("ready "):
                self._ready.set()

    def wait_ready(self, seconds: float) -> None:
        """Wait for its line `ready …`; ChildDied when it ends or says nothing in time."""
        deadline = time.monotonic() + seconds
        while not self._ready.wait(0.05):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise self.died()

    def died(self) -> ChildDied:
        self._lines.join(timeout=1)
        how = self.process.poll()
        ending = "is not ready" if how is None else f"ended ({_ending(how)})"
        said = "\n".join(f"    {line}" for line in self.last_lines)
        return ChildDied(f"{self.name} {ending}. Its last lines:\n{said}")

    def watch(self) -> None:
        """Notice an end: start it again after a growing pause, or raise ChildDied."""
        if self.process.poll() is None:
            return
        if not self.restarts:
            raise self.died()
        now = time.monotonic()
        if not self.restart_at:
            self.deaths = 1 if now - self.started_at > STEADY_SECONDS else self.deaths + 1
            pause = min(2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)
            self.restart_at = now + pause
            show(f"serve     | {self.died()}")
            show(f"serve     | {self.name} starts again in {pause} s")
        elif now >= self.restart_at:
            self.restart_at = 0.0
            self.start()

    def end(self, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Children:
    def __init__(self) -> None:
        self._all: list[Child] = []

    def start(self, name: str, command: list[str], *, restarts: bool = False) -> Child:
        child = Child(name, command, restarts)
        child.start()
        self._all.append(child)
        return child

    def watch(self) -> None:
        for child in self._all:
            child.watch()

    def stop(self) -> None:
        """Ask all to end, and after a while make them."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            running = [child for child in self._all if child.process.poll() is None]
            for child in running:
                child.end(how)
            deadline = time.monotonic() + STOP_SECONDS
            for child in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.0, deadline - time.monotonic()))

    def kill(self) -> None:
        for child in self._all:
            if child.process.poll() is None:
                child.end(signal.SIGKILL)
