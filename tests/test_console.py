"""The review console: who may what, what a form does, and that hostile text stays text."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits import harm, review
from audits.console.diffing import changes
from audits.models import AuditRecord, Decision
from knowledge.models import Feedback, Memory
from knowledge.shown import shown
from knowledge.store import Draft
from knowledge.text_search import MATCHES
from tests.factories import make_memory, make_record
from tests.test_limits import UNFIT

pytestmark = pytest.mark.django_db

LIST = "/admin/audits/auditrecord/"
MEMORIES = "/admin/knowledge/memory/"
HOSTILE = '<script>alert(1)</script> [x](javascript:alert(2)) {{ 7|add:7 }} "><img src=x onerror=a>'


def url_of(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_change", args=[record.pk])


def act(client: Client, record: AuditRecord, action: str, **fields: object):
    body = {"action": action, "version": 1, **fields}
    return client.post(url_of(record), body, follow=True)


def page_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def told(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


# --- who may ---------------------------------------------------------------------------------

PAGES = ["/admin/", LIST, f"{LIST}caution/", "/admin/audits/decision/", "/admin/knowledge/memory/"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["reviewer", "auditor", "admin"])
def test_reviewers_auditors_and_superusers_open_every_page(
    page, name, client, reviewer, auditor_user, admin_user
):
    client.force_login(User.objects.get(username=name))

    assert client.get(page).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_operators_have_no_console(page, client, operator):
    client.force_login(operator)

    assert client.get(page).status_code == 302


def test_auditors_see_and_export_but_change_nothing(client, auditor_user):
    record = make_record("pending")
    client.force_login(auditor_user)

    text = page_of(client, url_of(record))

    assert 'name="action"' not in text
    for action in ("approve", "reject", "claim", "audit_again"):
        assert act(client, record, action).status_code == 403
    bulk = {"action": "reject_selected", "_selected_action": [record.pk], "confirmed": 1}
    client.post(LIST, bulk)
    record.refresh_from_db()
    assert record.status == "pending"
    assert client.get(f"{LIST}export/csv/").status_code == 200


def test_reviewers_export_as_the_excel_of_their_country_opens_it(client, reviewer):
    make_record("pending", make_memory("Onde está, e como?"), ia_audit_confidence=0.7)
    client.force_login(reviewer)
    assert 'href="export/csv/"' in page_of(client, LIST)
    read = {}
    for language, delimiter in (("en", ","), ("pt-br", ";")):
        client.cookies["django_language"] = language
        text = client.get(f"{LIST}export/csv/").getvalue().decode("utf-8")
        [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter)
        read[language] = (text[0], row["user_query"], row["confidence"])

    assert read == {
        "en": ("\ufeff", "Onde está, e como?", "0.7"),
        "pt-br": ("\ufeff", "Onde está, e como?", "0,7"),
    }


@pytest.mark.parametrize("verb", ["add/", "1/delete/"])
def test_nobody_adds_or_deletes(verb, client, admin_user):
    client.force_login(admin_user)
    record = make_record("pending")

    path = f"{LIST}{verb}".replace("1/", f"{record.pk}/")
    assert client.get(path).status_code == 403


# --- the queue -------------------------------------------------------------------------------


def questions(client: Client, query: str = "") -> list[str]:
    results = client.get(f"{LIST}{query}").context["cl"].result_list
    return [record.question_begins for record in results]


def test_the_queue_shows_what_averts_most_harm_first_then_the_oldest(client, reviewer):
    now = timezone.now()
    for question, weight, hours in (
        ("wrong figure", 4.5, 9), ("destroys", 8.0, 1), ("typing error", 0.6, 5),
        ("wrong figure, older", 4.5, 11), ("typing error, said often", 0.6, 2),
    ):  # fmt: skip
        created_at = now - timedelta(hours=hours)
        make_record("pending", make_memory(question), weight=weight, created_at=created_at)
    make_record("cleared", make_memory("cleared"))
    make_record("unverified", make_memory("unverified"))
    Memory.objects.filter(user_query="typing error, said often").update(use_count=5_000_000)
    client.force_login(reviewer)

    in_order = [
        "destroys", "typing error, said often", "wrong figure, older", "wrong figure",
        "typing error",
    ]  # fmt: skip
    assert questions(client) == in_order
    assert questions(client, "?status=pending") == in_order
    assert questions(client, "?status=cleared") == ["cleared"]
    assert questions(client, "?status=unverified") == ["unverified"]
    assert len(questions(client, "?status=all")) == 7


def test_one_goes_through_the_list_that_one_came_from_in_its_order(client, reviewer):
    records = [
        make_record("pending", make_memory(f"{n}?"), weight=n % 3, judge="rules" if n else "llm")
        for n in range(6)
    ]
    client.force_login(reviewer)
    address = "?_changelist_filters=judge%3Drules"
    seen, url = [], f"{url_of(records[2])}{address}"
    while len(seen) < 9:
        context = client.get(url).context
        seen.append(context["record"].pk)
        if context["previous"] is not None:
            assert context["previous"].pk == seen[-2]
        url = f"{url_of(context['next'])}{address}"
        if context["next"].pk == seen[0]:
            break

    assert seen == [records[n].pk for n in (2, 5, 1, 4, 3)]


def test_one_goes_through_what_one_looked_for(client, reviewer):
    found, _other, also = (
        make_record("pending", make_memory(question))
        for question in ("Does batchman run?", "How?", "Why has batchman ended?")
    )
    client.force_login(reviewer)
    address = "?_changelist_filters=q%3Dbatchman"

    page = client.get(f"{url_of(found)}{address}").context
    decided = client.post(f"{url_of(found)}{address}", {"action": "approve", "version": 1})

    assert (page["next"], page["previous"]) == (also, None)
    assert decided["Location"] == f"{url_of(also)}{address}"


def test_filters_are_counted_and_combine(client, reviewer):
    other = User.objects.create_user("other")
    for number in range(3):
        memory = make_memory(f"Qual {number}?", agent=f"agent {number % 2}")
        record = make_record("pending", memory, judge="llm", why="contradicted", language="pt")
    Memory.objects.filter(pk=record.memory_id).update(use_count=4)
    Feedback.objects.create(memory=memory, user=other, rating=1, reported_at=timezone.now())
    review.claim(record.memory_id, reviewer)
    client.force_login(reviewer)

    text = page_of(client, LIST)

    for label in (
        "Contradicted (3)", "LLM (3)", "Portuguese (3)", "agent 0 (2)", "agent 1 (1)",
        "Said more than once (1)", "other (1)", "By me (1)", "Overdue (0)",
    ):  # fmt: skip
        assert label in text
    for query in (
        "why=contradicted&agent=agent+0", "language=pt&kind=knowledge&agent=agent+0",
    ):  # fmt: skip
        assert sorted(questions(client, f"?{query}")) == ["Qual 0?", "Qual 2?"]
    for query in ("used=yes", "reporter=other", "mine=yes"):
        assert questions(client, f"?{query}") == ["Qual 2?"]


def test_what_waits_for_the_same_error_is_one_click_away(client, reviewer):
    def finding(name: str) -> list[dict[str, str]]:
        return [{"code": "lookup.name", "quote": name, "datum": "", "message": ""}]

    for number, name in enumerate(["FD_99", "FD_99", "GL_1"]):
        found = finding(name)
        record = make_record(
            "pending", make_memory(f"{number}?"), findings=found, cluster=harm.cluster(found)
        )
    first = AuditRecord.objects.earliest("id")
    client.force_login(reviewer)

    assert "1 other waits because of the same error" in page_of(client, url_of(first))
    assert "same error" not in page_of(client, url_of(record))
    assert sorted(questions(client, f"?cluster={first.cluster}")) == ["0?", "1?"]


def test_filters_and_search_narrow_the_queue(client, reviewer):
    old = timezone.now() - timedelta(hours=30)
    make_record("pending", make_memory("Por que falhou PAYROLL?"), judge="llm", created_at=old)
    make_record(
        "pending", make_memory("Where is it?", agent="x"), judge="rules", ia_audit_confidence=0.9
    )
    client.force_login(reviewer)

    payroll, where = ["Por que falhou PAYROLL?"], ["Where is it?"]
    assert questions(client, "?age=overdue") == payroll
    assert questions(client, "?judge=rules") == where
    assert questions(client, "?confidence=high") == where
    assert questions(client, "?agent=x") == where
    assert questions(client, "?kind=state") == []
    assert questions(client, "?q=payroll") == payroll
    assert questions(client, "?q=PAYR") == payroll
    assert questions(client, "?q=falhas") == payroll
    record = AuditRecord.objects.get(judge="rules")
    review.decide(record.memory_id, "approve", reviewer)
    assert questions(client, f"?q={record.memory_id}") == where


@pytest.mark.parametrize("query", ["?status=x", "?o=9", "?p=99", "?q=%00", "?e=1", "?judge=%27"])
def test_a_nonsense_address_is_no_server_error(query, client, reviewer):
    client.force_login(reviewer)

    assert client.get(f"{LIST}{query}", follow=True).status_code in {200, 400}


def test_a_list_says_its_statuses_to_the_database_once(client, reviewer):
    client.force_login(reviewer)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{LIST}?age=overdue")

    lists = [one["sql"] for one in queries if "question_begins" in one["sql"]]
    assert [sql.count('"status" IN') for sql in lists] == [1]


def test_an_empty_queue_says_so(client, reviewer):
    client.force_login(reviewer)

    for query in ("", "?status=pending"):
        text = page_of(client, f"{LIST}{query}")
        assert "Nothing waits for a decision" in text
        assert "Clear the filters" not in text
    assert "This list is empty" in page_of(client, f"{LIST}?status=cleared")
    text = page_of(client, f"{LIST}?status=pending&why=junk")
    assert "Nothing matches these filters" in text
    assert 'href="?status=pending"' in text


def test_the_page_takes_as_many_queries_for_many_records_as_for_few(client, reviewer):
    client.force_login(reviewer)
    counts = []
    for more in (2, 20):
        for number in range(more):
            make_record("pending", make_memory(f"{more} {number}?"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(LIST)
        counts.append(len(queries))
        assert not any("COUNT(*)" in q["sql"] and "LIMIT" not in q["sql"] for q in queries)
        assert not any("DISTINCT" in q["sql"] for q in queries)

    assert counts[0] == counts[1]


# --- one record ------------------------------------------------------------------------------


def test_a_decision_leads_to_the_next_in_the_queue(client, reviewer):
    first = make_record("pending", make_memory("first?"))
    second = make_record("pending", make_memory("second?"))
    client.force_login(reviewer)

    answer = act(client, first, "reject", note="no", reason_code="wrong_fact")

    first.refresh_from_db()
    assert (first.status, first.note, first.reason_code) == ("rejected", "no", "wrong_fact")
    assert answer.redirect_chain[-1][0] == url_of(second)
    assert "Rejected: first?" in told(answer)
    assert act(client, second, "approve").redirect_chain[-1][0] == LIST


def test_only_ones_own_last_decision_is_undone_from_elsewhere(client, reviewer, admin_user):
    first, second = (make_record("pending", make_memory(f"{n}?")) for n in range(2))
    review.decide(first.memory_id, "reject", reviewer)
    review.decide(second.memory_id, "reject", admin_user)
    client.force_login(reviewer)

    for _ in range(2):
        answer = client.post(f"{LIST}undo/", follow=True)

    assert "no decision of yours" in told(answer)
    statuses = [AuditRecord.objects.get(pk=one.pk).status for one in (first, second)]
    assert statuses == ["pending", "rejected"]
    assert client.get(f"{LIST}undo/").status_code == 405


def test_a_correction_is_approved_and_undone(client, reviewer):
    record = make_record("pending")
    client.force_login(reviewer)

    act(client, record, "correct", corrected_response="Use\r\nconman.")

    memory = Memory.objects.get(pk=record.memory_id)
    assert (memory.agent_response, memory.trust) == ("Use\nconman.", "trusted")
    act(client, record, "undo")
    memory.refresh_from_db()
    assert memory.agent_response == "Use StartUpLwa on the agent's machine."
    assert memory.trust == "suspect"


@pytest.mark.parametrize("name", sorted({*UNFIT} - {"nul"}))  # no form may hold one at all
def test_a_correction_that_no_memory_may_hold_is_refused_on_the_page(name, client, reviewer):
    record = make_record("pending")
    client.force_login(reviewer)

    answer = act(client, record, "correct", corrected_response=UNFIT[name])

    record.refresh_from_db()
    assert answer.status_code == 200
    assert (record.status, record.memory.version) == ("pending", 1)
    assert "orrected" in told(answer)
    assert Decision.objects.count() == 0


def test_a_lost_race_is_told_and_what_was_written_stays(client, reviewer, admin_user):
    record = make_record("pending")
    review.decide(record.memory_id, "reject", admin_user)
    client.force_login(reviewer)

    answer = act(client, record, "approve", note="my note")

    assert "rejected already, by admin" in told(answer)
    assert Decision.objects.count() == 1


def test_a_correction_that_another_memory_has_offers_to_keep_that_one(client, reviewer):
    twin = make_memory(agent_response="Use conman.")
    record = make_record("pending")
    client.force_login(reviewer)

    answer = act(client, record, "correct", corrected_response="Use conman.")

    text = answer.content.decode()
    assert str(twin.pk) in text
    assert "Keep that one, reject this one" in text
    act(client, record, "reject", reason_code="duplicate")
    record.refresh_from_db()
    assert (record.status, record.reason_code) == ("rejected", "duplicate")


def test_who_reviews_is_shown_to_others_and_binds_them(client, reviewer, admin_user):
    record = make_record("pending")
    claim = reverse("admin:audits_auditrecord_claim", args=[record.pk])
    client.force_login(reviewer)
    assert client.post(claim).json()["mine"]
    assert "yours until" in page_of(client, url_of(record))

    other = Client()
    other.force_login(User.objects.create_user("ana", is_staff=True))
    User.objects.get(username="ana").groups.add(*reviewer.groups.all())
    assert "reviewer is reviewing this memory" in page_of(other, url_of(record))
    assert other.post(claim).json() == {"mine": "", "by": "reviewer", "decided": ""}
    assert "reviewer is reviewing" in told(act(other, record, "approve"))
    assert "reviewer is reviewing" in told(act(other, record, "takeover"))
    claims = other.get(f"{LIST}claims/?ids={record.pk},x").json()
    assert claims["claims"] == {str(record.pk): "reviewer"}

    other.force_login(admin_user)
    act(other, record, "takeover")
    assert client.post(claim).json()["by"] == "admin"
    act(other, record, "approve")
    assert client.get(claim).json()["decided"] == "Meanwhile: Approved, admin"


def test_auditors_hear_who_reviews_and_claim_nothing(client, auditor_user):
    record = make_record("pending")
    client.force_login(auditor_user)
    claim = reverse("admin:audits_auditrecord_claim", args=[record.pk])

    assert client.get(claim).json() == {"mine": "", "by": "", "decided": ""}
    assert client.post(claim).status_code == 403


@pytest.mark.parametrize(
    "status", ["queued", "pending", "quarantined", "cleared", "unverified", "failed", "rejected"]
)
def test_the_page_offers_only_moves_that_are_allowed(status, client, reviewer):
    by = {"reviewer": reviewer, "reviewed_at": timezone.now()} if status == "rejected" else {}
    record = make_record(status, **by)
    client.force_login(reviewer)

    text = page_of(client, url_of(record))

    assert ('value="approve"' in text) == (status not in {"queued", "rejected"})
    assert ('value="restore"' in text) == (status == "rejected")


def test_history_tells_decisions_notes_and_earlier_texts(client, reviewer):
    record = make_record("pending", judge="rules")
    review.decide(
        record.memory_id, "approve", reviewer, note="<i>seen</i>", corrected_response="Use conman."
    )
    client.force_login(reviewer)

    text = page_of(client, url_of(record))

    assert "&lt;i&gt;seen&lt;/i&gt;" in text
    assert "· Rules" in text
    assert "<ins> conman.</ins>" in text
    assert "Undo reviewer" in text


@pytest.mark.parametrize("path", ["999999/change/", "x/change/", "99999999999999999999/change/"])
def test_an_unknown_record_is_404(path, client, reviewer):
    client.force_login(reviewer)

    assert client.get(f"{LIST}{path}").status_code == 404


# --- hostile text ----------------------------------------------------------------------------


@pytest.fixture
def hostile(reviewer) -> AuditRecord:
    memory = make_memory(
        f"Q {HOSTILE} \u202e\u200b",
        f"A {HOSTILE}\npassword = Sw0rdf1sh!9",
        agent=HOSTILE[:90],
        evidence=[
            {"tool": HOSTILE, "arguments": {HOSTILE: 1}, "result": {"x": [HOSTILE]}},
            "not an object",
            {"result": None, "fetched_at": HOSTILE},
        ],
    )
    findings = [
        {"code": HOSTILE, "quote": HOSTILE, "datum": HOSTILE, "message": HOSTILE},
        {"quote": "Sw0rdf1sh!9", "datum": 5, "confidence": "x"},
        "nonsense",
    ]
    return make_record(
        "pending", memory, ia_audit_reason=HOSTILE, findings=findings, judge="llm", model=HOSTILE
    )


def test_hostile_text_is_inert_everywhere(hostile, client, admin_user):
    client.force_login(admin_user)
    memory_page = f"/admin/knowledge/memory/{hostile.memory_id}/change/"
    bulk = {"action": "reject_selected", "_selected_action": [hostile.pk]}

    pages = [page_of(client, url) for url in (LIST, url_of(hostile), memory_page)]
    pages.append(client.post(LIST, bulk, follow=True).content.decode())
    pages.append(page_of(client, "/admin/knowledge/memory/"))

    for text in pages:
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text
        assert "\u202e" not in text
        assert "Sw0rdf1sh" not in text
    assert "⟨U+202E⟩" in pages[1]
    assert "[masked: password]" in pages[1]
    assert "{{ 7|add:7 }}" in pages[1]


def test_a_quote_that_is_only_the_secret_stays_masked():
    assert "Sw0rdf1sh" not in str(shown("password = Sw0rdf1sh!9", ["Sw0rdf1sh!9"]))


def test_the_correction_starts_without_secrets_and_hidden_characters(hostile, client, reviewer):
    client.force_login(reviewer)

    text = page_of(client, url_of(hostile))

    editor = text[text.index('id="corrected"') :].partition("</textarea>")[0]
    assert "[masked: password]" in editor
    assert "\u202e" not in editor


def test_a_text_of_a_megabyte_is_cut_until_all_is_asked_for(client, reviewer):
    record = make_record("pending", make_memory("Long?", "word " * 200_000 + "END"))
    client.force_login(reviewer)

    cut = page_of(client, url_of(record))
    answer = cut[cut.index('id="answer"') :].partition('id="edit"')[0]
    whole = page_of(client, f"{url_of(record)}?full=1")

    assert "Show all" in cut
    assert len(answer) < 25_000
    assert "END</pre></div>" in whole


def test_the_preview_of_a_correction_is_escaped(client, reviewer):
    record = make_record("pending", make_memory("Q?", "old <b>"))
    client.force_login(reviewer)

    url = reverse("admin:audits_auditrecord_diff", args=[record.pk])
    text = client.post(url, {"corrected_response": "new <script>"}).content.decode()

    assert "<del>old &lt;b&gt;</del><ins>new &lt;script&gt;</ins>" in text
    assert "<script>" not in text
    assert client.get(url).status_code == 405


def test_a_diff_of_two_long_texts_is_quick_and_whole():
    before, after = "a b " * 50_000, "a c " * 50_000

    found = changes(before, after)

    assert {change.kind for change in found} == {"removed", "added"}


@pytest.mark.parametrize("often", ["", "of the "])
def test_a_text_that_was_written_anew_is_one_change_and_no_thousand(often):
    """Each space or "the" that both hold was looked for everywhere: 500 words took 8 seconds."""
    before = "".join(f"a{n} {often}" for n in range(300))

    found = changes(before, before.replace("a", "b"))

    assert len(found) <= 3


# --- many, exports, charts -------------------------------------------------------------------


def test_a_bulk_decision_is_confirmed_first_and_reports_each_row(client, reviewer, admin_user):
    records = [make_record("pending", make_memory(f"{n}?")) for n in range(3)]
    client.force_login(reviewer)
    chosen = {"action": "reject_selected", "_selected_action": [r.pk for r in records]}

    asked = client.post(LIST, chosen, follow=True)
    page = asked.redirect_chain[-1][0]
    assert AuditRecord.objects.filter(status="pending").count() == 3
    assert "3 memories change." in asked.content.decode()
    review.decide(records[1].memory_id, "approve", admin_user)
    Memory.objects.filter(pk=records[2].memory_id).update(version=9)
    text = client.post(page, {"confirmed": 1, "note": "all"}, follow=True).content.decode()

    statuses = [AuditRecord.objects.get(pk=record.pk).status for record in records]
    assert statuses == ["rejected", "approved", "pending"]
    assert "approved already, by admin" in text
    assert "has changed" in text


def test_the_export_is_the_filtered_list_with_formulas_and_secrets_out_of_it(client, auditor_user):
    evil = make_memory('=cmd|"/C calc"!A0', "password = Sw0rdf1sh!9", evidence=[{"tool": "t"}])
    make_record("pending", evil, ia_audit_confidence=0.7)
    make_record("cleared", make_memory("Other?"))
    client.force_login(auditor_user)

    answer = client.get(f"{LIST}export/csv/")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    lines = client.get(f"{LIST}export/jsonl/?status=all").getvalue().decode().splitlines()

    assert "attachment" in answer["Content-Disposition"]
    assert [row["user_query"] for row in rows] == ["'" + evil.user_query]
    assert rows[0]["confidence"] == "0.7"
    assert "Sw0rdf1sh" not in str(rows) + str(lines)
    assert {json.loads(line)["status"] for line in lines} == {"pending", "cleared"}
    assert client.get(f"{LIST}export/xml/").status_code == 404


def test_an_export_goes_on_past_its_first_batch(client, auditor_user, monkeypatch):
    monkeypatch.setattr("knowledge.exporting.BATCH", 2)
    for number in range(5):
        make_record("pending", make_memory(f"{number}?"))
    client.force_login(auditor_user)

    text = client.get(f"{LIST}export/csv/").getvalue().decode("utf-8-sig")

    assert [row["user_query"] for row in csv.DictReader(io.StringIO(text))] == [
        f"{number}?" for number in range(5)
    ]


def test_the_decision_log_is_exported_without_text(client, auditor_user, reviewer):
    review.decide(make_record("pending").memory_id, "reject", reviewer)
    client.force_login(auditor_user)

    text = client.get("/admin/audits/decision/export/jsonl/").getvalue().decode()

    assert json.loads(text)["action"] == "reject"


def test_the_log_is_filtered_by_what_who_and_when(client, reviewer, admin_user, monkeypatch):
    ago = timezone.now() - timedelta(days=10)
    records = [make_record("pending", make_memory(f"{n}?"), created_at=ago) for n in range(3)]
    with monkeypatch.context() as earlier:
        earlier.setattr(timezone, "now", lambda: ago)
        review.decide(records[0].memory_id, "reject", reviewer)
    review.decide(records[1].memory_id, "reject", admin_user)
    review.decide(records[2].memory_id, "approve", reviewer)
    client.force_login(reviewer)
    log = "/admin/audits/decision/"
    found = {
        query: [line.seq for line in client.get(f"{log}?{query}").context["cl"].queryset]
        for query in (
            "", "action=reject", f"who={reviewer.pk}", "days=7", "days=30",
            f"action=reject&who={reviewer.pk}", "action=nonsense", "who=0", "days=0",
        )
    }  # fmt: skip
    exported = client.get(f"{log}export/jsonl/?days=7").getvalue().splitlines()

    assert list(found.values()) == [[3, 2, 1], [2, 1], [3, 1], [3, 2], [3, 2, 1], [1], [], [], []]
    assert [json.loads(line)["seq"] for line in exported] == [2, 3]


def test_the_overview_counts_and_measures(client, reviewer):
    for number in range(4):
        record = make_record(
            "pending",
            make_memory(f"{number}?"),
            judge="rules",
            raw_confidence=0.9,
            judged_at=timezone.now(),
        )
        review.decide(record.memory_id, "reject" if number else "approve", reviewer)
    make_record("pending", make_memory("Waiting?"))
    client.force_login(reviewer)

    text = page_of(client, "/admin/")

    assert "75% (3/4)" in text
    assert "rc-fill-pending" in text


def test_pages_name_nothing_from_elsewhere(client, admin_user):
    record = make_record("pending")
    client.force_login(admin_user)

    for url in (*PAGES, url_of(record)):
        text = page_of(client, url)
        assert 'src="http' not in text
        assert not [part for part in text.split('href="')[1:] if part.startswith("http")]


def test_memories_are_exported(client, auditor_user):
    make_memory("=1+1")
    make_memory("Other?")
    client.force_login(auditor_user)

    lines = client.get("/admin/knowledge/memory/export/jsonl/?q=Other").getvalue().splitlines()
    text = client.get("/admin/knowledge/memory/export/csv/").getvalue().decode("utf-8-sig")

    assert [json.loads(line)["user_query"] for line in lines] == ["Other?"]
    assert {row["user_query"] for row in csv.DictReader(io.StringIO(text))} == {"'=1+1", "Other?"}


def test_a_search_that_looked_at_some_matches_only_says_so(client, auditor_user):
    drafts = (Draft("agent", f"Is batchman {n} up?", "Yes.") for n in range(MATCHES))
    Memory.objects.bulk_create([draft.row() for draft in drafts])
    make_memory("Where is conman?")
    client.force_login(auditor_user)

    common, rare = (page_of(client, f"{MEMORIES}?q={word}") for word in ("batchman", "conman"))

    assert "looked at the first 200 matches" in common
    assert "matches" not in rare


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        (
            "auditor",
            {
                "Overview",
                "Queue",
                "Decision log",
                "Reports",
                "Memories",
                "Caution",
                "Plan",
                "REST API",
            },
        ),
        (
            "reviewer",
            {
                "Overview",
                "Queue",
                "Decision log",
                "Reports",
                "Memories",
                "Import",
                "Caution",
                "Plan",
                "REST API",
                "Chat",
            },
        ),
    ],
)
def test_the_sidebar_offers_what_the_role_may_open(name, titles, client, auditor_user, reviewer):
    client.force_login(User.objects.get(username=name))

    groups = client.get("/admin/").context["sidebar_navigation"]

    items = [item for group in groups for item in group["items"]]
    assert {str(item["title"]) for item in items} == titles
    for item in items:
        assert client.get(item["link"], follow=True).status_code == 200


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("", "Overview"),
        ("audits/auditrecord/", "Queue"),
        ("audits/auditrecord/caution/", "Caution"),
        ("audits/auditrecord/import/", "Import"),
        ("audits/decision/", "Decision log"),
        ("password_change/", None),
    ],
)
def test_the_sidebar_marks_the_one_page_that_is_open(path, title, client, reviewer):
    client.force_login(reviewer)
    answer = client.get(f"/admin/{path}")

    groups = answer.context["sidebar_navigation"]
    marked = [item["title"] for group in groups for item in group["items"] if item["active"]]

    assert marked == ([title] if title else [])
