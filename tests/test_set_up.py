"""What administrators see and set in the console: settings in effect, tokens, agents' tools."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings as live
from django.test import Client

from resync_site import environment, settings_page
from resync_site.environment import CHECKOUT
from resync_site.models import ApiToken
from tests.test_project import BEFORE_SETTINGS, settings_read
from tws.models import Agent

SETTINGS = "/admin/settings/"
TOKENS = "/admin/resync_site/apitoken/"


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_superusers_see_the_settings_and_nobody_else(
    client, operator, reviewer, auditor_user, admin_user
):
    for user, status in ((operator, 302), (reviewer, 403), (auditor_user, 403), (admin_user, 200)):
        client.force_login(user)
        assert client.get(SETTINGS).status_code == status
    assert Client().get(SETTINGS).status_code == 302


def test_every_setting_is_shown_with_where_it_comes_from():
    shown = {row.name: row for row in settings_page.rows()}

    assert settings_read() | BEFORE_SETTINGS == shown.keys()
    assert shown["AUDIT_MAX_ATTEMPTS"].value == "5"
    assert str(shown["AUDIT_MAX_ATTEMPTS"].origin) == "default"


def test_whatever_is_called_a_secret_is_hidden():
    secret = re.compile(r"(?:KEY|TOKEN|PASSWORD|SECRET)$|^(?:DATABASE|REDIS|NOTIFY_WEBHOOK)_URL$")

    assert {name for name in environment.origins if secret.search(name)} <= environment.hidden


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LLM_BASE_URL", "https://me:pa55@llm.example/v1?key=5ecret", "https://llm.example/v1"),
        ("TWS_BACKUP_URLS", ["https://a:pa55@one.example"], "https://one.example"),
        ("LLM_API_KEY", "5ecret", "set, not shown"),
        ("NOTIFY_WEBHOOK_URL", "", "not set"),
    ],
)
def test_no_value_shows_a_secret(name, value, told, settings):
    setattr(settings, name, value)

    assert next(row.value for row in settings_page.rows() if row.name == name) == told


def test_where_a_value_comes_from_is_told_of_each_source(tmp_path):
    (tmp_path / "environment").write_text("SECRET_KEY=kept-key\nLLM_MODEL=kept\n")
    (tmp_path / "key").write_text("from-a-file")
    code = (
        "import django; django.setup()\n"
        "from resync_site.environment import origins as o\n"
        "print(*(o[n] for n in ('LOG_LEVEL', 'LLM_API_KEY', 'LLM_MODEL', 'LLM_BASE_URL')))"
    )
    given = {
        "RESYNC_HOME": str(tmp_path), "LOG_LEVEL": "ERROR",
        "LLM_API_KEY_FILE": str(tmp_path / "key"),
        "DJANGO_SETTINGS_MODULE": "resync_site.settings", "DATABASE_URL": "postgresql://x@y/z",
    }  # fmt: skip
    unset = dict.fromkeys(("LLM_MODEL", "LLM_BASE_URL", "LLM_API_KEY", "SECRET_KEY"), "")

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env={**os.environ, **unset, **given},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split() == ["environment", "file", "kept", "default"]
    assert live.configured


def test_a_secret_address_that_is_none_is_refused_without_being_told(monkeypatch):
    monkeypatch.setenv("NOTIFY_WEBHOOK_URL", "hooks.example/5ecret")

    with pytest.raises(environment.ImproperlyConfigured) as refused:
        environment.url("NOTIFY_WEBHOOK_URL", secret=True)

    assert "5ecret" not in str(refused.value)


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_token_is_shown_once_works_and_is_revoked(client, admin_user, reviewer):
    client.force_login(admin_user)
    assert client.get(f"{TOKENS}add/").status_code == 200

    made = client.post(f"{TOKENS}add/", {"user": reviewer.pk})

    token = re.search(r'id="token">([\w-]+)<', made.content.decode())[1]
    row = ApiToken.objects.get()
    bearer = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/audit/metrics", headers=bearer).status_code == 200
    assert "no-store" in made["Cache-Control"]
    for page in (TOKENS, f"{TOKENS}{row.pk}/change/"):
        assert token not in client.get(page).content.decode()

    client.post(TOKENS, {"action": "revoke", "_selected_action": [row.pk]})

    assert Client().get("/api/audit/metrics", headers=bearer).status_code == 401


@pytest.mark.django_db
def test_a_token_is_never_changed_and_only_administrators_make_one(
    client, admin_user, reviewer, auditor_user
):
    for user in (reviewer, auditor_user):
        client.force_login(user)
        assert client.post(f"{TOKENS}add/", {"user": reviewer.pk}).status_code == 403
    ApiToken.objects.issue(reviewer)
    row = ApiToken.objects.get()
    client.force_login(admin_user)

    client.post(f"{TOKENS}{row.pk}/change/", {"user": admin_user.pk})

    digest = row.digest
    row.refresh_from_db()
    assert (row.user, row.digest) == (reviewer, digest)


@pytest.mark.django_db
def test_who_is_gone_gets_no_token(client, admin_user, reviewer):
    reviewer.is_active = False
    reviewer.save()
    client.force_login(admin_user)

    assert client.post(f"{TOKENS}add/", {"user": reviewer.pk}).status_code == 200  # the form again
    assert not ApiToken.objects.exists()


# --- agents ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_list_of_agents_says_what_each_may_use(client, admin_user):
    Agent.objects.filter(slug="tws-analyzer").update(tools=[])
    Agent.objects.filter(slug="tws-troubleshooter").update(tools=["log", "inspect"])
    client.force_login(admin_user)

    text = client.get("/admin/tws/agent/").content.decode()

    assert "all: plan_query, inspect" in text
    assert "log, inspect" in text
