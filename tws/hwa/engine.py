"""Where an HWA engine is, and how to sign in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Engine:
    """Where an HWA engine is and how to sign in: Basic, or a bearer token (JWT or API key).

    `token_file` is read at each request, so that a rotated token needs no restart.
    `verify` is True, False, or the path of a CA file or folder.
    """

    name: str
    base_url: str  # https://host:31116, or https://gateway/hwa where the API is below a path
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    verify: bool | str = True
    tags: tuple[str, ...] = ()
    backup_urls: tuple[str, ...] = ()  # asked when the one before does not answer
    cache_seconds: float = 10.0
    log_cache_seconds: float = 30.0
    slow_cache_seconds: float = 300.0  # definitions, engine information
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    total_seconds: float = 90.0  # one call with its retries; a body that drips does not hold us
    most_reply_bytes: int = 32 * 1024 * 1024  # unpacked
    identity: str = ""  # the simulator's: whoever else answers at its address is a stranger

    @property
    def hosts(self) -> tuple[str, ...]:
        return (self.base_url, *self.backup_urls)
