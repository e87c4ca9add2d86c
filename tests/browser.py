"""A real browser for tests of pages.

Without Chromium these tests are skipped on a newcomer's machine; CI installs it, and there its
absence is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

expect.set_options(timeout=30_000)  # milliseconds: a busy machine is not a fault of the product
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def needed(program: str) -> str:
    """The path of a program from Debian's packages; a skip where it is missing, a failure in CI."""
    if path := shutil.which(program):
        return path
    missing = f"{program} is missing: apt-get install -y {program}"
    if os.environ.get("CI"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """One browser for the tests of a module.

    While it runs, Playwright keeps an event loop in this thread, and Django must be told that the
    rows are read between Playwright's calls, not in that loop. Hence not for the whole session.
    """
    chromium = needed("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)


@pytest.fixture
def open_page(browser: Browser, live_server) -> Iterator[Open]:
    """`open_page(user, path, **context)`: signed in as `user`, with what the page complained of.

    The page's `complaints` holds console errors, dialogs, and requests to other hosts.
    """
    contexts = []

    def open_as(user: User, path: str, **options: object) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.complaints = complaints = []
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith(("data:", live_server.url)) or complaints.append(asked.url)
            ),
        )
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_as
    for context in contexts:
        context.close()
