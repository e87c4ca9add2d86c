#!/usr/bin/env python3
"""How long is everybody held up while one client sends the worst frames or bodies without pause?

    .venv/bin/python scripts/bench/hostile_frames.py [--seconds 3]

Serves the chat and the REST API in this process, on a scratch database; the client is another
process. Prints for each kind of frame and of REST body the longest time, in milliseconds, in which
the event loop did nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
import time

from _bench import say, scratch_database, setup

CLIENT = """
import base64, os, socket, sys, time
port, token, frame, seconds = int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
data = {
    "list of lists, 1 MB": '{"a": [' + "[]," * 333_000 + "[]]}",
    "list of lists, 100 kB": '{"a": [' + "[]," * 33_000 + "[]]}",
    "braces, 1 MB": "{" * 1_000_000,
    "text, 1 MB": "x" * 1_000_000,
    "empty frames": "",
    "WebSocket pings": None,
}[frame]
def packed(text):
    if text is None:
        return bytes([0x89, 0x80]) + bytes(4)
    size = len(text)
    head = bytes([0x81, 0x80 + size]) if size < 126 else b"\\x81\\xff" + size.to_bytes(8, "big")
    return head + bytes(4) + text.encode()
link = socket.create_connection(("127.0.0.1", port))
link.sendall((
    "GET /ws/chat/tws-analyzer/ HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nUpgrade: websocket\\r\\n"
    "Connection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nAuthorization: Bearer " + token +
    "\\r\\nSec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode() + "\\r\\n\\r\\n"
).encode())
assert b" 101 " in link.recv(4096)
flood = packed(data) * max(1, 200_000 // max(1, len(data or "")))
link.settimeout(0.2)
end = time.monotonic() + seconds
rest = flood
while time.monotonic() < end:
    try:
        rest = rest[link.send(rest):] or flood
    except TimeoutError:
        pass  # the server does not read: that is the point
"""
BODY_CLIENT = """
import http.client, sys, time
port, token, body, seconds = int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
data = {
    "body: list of lists, 900 kB": b"[" + b"[]," * 300_000 + b"0]",
    "body: braces, 900 kB": b'{"a":' * 180_000,
    "body: text, 900 kB": b'{"note": "' + b"x" * 900_000 + b'"}',
    "body: 2.4 MB": b"[]," * 800_000,
}[body]
headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
end = time.monotonic() + seconds
while time.monotonic() < end:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("POST", "/api/audit/review", data, headers)
        link.getresponse().read()
    except OSError:
        pass  # refused while it was still being sent
    finally:
        link.close()
"""
BODIES = (
    "body: list of lists, 900 kB", "body: braces, 900 kB", "body: text, 900 kB", "body: 2.4 MB",
)  # fmt: skip
KINDS = (
    "list of lists, 1 MB", "list of lists, 100 kB", "braces, 1 MB", "text, 1 MB", "empty frames",
    "WebSocket pings", *BODIES,
)  # fmt: skip


async def longest_gap(port: int, token: str, kind: str, seconds: float) -> float:
    program = BODY_CLIENT if kind in BODIES else CLIENT
    arguments = ("-c", program, str(port), token, kind, str(seconds))
    client = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    ended = asyncio.create_task(client.wait())
    longest, last = 0.0, time.perf_counter()
    while not ended.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    if client.returncode:
        raise SystemExit(f"the client of {kind!r} failed")
    return longest * 1_000


async def measure(token: str, seconds: float) -> dict[str, float]:
    import uvicorn

    from resync_site.asgi import application

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            application, ws="resync_site.paced_socket:PacedSocket", log_level="warning"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 (uvicorn sets no event)
            await asyncio.sleep(0.05)
        await longest_gap(port, token, "text, 1 MB", 0.5)  # what is imported at the first use
        await longest_gap(port, token, "body: text, 900 kB", 0.5)
        gaps = {kind: round(await longest_gap(port, token, kind, seconds), 1) for kind in KINDS}
        server.should_exit = True
        await serving
    return gaps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    setup()
    with scratch_database():
        from django.contrib.auth.models import User

        from resync_site.models import ApiToken

        user = User.objects.create_superuser("bench")
        token = ApiToken.objects.issue(user)
        say(longest_gap_ms=asyncio.run(measure(token, options.seconds)))


if __name__ == "__main__":
    main()
