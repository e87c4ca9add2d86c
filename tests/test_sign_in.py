"""Signing in: guesses are few, the others go on, and everybody is told what to do."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from resync_site.models import ApiToken, SignInFailures
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


def sign_in(
    password: str, username: str = "operator", path: str = "/login/", language: str = "en",
    address: str = "203.0.113.9",
) -> Any:  # fmt: skip
    client = Client(headers={"accept-language": language}, REMOTE_ADDR=address)
    return client.post(path, {"username": username, "password": password})


def fail(times: int, **how: str) -> None:
    for _attempt in range(times):
        assert sign_in("wrong", **how).status_code == 200


# --- passwords ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_after_five_failures_the_right_password_waits_too(path: str, admin_user: User) -> None:
    fail(5, username="admin", path=path)

    page = sign_in("x", "admin", path)

    assert page.status_code == 200
    said = "Too many failed attempts to sign in. Try again in 15 minutes, or ask an administrator."
    assert said in page.content.decode()


def test_four_failures_are_forgotten_by_a_success(operator: User) -> None:
    fail(4)
    assert sign_in("x").status_code == 302
    fail(4)
    assert sign_in("x").status_code == 302


def test_it_is_said_in_portuguese_and_names_whom_to_ask(operator: User, settings: Any) -> None:
    settings.HELP_CONTACT = "a equipe de HWA"
    fail(5)

    page = sign_in("x", language="pt-br").content.decode()

    assert "Tente de novo em 15 minutos ou fale com a equipe de HWA." in page


def test_a_stranger_elsewhere_locks_nobody_out(operator: User, reviewer: User) -> None:
    fail(5, address="198.51.100.1")

    assert sign_in("x").status_code == 302
    assert sign_in("x", "reviewer", address="198.51.100.1").status_code == 302


def test_one_address_may_try_only_so_many_names(operator: User, settings: Any) -> None:
    settings.LOGIN_FAILURES_PER_ADDRESS = 8
    for number in range(8):
        fail(1, username=f"guess{number}", address=f"2001:db8::{number}")

    page = sign_in("x", address="2001:db8::ffff")

    assert "Too many failed attempts" in page.content.decode()
    assert sign_in("x", address="2001:db8:1::1").status_code == 302


def test_the_name_counts_however_it_is_written(operator: User) -> None:
    for name in ("operator", "OPERATOR", "Operator", "oPerator", "operatoR"):
        fail(1, username=name)

    assert sign_in("x").status_code == 200


def test_time_or_an_administrator_ends_the_wait(operator: User, admin_user: User) -> None:
    fail(5)
    SignInFailures.objects.update(last_at=timezone.now() - timedelta(minutes=16))
    assert sign_in("x").status_code == 302

    fail(5)
    row = SignInFailures.objects.get(failures=5)
    admin = Client()
    admin.force_login(admin_user)
    assert "operator" in admin.get("/admin/resync_site/signinfailures/").content.decode()
    admin.post(f"/admin/resync_site/signinfailures/{row.pk}/delete/", {"post": "yes"})
    assert sign_in("x").status_code == 302


def test_old_failures_are_not_kept(operator: User) -> None:
    fail(1, username="somebody")
    SignInFailures.objects.update(last_at=timezone.now() - timedelta(minutes=16))
    fail(1)

    assert SignInFailures.objects.values_list("username", flat=True).get() == "operator"


@pytest.mark.django_db(transaction=True)
def test_guesses_made_at_once_are_no_more(operator: User) -> None:
    start = threading.Barrier(12)

    def guess() -> None:
        start.wait(10)
        sign_in("wrong")
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert SignInFailures.objects.get().failures <= 6  # one more a hash that runs beside


def test_a_failure_is_one_line_without_what_was_typed(
    operator: User, caplog: pytest.LogCaptureFixture
) -> None:
    fail(1)
    fail(1, username="my-password-in-the-wrong-field")

    assert [record.getMessage() for record in caplog.records if "sign" in record.name] == [
        "sign-in failed: operator from 203.0.113.9",
        "sign-in failed: an unknown user from 203.0.113.9",
    ]
    assert "wrong" not in caplog.text


# --- tokens -------------------------------------------------------------------------------------


def test_bad_tokens_end_in_429_and_good_ones_go_on(reviewer: User, settings: Any) -> None:
    settings.TOKEN_FAILURES_PER_MINUTE = 3
    client = Client(REMOTE_ADDR="203.0.113.9")

    bad = [
        client.get("/api/agents", headers={"Authorization": f"Bearer guess{n}"}) for n in range(5)
    ]

    assert [answer.status_code for answer in bad] == [401, 401, 401, 429, 429]
    assert bad[-1]["Retry-After"] == "60"
    good = {"Authorization": f"Bearer {ApiToken.objects.issue(reviewer)}"}
    assert client.get("/api/agents", headers=good).status_code == 200


# --- nobody's role ------------------------------------------------------------------------------


@pytest.fixture
def newcomer(db: None) -> User:
    return User.objects.create_user("newcomer", password="x", is_staff=True)


@pytest.mark.parametrize(
    "path", ["/", "/chat/", "/chat/tws-analyzer/", "/admin/", "/admin/audits/auditrecord/", "/no"]
)
def test_without_a_role_one_sees_a_sentence_and_no_more(path: str, newcomer: User) -> None:
    client = Client()
    client.force_login(newcomer)

    page = client.get(path)

    assert page.status_code == 403
    said = "You have signed in, but have no role here yet. Ask an administrator for one."
    assert said in page.content.decode()
    assert "<nav" not in page.content.decode()
    assert client.post("/logout/").status_code == 302


@pytest.mark.parametrize("path", ["/api/agents", "/api/status", "/api/audit/flags", "/api/docs"])
def test_nor_does_the_api_say_more(path: str, newcomer: User) -> None:
    client = Client()
    client.force_login(newcomer)
    token = ApiToken.objects.issue(newcomer)

    by_session = client.get(path)
    by_token = Client().get("/api/agents", headers={"Authorization": f"Bearer {token}"})

    assert by_session.status_code == by_token.status_code == 403
    assert by_session.json()["detail"] == by_token.json()["detail"]
    assert "no role" in by_session.json()["detail"]


def test_a_permission_of_ones_own_is_a_role(newcomer: User) -> None:
    newcomer.user_permissions.add(Permission.objects.get(codename="use_chat"))
    client = Client()
    client.force_login(newcomer)

    assert client.get("/").status_code == 200


# --- what is open, what is kept -----------------------------------------------------------------


@pytest.mark.parametrize(("is_open", "status"), [(True, 200), (False, 404)])
@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json"])
def test_the_apis_documentation_follows_its_setting(
    path: str, is_open: bool, status: int, settings: Any, admin_user: User
) -> None:
    settings.API_DOCS = is_open
    client = Client()
    client.force_login(admin_user)

    assert client.get(path).status_code == status
    assert ('href="/api/docs"' in client.get("/admin/").content.decode()) is is_open


def test_nothing_that_was_said_stays_in_a_cache(admin_user: User) -> None:
    make_record("pending", make_memory("Restart?"))
    client = Client()
    client.force_login(admin_user)

    for path in (
        "/", "/chat/tws-analyzer/", "/login/", "/nowhere", "/admin/", "/admin/knowledge/memory/",
        "/admin/audits/auditrecord/export/csv/", "/admin/knowledge/memory/export/jsonl/",
        "/api/audit/flags", "/api/memories/search?q=restart", "/api/nowhere", "/api/audit/review",
    ):  # fmt: skip
        assert "no-store" in client.get(path).headers["Cache-Control"], path
    assert "no-store" not in Client().get("/static/tws/resync.css").headers["Cache-Control"]


# --- what a request costs -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "taken"),
    [
        ("/api/audit/metrics", None, 20),
        ("/api/audit/flags?query=restart", None, 2),
        ("/api/audit/review", "x" * 64 * 1024, 4),
    ],
)
def test_the_rate_counts_what_a_request_costs(
    path: str, body: str | None, taken: int, settings: Any, reviewer: User
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 20
    headers = {"Authorization": f"Bearer {ApiToken.objects.issue(reviewer)}"}

    def ask() -> int:
        if body is None:
            return Client().get(path, headers=headers).status_code
        sent = Client().post(path, body, content_type="application/json", headers=headers)
        return sent.status_code

    statuses = [ask() for _request in range(taken + 1)]

    assert 429 not in statuses[:taken]
    assert statuses[taken] == 429
