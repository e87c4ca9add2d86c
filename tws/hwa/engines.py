"""The HWA engines that the settings name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tws.hwa.connection import Engine
from tws.hwa.errors import TWSUnavailable
from tws.hwa.paths import API_ROOT


class _Entry(BaseModel):
    """One element of TWS_ENGINES. What it leaves out is taken from the single-engine settings."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    base_url: str = Field(pattern=r"^https?://[^/\s]+")
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
    host = urlsplit(settings.TWS_BASE_URL).netloc
    return [
        _Entry(
            name=settings.TWS_ENGINE_NAME or host,
            base_url=settings.TWS_BASE_URL,
            tags=tuple(settings.TWS_ENGINE_TAGS),
        )
    ]


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
        base_url=entry.base_url.rstrip("/").removesuffix(API_ROOT),
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
