"""The simulator as a running HTTPS server."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from tws.hwa.identity import IDENTITY_HEADER
from tws.simulator.app import Simulator
from tws.simulator.catalogue import Catalogue
from tws.simulator.certificate import write_certificate
from tws.simulator.faults import Faults
from tws.simulator.plan import Clock, Plan


class PortBusy(Exception):
    """Somebody else listens there."""


@dataclass(frozen=True, slots=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 31116  # 0: any free one
    jobs: int = 2_000
    seed: int = 1
    speed: float = 1.0
    ahead: float = 0.0  # seconds that its clock is before ours
    user: str = "wauser"
    password: str = "wauser"  # noqa: S105  the product's own default, for a simulator
    token: str = ""
    faults: Faults | None = None
    identity: str = ""  # said in every answer
    instances: int = 1  # of each stream in a day; more than one: names are not unique
    carry_forward: bool = False
    habits: tuple[str, ...] = ()  # names of habits.HABITS


class SimulatorServer(uvicorn.Server):
    """Listens from `open()` on; `run()` serves until `should_exit`."""

    def __init__(self, options: Options, on_ready: Callable[[str], None]) -> None:
        self.options = options
        self.socket = _listen(options.host, options.port)  # a busy port is known before the rest
        self._on_ready = on_ready
        self._folder = tempfile.TemporaryDirectory(prefix="hwa-simulator-")
        folder = Path(self._folder.name)
        self.certificate, key = write_certificate(folder, options.host)
        self._files = {
            False: (self.certificate, key),
            True: write_certificate(folder, options.host, expired=True),
        }
        plan = Plan(
            Catalogue(options.jobs, options.seed, options.instances),
            Clock(options.speed, lambda: time.time() + options.ahead),
            carry_forward=options.carry_forward,
        )
        self.simulator = Simulator(
            plan,
            host=options.host,
            user=options.user,
            password=options.password,
            token=options.token,
            habits=options.habits,
        )
        self.simulator.on_certificate = self._use_certificate
        super().__init__(
            uvicorn.Config(
                self.simulator,
                ssl_certfile=str(self.certificate),
                ssl_keyfile=str(key),
                log_level="warning",
                access_log=False,
                server_header=False,
                headers=[(IDENTITY_HEADER, options.identity)] if options.identity else [],
                ws="none",
                timeout_graceful_shutdown=2,
            )
        )

    @property
    def url(self) -> str:
        host, port = self.socket.getsockname()[:2]
        return f"https://{f'[{host}]' if ':' in host else host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.options.faults is not None:
            self.simulator.faults = self.options.faults
            self._use_certificate(self.options.faults.expired_certificate)
        if self.started:
            self._on_ready(self.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # Here and not later: uvicorn then ends the process with the signal that stopped it.
        self._folder.cleanup()

    def serve_until_told(self) -> None:
        """Serve until a signal, or until `should_exit` is set."""
        try:
            self.run(sockets=[self.socket])
        except KeyboardInterrupt:
            return  # Ctrl-C is how a person ends it; nothing went wrong

    def _use_certificate(self, expired: bool) -> None:
        # Connections made from now on see the other certificate.
        certificate, key = self._files[expired]
        if self.config.ssl is not None:
            self.config.ssl.load_cert_chain(certificate, key)


def _listen(host: str, port: int) -> socket.socket:
    if not host:  # to the system that means every address of the machine
        raise PortBusy("cannot listen on no address")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError, TypeError) as error:  # such a name has no host
        listener.close()
        why = getattr(error, "strerror", None) or error
        raise PortBusy(f"cannot listen on {host!a}:{port}: {why}") from error
    listener.listen(128)
    return listener
