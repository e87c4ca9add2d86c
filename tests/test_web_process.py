"""The web process at its edge: whom it answers, whose headers it believes, how much it reads."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from resync_site.api import api
from resync_site.asgi import _guarded, application, lifespan
from resync_site.binding import LoopbackOnly, is_loopback
from resync_site.bodies import BoundedBodies, is_intricate
from resync_site.environment import CHECKOUT
from resync_site.models import ApiToken
from resync_site.proxies import ClientOfProxy
from tests.factories import make_record
from tests.web_server import web_server


def answer_of(app: Any, scope: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """What an ASGI application sends when it is sent these messages."""
    sent: list[dict[str, Any]] = []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "headers": [], **scope}, receive, send))
    return sent


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Says who called, after having read the whole body; nothing when it breaks off, as Django."""
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    if message["type"] == "http.disconnect":
        return
    await send({"type": "http.response.start", "status": 200, "client": scope.get("client")})


# --- start and end ------------------------------------------------------------------------------


def test_once_started_it_keeps_what_it_made_and_takes_turns_with_its_threads(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    settings.DEVELOPMENT = False
    monkeypatch.setattr("gc.freeze", lambda: done.append("frozen"))
    monkeypatch.setattr("sys.setswitchinterval", done.append)

    sent = answer_of(lifespan, {}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})

    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete", "lifespan.shutdown.complete",
    ]  # fmt: skip
    assert done == ["frozen", 0.0002]


# --- binding ------------------------------------------------------------------------------------


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(trial.getsockname()[0])


def test_uvicorn_by_hand_in_development_ends_when_bound_beyond_loopback() -> None:
    command = [sys.executable, "-m", "uvicorn", "resync_site.asgi:application"]
    command += ["--host", "0.0.0.0", "--port", "0"]  # noqa: S104  the point of the test

    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "RESYNC_ENV": "development"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "answers on loopback only" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("server", "status"),
    [
        (("127.0.0.1", 8000), 200),
        (("::1", 8000), 200),
        (("10.0.0.5", 8000), 403),
        (("fe80::1", 8000), 403),
        (("/run/resync.sock", None), 200),
        (None, 200),
    ],
)
def test_what_comes_in_by_another_address_is_refused(server: Any, status: int) -> None:
    sent = answer_of(LoopbackOnly(echo), {"server": server}, {"type": "http.request"})

    assert sent[0]["status"] == status


def test_so_is_a_socket() -> None:
    sent = answer_of(LoopbackOnly(echo), {"type": "websocket", "server": ("10.0.0.5", 80)})

    assert sent == [{"type": "websocket.close"}]


def test_runserver_is_held_to_it_too(settings: Any) -> None:
    settings.DEVELOPMENT = True
    with pytest.raises(CommandError, match="answers on loopback only"):
        call_command("runserver", "0.0.0.0:0", "--noreload")


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_site_itself_refuses_it(kind: str) -> None:
    scope = {"type": kind, "server": ("10.0.0.5", 80), "path": "/health/live", "headers": []}

    [first, *_] = answer_of(application, scope, {"type": f"{kind}.connect"})

    assert first.get("status") == 403 or first == {"type": "websocket.close"}


@pytest.mark.parametrize(("behind", "caller"), [(True, "203.0.113.9"), (False, "127.0.0.1")])
def test_the_site_asks_the_proxy_exactly_when_there_is_one(
    behind: bool, caller: str, settings: Any
) -> None:
    settings.BEHIND_PROXY, settings.PROXY_COUNT = behind, 1
    scope = {"client": ("127.0.0.1", 5), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}

    sent = answer_of(_guarded(echo), scope, {"type": "http.request"})

    assert sent[0]["client"][0] == caller


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "example.com", "127.0.0.1.evil"])  # noqa: S104
def test_what_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


# --- proxies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "lines", "caller"),
    [
        (1, [b"203.0.113.9"], "203.0.113.9"),
        (1, [b"8.8.8.8, 203.0.113.9"], "203.0.113.9"),  # the left one was written by the caller
        (1, [b"8.8.8.8", b"203.0.113.9:4711"], "203.0.113.9"),
        (1, [b"[2001:db8::1]:443"], "2001:db8::1"),
        (2, [b"8.8.8.8, 203.0.113.9, 10.0.0.1"], "203.0.113.9"),
        (2, [b"203.0.113.9"], "127.0.0.1"),
        (1, [b"nonsense"], "127.0.0.1"),
        (1, [], "127.0.0.1"),
    ],
)
def test_behind_a_proxy_the_caller_is_whom_it_saw(
    proxies: int, lines: list[bytes], caller: str, settings: Any
) -> None:
    settings.PROXY_COUNT = proxies
    scope = {"client": ("127.0.0.1", 5), "headers": [(b"x-forwarded-for", line) for line in lines]}

    sent = answer_of(ClientOfProxy(echo), scope, {"type": "http.request"})

    assert sent[0]["client"][0] == caller


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "127.0.0.1",
    "Forwarded": "for=203.0.113.9;proto=https;host=evil.example",
}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests that reach Django: (address, scheme, host)."""
    from django.core.handlers.asgi import ASGIHandler

    found: list[Any] = []
    plain = ASGIHandler.get_response_async

    async def noted(self: Any, request: Any) -> Any:
        found.append((request.META["REMOTE_ADDR"], request.scheme, request.get_host()))
        return await plain(self, request)

    monkeypatch.setattr(ASGIHandler, "get_response_async", noted)
    return found


@pytest.mark.django_db(transaction=True)
def test_without_a_proxy_nobody_believes_its_headers(seen: list[Any]) -> None:
    with web_server() as address:
        assert httpx.get(f"http://{address}/health/live", headers=FORWARDED).status_code == 200

    assert seen == [("127.0.0.1", "http", address)]


@pytest.mark.django_db
def test_behind_a_proxy_scheme_and_host_are_its_words() -> None:
    code = (
        "import django; from django.conf import settings as s;"
        "print(s.SECURE_PROXY_SSL_HEADER, s.USE_X_FORWARDED_HOST)"
    )
    said = {
        flag: subprocess.run(
            [sys.executable, "-c", code],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "BEHIND_PROXY": flag,
                "DJANGO_SETTINGS_MODULE": "resync_site.settings",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.strip()
        for flag in ("true", "false")
    }

    assert said == {"true": "('HTTP_X_FORWARDED_PROTO', 'https') True", "false": "None False"}


# --- bodies -------------------------------------------------------------------------------------


def body(size: int, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


@pytest.mark.parametrize("said", [b"1025", b"99999999999999999999", b"-1", b"nonsense", b"1e9"])
def test_a_body_is_refused_by_what_it_says_before_it_is_read(said: bytes, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1024
    sent = answer_of(BoundedBodies(echo), {"headers": [(b"content-length", said)]})

    assert sent[0]["status"] == 413
    assert "1024 bytes" in json.loads(sent[1]["body"])["detail"]


@pytest.mark.parametrize(("last", "status"), [(24, 200), (25, 413)])
def test_a_body_is_refused_by_what_comes_whatever_it_said(
    last: int, status: int, settings: Any
) -> None:
    settings.MAX_BODY_BYTES = 1024
    sent = answer_of(
        BoundedBodies(echo), {"headers": [(b"content-length", b"5")]}, body(1000, True), body(last)
    )

    assert sent[0]["status"] == status


@pytest.mark.django_db(transaction=True)
def test_only_who_may_import_sends_a_file(reviewer: User, operator: User, settings: Any) -> None:
    settings.MAX_BODY_BYTES, settings.IMPORT_MAX_UPLOAD_MIB = 1024, 1
    page = "/admin/audits/auditrecord/import/"
    found = {}
    for name, user in {"nobody": None, "operator": operator, "reviewer": reviewer}.items():
        client = Client()
        if user:
            client.force_login(user)
        cookie = client.cookies.output(header="", sep=";").strip().encode()
        for path, size in ((page, 2048), (f"/nowhere{page}", 2048), (page, 2**20 + 1)):
            said = [(b"cookie", cookie), (b"content-length", str(size).encode())]
            scope = {"headers": said, "path": path, "method": "POST"}
            found[name, path, size] = answer_of(BoundedBodies(echo), scope, body(size))[0]["status"]

    assert [key for key, status in found.items() if status == 200] == [("reviewer", page, 2048)]
    assert set(found.values()) == {200, 413}


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    cache.clear()
    with web_server() as address:
        yield address


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/api/audit/review", "/login/", "/admin/login/", "/nowhere"])
def test_a_server_takes_no_large_body_chunked_or_whole(
    server: str, path: str, reviewer: User
) -> None:
    headers = {"Authorization": f"Bearer {ApiToken.objects.issue(reviewer)}"}
    large = b"[]," * 800_000

    whole = httpx.post(f"http://{server}{path}", content=large, headers=headers)
    chunked = httpx.post(
        f"http://{server}{path}", content=iter([large[:500_000]] * 5), headers=headers
    )

    assert (whole.status_code, chunked.status_code) == (413, 413)


@pytest.mark.parametrize(
    ("sent", "intricate"),
    [
        (b"[]," * 5_000, True),
        (b"[" * 20_000, True),
        (b'{"a":' * 5_000, True),
        (b'"",' * 5_000, True),
        (b"1," * 6_000, True),
        (b" " * 20_000, True),
        (b'{"note": "' + b"[],{}" * 50_000 + b'"}', False),
        (b'{"note": "' + rb"\"[\\" * 50_000 + b'"}', False),
        (b'{"note": "' + b"[" * 50_000, False),  # a string that never ends is no JSON anyhow
        (b'"a\\', False),
        (b"", False),
    ],
)
def test_many_parts_are_intricate_and_long_texts_are_not(sent: bytes, intricate: bool) -> None:
    assert is_intricate(sent) is intricate


DEEP = [b"[" + b"[]," * 100_000 + b"0]", b"[" * 300_000, b"[" * 9_000, b'{"a":' * 1_500]


@pytest.mark.django_db
@pytest.mark.parametrize("sent", DEEP)
def test_intricate_or_deep_json_is_422(sent: bytes, reviewer: User) -> None:
    record = make_record("pending")
    headers = {"Authorization": f"Bearer {ApiToken.objects.issue(reviewer)}"}

    answer = Client().post(
        "/api/audit/review", sent, content_type="application/json", headers=headers
    )

    assert answer.status_code == 422
    record.refresh_from_db()
    assert record.status == "pending"


def test_the_api_parses_nothing_intricate() -> None:
    request = RequestFactory().post("/", DEEP[0], content_type="application/json")

    with pytest.raises(ValueError, match="too many parts"):
        api.parser.parse_body(request)
