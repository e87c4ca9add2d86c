"""Settings from the environment: read once, refused by name when they make no sense.

Where a value comes from, first hit wins: the process environment, a file named by `NAME_FILE`
(for secrets), `RESYNC_HOME/environment` (written once by `scripts/serve`), the default.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from pathlib import Path
from typing import Literal

from django.core.exceptions import ImproperlyConfigured

from resync_site.home import make_home

CHECKOUT = Path(__file__).resolve().parent.parent
SIMULATOR_FILE = "simulator.url"  # in RESYNC_HOME, while scripts/serve runs one

Origin = Literal["environment", "file", "kept", "default"]
origins: dict[str, Origin] = {}
"""Where the value of each setting that was read comes from, in the order of the settings."""
hidden: set[str] = set()
"""The settings whose values are shown to nobody."""


def home() -> Path:
    """The folder of this checkout's state: data, secrets, logins.

    `RESYNC_HOME`, or `.resync/` in the checkout. Root's state lives outside the checkout, because
    the system user that runs the embedded server must be able to enter the folder.
    """
    explicit = os.environ.get("RESYNC_HOME")
    origins["RESYNC_HOME"] = "environment" if explicit else "default"
    if explicit:
        return Path(explicit).expanduser().resolve()
    if os.geteuid() == 0:
        digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
        return Path("/var/lib/resync") / f"{CHECKOUT.name}-{digest}"
    return CHECKOUT / ".resync"


def _read_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; blank lines and comments are passed over. No file: nothing."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as error:
        raise ImproperlyConfigured(
            f"{path} can't be read by this user. Run the command as the user who owns it."
        ) from error
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


@functools.cache
def _kept() -> dict[str, str]:
    return _read_file(home() / "environment")


def _raw(name: str) -> str | None:
    if (value := os.environ.get(name)) not in (None, ""):
        origins[name] = "environment"
        return value
    if path := os.environ.get(f"{name}_FILE"):
        origins[name] = "file"
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {path}, which can't be read: {error.strerror}."
            ) from error
    origins[name] = "kept" if name in _kept() else "default"
    return _kept().get(name)


def text(name: str, default: str = "", *, secret: bool = False) -> str:
    """`secret`: the console says only whether it is set."""
    if secret:
        hidden.add(name)
    value = _raw(name)
    return default if value is None else value


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false.")


def number(
    name: str, default: float, *, least: float | None = None, most: float | None = None
) -> float:
    value = text(name, str(default))
    try:
        result = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number.") from None
    if (
        result != result
        or (least is not None and result < least)
        or (most is not None and result > most)
    ):
        raise ImproperlyConfigured(f"{name}={value} must lie between {least} and {most}.")
    return result


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    result = number(name, default, least=least, most=most)
    if result != int(result):
        raise ImproperlyConfigured(f"{name}={result} must be a whole number.")
    return int(result)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r} must be one of {', '.join(allowed)}.")
    return value


def listing(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def url(name: str, default: str = "", *, secret: bool = False) -> str:
    value = text(name, default, secret=secret).rstrip("/")
    if value and not value.startswith(("http://", "https://")):
        said = name if secret else f"{name}={value!r}"
        raise ImproperlyConfigured(f"{said} must start with http:// or https://.")
    return value


def simulator_url() -> str:
    """Where `scripts/serve` has put the HWA simulator, or where `run_simulator` puts itself."""
    try:
        return (home() / SIMULATOR_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return "https://127.0.0.1:31116"


def secret_key(development: bool) -> str:
    """`SECRET_KEY`; in development a missing one is made and kept, in production it is an error."""
    if key := text("SECRET_KEY", secret=True):
        return key
    if not development:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Put a long random value in SECRET_KEY, or a file's name in "
            "SECRET_KEY_FILE; for a development machine set RESYNC_ENV=development."
        )
    return keep("SECRET_KEY", secrets.token_urlsafe(50))


def keep(name: str, value: str) -> str:
    """Append a line to `RESYNC_HOME/environment` unless another process just did; 0600."""
    folder = home()
    path = folder / "environment"
    try:
        make_home(folder)
        kept = _read_file(path)
        if name in kept:
            return kept[name]
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as lines:
            lines.write(f"{name}={value}\n")
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} can't be kept in {path}: {error.strerror}. Make the folder writable, set "
            f"{name} in the environment, or set RESYNC_HOME to another folder."
        ) from error
    _kept.cache_clear()
    return _read_file(path)[name]
