"""The pages in a real browser, over the real server."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from knowledge.models import Feedback
from tests.axe import A_FEW, assert_accessible
from tests.chat_pages import ask, open_page
from tests.factories import make_memory, make_record
from tests.fake_agent import FakeAgents, reading, understood, words
from tests.plan_reading import make_engine
from tws.answers.events import Chunk, Event, Final, RunStarted, Source
from tws.chat import consumer

TABLE = "| job | status |\n| --- | --- |\n" + "\n".join(
    f"| JOB_{n} | **ABEND** |" for n in range(40)
)

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    " [click](javascript:alert(1)) ![pixel](https://evil.example/p.png) **bold**"
)


@pytest.fixture
def chat(browser: Browser, server: str, operator: User, agents: FakeAgents) -> Iterator[Page]:
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")
    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    yield page
    page.context.close()


def paced(*texts: str, seconds: float) -> list[Event | float]:
    script: list[Event | float] = [RunStarted("tws-analyzer", "rules")]
    for text in texts:
        script += [Chunk(text), seconds]
    return [*script, Final("".join(texts))]


def test_answer_streams_and_shows_steps_sources_and_time(chat: Page, agents: FakeAgents) -> None:
    agents.script = reading("**Two** jobs failed.")

    ask(chat, "What failed?")

    answer = chat.locator(".answer")
    expect(answer.locator(".text strong")).to_have_text("Two")
    expect(answer.locator(".source .label")).to_have_text("PROD · count_jobs, read 2 Mar 10:00")
    expect(answer.locator(".source time")).to_have_attribute("datetime", re.compile("2026-03-02"))
    answer.locator("summary").click()
    expect(answer.locator(".steps li")).to_contain_text("count_jobs by: status")
    expect(chat.locator("#status")).to_have_text("The answer is complete.")


@pytest.mark.slow
def test_how_a_question_was_taken_stands_above_its_answer(chat: Page, agents: FakeAgents) -> None:
    agents.script = understood("JOB_A failed.")

    ask(chat, "What failed?")

    said = chat.locator(".answer .understood")
    expect(said).to_contain_text("Understood as: jobs · terminou com erro Not used: sexta.")
    expect(said).to_contain_text("Only a part of the question was answered.")
    chat.reload()
    expect(said).to_contain_text("Understood as: jobs · terminou com erro")

    choices = ("PAY.JOB_A", "HR.JOB_A")
    agents.script = words("Which one?", outcome="ask", suggestions=choices)
    chat.get_by_role("button", name="why did JOB_A fail?").click()
    expect(chat.locator(".suggestions h2")).to_have_text(["You may ask", "Did you mean"])
    chat.get_by_role("button", name="HR.JOB_A").click()
    expect(chat.locator(".question p")).to_have_text(
        ["What failed?", "why did JOB_A fail?", "HR.JOB_A"]
    )
    expect(chat.locator(".answer:not([aria-busy]) .text")).to_have_count(3)
    assert agents.asked[-2:] == ["why did JOB_A fail?", "HR.JOB_A"]


@pytest.mark.slow
def test_text_is_there_before_the_answer_is_complete(chat: Page, agents: FakeAgents) -> None:
    agents.script = paced("First. ", "Second.", seconds=1.0)

    ask(chat, "What failed?")

    expect(chat.locator(".text.streaming")).to_have_text("First. ")
    expect(chat.locator(".answer")).to_have_attribute("aria-busy", "true")
    expect(chat.locator(".answer:not([aria-busy]) .text")).to_have_text("First. Second.")


@pytest.mark.slow
def test_text_is_drawn_while_it_comes_and_does_not_jump_at_the_end(
    chat: Page, agents: FakeAgents
) -> None:
    begun = "**Two** jobs"
    rest = f":\n\n- `JOB_A`\n\n  ended\n\n- JOB_B\n\n{TABLE}\n\n```\nrerun\n```\n\nThat is all."
    is_begun, is_drawn = threading.Event(), threading.Event()

    def script() -> Iterator[Event | float]:
        yield RunStarted("tws-analyzer", "rules")
        yield Chunk(begun)
        while not is_begun.is_set():
            yield 0.05
        yield Chunk(rest)
        while not is_drawn.is_set():
            yield 0.05
        yield Final(begun + rest)

    agents.script = script()
    ask(chat, "What failed?")

    text = chat.locator(".text")
    expect(chat.locator("#status")).to_have_text("Working on it…")
    expect(chat.locator(".text.streaming strong")).to_have_text("Two")
    is_begun.set()
    expect(chat.locator(".text.streaming li")).to_have_count(2)
    height = text.evaluate("one => one.offsetHeight")
    is_drawn.set()
    expect(chat.locator(".answer:not([aria-busy]) .text li")).to_have_count(2)
    assert text.evaluate("one => one.offsetHeight") == height
    expect(chat.locator("#status")).to_have_text("The answer is complete.")


def test_a_long_answer_is_read_from_its_beginning(chat: Page, agents: FakeAgents) -> None:
    agents.script = words("\n\n".join(f"Paragraph {n}" for n in range(80)))
    ask(chat, "One")
    ask(chat, "Two")
    expect(chat.locator(".answer:not([aria-busy])")).to_have_count(2)

    expect(chat.locator(".question").nth(1)).to_be_in_viewport(ratio=1)
    assert chat.locator(".exchange").nth(1).bounding_box()["y"] < 200
    chat.reload()
    expect(chat.locator(".question").nth(1)).to_be_in_viewport(ratio=1)


@pytest.mark.slow
def test_a_table_that_a_model_wrote_is_copied(chat: Page, agents: FakeAgents) -> None:
    chat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    agents.script = words(TABLE)
    ask(chat, "What failed?")

    chat.get_by_role("button", name="Copy as CSV").click()

    expect(chat.get_by_text("Copied")).to_be_visible()
    copied = chat.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[:2] == ["job,status", "JOB_0,ABEND"]
    assert len(copied) == 41


def test_stop_button_and_escape_stop(chat: Page, agents: FakeAgents) -> None:
    agents.script = paced("First. ", "Second.", seconds=20.0)
    ask(chat, "One")
    chat.get_by_role("button", name="Stop").click()
    expect(chat.locator(".end").nth(0)).to_contain_text("Stopped.")
    expect(chat.get_by_role("button", name="Stop")).to_be_hidden()

    ask(chat, "Two")
    expect(chat.locator(".text").nth(1)).to_have_text("First. ")
    chat.keyboard.press("Escape")
    expect(chat.locator(".end").nth(1)).to_contain_text("Stopped.")
    assert agents.stopped == len(agents.asked) >= 1


@pytest.mark.slow
def test_stop_is_not_lost_before_the_conversation_is_open(
    browser: Browser, server: str, operator: User, agents: FakeAgents, monkeypatch
) -> None:
    agents.script = paced("First. ", "Second.", seconds=20.0)
    opening = consumer._open_conversation
    is_asked = threading.Event()

    def open_late(*of: Any) -> Any:
        is_asked.wait(30)
        return opening(*of)

    monkeypatch.setattr(consumer, "_open_conversation", open_late)
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")
    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")

    ask(page, "One")
    expect(page.locator(".progress")).to_have_text("Waiting…")  # nobody works on it yet
    page.get_by_role("button", name="Stop").click()
    is_asked.set()

    expect(page.locator(".end")).to_contain_text("Stopped.")
    page.context.close()


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Nothing comes back for what was said of an answer: the row tells that it has arrived."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def test_feedback_reaches_the_memory(chat: Page, agents: FakeAgents) -> None:
    agents.script = reading("Two jobs failed.")
    ask(chat, "What failed?")
    chat.get_by_role("button", name="This is wrong").click()
    # A double click on the thumb: its second half lands where "Send" has come up.
    chat.get_by_role("button", name="Send").dispatch_event("click", {"detail": 2})
    chat.get_by_label("Something is missing").check()
    chat.get_by_label("What should it say? (optional)").fill("Three failed")
    chat.keyboard.press("Control+Enter")

    expect(chat.get_by_text("Thank you. A reviewer will see it.")).to_be_visible()
    wait_until(chat, lambda: Feedback.objects.given().exists())
    chat.reload()
    expect(chat.get_by_role("button", name="This is wrong")).to_have_attribute(
        "aria-pressed", "true"
    )
    given = Feedback.objects.get()
    assert (given.rating, given.reason, given.comment) == (1, "incomplete", "Three failed")
    assert given.reported_at is not None

    chat.get_by_role("button", name="This is wrong").click()
    expect(chat.get_by_text("Taken back.")).to_be_visible()
    wait_until(chat, lambda: not Feedback.objects.given().exists())
    chat.reload()
    expect(chat.get_by_role("button", name="This is wrong")).to_have_attribute(
        "aria-pressed", "false"
    )
    assert not Feedback.objects.untaken().exists()


def test_hostile_answer_is_inert(chat: Page, agents: FakeAgents) -> None:
    requests: list[str] = []
    chat.on("request", lambda request: requests.append(request.url))
    source = Source("memory", "x", HOSTILE, None, None, "cleared")
    agents.script = words(HOSTILE, sources=(source,))

    ask(chat, HOSTILE)

    expect(chat.locator(".answer .text strong")).to_have_text("bold")
    expect(chat.locator(".trust")).to_have_text("verified, not reviewed")
    chat.reload()
    expect(chat.locator(".answer .text strong")).to_have_text("bold")
    assert chat.title() == f"{HOSTILE} · Resync"
    assert chat.locator(".exchange script, .exchange img, [href^=javascript]").count() == 0
    assert not [url for url in requests if "evil.example" in url]


@pytest.mark.slow
def test_a_memory_among_the_sources_opens(chat: Page, agents: FakeAgents, reviewer: User) -> None:
    memory = make_memory(user_query="Why U1?", agent_response="Call **Ana**.")
    make_record("approved", memory, reviewer=reviewer, reviewed_at=timezone.now())
    source = Source("memory", str(memory.pk), "Why U1?", trust="trusted", version=1)
    agents.script = words("See there.", sources=(source,), used={(memory.pk, 1): "quoted"})
    ask(chat, "Why does it say U1?")

    chat.locator(".sources").get_by_role("button", name="Why U1?").click()

    opened = chat.get_by_role("dialog", name="Why U1?")
    expect(opened.locator("blockquote strong")).to_have_text("Ana")
    expect(opened).to_contain_text("Approved by reviewer")
    expect(opened).to_contain_text("Unchanged since.")
    assert_accessible(chat, *A_FEW)


def test_reload_while_an_answer_streams_resumes_it(chat: Page, agents: FakeAgents) -> None:
    agents.script = paced(*(f"w{number} " for number in range(30)), seconds=0.1)
    ask(chat, "What failed?")
    expect(chat.locator(".text.streaming")).to_contain_text("w3")

    chat.reload()

    expected = "".join(f"w{number} " for number in range(30)).strip()
    expect(chat.locator(".answer:not([aria-busy]) .text")).to_have_text(expected)
    assert agents.asked == ["What failed?"]


@pytest.mark.slow
def test_lost_connection_comes_back_and_misses_nothing(chat: Page, agents: FakeAgents) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    chat.route_web_socket(re.compile("/ws/chat/"), pass_on)
    chat.reload()
    agents.script = paced(*(f"w{number} " for number in range(40)), seconds=0.1)
    ask(chat, "What failed?")
    expect(chat.locator(".text.streaming")).to_contain_text("w3")

    sockets[0].close(code=1012)

    expected = "".join(f"w{number} " for number in range(40)).strip()
    expect(chat.locator(".answer:not([aria-busy]) .text")).to_have_text(expected)
    assert len(sockets) == 2


@pytest.mark.slow
def test_example_is_asked_with_one_click(chat: Page, agents: FakeAgents) -> None:
    chat.get_by_role("button", name="Which jobs are late?").click()

    expect(chat.locator(".question p")).to_have_text("Which jobs are late?")
    expect(chat.locator(".text")).to_have_text("Two jobs failed.")
    assert agents.asked == ["Which jobs are late?"]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(390, 800), (1280, 860)])
def test_pages_fit_their_width(
    browser: Browser, server: str, operator: User, agents: FakeAgents, width: int, height: int
) -> None:
    table = "| " + " | ".join(["wide"] * 40) + " |\n" + "|-" * 40 + "|"
    agents.script = words("x" * 500 + "\n\n" + table)
    size = {"width": width, "height": height}
    page = open_page(browser, server, operator, "/chat/tws-analyzer/", viewport=size)

    ask(page, "y" * 500)

    expect(page.locator(".answer:not([aria-busy])")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto("/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_live_page_leads_to_a_question_that_is_answered(
    browser: Browser, plan_of_now: None, server: str, operator: User
) -> None:
    page = open_page(browser, server, operator, "/")
    expect(page.locator("#simulated")).to_be_visible()
    expect(page.locator("#total")).to_have_text("200 jobs in the plan")

    page.locator(".count.success a").click()

    expect(page.get_by_label("Your question")).to_have_value("Which jobs are successful?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer .source .kind")).to_have_text("HWA")
    page.context.close()


@pytest.mark.slow
def test_live_page_says_since_when_hwa_is_down(
    browser: Browser, server: str, operator: User, settings: Any
) -> None:
    settings.TWS_BASE_URL, settings.TWS_ENGINE_NAME = "https://127.0.0.1:9", "SIM"
    make_engine(down_since=timezone.now(), error="no route")

    page = open_page(browser, server, operator, "/")

    expect(page.locator("#unavailable h2")).to_contain_text("HWA has not answered since")
    expect(page.locator("#plan")).to_be_hidden()
    page.context.close()


@pytest.mark.slow
def test_live_page_says_what_is_missing_of_the_plan(
    browser: Browser, server: str, operator: User, settings: Any
) -> None:
    settings.TWS_BASE_URL, settings.TWS_ENGINE_NAME = "https://127.0.0.1:9", "SIM"
    refused = {"/plan/workstation": "AWSJCS011E not authorized"}
    make_engine(is_complete=False, not_understood=2, refused_lists=refused)

    page = open_page(browser, server, operator, "/")

    expect(page.locator("#missing")).to_contain_text("left out: 2")
    expect(page.locator("#missing")).to_contain_text("not to be read: AWSJCS011E not authorized")
    page.context.close()
