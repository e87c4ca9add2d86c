"""Every page of the admin, found by asking the admin itself, and what it says when it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse
from playwright.sync_api import expect

from audits import known_cases, review
from audits.models import AuditRecord, Calibration, Notice
from knowledge.feedback import give_feedback
from knowledge.models import LLMProfile
from resync_site.models import ApiToken, SignInFailures
from tests.axe import A_FEW, LANGUAGES, LOOKS, Look, assert_accessible, in_language
from tests.browser import Open
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db(transaction=True)


def one_of_each(user: User) -> None:
    decided = make_record("pending", make_memory("first?"), why="danger", judge="rules")
    review.decide(decided.memory_id, "approve", user)
    known_cases.mark(decided.memory_id, user)
    make_record("pending", make_memory("second?"), why="danger", judge="rules")
    give_feedback(make_memory("third?").pk, 1, "It is wrong.", user, "wrong")
    ApiToken.objects.issue(user)
    Notice.objects.create(channel="email", news={"test": True})
    SignInFailures.objects.create(username="nobody", address="192.0.2.1", failures=3)
    LLMProfile.objects.create(base_url="https://llm.example/v1", model="tiny")
    Calibration.objects.create(
        judge="llm", version=1, method="isotonic", points=[[0, 0], [1, 1]],
        examples=50, ece_before=0.2, ece_after=0.1,
    )  # fmt: skip


def admin_pages(user: User) -> Iterator[str]:
    request = RequestFactory().get("/admin/")
    request.user = user
    for model, kept in admin.site._registry.items():
        named = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{named}_changelist")
        if kept.has_add_permission(request):
            yield reverse(f"{named}_add")
        row = model._default_manager.first()
        assert row is not None, model
        if model is not AuditRecord:  # it has a page of its own
            yield reverse(f"{named}_change", args=[row.pk])
    yield reverse("admin:tws_agent_delete", args=["tws-analyzer"])
    yield reverse("admin:tws_agent_history", args=["tws-analyzer"])
    yield reverse("admin:auth_user_password_change", args=[user.pk])
    yield reverse("admin:password_change")


@pytest.mark.slow
@pytest.mark.parametrize(("language", "looks"), [("en", A_FEW), ("pt-br", LOOKS[2:])])
def test_every_page_of_the_admin_is_accessible_and_fits(
    language: str, looks: Sequence[Look], open_page: Open, admin_user: User
) -> None:
    one_of_each(admin_user)
    page = open_page(admin_user, "/admin/")
    in_language(page, language)
    for path in admin_pages(admin_user):
        answer = page.goto(urljoin(page.url, path))
        assert answer is not None and answer.status == 200, path
        assert_accessible(page, *looks)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reference_of_the_api_is_accessible_and_fits(
    language: str, open_page: Open, reviewer: User
) -> None:
    page = open_page(reviewer, "/api/docs")
    in_language(page, language)

    assert_accessible(page)

    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.complaints == []


@pytest.mark.slow
def test_what_is_refused_is_said_in_accessible_pages(
    open_page: Open, operator: User, settings: Any
) -> None:
    nobody = User.objects.create_user("nobody")
    settings.DEBUG = False
    for user, path in ((operator, "/nowhere/"), (operator, "/admin/"), (nobody, "/")):
        page = open_page(user, path)
        expect(page.locator("h1")).to_be_visible()
        for language in LANGUAGES:
            in_language(page, language)
            assert_accessible(page)


class Texts(HTMLParser):
    """What a page says: its texts and what its elements are called."""

    SILENT = {"script", "style", "code", "pre", "svg", "kbd"}
    NAMES = {"title", "aria-label", "placeholder", "alt", "data-label"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: set[str] = set()
        self._silent, self._is_icon = 0, False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        self._is_icon = "material-symbols" in str(dict(attrs).get("class"))
        self.said |= {str(value) for name, value in attrs if name in self.NAMES}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT
        self._is_icon = False

    def handle_data(self, data: str) -> None:
        if not (self._silent or self._is_icon):
            self.said.add(" ".join(data.split()))


SAME_IN_BOTH = {
    "chat", "e-mail", "endpoint", "english", "hash", "jsonl", "llm (0)", "português brasileiro",
    "response_format", "resync", "salt", "status",
}  # fmt: skip


def held() -> set[str]:
    """What the rows themselves say, in whatever language."""
    rows = (row for model in admin.site._registry for row in model._default_manager.values())
    values = {str(value).casefold() for row in rows for value in row.values()}
    return {value for value in values if len(value) > 3}


def test_no_page_of_the_admin_says_in_portuguese_what_it_says_in_english(
    client: Client, admin_user: User
) -> None:
    one_of_each(admin_user)
    client.force_login(admin_user)
    rows, same = held(), set()
    for path in admin_pages(admin_user):
        said = []
        for language in LANGUAGES:
            client.cookies["django_language"] = language
            said.append(Texts(client.get(path).content.decode()).said)
        for text in said[0] & said[1]:
            is_data = any(value in text.casefold() or text.casefold() in value for value in rows)
            if re.search("^[^:].*[A-Za-z]{3}", text) and not is_data:  # ":" before a hash's parts
                same.add((path, text))

    assert {(path, text) for path, text in same if text.casefold() not in SAME_IN_BOTH} == set()
