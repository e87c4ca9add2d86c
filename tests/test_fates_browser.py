"""An answer that is taken back says so: in the open page, in the history, at the next visit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from playwright.sync_api import Browser, Page, expect

from audits import review
from knowledge.models import Memory
from tests.axe import A_FEW, assert_accessible
from tests.chat_pages import answered, open_page
from tests.factories import make_record
from tests.fake_agent import FakeAgents, reading, words
from tests.test_fixes import reading as reading_of_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chat(browser: Browser, server: str, operator: User, agents: FakeAgents) -> Iterator[Page]:
    agents.script = reading("Two jobs failed.")
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")
    answered(page, "What failed?")
    yield page
    page.context.close()


def quarantine() -> None:
    finding = {"code": "claims.value", "quote": "3 jobs", "message": ""}
    with transaction.atomic():  # as the auditor settles: the news comes with the reason
        make_record("quarantined", Memory.objects.get(), findings=[finding], judge="claims")


def test_an_open_page_is_told_that_an_answer_was_taken_back_corrected_and_why(
    chat: Page, reviewer: User
) -> None:
    quarantine()

    fate = chat.locator(".exchange .fate")
    expect(fate).to_contain_text("This answer was taken out of use.")
    expect(fate).to_contain_text("The evidence holds another value: 3 jobs")
    assert_accessible(chat, *A_FEW)
    review.decide(Memory.objects.get().pk, "approve", reviewer, corrected_response="**Three**.")

    expect(fate).to_contain_text("A reviewer has corrected this answer.")
    expect(fate.locator("strong").last).to_have_text("Three")
    chat.reload()
    expect(fate).to_contain_text("A reviewer has corrected this answer.")


@pytest.mark.slow
def test_who_comes_back_is_told_wherever_they_are_until_they_have_read_it(
    chat: Page, reviewer: User
) -> None:
    chat.goto("/")
    make_record("cleared", Memory.objects.get())
    review.decide(Memory.objects.get().pk, "reject", reviewer, reason_code="outdated")

    chat.goto("/chat/tws-troubleshooter/")

    news = chat.locator("#taken-back")
    expect(news).to_contain_text("A reviewer has rejected this answer.")
    expect(news).to_contain_text("No longer true")
    assert_accessible(chat, *A_FEW)
    news.get_by_role("link", name="What failed?").click()
    expect(chat.locator(".exchange .fate")).to_contain_text("No longer true")
    chat.locator("#taken-back").get_by_role("button", name="I have seen this").click()
    expect(chat.locator("#taken-back")).to_be_hidden()
    chat.reload()
    expect(chat.locator(".exchange .fate")).to_be_visible()
    expect(chat.locator("#connection")).to_have_attribute("data-state", "connected")
    expect(chat.locator("#taken-back")).to_be_hidden()


@pytest.mark.slow
def test_what_fixed_a_failure_is_told_where_it_was_explained(
    chat: Page, agents: FakeAgents
) -> None:
    agents.script = words("SPED_ICMS failed.", kind="state", evidence=(reading_of_job(),))
    answered(chat, "why did SPED_ICMS fail?")

    chat.set_viewport_size({"width": 390, "height": 700})
    chat.get_by_role("button", name="What fixed SPED_ICMS?").click()
    expect(chat.locator(".what-fixed-it form .primary")).to_be_in_viewport(ratio=1)
    chat.get_by_label("Cause").fill("The listener was down.")
    chat.get_by_label("What was done").fill("Restarted it.")
    assert_accessible(chat, *A_FEW)
    chat.keyboard.press("Control+Enter")

    expect(chat.get_by_text("Once a reviewer has approved it")).to_be_visible()
    assert Memory.objects.get(source="told").agent_response == (
        "Cause: The listener was down.\n\nWhat was done: Restarted it."
    )
    chat.reload()
    expect(chat.get_by_role("button", name="What fixed SPED_ICMS?")).to_be_visible()
