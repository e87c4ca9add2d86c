"""The operators' pages held against axe-core: both languages, both themes, wide and on a phone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from audits.states import Status
from tests.axe import A_FEW, LANGUAGES, assert_accessible, in_language, violations
from tests.chat_pages import answered, open_page
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONS = ("which jobs failed?", "how many jobs are in each status?", "quais jobs estão em hold?")


def show_answers(page: Page) -> None:
    """A list, groups, and whatever else an answer may hold, with all of it opened."""
    for question in QUESTIONS:
        answered(page, question)
    for summary in page.locator(".answer summary").all():
        summary.click()


@pytest.mark.slow
def test_an_answer_is_accessible(
    browser: Browser, plan_of_now: None, server: str, operator: User
) -> None:
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")

    show_answers(page)

    assert_accessible(page, *A_FEW)
    page.context.close()


def test_what_is_wrong_is_found(browser: Browser, server: str, operator: User) -> None:
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")

    page.evaluate("document.querySelector('h1').append(document.createElement('button'))")

    assert [line for line in violations(page) if line.startswith("button-name")]
    page.context.close()


@pytest.mark.slow
def test_operators_pages_are_accessible(
    browser: Browser, plan_of_now: None, server: str, operator: User
) -> None:
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")
    show_answers(page)
    conversation = page.url
    for path in (conversation, "/chat/tws-analyzer/", "/"):
        page.goto(path)
        for language in LANGUAGES:
            in_language(page, language)
            expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
            assert_accessible(page)
    page.context.close()


@pytest.mark.slow
def test_ones_memories_are_accessible(browser: Browser, server: str, operator: User) -> None:
    make_record(Status.CLEARED, make_memory(user=operator))
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")
    answered(page, "what do you remember?")
    page.locator(".answer .end").get_by_role("link", name="All my memories").click()
    expect(page.locator("h1")).to_have_text("What I remember")
    for language in LANGUAGES:
        in_language(page, language)
        for summary in page.locator("li summary").all():
            summary.click()
        assert_accessible(page)
    page.context.close()


@pytest.mark.slow
def test_a_card_is_accessible(
    browser: Browser, plan_of_now: None, server: str, operator: User
) -> None:
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")
    answered(page, QUESTIONS[0])
    for language in LANGUAGES:
        in_language(page, language)
        page.locator(".rows .thing").first.click()
        expect(page.locator("dialog .card-questions")).to_be_visible()
        page.evaluate("document.querySelectorAll('dialog details').forEach(one => one.open = true)")
        expect(page.locator("dialog .card-part .progress")).to_have_count(0)
        said = "ended in error" if language == "en" else "terminou com erro"
        expect(page.locator("dialog .card-part").first).to_contain_text(said)
        assert_accessible(page)
    page.context.close()


@pytest.mark.slow
def test_sign_in_is_accessible(browser: Browser, server: str) -> None:
    page = browser.new_context(base_url=server).new_page()
    for path in ("/login/", "/admin/login/"):
        page.goto(path)
        for language in LANGUAGES:
            in_language(page, language)
            assert_accessible(page)
    page.context.close()
