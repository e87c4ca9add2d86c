"""Other ways to look at a conversation: on paper, at 200 %, without motion."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from tests.chat_pages import answered, open_page

pytestmark = pytest.mark.django_db(transaction=True)

_CUT = """() => [...document.querySelectorAll(".log, .log *:not(.hidden)")].filter((one) =>
  one.checkVisibility() && getComputedStyle(one).overflowY !== "visible"
  && one.scrollHeight > one.clientHeight + 1).map((one) => one.className)"""
_WIDER = """() => document.querySelectorAll(".rows tr").forEach((row) => row.append(
  ...Array.from({ length: 21 }, () => row.lastChild.cloneNode(true))))"""
_RIGHTMOST = """() => Math.max(...[...document.querySelectorAll(".rows")].map((one) =>
  one.getBoundingClientRect().right))"""
_MOVING = """() => [...document.querySelectorAll("*")].flatMap((one) => ["", "::before", "::after"]
  .map((part) => getComputedStyle(one, part))).filter((style) => style.animationName !== "none"
  || style.transitionDuration.split(", ").some((time) => time !== "0s")).length"""


def ink(page: Page) -> int:
    """How bright the page's ground is, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return int(colour.removeprefix("rgb(").split(",")[0])


@pytest.mark.parametrize("width", [1280, 390])
def test_where_one_asks_is_as_wide_as_what_is_answered(
    browser: Browser, server: str, operator: User, width: int
) -> None:
    page = open_page(browser, server, operator, "/chat/tws-analyzer/")
    page.set_viewport_size({"width": width, "height": 900})
    offered = page.locator("#examples button").first.bounding_box()
    question, send = page.locator("#question").bounding_box(), page.locator("#send").bounding_box()
    assert offered and question and send

    assert question["x"] == offered["x"]
    assert send["x"] + send["width"] == offered["x"] + offered["width"]
    page.context.close()


@pytest.mark.slow
def test_conversation_on_paper_at_200_percent_and_without_motion(
    browser: Browser, plan_of_now: None, server: str, operator: User
) -> None:
    page = open_page(browser, server, operator, "/chat/tws-analyzer/", color_scheme="dark")
    for question in ("which jobs are waiting?", "which jobs failed since yesterday?"):
        answered(page, question)
    last = page.locator(".answer .rows").last
    expect(last).to_be_visible()
    dark = ink(page)
    page.evaluate("document.querySelector('.exchange').scrollIntoView()")  # as an address's #run
    assert page.evaluate("scrollY") == 0

    page.emulate_media(media="print")
    assert dark < 60
    assert ink(page) == 255
    for hidden in (
        ".top",
        ".side",
        "#composer",
        ".question-actions",
        ".copies",
        ".feedback",
        ".steps",
    ):
        expect(page.locator(hidden).first).to_be_hidden()
    for shown in (".question", ".answer .rows", ".sources", "#title"):
        expect(page.locator(shown).first).to_be_visible()
    assert page.evaluate(_CUT) == []
    page.set_viewport_size({"width": 794, "height": 1123})  # A4
    expect(page.locator(".answer").first).to_have_css("display", "block")  # a page's end parts it
    page.evaluate(_WIDER)
    assert page.evaluate(_RIGHTMOST) <= 794
    page.emulate_media(media="screen", reduced_motion="reduce")

    assert page.evaluate(_MOVING) == 0

    page.set_viewport_size({"width": 640, "height": 450})  # 1280 × 900 at 200 %
    for path in (page.url, "/", "/memories/"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 640
    page.go_back()
    page.go_back()
    answered(page, "how many jobs are there?")
    expect(page.locator("#question")).to_be_in_viewport()
    page.locator(".rows .thing").first.click()
    expect(page.get_by_role("button", name="Close")).to_be_in_viewport()
    page.keyboard.press("Escape")
    the_list_opens_and_closes_by_keyboard(page)
    page.context.close()


def the_list_opens_and_closes_by_keyboard(page: Page) -> None:
    toggle, side = page.locator("#side-toggle"), page.locator("#side")
    toggle.press("Enter")
    expect(side.get_by_role("link", name="New conversation")).to_be_focused()
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    expect(toggle).to_be_focused()
    toggle.press("Enter")
    page.locator("#question").focus()
    expect(side).to_be_hidden()
    expect(toggle).to_have_attribute("aria-expanded", "false")
