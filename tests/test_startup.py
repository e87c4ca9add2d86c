"""What a command loads before it does anything: little."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

import manage
from resync_site.environment import CHECKOUT

# Loaded at their first use: each takes longer than a room of our own code.
LATE = {
    "redis", "httpx", "aiohttp", "markdown_it", "openpyxl", "mem0", "openai", "rapidfuzz",
    "prometheus_client", "knowledge.llm.gateway", "knowledge.llm.negotiation",
    "knowledge.retrieval", "knowledge.hwa.times", "tws.chat.running",
    "tws.plan.query.answering", "knowledge.claims.expressions",
}  # fmt: skip
LEXICONS = {"knowledge.hwa.statuses", "knowledge.hwa_terms", "knowledge.claims.answer", "tomllib"}
PATHS = {"knowledge.api", "audits.api", "tws.api", "tws.plan.query"}
TELL = (
    "import sys; from django.core.management import execute_from_command_line as run\n"
    "try: run(sys.argv)\n"
    "except SystemExit: pass\n"
    "print('LOADED', *sorted(sys.modules), file=sys.stderr)"
)


def test_a_command_is_loaded_with_few_collections(monkeypatch):
    usual, met = gc.get_threshold(), []
    monkeypatch.setattr(
        "django.core.management.execute_from_command_line",
        lambda argv: met.append(gc.get_threshold()[0]),
    )

    try:
        manage.main()
    finally:
        gc.set_threshold(*usual)

    assert met[0] > 10 * usual[0]


BUILT = """
import django; django.setup()
from ninja import Schema
from ninja.params.models import ParamModel
def models():
    kinds = [Schema, *ParamModel.__subclasses__()]
    return {one for kind in kinds for one in kind.__subclasses__()}
ninjas = models()
import resync_site.api
ours = models() - ninjas
print(len(ours), sum(one.__pydantic_complete__ for one in ours))
"""


def test_what_the_api_checks_with_is_built_when_it_is_asked():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "resync_site.settings"}
    done = subprocess.run(
        [sys.executable, "-c", BUILT],
        cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip

    models, built = map(int, done.stdout.split())
    assert models > 40
    assert built == 0


@pytest.mark.parametrize(
    ("command", "late"),
    [
        (["check"], LATE | LEXICONS | {"tws.answers", "knowledge.llm.errors"}),
        (["run_auditor", "--help"], LATE | PATHS),
        pytest.param(["ask", "--help"], LATE, marks=pytest.mark.slow),
    ],
)
def test_a_command_loads_nothing_that_it_does_not_use(command, late):
    done = subprocess.run(
        [sys.executable, "-c", TELL, *command],
        cwd=CHECKOUT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "resync_site.settings", "REDIS_URL": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    told, *loaded = done.stderr.splitlines()[-1].split()
    assert (told, late & set(loaded)) == ("LOADED", set())
