"""The chat over a real server and real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from resync_site.models import ApiToken
from tests.fake_agent import FakeAgents, words
from tests.web_server import web_server
from tws.answers.events import Chunk, Final, RunStarted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(agents: FakeAgents, transactional_db: None) -> Iterator[str]:
    with web_server() as address:
        yield address


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


def open_chat(server: str, path: str = "tws-analyzer/", **headers: str) -> ClientConnection:
    return connect(
        f"ws://{server}/ws/chat/{path}",
        additional_headers=headers,
        max_size=None,
        proxy=None,
        close_timeout=1,  # frames that nobody reads any more would hold up the goodbye for 10 s
    )


@pytest.fixture
def page(server: str, operator: User) -> dict[str, str]:
    """The headers that a browser sends from this site's own page."""
    return {"Cookie": cookie_of(operator), "Origin": f"http://{server}"}


def send(chat: ClientConnection, **frame: Any) -> None:
    chat.send(json.dumps(frame))


def receive(chat: ClientConnection) -> dict[str, Any]:
    return json.loads(chat.recv(timeout=10))


def until(chat: ClientConnection, *types: str) -> list[dict[str, Any]]:
    frames = [receive(chat)]
    while frames[-1]["type"] not in types:
        frames.append(receive(chat))
    return frames


# --- the handshake ------------------------------------------------------------------------------


def status_of(server: str, **headers: str) -> int:
    """101 when the handshake succeeds."""
    try:
        with open_chat(server, **headers) as chat:
            assert receive(chat)["type"] == "info"
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


def test_session_from_our_own_page_is_let_in(server: str, page: dict[str, str]) -> None:
    assert status_of(server, **page) == 101


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:1",
        "https://127.0.0.1",
        "file://",
        "http://127.0.0.1:99999999",
        "http://[",
    ],
)
def test_session_from_another_page_is_403(
    server: str, page: dict[str, str], origin: str | None
) -> None:
    headers = {"Cookie": page["Cookie"]} | ({"Origin": origin} if origin is not None else {})

    assert status_of(server, **headers) == 403


def test_another_scheme_or_port_is_another_site(server: str, page: dict[str, str]) -> None:
    host, port = server.split(":")

    for origin in (f"https://{server}", f"http://{host}", f"http://{host}:{int(port) ^ 1}"):
        assert status_of(server, Cookie=page["Cookie"], Origin=origin) == 403


def test_somebody_without_a_role_is_403(server: str, operator: User) -> None:
    operator.groups.clear()
    token = ApiToken.objects.issue(operator)
    page = {"Cookie": cookie_of(operator), "Origin": f"http://{server}"}

    assert status_of(server, **page) == 403
    assert status_of(server, Authorization=f"Bearer {token}") == 403


def test_anonymous_is_403(server: str, page: dict[str, str]) -> None:
    assert status_of(server, Origin=page["Origin"]) == 403
    assert status_of(server, Origin=page["Origin"], Cookie="sessionid=nonsense") == 403
    assert status_of(server) == 403


def test_bearer_token_needs_no_origin(server: str, operator: User) -> None:
    token = ApiToken.objects.issue(operator)

    assert status_of(server, Authorization=f"Bearer {token}") == 101
    assert status_of(server, Authorization=f"bearer {token}", Origin=f"http://{server}") == 101


def test_wrong_token_or_foreign_origin_with_a_token_is_403(server: str, operator: User) -> None:
    token = ApiToken.objects.issue(operator)

    assert status_of(server, Authorization="Bearer wrong") == 403
    assert status_of(server, Authorization=f"Basic {token}") == 403
    assert status_of(server, Authorization=f"Bearer {token}", Origin="http://evil.example") == 403
    User.objects.update(is_active=False)
    assert status_of(server, Authorization=f"Bearer {token}") == 403


def test_unknown_agent_and_unknown_path_close_with_4404(server: str, page: dict[str, str]) -> None:
    for path in ("nobody/", "../elsewhere/", "%00/"):
        with open_chat(server, path, **page) as chat, pytest.raises(ConnectionClosed) as closed:
            chat.recv(timeout=5)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4404


# --- frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("x" * 1_000_000, "too_long"),
        ('{"a": "' + "x" * 1_000_000 + '"}', "too_long"),
        ('{"type": "message", "text": "' + "x" * 1_000_000 + '"}', "too_long"),
        ("{" * 1_000_000, "too_long"),
        ('{"type": ' + "[" * 100_000, "bad_json"),
        ('{"a": [' + "[]," * 30_000 + "[]]}", "bad_json"),
        (b"\x00" * 1_000_000, "bad_frame"),
        (b"", "bad_frame"),
    ],
)
def test_huge_and_binary_frames_leave_the_socket_open(
    server: str, page: dict[str, str], frame: str | bytes, code: str
) -> None:
    with open_chat(server, **page) as chat:
        receive(chat)
        chat.send(frame)
        assert receive(chat)["code"] == code
        send(chat, type="ping")
        assert receive(chat) == {"type": "pong"}


def test_question_is_answered(server: str, page: dict[str, str]) -> None:
    with open_chat(server, **page) as chat:
        receive(chat)
        send(chat, type="message", text="O que falhou?", client_id="1")
        frames = until(chat, "message", "error")

    assert frames[-1]["message"] == "Two jobs failed."


def test_stop_over_the_wire(server: str, page: dict[str, str], agents: FakeAgents) -> None:
    agents.script = [RunStarted("a", "rules"), Chunk("One "), 60.0, Final("One")]
    with open_chat(server, **page) as chat:
        receive(chat)
        send(chat, type="message", text="What failed?")
        until(chat, "stream")
        send(chat, type="stop")

        assert until(chat, "stopped")[-1]["seq"] == 3
    assert agents.stopped == 1


def test_dropped_client_resumes_and_misses_nothing(
    server: str, page: dict[str, str], agents: FakeAgents
) -> None:
    pieces = [Chunk(f"w{n} ") for n in range(300)]
    script = [item for piece in pieces for item in (piece, 0.003)]
    agents.script = [RunStarted("a", "rules"), *script, Final("".join(p.text for p in pieces))]
    seen: list[dict[str, Any]] = []
    with open_chat(server, **page) as chat:
        conversation = receive(chat)["conversation_id"]
        send(chat, type="message", text="What failed?", client_id="1")
        seen += until(chat, "stream")
        chat.socket.close()  # without a goodbye

    for _ in range(3):
        with open_chat(server, f"tws-analyzer/?conversation={conversation}", **page) as chat:
            assert receive(chat)["conversation_id"] == conversation
            send(chat, type="resume", run_id=seen[0]["run_id"], last_seq=seen[-1]["seq"])
            seen += until(chat, "stream", "message")
    with open_chat(server, f"tws-analyzer/?conversation={conversation}", **page) as chat:
        receive(chat)
        send(chat, type="message", text="What failed?", client_id="1")
        replay = until(chat, "message", "error")

    assert [frame["seq"] for frame in replay] == list(range(1, len(replay) + 1))
    assert replay[: len(seen)] == seen
    text = "".join(frame["message"] for frame in replay if frame["type"] == "stream")
    assert text == replay[-1]["message"]
    assert agents.asked == ["What failed?"]


def test_busy_over_the_wire(server: str, page: dict[str, str], agents: FakeAgents) -> None:
    agents.script = [1.0, *words("Fine.")]
    with open_chat(server, **page) as chat:
        receive(chat)
        for number in range(5):
            send(chat, type="message", text=f"Question {number}", client_id=str(number))
        frames = [until(chat, "message", "error")[-1] for _ in range(5)]

    assert [(f["client_id"], f.get("code")) for f in frames] == [
        ("4", "busy"), ("0", None), ("1", None), ("2", None), ("3", None),
    ]  # fmt: skip


def test_client_that_does_not_read_holds_nobody_up(
    server: str, page: dict[str, str], agents: FakeAgents, settings: Any
) -> None:
    settings.CHAT_MAX_ANSWER_CHARACTERS = 30_000_000
    agents.script = [*(Chunk("x" * 10_000 + "\n") for _ in range(2_000)), Final("x")]
    with open_chat(server, **page) as deaf, open_chat(server, **page) as chat:
        receive(chat)
        send(deaf, type="message", text="Say much")
        agents.script = words("Fine.")
        send(chat, type="message", text="What failed?")

        assert until(chat, "message")[-1]["message"] == "Fine."
        deaf.socket.close()
