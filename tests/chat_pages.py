"""The operators' pages in a browser, over the server as it is served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from tests.hwa_fixtures import engine_of
from tests.plan_reading import MovedSimulator
from tests.web_server import web_server
from tws.plan.reader import read_once
from tws.simulator.server import SimulatorServer
from tws.simulator.states import State


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    cache.clear()
    with web_server() as address:
        yield f"http://{address}"


@pytest.fixture
def plan_of_now(own_simulator: SimulatorServer, server: str, settings: Any) -> None:
    """Of the last hour at which a job stood failed: at one hour in five none does."""
    at = int(time.time())
    while not {State.ABENDED, State.FAILED} & set(MovedSimulator(own_simulator, at).plan.states):
        at -= 3600
    settings.TWS_BASE_URL, settings.TWS_VERIFY_SSL = own_simulator.url, "false"
    settings.TWS_ENGINE_NAME = "SIM"
    with ThreadPoolExecutor(1) as thread:  # the browser's own event loop runs in this one
        thread.submit(asyncio.run, read_once(engine_of(own_simulator))).result()


def open_page(browser: Browser, server: str, user: User, path: str, **options: Any) -> Page:
    """A signed-in page that fails the test when its script does."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(base_url=server, locale="en-US", **options)
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}]
    )
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    page.set_default_timeout(15_000)
    page.goto(path)
    return page


def ask(page: Page, question: str) -> None:
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")


def answered(page: Page, question: str) -> None:
    """Ask, and wait for the whole answer."""
    ask(page, question)
    expect(page.locator(".exchange").last.locator(".answer:not([aria-busy])")).to_be_visible()
