"""A share of decisions gets a second reviewer's word, given without knowing the first one's."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from audits import review, second_review
from audits.models import AuditRecord, Decision, SecondOpinion
from audits.moves import Refused
from tests.factories import make_memory, make_record

PAGE = "/admin/audits/auditrecord/second/"
NOTE = "the-first-reviewers-note"


@pytest.fixture(autouse=True)
def _all_are_asked_about(settings) -> None:
    settings.AUDIT_SECOND_REVIEW_SHARE = 1


@pytest.fixture
def second(reviewer) -> User:
    """Another reviewer."""
    made = User.objects.create_user("second", is_staff=True)
    made.groups.set(reviewer.groups.all())
    return made


def decided(by: User, action: str = "approve", question: str = "q?", **fields) -> AuditRecord:
    record = make_record("pending", make_memory(question, **fields))
    return review.decide(record.memory_id, action, by, note=NOTE, reason_code="wrong_fact")


def seq_of(record: AuditRecord) -> int:
    return Decision.objects.filter(memory_id=record.memory_id).latest("seq").seq


def test_the_share_is_drawn_by_hash_and_off_unless_it_is_set(settings):
    lines = [Decision(hash=hashlib.sha256(b"%d" % n).hexdigest()) for n in range(2000)]

    drawn = {}
    for share in (0, 0.25, 1):
        settings.AUDIT_SECOND_REVIEW_SHARE = share
        drawn[share] = sum(map(second_review.is_drawn, lines))

    assert (drawn[0], drawn[1]) == (0, 2000)
    assert 400 < drawn[0.25] < 600


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["approve", "reject"])
def test_the_second_reviewer_sees_the_memory_and_not_the_decision(action, client, reviewer, second):
    decided(reviewer, action, "How do I link an agent?")
    client.force_login(second)

    text = client.get(PAGE).content.decode()

    assert "How do I link an agent?" in text
    assert "I would approve it" in text
    content = text[text.index('id="record"') :]
    told = ("Approved", "Rejected", "approved", "rejected", NOTE, ">reviewer<", "A fact is wrong")
    assert [word for word in told if word in content] == []


@pytest.mark.django_db
def test_the_page_is_the_same_whatever_was_decided(client, reviewer, second):
    other = make_memory("Which port does netman use?", "On port 31111.")
    make_record("approved", other, reviewer=reviewer, reviewed_at=timezone.now())
    record = make_record(
        "pending", make_memory("On which port is netman?", "On port 41114."), why="contradicted"
    )
    client.force_login(second)
    shown = []
    for action, fields in (
        ("reject", {"reason_code": "wrong_fact"}),
        ("approve", {"keeps_both": True, "valid_until": timezone.now() + timedelta(days=9)}),
    ):
        review.decide(record.memory_id, action, reviewer, note=NOTE, **fields)
        text = client.get(PAGE).content.decode()
        shown.append(re.sub(r'value="[^"]*"|\?v=\w+', "", text[text.index('id="record"') :]))
        review.undo(record.memory_id, reviewer)

    assert "On port 41114." in shown[0]
    assert "31111" in shown[0]  # what is approved says otherwise: that is for both to know
    assert shown[0] == shown[1]


@pytest.mark.django_db
def test_nobody_is_asked_about_their_own_or_what_was_undone_or_moved(reviewer, second, admin_user):
    mine = decided(second, question="mine?")
    asked = decided(reviewer, question="theirs, asked by me?", user=second)
    undone = decided(reviewer, question="undone?")
    review.undo(undone.memory_id, reviewer)
    moved = decided(reviewer, "reject", "moved?")
    review.decide(moved.memory_id, "restore", admin_user)

    assert second_review.next_for(second) is None
    [line, record] = second_review.next_for(reviewer)
    assert (record, line.seq) == (mine, seq_of(mine))
    assert second_review.next_for(admin_user)[1] in {mine, asked}


@pytest.mark.django_db
def test_where_nothing_is_drawn_nothing_is_looked_for(
    reviewer, second, settings, django_assert_num_queries
):
    decided(reviewer)
    settings.AUDIT_SECOND_REVIEW_SHARE = 0

    with django_assert_num_queries(0):
        assert second_review.next_for(second) is None


@pytest.mark.django_db
def test_what_nobody_is_asked_about_is_not_even_looked_at(reviewer, second, settings, monkeypatch):
    mine, other = decided(second, question="mine?"), decided(reviewer, question="theirs?")
    looked_at: list[Decision] = []
    monkeypatch.setattr(second_review, "_asked", lambda line, by: looked_at.append(line))

    second_review.next_for(second)
    settings.AUDIT_SECOND_REVIEW_SHARE = 1e-9  # neither is drawn
    second_review.next_for(second)
    second_review.next_for(reviewer)

    assert [line.seq for line in looked_at] == [seq_of(other)]
    assert seq_of(mine) != seq_of(other)


@pytest.mark.django_db
def test_the_share_is_the_same_in_sql(reviewer, settings):
    for number in range(40):
        decided(reviewer, question=f"{number}?")
    settings.AUDIT_SECOND_REVIEW_SHARE = 0.25

    lines = Decision.objects.filter(second_review._drawn())

    assert set(lines) == set(filter(second_review.is_drawn, Decision.objects.all()))


@pytest.mark.django_db
def test_an_opinion_changes_nothing_and_is_given_once(reviewer, second, admin_user):
    record = decided(reviewer)
    seq = seq_of(record)

    second_review.give(seq, True, second)

    record.refresh_from_db()
    assert (record.status, record.reviewer) == ("approved", reviewer)
    assert Decision.objects.count() == 1
    for by in (second, admin_user, reviewer):
        with pytest.raises(Refused):
            second_review.give(seq, False, by)
    assert not second_review.differing().exists()


@pytest.mark.django_db
def test_where_two_differ_a_third_looks(client, reviewer, second, admin_user):
    record = decided(reviewer)
    client.force_login(second)
    sent = {"action": "reject", "seq": seq_of(record), "note": "It names another port."}
    assert "Your second opinion is kept." in client.post(PAGE, sent, follow=True).content.decode()
    settle = {"action": "settle", "seq": seq_of(record)}
    for who in (second, reviewer):
        client.force_login(who)
        assert "second would have rejected it" not in client.get(PAGE).content.decode()
        client.post(PAGE, settle)
        assert second_review.settle(seq_of(record), who) is False  # were they allowed to
    assert second_review.differing().count() == 1

    client.force_login(admin_user)
    assert "second would have rejected it" in client.get(PAGE).content.decode()
    page = client.get(f"/admin/audits/auditrecord/{record.pk}/change/").content.decode()
    client.post(PAGE, settle)

    assert "It names another port." in page
    assert SecondOpinion.objects.get().settled_by == admin_user
    assert not second_review.differing().exists()


@pytest.mark.django_db
def test_agreement_is_reported_beyond_chance(client, reviewer):
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    for seq, (first, then) in enumerate(pairs, start=1):
        SecondOpinion.objects.create(
            seq=seq, memory_id=make_memory(f"{seq}?").pk, first_approved=first, approves=then,
            by=reviewer,
        )  # fmt: skip
    client.force_login(reviewer)

    assert second_review.agreement() == second_review.Agreement(50, 35, 0.4)
    assert (
        "35 of 50 opinions agree with the first decision (70 %), κ 0.40."
        in client.get(PAGE).content.decode()
    )


@pytest.mark.django_db
def test_agreement_is_of_the_newest_opinions(reviewer, monkeypatch):
    monkeypatch.setattr(second_review, "COMPARED", 2)
    for seq, approves in enumerate((False, True, True), start=1):
        SecondOpinion.objects.create(
            seq=seq, memory_id=make_memory(f"{seq}?").pk, first_approved=True, approves=approves,
            by=reviewer,
        )  # fmt: skip

    assert second_review.agreement() == second_review.Agreement(2, 2, None)


@pytest.mark.django_db
@pytest.mark.parametrize("seq", ["", "x", "0", "99999999999999999999", "²"])
def test_a_nonsense_opinion_is_refused_on_the_page(seq, client, reviewer):
    client.force_login(reviewer)

    answer = client.post(PAGE, {"action": "approve", "seq": seq}, follow=True)

    assert "No second opinion on this decision is asked of you" in answer.content.decode()


@pytest.mark.django_db
def test_only_reviewers_give_opinions(client, operator, auditor_user, reviewer, settings):
    for user, status in ((operator, 302), (auditor_user, 403), (reviewer, 200)):
        client.force_login(user)
        assert client.get(PAGE).status_code == status
    client.force_login(auditor_user)
    assert client.post(PAGE, {"action": "approve", "seq": "1"}).status_code == 403
    client.force_login(reviewer)
    titles = [item["title"] for group in _sidebar(client) for item in group["items"]]
    assert "Second opinions" in map(str, titles)
    settings.AUDIT_SECOND_REVIEW_SHARE = 0
    titles = [item["title"] for group in _sidebar(client) for item in group["items"]]
    assert "Second opinions" not in map(str, titles)


def _sidebar(client):
    return client.get("/admin/").context["sidebar_navigation"]
