"""What fixed it: told after a failure was explained, and decided on by a reviewer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audits import review
from audits.models import AuditRecord
from knowledge.models import USABLE, Memory
from tests.test_auditor import audit_now
from tests.test_conversations import converse
from tws.chat.fixes import explained_failure
from tws.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

JOB = {
    "kind": "job", "id": "j1", "engine": "PROD", "group": "failed", "status": "ABEND",
    "job": "SPED_ICMS", "stream": "FISCAL", "key": "/FTA1#/F/FISCAL.SPED_ICMS",
    "return_code": 8, "end": "2026-03-02T04:00:00-03:00",
    "last_runs": [{"id": "r2", "number": 2, "return_code": 8}, {"id": "r1", "number": 1}],
}  # fmt: skip


def reading(tool: str = "inspect", **fields: Any) -> dict[str, Any]:
    return {"id": "q1", "tool": tool, "result": JOB | fields}


def test_a_failure_is_explained_by_an_answer_about_one_failed_job() -> None:
    found = explained_failure([{"id": "m1", "result": []}, reading()])

    assert found is not None
    assert (found["job"], found["return_code"], found["run_id"]) == ("SPED_ICMS", 8, "r2")


@pytest.mark.parametrize(
    "evidence",
    [
        [],
        [reading(group="running")],
        [reading(kind="stream")],
        [reading("plan_query")],
        [{"tool": "inspect", "result": None}],
    ],
)
def test_whatever_else_was_read_explains_no_failure(evidence: list[dict[str, Any]]) -> None:
    assert explained_failure(evidence) is None


@pytest.fixture
def told(operator: User) -> tuple[Client, str, dict[str, str]]:
    """Somebody who was explained a failure: their client, the path, and what they tell."""
    conversation = converse(operator, "why did SPED_ICMS fail?")
    answer = Message.objects.get(role="agent")
    answer.failure = explained_failure([reading()])
    answer.save()
    client = Client()
    client.force_login(operator)
    body = {
        "run_id": str(answer.run_id),
        "cause": "The listener was down: clear.",  # a word that the judge of these tests clears
        "done": "Restarted the listener, password=hunter2secret, then reran the job.",
    }
    return client, f"/api/conversations/{conversation}/fixes", body


def test_what_fixed_it_becomes_a_memory_with_job_code_and_run(told) -> None:
    client, path, body = told

    answer = client.post(path, body, "application/json")

    memory = Memory.objects.get(pk=answer.json()["memory_id"])
    assert memory.user_query == (
        "What fixes the job SPED_ICMS of FISCAL when it ends with return code 8?"
    )
    assert "The listener was down" in memory.agent_response
    assert "hunter2secret" not in memory.agent_response
    result = memory.evidence[0]["result"]
    assert (result["job_id"], result["return_code"], result["run_id"]) == ("j1", 8, "r2")
    assert (memory.trust, memory.source) == ("new", "told")


def test_no_judge_clears_it_and_a_reviewer_decides(told, operator: User, reviewer: User) -> None:
    client, path, body = told
    memory_id = client.post(path, body, "application/json").json()["memory_id"]

    audit_now()

    record = AuditRecord.objects.get(memory_id=memory_id)
    assert record.status == "pending"
    assert Memory.objects.get(pk=memory_id).trust not in USABLE
    with pytest.raises(review.OwnMemory):
        review.decide(memory_id, "approve", operator)
    review.decide(memory_id, "approve", reviewer)
    assert Memory.objects.get(pk=memory_id).trust in USABLE


def test_nothing_is_told_where_nothing_was_explained_or_by_somebody_else(
    told, reviewer: User
) -> None:
    client, path, body = told

    assert client.post(path, body | {"cause": "  "}, "application/json").status_code == 422
    other = Client()
    other.force_login(reviewer)
    assert other.post(path, body, "application/json").status_code == 404
    Message.objects.update(failure=None)
    assert client.post(path, body, "application/json").status_code == 404
    assert not Memory.objects.exists()
