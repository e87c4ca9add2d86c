"""The scripts as a newcomer runs them, and what they say when they can't run."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from resync_site.environment import CHECKOUT
from resync_site.postgres import EmbeddedServer

SCRIPTS = CHECKOUT / "scripts"
PYTHON_SCRIPTS = [SCRIPTS / name for name in ("_bootstrap.py", "serve", "test", "check")]

in_our_venv = pytest.mark.skipif(
    Path(sys.prefix) != CHECKOUT / ".venv", reason="the scripts would make a .venv first"
)


def run(*command: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="resync scripts ", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "home"
    server = EmbeddedServer(folder / "home")
    if server.data.exists():
        server.ensure_running()  # one that kill -9 left behind: its last user stops it
        server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


# --- before there is an environment ---------------------------------------------------------


@pytest.mark.parametrize("script", PYTHON_SCRIPTS, ids=lambda path: path.name)
def test_an_old_python_can_parse_the_scripts(script: Path):
    ast.parse(script.read_text(), feature_version=(3, 6))


def test_an_old_python_is_told_what_to_do():
    pretend = (
        "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0);"
        f"sys.path.insert(0, {str(SCRIPTS)!r}); sys.argv = ['scripts/serve'];"
        f"runpy.run_path({str(SCRIPTS / 'serve')!r})"
    )

    old = run(sys.executable, "-c", pretend)

    assert old.returncode != 0
    assert "needs Python 3.11 or newer; this is 3.9" in old.stderr


def test_bytecode_is_kept_for_processes_that_may_not_write_it(tmp_path: Path, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    bootstrap = importlib.import_module("_bootstrap")
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "tws").mkdir()
    (tmp_path / "tws" / "jobs.py").write_text("", encoding="utf-8")

    bootstrap._compile()

    assert list(tmp_path.glob("tws/__pycache__/jobs.*.pyc"))


@pytest.mark.slow
def test_a_registry_that_does_not_answer_is_named(tmp_path: Path):
    checkout = tmp_path / "a clone"
    shutil.copytree(SCRIPTS, checkout / "scripts")
    (checkout / "requirements.txt").write_text("no-such-package==1.0\n")
    (checkout / "requirements-e5.txt").touch()
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_CONFIG_FILE": os.devnull}
    nowhere |= {"PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}

    failed = run(sys.executable, checkout / "scripts" / "serve", **nowhere)

    assert failed.returncode != 0
    assert "the package registry could not be reached" in failed.stderr
    assert "no-such-package" in failed.stderr
    assert (checkout / ".venv" / "resync-installing").exists()
    assert not (checkout / ".venv" / "resync-installed.json").exists()


# --- state and ports ------------------------------------------------------------------------


@in_our_venv
@pytest.mark.parametrize("script", ["serve", "test"])
def test_a_state_folder_that_cannot_be_made_is_named(script: str, tmp_path: Path):
    (tmp_path / "file").touch()
    unusable = tmp_path / "file" / "home"

    failed = run(SCRIPTS / script, RESYNC_HOME=str(unusable))

    assert failed.returncode == 1
    assert f"the state folder {unusable} can't be written" in failed.stderr
    assert "Traceback" not in failed.stderr


@in_our_venv
def test_a_read_only_state_folder_is_named(tmp_path: Path):
    read_only = tmp_path / "home"
    read_only.mkdir(mode=0o500)
    if os.geteuid() == 0 and not mounted(read_only, "ro"):
        pytest.skip("no mounting here")
    try:
        failed = run(SCRIPTS / "serve", RESYNC_HOME=str(read_only))
    finally:
        subprocess.run(["umount", read_only], capture_output=True)

    assert failed.returncode == 1
    assert f"the state folder {read_only} can't be written" in failed.stderr


@in_our_venv
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_full_state_folder_is_named(home: Path):
    small = home.with_name("small")
    small.mkdir()
    if not mounted(small, "size=1m"):
        pytest.skip("no mounting here")
    try:
        nearly_full = run(SCRIPTS / "serve", RESYNC_HOME=str(small))
        (small / "filling").write_bytes(b"\0" * 2**20)
    except OSError:
        full = run(SCRIPTS / "serve", RESYNC_HOME=str(small))
    finally:
        subprocess.run(["umount", small], check=True)

    assert (nearly_full.returncode, full.returncode) == (1, 1)
    assert f"The disk that holds {small} is full" in nearly_full.stderr
    assert f"the state folder {small} can't be written: No space left" in full.stderr


def mounted(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"mode=755,{options}", "resync", folder]
    return subprocess.run(command, capture_output=True).returncode == 0


@in_our_venv
def test_a_port_in_use_is_named(home: Path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]

        failed = run(SCRIPTS / "serve", "--port", port, RESYNC_HOME=str(home))

    assert failed.returncode == 1
    assert f"port {port} is in use" in failed.stderr
    assert f"--port {port + 1}" in failed.stderr


@in_our_venv
def test_development_binds_to_loopback_only(home: Path):
    failed = run(SCRIPTS / "serve", "--host", "192.0.2.7", RESYNC_HOME=str(home))

    assert failed.returncode == 1
    assert "binds to loopback only" in failed.stderr


# --- running --------------------------------------------------------------------------------


class Serving:
    """`scripts/serve` in `home`, without sample and auditor, until it says ready."""

    def __init__(self, home: Path, port: int, hwa: str = "https://127.0.0.1:1") -> None:
        self.process = subprocess.Popen(
            [SCRIPTS / "serve", "--port", str(port), "--no-auditor", "--no-sample"],
            env={**os.environ, "RESYNC_HOME": str(home), "TWS_BASE_URL": hwa},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip())
            if line.startswith("Ctrl-C"):
                break
        self.children = psutil.Process(self.process.pid).children(recursive=True)

    def output(self) -> str:
        return "\n".join(self.lines)

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=30)
        self.lines += rest.splitlines()
        return self.process.returncode

    def survivors(self) -> list[psutil.Process]:
        _, alive = psutil.wait_procs(self.children, timeout=10)
        return alive


@pytest.mark.slow
@in_our_venv
def test_serve_shows_urls_and_logins_and_ctrl_c_ends_everything(home: Path, port: int):
    serving = Serving(home, port)
    assert "Resync is ready." in serving.lines, serving.output()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/") as page:
        assert page.status == 200
    kept = json.loads((home / "logins.json").read_text())

    assert serving.end(signal.SIGINT) == 0

    assert serving.survivors() == []
    assert not (home / "postgres" / "postmaster.pid").exists()
    assert f"{kept['reviewer']['password']}" in serving.output()
    assert f"http://127.0.0.1:{port}/admin/" in serving.output()
    for file in ("environment", "logins.json"):
        assert (home / file).stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
@in_our_venv
def test_a_second_start_makes_nothing_anew_and_a_third_one_beside_it_is_refused(
    home: Path, port: int
):
    secrets = (home / "environment").read_text() if home.exists() else None
    serving = Serving(home, port)

    beside = run(SCRIPTS / "serve", "--port", port + 1, RESYNC_HOME=str(home))

    assert serving.end(signal.SIGTERM) == 0
    assert beside.returncode == 1
    assert f"already running on this state (process {serving.process.pid})" in beside.stderr
    if secrets:
        assert (home / "environment").read_text() == secrets
        assert [line for line in serving.lines if line.lstrip().startswith("Applying")] == []


@pytest.mark.slow
@in_our_venv
def test_kill_9_leaves_no_child_behind_and_the_next_start_works(home: Path, port: int):
    serving = Serving(home, port)
    serving.end(signal.SIGKILL)
    assert serving.survivors() == []

    again = Serving(home, port)

    assert "Resync is ready." in again.lines, again.output()
    again.end(signal.SIGINT)


@pytest.mark.slow
@in_our_venv
def test_when_the_web_process_dies_serve_says_so_and_ends(home: Path, port: int):
    serving = Serving(home, port)
    next(child for child in serving.children if "uvicorn" in " ".join(child.cmdline())).kill()

    rest, _ = serving.process.communicate(timeout=30)

    assert serving.process.returncode == 1
    assert "web ended (signal SIGKILL). Its last lines:" in rest
    assert serving.survivors() == []


@pytest.mark.slow
@in_our_venv
def test_the_simulator_takes_another_port_and_other_shells_find_it(home: Path, port: int):
    with hold_hwas_port():
        serving = Serving(home, port, hwa="")
        asked = run(
            *(sys.executable, "manage.py", "shell", "--no-imports", "--command"),
            "from django.conf import settings; print(settings.TWS_BASE_URL)",
            RESYNC_HOME=str(home),
            RESYNC_ENV="development",
            TWS_BASE_URL="",
        )

        assert "Resync is ready." in serving.lines, serving.output()
        plan = run(
            *(sys.executable, "manage.py", "read_plan", "--json"),
            RESYNC_HOME=str(home),
            RESYNC_ENV="development",
            TWS_BASE_URL="",
        )
        assert serving.end(signal.SIGINT) == 0

    assert json.loads(plan.stdout)["engines"][0]["complete"], plan.stderr
    simulator = asked.stdout.strip()
    assert f"simulator | ready {simulator}" in serving.output()
    assert simulator.startswith("https://127.0.0.1:")
    assert not simulator.endswith(":31116")
    assert serving.survivors() == []


@contextlib.contextmanager
def hold_hwas_port() -> Iterator[None]:
    """31116 is taken: by us, or by whoever else has it already."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", 31116)))
        yield


@pytest.mark.django_db
def test_a_command_on_an_unprepared_database_says_what_to_run() -> None:
    from django.db import connection

    values = connection.settings_dict
    url = f"postgresql://{values['USER']}:{values['PASSWORD']}@/postgres?host={values['HOST']}"
    done = run(sys.executable, CHECKOUT / "manage.py", "verify_decisions", DATABASE_URL=url)

    assert done.returncode == 2
    assert "Run manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr
