"""Commands end with one sentence: outages, wrong files and odd arguments bring no traceback."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import execute_from_command_line, get_commands, load_command_class

from resync_site.command_line import run
from resync_site.environment import CHECKOUT
from tests.factories import make_record
from tests.test_project import our_commands
from tws.simulator.server import SimulatorServer

ARGUMENTS = {
    "ask": ["tws-analyzer", "How many jobs failed?"],
    "create_token": ["nobody"],
    "eval_auditor": ["--decisions"],
    "eval_retrieval": [str(CHECKOUT / "tests/data/retrieval_two.jsonl")],
    "import_memories": [str(CHECKOUT / "tws/sample/knowledge.jsonl")],
    "postgres": ["psql", "-c", "SELECT 1"],
    "run_simulator": ["--jobs", "50"],
    "search_memories": ["restart"],
}
"""What a command can't do without."""
NEEDS_NO_DATABASE = {"check_llm", "check_tws", "postgres", "run_simulator"}
SETTINGS = {"RESYNC_ENV": "development", "DJANGO_SETTINGS_MODULE": "resync_site.settings"}
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nowhere",
    "TWS_BASE_URL": "http://127.0.0.1:9",
    "LLM_BASE_URL": "http://127.0.0.1:9/v1",
    "LLM_MAX_RETRIES": "0",
    "NOTIFY_EMAIL_TO": "nobody@localhost",
}
ODD = ["-1", "0", "junk", "nan", "1e400", "9" * 30, "", " ", "\udcff", "../..", "ß" * 5000]


def ended(*arguments: str) -> int:
    """The exit code of a command run here; what it printed is for capsys."""
    try:
        run("manage.py", lambda: execute_from_command_line(["manage.py", *arguments]))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def shell(
    *command: object, cwd: Path = CHECKOUT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def do_not_serve(server: SimulatorServer) -> None:
    server.socket.close()
    server._folder.cleanup()


@pytest.fixture(autouse=True)
def _nothing_stays(tmp_path: Path, monkeypatch, settings) -> None:
    """Files go to a folder of the test; the simulator does not serve; nothing is outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SimulatorServer, "serve_until_told", do_not_serve)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    settings.TWS_BASE_URL = "http://127.0.0.1:9"


# --- what is down ---------------------------------------------------------------------------

EACH_COMMAND = """
import sys
import django
django.setup()
from tests.test_command_line import ARGUMENTS, ended
for name in sys.argv[1:]:
    print(f"--- {name}", file=sys.stderr, flush=True)
    code = ended(name, *ARGUMENTS.get(name, []))
    print(f"--- {code}", file=sys.stderr, flush=True)
"""


def test_without_its_database_each_command_says_so_in_one_line() -> None:
    names = sorted(set(our_commands()) - NEEDS_NO_DATABASE)

    said = shell(sys.executable, "-c", EACH_COMMAND, *names, **SETTINGS, **NOWHERE)

    parts = said.stderr.split("--- ")[1:]
    found = {}
    for name, end in zip(parts[::2], parts[1::2], strict=True):
        found[name.partition("\n")[0]] = (end.strip(), name.partition("\n")[2])
    assert sorted(found) == names, said.stderr
    for name, (code, lines) in found.items():
        assert code == "2", name
        assert "Connection refused" in lines, name
        assert lines.count("\n") == 1, lines


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["ask", "check_tws", "load_sample"])
def test_without_hwa_a_command_says_so_without_a_traceback(name: str, capfd) -> None:
    code = ended(name, *ARGUMENTS.get(name, []))

    said = capfd.readouterr()
    assert code == (0 if name == "load_sample" else 1)
    assert "Traceback" not in said.err
    assert any(word in said.out + said.err for word in ("does not answer", "127.0.0.1:9"))


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_is_named(capfd, admin_user) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        code = ended("create_token", "admin")
    finally:
        connection.close()

    assert code == 2
    assert "read-only" in capfd.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_a_broken_decision_log_is_1_and_one_that_cannot_be_read_is_2(monkeypatch, capfd) -> None:
    from audits.management.commands import verify_decisions
    from audits.models import DecisionHead

    assert ended("verify_decisions") == 0
    DecisionHead.objects.update(seq=7)
    assert ended("verify_decisions") == 1
    DecisionHead.objects.all().delete()
    assert ended("verify_decisions") == 1
    monkeypatch.setattr(verify_decisions, "verify", lambda expect: {}[0])  # a fault of ours

    assert ended("verify_decisions") == 2
    assert "KeyError" in capfd.readouterr().err


# --- wrong files, odd arguments -------------------------------------------------------------


def wrong_files(folder: Path, ending: str) -> list[Path]:
    """One that is missing, a folder, one that the system can't read, and one that is broken."""
    places = {name: folder / f"{name}{ending}" for name in ("missing", "folder", "dead", "broken")}
    places["folder"].mkdir()
    places["dead"].symlink_to("/proc/self/mem")  # opens, and fails at the first read, also for root
    places["broken"].write_bytes(b"\xff\x00PK\x03\x04\x80" * 50)
    return list(places.values())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["", ".csv", ".xlsx"])
@pytest.mark.parametrize("name", ["import_memories", "eval_auditor"])
def test_a_wrong_file_is_one_sentence(name: str, ending: str, tmp_path, capfd) -> None:
    for file in wrong_files(tmp_path, ending):
        code = ended(name, str(file))

        out, said = capfd.readouterr()
        assert code in ((0, 1, 2) if file.stem == "broken" else (2,)), file
        assert "Traceback" not in said, file
        assert (said + out).strip(), file
        assert said.count("\n") == 1 or file.stem == "broken", said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["import_memories", "eval_auditor"])
@pytest.mark.parametrize("ending", ["", ".csv", ".xlsx"])
def test_a_file_without_an_end_is_refused(name: str, ending: str, tmp_path: Path, capfd) -> None:
    endless = tmp_path / f"endless{ending}"
    endless.symlink_to("/dev/zero")

    assert ended(name, str(endless)) == 2
    assert capfd.readouterr().err.count("is no file") == 1


@pytest.mark.django_db(transaction=True)
def test_memories_may_come_through_a_pipe_but_no_table_does(tmp_path: Path, capfd) -> None:
    for name, code, said in (("pipe", 0, "1 imported"), ("pipe.csv", 2, "is no file")):
        os.mkfifo(tmp_path / name)
        line = json.dumps({"question": "How?", "answer": "So."})
        writer = threading.Thread(target=(tmp_path / name).write_text, args=[line], daemon=True)
        writer.start()

        assert ended("import_memories", str(tmp_path / name)) == code
        out, err = capfd.readouterr()
        assert said in out + err


@pytest.mark.slow
@pytest.mark.parametrize("script", ["migrate_audit_db.py", "derive_hwa_contract.py"])
def test_a_script_says_what_is_wrong_with_a_file(script: str, tmp_path: Path) -> None:
    for file in wrong_files(tmp_path, ""):
        said = shell(sys.executable, CHECKOUT / "scripts" / script, file, cwd=tmp_path, **SETTINGS)

        assert said.returncode in (1, 2), file
        assert "Traceback" not in said.stderr, file
        assert said.stderr.strip(), file


def valued(name: str) -> list[argparse.Action]:
    """Each argument of ours that takes a value."""
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    theirs = {"help", "version", "verbosity", "settings", "pythonpath"}
    return [one for one in parser._actions if one.nargs != 0 and one.dest not in theirs]


def some_later(names: Sequence[str]) -> list[Any]:
    """Commands that do much for each argument are tried when what is slow is."""
    slow = {
        "ask", "eval_auditor", "eval_retrieval", "export_memories", "import_memories",
        "load_knowledge", "postgres",
    }  # fmt: skip
    return [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in names]


# A command that ends with the process leaves its sockets to the system; here that is a warning.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", some_later(our_commands()))
def test_odd_arguments_bring_no_traceback(name: str, capfd, admin_user, reviewer) -> None:
    make_record("pending")
    given = ARGUMENTS.get(name, [])
    for action in valued(name):
        for value in ODD:
            if action.option_strings:
                arguments = [*given, f"{action.option_strings[0]}={value}"]
            else:
                arguments = [value, *given[1:]]
            code = ended(name, *arguments)

            assert "Traceback" not in capfd.readouterr().err, arguments
            assert code in (0, 1, 2), arguments


# --- Ctrl-C, a closed pipe ------------------------------------------------------------------


def test_ctrl_c_is_quiet() -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "manage.py",
            "shell",
            "--no-imports",
            "-c",
            "import time; print(1, flush=True); time.sleep(60)",
        ],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    time.sleep(0.1)  # what is interrupted is the command, not the interpreter's own callbacks
    process.send_signal(signal.SIGINT)
    try:
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()

    assert (process.returncode, said) == (130, "")


def test_a_command_whose_reader_has_gone_ends_quietly() -> None:
    manage = f"'{sys.executable}' '{CHECKOUT / 'manage.py'}'"
    said = shell("bash", "-c", f"{manage} help --commands | true; echo ${{PIPESTATUS[0]}}")

    assert (said.stdout, said.stderr) == ("141\n", "")
