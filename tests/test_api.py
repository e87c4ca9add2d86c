"""The REST contract: who may what, how errors look, and what a race says."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from audits.findings import message_of
from audits.models import AuditRecord
from knowledge import indexer
from knowledge.hwa.statuses import group_of
from knowledge.models import Memory
from resync_site.models import ApiToken
from tests.factories import ANSWER, make_memory, make_record
from tests.plan_reading import make_engine
from tws.models import Agent
from tws.plan.models import PlanJob

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_throttle():
    cache.clear()


class Api:
    """A caller with a bearer token; answers are (status, body)."""

    def __init__(self, user: User | None) -> None:
        self.client = Client(raise_request_exception=True)
        token = ApiToken.objects.issue(user) if user else ""
        self.headers = {"Authorization": f"Bearer {token}"} if user else {}

    def get(self, path: str, **query: object) -> tuple[int, dict]:
        response = self.client.get(f"/api{path}", query, headers=self.headers)
        return response.status_code, response.json()

    def post(self, path: str, body: object) -> tuple[int, dict]:
        data = body if isinstance(body, (str, bytes)) else json.dumps(body)
        response = self.client.post(
            f"/api{path}", data, content_type="application/json", headers=self.headers
        )
        return response.status_code, response.json()


def flags_of(api: Api, **query: object) -> list[str]:
    """The questions of every page."""
    found: list[str] = []
    while True:
        status, page = api.get("/audit/flags", **query)
        assert status == 200, page
        found += [item["user_query"] for item in page["items"]]
        if not page["next_cursor"]:
            return found
        query["cursor"] = page["next_cursor"]


def make_queue(count: int, status: str = "pending") -> list[AuditRecord]:
    start = timezone.now() - timedelta(hours=1)
    return [
        make_record(
            status, make_memory(f"{status} {n:03}?"), created_at=start + timedelta(seconds=n // 3)
        )
        for n in range(count)
    ]


# --- who may ---------------------------------------------------------------------------------

PATHS = [
    ("get", "/audit/flags", {"reviewer", "auditor", "admin"}),
    ("get", "/audit/metrics", {"reviewer", "auditor", "admin"}),
    ("review", "/audit/review", {"reviewer", "admin"}),
    ("get", "/memories/search?q=restart", {"operator", "reviewer", "auditor", "admin"}),
    ("get", "/agents", {"operator", "reviewer", "auditor", "admin"}),
    ("feedback", "/memories/{}/feedback", {"operator", "reviewer", "admin"}),
]


@pytest.mark.parametrize("name", ["operator", "reviewer", "auditor", "admin"])
@pytest.mark.parametrize(("verb", "path", "allowed"), PATHS)
def test_each_role_may_what_it_may_and_no_more(
    verb, path, allowed, name, operator, reviewer, auditor_user, admin_user
):
    api = Api(User.objects.get(username=name))
    memory_id = str(make_record("pending").memory_id)
    body = {"memory_id": memory_id, "action": "approve", "rating": 4}

    path = path.format(memory_id)
    status, answer = api.get(path) if verb == "get" else api.post(path, body)

    assert status == (200 if name in allowed else 403), answer
    if status == 403:
        assert isinstance(answer["detail"], str)
        assert Memory.objects.get(pk=memory_id).trust == "suspect"


@pytest.mark.parametrize("path", ["/audit/flags", "/audit/metrics"])
def test_nobody_comes_in_without_a_valid_token(path, reviewer, client):
    assert Api(None).get(path)[0] == 401
    wrong = client.get(f"/api{path}", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong["WWW-Authenticate"]) == (401, "Bearer")
    token = ApiToken.objects.issue(reviewer)
    ApiToken.objects.update(revoked_at=timezone.now())
    revoked = client.get(f"/api{path}", headers={"Authorization": f"Bearer {token}"})
    assert revoked.status_code == 401
    assert isinstance(revoked.json()["detail"], str)


def test_a_wrong_token_is_not_excused_by_a_session(reviewer, client):
    client.force_login(reviewer)

    answer = client.get("/api/audit/flags", headers={"Authorization": "Bearer wrong"})

    assert answer.status_code == 401


def test_a_session_must_carry_its_csrf_token(reviewer):
    record = make_record("pending")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(reviewer)
    body = {"memory_id": str(record.memory_id), "action": "approve"}

    refused = browser.post("/api/audit/review", body, content_type="application/json")

    assert refused.status_code == 403
    assert isinstance(refused.json()["detail"], str)
    browser.get("/admin/login/")
    secret = "a" * 32
    browser.cookies["csrftoken"] = secret
    taken = browser.post(
        "/api/audit/review", body, content_type="application/json", headers={"X-CSRFToken": secret}
    )
    assert taken.status_code == 200


def test_an_anonymous_post_is_401_before_csrf_is_looked_at():
    browser = Client(enforce_csrf_checks=True)

    answer = browser.post("/api/audit/review", {}, content_type="application/json")

    assert answer.status_code == 401


# --- flags -----------------------------------------------------------------------------------


def test_flags_are_pending_ones_unless_asked_otherwise(reviewer):
    for status in ("pending", "unverified", "quarantined", "cleared", "failed"):
        make_record(status, make_memory(f"{status}?"))

    api = Api(reviewer)

    assert flags_of(api) == ["pending?"]
    assert flags_of(api, status="quarantined") == ["quarantined?"]
    assert flags_of(api, status="unverified") == ["unverified?"]
    assert sorted(flags_of(api, status="all")) == [
        "cleared?",
        "failed?",
        "pending?",
        "quarantined?",
        "unverified?",
    ]


def test_an_item_has_the_fields_of_the_contract(reviewer):
    evidence = [{"tool": "job_log", "result": {"text": "AWSBHT001I"}}]
    memory = make_memory(evidence=evidence, answer=ANSWER)
    record = make_record(
        "pending", memory, ia_audit_reason="no", ia_audit_confidence=0.7, judge="rules",
        findings=[{"code": "claims.value", "claim_id": "c1", "said": 3, "found": 4}],
    )  # fmt: skip

    item = Api(reviewer).get("/audit/flags")[1]["items"][0]

    assert item.pop("created_at") == record.created_at.isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )
    assert item == {
        "memory_id": str(memory.pk),
        "status": "pending",
        "trust": "suspect",
        "user_query": memory.user_query,
        "agent_response": memory.agent_response,
        "reason": "no",
        "confidence": 0.7,
        "judge": "rules",
        "valid_until": None,
        "superseded_by": None,
        "understood": None,
        "evidence": evidence,
        "claims": [{"id": "c1", "expr": "q1.matched", "kind": "count", "value": 3, "words": "3"}],
        "findings": [
            {
                "code": "claims.value",
                "claim_id": "c1",
                "said": 3,
                "found": 4,
                "message": message_of("claims.value"),
            }
        ],
        "reviewed_at": None,
        "reviewer": None,
        "version": 1,
    }


@pytest.mark.parametrize("status", ["pending", "all"])
def test_pages_hold_each_record_once_while_others_decide(status, reviewer):
    queue = make_queue(25)
    api = Api(reviewer)
    _, first = api.get("/audit/flags", status=status, limit=10)
    for record in queue[:5] + queue[12:14]:
        api.post("/audit/review", {"memory_id": str(record.memory_id), "action": "reject"})
    make_record("pending", make_memory("newer?"))

    rest = flags_of(api, status=status, limit=10, cursor=first["next_cursor"])

    left = [n for n in range(10, 25) if status == "all" or n not in (12, 13)]
    assert rest == [*(f"pending {n:03}?" for n in left), "newer?"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 201},
        {"limit": 0},
        {"limit": "x"},
        {"status": "queued"},
        {"cursor": "nonsense"},
        {"cursor": "AAAA"},
        {"cursor": "MjAyNi0wMS0wMSAx"},
        {"query": "x" * 1001},
    ],
)
def test_a_bad_query_is_422(query, reviewer):
    status, body = Api(reviewer).get("/audit/flags", **query)

    assert status == 422
    assert body["detail"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("reinicia agente", ["Como reiniciar o agente?"]),
        ("restarting agents", ["How do I restart an agent?"]),
        ("AWSBEH021E", ["What is AWSBEH021E?"]),
        ("reinic", ["Como reiniciar o agente?"]),
        ("100%_", []),
        ("a\x00b' OR 1=1 --", []),
    ],
)
def test_query_finds_words_in_both_languages_and_parts_of_questions(query, found, reviewer):
    for question in ("Como reiniciar o agente?", "How do I restart an agent?"):
        make_record("pending", make_memory(question, "StartUpLwa."))
    make_record("pending", make_memory("What is AWSBEH021E?", "A message."))

    assert flags_of(Api(reviewer), query=query) == found


def test_query_finds_a_memory_by_its_id_and_keeps_to_the_status(reviewer):
    pending, cleared = make_record("pending"), make_record("cleared", make_memory("Other?"))
    api = Api(reviewer)

    assert len(flags_of(api, query=str(pending.memory_id))) == 1
    assert flags_of(api, query=str(cleared.memory_id)) == []
    assert flags_of(api, query=str(cleared.memory_id), status="all") == ["Other?"]


# --- review ----------------------------------------------------------------------------------


def test_a_review_answers_with_the_item_as_it_is_now(reviewer):
    record = make_record("pending")
    body = {
        "memory_id": str(record.memory_id),
        "action": "approve",
        "note": "checked",
        "corrected_response": "Use conman.",
        "version": 1,
    }

    status, item = Api(reviewer).post("/audit/review", body)

    assert status == 200
    assert (item["status"], item["trust"], item["reviewer"]) == ("approved", "trusted", "reviewer")
    assert (item["agent_response"], item["version"]) == ("Use conman.", 2)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"action": "approve", "memory_id": str(uuid.uuid4())}, 404),
        ({"action": "approve", "memory_id": "x"}, 422),
        ({"action": "delete"}, 422),
        ({"action": "reject", "corrected_response": "No."}, 422),
        ({"action": "approve", "corrected_response": " "}, 422),
        ({"action": "approve", "version": 2}, 409),
        ({"action": "restore"}, 409),
        ({"action": "approve", "note": "x" * 10_001}, 422),
        ({"action": "approve", "note": 5}, 422),
        ([], 422),
        ("{not json", 422),
        (b"\xff\xfe", 422),
        ("", 422),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(body, expected, reviewer):
    record = make_record("pending")
    if isinstance(body, dict):
        body = {"memory_id": str(record.memory_id), **body}

    status, answer = Api(reviewer).post("/audit/review", body)

    assert status == expected, answer
    assert answer["detail"]
    record.refresh_from_db()
    assert record.status == "pending"


def test_deciding_twice_is_409(reviewer):
    body = {"memory_id": str(make_record("pending").memory_id), "action": "approve"}
    api = Api(reviewer)

    assert api.post("/audit/review", body)[0] == 200
    assert api.post("/audit/review", body)[0] == 409


@pytest.mark.django_db(transaction=True)
def test_approve_and_reject_at_once_are_one_200_and_one_409(reviewer, admin_user):
    callers = [("approve", Api(reviewer)), ("reject", Api(admin_user))]
    for turn in range(10):
        memory_id = str(make_record("pending", make_memory(f"Question {turn}?")).memory_id)
        start, statuses = threading.Barrier(2), []

        def send(action, api, start=start, statuses=statuses, memory_id=memory_id):
            try:
                start.wait(10)
                body = {"memory_id": memory_id, "action": action}
                statuses.append(api.post("/audit/review", body)[0])
            finally:
                connection.close()

        threads = [threading.Thread(target=send, args=caller) for caller in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert sorted(statuses) == [200, 409]


def test_metrics_count_every_status(reviewer):
    make_queue(3)
    make_record("cleared", make_memory("Other?"))
    make_record("unverified", make_memory("Third?"))

    status, body = Api(reviewer).get("/audit/metrics")

    assert status == 200
    assert (body["pending"], type(body["pending"])) == (3, int)
    assert (body["cleared"], body["unverified"]) == (1, 1)
    assert body["rejected"] == 0
    assert 3590 < body["oldest_pending_seconds"] < 3700


# --- feedback --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rating", "comment", "asks"),
    [(1, "", True), (2, "", True), (3, "ok", False), (5, "great", False), (4, "Está ERRADO", True)],
)
def test_feedback_is_kept_and_a_bad_one_asks_for_an_audit(rating, comment, asks, operator):
    memory = make_record("cleared").memory

    status, body = Api(operator).post(
        f"/memories/{memory.pk}/feedback", {"rating": rating, "comment": comment}
    )

    memory.refresh_from_db()
    given = memory.feedback.get()
    assert (status, body["audit_requested"]) == (200, asks)
    assert (given.rating, given.comment, given.user) == (rating, comment, operator)
    assert (given.reported_at is not None) == asks
    assert memory.trust == "cleared"


def test_reporting_too_fast_is_429_and_keeps_nothing(operator, settings):
    settings.REPORTS_PER_HOUR = 1
    first, second = make_memory("One?"), make_memory("Two?")
    Api(operator).post(f"/memories/{first.pk}/feedback", {"rating": 1})

    status, body = Api(operator).post(f"/memories/{second.pk}/feedback", {"rating": 1})

    assert (status, second.feedback.count()) == (429, 0)
    assert "within an hour" in body["detail"]


def test_a_reviewer_may_not_decide_on_their_own_question(reviewer):
    memory = make_record("pending", make_memory(user=reviewer)).memory

    status, body = Api(reviewer).post(
        "/audit/review", {"memory_id": str(memory.pk), "action": "approve"}
    )

    assert status == 403
    assert "another reviewer" in body["detail"]


def test_a_good_rating_clears_nothing(operator):
    memory = make_record("quarantined").memory

    Api(operator).post(f"/memories/{memory.pk}/feedback", {"rating": 5})

    memory.refresh_from_db()
    assert memory.trust == "quarantined"


@pytest.mark.parametrize("body", [{"rating": 0}, {"rating": 6}, {"rating": "x"}, {}, []])
def test_feedback_that_is_no_rating_is_422(body, operator):
    assert Api(operator).post(f"/memories/{make_memory().pk}/feedback", body)[0] == 422


def test_feedback_on_an_unknown_memory_is_404(operator):
    status, body = Api(operator).post(f"/memories/{uuid.uuid4()}/feedback", {"rating": 3})

    assert (status, body) == (404, {"detail": "There is no such memory."})


# --- memories, agents, the plan --------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_search_finds_only_what_may_be_used(operator):
    text = "Restart the dynamic agent with StartUpLwa."
    for status in ("pending", "quarantined", "rejected", "approved", "cleared"):
        fields = {}
        if status in {"approved", "rejected"}:
            fields = {"reviewer": operator, "reviewed_at": timezone.now()}
        make_record(status, make_memory(f"How to restart the {status} agent?", text), **fields)
    indexer.index_pending()

    status, body = Api(operator).get("/memories/search", q="restart the agent", limit=20)

    assert status == 200
    assert {item["trust"] for item in body["items"]} == {"trusted", "cleared"}
    assert len(body["items"]) == 2
    assert {"memory_id", "score", "trust", "user_query", "agent_response"} <= set(body["items"][0])


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x", "limit": 0}, {"q": "x", "limit": 201}])
def test_a_search_that_makes_no_sense_is_422(query, operator):
    assert Api(operator).get("/memories/search", **query)[0] == 422


def test_agents_are_listed(operator):
    Agent.objects.filter(slug="tws-troubleshooter").update(is_active=False)

    status, body = Api(operator).get("/agents")

    assert (status, [agent["id"] for agent in body["items"]]) == (200, ["tws-analyzer"])


@pytest.fixture
def engine(settings) -> None:
    settings.TWS_ENGINES, settings.TWS_BASE_URL = "", "https://hwa.example:31116"
    settings.TWS_ENGINE_NAME = "SIM"


def test_the_plan_is_summed_up_as_it_was_read(operator, engine):
    plan = make_engine(simulated=True, backup="https://hwa2")
    for number, status in enumerate(["ABEND", "FAIL", "SUCC"]):
        PlanJob.objects.create(
            engine="SIM",
            hwa_id=str(number),
            status=status,
            group=group_of(status),
            digest=b"",
            fetched_at=plan.fetched_at,
        )

    code, body = Api(operator).get("/status")

    assert code == 200, body
    told = datetime.fromisoformat(body["fetched_at"])
    assert abs(told - plan.fetched_at) < timedelta(seconds=1)
    assert (body["simulated"], body["backup"]) == (True, "https://hwa2")
    assert body["jobs"] == {
        "total": 3,
        "by_status": {"ABEND": 1, "FAIL": 1, "SUCC": 1},
        "by_group": {"failed": 2, "success": 1},
    }
    assert Api(operator).get("/status", engine="nowhere")[0] == 404


def test_a_plan_that_is_not_of_now_is_not_summed_up(operator, engine):
    assert Api(operator).get("/status")[0] == 503

    make_engine(down_since=timezone.now(), error="SIM does not answer")
    code, body = Api(operator).get("/status")

    assert code == 503
    assert "SIM does not answer" in body["detail"]


# --- the root --------------------------------------------------------------------------------


def test_too_many_requests_are_429(reviewer, operator, settings):
    settings.API_REQUESTS_PER_MINUTE = 3
    api = Api(reviewer)

    statuses = [api.get("/audit/metrics")[0] for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]
    assert isinstance(api.get("/audit/metrics")[1]["detail"], str)
    assert Api(operator).get("/audit/metrics")[0] == 403


@pytest.mark.parametrize("path", ["/nothing", "/audit/nothing", "/memories/x/feedback"])
def test_an_unknown_path_is_404_in_json(path, reviewer):
    status, body = Api(reviewer).get(path)

    assert status == 404
    assert isinstance(body["detail"], str)


def test_the_document_says_how_each_operation_may_end(client):
    schema = client.get("/api/openapi.json").json()

    documented = schema["paths"]["/api/audit/review"]["post"]["responses"]
    assert set(documented) == {"200", "400", "401", "403", "404", "409", "413", "422", "429", "503"}
    assert documented["409"]["description"] == "Conflict"


def test_create_token_prints_a_token_that_works(reviewer, capsys):
    call_command("create_token", "reviewer", "--json")
    token = json.loads(capsys.readouterr().out)["token"]

    answer = Client().get("/api/audit/flags", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200
    assert not ApiToken.objects.filter(digest=token).exists()
    with pytest.raises(CommandError, match="nobody"):
        call_command("create_token", "nobody")


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/memories/x/feedback"])
def test_a_post_to_an_unknown_path_is_404_in_json(path):
    response = Client(enforce_csrf_checks=True).post(path)

    assert response.status_code == 404
    assert isinstance(response.json()["detail"], str)


def test_a_wrong_method_is_405_in_json_and_says_which_are_right(client):
    response = client.put("/api/audit/flags")

    assert response.status_code == 405
    assert response.json() == {"detail": "Method Not Allowed"}
    assert response.headers["Allow"] == "GET"


def test_an_error_of_djangos_own_is_in_json_under_api_alone(client):
    assert client.get("/api/agents", HTTP_HOST="evil.example").json() == {"detail": "Bad Request"}
    assert client.get("/nothing").headers["Content-Type"].startswith("text/html")


# --- outages ---------------------------------------------------------------------------------


@pytest.fixture
def database_away(monkeypatch) -> Iterator[None]:
    """Nobody listens where the database was."""
    real = connection.get_connection_params
    connection.close()
    with monkeypatch.context() as patched:
        patched.setattr(
            connection, "get_connection_params", lambda: {**real(), "host": "127.0.0.1", "port": 9}
        )
        yield
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("verb", "path", "_"), PATHS)
def test_without_its_database_every_path_is_503_in_json(verb, path, _, reviewer, request):
    api = Api(reviewer)
    request.getfixturevalue("database_away")

    path = path.format(uuid.uuid4())
    status, body = api.get(path) if verb == "get" else api.post(path, {"rating": 3})

    assert status == 503
    assert "database" in body["detail"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_in_the_middle_of_a_request_is_503(reviewer, monkeypatch):
    make_record("pending")
    api = Api(reviewer)

    def cut_off(record):
        AuditRecord.objects.raw("SELECT 1 AS id, pg_terminate_backend(pg_backend_pid())")[0]

    monkeypatch.setattr("audits.api._item", cut_off)
    assert api.get("/audit/flags")[0] == 503
    connection.close()
    assert api.get("/audit/metrics")[0] == 200


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_is_503_and_decides_nothing(reviewer):
    record = make_record("pending")
    api = Api(reviewer)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        body = {"memory_id": str(record.memory_id), "action": "approve"}
        status, answer = api.post("/audit/review", body)
    finally:
        connection.close()

    assert (status, isinstance(answer["detail"], str)) == (503, True)
    record.refresh_from_db()
    assert record.status == "pending"


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, b"\x00", "NaN", '"\\ud800"'])
def test_a_body_that_no_reader_can_read_is_422(body, reviewer):
    status, answer = Api(reviewer).post("/audit/review", body)

    assert (status, bool(answer["detail"])) == (422, True)
