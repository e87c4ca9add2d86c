"""The HWA engines that the settings name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tws.hwa.engine import Engine
from tws.hwa.errors import TWSUnavailable
from tws.hwa.identity import simulator_identity
from tws.hwa.paths import API_ROOT

SIMULATOR = "simulator"
"""The name of the development simulator, whatever its port."""

Url = Annotated[str, Field(pattern=r"^https?://[^/\s?#]+(/[^\s?#]*)?$")]


class _Entry(BaseModel):
    """One element of TWS_ENGINES. What it leaves out is taken from the single-engine settings."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    name: str = Field(min_length=1, max_length=60)
    base_url: Url
    backup_urls: tuple[Url, ...] = ()
    user: str = ""
    password: str = ""
    token: str = ""
    token_file: str = ""
    api_key: str = ""
    verify: bool | str | None = None
    tags: tuple[str, ...] = ()


def configured_engines() -> list[Engine]:
    """All engines, the default one first; none when HWA is not configured."""
    entries = _entries()
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise ImproperlyConfigured("TWS_ENGINES gives two engines the same name.")
    return [_engine(entry) for entry in entries]


def engine_named(name: str) -> Engine:
    """The engine of that name; KeyError when there is none."""
    for engine in configured_engines():
        if engine.name == name:
            return engine
    raise KeyError(name)


def engine_for(wanted: Sequence[str], question: str) -> Engine:
    """The engine a question is for: the one it names, else the first that an agent may ask.

    `wanted` are an agent's engines, by name or tag; empty means all. TWSUnavailable when none is
    configured or none fits.
    """
    engines = configured_engines()
    if not engines:
        raise TWSUnavailable("no HWA engine is configured: set TWS_BASE_URL or TWS_ENGINES")
    allowed = [one for one in engines if not wanted or {one.name, *one.tags} & set(wanted)]
    if not allowed:
        raise TWSUnavailable(f"no engine has the name or tag {', '.join(wanted)}")
    words = {word.lower() for word in re.findall(r"[\w.:-]+", question)}
    named = [one for one in allowed if words & {name.lower() for name in (one.name, *one.tags)}]
    return (named or allowed)[0]


def _entries() -> list[_Entry]:
    if settings.TWS_ENGINES:
        try:
            return TypeAdapter(list[_Entry]).validate_python(json.loads(settings.TWS_ENGINES))
        except (json.JSONDecodeError, ValidationError) as error:
            raise ImproperlyConfigured(f"TWS_ENGINES cannot be used: {_first(error)}") from error
    if not settings.TWS_BASE_URL:
        return []
    host = SIMULATOR if _is_simulator(settings.TWS_BASE_URL) else _netloc(settings.TWS_BASE_URL)
    try:
        return [
            _Entry(
                name=settings.TWS_ENGINE_NAME or host,
                base_url=settings.TWS_BASE_URL,
                backup_urls=tuple(settings.TWS_BACKUP_URLS),
                tags=tuple(settings.TWS_ENGINE_TAGS),
            )
        ]
    except ValidationError as error:
        raise ImproperlyConfigured(
            f"TWS_BASE_URL or TWS_BACKUP_URLS cannot be used: {_first(error)}"
        ) from error


def _is_simulator(url: str) -> bool:
    return bool(settings.TWS_SIMULATOR_URL) and url == settings.TWS_SIMULATOR_URL


def _netloc(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _base(url: str) -> str:
    """The address without the API's own path, which people copy along."""
    return url.rstrip("/").removesuffix(API_ROOT)


def _engine(entry: _Entry) -> Engine:
    # An engine with credentials of its own takes none from the others.
    own = bool(entry.user or entry.token or entry.token_file or entry.api_key)
    if own:
        signed: dict[str, Any] = {
            "username": entry.user,
            "password": entry.password,
            "token": entry.token or entry.api_key,
            "token_file": entry.token_file,
        }
    else:
        signed = {
            "username": settings.TWS_USER,
            "password": settings.TWS_PASSWORD,
            "token": settings.TWS_TOKEN or settings.TWS_API_KEY,
            "token_file": settings.TWS_TOKEN_FILE,
        }
    return Engine(
        name=entry.name,
        base_url=_base(entry.base_url),
        backup_urls=tuple(map(_base, entry.backup_urls)),
        identity=simulator_identity() if _is_simulator(entry.base_url) else "",
        most_reply_bytes=settings.TWS_MAX_REPLY_MB * 1024 * 1024,
        verify=verification(settings.TWS_VERIFY_SSL if entry.verify is None else entry.verify),
        tags=entry.tags,
        cache_seconds=settings.TWS_CACHE_SECONDS,
        read_seconds=settings.TWS_TIMEOUT_SECONDS,
        total_seconds=settings.TWS_TIMEOUT_SECONDS * 3,
        **signed,
    )


def verification(value: bool | str) -> bool | str:
    """TWS_VERIFY_SSL as a truth value, or as the path it names."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower()
    if word in ("true", "yes", "on", "1", ""):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    return value.strip()


def _first(error: json.JSONDecodeError | ValidationError) -> str:
    # Without the input: it holds passwords.
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
    return f"not JSON ({error.msg} at character {error.pos})"
