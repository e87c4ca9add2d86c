"""What load balancers and Prometheus read."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from audits import heartbeats
from audits.models import Heartbeat
from knowledge.llm.models import LLMProfile
from knowledge.models import Memory
from resync_site import health
from resync_site.models import ApiToken
from tests.factories import make_memory, make_record
from tests.plan_reading import make_engine
from tws.plan.models import PlanJob

pytestmark = pytest.mark.django_db


@pytest.fixture
def checks(monkeypatch, settings) -> dict[str, health.Check]:
    """Nothing is configured, so that only what a test breaks is broken."""
    settings.TWS_BASE_URL = settings.TWS_ENGINES = settings.LLM_BASE_URL = ""
    fresh = dict(health.CHECKS)
    monkeypatch.setattr(health, "CHECKS", fresh)
    monkeypatch.setattr(health, "_running", {})
    monkeypatch.setattr(health, "_last", {})
    return fresh


def ready(client) -> tuple[int, dict]:
    answer = client.get("/health/ready")
    return answer.status_code, answer.json()


def fail(error: Exception):
    def check() -> str:
        raise error

    return check


def test_live_answers_without_anything(client):
    answer = client.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_names_every_check(client, checks):
    assert ready(client) == (
        200,
        {
            "status": "ok",
            "checks": {
                "database": "ok",
                "migrations": "ok",
                "index": "ok",
                "auditor": "off",
                "hwa": "off",
                "llm": "off",
            },
        },
    )


@pytest.mark.parametrize("name", ["database", "migrations"])
def test_without_its_database_or_migrations_it_is_down(name, client, checks):
    checks[name] = fail(OperationalError("no"))

    status, body = ready(client)

    assert (status, body["status"], body["checks"][name]) == (503, "down", "down")


def test_without_an_llm_that_answers_it_is_degraded_and_still_answers(client, checks, settings):
    settings.LLM_BASE_URL = "http://127.0.0.1:9"

    status, body = ready(client)

    assert (status, body["status"], body["checks"]["llm"]) == (200, "degraded", "down")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("plan", "word", "status"),
    [
        ({}, "ok", "ok"),
        ({"down_since": timezone.now(), "error": "no route"}, "down", "degraded"),
        ({"fetched_at": timezone.now() - timedelta(hours=1)}, "down", "degraded"),
        ({"fetched_at": None}, "down", "degraded"),
    ],
    ids=["read just now", "engine down", "no reader", "never read"],
)
def test_hwa_is_ok_when_its_plan_is_how_things_are_now(
    client, checks, settings, plan: dict, word: str, status: str
):
    settings.TWS_BASE_URL, settings.TWS_ENGINE_NAME = "https://127.0.0.1:9", "SIM"
    make_engine(**plan)

    code, body = ready(client)

    assert (code, body["status"], body["checks"]["hwa"]) == (200, status, word)


@pytest.mark.django_db
def test_prometheus_reads_how_the_plan_stands(client):
    plan = make_engine()
    PlanJob.objects.create(
        engine="SIM", hwa_id="1", group="failed", digest=b"", fetched_at=plan.fetched_at
    )

    text = client.get("/metrics").content.decode()

    assert 'resync_plan_current{engine="SIM"} 1.0' in text
    assert 'resync_plan_jobs{engine="SIM",group="failed"} 1.0' in text


@pytest.mark.django_db(transaction=True)
def test_memories_that_wait_long_for_their_vectors_degrade_it(client, checks):
    memory = make_record("cleared").memory
    Memory.objects.filter(pk=memory.pk).update(updated_at=timezone.now() - timedelta(hours=1))

    status, body = ready(client)

    assert (status, body["status"], body["checks"]["index"]) == (200, "degraded", "down")


@pytest.mark.parametrize(
    "options",
    ["-c default_transaction_read_only=on", "-c temp_file_limit=0"],
    ids=["read-only", "full disk"],
)
def test_a_database_that_takes_no_writes_is_down(options, client, checks, monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", options)

    status, body = ready(client)

    assert (status, body["status"], body["checks"]["database"]) == (503, "down", "down")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("seconds", "trouble", "said"),
    [(3, "", "ok"), (3, "indexing: the disk is full", "down"), (300, "", "down")],
    ids=["alive", "in trouble", "dead"],
)
def test_an_auditor_that_died_or_is_in_trouble_degrades_it(seconds, trouble, said, client, checks):
    beat_at = timezone.now() - timedelta(seconds=seconds)
    Heartbeat.objects.create(worker="w1", beat_at=beat_at, trouble=trouble)

    status, body = ready(client)

    assert (status, body["checks"]["auditor"]) == (200, said)
    assert body["status"] == ("ok" if said == "ok" else "degraded")


@pytest.mark.django_db(transaction=True)
def test_one_living_auditor_makes_up_for_one_that_died(client, checks):
    heartbeats.beat("w1")
    Heartbeat.objects.create(worker="w2", beat_at=timezone.now() - timedelta(hours=1))

    assert ready(client)[1]["checks"]["auditor"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_memories_that_wait_while_no_auditor_runs_degrade_it(client, checks):
    memory = make_memory()
    assert ready(client)[1]["checks"]["auditor"] == "off"

    Memory.objects.filter(pk=memory.pk).update(created_at=timezone.now() - timedelta(hours=1))

    assert ready(client)[1]["checks"]["auditor"] == "down"


@pytest.mark.django_db(transaction=True)
def test_an_llm_that_fails_every_call_degrades_it_though_its_address_answers(
    client, checks, settings, monkeypatch
):
    settings.LLM_BASE_URL, settings.LLM_MODEL = "http://llm.example/v1", "m"
    monkeypatch.setattr(health, "_endpoint_answers", lambda: "ok")
    assert ready(client)[1]["checks"]["llm"] == "ok"

    LLMProfile.objects.note_failure(settings.LLM_BASE_URL, "m", "401: no such key")
    assert ready(client)[1]["checks"]["llm"] == "down"
    LLMProfile.objects.note_answer(settings.LLM_BASE_URL, "m")
    assert ready(client)[1]["checks"]["llm"] == "ok"


def test_a_check_that_hangs_does_not_hold_up_the_answer(client, checks, monkeypatch):
    monkeypatch.setattr(health, "SECONDS", 0.2)
    started = []

    def hang() -> str:
        started.append(1)
        time.sleep(1)
        return "ok"

    checks["llm"] = hang

    bodies = [ready(client)[1] for _ in range(3)]

    assert {body["checks"]["llm"] for body in bodies} == {"down"}
    assert len(started) == 1


def test_prometheus_reads_counts_on_this_machine(client, reviewer):
    make_record("pending")

    text = client.get("/metrics").content.decode()

    assert 'resync_audit_records{status="pending"} 1.0' in text
    assert 'resync_memories{trust="suspect"} 1.0' in text
    for name in ("oldest_pending_seconds 0.", "memories_to_index 0.0", "decisions 0.0"):
        assert name in text


def test_from_elsewhere_it_needs_a_token(client, reviewer, operator, settings):
    settings.METRICS_TOKEN = "prometheus"

    def status(token: str = "", **extra: str) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return client.get("/metrics", headers=headers, **extra).status_code

    away = {"REMOTE_ADDR": "192.0.2.7"}
    assert status(**away) == 401
    assert status(HTTP_X_FORWARDED_FOR="192.0.2.7") == 401
    assert status("wrong", **away) == 401
    assert status(ApiToken.objects.issue(operator), **away) == 401
    assert status("prometheus", **away) == 200
    assert status(ApiToken.objects.issue(reviewer), **away) == 200
