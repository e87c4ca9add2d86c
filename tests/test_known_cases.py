"""Known cases: decided records put before reviewers and judges to see how their word drifts."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from audits import known_cases, purging, review
from audits.caching import VerdictsInRows
from audits.decisions import verify
from audits.judges import MemoryUnderAudit, Verdict
from audits.judges.llm import NoCache
from audits.judging import Bench, bench
from audits.models import AuditRecord, CachedVerdict, Decision, KnownAnswer, KnownCase
from audits.moves import Refused
from audits.queue import BY_HARM
from knowledge.lineage import note_uses
from knowledge.models import Kind, Memory
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db

NOTE = "the-first-reviewers-note"
QUESTION = "How do I link an agent?"


@pytest.fixture(autouse=True)
def _one_follows_each_decision(settings) -> None:
    settings.AUDIT_PLANTED_SHARE = 1


@pytest.fixture
def newcomer(reviewer) -> User:
    made = User.objects.create_user("newcomer", is_staff=True)
    made.groups.set(reviewer.groups.all())
    return made


def known(
    by: User, chooser: User, action: str = "approve", question: str = QUESTION, **fields: Any
) -> AuditRecord:
    """A record that `by` decided and `chooser` made a known case."""
    record = make_record("pending", make_memory(question, **fields), why="danger", judge="rules")
    review.decide(record.memory_id, action, by, note=NOTE, reason_code="wrong_fact")
    known_cases.mark(record.memory_id, chooser)
    return record


def page_of(record: AuditRecord) -> str:
    return f"/admin/audits/auditrecord/{record.pk}/change/"


def content(client: Client, record: AuditRecord) -> str:
    text = client.get(page_of(record)).content.decode()
    return text[text.index('id="record"') :]


def waiting(n: int = 2) -> list[AuditRecord]:
    made = [make_record("pending", make_memory(f"waiting {n}?")) for n in range(n)]
    return list(AuditRecord.objects.filter(pk__in=[one.pk for one in made]).order_by(*BY_HARM))


def decide_first(client: Client, record: AuditRecord, action: str = "approve") -> str:
    """Where the console leads after a real decision."""
    return client.post(page_of(record), {"action": action}).headers["Location"]


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_it_is_shown_between_two_records_as_it_stood_before(
    action, client, reviewer, newcomer, admin_user
):
    case = known(reviewer, admin_user, action)
    AuditRecord.objects.filter(pk=case.pk).update(weight=0.1)  # it would stand last
    _first, second, third = waiting(3)
    answer = make_memory("What of agents?")
    note_uses({(case.memory_id, 1): "quoted"}, answer=answer)
    client.force_login(newcomer)

    assert decide_first(client, second) == page_of(case)

    text = content(client, case)
    told = ("Approved", "Rejected", "approved<", "rejected<", NOTE, "<b>reviewer</b>", "known case")
    assert [word for word in told if word in text] == []
    assert QUESTION in text and "Waiting for a person" in text
    assert f'data-next="{page_of(third)}' in text
    claim = client.post(f"/admin/audits/auditrecord/{case.pk}/claim/").json()
    assert claim["mine"] and not claim["decided"]
    near = client.get(f"/admin/audits/auditrecord/{case.pk}/nearby/?part=1").content.decode()
    assert "No answer was given from it." in near


def test_the_page_is_the_same_whatever_was_decided(client, reviewer, newcomer, admin_user):
    client.force_login(newcomer)
    shown = []
    for action in ("approve", "reject"):
        with transaction.atomic():
            case = known(reviewer, admin_user, action)
            decide_first(client, waiting()[0])
            text = re.sub(r'value="[^"]*"|<time.*?</time>', "", content(client, case))
            shown.append(re.sub(r"[0-9a-f]+(-[0-9a-f]+)+|\d+", "N", text))
            transaction.set_rollback(True)

    assert QUESTION in shown[0] and "Waiting for a person" in shown[0]
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("action", "sent", "agrees", "told"),
    [
        ("approve", "approve", True, "decided before as you decide"),
        ("approve", "reject", False, "it was approved before"),
        ("approve", "correct", False, "it was approved before"),
        ("reject", "reject", True, "decided before as you decide"),
        ("reject", "approve", False, "it was rejected before (A fact is wrong)"),
    ],
)
def test_the_answer_is_compared_told_and_changes_nothing(
    action, sent, agrees, told, client, reviewer, newcomer, admin_user
):
    case = known(reviewer, admin_user, action)
    first, second = waiting()
    client.force_login(newcomer)
    decide_first(client, first)
    before = AuditRecord.objects.values().get(pk=case.pk)
    memory, lines = Memory.objects.values().get(pk=case.memory_id), Decision.objects.count()

    answer = client.post(
        page_of(case), {"action": sent, "corrected_response": "Something else."}, follow=True
    )

    assert answer.redirect_chain[-1][0] == page_of(second)
    assert told in answer.content.decode()
    assert "Nothing was changed." in answer.content.decode()
    assert AuditRecord.objects.values().get(pk=case.pk) == before
    assert Memory.objects.values().get(pk=case.memory_id) == memory
    assert (Decision.objects.count(), verify().ok) == (lines, True)
    given = KnownAnswer.objects.get()
    assert (given.by, given.approves == given.is_right) == (newcomer, agrees)
    assert NOTE in content(client, case)  # decided, as for everybody else


def test_where_no_reason_was_given_none_is_told(client, reviewer, newcomer, admin_user):
    record = make_record("pending", make_memory(QUESTION))
    review.decide(record.memory_id, "reject", reviewer)
    known_cases.mark(record.memory_id, admin_user)
    client.force_login(newcomer)
    decide_first(client, waiting()[0])

    answer = client.post(page_of(record), {"action": "approve"}, follow=True)

    assert "it was rejected before. Nothing was changed." in answer.content.decode()


def test_it_counts_as_nobodys_work(client, reviewer, newcomer, admin_user):
    case = known(reviewer, admin_user)
    client.force_login(newcomer)
    decide_first(client, waiting()[0])
    client.post(page_of(case), {"action": "reject"})

    page = client.get("/admin/")

    by_reviewer = {name: one for name, one, _waited in page.context["by_reviewer"]}
    assert (by_reviewer["newcomer"].approved, by_reviewer["newcomer"].rejected) == (1, 0)
    assert review.last_of(newcomer).memory_id != case.memory_id
    rows = {row[0]: row[1:] for row in page.context["known"]}
    assert rows == {"newcomer": ("0 of 1 (0% – 79%)", "–", 0)}


def test_nobody_meets_their_own_what_they_chose_or_one_twice(
    client, reviewer, newcomer, admin_user
):
    known(newcomer, admin_user, question="decided by me?")
    known(reviewer, admin_user, question="asked by me?", user=newcomer)
    known(reviewer, admin_user, question="chosen by the administrator?")
    client.force_login(newcomer)
    first, second, third, last = waiting(4)

    met = decide_first(client, first)
    client.post(met, {"action": "approve"})

    assert KnownAnswer.objects.get().memory_id == (
        Memory.objects.get(user_query="chosen by the administrator?").pk
    )
    assert decide_first(client, second) == page_of(third)
    client.force_login(admin_user)
    assert decide_first(client, third) == page_of(last)
    client.force_login(reviewer)
    with pytest.raises(IntegrityError), transaction.atomic():
        given = KnownAnswer.objects.get()
        KnownAnswer.objects.create(memory_id=given.memory_id, by=newcomer, is_right=True)


def test_none_is_met_outside_what_somebody_goes_through(client, reviewer, newcomer, admin_user):
    case = known(reviewer, admin_user)
    client.force_login(newcomer)

    def decided_among(filters: str, **fields: Any) -> str:
        """Where it leads to decide one of two that are listed so."""
        status = fields.pop("status", "pending")
        first = make_record(status, make_memory(f"{filters} one?"), **fields)
        make_record(status, make_memory(f"{filters} other?"), **fields)
        query = f"?_changelist_filters={filters.replace('=', '%3D')}"
        return client.post(page_of(first) + query, {"action": "reject"}).headers["Location"]

    decided_among("why=junk", why="junk")
    decided_among("status=unverified", status="unverified")
    last = make_record("pending", make_memory("last?"), why="danger")
    client.post(page_of(last) + "?_changelist_filters=why%3Ddanger", {"action": "reject"})
    assert not KnownAnswer.objects.exists()  # after the last of a list an extra one would tell

    assert decided_among("why=danger", why="danger").startswith(page_of(case))


def test_the_share_decides_and_none_is_the_default(
    client, reviewer, newcomer, admin_user, settings
):
    known(reviewer, admin_user)
    first, second, _third = waiting(3)
    client.force_login(newcomer)
    settings.AUDIT_PLANTED_SHARE = 0
    lines = [Decision(hash=f"{'0' * 8}{n:08x}{'0' * 48}") for n in range(0, 2**32, 2**22)]
    drawn = {}
    for share in (0, 0.25, 1):
        settings.AUDIT_PLANTED_SHARE = share
        drawn[share] = sum(map(known_cases.is_drawn, lines))
    settings.AUDIT_PLANTED_SHARE = 0

    assert decide_first(client, first) == page_of(second)
    assert not KnownAnswer.objects.exists()
    assert drawn == {0: 0, 0.25: 256, 1: 1024}


def test_one_that_is_skipped_is_not_answered_and_nothing_else_is_done_to_it(
    client, reviewer, newcomer, admin_user
):
    case = known(reviewer, admin_user)
    first, second, _third = waiting(3)
    client.force_login(newcomer)
    decide_first(client, first)

    skipped = client.post(page_of(case), {"action": "skip"}, follow=True)
    assert skipped.redirect_chain[-1][0] == page_of(second)
    assert "Left for later" in skipped.content.decode()
    assert decide_first(client, second) == page_of(case)
    client.post(page_of(case), {"action": "audit_again"})

    assert not KnownAnswer.objects.exists()
    assert AuditRecord.objects.get(pk=case.pk).status == "approved"


def test_one_left_open_is_a_decided_record_again(client, reviewer, newcomer, admin_user):
    case = known(reviewer, admin_user)
    client.force_login(newcomer)
    decide_first(client, waiting()[0])
    KnownAnswer.objects.update(asked_at=timezone.now() - known_cases.SHOWN_FOR)

    assert NOTE in content(client, case)


def test_what_is_decided_anew_is_no_known_case_any_more(reviewer, admin_user, newcomer):
    case = known(reviewer, admin_user, "reject")
    assert KnownCase.objects.standing().exists()

    review.decide(case.memory_id, "restore", admin_user)

    assert not KnownCase.objects.standing().exists()


def test_only_a_plain_decision_is_taken_for_right_and_only_by_who_answers_for_others(
    client, reviewer, admin_user
):
    corrected = make_record("pending", make_memory("corrected?"))
    review.decide(corrected.memory_id, "approve", reviewer, corrected_response="Right.")
    outdated = make_record("pending", make_memory("outdated?"))
    review.decide(outdated.memory_id, "reject", reviewer, reason_code="outdated")
    plain = make_record("pending", make_memory("plain?"))
    review.decide(plain.memory_id, "approve", reviewer)
    for record in (corrected, outdated, make_record("pending", make_memory("open?"))):
        with pytest.raises(Refused):
            known_cases.mark(record.memory_id, admin_user)
    client.force_login(reviewer)
    assert "known case" not in content(client, plain)
    client.post(page_of(plain), {"action": "known"})
    assert not KnownCase.objects.exists()

    client.force_login(admin_user)
    assert "Make it a known case" in content(client, plain)
    client.post(page_of(plain), {"action": "known"})
    listed = client.get("/admin/audits/knowncase/").content.decode()
    assert "No known case any more" in content(client, plain)
    client.force_login(reviewer)
    client.post(page_of(plain), {"action": "unknown"})
    assert KnownCase.objects.count() == 1
    client.force_login(admin_user)
    client.post(page_of(plain), {"action": "unknown"})

    assert "plain?" in listed and page_of(plain) in listed
    assert not KnownCase.objects.exists()


def test_its_text_is_kept_until_it_is_no_known_case(reviewer, admin_user, settings):
    wrong = known(reviewer, admin_user, "reject")
    month = timezone.now() - timedelta(days=45)
    state = known(
        reviewer, admin_user, question="Is it waiting?", kind=Kind.STATE, created_at=month
    )
    settings.AUDIT_UNDO_DAYS = -1

    assert (purging.rejected().count(), purging.old_states().count()) == (0, 0)
    for record in (wrong, state):
        known_cases.unmark(record.memory_id, admin_user)
    assert (purging.rejected().count(), purging.old_states().count()) == (1, 1)


# --- the judges -------------------------------------------------------------------------------


def test_only_judges_that_are_asked_for_a_verdict_keep_it(settings):
    settings.LLM_BASE_URL = "https://llm.example/v1"

    caches = [type(bench("llm", keeps=keeps).llm.cache) for keeps in (True, False)]

    assert caches == [VerdictsInRows, NoCache]


async def says_wrong_of_agents(memory: MemoryUnderAudit) -> Verdict | None:
    if "agent" in memory.user_query:
        return Verdict("rules", 0.9, "wrong")
    return Verdict("claims", 0.1, "right", supports=True) if "job" in memory.user_query else None


@pytest.mark.django_db(transaction=True)
def test_the_judges_are_asked_again_and_no_verdict_is_written(
    client, reviewer, admin_user, monkeypatch
):
    for action, question in (
        ("approve", "Which agent?"), ("reject", "An agent?"), ("approve", "Which job?"),
        ("approve", "Anything?"),
    ):  # fmt: skip
        known(reviewer, admin_user, action, question)
    before = list(AuditRecord.objects.order_by("pk").values())
    asked_for: list[dict[str, Any]] = []

    def sitting(**wanted: Any) -> Bench:
        asked_for.append(wanted)
        return Bench([says_wrong_of_agents])

    monkeypatch.setattr("audits.judging.bench", sitting)
    out = io.StringIO()

    call_command("judge_known_cases", "--json", stdout=out)

    assert json.loads(out.getvalue()) == {
        "cases": 4, "agreed": 2, "differed": 1, "abstained": 1, "no_verdict": 0,
    }  # fmt: skip
    assert asked_for == [{"keeps": False}]  # a cached verdict would never drift
    assert list(AuditRecord.objects.order_by("pk").values()) == before
    assert not CachedVerdict.objects.exists()
    client.force_login(admin_user)
    rows = {row[0]: row[1:] for row in client.get("/admin/").context["known"]}
    assert rows == {
        "Rules": ("1 of 2 (9% – 91%)", "–", 0),
        "Claims": ("1 of 1 (21% – 100%)", "–", 0),
        "The auditor": ("–", "–", 1),
    }


def test_what_was_said_before_these_days_stands_beside_what_is_said_in_them(client, admin_user):
    now, case = timezone.now(), make_memory("q?")
    for days, approves in ((40, True), (41, True), (1, False)):
        KnownAnswer.objects.create(
            memory_id=case.pk, is_right=True, approves=approves, judge="llm",
            answered_at=now - timedelta(days=days),
        )  # fmt: skip
    client.force_login(admin_user)

    [row] = client.get("/admin/").context["known"]

    assert row[1:] == ("0 of 1 (0% – 79%)", "2 of 2 (34% – 100%)", 0)
