"""Chat, plan and console are one product: one sign-in, one look, the reader's language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.axe import A_FEW, assert_accessible
from tests.chat_pages import open_page
from tests.test_pages import client_of
from tws.models import Agent

QUEUE = "/admin/audits/auditrecord/"


def sign_in(user: User, path: str, **fields: str) -> str:
    """Where somebody who signs in there lands."""
    answer = Client().post(path, {"username": user.username, "password": "x", **fields})
    assert answer.status_code == 302, answer.content
    return answer["Location"]


# --- signing in ---------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_one_page_signs_in_at_both_addresses_and_each_role_lands_where_it_works(
    path: str, operator: User, reviewer: User, auditor_user: User
) -> None:
    assert "tws/login.html" in [used.name for used in Client().get(path).templates]
    assert sign_in(reviewer, path) == QUEUE
    assert sign_in(operator, path) == "/"
    assert sign_in(auditor_user, path) == ("/admin/" if path == "/admin/login/" else "/")
    assert sign_in(reviewer, path, next="/chat/") == "/chat/"
    assert sign_in(reviewer, path, next="/") == QUEUE
    assert sign_in(operator, path, next="/") == "/"


@pytest.mark.django_db
def test_the_console_leads_nobody_in_a_circle(operator: User, reviewer: User) -> None:
    assert client_of(reviewer).get("/admin/login/")["Location"] == QUEUE

    answer = client_of(operator).get("/admin/", follow=True)

    assert answer.status_code == 403
    assert "Your role does not include this page." in answer.content.decode()


@pytest.mark.django_db
def test_reverse_of_the_console_s_sign_in_still_works(operator: User) -> None:
    assert reverse("admin:login") == "/admin/login/"
    assert Client().get("/admin/")["Location"] == "/admin/login/?next=/admin/"


@pytest.mark.django_db
def test_the_console_leads_to_plan_and_chat_and_takes_neither_for_itself(reviewer: User) -> None:
    sections = client_of(reviewer).get(QUEUE).context["sidebar_navigation"]

    items = {one["link"]: one["active"] for section in sections for one in section["items"]}

    assert items["/"] is items["/chat/"] is False
    assert items[QUEUE] is True


# --- names --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_agents_are_named_in_the_reader_s_language_until_somebody_names_them(
    operator: User,
) -> None:
    Agent.objects.filter(pk="tws-troubleshooter").update(name="Nightwatch", role="")

    html = client_of(operator, "pt-br").get("/chat/tws-analyzer/").content.decode()

    assert "Analista TWS" in html
    assert "Lê o plano e diz como ele está" in html
    assert "Nightwatch" in html


@pytest.mark.django_db
def test_the_header_says_who_has_signed_in(operator: User) -> None:
    assert "operator</summary>" in client_of(operator).get("/").content.decode()
    operator.first_name, operator.last_name = "Ana", "Souza"
    operator.save()

    assert "Ana Souza</summary>" in client_of(operator).get("/").content.decode()


# --- the look -----------------------------------------------------------------------------------


@pytest.fixture
def page(browser: Browser, server: str, reviewer: User) -> Iterator[Page]:
    page = open_page(browser, server, reviewer, "/", color_scheme="light")
    yield page
    page.context.close()


def brightness(page: Page) -> int:
    """Of what the page is painted on, 0 to 255."""
    return page.evaluate(
        """() => {
          const context = document.createElement("canvas").getContext("2d");
          context.fillStyle = getComputedStyle(document.body).backgroundColor;
          context.fillRect(0, 0, 1, 1);
          return context.getImageData(0, 0, 1, 1).data[0];
        }"""
    )


@pytest.mark.django_db(transaction=True)
def test_a_theme_that_was_chosen_holds_on_every_page(page: Page) -> None:
    assert brightness(page) > 200

    page.locator("#account summary").click()
    page.get_by_role("button", name="Dark").click()
    for path in ("/", "/chat/tws-analyzer/", "/admin/", QUEUE):
        page.goto(path)
        assert brightness(page) < 60, path
    page.evaluate("localStorage.setItem('adminTheme', JSON.stringify('light'))")  # there, as here
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    assert brightness(page) > 200
    page.locator("#account summary").click()
    page.get_by_role("button", name="As the system").click()
    assert brightness(page) < 60


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_menu_with_one_s_name_needs_no_mouse_and_is_accessible(page: Page) -> None:
    page.locator("#account summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert_accessible(page, *A_FEW)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.locator("#account summary")).to_be_focused()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_pages_fit_at_200_percent(page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 450})  # 1280 × 900, twice as large

    for path in ("/", "/chat/tws-analyzer/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640
        assert page.locator("#account summary").is_visible()
