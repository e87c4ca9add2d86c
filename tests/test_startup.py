"""What a command loads before it does anything: little."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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


def told_by(code: str, *command: str) -> str:
    """The last line on stderr of a new process that runs `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=CHECKOUT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "resync_site.settings", "REDIS_URL": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()[-1]


COLLECTED = """
import gc, sys
met = []
gc.callbacks.append(lambda phase, info: met.append(phase))
import manage
from django.core import management
management.execute_from_command_line = lambda argv: __import__("django").setup()
met.clear()
manage.main()
print(len(met), gc.isenabled(), gc.get_freeze_count() > 10_000, file=sys.stderr)
"""


def test_nothing_is_collected_while_a_command_is_loaded_and_what_comes_later_is():
    assert told_by(COLLECTED) == "0 True True"


PAGES = """
import sys, django
django.setup()
from django.contrib import admin
from django.core import checks
from knowledge.models import Memory
late = not admin.site._registry
checks.run_checks(tags=["admin"])
admin.site._registry[Memory].list_display = ("nothing",)
print(late, *(one.id for one in checks.run_checks(tags=["admin"])), file=sys.stderr)
"""


def test_the_pages_of_the_admin_are_loaded_late_and_checked_all_the_same():
    assert told_by(PAGES) == "True admin.E108"


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
        (["run_auditor", "--help"], LATE | PATHS | {"audits.admin", "resync_site.urls"}),
        pytest.param(["ask", "--help"], LATE, marks=pytest.mark.slow),
    ],
)
def test_a_command_loads_nothing_that_it_does_not_use(command, late):
    told, *loaded = told_by(TELL, *command).split()
    assert (told, late & set(loaded)) == ("LOADED", set())
