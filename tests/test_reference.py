"""/api/docs says all that the OpenAPI document says, in the look of the site."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Locator, Page

from resync_site.reference import ERRORS, GROUPS
from tests.browser import Open
from tws.plan.query import PlanQuery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    return client.get("/api/openapi.json").json()


@pytest.fixture
def page(open_page: Open, reviewer: User) -> Page:
    return open_page(reviewer, "/api/docs")


def told(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def fields(within: Locator) -> dict[str, str]:
    """What is said of each field; of a name that stands there twice, what is said first."""
    names = within.locator("dt").all_inner_texts()
    said = [" ".join(text.split()) for text in within.locator("dd").all_inner_texts()]
    return dict(reversed(list(zip(names, said, strict=True))))


def test_each_operation_stands_there_with_what_it_takes_gives_and_refuses(
    document: dict[str, Any], page: Page
) -> None:
    operations = told(document)
    assert page.locator(".operation").count() == len(operations) > 20
    for path, method, operation in operations:
        section = page.locator(f"#{operation['operationId']}")
        assert section.locator("h3").inner_text().split() == [method.upper(), path]
        assert operation["description"].split()[0] in section.locator(".text").first.inner_text()
        assert {one["name"] for one in operation["parameters"]} <= set(fields(section))
        codes = section.locator(".codes a").all_inner_texts()
        assert set(codes) == set(operation["responses"]) - {"200"}
        assert path.partition("{")[0] in section.locator("pre").first.inner_text()


def test_each_field_says_its_type_its_limits_and_whether_it_is_needed(page: Page) -> None:
    section = page.locator("#knowledge_api_feedback")

    said = fields(section)

    assert said["memory_id"] == "uuid · in the path"
    assert said["rating"] == "integer · required · 1–5"
    assert said["comment"] == "string · ≤ 10000 characters"
    assert said["reason"] == 'FeedbackReason | ""'
    assert fields(page.locator("#audits_api_flags"))["limit"] == "integer · 1–200 · default: 50"
    curl = section.locator("pre").first.inner_text()
    assert curl.startswith("curl -X POST http://localhost")
    assert "/api/memories/MEMORY_ID/feedback" in curl
    assert 'Authorization: Bearer $TOKEN"' in curl


def test_each_link_within_the_page_leads_somewhere(page: Page) -> None:
    ids = page.eval_on_selector_all("[id]", "found => found.map(one => one.id)")
    links = page.eval_on_selector_all(
        "a[href^='#']", "found => found.map(one => one.getAttribute('href').slice(1))"
    )

    assert len(ids) == len(set(ids))
    assert {"errors", "types", "type-Condition"} <= set(links) <= set(ids)
    assert page.locator("a[download]").get_attribute("href") == "/api/openapi.json"


def test_each_group_and_each_error_of_the_document_is_worded(document: dict[str, Any]) -> None:
    operations = [operation for _, _, operation in told(document)]

    assert {tag for one in operations for tag in one["tags"]} == set(GROUPS)
    assert {code for one in operations for code in one["responses"]} - {"200"} == set(ERRORS)


def test_the_example_of_a_plan_query_is_one(document: dict[str, Any], page: Page) -> None:
    body = document["paths"]["/api/plan/query"]["post"]["requestBody"]
    example = body["content"]["application/json"]["example"]

    assert PlanQuery.model_validate(example).entity == "jobs"
    shown = page.locator("#tws_api_plan_query pre").first.inner_text()
    assert json.loads(shown.partition("-d '")[2].rstrip().rstrip("'")) == example


def test_an_export_is_documented_as_both_kinds_of_file(page: Page) -> None:
    section = page.locator("#tws_chat_conversation_api_exported")

    assert "object (application/json) | string (text/markdown)" in section.inner_text()


def test_the_frame_is_in_the_readers_language_and_needs_nothing_from_elsewhere(
    client: Client,
) -> None:
    client.cookies["django_language"] = "pt-br"

    page = client.get("/api/docs").content.decode()

    assert "Erros" in page
    assert 'lang="en"' in page
    assert "https://" not in page
