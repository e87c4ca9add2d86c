"""The web process as it is served: uvicorn on loopback, in a thread of the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


@contextmanager
def web_server() -> Iterator[str]:
    """`127.0.0.1:PORT` of a running server."""
    from resync_site.asgi import application

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            application,
            ws="resync_site.paced_socket:PacedSocket",
            log_level="warning",
            timeout_graceful_shutdown=3,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(20)
        assert not thread.is_alive()
