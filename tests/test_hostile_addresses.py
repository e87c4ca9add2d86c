"""Every address of the site, with values that no page of ours would send."""

from __future__ import annotations

import itertools
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from audits import bulk, review
from audits.console.filters import FILTERS
from audits.models import AuditRecord, Bulk, Decision
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db

VALUES = [
    "%00",
    "1",
    "9" * 30,
    "0001-01-01T00:00:00Z",
    "-1",
    "00000000-0000-0000-0000-000000000000",
    "%ff%ed%a0%80",
    "_5F_00",
    "1/1",
    "a" * 3000,
    "%5B%5D",
]
"""As they stand in an address, quoted already."""
ADMINS_NAMES = ["q", "p", "o", "e", "all", "_popup", "_to_field", "id__range", "pk", "memory__id"]
NAMES = {
    "/chat/": ["question"],
    "/chat/tws-analyzer/": ["question", "conversation"],
    "/login/": ["next"],
    "/admin/login/": ["next"],
    "/admin/search/": ["s", "extended"],
    "/admin/autocomplete/": ["app_label", "model_name", "field_name", "term"],
    "/api/audit/flags": ["status", "query", "limit", "cursor"],
    "/api/memories/search": ["q", "limit"],
    "/api/status": ["engine"],
    "/": ["engine", "stream", "area"],
    "/memories/": ["page"],
    "/admin/": ["from", "to"],
    "/admin/audits/auditrecord/claims/": ["ids"],
    "/api/conversations": ["query", "limit"],
    "/api/plan/card?kind=job": ["name", "id", "stream", "workstation", "engine", "part"],
    "/api/plan/card/rows": ["table", "after", "order_by", "limit"],
}
"""What each page reads from its query; the admin's lists are found below."""
NO_ANSWER_OF_OURS = {503}  # there is no HWA here


def templates(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Each address that the site answers, with `{}` for each of its arguments."""
    for pattern in (resolver or get_resolver()).url_patterns:
        address = before + re.sub(r"<[^>]+>|\(.*\)", "{}", str(pattern.pattern).strip("^$"))
        if isinstance(pattern, URLResolver):
            yield from templates(pattern, address)
        elif not address.endswith("logout/"):  # it would end the walk's own session
            yield address


def with_arguments(values: Iterable[str]) -> Iterator[str]:
    filled = (t.format(*[value] * t.count("{}")) for t in templates() for value in values)
    yield from dict.fromkeys(filled)


def lists(*, whole: bool) -> Iterator[str]:
    """Each list of the admin and its export, with each of its filters and of Django's.

    Unless `whole`, each filter has one value, and these take turns.
    """
    turns = itertools.cycle(VALUES[:4])
    for model, shown in admin.site._registry.items():
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        names = {*ADMINS_NAMES, "_changelist_filters"}
        for one in shown.list_filter:
            own = getattr(one, "parameter_name", None)
            names |= {own} if own else {f"{one}__exact", f"{one}__id__exact", f"{one}__isnull"}
        for name in sorted(names):
            values = VALUES[:4] if whole else [next(turns)]
            yield from (f"{path}?{name}={value}" for value in values)
            if getattr(shown, "exports", ""):
                yield from (f"{path}export/csv/?{name}={value}" for value in values[:2])


def queries() -> Iterator[str]:
    for path, names in NAMES.items():
        first = f"{path}&" if "?" in path else f"{path}?"
        yield from (f"{first}{name}={value}" for name in names for value in VALUES)


FORMS = {
    "/memories/": {"memory": None, "reason": "correct", "comment": "x"},
    "/admin/audits/auditrecord/views/": {"name": "x", "filters": "why=junk", "shared": "on"},
    "/admin/audits/auditrecord/views/ ": {"delete": "1", "filters": "why=junk"},
    "/admin/audits/auditrecord/second/": {"action": "reject", "seq": None, "note": "x"},
    "/admin/audits/auditrecord/import/": {"name": "x", "agent": "x", "column_0": "user_query"},
    "/admin/audits/auditrecord/undo/": {},
    "/admin/audits/auditrecord/{record}/change/": {
        "action": "claim",
        "note": "x",
        "kept": "both",
        "valid_until": "2100-01-01",
        "version": "1",
        "corrected_response": "x",
    },
    "/admin/audits/auditrecord/{record}/diff/": {"corrected_response": "x"},
    "/admin/audits/auditrecord/{record}/claim/": {"release": "1"},
    "/admin/audits/auditrecord/{record}/remark/": {"action": "assign", "to": "x"},
    "/admin/audits/auditrecord/{record}/remark/ ": {"action": "comment", "text": "x"},
    "/admin/audits/auditrecord/bulk/{bulk}/": {
        "confirmed": "1",
        "note": "x",
        "reason_code": "x",
    },
    "/admin/audits/notice/test/": {},
    "/login/": {"username": "x", "password": "x", "next": "/"},
    "/language/setlang/": {"language": "pt-br", "next": "/"},
}
"""What each page takes from its forms; a space at the end only tells two forms of one apart."""
IN_FORMS = ["\0", "a\0b", "", "x" * 20_000, "9" * 30, "9999-12-31 23:59:59", "why=%00", "é" * 300,
            "agent=" + "x" * 5_000]  # fmt: skip


def failures(client: Client, addresses: Iterable[str], method: str = "get") -> list[str]:
    """Those that are answered with an error of ours, also in the middle of a streamed file."""
    found = []
    for address in addresses:
        cache.clear()  # the limits have tests of their own
        response = getattr(client, method)(address)
        if response.streaming:
            b"".join(response.streaming_content)
        if response.status_code >= 500 and response.status_code not in NO_ANSWER_OF_OURS:
            found.append(f"{response.status_code} {method} {address[:200]}")
    return found


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.mark.slow
def test_no_argument_of_any_address_breaks_it(admin_user: User) -> None:
    make_record("pending")
    client = client_of(admin_user)

    assert failures(client, with_arguments(VALUES)) == []
    assert failures(client, with_arguments(VALUES[:2]), "post") == []


@pytest.mark.slow
def test_no_filter_of_any_list_breaks_it(admin_user: User) -> None:
    make_record("pending")

    assert failures(client_of(admin_user), lists(whole=True)) == []


@pytest.mark.parametrize(
    "role",
    ["admin", *(pytest.param(one, marks=pytest.mark.slow) for one in ("reviewer", "auditor"))],
)
def test_no_filter_of_any_list_breaks_it_with_one_value_each(
    role: str, admin_user: User, reviewer: User, auditor_user: User
) -> None:
    make_record("pending")

    assert failures(client_of(User.objects.get(username=role)), lists(whole=False)) == []


@pytest.mark.slow
def test_no_query_of_any_page_breaks_it(admin_user: User) -> None:
    assert failures(client_of(admin_user), queries()) == []


@pytest.mark.parametrize(
    "role",
    [
        "nobody",
        "operator",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ("reviewer", "auditor", "without a group")
        ),
    ],
)
def test_no_address_breaks_whoever_asks(
    role: str, operator: User, reviewer: User, auditor_user: User
) -> None:
    make_record("pending")
    User.objects.create_user("without a group", password="x", is_staff=True)
    client = Client(raise_request_exception=False)
    if role != "nobody":
        client.force_login(User.objects.get(username=role))

    assert failures(client, with_arguments(VALUES[:2])) == []


def test_no_selection_breaks_an_action(admin_user: User) -> None:
    make_record("pending")
    client, found = client_of(admin_user), []
    for model, shown in admin.site._registry.items():
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for action in shown.actions or ["delete_selected"]:
            for value in ("abc", "\0", "", "9" * 30, "1e5"):
                sent = {"action": action, "_selected_action": value, "confirmed": 1}
                if (status := client.post(path, sent).status_code) >= 500:
                    found.append(f"{status} {path} {action} {value!r}")

    assert found == []


@pytest.mark.parametrize("path", ["/", "/admin/", "/login/", "/api/agents", "/metrics"])
def test_a_session_cookie_that_is_none_of_ours_signs_nobody_in(path: str) -> None:
    client = Client(raise_request_exception=False)

    response = client.get(path, headers={"Cookie": r'sessionid="\000aaaaaaaaaaaaaaaa"'})

    assert response.status_code < 500


def sent_to_forms(
    record: AuditRecord, seq: int, made: Bulk, values: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each form with each of its fields, in turn, as no page would send it."""
    whole = {"memory": str(record.memory_id), "seq": str(seq)}
    for path, fields in FORMS.items():
        address = path.strip().format(record=record.pk, bulk=made.pk)
        given = {
            name: whole.get(name) if value is None else value for name, value in fields.items()
        }
        for name, value in itertools.product(given, values):
            yield address, given | {name: value}


A_NUL, OTHERS = IN_FORMS[:1], pytest.param(IN_FORMS[1:], marks=pytest.mark.slow)


@pytest.mark.parametrize("values", [A_NUL, OTHERS], ids=["a NUL", "others"])
def test_no_field_of_any_form_breaks_it(
    values: list[str], admin_user: User, reviewer: User, settings: Any
) -> None:
    settings.AUDIT_SECOND_REVIEW_SHARE = 1
    decided = make_record("pending", make_memory("Was it decided?"))
    review.decide(decided.memory_id, "approve", reviewer)
    seq = Decision.objects.get(memory_id=decided.memory_id).seq
    record = make_record("pending", make_memory("Is it mine?", user=admin_user))
    ticked = AuditRecord.objects.filter(pk=record.pk)
    draft = bulk.draft(ticked, "reject", admin_user)
    client, found = client_of(admin_user), []

    for address, fields in sent_to_forms(record, seq, draft, values):
        cache.clear()
        if (status := client.post(address, fields).status_code) >= 500:
            found.append((status, address, fields))
    lists = failures(client, ["/memories/", "/admin/audits/auditrecord/?status=all"])

    assert (found, lists) == ([], [])


def test_every_form_of_the_console_is_walked() -> None:
    """A page that takes forms and is none of Django's stands in FORMS."""
    walked = {re.sub(r"\{\w+\}", "{}", path.strip()) for path in FORMS}
    own = {t for t in templates() if t.startswith("/admin/audits/auditrecord/")}
    django = {"{}/change/", "{}/delete/", "{}/history/", "add/", "export/{}/", "autocomplete/"}
    reads = {"", "memory/{}/", "claims/", "caution/", "waiting/", "{}/nearby/", "{}/"}
    left = {f"/admin/audits/auditrecord/{rest}" for rest in django | reads}

    assert own - walked - left == set()


def test_a_list_that_a_record_came_from_holds_any_filter(admin_user: User) -> None:
    record = make_record("pending")
    page = reverse("admin:audits_auditrecord_change", args=[record.pk])
    names = [str(one.parameter_name) for one in FILTERS]
    filters = [quote(f"{name}={value}") for name in names for value in ("%00", "x")]
    client = client_of(admin_user)

    assert failures(client, [f"{page}?_changelist_filters={one}" for one in filters]) == []


def test_a_cursor_of_any_year_is_refused_or_obeyed(admin_user: User) -> None:
    client = client_of(admin_user)
    moments = [
        f"{year:04}-01-01T00:00:00{zone}" for year in (1, 9999) for zone in ("+23:59", "-23:59")
    ]
    cursors = [urlsafe_b64encode(f"{moment} 1".encode()).decode() for moment in moments]

    assert failures(client, [f"/api/audit/flags?cursor={cursor}" for cursor in cursors]) == []


def test_what_makes_no_sense_is_said_on_a_page_of_ours(admin_user: User) -> None:
    client = client_of(admin_user)

    for address in ("/chat/%00/", "/admin/auth/user/?id__range=1"):
        page = client.get(address)
        assert page.status_code == 400
        assert "makes no sense here" in page.content.decode()
