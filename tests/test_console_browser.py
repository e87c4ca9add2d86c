"""The review console in a real browser: two keystrokes decide, and no hostile text runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from audits.models import AuditRecord
from knowledge.models import Memory
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "[x](javascript:alert(4)) </textarea><script>alert(5)</script> {{constructor.constructor"
    "('alert(6)')()}} </pre></details>' onfocus=alert(7) autofocus x='"
)


def path_of(record: AuditRecord) -> str:
    return reverse("admin:audits_auditrecord_change", args=[record.pk])


def status_of(record: AuditRecord) -> str:
    return AuditRecord.objects.values_list("status", flat=True).get(pk=record.pk)


@pytest.mark.parametrize(("key", "status"), [("a", "approved"), ("r", "rejected")])
def test_two_keystrokes_decide_and_lead_to_the_next(key, status, open_page, reviewer):
    first = make_record("pending", make_memory("first?"))
    second = make_record("pending", make_memory("second?"))
    page = open_page(reviewer, path_of(first))

    page.keyboard.press(key)
    expect(page.locator("#armed")).to_contain_text("Enter")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{path_of(second)}")
    assert status_of(first) == status
    assert status_of(second) == "pending"
    assert page.complaints == []


def test_a_letter_alone_decides_nothing_and_escape_forgets_it(open_page, reviewer):
    record = make_record("pending")
    page = open_page(reviewer, path_of(record))

    page.keyboard.press("a")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)

    assert status_of(record) == "pending"
    assert page.locator("#armed").text_content() == ""


def test_letters_in_a_note_are_text_and_enter_there_decides_nothing(
    open_page,
    reviewer,
):
    record = make_record("pending")
    page = open_page(reviewer, path_of(record))

    page.keyboard.press("n")
    page.keyboard.type("are")
    page.keyboard.press("Enter")
    page.keyboard.press("4")
    page.keyboard.press("r")
    page.keyboard.press("Enter")

    page.wait_for_load_state()
    expect(page.get_by_text("Rejected:").first).to_be_visible()
    record.refresh_from_db()
    assert (record.status, record.note, record.reason_code) == ("rejected", "are", "outdated")


def test_a_correction_shows_what_changes_and_is_approved(open_page, reviewer):
    record = make_record("pending", make_memory("Q?", "old <b>text</b>"))
    page = open_page(reviewer, path_of(record))

    page.keyboard.press("e")
    page.locator("#corrected").fill("new <b>text</b><script>alert(1)</script>")

    expect(page.locator("#diff ins").first).to_have_text("new")
    expect(page.locator("#diff del").first).to_have_text("old")
    page.locator("#corrected").press("Control+Enter")
    expect(page.get_by_text("Corrected and approved").first).to_be_visible()
    memory = Memory.objects.get(pk=record.memory_id)
    assert memory.agent_response == "new <b>text</b><script>alert(1)</script>"
    assert page.complaints == []


def test_help_undo_next_and_previous_are_keys_too(open_page, reviewer):
    first = make_record("pending", make_memory("first?"))
    second = make_record("pending", make_memory("second?"))
    page = open_page(reviewer, path_of(first))

    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.wait_for_url(f"**{path_of(second)}")
    page.keyboard.press("k")
    page.wait_for_url(f"**{path_of(first)}")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path_of(second)}")
    page.goto(page.url.replace(path_of(second), path_of(first)))
    page.keyboard.press("u")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Undone:").first).to_be_visible()
    assert status_of(first) == "pending"


def test_no_hostile_text_runs_anywhere(open_page, admin_user):
    memory = make_memory(
        HOSTILE,
        HOSTILE,
        agent=HOSTILE[:90],
        evidence=[{"tool": HOSTILE, "arguments": HOSTILE, "result": {"x": HOSTILE}}],
    )
    finding = dict.fromkeys(("code", "quote", "datum", "message"), HOSTILE)
    record = make_record(
        "pending",
        memory,
        ia_audit_reason=HOSTILE,
        findings=[finding],
        model=HOSTILE[:200],
        judge="rules",
        ia_audit_confidence=0.9,
    )
    page = open_page(admin_user, path_of(record))

    page.keyboard.press("e")
    page.locator("#corrected").press("End")
    page.keyboard.type("x")
    expect(page.locator("#diff ins").first).to_be_visible()
    for path in (
        "/admin/",
        "/admin/audits/auditrecord/",
        "/admin/knowledge/memory/",
        f"/admin/knowledge/memory/{memory.pk}/change/",
        "/admin/audits/decision/",
    ):
        page.goto(page.url.partition("/admin/")[0] + path)
        page.wait_for_load_state("networkidle")

    assert page.complaints == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_their_window(width, scheme, open_page, reviewer):
    record = make_record("pending", make_memory("W" * 300, "M" * 3000 + "\n" + "word " * 300))
    page = open_page(reviewer, path_of(record), color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})

    for path in (path_of(record), "/admin/audits/auditrecord/", "/admin/"):
        page.goto(page.url.partition("/admin/")[0] + path)
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, path


def test_the_api_documentation_renders_under_the_strict_policy(
    open_page,
    reviewer,
):
    page = open_page(reviewer, "/api/docs")

    expect(page.locator(".opblock").first).to_be_visible(timeout=15_000)
    assert page.complaints == []


def test_the_scripts_of_the_console_have_no_inline_handlers():
    folder = Path(__file__).parent.parent / "audits" / "templates"

    for template in folder.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\son\w+\s*=|<script(?![^>]*\ssrc=)|javascript:", text), template
