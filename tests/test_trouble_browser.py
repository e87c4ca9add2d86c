"""After trouble, each kind has its own words in the page."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError
from playwright.sync_api import Browser, Page, expect

from resync_site.environment import CHECKOUT
from resync_site.serve import web_command
from tests.axe import A_FEW, assert_accessible
from tests.chat_pages import answered, ask, open_page
from tests.fake_agent import FakeAgents, words
from tests.fake_llm import Scripted, fake_llm, say
from tests.plan_reading import make_engine
from tests.programs import environment
from tests.test_chat import Full
from tests.test_redis import free_port, wait_for
from tws.answers.events import Failed, RunStarted
from tws.chat import conversations, run_log
from tws.models import Agent, Message

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/chat/tws-analyzer/"


@pytest.fixture
def chat(browser: Browser, server: str, operator: User, agents: FakeAgents) -> Iterator[Page]:
    page = open_page(browser, server, operator, PATH)
    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    yield page
    page.context.close()


def test_a_server_that_died_is_said_above_what_had_been_written(
    chat: Page, operator: User, agents: FakeAgents
) -> None:
    conversation = conversations.promise(operator, Agent.objects.get(pk="tws-analyzer"))
    run_id = uuid.uuid4()
    run_log.store_question(conversation, run_id, "What failed?", "c1")
    run_log.save({run_id: [{"seq": 1, "type": "stream", "message": "Two jobs"}]})

    chat.goto(f"{PATH}?conversation={conversation.pk}")

    trouble = chat.locator(".answer .problem")
    expect(trouble).to_contain_text("Interrupted when the server stopped.")
    expect(chat.locator(".answer .text")).to_contain_text("Two jobs")
    assert trouble.bounding_box()["y"] < chat.locator(".answer .text").bounding_box()["y"]
    assert_accessible(chat, *A_FEW)
    trouble.get_by_role("button", name="Ask again").click()
    expect(chat.locator(".answer .text").last).to_have_text("Two jobs failed.")
    assert Message.objects.filter(trouble="interrupted").count() == 1


def sign_in(page: Page) -> None:
    page.locator("#id_username").fill("operator")
    page.locator("#id_password").fill("x")
    page.keyboard.press("Enter")


LONG = " ".join(["First", "words" * 50, *(f"w{number}" for number in range(600))])


def slowly(request: dict[str, Any]) -> Scripted:
    return say(LONG, chunk_delay=0.1) if "long" in str(request["messages"][-1]) else say("Short.")


@contextmanager
def web_process(port: int, llm: str) -> Iterator[subprocess.Popen[bytes]]:
    values = {"TWS_BASE_URL": "https://127.0.0.1:9", "TWS_ENGINE_NAME": "SIM"}
    values |= {"LLM_BASE_URL": llm, "LLM_MODEL": "tiny", "LOG_LEVEL": "ERROR"}
    command = [*web_command("127.0.0.1", port), "--log-level", "error"]
    with subprocess.Popen(command, env=environment(**values), cwd=CHECKOUT) as process:
        try:
            wait_for(port, process)
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_a_server_killed_in_mid_answer_comes_back_and_says_so(
    browser: Browser, operator: User
) -> None:
    make_engine(pass_seconds=1e6, edges_total=0)
    port = free_port()
    with fake_llm(slowly) as llm:
        page = browser.new_context(base_url=f"http://127.0.0.1:{port}").new_page()
        with web_process(port, llm.url) as first:
            page.goto(PATH)
            sign_in(page)
            expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
            answered(page, "which jobs failed?")  # the endpoint is known from here on
            ask(page, "which jobs failed in the long run?")
            text = page.locator(".answer .text").last
            expect(text).to_contain_text("w20")
            first.kill()

        expect(page.locator("#connection")).to_contain_text("Trying again")
        with web_process(port, llm.url):
            trouble = page.locator(".answer .problem")
            expect(trouble).to_contain_text("Interrupted when the server stopped.", timeout=60_000)
            expect(text).to_contain_text("w10")
            page.reload()
            expect(trouble).to_contain_text("Interrupted when the server stopped.")
            expect(text).to_contain_text("w10")
        page.context.close()


@pytest.mark.slow
def test_the_plan_as_last_read_is_one_click_away_when_hwa_is_down(
    chat: Page, agents: FakeAgents
) -> None:
    instead = "What failed? (as last read)"
    failed = Failed("hwa_unavailable", "HWA is down.", suggestions=(instead,))
    agents.script = [RunStarted("tws-analyzer", "rules"), failed]
    ask(chat, "What failed?")
    expect(chat.locator(".answer .problem")).to_contain_text("HWA is down.")
    agents.script = words("Two jobs failed.")
    chat.reload()

    chat.get_by_role("button", name=instead).click()

    expect(chat.locator(".answer .text").last).to_have_text("Two jobs failed.")
    assert agents.asked == ["What failed?", instead]


def test_an_expired_login_is_said_and_a_new_one_leads_back_to_the_draft(
    chat: Page, operator: User
) -> None:
    answered(chat, "What failed?")
    chat.locator("#question").fill("and the log of")

    Session.objects.all().delete()

    connection = chat.locator("#connection")
    expect(connection).to_have_attribute("data-state", "signed_out")
    expect(connection).to_contain_text("Your sign-in has ended.")
    assert_accessible(chat, *A_FEW)
    connection.get_by_role("link", name="Sign in again").click()
    sign_in(chat)
    expect(chat.locator("#question")).to_have_value("and the log of")
    expect(chat.locator(".question p")).to_have_text(["What failed?"])


@pytest.mark.slow
def test_a_full_disk_is_said_where_the_question_stands(
    chat: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("no room") from Full()

    monkeypatch.setattr(run_log, "store_question", refuse)

    ask(chat, "What failed?")

    expect(chat.locator(".answer .problem")).to_contain_text("The database's disk is full")
    expect(chat.locator(".answer").get_by_role("button", name="Ask again")).to_be_visible()
