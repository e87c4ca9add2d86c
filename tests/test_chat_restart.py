"""The web process is killed in the middle of an answer, and started again at the same address."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Browser, expect

from tests.chat_pages import answered, ask, open_page
from tests.fake_llm import Scripted, fake_llm, say
from tests.test_redis import free_port, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LONG = "Restart it so.\n" + " ".join(f"step{number}" for number in range(600))

Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def web_process() -> Iterator[tuple[str, Start]]:
    """An address, and what starts a web process there, with a model that writes slowly."""

    def slowly(body: dict) -> Scripted:
        """The long answer once the endpoint is known: the first one of all does not stream."""
        is_long = "restart" in str(body["messages"][-1]["content"])
        return say(LONG, chunk_delay=0.1) if is_long else say("Fine.")

    values = connection.settings_dict
    database = f"postgresql://{values['USER']}:{values['PASSWORD']}@/{values['NAME']}"
    port = free_port()
    with fake_llm(slowly) as llm, ExitStack() as ends:
        environment = {
            **os.environ,
            "RESYNC_ENV": "development",
            "DATABASE_URL": f"{database}?host={values['HOST']}",
            "TWS_BASE_URL": "https://127.0.0.1:9",
            "LLM_BASE_URL": llm.url,
            "LLM_MODEL": "tiny",
            "SECRET_KEY": django_settings.SECRET_KEY,  # the session that the test makes is its own
        }
        command = [sys.executable, "-m", "uvicorn", "resync_site.asgi:application"]
        command += ["--ws", "resync_site.paced_socket:PacedSocket", "--port", str(port)]

        def start() -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [*command, "--log-level", "warning"], cwd=django_settings.BASE_DIR, env=environment
            )
            ends.callback(process.wait, 20)
            ends.callback(process.kill)
            wait_for(port, process)
            return process

        yield f"http://127.0.0.1:{port}", start


def test_an_open_page_says_that_the_server_stopped_and_keeps_what_was_written(
    browser: Browser, web_process: tuple[str, Start], operator: User
) -> None:
    address, start = web_process
    first = start()
    page = open_page(browser, address, operator, "/chat/tws-troubleshooter/")
    answered(page, "What is a final job stream?")
    ask(page, "How do I restart an agent?")
    expect(page.locator(".answer .text").last).to_contain_text("step3")

    first.kill()
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    start()

    trouble = page.locator(".answer .problem")
    expect(trouble).to_contain_text("Interrupted when the server stopped.")
    expect(page.locator(".answer .text").last).to_contain_text("step3")
    page.reload()
    expect(trouble).to_contain_text("Interrupted when the server stopped.")
    page.context.close()
