"""
A real simulator on a free loopback port, for tests that talk to HWA.

conftest.py imports these fixtures, so every test has them:

* `simulator`       one for the whole session: read only, never changes its faults
* `own_simulator`   one for this test: set `own_simulator.simulator.faults`, or call with Options
* `hwa_engine`      the Engine of `simulator` (certificate trusted, cache off)
* `hwa_client`      a TWSClient on it
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio

from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.simulator.server import Options, SimulatorServer

JOBS = 500


@contextmanager
def running_simulator(options: Options) -> Iterator[SimulatorServer]:
    ready = threading.Event()
    server = SimulatorServer(options, lambda _: ready.set())
    thread = threading.Thread(target=server.serve_until_told, daemon=True)
    thread.start()
    try:
        assert ready.wait(30), "the simulator did not start"
        yield server
    finally:
        server.should_exit = True
        thread.join(15)


def engine_of(server: SimulatorServer, **changes: object) -> Engine:
    values: dict[str, object] = {
        "name": "SIM",
        "base_url": server.url,
        "username": server.options.user,
        "password": server.options.password,
        "verify": str(server.certificate),
        "cache_seconds": 0.0,
    }
    return Engine(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorServer]:
    with running_simulator(Options(port=0, jobs=JOBS, seed=7, token="a-token")) as server:
        yield server


@pytest.fixture
def own_simulator() -> Iterator[SimulatorServer]:
    with running_simulator(Options(port=0, jobs=200, seed=7)) as server:
        yield server


@pytest.fixture
def start_simulator() -> Iterator[Callable[[Options], SimulatorServer]]:
    opened = []

    def start(options: Options) -> SimulatorServer:
        context = running_simulator(options)
        opened.append(context)
        return context.__enter__()

    yield start
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def hwa_engine(simulator: SimulatorServer) -> Engine:
    return engine_of(simulator)


@pytest_asyncio.fixture
async def hwa_client(hwa_engine: Engine) -> AsyncIterator[TWSClient]:
    async with TWSClient(hwa_engine) as client:
        yield client
