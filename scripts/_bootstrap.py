"""What the scripts share: a virtual environment with the pinned requirements, from nothing.

Needs only python3 and what comes with it. An old Python must still be able to parse this file,
so that it can say it is too old: no syntax newer than 3.6 here.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (this is the line that tells people)
    sys.exit(
        "Resync needs Python 3.11 or newer; this is %d.%d (%s).\n"  # noqa: UP031
        "Install a newer one and name it: python3.12 %s"
        % (sys.version_info[0], sys.version_info[1], sys.executable, " ".join(sys.argv))
    )

import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import subprocess
from collections import deque
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
OURS = ("audits", "knowledge", "resync_site", "tws")
WITH_HASHES = "requirements-e5.txt"
INSTALLED = VENV / "resync-installed.json"  # what pip has finished
INSTALLING = VENV / "resync-installing"  # there while pip works; left over: half-made

NO_REGISTRY = ("Retrying (", "No matching distribution", "HTTP error", "NewConnectionError")


def say(text: str, end: str = "\n") -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(text + end)
        sys.stderr.flush()


def fail(message: str) -> NoReturn:
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def enter_environment(*requirements: str, folder: Path = CHECKOUT) -> None:
    """Go on in the checkout, under .venv's Python, with these requirement files installed.

    In `folder` rather, for a script whose arguments name files.

    Replaces the running program when it isn't that Python yet: the script starts over.
    """
    try:
        with (CHECKOUT / "requirements.txt").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two scripts at once: the second waits
            if not _is_installed(requirements):
                _install(requirements)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        fail(f"the Python environment {VENV} can't be made: {error}")
    script = CHECKOUT / "scripts" / Path(sys.argv[0]).name
    os.chdir(folder)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(PYTHON, [str(PYTHON), str(script), *sys.argv[1:]])  # noqa: S606 (no shell wanted)
    sys.path.insert(0, str(CHECKOUT))


def _wanted(requirements: tuple[str, ...]) -> dict[str, str]:
    wanted = {
        name: hashlib.sha256((CHECKOUT / name).read_bytes()).hexdigest()
        for name in (*requirements, WITH_HASHES)
    }
    # A moved checkout, or another Python behind the link: everything anew.
    wanted.update(venv=str(VENV), python=os.path.realpath(PYTHON))
    return wanted


def _is_installed(requirements: tuple[str, ...]) -> bool:
    if INSTALLING.exists() or not PYTHON.exists():
        return False
    try:
        installed = json.loads(INSTALLED.read_text())
    except (FileNotFoundError, ValueError):
        return False
    return all(installed.get(name) == value for name, value in _wanted(requirements).items())


def _install(requirements: tuple[str, ...]) -> None:
    if INSTALLING.exists() or not _has_pip():
        _make_venv()
    INSTALLING.touch()
    say(f"Installing {' and '.join(requirements)} into .venv (a minute or two, once)")
    options = [word for name in requirements for word in ("-r", name)]
    _run_pip(["install", "--no-input", "--retries", "2", *options])
    # pip wants hashes for every line or none: the wheel that has them is installed by itself.
    _run_pip(["install", "--no-input", "--retries", "2", "--no-deps", "-r", WITH_HASHES])
    _compile()
    INSTALLED.write_text(json.dumps(_wanted(requirements)))
    INSTALLING.unlink()


def _compile() -> None:
    """Keep bytecode, as pip does: where PYTHONDONTWRITEBYTECODE is set, as containers often do,
    each process would compile the product anew, and start a fifth later.
    """
    folders = [str(CHECKOUT / name) for name in OURS]
    subprocess.run(  # noqa: S603 (our own interpreter)
        [PYTHON, "-m", "compileall", "-qq", *folders], check=False
    )


def _has_pip() -> bool:
    if not PYTHON.exists():
        return False
    asked = subprocess.run(  # noqa: S603 (our own interpreter)
        [PYTHON, "-m", "pip", "--version"], capture_output=True, check=False
    )
    return asked.returncode == 0


def _make_venv() -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run(  # noqa: S603 (our own interpreter)
        [base, "-m", "venv", "--clear", VENV],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        fail(
            f"{base} can't make a virtual environment in {VENV}. It said:\n{made.stdout.strip()}\n"
            "On Debian and Ubuntu this needs the package python3-venv; otherwise see whether the "
            "disk is full or the folder read-only."
        )


def _run_pip(arguments: list[str]) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    lines: deque[str] = deque(maxlen=12)
    unreachable = False
    with subprocess.Popen(  # noqa: S603 (our own interpreter)
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line.rstrip())
            unreachable = unreachable or any(sign in line for sign in NO_REGISTRY)
            if line.startswith("Collecting ") and sys.stderr.isatty():
                say(f"  {line.split()[1]}\033[K", end="\r")
    if pip.returncode != 0:
        _explain_pip(shlex.join(command), "\n".join(lines), unreachable)


def _explain_pip(command: str, output: str, unreachable: bool) -> NoReturn:
    if "No space left on device" in output:
        what = f"the disk that holds {VENV}, or the temporary folder, is full. Free some space."
    elif unreachable:
        what = (
            "the package registry could not be reached, or refused. Check the network, a proxy "
            "(HTTPS_PROXY) and pip's configuration (pip config list), then run this again."
        )
    else:
        what = "pip could not install the requirements. Mend what it says, then run this again."
    fail(f"{what}\nThe command was: {command}\nIts last lines:\n{output}")
