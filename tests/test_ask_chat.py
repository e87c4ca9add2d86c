"""A conversation at the terminal: follow-ups, where an answer comes from, how it ends."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tws.answers.events import Chunk
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


def test_no_question_is_only_for_a_conversation() -> None:
    with pytest.raises(CommandError, match="empty"):
        call_command("ask", "tws-analyzer")
