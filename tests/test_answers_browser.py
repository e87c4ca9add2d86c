"""What an operator does with an answer, in a real browser over a simulated plan."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from tests.axe import A_FEW, assert_accessible
from tests.chat_pages import answered, open_page
from tws.models import Message
from tws.plan.models import PlanEngine, PlanJob

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = "/chat/tws-analyzer/"


@pytest.fixture
def chat(browser: Browser, plan_of_now: None, server: str, operator: User) -> Iterator[Page]:
    page = open_page(browser, server, operator, CHAT)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator("#connection")).to_have_attribute("data-state", "connected")
    yield page
    page.context.close()


def copied(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")


def first_cells(table: Locator) -> list[str]:
    return table.locator("tbody td:first-child").all_inner_texts()


def test_a_list_goes_on_with_the_rows_of_its_own_query(chat: Page) -> None:
    answered(chat, "which jobs are waiting?")
    table = chat.locator(".table-block")
    expect(table.locator("tbody tr")).to_have_count(20)
    waiting = PlanJob.objects.filter(group="waiting").count()
    expect(table.locator(".table-foot")).to_contain_text(f"20 of {waiting}")
    expect(chat.locator(".answer .text")).not_to_contain_text("Showing 20")  # said once

    table.get_by_role("button", name=f"Show the other {waiting - 20}").click()

    expect(table.locator("tbody tr")).to_have_count(waiting)
    expect(table.locator(".more")).to_be_hidden()
    assert len(set(first_cells(table))) <= waiting
    assert Message.objects.filter(role="user").count() == 1  # no agent was asked


@pytest.mark.slow
def test_a_list_is_sorted_with_the_keyboard_and_by_all_its_rows(chat: Page) -> None:
    answered(chat, "which jobs are waiting?")
    table = chat.locator(".table-block")
    heading = table.get_by_role("columnheader", name="job", exact=True)
    names = sorted(PlanJob.objects.filter(group="waiting").values_list("name", flat=True))

    heading.get_by_role("button").focus()
    chat.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert first_cells(table)[0] == names[0]
    chat.keyboard.press("Enter")

    expect(heading).to_have_attribute("aria-sort", "descending")
    assert first_cells(table)[0] == names[-1]


@pytest.mark.slow
def test_a_list_of_any_length_is_sorted_and_goes_on(chat: Page) -> None:
    one = PlanJob.objects.filter(group="waiting").earliest("name")
    for number in range(1100):
        one.pk, one.hwa_id, one.name = None, f"more-{number}", f"Z_{number:04}"
        one.save(force_insert=True)
    answered(chat, "which jobs are waiting?")
    table = chat.locator(".table-block")
    table.get_by_role("button", name="Show 500 more").click()
    expect(table.locator("tbody tr")).to_have_count(520)

    table.get_by_role("columnheader", name="job", exact=True).get_by_role("button").click()

    expect(table.locator("[aria-sort]")).to_have_count(1)
    expect(table.locator(".problem")).to_be_hidden()
    waiting = PlanJob.objects.filter(group="waiting").count()
    while (more := table.locator(".more")).is_visible():
        shown = table.locator("tbody tr").count()
        more.click()
        expect(table.locator("tbody tr")).not_to_have_count(shown)
    assert len(set(first_cells(table))) == table.locator("tbody tr").count() == waiting


@pytest.mark.slow
def test_a_list_of_a_plan_that_was_replaced_says_so(chat: Page) -> None:
    answered(chat, "which jobs are waiting?")
    PlanEngine.objects.update(span_start_at=timezone.now())

    chat.locator(".table-block .more").click()

    expect(chat.get_by_role("alert").filter(has_text="The plan has been replaced")).to_be_visible()
    expect(chat.locator(".table-block tbody tr")).to_have_count(20)


@pytest.mark.slow
def test_tables_and_answers_are_copied(chat: Page) -> None:
    answered(chat, "how many jobs are in each status?")
    table = chat.locator(".table-block")

    table.get_by_role("button", name="Copy as CSV").click()
    expect(table.get_by_text("Copied")).to_be_visible()
    as_csv = copied(chat).split("\n")
    table.get_by_role("button", name="Copy", exact=True).click()
    expect(table.get_by_text("Copied")).to_have_count(2)
    as_text = copied(chat).split("\n")
    chat.get_by_role("button", name="Copy the answer").click()
    expect(chat.get_by_text("Copied")).to_have_count(3)

    assert re.fullmatch(r"[^,]+,count", as_csv[0])
    assert [line.split(",") for line in as_csv] == [line.split("\t") for line in as_text]
    lines = [line.rstrip() for line in copied(chat).split("\n")]
    assert "200 jobs" in lines[0]
    assert [line for line in lines if "\t" in line] == as_text
    assert not {"Copy", "Copied"} & set(lines)


@pytest.mark.slow
def test_a_fact_says_where_it_was_read(chat: Page) -> None:
    answered(chat, "which jobs failed since yesterday?")
    fact = chat.locator(".fact").first

    fact.hover()

    origin = chat.get_by_role("tooltip")
    expect(origin).to_contain_text("Plan of SIM (simulator): runs · ended in error")
    expect(origin).to_contain_text(re.compile(r"read \d\d:\d\d:\d\d$"))
    chat.mouse.move(0, 0)
    expect(origin).to_be_hidden()
    fact.focus()
    expect(origin).to_be_visible()
    chat.keyboard.press("Escape")
    expect(origin).to_be_hidden()
    chat.keyboard.press("ArrowRight")
    expect(chat.locator(".fact").nth(1)).to_be_focused()
    expect(origin).to_be_visible()


@pytest.mark.slow
def test_a_status_looks_the_same_wherever_it_stands(chat: Page) -> None:
    answered(chat, "which jobs are waiting?")
    answered(chat, "how many jobs are in each status?")

    in_list = chat.locator(".table-block").first.locator(".status.waiting").first
    in_groups = chat.locator(".table-block").last.locator(".status.waiting").first

    look = "one => [getComputedStyle(one).color, getComputedStyle(one, '::before').content]"
    assert in_list.evaluate(look) == in_groups.evaluate(look)


@pytest.mark.slow
def test_sources_are_sentences(chat: Page) -> None:
    answered(chat, "which jobs are waiting?")

    source = chat.locator(".source.hwa .label")

    expect(source).to_have_text(
        re.compile(r"^Plan of SIM \(simulator\), read \d\d:\d\d:\d\d: jobs · waiting$")
    )


@pytest.mark.slow
def test_history_shows_an_answer_as_it_came(chat: Page) -> None:
    answered(chat, "which jobs are waiting?")
    shown = chat.locator(".answer .text").inner_html()
    chat.reload()

    expect(chat.locator(".table-block tbody tr")).to_have_count(20)
    assert chat.locator(".answer .text").inner_html() == shown
    chat.locator(".table-block .more").click()
    expect(chat.locator(".table-block .more")).to_be_hidden()


# --- conditions -----------------------------------------------------------------------------------


def test_a_condition_is_left_out_and_the_query_asked_again(chat: Page) -> None:
    job = a_job("waiting")
    answered(chat, f"which jobs of the stream {job.stream_name} are waiting?")
    understood = chat.locator(".understood")
    expect(understood.locator(".condition")).to_have_count(2)

    understood.get_by_role("button", name=f"without: job stream {job.stream_name}").click()

    expect(chat.locator(".question p").last).to_have_text("jobs · waiting")
    waiting = PlanJob.objects.filter(group="waiting").count()
    expect(chat.locator(".answer:not([aria-busy]) .text").last).to_contain_text(f"{waiting} jobs")
    expect(understood.last.locator(".condition")).to_have_count(1)
    chat.reload()
    expect(chat.locator(".condition")).to_have_count(3)


def test_a_choice_of_an_earlier_question_back_answers_that_question(chat: Page) -> None:
    for question in ("which jobs failed since yesterday?", "why?", "how many jobs are waiting?"):
        answered(chat, question)
    choices = chat.locator(".suggestions").filter(has_text="Did you mean")
    chosen = choices.get_by_role("button").nth(1).inner_text()

    choices.get_by_role("button").nth(1).click()

    expect(chat.locator(".exchange")).to_have_count(4)
    last = chat.locator(".exchange").last
    expect(last.locator(".question p")).to_have_text(chosen)
    expect(last.locator(".understood")).to_contain_text("why")
    expect(last.locator(".text")).to_contain_text(chosen.rpartition(".")[2])
    last.get_by_role("button", name="Ask again").click()
    expect(chat.locator(".exchange").nth(4).locator(".understood")).to_contain_text("why")


# --- cards --------------------------------------------------------------------------------------


def a_job(group: str) -> PlanJob:
    job = PlanJob.objects.filter(group=group).order_by("hwa_id").first()
    assert job is not None
    return job


def test_a_name_opens_its_card_and_the_card_asks_on(chat: Page) -> None:
    job = a_job("failed")
    answered(chat, f"what is the status of {job.name}?")

    chat.locator(".answer").get_by_role("button", name=job.name, exact=True).first.focus()
    chat.keyboard.press("Enter")

    card = chat.get_by_role("dialog", name=job.name)
    expect(card.locator(".card-state .status")).to_have_text(job.status)
    expect(card.locator("dl")).to_contain_text(job.stream_name)
    expect(card.locator(".card-part").first).to_contain_text("ended in error")
    card.get_by_text("Log", exact=True).click()
    expect(card.locator(".code-head").last).to_contain_text("Times of this log:")
    assert_accessible(chat, *A_FEW)
    assert chat.evaluate("document.documentElement.scrollWidth") <= 390
    card.get_by_role("button", name="What is the impact").click()

    expect(card).to_be_hidden()
    expect(chat.locator(".question p").last).to_have_text(
        f"What is the impact of {job.stream_name}.{job.name}?"
    )
    expect(chat.locator(".answer:not([aria-busy])")).to_have_count(2)


@pytest.mark.slow
def test_a_card_leads_to_the_next_one_and_escape_closes_it(chat: Page) -> None:
    job = a_job("waiting")
    answered(chat, f"what is the status of {job.name}?")
    chat.locator(".answer").get_by_role("button", name=job.name, exact=True).first.click()

    chat.locator("dialog dd .thing").first.click()

    expect(chat.get_by_role("dialog", name=job.stream_name)).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("dialog")).to_be_hidden()
