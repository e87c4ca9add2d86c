"""Grounding of answers that show a part: lists cut short, lines quoted from a log."""

from __future__ import annotations

import uuid

import pytest

from audits.judges import MemoryUnderAudit
from audits.judges.grounding import grounding_judge

LATE = {
    "tool": "late_jobs",
    "result": {
        "items": [{"name": f"JOB_{n}", "status": "HOLD", "late": True} for n in range(3)],
        "shown": 3,
        "totalCount": 61,
    },
}
LOG = {
    "tool": "get_job_log",
    "result": {
        "name": "JOB_1",
        "run": {"status": "ABEND", "returnCode": 8},
        "lines": [{"line": 24, "text": "FATAL database refused after 3 failed attempts"}],
    },
}


async def suspicion(answer, evidence):
    verdict = await grounding_judge(
        MemoryUnderAudit(
            memory_id=uuid.uuid4(),
            version=1,
            agent="a",
            kind="state",
            user_query="What is late? Why did JOB_1 fail?",
            agent_response=answer,
            evidence=[evidence],
        )
    )
    return verdict.confidence if verdict else 0.0


@pytest.mark.parametrize(("count", "is_flagged"), [(61, False), (3, False), (44, True)])
async def test_a_count_beyond_the_shown_items_is_the_total(count, is_flagged):
    assert (await suspicion(f"{count} jobs are late.", LATE) > 0.6) is is_flagged


@pytest.mark.parametrize(
    ("line", "is_flagged"),
    [
        ("24: FATAL database refused after 3 failed attempts", False),
        ("JOB_1 ended with return code 9", True),
    ],
)
async def test_a_line_of_the_log_is_quoted_not_claimed(line, is_flagged):
    assert (await suspicion(f"JOB_1 failed.\n\n```\n{line}\n```", LOG) > 0.6) is is_flagged
