"""What is past its undo time is gone, wherever it was kept; the decision log still verifies."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from audits import assigning, purging, review
from audits.caching import _put
from audits.decisions import verify
from audits.models import AuditRecord, Decision
from knowledge import indexer
from knowledge.models import Feedback, Kind, Memory, MemoryRevision, MemoryUse
from knowledge.purging import tells
from knowledge.store import Draft, remember
from tests.factories import make_memory, make_record
from tws.chat.purging import REMOVED
from tws.models import Agent, Conversation, Message, RunEvent

MARKER = "xanadu7731"
RECIPE = f"Run {MARKER} on the agent, then link it again."


def dump() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f"SELECT row_to_json(held)::text FROM {table} held")  # noqa: S608
            rows += [f"{table} {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def holding(marker: str = MARKER) -> list[str]:
    return [line[:300] for line in dump().lower().splitlines() if marker in line]


def purge(*arguments: str) -> dict[str, object]:
    out = io.StringIO()
    call_command("purge_memories", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def a_month_later(settings) -> Callable[[], None]:
    """31 days pass: nobody can make a decision older than the log says."""

    def passed() -> None:
        settings.AUDIT_UNDO_DAYS -= 31

    return passed


@pytest.fixture
def spread(reviewer, operator) -> AuditRecord:
    """A memory that has been everywhere: approved, quoted, shown, corrected, judged, rejected."""
    memory = make_memory(f"How do I mend {MARKER}?", "Call somebody.", user=operator)
    Memory.objects.filter(pk=memory.pk).update(
        asked_as=f"{MARKER} broke", understood={"text": MARKER, "unused": [], "outcome": "partial"}
    )
    finding = {"code": "llm.wrong_fact", "quote": MARKER, "datum": MARKER, "message": MARKER}
    record = make_record(
        "pending",
        memory,
        findings=[finding],
        ia_audit_reason=MARKER,
        last_error=MARKER,
        judge="llm",
    )
    Feedback.objects.create(memory=memory, user=operator, rating=1, comment=MARKER)
    assigning.comment(memory.pk, f"Is {MARKER} right?", reviewer)
    review.decide(memory.pk, "approve", reviewer, note=MARKER, corrected_response=RECIPE)
    while indexer.index_pending(10):
        pass
    agent = Agent.objects.get(slug="tws-analyzer")
    talk = Conversation.objects.create(agent=agent, user=operator, title=f"How do I mend {MARKER}?")
    quote = {
        "memory_id": str(memory.pk), "version": 2, "trust": "trusted",
        "user_query": memory.user_query, "agent_response": RECIPE,
    }  # fmt: skip
    reading = {"id": "m1", "tool": "memory", "arguments": {"text": MARKER}, "result": quote}
    for how, text in (("quoted", f"The fix is:\n\n> {RECIPE}"), ("shown", "Nothing failed.")):
        run = uuid.uuid4()
        answer, _created = remember(
            Draft(agent="x", user_query=f"What of {how}?", agent_response=text, evidence=[reading])
        )
        make_record("cleared", answer, findings=[finding])
        MemoryUse.objects.create(
            memory=memory, version=2, how=how, answer=answer, run_id=run, reader=operator
        )
        Message.objects.create(conversation=talk, run_id=run, role="user", text=f"What of {how}?")
        Message.objects.create(
            conversation=talk, run_id=run, role="agent", text=text, memory_id=answer.pk,
            sources=[{"kind": "memory", "label": MARKER}], thread={"shown": MARKER},
            tools=[{"arguments": MARKER}], suggestions=[MARKER],
        )  # fmt: skip
        RunEvent.objects.create(run_id=run, seq=1, event={"result": MARKER})
    own = uuid.uuid4()
    Message.objects.create(
        conversation=talk, run_id=own, role="user", text=f"How do I mend {MARKER}?"
    )
    Message.objects.create(
        conversation=talk, run_id=own, role="agent", text="Call somebody.", memory_id=memory.pk
    )
    return record


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_purged_memory_is_left_in_a_full_dump(
    spread, operator, reviewer, a_month_later
):
    _put("key", spread.memory_id, {"quote": MARKER})
    review.undo(spread.memory_id, reviewer)
    review.decide(spread.memory_id, "reject", reviewer, note=MARKER)
    assert {line.partition(" ")[0] for line in holding()} >= {
        "public.knowledge_memory", "public.knowledge_memoryrevision", "public.audit_queue",
        "public.audits_reviewnote", "public.audits_remark", "public.audits_cachedverdict",
        "public.tws_message", "public.tws_runevent", "public.tws_conversation",
        "public.knowledge_feedback",
    }  # fmt: skip
    a_month_later()

    counts = purge()

    assert holding() == []
    assert (counts["rejected"], counts["answers"]) == (1, 2)
    left = Conversation.objects.listed(operator.pk)
    assert [one.title for one in left] == ["[removed]"]  # what else was asked in it is still found
    assert verify().ok
    assert Decision.objects.filter(memory_id=spread.memory_id).count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_says_how_many_and_changes_nothing(spread, reviewer, a_month_later):
    review.undo(spread.memory_id, reviewer)
    review.decide(spread.memory_id, "reject", reviewer)
    a_month_later()
    before = dump()

    counts = purge("--dry-run")

    assert counts == {"dry_run": True, "rejected": 1, "states": 0}
    assert dump() == before


@pytest.mark.django_db(transaction=True)
def test_what_was_given_from_it_and_says_something_else_stays(spread, reviewer, a_month_later):
    review.undo(spread.memory_id, reviewer)
    review.decide(spread.memory_id, "reject", reviewer)
    a_month_later()

    purge()

    texts = set(Message.objects.values_list("text", flat=True))
    assert texts == {"What of quoted?", "What of shown?", "Nothing failed.", REMOVED}
    shown = Memory.objects.get(user_query="What of shown?")
    assert shown.agent_response == "Nothing failed."
    assert shown.evidence[0]["result"]["purged"] is True


@pytest.mark.django_db
def test_what_can_still_be_undone_or_is_approved_is_left_alone(reviewer):
    for status, days in (("rejected", 29), ("approved", 400)):
        at = timezone.now() - timedelta(days=days)
        make_record(status, make_memory(f"{MARKER} {status}?"), reviewer=reviewer, reviewed_at=at)

    assert purge()["rejected"] == 0
    assert len(holding()) >= 2


@pytest.mark.django_db
def test_no_import_brings_a_purged_memory_back(reviewer, a_month_later):
    record = make_record("pending", make_memory("Purged?", "Wrong."))
    review.decide(record.memory_id, "reject", reviewer)
    a_month_later()
    purge()

    memory, created = remember(
        Draft(agent="tws-analyzer", user_query="Purged?", agent_response="Wrong.")
    )

    assert (created, memory.pk, memory.trust) == (False, record.memory_id, "rejected")


@pytest.mark.django_db
def test_answers_about_the_plan_expire_by_themselves(settings):
    settings.STATE_MEMORY_DAYS = 30
    old = timezone.now() - timedelta(days=31)
    for name, kind, at in (
        ("old", Kind.STATE, old), ("new", Kind.STATE, timezone.now()),
        ("known", Kind.KNOWLEDGE, old),
    ):  # fmt: skip
        memory = make_memory(f"{name}?", kind=kind, created_at=at)
        make_record("cleared", memory)

    assert purging.expire_all_states() == 1

    assert set(Memory.objects.values_list("user_query", flat=True)) == {"new?", "known?"}
    assert AuditRecord.objects.count() == 2
    assert MemoryRevision.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("> Run the recipe on it.", True),
        ("before\nRun   the recipe on it.\nafter", True),
        ("Run it.", False),
        ("ok", True),
    ],
)
def test_a_text_that_repeats_a_line_is_told_from_one_that_does_not(text, same):
    assert tells(text, ["Run the recipe on it.\nok"]) == same
