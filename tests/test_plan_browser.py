"""The plan page as operators open it in the morning, in a browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, expect

from audits import review
from audits.states import Status
from knowledge.models import Source
from tests.axe import A_FEW, assert_accessible
from tests.chat_pages import open_page
from tests.factories import make_memory, make_record
from tests.plan_reading import make_engine
from tws.plan.models import PlanDependency, PlanJob, PlanWorkstation

LONG = "FOLHA_DE_PAGAMENTO_DAS_FILIAIS"

pytestmark = pytest.mark.django_db(transaction=True)


def make(model: Any, name: str, **columns: Any) -> None:
    now = timezone.now()
    model.objects.create(
        engine="SIM", hwa_id=name, name=name, digest=b"", fetched_at=now, **columns
    )


def job(name: str, **columns: Any) -> None:
    columns = {"group": "failed", "status": "ABEND", "stream_name": "FOLHA", **columns}
    make(PlanJob, name, workstation=columns.pop("workstation", "FTA_SP01"), **columns)


def waits(of: str, target: str) -> None:
    PlanDependency.objects.create(
        engine="SIM", of_kind="job", of_id=of, of_name=of, kind="INTERNAL", target_kind="job",
        number=1, target_id=target, target_name=target, is_satisfied=False,
        fetched_at=timezone.now(),
    )  # fmt: skip


def fix(by: User) -> None:
    reading = {"id": "f1", "tool": "what_fixed_it", "result": {"return_code": 8}}
    memory = make_memory(
        "What fixes the job PAYROLL_CALC?", "Cause: no space. Done: **cleaned** /dados.",
        source=Source.TOLD, evidence=[reading],
    )  # fmt: skip
    make_record(Status.PENDING, memory)
    review.decide(memory.pk, "approve", by)


@pytest.mark.slow
def test_plan_page_says_what_needs_somebody_by_cause(
    browser: Browser, server: str, operator: User, reviewer: User, settings: Any
) -> None:
    settings.TWS_BASE_URL, settings.TWS_ENGINE_NAME = "https://127.0.0.1:9", "SIM"
    answers = {"backup": "https://hwa2", "clock_ahead_seconds": -5400}
    make_engine(pass_seconds=1e6, edges_total=0, **answers)
    page = open_page(browser, server, operator, "/")
    expect(page.locator("#nothing")).to_contain_text("Nothing needs you: read at")
    expect(page.locator("#loading")).to_be_hidden()
    expect(page.locator("#missing")).to_contain_text("https://hwa2 does")
    expect(page.locator("#missing")).to_contain_text("90 min behind ours")

    make(PlanWorkstation, "AGT_BI01", problems=["unlinked"])
    for n in range(40):
        job(f"BI_{n:02}", workstation="AGT_BI01", group="ready", status="READY", folder="/BI")
    job("PAYROLL_CALC", return_code=8, folder="/RH", ended_at=timezone.now(), stream_name=LONG)
    due = timezone.now() - timedelta(minutes=5)
    job("AFTER_IT", group="waiting", status="HOLD", deadline_at=due, stream_name="OTHER")
    waits("AFTER_IT", "PAYROLL_CALC")
    fix(reviewer)

    dead = page.locator(".need.place")
    expect(dead).to_contain_text("AGT_BI01 not linked")
    expect(dead).to_contain_text("40 ready, not started")
    expect(page.locator("#needs-count")).to_have_text("2")
    failed = page.locator(".need.failed")
    expect(failed.locator(".cause b")).to_have_text("PAYROLL_CALC")  # only that has failed
    expect(failed.locator(".figures")).to_contain_text("1 late")
    failed.locator("summary").press("Enter")
    expect(failed.locator(".fix")).to_contain_text("Reviewed fix, approved by reviewer")
    expect(failed.locator(".fix strong")).to_have_text("cleaned")
    expect(failed.locator(".need-body .status.failed")).to_have_text("ABEND")

    # What is open stays open while the page refreshes itself, and says that it did.
    PlanJob.objects.filter(name__lt="BI_10").delete()
    expect(dead).to_contain_text("30 ready, not started")
    expect(failed.locator(".fix")).to_be_visible()
    expect(page.locator("#refreshed")).to_contain_text("Updates by itself; last at")
    assert_accessible(page, *A_FEW)
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    failed.locator("button.thing").first.click()
    expect(page.locator("dialog")).to_contain_text("PAYROLL_CALC")
    page.keyboard.press("Escape")
    page.get_by_label("Folder or workstations").fill("/BI")
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_have_text("30 jobs of the plan are in this filter")
    expect(page.locator(".need.failed")).to_have_count(0)
    page.get_by_role("link", name="The whole plan").click()
    page.locator(".need.failed summary").click()
    page.get_by_role("link", name=f"Why did {LONG}.PAYROLL_CALC fail?").click()
    expect(page.get_by_label("Your question")).to_have_value(f"Why did {LONG}.PAYROLL_CALC fail?")
    page.context.close()
