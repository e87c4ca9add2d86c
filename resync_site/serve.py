"""`scripts/serve`: everything a development machine needs, in one process tree."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import sys
import time
from pathlib import Path
from typing import IO

from django.core.exceptions import ImproperlyConfigured

from resync_site import environment
from resync_site.binding import is_loopback
from resync_site.children import Child, ChildDied, Children, show
from resync_site.start import StartError, prepare_home, start_database

SIMULATOR_PORT = 31116  # HWA's own
READY_SECONDS = 90
FIRST_PLAN_SECONDS = 900  # a large plan, read for the first time

MANAGE = [sys.executable, str(environment.CHECKOUT / "manage.py")]


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    children = Children()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_asked)
    try:
        with _only_one(), contextlib.ExitStack() as cleanup:
            _start_all(options, children, cleanup)
            while True:
                time.sleep(0.2)
                children.watch()
    except (StartError, ChildDied, ImproperlyConfigured) as error:
        sys.stderr.write(f"scripts/serve: {error}\n")
        return 1
    except KeyboardInterrupt:
        show("serve     | stopping")
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: children.kill())  # asked again: no more patience
        children.stop()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/serve",
        description="Run Resync: database, web, plan, auditor and HWA simulator. Ctrl-C ends all.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address of the web process")
    parser.add_argument("--port", type=_port, default=8000, help="port of the web process")
    parser.add_argument("--no-auditor", action="store_true", help="leave the auditor out")
    parser.add_argument("--no-sample", action="store_true", help="load no sample history")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (1 to 65535)")
    return int(text)


def _stop_asked(*_: object) -> None:
    raise KeyboardInterrupt


def _only_one() -> IO[str]:
    """One scripts/serve per state folder: the kernel frees the lock however it ends."""
    show(f"serve     | state in {environment.home()}")
    prepare_home()
    lock = (environment.home() / "serve.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise StartError(
            f"scripts/serve is already running on this state ({lock.read().strip()}). Stop "
            "it, or set RESYNC_HOME to another folder for a second one."
        ) from None
    lock.truncate(0)
    lock.write(f"process {os.getpid()}")
    lock.flush()
    return lock


def _start_all(
    options: argparse.Namespace, children: Children, cleanup: contextlib.ExitStack
) -> None:
    os.environ.setdefault("RESYNC_ENV", environment.text("RESYNC_ENV", "development"))
    development = os.environ["RESYNC_ENV"] == "development"
    _check_address(options.host, options.port, development)
    if development:
        environment.keep("RESYNC_ENV", "development")
        environment.keep("SECRET_KEY", secrets.token_urlsafe(50))
    # It takes its time, and nothing before the sample asks it anything.
    simulator = _start_simulator(children, cleanup) if _needs_simulator() else None
    start_database()
    prepare_database()
    web = children.start(
        "web", web_command(options.host, options.port)
    )  # it loads while the rest is prepared
    if development:
        manage("create_logins")
        manage("load_knowledge")
    if simulator:
        simulator.wait_ready(READY_SECONDS)
    reader = _start_reader(children)
    if development and not options.no_sample:
        manage("load_sample")
    wait_for_web(web, options.host, options.port)
    if not options.no_auditor:
        children.start("auditor", [*MANAGE, "run_auditor", "--watch"], restarts=True)
    if reader:
        reader.wait_ready(FIRST_PLAN_SECONDS)
    _say_ready(options, development)


def _check_address(host: str, port: int, development: bool) -> None:
    if development and not is_loopback(host):
        raise StartError(
            f"a development server has known weak spots and binds to loopback only, not to {host}."
            " Leave --host out, or set RESYNC_ENV=production and what that needs."
        )
    if not _is_free(host, port):
        raise StartError(
            f"port {port} is in use on {host}. Name another one (--port {port + 1}), or stop "
            "the program that has it."
        )


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except PermissionError:
            raise StartError(
                f"port {port} is reserved for root. Name one above 1023 (--port 8000)."
            ) from None
        except OSError:
            return False
    return True


# --- the simulator -------------------------------------------------------------------------


def _needs_simulator() -> bool:
    development = os.environ["RESYNC_ENV"] == "development"
    return development and not environment.text("TWS_BASE_URL")


def _start_simulator(children: Children, cleanup: contextlib.ExitStack) -> Child:
    """Start it, and tell other processes where it will listen: settings read this file."""
    port = SIMULATOR_PORT if _is_free("127.0.0.1", SIMULATOR_PORT) else any_free_port()
    file = environment.home() / environment.SIMULATOR_FILE
    file.write_text(f"https://127.0.0.1:{port}\n")
    cleanup.callback(file.unlink, missing_ok=True)
    return children.start(
        "simulator", [*MANAGE, "run_simulator", "--port", str(port)], restarts=True
    )


def any_free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _start_reader(children: Children) -> Child | None:
    """Who keeps the plan, when there is an engine to read."""
    from tws.hwa.engines import configured_engines

    if not configured_engines():
        return None
    return children.start("plan", [*MANAGE, "read_plan", "--watch"], restarts=True)


# --- the database --------------------------------------------------------------------------


def prepare_database() -> None:
    """Check it, and migrate when there is something to migrate."""
    import django
    from django.core.management.base import SystemCheckError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resync_site.settings")
    django.setup()
    try:
        _migrate()
    except SystemCheckError as error:
        raise StartError(str(error)) from error


def _migrate() -> None:
    from django.core.checks import Tags, run_checks
    from django.core.management.base import SystemCheckError
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    if problems := run_checks(tags=[Tags.database], databases=["default"]):
        raise SystemCheckError("\n".join(str(problem) for problem in problems))
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        show(f"serve     | preparing the database: {len(waiting)} migrations")
        manage("migrate")


def manage(command: str) -> None:
    from django.core.management import call_command
    from django.core.management.base import CommandError
    from django.db import connection

    try:
        call_command(command)
    except CommandError as error:
        raise StartError(f"manage.py {command}: {error}") from error
    finally:
        connection.close()


# --- the web process -----------------------------------------------------------------------


def web_command(host: str, port: int) -> list[str]:
    command = [sys.executable, "-m", "uvicorn", "resync_site.asgi:application"]
    command += ["--host", host, "--port", str(port)]
    command += ["--ws", "resync_site.paced_socket:PacedSocket"]
    return [*command, "--timeout-graceful-shutdown", "3", "--no-access-log"]


def wait_for_web(web: Child, host: str, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        if web.process.poll() is not None or time.monotonic() > deadline:
            raise web.died()
        time.sleep(0.05)


def _say_ready(options: argparse.Namespace, development: bool) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    web = f"http://{host}:{options.port}"
    lines = ["", "Resync is ready.", f"  Chat       {web}/"]
    lines += [f"  Console    {web}/admin/", f"  REST API   {web}/api/docs"]
    if _needs_simulator():
        lines.append(f"  HWA        {environment.simulator_url()} (a simulator: invented jobs)")
    if development:
        logins = environment.home() / "logins.json"
        lines.append(f"  Logins     (development only; with API tokens in {logins})")
        lines += [f"    {name:<9} {password}" for name, password in _passwords(logins)]
    lines += ["Ctrl-C stops everything.", ""]
    for line in lines:
        show(line)


def _passwords(logins: Path) -> list[tuple[str, str]]:
    kept = json.loads(logins.read_text(encoding="utf-8"))
    return [(name, login["password"]) for name, login in kept.items()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
