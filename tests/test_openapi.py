"""The REST API held against its own OpenAPI document: Schemathesis, as each role."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from knowledge.models import Memory
from resync_site.environment import CHECKOUT
from resync_site.models import ApiToken
from tests.factories import make_memory, make_record
from tests.web_server import web_server
from tws.hwa.engines import configured_engines
from tws.plan.models import PlanEngine
from tws.plan.reader import read_once

EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "10")
"""How many requests of each kind to an operation; a night may have 2000."""


@pytest.fixture
def served(settings, simulator, transactional_db) -> Iterator[str]:
    """The web process with a queue and an engine."""
    settings.API_REQUESTS_PER_MINUTE = settings.TOKEN_FAILURES_PER_MINUTE = 10**9
    settings.REPORTS_PER_HOUR = 10**9
    settings.TWS_ENGINES, settings.TWS_BASE_URL = "", simulator.url
    settings.TWS_VERIFY_SSL = str(simulator.certificate)
    settings.TWS_USER = settings.TWS_PASSWORD = "wauser"
    settings.TWS_TOKEN = settings.TWS_API_KEY = settings.TWS_TOKEN_FILE = ""
    cache.clear()
    for status in ("pending", "unverified", "quarantined", "cleared", "failed"):
        for n in range(3):
            queued = timezone.now() - timedelta(hours=n)
            make_record(status, make_memory(f"{status} {n}?"), created_at=queued)
    asyncio.run(read_once(configured_engines()[0]))
    PlanEngine.objects.update(pass_seconds=3600)  # the plan is current however long this takes
    with web_server() as address:
        yield f"http://{address}"


@pytest.mark.slow
@pytest.mark.parametrize("role", ["anonymous", "operator", "reviewer", "auditor", "admin"])
def test_each_answer_is_one_that_the_document_promises(
    role, served, tmp_path: Path, operator, reviewer, auditor_user, admin_user
) -> None:
    command = ["schemathesis", "--config-file", str(CHECKOUT / "tests/data/schemathesis.toml")]
    command += ["run", f"{served}/api/openapi.json", "--max-examples", EXAMPLES, "--no-color"]
    if role != "anonymous":
        token = ApiToken.objects.issue(User.objects.get(username=role))
        command += ["--header", f"Authorization: Bearer {token}"]

    done = subprocess.run(
        [Path(sys.executable).with_name(command[0]), *command[1:]],
        cwd=tmp_path,
        env={**os.environ, "MEMORY_ID": str(Memory.objects.earliest("created_at").pk)},
        capture_output=True,
        text=True,
    )

    lines = [line[:300] for line in (done.stdout + done.stderr).splitlines()]
    assert done.returncode == 0, "\n".join(lines[-200:])


@pytest.mark.django_db(transaction=True)
def test_an_address_too_long_for_http_is_answered_as_the_document_says() -> None:
    with web_server() as address:
        connection = HTTPConnection(address)  # httpx sends no such address
        connection.request("GET", "/api/openapi.json")
        document = json.load(connection.getresponse())
        promised = document["paths"]["/api/plan/card/rows"]["get"]["responses"]
        connection.request("GET", f"/api/plan/card/rows?order_by={'%C3' * 25_000}")
        answer = connection.getresponse()
        connection.close()

    (kind,) = promised[str(answer.status)]["content"]
    assert (answer.status, kind) == (400, answer.headers.get_content_type())
