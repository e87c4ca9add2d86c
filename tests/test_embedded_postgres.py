"""The embedded server, for real: each test has a RESYNC_HOME of its own and starts PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from resync_site.environment import CHECKOUT
from resync_site.postgres import EmbeddedPostgresError, EmbeddedServer, programs

USE_SERVER = """
import sys
from pathlib import Path
from resync_site.postgres import EmbeddedPostgresError, EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
try:
    server.ensure_running()
except EmbeddedPostgresError as error:
    sys.exit(str(error))
print("up", flush=True)
sys.stdin.read()
"""
"""A process that uses the server until its standard input is closed."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@contextlib.contextmanager
def state_folder() -> Iterator[Path]:
    """One that the system user can reach, in a path with spaces and a quote."""
    folder = Path(tempfile.mkdtemp(prefix="resync it's a test ", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "home"
    EmbeddedServer(folder / "home").stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One for many tests: making a database is the slow part."""
    with state_folder() as folder:
        yield folder


@pytest.fixture
def new_home() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(home)
    yield server
    server.stop()


def start_user(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USE_SERVER, home],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_up(process: subprocess.Popen[str]) -> None:
    assert process.stdout and process.stderr
    assert process.stdout.readline() == "up\n", process.stderr.read()


def end_user(process: subprocess.Popen[str]) -> None:
    process.communicate("", timeout=30)


def postmaster(server: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))


def is_up(server: EmbeddedServer) -> bool:
    return (server.data / "postmaster.pid").exists()


def write_row(server: EmbeddedServer) -> int:
    """Add a row; how many there are now."""
    with psycopg.connect(server.conninfo()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (at timestamptz)")
        connection.execute("INSERT INTO kept VALUES (now())")
    return count_rows(server)


def count_rows(server: EmbeddedServer) -> int:
    with psycopg.connect(server.conninfo()) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row
    return int(row[0])


def can_connect(server: EmbeddedServer) -> bool:
    with psycopg.connect(server.conninfo()) as connection:
        return connection.execute("SELECT true").fetchone() == (True,)


def test_serves_in_a_path_with_spaces_on_a_socket_only(server: EmbeddedServer):
    server.ensure_running()

    with psycopg.connect(server.conninfo()) as connection:
        listens = connection.execute("SHOW listen_addresses").fetchone()
        extensions = connection.execute(
            "SELECT count(*) FROM pg_available_extensions"
            " WHERE name IN ('vector', 'pg_trgm', 'unaccent')"
        ).fetchone()
        durable = connection.execute("SHOW fsync").fetchone()
    assert (listens, extensions, durable) == (("",), (3,), ("on",))
    assert server.socket_folder.stat().st_mode & 0o777 == 0o700
    assert len(str(server.socket_folder)) < 60
    assert server.data.stat().st_mode & 0o777 == 0o700


def test_data_survives_kill_9_of_the_postmaster(server: EmbeddedServer):
    server.ensure_running()
    rows = write_row(server)
    killed = postmaster(server)
    killed.kill()
    killed.wait(10)

    server.ensure_running()

    assert count_rows(server) == rows


@pytest.mark.slow
def test_a_server_whose_starter_was_killed_is_used_and_then_stopped(
    home: Path, server: EmbeddedServer
):
    starter = start_user(home)
    wait_up(starter)
    running = postmaster(server).pid
    starter.kill()
    starter.communicate()

    server.ensure_running()

    assert postmaster(server).pid == running
    server.stop()
    assert not is_up(server)


@pytest.mark.slow
def test_starts_after_kill_9_of_everything(home: Path, server: EmbeddedServer):
    starter = start_user(home)
    wait_up(starter)
    rows = write_row(server)
    main = postmaster(server)
    for process in (*main.children(), main):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    starter.kill()
    starter.communicate()
    # The worst case of a stale file: its process id now belongs to a living stranger.
    pid_file = server.data / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(str(main.pid), str(os.getpid()), 1))

    server.ensure_running()

    assert count_rows(server) == rows


def test_the_last_user_out_stops_it(home: Path, server: EmbeddedServer):
    server.ensure_running()
    other = start_user(home)
    wait_up(other)

    server.stop()
    assert is_up(server)
    end_user(other)

    assert not is_up(server)
    assert not server.socket_folder.exists()


@pytest.mark.slow
def test_a_forked_child_takes_nothing_away_from_its_parent(server: EmbeddedServer):
    server.ensure_running()
    running = postmaster(server).pid
    child = os.fork()
    if child == 0:
        server.stop()  # no user itself: does nothing
        os._exit(0)
    os.waitpid(child, 0)

    newcomer = start_user(server.home)
    wait_up(newcomer)
    end_user(newcomer)

    assert postmaster(server).pid == running


def test_many_starters_at_once_share_one_server(home: Path, server: EmbeddedServer):
    users = [start_user(home) for _ in range(4)]
    for user in users:
        wait_up(user)

    servers = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(server.data) in (process.info["cmdline"] or [])
    ]
    for user in users:
        end_user(user)

    assert len(servers) == 1
    assert not is_up(server)


@pytest.mark.slow
def test_newcomers_never_meet_a_server_that_is_being_stopped(home: Path, server: EmbeddedServer):
    """Users come and go; each can connect for as long as it is one."""
    server.ensure_running()
    for _ in range(3):
        newcomer = start_user(home)
        server.stop()
        wait_up(newcomer)
        with psycopg.connect(server.conninfo()):
            server.ensure_running()
        end_user(newcomer)

    assert can_connect(server)


@pytest.mark.slow
def test_an_interrupted_first_start_is_done_again(new_home: Path):
    half_made = new_home / "postgres.new"
    (half_made / "base").mkdir(parents=True)
    new_home.chmod(0o755)
    (half_made / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer(new_home)

    server.ensure_running()
    server.stop()

    assert not half_made.exists()


def test_a_removed_socket_is_mended(server: EmbeddedServer):
    server.ensure_running()
    shutil.rmtree(server.socket_folder)

    server.ensure_running()

    assert can_connect(server)


def test_data_of_another_version_is_refused(server: EmbeddedServer):
    server.ensure_running()
    server.stop()
    made_by = server.data / "PG_VERSION"
    made_by.write_text("15\n")

    with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 15; this is 18"):
        server.ensure_running()

    made_by.write_text("18\n")


def test_a_squatted_socket_folder_is_refused(server: EmbeddedServer):
    server.socket_folder.mkdir()
    server.socket_folder.chmod(0o755)

    with pytest.raises(EmbeddedPostgresError, match="somebody else made it"):
        server.ensure_running()

    server.socket_folder.rmdir()


def test_a_path_that_postgresql_cannot_quote_is_refused(new_home: Path):
    with pytest.raises(EmbeddedPostgresError, match="Move the checkout"):
        EmbeddedServer(new_home / "a$b").ensure_running()


@pytest.mark.slow
@as_root
def test_root_runs_it_as_the_system_user_and_changes_no_other_folder(new_home: Path):
    new_home.parent.chmod(0o751)
    before = [(folder, folder.stat().st_mode, folder.stat().st_uid) for folder in new_home.parents]
    server = EmbeddedServer(new_home)

    server.ensure_running()
    running_as = postmaster(server).username()
    server.stop()

    assert running_as == "resync"
    assert pwd.getpwuid(server.data.stat().st_uid).pw_name == "resync"
    after = [(folder, folder.stat().st_mode, folder.stat().st_uid) for folder in new_home.parents]
    assert after == before


@as_root
def test_root_is_told_which_folder_the_system_user_cannot_enter(new_home: Path):
    new_home.parent.chmod(0o700)

    with pytest.raises(EmbeddedPostgresError) as refused:
        EmbeddedServer(new_home).ensure_running()

    assert f"can't enter {new_home.parent}," in str(refused.value)
    assert new_home.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
@as_root
def test_an_ordinary_user_runs_it_and_strangers_cannot_connect(new_home: Path):
    nobody = pwd.getpwnam("nobody")
    os.chown(new_home.parent, nobody.pw_uid, nobody.pw_gid)
    with user_as(nobody, new_home):
        pid_file = (new_home / "postgres" / "postmaster.pid").read_text().splitlines()

        assert psutil.Process(int(pid_file[0])).username() == "nobody"
        assert not list(new_home.glob("postgresql-*"))
        # Even root, past the folder's permissions, may be no role of theirs.
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            psycopg.connect(host=pid_file[4], user="resync", dbname="resync")
    assert not Path(pid_file[4]).exists()


@contextlib.contextmanager
def user_as(account: pwd.struct_passwd, home: Path) -> Iterator[None]:
    """A forked child that is `account` and uses the server: our Python may be closed to them."""
    report, told = os.pipe()
    wait, release = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        server = EmbeddedServer(home)
        try:
            server.ensure_running()
            os.write(told, b"up")
            os.read(wait, 1)
            server.stop()
        except psycopg.OperationalError as error:
            os.write(told, str(error).encode())
        os._exit(0)
    os.close(told)
    try:
        assert os.read(report, 10_000) == b"up"
        yield
    finally:
        os.close(release)
        os.waitpid(child, 0)
        os.close(report)
        os.close(wait)


@as_root
def test_a_foreign_owner_of_the_data_is_named(home: Path, server: EmbeddedServer):
    server.ensure_running()
    server.stop()
    owner = server.data.stat().st_uid
    os.chown(server.data, 0, -1)

    with pytest.raises(EmbeddedPostgresError, match="belongs to user id 0"):
        server.ensure_running()

    os.chown(server.data, owner, -1)


@as_root
def test_a_full_disk_is_named(new_home: Path):
    new_home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "resync", new_home]
    )
    if mounted.returncode != 0:
        pytest.skip("no mounting here")
    try:
        with pytest.raises(EmbeddedPostgresError, match="is full"):
            EmbeddedServer(new_home).ensure_running()
    finally:
        subprocess.run(["umount", new_home], check=True)


@as_root
def test_a_read_only_folder_is_named(new_home: Path):
    new_home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=755", "resync", new_home])
    if mounted.returncode != 0:
        pytest.skip("no mounting here")
    try:
        with pytest.raises(EmbeddedPostgresError, match="can't be written"):
            EmbeddedServer(new_home).ensure_running()
    finally:
        subprocess.run(["umount", new_home], check=True)


@pytest.mark.slow
def test_a_process_that_ends_by_a_signal_is_no_longer_a_user(home: Path, server: EmbeddedServer):
    server.ensure_running()
    other = start_user(home)
    wait_up(other)
    other.send_signal(signal.SIGKILL)
    other.communicate()

    server.stop()

    deadline = time.monotonic() + 5
    while is_up(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_up(server)


def test_without_useradd_the_missing_system_user_is_named(monkeypatch):
    monkeypatch.setattr(programs, "SYSTEM_USER", "no-such-user")
    monkeypatch.setattr(programs.shutil, "which", lambda *_, **__: None)

    with pytest.raises(EmbeddedPostgresError, match="no useradd here to create"):
        programs._system_account()
