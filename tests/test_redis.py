"""Several web processes, with a real Redis between them and one database."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings as django_settings
from django.db import connection
from websockets.sync.client import ClientConnection, connect

from resync_site.models import ApiToken
from tests.browser import needed
from tws.simulator.server import SimulatorServer

pytestmark = pytest.mark.django_db(transaction=True)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while not answers(port):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [needed("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=tmp_path_factory.mktemp("redis"),
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def two_processes(
    django_db_setup: None, redis_url: str, simulator: SimulatorServer
) -> Iterator[list[int]]:
    """The ports of two web processes that share everything but their memory.

    They serve the users of each test here, and count what each of these asks.
    """
    values = connection.settings_dict
    url = f"postgresql://{values['USER']}:{values['PASSWORD']}@/{values['NAME']}"
    environment = {
        **os.environ,
        "RESYNC_ENV": "development",
        "DATABASE_URL": f"{url}?host={values['HOST']}",
        "REDIS_URL": redis_url,
        "TWS_BASE_URL": simulator.url,
        "CHAT_MESSAGES_PER_MINUTE": "3",
        "API_REQUESTS_PER_MINUTE": "5",
    }
    ports = [free_port(), free_port()]
    command = [sys.executable, "-m", "uvicorn", "resync_site.asgi:application"]
    command += ["--ws", "resync_site.paced_socket:PacedSocket", "--port"]
    processes = [
        subprocess.Popen(
            [*command, str(port), "--log-level", "warning"],
            cwd=django_settings.BASE_DIR,
            env=environment,
        )
        for port in ports
    ]
    try:
        for port, process in zip(ports, processes, strict=True):
            wait_for(port, process)
        yield ports
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


Chat = Callable[[int, str], ClientConnection]


@pytest.fixture
def chat(operator) -> Iterator[Chat]:
    token = ApiToken.objects.issue(operator)
    with ExitStack() as opened:

        def open_chat(port: int, query: str = "") -> ClientConnection:
            address = f"ws://127.0.0.1:{port}/ws/chat/tws-analyzer/{query}"
            headers = {"Authorization": f"Bearer {token}"}
            link = connect(address, additional_headers=headers, proxy=None)
            return opened.enter_context(link)

        yield open_chat


def until(link: ClientConnection, kind: str) -> list[dict]:
    """The frames up to the first of `kind`."""
    frames: list[dict] = []
    while not frames or frames[-1]["type"] != kind:
        frames.append(json.loads(link.recv(timeout=30)))
    return frames


def test_an_answer_from_one_process_is_resumed_at_the_other(two_processes, chat: Chat) -> None:
    first = chat(two_processes[0])
    conversation = until(first, "info")[-1]["conversation_id"]
    first.send(json.dumps({"type": "message", "text": "Como está o plano?", "client_id": "a"}))
    seen = until(first, "message")[0:]
    first.close()

    other = chat(two_processes[1], f"?conversation={conversation}")
    until(other, "info")
    run_id = seen[-1]["run_id"]
    other.send(json.dumps({"type": "resume", "run_id": run_id, "last_seq": 1}))

    again = until(other, "message")
    assert [frame["seq"] for frame in again] == list(range(2, seen[-1]["seq"] + 1))
    assert again[-1]["message"] == seen[-1]["message"]


def test_a_question_asked_again_at_the_other_process_is_no_second_run(
    two_processes, chat: Chat
) -> None:
    question = json.dumps({"type": "message", "text": "Como está o plano?", "client_id": "a"})
    first = chat(two_processes[0])
    conversation = until(first, "info")[-1]["conversation_id"]
    first.send(question)
    run_id = until(first, "message")[-1]["run_id"]

    other = chat(two_processes[1], f"?conversation={conversation}")
    until(other, "info")
    other.send(question)

    assert until(other, "message")[-1]["run_id"] == run_id


def test_two_processes_serve_one_conversation_live(two_processes, chat: Chat) -> None:
    first = chat(two_processes[0])
    conversation = until(first, "info")[-1]["conversation_id"]
    other = chat(two_processes[1], f"?conversation={conversation}")
    until(other, "info")
    other.send(json.dumps({"type": "watch", "known": []}))
    until(other, "conversations")

    first.send(json.dumps({"type": "message", "text": "Como está o plano?", "client_id": "a"}))

    asked = until(other, "asked")[-1]
    seen = until(first, "message")
    shown = [frame for frame in until(other, "message") if "seq" in frame]
    assert (asked["text"], asked["client_id"]) == ("Como está o plano?", "a")
    assert [frame["seq"] for frame in shown] == list(range(1, seen[-1]["seq"] + 1))
    assert shown[-1]["message"] == seen[-1]["message"]


def test_questions_are_counted_over_both_processes(two_processes, chat: Chat) -> None:
    links = [chat(port) for port in two_processes]
    for number in range(3):
        link = links[number % 2]
        link.send(json.dumps({"type": "message", "text": "status?", "client_id": str(number)}))
        until(link, "message")

    links[0].send(json.dumps({"type": "message", "text": "status?", "client_id": "4"}))

    assert until(links[0], "error")[-1]["code"] == "rate_limited"


def test_api_requests_are_counted_over_both_processes(two_processes, reviewer) -> None:
    token = ApiToken.objects.issue(reviewer)

    def status(port: int) -> int:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/audit/metrics",
            headers={"Authorization": f"Bearer {token}"},
        )
        try:
            with urllib.request.urlopen(asked) as response:  # noqa: S310
                return response.status
        except urllib.error.HTTPError as error:
            return error.code

    codes = [status(two_processes[number % 2]) for number in range(6)]

    assert codes == [200] * 5 + [429]


def test_without_redis_nothing_is_counted_and_everything_answered(caplog) -> None:
    from django.test import override_settings

    from tws.chat import limits

    away = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}",
        }
    }
    with override_settings(CACHES=away):
        assert limits.within("anything", 0)
    assert "can't be counted" in caplog.text
