"""A conversation at the terminal: follow-ups, where an answer comes from, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from resync_site.environment import CHECKOUT
from tests.programs import environment
from tws.answers.events import Chunk, Event, Failed, Final, Source, ToolCall
from tws.hwa import engines
from tws.hwa.engine import Engine
from tws.management.commands.ask import INTERRUPTED, Command

pytestmark = pytest.mark.django_db(transaction=True)

Converse = Callable[..., tuple[int, str]]


@pytest.fixture
def converse(
    monkeypatch: pytest.MonkeyPatch, hwa_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> Converse:
    """Ask, type these lines, and see the exit status with what was printed."""
    monkeypatch.setattr(engines, "configured_engines", lambda: [hwa_engine])

    def run(*typed: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        code = 0
        try:
            call_command("ask", "tws-analyzer", "--chat", *options)
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, capsys.readouterr().out

    return run


def test_conversation_goes_on_from_the_answer_before(converse: Converse) -> None:
    code, said = converse("/sources", "which jobs are late?", "/sources", "how many are there?")

    nothing, first, rest = said.split("[understood] ")
    assert code == 0
    assert "no answer yet" in nothing
    assert "late" in first.splitlines()[0]
    assert "[call] plan_query" in first
    assert "late" in rest.splitlines()[0]


def test_quit_ends_it_and_nothing_after_it_is_asked(converse: Converse) -> None:
    assert converse("/quit", "which jobs are late?") == (0, "")


def test_each_line_of_json_is_an_object(converse: Converse) -> None:
    code, said = converse("how many jobs are there?", "/sources", options=("--json",))

    answer, sources = map(json.loads, said.splitlines())
    assert (code, answer["outcome"]) == (0, "answered")
    assert sources == {"sources": answer["sources"], "tools": answer["tools"]}
    assert sources["sources"][0]["kind"] == "hwa"


def test_failure_is_told_by_the_exit_status_and_ends_nothing(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Engine(name="DOWN", base_url="https://127.0.0.1:9", username="u", password="p")
    monkeypatch.setattr(engines, "configured_engines", lambda: [down])

    code, said = converse("how many jobs are there?", "hello")

    assert code == 1
    assert "Hello." in said


def test_ctrl_c_ends_it_without_a_traceback(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Command, "_show", interrupted)

    assert converse("hello")[0] == INTERRUPTED


class Terminal:
    """A program at a terminal of its own, as somebody sits at it."""

    def __init__(self, *command: str, **more: str) -> None:
        self.said, (self._ours, theirs) = "", pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, *command], cwd=CHECKOUT, env=environment(TERM="xterm", **more),
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, words: str, pressing: str = "") -> str:
        """What is shown up to these words, from where the last time ended.

        A key is pressed again when nothing comes of it: Python's readline can miss a Ctrl-C that
        comes while it takes in a letter, until the next key.
        """
        tries = 12 if pressing else 1
        seconds = 60 / tries
        self.type(pressing)
        while words not in self.said:
            readable, _, _ = select.select([self._ours], [], [], seconds)
            if not readable:
                tries -= 1
                assert tries, f"not shown: {words!r}; but {self.said!r}"
                self.type(pressing)
                continue
            try:
                self.said += os.read(self._ours, 10_000).decode()
            except OSError as ended:
                raise AssertionError(f"it has ended: {self.said!r}") from ended
        before, _, self.said = self.said.partition(words)
        return before

    def end(self, pressing: str) -> int:
        """How it ends; the key is pressed again when nothing comes of it, as for `until`."""
        for _ in range(3):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(20)
            self.type(pressing)
        return self.process.wait(20)

    def rest(self) -> str:
        """What is shown until it has ended."""
        with contextlib.suppress(OSError):
            while piece := os.read(self._ours, 10_000):
                self.said += piece.decode()
        return self.said

    def close(self) -> None:
        self.process.kill()
        self.process.wait(20)
        os.close(self._ours)


@pytest.fixture
def silent_hwa() -> Iterator[socket.socket]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def test_somebody_at_a_terminal_edits_stops_goes_on_and_ends(silent_hwa: socket.socket) -> None:
    port = silent_hwa.getsockname()[1]
    engine = {"TWS_BASE_URL": f"https://127.0.0.1:{port}", "TWS_USER": "u", "TWS_PASSWORD": "p"}
    terminal = Terminal("manage.py", "ask", "tws-analyzer", "--chat", **engine)
    try:
        terminal.until("> ")
        terminal.type("which jobs failed?\r")
        with silent_hwa.accept()[0]:  # it is at work
            terminal.type("\x03")
            terminal.until("Stopped.")
        terminal.until("> ")
        terminal.type("rubbish")
        terminal.until("rubbish")
        terminal.until("> ", pressing="\x03")
        terminal.type("elloo\x7f\x01h\r")  # a letter taken back, one put in front
        terminal.until("Hello. Ask about")
        terminal.until("> ")
        terminal.type("\x1b[A\r")  # the line before
        terminal.until("Hello. Ask about")
        terminal.until("> ")
        terminal.type("\x04")
        assert terminal.process.wait(60) == 0
    finally:
        terminal.close()


def test_a_second_ctrl_c_leaves_whenever_it_comes(silent_hwa: socket.socket) -> None:
    port = silent_hwa.getsockname()[1]
    engine = {"TWS_BASE_URL": f"https://127.0.0.1:{port}", "TWS_USER": "u", "TWS_PASSWORD": "p"}
    terminal = Terminal("manage.py", "ask", "tws-analyzer", "--chat", **engine)
    try:
        terminal.until("> ")
        terminal.type("which jobs failed?\r")
        with silent_hwa.accept()[0]:
            terminal.type("\x03")
            terminal.until("Stopped.")
            terminal.type("\x03")  # before the prompt or at it
            assert terminal.end(pressing="\x03") == INTERRUPTED
        assert "Traceback" not in terminal.rest()
    finally:
        terminal.close()


def answering(stops: list[str], *, again: bool) -> Coroutine[Any, Any, Any]:
    """An answer that Ctrl-C is pressed at, and once more while it stops."""

    async def answer() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            if again:
                signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(0)
            stops.append("cleaned up")

    return answer()


@pytest.mark.parametrize("keeps_on", [True, False])
def test_ctrl_c_stops_an_answer_and_another_leaves(keeps_on: bool) -> None:
    command, stops = Command(), []
    command.keeps_on = keeps_on
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        if keeps_on:
            assert command._unless_stopped(loop, answering(stops, again=False)) is None
            assert stops == ["cleaned up"]
        with pytest.raises(KeyboardInterrupt):
            command._unless_stopped(loop, answering(stops, again=keeps_on))

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_answer_is_written_piece_by_piece(capsys: pytest.CaptureFixture[str]) -> None:
    class Slow(io.StringIO):
        flushed: list[str] = []

        def flush(self) -> None:
            self.flushed.append(self.getvalue())

    out = Slow()
    command = Command(stdout=out)

    for piece in ("Two ", "jobs", " failed."):
        command._show(Chunk(piece))

    assert out.flushed == ["Two ", "Two jobs", "Two jobs failed."]


def told(*events: Event) -> tuple[str, str]:
    """What is written of these, and what beside it."""
    command = Command(stdout=io.StringIO(), stderr=io.StringIO())
    for event in events:
        command._show(event)
    return command.stdout.getvalue(), command.stderr.getvalue()


def test_the_cells_of_a_table_stand_below_each_other() -> None:
    table = "Two:\n\n| job | status |\n| --- | --- |\n| PAYROLL | OK |\n| A |  |"

    assert told(Chunk(table))[0].splitlines()[2:] == [
        "| job     | status |",
        "| ------- | ------ |",
        "| PAYROLL | OK     |",
        "| A       |        |",
    ]
    ragged = "| a | b |\n| --- | --- |\n| c |"
    assert told(Chunk(ragged))[0] == ragged


def test_what_is_read_meanwhile_stands_on_a_line_of_its_own() -> None:
    call = ToolCall("log", {"job": "A"})

    assert told(call, Chunk("It failed."), call) == ("It failed.", "… log(job=A)\n\n… log(job=A)\n")


def test_nothing_that_others_wrote_steers_the_terminal() -> None:
    hostile = "\x1b[2J"
    source = Source("memory", "m1", hostile)
    final = Final("", sources=(source,), suggestions=(hostile,))

    said = told(
        ToolCall("log", {"job": hostile}), Chunk(hostile), final, Failed("internal", hostile)
    )

    assert "\x1b" not in "".join(said)
    assert "".join(said).count("⟨U+001B⟩") == 5


def test_what_came_of_a_question_is_said_in_its_language(converse: Converse) -> None:
    said = converse("onde fica a cantina?")[1]

    assert "[cannot] Isto não pôde ser respondido." in said
    assert "[você pode perguntar] " in said


def test_no_question_is_only_for_a_conversation() -> None:
    with pytest.raises(CommandError, match="empty"):
        call_command("ask", "tws-analyzer")


def test_who_forgets_the_agent_is_told_which_there_are() -> None:
    with pytest.raises(CommandError, match=r"no active agent 'Which jobs failed\?'.*tws-analyzer"):
        call_command("ask", "Which jobs failed?")
