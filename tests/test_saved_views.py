"""Views of the queue that are kept under a name."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audits.models import SavedView
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db

LIST = "/admin/audits/auditrecord/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def save(client: Client, name: str, filters: str, **fields: str):
    return client.post(f"{LIST}views/", {"name": name, "filters": filters, **fields}, follow=True)


def offered(client: Client, query: str = "") -> dict[str, str]:
    return {one.name: one.url for one in client.get(f"{LIST}{query}").context["views"]}


def test_a_view_keeps_list_filters_and_search_and_nothing_else(reviewer) -> None:
    client = signed_in(reviewer)

    answer = save(client, " Worst  first ", "judge=rules&p=3&status=pending&x=1&q=FD&why=danger")

    assert answer.redirect_chain[-1][0] == f"{LIST}?judge=rules&q=FD&status=pending&why=danger"
    assert offered(client) == {"Worst first": "?judge=rules&q=FD&status=pending&why=danger"}
    (open_one,) = client.get(f"{LIST}?why=danger&status=pending&judge=rules&q=FD").context["views"]
    assert open_one.is_open


def test_ones_own_are_ones_own_and_shared_ones_are_everybodys(reviewer, auditor_user) -> None:
    own, other = signed_in(reviewer), signed_in(auditor_user)
    save(own, "mine", "why=danger")
    save(own, "ours", "why=secret", shared="on")
    save(other, "theirs", "why=junk", shared="on")  # who decides nothing shares nothing
    ours = SavedView.objects.get(name="ours")

    assert set(offered(own)) == {"mine", "ours"}
    assert set(offered(other)) == {"ours", "theirs"}
    other.post(f"{LIST}views/", {"delete": ours.pk})
    assert set(offered(own)) == {"mine", "ours"}
    own.post(f"{LIST}views/", {"delete": ours.pk})
    assert set(offered(other)) == {"theirs"}


@pytest.mark.parametrize(
    ("name", "filters"), [("", "why=junk"), ("x" * 61, "why=junk"), ("a", ""), ("a", "page=2")]
)
def test_a_view_without_name_or_filters_is_refused_in_words(name, filters, reviewer) -> None:
    answer = save(signed_in(reviewer), name, filters)

    assert "A view needs a name" in answer.content.decode()
    assert not SavedView.objects.exists()


def test_a_name_stands_once(reviewer) -> None:
    client = signed_in(reviewer)
    save(client, "a", "why=junk")

    answer = save(client, "a", "why=danger")

    assert "You have a view of this name already." in answer.content.decode()
    assert offered(client) == {"a": "?why=junk"}


def test_operators_keep_no_views_and_hear_no_counts(operator) -> None:
    client = signed_in(operator)

    assert client.post(f"{LIST}views/", {"name": "a", "filters": "why=junk"}).status_code == 302
    assert client.get(f"{LIST}waiting/").status_code == 302
    assert not SavedView.objects.exists()


def test_a_hostile_name_is_text(reviewer) -> None:
    client = signed_in(reviewer)
    save(client, "<script>alert(1)</script>", "why=junk")

    assert "<script>alert(1)" not in client.get(LIST).content.decode()


def test_the_badge_counts_what_waits_in_any_way(auditor_user) -> None:
    for number, status in enumerate(["pending", "quarantined", "failed", "cleared"]):
        make_record(status, make_memory(f"Question {number}?"))

    assert signed_in(auditor_user).get(f"{LIST}waiting/").json() == {"waiting": "3"}
