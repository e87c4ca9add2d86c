"""Beside the decision, in a real browser: neighbours, remarks, second opinions, what is set up."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from audits import review
from audits.models import AuditRecord, Notice
from tests.axe import A_FEW, LANGUAGES, assert_accessible, in_language
from tests.factories import make_memory, make_record
from tests.test_nearby import approved, quoted

pytestmark = pytest.mark.django_db(transaction=True)


def pending() -> AuditRecord:
    return make_record("pending", make_memory("Which port does netman use?", "On port 31116."))


@pytest.mark.slow
def test_one_reads_what_stands_near_a_record_and_writes_to_the_others(open_page, reviewer):
    approved(reviewer, "Which port does netman listen on?", "On port 31111.")
    record = pending()
    page = open_page(reviewer, reverse("admin:audits_auditrecord_change", args=[record.pk]))
    expect(page.locator("#content")).to_contain_text("This one says “31116”, an approved memory")
    expect(page.locator("#nearby")).to_contain_text("Says otherwise")
    assert_accessible(page, *A_FEW, within="#content")

    page.locator("#remarks textarea").click()
    page.keyboard.type("ask the network people, r")
    page.get_by_role("button", name="Comment").click()

    expect(page.locator(".rc-history")).to_contain_text("ask the network people, r")
    page.get_by_role("button", name="Assign to me").click()
    expect(page.locator(".rc-bar")).to_contain_text("assigned to reviewer")
    record.refresh_from_db()
    assert (record.status, record.assigned_to) == ("pending", reviewer)
    assert page.complaints == []


def pages(admin_user, reviewer) -> list[str]:
    """What this part of the console consists of, each with something on it."""
    memory = approved(reviewer, "How do I restart X?", "Use StartUpLwa.")
    quoted(memory, 12, reviewer)
    review.decide(pending().memory_id, "approve", reviewer, keeps_both=True)
    news = {
        "new": 2,
        "why": {"danger": 2},
        "overdue": 1,
        "overdue_in_all": 3,
        "down": [],
        "back": [],
    }
    now = timezone.now()
    Notice.objects.create(channel="webhook", news=news, problem="refused 503", given_up_at=now)
    Notice.objects.create(channel="email", news={"test": True}, sent_at=now)
    return [
        reverse("admin:audits_auditrecord_nearby", args=[memory.audit.pk]),
        reverse("admin:audits_auditrecord_second"),
        reverse("admin:audits_notice_changelist"),
        reverse("settings"),
        reverse("admin:resync_site_apitoken_add"),
        reverse("admin:tws_agent_changelist"),
    ]


@pytest.mark.slow
def test_these_pages_are_accessible_and_fit_their_window(open_page, admin_user, reviewer, settings):
    settings.AUDIT_SECOND_REVIEW_SHARE = 1
    settings.NOTIFY_EMAIL_TO = ["ops@example.com"]
    paths = pages(admin_user, reviewer)
    page = open_page(admin_user, paths[0])
    for language in LANGUAGES:
        in_language(page, language)
        for path in paths:
            page.goto(urljoin(page.url, path))
            assert_accessible(page, within="#content")
            for width in (390, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert overflow <= 0, (path, width)
    assert page.complaints == []
