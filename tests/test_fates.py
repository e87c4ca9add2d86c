"""What became of answers after they were shown, as their readers are told."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from audits import reports, review
from audits.models import AuditRecord
from audits.states import TRUST_OF
from knowledge import store
from knowledge.feedback import give_feedback
from knowledge.lineage import note_uses
from knowledge.models import Memory
from tests.factories import make_memory, make_record
from tests.test_conversations import AGENT
from tws.chat import conversations, fates, run_log
from tws.chat.fates import fates_of, untold
from tws.models import Agent, Conversation, Message

pytestmark = pytest.mark.django_db

CLEARED = "cleared"


def answer(user: User, memory: Memory | None, *, using: Memory | None = None) -> Message:
    """An answer that was shown: of this memory, given from the other one."""
    conversation = conversations.promise(user, Agent.objects.get(pk=AGENT))
    run_id = uuid.uuid4()
    run_log.store_question(conversation, run_id, "What failed?", "c")
    row = Message(conversation=conversation, run_id=run_id, role="agent", text="Two jobs.")
    row.memory_id = memory.pk if memory else None
    run_log.settle(row, [])
    if using:
        note_uses({(using.pk, using.version): "quoted"}, answer=memory, run_id=run_id, reader=user)
    return row


def fate(of: Message) -> tuple[str, bool, str] | None:
    found = fates_of([of]).get(of.run_id)
    return found and (found.kind, found.through, found.reason)


def flag(memory: Memory, status: str = "pending", **fields: Any) -> AuditRecord:
    finding = {"code": "claims.value", "quote": "3 jobs", "message": "", "datum": "2"}
    return make_record(status, memory, **({"findings": [finding], "judge": "claims"} | fields))


def test_nothing_became_of_an_answer_that_was_cleared_or_approved(
    operator: User, reviewer: User
) -> None:
    shown = answer(operator, memory := make_memory())
    assert fate(shown) is None
    make_record(CLEARED, memory)
    assert fate(shown) is None

    review.decide(memory.pk, "approve", reviewer)

    assert fate(shown) is None


@pytest.mark.parametrize(
    ("status", "kind"), [("pending", "flagged"), ("quarantined", "quarantined")]
)
def test_what_the_auditor_takes_back_says_why_in_the_reader_s_language(
    operator: User, status: str, kind: str
) -> None:
    shown = answer(operator, memory := make_memory())

    flag(memory, status)

    assert fate(shown) == (kind, False, "The evidence holds another value: 3 jobs")
    with translation.override("pt-br"):
        found = fate(shown)
    assert found and found[2] != "The evidence holds another value: 3 jobs"


def test_a_rejection_tells_the_reviewer_s_reason_and_note(operator: User, reviewer: User) -> None:
    shown = answer(operator, memory := make_memory())
    make_record(CLEARED, memory)

    review.decide(memory.pk, "reject", reviewer, note="It was JOB_B.", reason_code="wrong_fact")

    assert fate(shown) == ("rejected", False, "A fact is wrong\nIt was JOB_B.")


def test_a_correction_shows_what_is_said_now_to_those_who_read_it_before(
    operator: User, reviewer: User
) -> None:
    before = answer(operator, memory := make_memory())
    make_record("pending", memory)

    review.decide(memory.pk, "approve", reviewer, corrected_response="**Three** jobs failed.")
    after = answer(operator, Memory.objects.get(pk=memory.pk))

    found = fates_of([before])[before.run_id]
    assert (found.kind, found.html.strip()) == (
        "corrected", "<p><strong>Three</strong> jobs failed.</p>",
    )  # fmt: skip
    assert fate(after) is None


def test_who_was_shown_an_answer_that_quotes_a_memory_shares_its_fate(
    operator: User, reviewer: User
) -> None:
    memory = make_memory()
    make_record(CLEARED, memory)
    quoting = answer(operator, None, using=memory)

    review.decide(memory.pk, "reject", reviewer, reason_code="outdated")

    assert fate(quoting) == ("rejected", True, "No longer true")


def test_the_fate_of_a_memory_reaches_answers_by_way_of_another_memory(
    operator: User, reviewer: User
) -> None:
    first = make_memory("one?", "One.")
    make_record(CLEARED, first)
    second = make_memory("two?", "Two.")
    answer(reviewer, second, using=first)
    third = answer(operator, make_memory("three?", "Three."), using=second)

    review.decide(first.pk, "reject", reviewer, reason_code="unsafe")

    assert fate(third) == ("rejected", True, "Dangerous advice")


def test_an_older_version_that_was_used_is_corrected_and_the_newest_is_not(
    operator: User, reviewer: User
) -> None:
    memory = make_memory()
    make_record("pending", memory)
    old = answer(operator, None, using=memory)
    review.decide(memory.pk, "approve", reviewer, corrected_response="Another text.")
    new = answer(operator, None, using=Memory.objects.get(pk=memory.pk))

    assert fate(old) == ("corrected", True, "Right after correction")
    assert fate(new) is None


def test_an_answer_given_from_the_older_text_while_it_was_corrected_is_told_of_it(
    operator: User, reviewer: User
) -> None:
    memory = make_memory()
    make_record("pending", memory)
    review.decide(memory.pk, "approve", reviewer, corrected_response="Another text.")

    late = answer(operator, None, using=memory)  # as it was read before: version 1

    assert fate(late) == ("corrected", True, "Right after correction")


def test_a_report_names_nobody(operator: User, reviewer: User) -> None:
    shown = answer(operator, memory := make_memory())
    give_feedback(memory.pk, 1, "nonsense", reviewer)
    reports.take()

    assert fate(shown) == ("flagged", False, "A user reported it as wrong.")


def test_secrets_in_a_reason_are_masked(operator: User) -> None:
    shown = answer(operator, memory := make_memory())
    flag(memory, findings=[], ia_audit_reason="password=hunter2secret stands in it")

    found = fate(shown)

    assert found and "hunter2secret" not in found[2]


def test_what_is_put_right_has_no_fate_any_more(operator: User, reviewer: User) -> None:
    shown = answer(operator, memory := make_memory())
    flag(memory)
    assert fate(shown)

    review.decide(memory.pk, "approve", reviewer)

    assert fate(shown) is None


def test_many_answers_take_as_few_queries_as_one(
    operator: User, django_assert_max_num_queries
) -> None:
    answers = [answer(operator, make_memory(f"{n}?", f"{n}.")) for n in range(12)]
    for one in answers:
        flag(Memory.objects.get(pk=one.memory_id))

    with django_assert_max_num_queries(6):
        assert len(fates_of(answers)) == 12


# --- at the next visit --------------------------------------------------------------------------

PATH = "/api/conversations/taken-back"


def test_a_reader_is_told_once_and_again_when_something_else_became_of_it(
    operator: User, reviewer: User
) -> None:
    shown = answer(operator, memory := make_memory())
    answer(reviewer, memory)
    flag(memory)
    client = Client()
    client.force_login(operator)

    (told,) = client.get(PATH).json()["items"]
    assert (told["run_id"], told["kind"], told["question"]) == (
        str(shown.run_id), "flagged", "What failed?",
    )  # fmt: skip
    body = {"runs": [told["run_id"]]}
    assert client.post(f"{PATH}/told", body, "application/json").json() == {"items": []}
    assert client.get(PATH).json() == {"items": []}
    review.decide(memory.pk, "reject", reviewer)

    assert [one["kind"] for one in client.get(PATH).json()["items"]] == ["rejected"]


def test_who_reported_an_answer_is_not_told_that_it_was_reported(
    operator: User, reviewer: User
) -> None:
    memory = make_memory()
    for reader in (operator, reviewer):
        answer(reader, memory)
    give_feedback(memory.pk, 1, "nonsense", operator)
    reports.take()

    assert untold(operator.pk) == []
    assert [one.fate.kind for one in untold(reviewer.pk)] == ["flagged"]
    review.decide(memory.pk, "reject", User.objects.create_superuser("third"))
    assert [one.fate.kind for one in untold(operator.pk)] == ["rejected"]


def test_what_was_read_is_noted_and_what_is_left_is_told_in_one_weighing(
    operator: User, django_assert_max_num_queries
) -> None:
    shown = [answer(operator, make_memory(f"{n}?", f"{n}.")) for n in range(4)]
    for one in shown:
        flag(Memory.objects.get(pk=one.memory_id))

    with django_assert_max_num_queries(9):  # the answers, their fates (6), the note, questions
        left = fates.note_told(operator.pk, {one.run_id for one in shown[:3]})

    assert [one.run_id for one in left] == [shown[3].run_id]
    assert [one.run_id for one in untold(operator.pk)] == [shown[3].run_id]


def test_nobody_is_told_of_what_was_deleted_or_notes_another_s_as_told(
    operator: User, reviewer: User
) -> None:
    shown = answer(operator, memory := make_memory())
    flag(memory)
    client = Client()
    client.force_login(reviewer)

    client.post(f"{PATH}/told", {"runs": [str(shown.run_id)]}, "application/json")
    assert [one.run_id for one in untold(operator.pk)] == [shown.run_id]
    conversations.delete(Conversation.objects.get(pk=shown.conversation_id))

    assert untold(operator.pk) == []


def test_an_exported_conversation_says_what_became_of_its_answers(operator: User) -> None:
    shown = answer(operator, memory := make_memory())
    flag(memory)
    client = Client()
    client.force_login(operator)
    path = f"/api/conversations/{shown.conversation_id}/export"

    text = client.get(path).content.decode()
    data = client.get(path, {"format": "json"}).json()

    assert "**This answer was flagged: do not rely on it before a reviewer has decided." in text
    assert data["messages"][1]["fate"]["kind"] == "flagged"


def test_every_status_that_takes_an_answer_back_has_a_fate(operator: User) -> None:
    for status, kind in {
        "pending": "flagged", "failed": "flagged", "quarantined": "quarantined",
        "cleared": None, "unverified": None, "queued": None,
    }.items():  # fmt: skip
        shown = answer(operator, memory := make_memory(f"{status}?", status))
        store.set_trust([memory], TRUST_OF[status])
        assert (found := fate(shown)) == kind or (found and found[0] == kind)
