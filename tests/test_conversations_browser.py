"""The list of conversations and the composer in a browser: one user's pages agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from tests.axe import A_FEW, assert_accessible
from tests.chat_pages import answered, ask, open_page
from tests.fake_agent import FakeAgents
from tws.chat import run_log
from tws.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/chat/tws-analyzer/"


def connected(page: Page) -> Page:
    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    return page


@pytest.fixture
def chat(browser: Browser, server: str, operator: User, agents: FakeAgents) -> Iterator[Page]:
    page = connected(open_page(browser, server, operator, PATH))
    yield page
    page.context.close()


def titles(page: Page) -> list[str]:
    return page.locator("#conversations .title").all_inner_texts()


def act(page: Page, title: str, action: str) -> None:
    page.get_by_label(f"More for “{title}”").click()
    page.locator(".menu[open]").get_by_text(action, exact=True).click()


def second_page(page: Page) -> Page:
    """Another tab of the same browser."""
    other = page.context.new_page()
    other.goto(page.url)
    return connected(other)


def test_two_tabs_show_one_conversation_and_one_list(chat: Page) -> None:
    answered(chat, "What failed?")
    other = second_page(chat)

    answered(other, "And why?")
    expect(chat.locator(".question p")).to_have_text(["What failed?", "And why?"])
    expect(chat.locator(".answer:not([aria-busy]) .text")).to_have_count(2)
    act(other, "What failed?", "Rename")
    other.get_by_label("New title").fill("Night run")
    other.keyboard.press("Enter")

    expect(chat.locator("#conversations .title")).to_have_text("Night run")
    expect(chat.locator("#title")).to_have_text("Night run")
    assert other.locator(".exchange").count() == 2


def test_a_conversation_is_found_pinned_deleted_and_had_back(chat: Page) -> None:
    answered(chat, "one?")
    chat.get_by_role("link", name="New conversation").click()
    answered(chat, "two?")
    expect(chat.locator("#conversations .title")).to_have_text(["two?", "one?"])

    act(chat, "one?", "Pin")
    expect(chat.locator("#conversations .title")).to_contain_text(["one?", "two?"])
    chat.get_by_label("Search conversations").fill("two?")
    expect(chat.locator("#conversations .title")).to_have_text(["two?"])
    act(chat, "two?", "Delete")

    expect(chat.locator("#title")).to_have_text("New conversation")
    expect(chat.locator("#conversations .title")).to_contain_text(["one?"])
    chat.get_by_role("button", name="Undo").click()
    expect(chat.locator("#title")).to_have_text("two?")
    expect(chat.locator(".question p")).to_have_text(["two?"])
    assert Conversation.objects.filter(deleted_at=None).count() == 2


def test_what_was_asked_long_ago_is_brought_on_demand_and_by_an_address(
    chat: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "NEWEST", 2)
    for number in range(5):
        answered(chat, f"{number}?")
    first = chat.locator(".exchange").first.get_attribute("id")
    chat.reload()
    questions = chat.locator(".question p")
    expect(questions).to_have_text(["3?", "4?"])

    chat.get_by_role("button", name="Earlier questions").click()
    expect(questions).to_have_text(["1?", "2?", "3?", "4?"])
    other = chat.context.new_page()
    other.goto(f"{chat.url}#{first}")

    expect(other.locator(".question p")).to_have_text(["0?", "1?", "2?", "3?", "4?"])
    expect(other.locator(f"#{first} .question")).to_be_in_viewport(ratio=1)
    expect(other.get_by_role("button", name="Earlier questions")).to_be_hidden()


def test_a_page_says_that_its_conversation_was_deleted_in_another(chat: Page) -> None:
    answered(chat, "What failed?")
    other = second_page(chat)

    act(other, "What failed?", "Delete")

    expect(chat.locator("#toast")).to_contain_text("“What failed?” was deleted.")
    chat.get_by_role("button", name="Undo").click()
    expect(chat.locator("#conversations .title")).to_have_text("What failed?")
    expect(other.locator("#conversations .title")).to_have_text("What failed?")
    other.get_by_role("button", name="Undo").click()  # it is back already
    expect(other.locator(".question p")).to_have_text("What failed?")


@pytest.mark.slow
def test_a_double_click_asks_once(chat: Page, agents: FakeAgents) -> None:
    answered(chat, "What failed?")

    chat.get_by_role("button", name="Ask again").dblclick()

    expect(chat.locator(".answer:not([aria-busy])")).to_have_count(2)
    assert agents.asked == ["What failed?"] * 2


@pytest.mark.slow
def test_new_conversation_is_reachable_however_long_the_list_is(
    browser: Browser, server: str, operator: User, agents: FakeAgents
) -> None:
    Conversation.objects.bulk_create(
        Conversation(user=operator, agent_id="tws-analyzer", title=f"Conversation {n}")
        for n in range(60)
    )
    page = connected(
        open_page(browser, server, operator, PATH, viewport={"width": 800, "height": 400})
    )
    new = page.get_by_role("link", name="New conversation")

    page.locator("#conversations a").nth(49).focus()

    box, side = new.bounding_box(), page.locator("#side").bounding_box()
    assert box and side
    assert box["height"] >= 24
    assert side["y"] <= box["y"] < side["y"] + side["height"]
    page.context.close()


@pytest.mark.slow
def test_a_conversation_is_taken_away_as_a_file(chat: Page, tmp_path: Path) -> None:
    answered(chat, "What failed?")

    for action, ending in (("Export as Markdown", "md"), ("Export as JSON", "json")):
        with chat.expect_download() as download:
            act(chat, "What failed?", action)
        assert download.value.suggested_filename == f"what-failed.{ending}"
        download.value.save_as(tmp_path / ending)
        expect(chat.locator(".menu[open]")).to_have_count(0)

    assert "Two jobs failed." in (tmp_path / "md").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "json").read_text(encoding="utf-8"))["messages"]) == 2


def test_a_draft_and_the_conversation_survive_a_reload_and_a_switch_of_the_language(
    chat: Page,
) -> None:
    answered(chat, "What failed?")
    address = chat.url
    chat.locator("#question").fill("and the log of")

    chat.reload()
    expect(chat.locator("#question")).to_have_value("and the log of")
    chat.locator("#account summary").click()
    chat.get_by_role("button", name="Português").click()

    expect(chat.locator("html")).to_have_attribute("lang", "pt-br")
    expect(chat).to_have_url(address)
    expect(chat.locator("#question")).to_have_value("and the log of")
    expect(chat.locator(".question p")).to_have_text(["What failed?"])


@pytest.mark.slow
def test_a_question_that_was_asked_is_no_draft(chat: Page) -> None:
    answered(chat, "What failed?")

    chat.reload()

    expect(chat.locator("#question")).to_have_value("")


@pytest.mark.slow
def test_up_recalls_what_was_asked_and_never_takes_the_place_of_what_is_typed(
    chat: Page,
) -> None:
    answered(chat, "one?")
    answered(chat, "two?")
    field = chat.locator("#question")

    for key, shown in (("Up", "two?"), ("Up", "one?"), ("Up", "one?"), ("Down", "two?")):
        chat.keyboard.press(f"Arrow{key}")
        expect(field).to_have_value(shown)
    chat.keyboard.press("ArrowDown")
    expect(field).to_have_value("")
    field.fill("typed")
    chat.keyboard.press("ArrowUp")
    expect(field).to_have_value("typed")


@pytest.mark.slow
def test_any_question_is_asked_again_or_edited_and_asked(chat: Page, agents: FakeAgents) -> None:
    answered(chat, "What failed?")

    chat.get_by_role("button", name="Ask again").click()
    expect(chat.locator(".answer:not([aria-busy]) .text")).to_have_count(2)
    chat.get_by_role("button", name="Edit and ask").first.click()
    expect(chat.locator("#question")).to_have_value("What failed?")
    ask(chat, "What failed today?")
    expect(chat.locator(".answer:not([aria-busy]) .text")).to_have_count(3)

    assert agents.asked == ["What failed?", "What failed?", "What failed today?"]


@pytest.mark.slow
def test_the_list_is_worked_with_the_keyboard_alone(chat: Page) -> None:
    answered(chat, "What failed?")

    chat.get_by_label("More for “What failed?”").focus()
    chat.keyboard.press("Enter")
    chat.keyboard.press("Tab")
    chat.keyboard.press("Enter")
    expect(chat.get_by_label("New title")).to_be_focused()
    chat.keyboard.press("Escape")
    expect(chat.get_by_label("More for “What failed?”")).to_be_focused()
    chat.keyboard.press("Enter")
    chat.keyboard.press("Escape")

    expect(chat.locator(".menu[open]")).to_have_count(0)


@pytest.mark.slow
def test_the_list_is_accessible_open_and_renaming(chat: Page) -> None:
    answered(chat, "What failed?")
    chat.get_by_label("More for “What failed?”").click()
    assert_accessible(chat, ("light", 1280), ("dark", 1280))
    chat.locator(".menu[open]").get_by_text("Rename").click()
    assert_accessible(chat, ("light", 1280), ("dark", 1280))
    chat.keyboard.press("Escape")
    act(chat, "What failed?", "Delete")
    expect(chat.get_by_role("button", name="Undo")).to_be_visible()
    assert_accessible(chat, *A_FEW)


@pytest.mark.slow
def test_nothing_but_the_conversation_is_printed(chat: Page) -> None:
    answered(chat, "What failed?")

    chat.emulate_media(media="print")

    expect(chat.locator(".question p")).to_be_visible()
    expect(chat.locator(".answer .text")).to_be_visible()
    for part in (".top", "#side", "#composer", ".question-actions"):
        expect(chat.locator(part)).to_be_hidden()
    overflow = chat.locator("#log").evaluate("log => getComputedStyle(log).overflowY")
    assert overflow == "visible"  # all of it, on as many pages as it takes
