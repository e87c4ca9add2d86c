"""What fixed it: once a failure was explained, an operator tells its cause and what was done.

It becomes a memory that no judge can clear: a reviewer decides (`audits`, by its source).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from knowledge.models import Memory, Source
from knowledge.secrets import mask_secrets
from knowledge.store import Draft, remember
from tws.models import Message

TOOL = "what_fixed_it"
"""Names the reading that links the memory to job, code and run."""


def explained_failure(evidence: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The failed job that an answer was about, with its run; None when it was about none."""
    for reading in evidence:
        result = reading.get("result")
        if not isinstance(result, dict) or result.get("group") != "failed":
            continue
        if reading.get("tool") == "inspect" and result.get("kind") == "job":
            last = (result.get("last_runs") or [{}])[0]
            return {
                "engine": result.get("engine"),
                "job_id": result.get("id"),
                "key": result.get("key"),
                "job": result.get("job"),
                "stream": result.get("stream"),
                "status": result.get("status"),
                "return_code": result.get("return_code"),
                "run_id": last.get("id"),
                "run": last.get("number"),
                "ended": result.get("end"),
            }
    return None


def tell(answer: Message, cause: str, done: str, by: User) -> Memory:
    """Keep what fixed the failure that `answer` explained, for a reviewer to decide on.

    ValueError when it explained none.
    """
    failure = answer.failure
    if not failure:
        raise ValueError("this answer explained no failure")
    reading = {
        "id": "f1",
        "tool": TOOL,
        "arguments": {"memory_id": str(answer.memory_id) if answer.memory_id else None},
        "result": failure,
        "engine": failure["engine"],
        "fetched_at": timezone.localtime(answer.created_at).isoformat(timespec="seconds"),
    }
    said = _("Cause: %(cause)s\n\nWhat was done: %(done)s")
    memory, _is_new = remember(
        Draft(
            agent=answer.conversation.agent_id,
            user_query=_question(failure),
            agent_response=said % {"cause": mask_secrets(cause), "done": mask_secrets(done)},
            evidence=[reading],
            engine=str(failure["engine"] or ""),
            source=Source.TOLD,
            conversation=answer.conversation_id,
            user=by,
        )
    )
    return memory


def _question(failure: dict[str, Any]) -> str:
    job, stream, code = failure["job"], failure["stream"], failure["return_code"]
    if code is None:
        text = _("What fixes the job %(job)s of %(stream)s when it ends in error?")
    else:
        text = _("What fixes the job %(job)s of %(stream)s when it ends with return code %(code)s?")
    return text % {"job": job, "stream": stream, "code": code}
