"""Agents in the admin: what can't work is said at save."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tests.fake_llm import fake_llm, refuse, say
from tws.models import Agent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(client, admin_user):
    client.force_login(admin_user)
    return client


def posted(**changes):
    fields = {
        "slug": "night-watch",
        "name": "Night watch",
        "role": "",
        "goal": "",
        "instructions": "",
        "tools": ["plan_query", "log"],
        "model": "",
        "engines": "",
        "languages": ["en"],
        "is_active": "on",
    }
    return fields | changes


def add(page, **changes):
    return page.post("/admin/tws/agent/add/", posted(**changes))


def errors_of(response):
    return response.context["adminform"].form.errors


def test_an_agent_is_added_and_listed(page):
    assert add(page).status_code == 302
    assert Agent.objects.get(slug="night-watch").tools == ["plan_query", "log"]
    assert b"Night watch" in page.get("/admin/tws/agent/").content


@pytest.mark.parametrize(
    ("field", "value"), [("tools", ["drop_tables"]), ("engines", "MARS"), ("languages", ["xx"])]
)
def test_what_does_not_exist_is_refused(field, value, page):
    response = add(page, **{field: value})

    assert response.status_code == 200
    assert field in errors_of(response)


def test_the_model_itself_refuses_an_unknown_tool():
    with pytest.raises(ValidationError, match="drop_tables"):
        Agent(slug="x", name="X", tools=["drop_tables"]).full_clean()


def test_a_model_that_answers_is_taken(page, settings):
    with fake_llm(lambda body: say("OK")) as llm:
        settings.LLM_BASE_URL = llm.url
        response = add(page, model="small")

    assert response.status_code == 302
    assert llm.requests[0]["model"] == "small"


def test_an_unreachable_model_is_said_at_save(page, settings):
    settings.LLM_MAX_RETRIES = 0
    with fake_llm(lambda body: refuse(404, "model not found")) as llm:
        settings.LLM_BASE_URL = llm.url
        response = add(page, model="tiny")

    assert "model not found" in str(errors_of(response)["model"])


def test_an_unchanged_model_is_not_asked_again(page, settings):
    settings.LLM_BASE_URL = "http://127.0.0.1:9/v1"
    Agent.objects.create(slug="night-watch", name="Old", model="small")

    response = page.post("/admin/tws/agent/night-watch/change/", posted(model="small"))

    assert response.status_code == 302
    assert Agent.objects.get(slug="night-watch").name == "Night watch"
