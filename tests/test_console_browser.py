"""The review console in a real browser: two keystrokes decide, and no hostile text runs."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from audits import bulk, review
from audits.models import AuditRecord
from knowledge.models import Memory
from tests.axe import LANGUAGES, assert_accessible, in_language
from tests.factories import make_memory, make_record
from tests.test_console_reading import answered, judged
from tests.test_plan_processes import eventually

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


@pytest.mark.parametrize(("keys", "status"), [("a Enter", "approved"), ("r 1", "rejected")])
def test_two_keystrokes_decide_and_lead_to_the_next(keys, status, open_page, reviewer):
    first = make_record("pending", make_memory("first?"))
    second = make_record("pending", make_memory("second?"))
    page = open_page(reviewer, path_of(first))

    for key in keys.split():
        page.keyboard.press(key)

    page.wait_for_url(f"**{path_of(second)}")
    assert status_of(first) == status
    assert status_of(second) == "pending"
    assert page.complaints == []


@pytest.mark.parametrize("key", ["a", pytest.param("r", marks=pytest.mark.slow)])
def test_a_letter_alone_decides_nothing_and_escape_forgets_it(key, open_page, reviewer):
    record = make_record("pending")
    page = open_page(reviewer, path_of(record))

    page.keyboard.press(key)
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).not_to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    page.wait_for_timeout(300)

    assert status_of(record) == "pending"
    assert page.locator("#armed").text_content() == ""


@pytest.mark.slow
def test_letters_in_a_note_are_text_and_enter_there_decides_nothing(open_page, reviewer):
    record = make_record("pending")
    page = open_page(reviewer, path_of(record))

    page.keyboard.press("n")
    page.keyboard.type("are1")
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    page.keyboard.press("2")

    expect(page.get_by_text("Rejected:").first).to_be_visible()
    record.refresh_from_db()
    assert (record.status, record.note, record.reason_code) == ("rejected", "are1", "outdated")


@pytest.mark.slow
def test_ten_records_are_decided_by_keyboard_alone(open_page, reviewer):
    records = [make_record("pending", make_memory(f"{n}?", f"old {n}")) for n in range(10)]
    page = open_page(reviewer, "/admin/audits/auditrecord/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    for number, record in enumerate(records):
        page.wait_for_url(f"**{path_of(record)}*")
        if number == 4:
            page.keyboard.press("e")
            page.keyboard.press("Control+A")
            page.keyboard.type("new text")
            page.keyboard.press("Control+Enter")
            continue
        for key in ("a", "Enter") if number % 2 else ("r", "5"):
            page.keyboard.press(key)
    expect(page.get_by_text("Nothing waits for a decision")).to_be_visible()

    statuses = [status_of(record) for record in records]
    assert statuses == ["rejected", "approved"] * 2 + ["approved"] + [
        "approved",
        "rejected",
    ] * 2 + ["approved"]
    assert Memory.objects.get(pk=records[4].memory_id).agent_response == "new text"
    assert page.complaints == []


def test_the_last_decision_is_undone_from_wherever_one_is(open_page, reviewer):
    first = make_record("pending", make_memory("first?"))
    second = make_record("pending", make_memory("second?"))
    page = open_page(reviewer, path_of(first))
    for path in (
        path_of(second),
        "/admin/audits/auditrecord/",
        "/admin/",
        "/admin/audits/decision/",
    ):
        page.keyboard.press("r")
        page.keyboard.press("1")
        page.wait_for_url(f"**{path_of(second)}")
        page.goto(page.url.partition("/admin/")[0] + path)

        page.keyboard.press("u")
        expect(page.locator("#armed")).to_contain_text("first?")
        page.keyboard.press("Enter")

        page.wait_for_url(f"**{path_of(first)}")
        expect(page.get_by_text("Undone:").first).to_be_visible()
        assert status_of(first) == "pending"


@pytest.mark.slow
def test_a_skipped_record_does_not_come_back_while_one_reviews(open_page, reviewer):
    first, second, third = (make_record("pending", make_memory(f"{n}?")) for n in range(3))
    page = open_page(reviewer, path_of(first))

    page.keyboard.press("s")
    page.wait_for_url(f"**{path_of(second)}")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path_of(third)}")
    page.keyboard.press("a")
    page.keyboard.press("Enter")

    page.wait_for_url("**/auditrecord/")
    assert status_of(first) == "pending"


@pytest.mark.slow
def test_restoring_is_not_offered_beside_approving_and_asks_for_a_reason(open_page, reviewer):
    quarantined, rejected = make_record("quarantined"), make_record("pending", make_memory("no?"))
    review.decide(rejected.memory_id, "reject", reviewer)
    page = open_page(reviewer, path_of(quarantined))
    expect(page.get_by_role("button", name="Approve", exact=False).first).to_be_visible()
    expect(page.get_by_role("button", name="Restore")).to_have_count(0)

    page.goto(page.url.replace(path_of(quarantined), path_of(rejected)))
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Why is it restored?")).to_be_visible()
    page.keyboard.press("1")

    expect(page.get_by_text("Restored:").first).to_be_visible()
    rejected.refresh_from_db()
    assert (rejected.status, rejected.reason_code) == ("approved", "correct")


@pytest.mark.slow
def test_the_panel_of_decisions_leaves_the_text_readable(open_page, reviewer):
    record = make_record("pending", make_memory("Q?", "word " * 600))
    page = open_page(reviewer, path_of(record))
    page.set_viewport_size({"width": 1280, "height": 800})

    page.keyboard.press("e")

    assert page.locator("#decide").bounding_box()["height"] < 120


def test_a_correction_shows_what_changes_and_is_approved(open_page, reviewer):
    record = make_record("pending", make_memory("Q?", "old <b>text</b>"))
    page = open_page(reviewer, path_of(record))

    page.keyboard.press("e")
    page.locator("#corrected").fill("new <b>text</b><script>alert(1)</script>")

    expect(page.locator("#diff ins").first).to_contain_text("new")
    expect(page.locator("#diff del").first).to_contain_text("old")
    page.locator("#corrected").press("Control+Enter")
    expect(page.get_by_text("Corrected and approved").first).to_be_visible()
    memory = Memory.objects.get(pk=record.memory_id)
    assert memory.agent_response == "new <b>text</b><script>alert(1)</script>"
    assert page.complaints == []


@pytest.mark.slow
def test_help_next_and_previous_are_keys_too(open_page, reviewer):
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


@pytest.mark.slow
def test_opening_a_record_claims_it_and_others_see_it_live(open_page, reviewer, admin_user):
    record, other = make_record("pending"), make_record("pending", make_memory("other?"))
    page = open_page(reviewer, path_of(record))
    expect(page.locator("#claim")).to_contain_text("yours until")

    second = open_page(admin_user, path_of(record))
    expect(second.locator("#claim")).to_contain_text("reviewer is reviewing")
    expect(second.get_by_role("button", name="Reject")).to_be_disabled()
    listed = open_page(admin_user, "/admin/audits/auditrecord/")
    expect(listed.get_by_text("reviewer is reviewing")).to_be_visible()

    second.keyboard.press("c")
    expect(second.locator("#claim")).to_contain_text("yours until")
    second.keyboard.press("r")
    second.keyboard.press("1")
    second.wait_for_url(f"**{path_of(other)}")
    expect(page.locator("#claim")).to_contain_text("Meanwhile: Rejected, admin", timeout=60_000)
    expect(page.get_by_role("button", name="Approve", exact=False).first).to_be_disabled()


def test_the_badge_tells_of_what_comes_while_a_page_is_open(open_page, reviewer):
    page = open_page(reviewer, "/admin/audits/decision/")
    badge = page.locator("#nav-sidebar-apps [data-badge]")
    expect(badge).to_have_count(0)

    for number in range(2):
        make_record("pending", make_memory(f"{number}?"))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(badge).to_have_text(str(number + 1))


@pytest.mark.slow
def test_leaving_a_record_gives_it_back(open_page, reviewer):
    record = make_record("pending")
    page = open_page(reviewer, path_of(record))
    expect(page.locator("#claim")).to_contain_text("yours until")

    page.goto(page.url.partition("/admin/")[0] + "/admin/audits/decision/")

    claimed = AuditRecord.objects.filter(review_claimed_by__isnull=False)
    eventually(lambda: not claimed.exists())


def console_pages(by) -> list[str]:
    record = judged(answered())
    make_record("pending", make_memory("second?"), why="danger", judge="rules")
    made = bulk.draft(AuditRecord.objects.all(), "reject", by)
    pages = ("/admin/", "audits/auditrecord/", "audits/decision/", "knowledge/memory/")
    return [
        path_of(record),
        reverse("admin:audits_auditrecord_bulk", args=[made.pk]),
        reverse("admin:audits_auditrecord_import"),
        reverse("admin:audits_auditrecord_caution"),
        *(urljoin("/admin/", page) for page in pages),
    ]


UNREACHABLE = """() => [...document.querySelectorAll("[x-on\\\\:click]")].filter((one) =>
  one.checkVisibility() && one.tabIndex < 0 && one.textContent.trim()
  && !one.querySelector("a, button, input")).map((one) => one.outerHTML)"""


@pytest.mark.slow
def test_the_frame_is_worked_with_the_keyboard_alone(open_page, reviewer):
    page = open_page(reviewer, "/admin/")
    page.set_viewport_size({"width": 800, "height": 900})  # the menu lies over the page

    assert page.evaluate(UNREACHABLE) == []
    page.get_by_role("button", name="Menu").press("Enter")
    close = page.locator("#nav-sidebar").get_by_role("button", name="Menu")
    expect(close).to_be_focused()
    close.press("Enter")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.keyboard.press(" ")
    expect(close).to_be_focused()
    page.locator("#nav-sidebar").get_by_role("button", name="reviewer").press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    assert page.evaluate(UNREACHABLE) == []
    page.get_by_role("button", name="Log out").press("Enter")

    expect(page.locator("#id_username")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_console_is_accessible_in_both_languages_and_all_looks(language, open_page, reviewer):
    paths = console_pages(reviewer)
    page = open_page(reviewer, paths[0])
    in_language(page, language)
    for path in paths:
        page.goto(urljoin(page.url, path))

        assert_accessible(page)


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


@pytest.mark.slow
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


def test_the_scripts_of_the_console_have_no_inline_handlers():
    folder = Path(__file__).parent.parent / "audits" / "templates"

    for template in folder.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\son\w+\s*=|<script(?![^>]*\ssrc=)|javascript:", text), template
