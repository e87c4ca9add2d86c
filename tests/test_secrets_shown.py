"""A secret in a memory is masked wherever the memory is shown or taken out."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from audits.states import Status
from knowledge import indexer
from tests.factories import make_memory, make_record

SECRET = "hunter2-S3cr3t!x"
ANSWER = f"Log on with password={SECRET} and look at the job's predecessors."


@pytest.fixture
def secretive(reviewer):
    record = make_record(
        Status.CLEARED,
        make_memory(
            "How do I look at the predecessors of a job?",
            ANSWER,
            evidence=[{"tool": "get_job_log", "result": {"line": f"password={SECRET}"}}],
        ),
        ia_audit_reason=f"rules: a secret «password={SECRET}»",
    )
    indexer.index_pending()
    return record.memory


def get(client, user, path: str) -> str:
    client.force_login(user)
    response = client.get(path)
    assert response.status_code == 200, response.content
    return response.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path",
    [
        "/api/audit/flags?status=all",
        "/api/memories/search?q=predecessors+of+a+job",
        "/admin/knowledge/memory/",
    ],
)
def test_on_pages_and_in_the_api(client, reviewer, secretive, path) -> None:
    text = get(client, reviewer, path)

    assert "predecessors" in text
    assert SECRET not in text


@pytest.mark.django_db(transaction=True)
def test_on_the_records_page(client, reviewer, secretive) -> None:
    assert SECRET not in get(
        client, reviewer, f"/admin/audits/auditrecord/{secretive.audit.pk}/change/"
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command",
    [
        ("export_memories",),
        ("export_memories", "--format", "csv"),
        ("search_memories", "predecessors of a job"),
        ("search_memories", "predecessors of a job", "--json"),
    ],
)
def test_at_the_command_line(secretive, capsys, command) -> None:
    call_command(*command)
    out = capsys.readouterr().out

    assert "predecessors" in out
    assert SECRET not in out


@pytest.mark.django_db(transaction=True)
def test_an_export_can_still_be_read_back(secretive, capsys) -> None:
    call_command("export_memories")

    [record] = map(json.loads, capsys.readouterr().out.splitlines())
    assert record["evidence"][0]["tool"] == "get_job_log"
