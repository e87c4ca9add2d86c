"""People are told what is new, overdue or down: once, in one message a window, and only that."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from audits import heartbeats
from audits.decisions import Move, append
from audits.models import AuditRecord, Heartbeat, Notice, Watch
from audits.notices import outbox, sending, webhook, wording
from audits.notices.webhook import NotSent, is_public
from knowledge.llm.models import LLMProfile
from tests.factories import make_memory, make_record

SECRET = "sig=5ecret-of-the-hook"


class Receiver:
    """A webhook on loopback that does as `answers` says, then answers 200; what it was sent."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.got: list[tuple[dict[str, str], Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), json.loads(body)))
                answer = receiver.answers.pop(0) if receiver.answers else 200
                if isinstance(answer, threading.Event):
                    answer.wait(30)
                    answer = 200
                self.send_response(answer)
                if answer == 302:
                    self.send_header("Location", f"{receiver.url}/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing: the test says what it sees."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def bodies(self) -> list[Any]:
        return [body for _headers, body in self.got]


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    found = Receiver()
    settings.NOTIFY_WEBHOOK_URL = f"{found.url}/hook?{SECRET}"
    settings.NOTIFY_ALLOW_PRIVATE = True
    yield found
    found.server.shutdown()
    found.server.server_close()


def flagged(text: str = "q?", why: str = "danger") -> AuditRecord:
    """Brought before people, as the auditor does it: with its line in the log."""
    record = make_record("pending", make_memory(text), why=why)
    with transaction.atomic():
        append([Move(record.memory, "flag", "running", "pending", "new", "suspect", judge="rules")])
    return record


def wait_over() -> None:
    """The window of the last message, and the pause after a failure, are over."""
    Watch.objects.update(quiet_until=timezone.now())
    Notice.objects.unsent().update(due_at=timezone.now())


# --- what is told, and how often ------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_new_is_told_once_and_in_one_message_a_window(receiver) -> None:
    sending.turn()  # begins to look: what was before is not news
    flagged("one")
    sending.turn()
    for number in range(3):
        flagged(f"more {number}", why="secret")
        sending.turn()
    assert len(receiver.got) == 1

    wait_over()
    sending.turn()
    wait_over()
    sending.turn()

    first, second = receiver.bodies
    assert (first["facts"]["new"], first["facts"]["why"]) == (1, {"danger": 1})
    assert (second["facts"]["new"], second["facts"]["why"]) == (3, {"secret": 3})
    assert "3 memories are new in the queue" in second["text"]


@pytest.mark.django_db
def test_what_was_decided_before_the_message_is_not_in_it(receiver, reviewer) -> None:
    sending.turn()
    record = flagged()
    AuditRecord.objects.filter(pk=record.pk).update(
        status="approved", reviewer=reviewer, reviewed_at=timezone.now()
    )

    sending.turn()

    assert receiver.got == []


@pytest.mark.django_db
def test_each_is_told_once_that_it_is_overdue(receiver, settings) -> None:
    record = flagged()
    sending.turn()
    late = timezone.now() - timedelta(hours=settings.AUDIT_OVERDUE_HOURS)
    AuditRecord.objects.filter(pk=record.pk).update(created_at=late)

    sending.turn()
    wait_over()
    sending.turn()

    [told] = receiver.bodies
    assert (told["facts"]["new"], told["facts"]["overdue"]) == (0, 1)
    assert told["text"] == "1 more is overdue, 1 in all."


@pytest.mark.django_db
def test_a_dead_auditor_is_told_and_that_it_is_back(receiver) -> None:
    sending.turn()
    heartbeats.beat("a")
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(minutes=5))
    sending.turn()
    assert receiver.got == []  # what comes back within two minutes was not down
    watch = Watch.objects.get()
    watch.down["auditor"]["since"] = (timezone.now() - timedelta(minutes=3)).isoformat()
    watch.save()

    sending.turn()
    wait_over()
    sending.turn()
    heartbeats.beat("b")
    sending.turn()
    wait_over()
    sending.turn()

    down, back = [body["facts"] for body in receiver.bodies]
    assert [one["name"] for one in down["down"]] == ["auditor"]
    assert [one["name"] for one in back["back"]] == ["auditor"]
    assert Watch.objects.get().down == {}


@pytest.mark.django_db
def test_an_llm_that_fails_is_told_without_what_it_said(receiver, settings) -> None:
    settings.LLM_BASE_URL, settings.LLM_MODEL = "http://llm.example/v1", "m"
    sending.turn()
    LLMProfile.objects.create(
        base_url=settings.LLM_BASE_URL, model="m", last_error=f"401 bad key {SECRET}",
        failing_since=timezone.now() - timedelta(minutes=5),
    )  # fmt: skip

    sending.turn()

    [told] = receiver.bodies
    assert "The LLM does not answer" in told["text"]
    assert SECRET not in json.dumps(told)


@pytest.mark.django_db
def test_nothing_of_a_memory_or_a_secret_is_in_a_message_the_table_or_the_log(
    receiver, settings, caplog
) -> None:
    settings.NOTIFY_WEBHOOK_TOKEN = "t0ken-of-ours"
    settings.NOTIFY_EMAIL_TO = ["ops@example.com"]
    receiver.answers = [500]
    sending.turn()
    flagged("the-question-itself")

    sending.turn()

    [(headers, body)] = receiver.got
    assert headers["Authorization"] == "Bearer t0ken-of-ours"
    kept = json.dumps([body, *Notice.objects.values("news", "problem")]) + caplog.text
    kept += mail.outbox[0].subject + mail.outbox[0].body
    for text in ("the-question-itself", SECRET, "t0ken-of-ours"):
        assert text not in kept


# --- receivers that misbehave ---------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("answer", "problem"), [(500, "refused 500"), (302, "redirects 302")])
def test_a_failure_is_tried_again_with_growing_pauses_under_the_same_id(
    answer, problem, receiver
) -> None:
    receiver.answers = [answer, answer]
    sending.turn()
    flagged()

    sending.turn()
    notice = Notice.objects.get()
    assert (notice.problem, notice.attempts, len(receiver.got)) == (problem, 1, 1)
    assert sending.turn() == 0  # it is not due yet
    wait_over()
    sending.turn()
    wait_over()
    sending.turn()

    notice.refresh_from_db()
    assert (notice.sent_at is not None, notice.attempts, notice.problem) == (True, 3, "")
    assert len({body["id"] for body in receiver.bodies}) == 1
    assert [outbox.pause(n) for n in (1, 2, 3, 99)] == [
        timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4), timedelta(hours=1),
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_day_of_failures_is_enough(receiver) -> None:
    receiver.answers = [500]
    sending.turn()
    flagged()
    sending.gather()
    Notice.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))

    sending.deliver()

    assert Notice.objects.get().given_up_at is not None
    wait_over()
    assert sending.deliver() == 0


@pytest.mark.django_db
def test_a_receiver_that_never_answers_is_left(receiver, monkeypatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.2)
    let_go = threading.Event()
    receiver.answers = [let_go]

    try:
        with pytest.raises(NotSent, match="silent"):
            webhook.post({}, "1")
    finally:
        let_go.set()


def test_a_name_that_is_looked_up_for_ever_is_left_too(settings, monkeypatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.2)
    settings.NOTIFY_WEBHOOK_URL = "http://hook.example/"
    let_go, looked = threading.Event(), []

    def hanging(*_: Any, **__: Any) -> list[Any]:
        let_go.wait(60)
        looked.append("looked")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    try:
        with pytest.raises(NotSent, match="silent"):
            webhook.post({}, "1")
        assert looked == []
        assert {one.daemon for one in threading.enumerate() if one.name == "webhook-name"} == {True}
    finally:
        let_go.set()


@pytest.mark.django_db(transaction=True)
def test_who_dies_while_sending_loses_nothing_and_a_second_sender_waits(receiver) -> None:
    sending.turn()
    flagged()
    sending.gather()
    dead = Notice.objects.lease_next()  # and then the process was killed

    assert sending.deliver() == 0
    Notice.objects.update(lease_until=timezone.now())
    second = Notice.objects.lease_next()
    assert dead.failed("silent 20") is False  # it wakes late, while another is sending
    assert second.failed("silent 20") is True
    wait_over()
    assert sending.deliver() == 1
    assert dead.sent() is False
    assert [body["id"] for body in receiver.bodies] == [str(dead.pk)]


@pytest.mark.django_db(transaction=True)
def test_two_processes_tell_it_once(receiver) -> None:
    sending.turn()
    flagged()
    start = threading.Barrier(4)

    def one() -> None:
        from django.db import connection

        start.wait()
        sending.turn()
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receiver.got) == 1


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False),
        ("10.1.2.3", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  not bound to
        ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False),
        ("fd00::1", False), ("::ffff:10.0.0.1", False), ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)  # fmt: skip
def test_an_address_is_public_or_it_is_not(address, public) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"])
def test_no_private_address_is_asked_unless_that_is_allowed(host, receiver, settings) -> None:
    settings.NOTIFY_ALLOW_PRIVATE = False
    settings.NOTIFY_WEBHOOK_URL = f"http://{host}:{receiver.server.server_port}/hook"

    with pytest.raises(NotSent, match="private"):
        webhook.post({}, "1")

    assert receiver.got == []


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    receiver, settings, monkeypatch
) -> None:
    """A name that leads elsewhere at the second look: there is none."""
    settings.NOTIFY_WEBHOOK_URL = f"http://hook.example:{receiver.server.server_port}/hook"
    looked = []

    def once(url: Any) -> list[str]:
        looked.append(url.host)
        return ["127.0.0.1"]

    monkeypatch.setattr(webhook, "_addresses", once)

    webhook.post({"a": 1}, "1")

    assert looked == ["hook.example"]
    [(headers, body)] = receiver.got
    assert headers["Host"] == f"hook.example:{receiver.server.server_port}"
    assert body == {"a": 1}


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", "http://a..b/", "http://127.0.0.1:1/"]
)
def test_an_address_that_leads_nowhere_is_said_without_it(url, settings) -> None:
    settings.NOTIFY_WEBHOOK_URL, settings.NOTIFY_ALLOW_PRIVATE = f"{url}?{SECRET}", True

    with pytest.raises(NotSent) as problem:
        webhook.post({}, "1")

    assert SECRET not in str(problem.value)
    assert wording.problem(str(problem.value))


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_teams_gets_a_card_and_a_mailbox_a_mail_in_the_sites_language(receiver, settings) -> None:
    settings.NOTIFY_WEBHOOK_FORMAT, settings.LANGUAGE_CODE = "teams", "pt-br"
    settings.SITE_URL = "https://resync.example.com"
    settings.NOTIFY_EMAIL_TO = ["ops@example.com", "hwa@example.com"]
    sending.turn()
    flagged()

    assert sending.turn() == 2

    [card] = receiver.bodies
    [attachment] = card["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    texts = [block["text"] for block in attachment["content"]["body"]]
    assert texts[1].startswith("1 memória nova na fila (")
    queue = "https://resync.example.com/admin/audits/auditrecord/"
    assert attachment["content"]["actions"][0]["url"] == queue
    [message] = mail.outbox
    assert message.to == ["ops@example.com", "hwa@example.com"]
    assert message.subject.startswith("Resync: 1 memória nova na fila")
    assert queue in message.body


@pytest.mark.parametrize("code", wording.PROBLEMS)
def test_every_problem_has_its_sentence(code) -> None:
    assert "%" not in wording.problem(f"{code} 7")


# --- trying it ------------------------------------------------------------------------------------


def notify(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("notify", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.django_db
def test_the_command_tries_every_channel_and_says_what_failed(receiver, settings, capsys) -> None:
    settings.NOTIFY_EMAIL_TO = ["ops@example.com"]
    assert notify("--test") == {"webhook": "ok", "email": "ok"}
    assert receiver.bodies[0]["kind"] == "test"

    receiver.answers = [500]
    with pytest.raises(SystemExit):
        call_command("notify", "--test")

    assert "webhook: The receiver answered 500." in capsys.readouterr().out
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_without_a_channel_nobody_is_told_and_the_command_says_so() -> None:
    assert sending.turn() == 0
    assert not Watch.objects.exists()
    with pytest.raises(CommandError, match="NOTIFY_WEBHOOK_URL"):
        notify()


@pytest.mark.django_db
def test_an_administrator_tries_it_and_sees_what_was_told(
    receiver, client: Client, admin_user, reviewer, auditor_user
) -> None:
    address = "/admin/audits/notice/"
    for who in (reviewer, auditor_user):
        client.force_login(who)
        assert client.get(address).status_code == 403
        assert client.post(f"{address}test/").status_code == 403
    client.force_login(admin_user)
    receiver.answers = [200, 503]
    sending.turn()
    flagged()

    said = client.post(f"{address}test/", follow=True).content.decode()
    sending.turn()
    text = client.get(address).content.decode()

    assert "Webhook: the test has arrived." in said
    assert "1 memory is new in the queue (Dangerous advice: 1)." in text
    assert "The receiver answered 503." in text
    assert client.get(f"{address}test/").status_code == 403
    assert SECRET not in text
