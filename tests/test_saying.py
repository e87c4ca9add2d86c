"""Whatever is asked, what is said of it verifies against its own evidence, in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, get_args

import pytest
from django.utils import timezone

from knowledge.claims.checking import check
from knowledge.claims.evidence import readings_in
from tests.plan_reading import MovedSimulator, moved_simulator
from tests.test_toolkit import Asking
from tws.answers.events import Final
from tws.answers.memories import Recalled
from tws.answers.saying import beside, objects, queries
from tws.answers.saying.speech import Speech
from tws.answers.toolkit import Toolkit
from tws.answers.understanding.asked import (
    About,
    Ask,
    Asked,
    Before,
    CompareDays,
    CompareRuns,
    Engine,
    Facet,
    Impact,
    LogOf,
    Summary,
    Thing,
)
from tws.chat.showing.display import display_of
from tws.chat.showing.marks import unmarked
from tws.database import in_database
from tws.plan import inspecting
from tws.plan.models import (
    PlanDefinition,
    PlanEngine,
    PlanJob,
    PlanJobStream,
    PlanResource,
    PlanRun,
    PlanWorkstation,
)
from tws.plan.query import PlanQuery

pytestmark = pytest.mark.django_db(transaction=True)

GROUPS = ("failed", "waiting", "ready", "running", "success")
FACETS: tuple[Facet, ...] = (
    "status", "why", "why_failed", "why_waits", "runs", "rerun", "failed_before", "definition",
    "schedule",
)  # fmt: skip
FIELDS = (
    "priority", "login", "return_code", "deadline", "late", "owner", "estimated_minutes",
    "usual_minutes", "estimated_end",
)  # fmt: skip
FAILED = {"field": "group", "value": "failed"}


@pytest.fixture(scope="module", params=[11, pytest.param(12, marks=pytest.mark.slow)])
def hwa(request: pytest.FixtureRequest) -> Iterator[MovedSimulator]:
    with moved_simulator(seed=request.param) as simulator:
        yield simulator


def q(entity: str, **asked: Any) -> PlanQuery:
    return PlanQuery.model_validate({"entity": entity, **asked})


def of_the_plan() -> list[Asked]:
    today = timezone.localdate()
    return [
        Ask(q("jobs", where=[FAILED]), "count"),
        Ask(q("jobs"), "list"),
        Ask(q("runs", where=[FAILED]), "list"),
        Ask(q("jobs", where=[{"field": "priority", "op": ">", "value": 1000}]), "list"),
        Ask(q("workstations", where=[{"field": "linked", "value": False}]), "yes_no", every=True),
        Ask(q("resources", where=[{"field": "available", "value": 0}]), "yes_no"),
        Ask(q("jobs", where=[{"field": "group", "value": "success"}]), "share", whole=q("jobs")),
        Ask(q("jobs", group_by=["workstation"]), "groups"),
        Ask(q("jobs", group_by=["stream"]), "extreme"),
        Ask(q("runs", order_by=["-elapsed_minutes"]), "extreme"),
        Ask(q("jobs", where=[FAILED]), "value", ("return_code", "end")),
        Summary(),
        Engine(),
        CompareDays(today, today - timedelta(days=1)),
    ]


def of_objects() -> list[Asked]:
    asked: list[Asked] = []
    for group in GROUPS:
        if job := PlanJob.objects.filter(group=group).order_by("hwa_id").first():
            thing = Thing("job", job.name, job.hwa_id, job.stream_name)
            asked += [About(thing, facet) for facet in FACETS]
            asked += [About(thing, "value", FIELDS), LogOf(thing), Impact(thing), Before(thing)]
            asked += [Impact(thing, direct=True), CompareRuns(thing)]
    kinds = (
        ("stream", PlanJobStream),
        ("workstation", PlanWorkstation),
        ("resource", PlanResource),
    )
    for kind, rows in kinds:
        name = rows._default_manager.values_list("name", flat=True).first()
        thing = Thing(kind, str(name))  # type: ignore[arg-type]
        asked += [About(thing), About(thing, "holders" if kind == "resource" else "why")]
    return asked


def of_a_job_that_ran_twice() -> list[Asked]:
    job = PlanJob.objects.filter(run_count__gt=1).order_by("hwa_id").first()
    assert job is not None
    thing = Thing("job", job.name, job.hwa_id, job.stream_name)
    previous = About(thing, "value", FIELDS, run="previous")
    return [*(About(thing, facet) for facet in FACETS), previous, Before(thing), CompareRuns(thing)]


def a_job_that_failed() -> PlanJob:
    run = PlanRun.objects.filter(group="failed").order_by("run_id").first()
    assert run is not None
    return PlanJob.objects.get(hwa_id=run.job_id)


def a_job_with_a_bare_definition() -> PlanJob:
    job = PlanJob.objects.exclude(definition_id="").earliest("hwa_id")
    rule = {"engine": job.engine, "kind": "job", "hwa_id": job.definition_id}
    read = {"name": job.name, "plan_number": 1, "fetched_at": timezone.now()}
    PlanDefinition.objects.update_or_create(**rule, defaults=read)
    return job


async def nothing(question: str, limit: int) -> Sequence[Recalled]:
    return []


async def said(toolkit: Toolkit, asked: Asked, language: Any) -> Speech:
    speech = Speech(toolkit, lambda event: None, language)
    match asked:
        case Ask():
            await queries.ask(speech, asked)
        case About():
            await objects.about(speech, asked, nothing)
        case LogOf():
            await beside.log(speech, asked)
        case Impact():
            await beside.impact(speech, asked)
        case Before():
            await beside.before(speech, asked)
        case CompareRuns():
            await beside.compare_runs(speech, asked)
        case CompareDays():
            await beside.compare_days(speech, asked)
        case Summary():
            await beside.summary(speech)
        case Engine():
            await beside.engine(speech)
    return speech


@pytest.mark.slow
async def test_every_answer_verifies_on_its_evidence_as_it_is_stored(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        asked = [*of_the_plan(), *await in_database(of_objects)]
        answers = [
            (one, await said(asking.toolkit(), one, language))
            for one in asked
            for language in ("pt", "en")
        ]

    assert len(answers) > 100
    for one, speech in answers:
        evidence = json.loads(json.dumps(speech.evidence))
        checked = check(speech.composer.answer(), speech.text, readings_in(evidence))
        assert speech.text, one
        assert checked.outcome == "verified", (one, speech.text, checked)
        display = display_of(
            Final(speech.text, segments=speech.composer.answer(), evidence=evidence)
        )
        assert unmarked(display["text"]) == speech.text  # each can be shown with its facts


async def test_of_a_list_that_is_cut_nothing_is_said_as_of_a_whole_one(
    hwa: MovedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspecting, "MOST_RUNS", 1)
    async with Asking(hwa) as asking:
        asked = await in_database(of_a_job_that_ran_twice)
        answers = [(one, await said(asking.toolkit(), one, "pt")) for one in asked]

    assert '"not_shown": {"last_runs"' in json.dumps(answers[0][1].evidence)
    for one, speech in answers:
        checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
        assert checked.outcome == "verified", (one, speech.text, checked)


@pytest.mark.parametrize("hwa", [11], indirect=True)
@pytest.mark.parametrize("facet", ["why", "why_waits"])
async def test_of_a_stuck_job_stream_the_jobs_in_error_are_named(
    hwa: MovedSimulator, facet: Facet
) -> None:
    def stuck() -> tuple[Thing, list[str]]:
        row = PlanJobStream.objects.filter(group="stuck", failed_jobs__gt=0).earliest("hwa_id")
        failed = PlanJob.objects.filter(stream_id=row.hwa_id, group="failed")
        return Thing("stream", row.name, row.hwa_id), [one.name for one in failed]

    async with Asking(hwa) as asking:
        stream, names = await in_database(stuck)
        speech = await said(asking.toolkit(), About(stream, facet), "en")

    assert "STUCK" in speech.text
    assert all(name in speech.text for name in names)


@pytest.mark.parametrize("kind", ["stream", "workstation", "resource"])
async def test_whatever_is_asked_of_an_object_is_answered(hwa: MovedSimulator, kind: Any) -> None:
    rows = {"stream": PlanJobStream, "workstation": PlanWorkstation, "resource": PlanResource}
    async with Asking(hwa) as asking:
        name = await in_database(rows[kind]._default_manager.values_list("name", flat=True).first)
        answers = [
            await said(asking.toolkit(), About(Thing(kind, str(name)), facet), "en")
            for facet in get_args(Facet)
            if facet != "value"
        ]

    for speech in answers:
        assert name in speech.text
        checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
        assert checked.outcome == "verified", checked


async def test_who_asks_when_an_ended_job_will_end_is_told_when_it_did(
    hwa: MovedSimulator,
) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(PlanJob.objects.filter(group="success").earliest, "hwa_id")
        asked = About(Thing("job", job.name, job.hwa_id), "value", ("estimated_end",))
        speech = await said(asking.toolkit(), asked, "en")

    assert speech.text.startswith(f"End of {job.name}: **")


async def test_an_estimated_end_that_is_over_is_said_to_be(hwa: MovedSimulator) -> None:
    running = PlanJobStream.objects.filter(group="running", estimated_end_at__isnull=False)
    async with Asking(hwa) as asking:
        names = await in_database(lambda: list(running.values_list("name", "hwa_id")))
        answers = [
            await said(asking.toolkit(), About(Thing("stream", *one)), "en") for one in names
        ]

    over = [speech for speech in answers if " ago." in speech.text]
    assert over
    for speech in answers:
        known = speech.evidence[-1]["result"]
        is_over = datetime.fromisoformat(known["estimated_end"]) < datetime.fromisoformat(
            known["fetched_at"]
        )
        assert (speech in over) is is_over, speech.text
        checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
        assert checked.outcome == "verified", checked


@pytest.mark.parametrize(("language", "said_to_be"), [("pt", ", passado há "), ("en", " ago.")])
async def test_who_asks_when_a_job_will_end_is_told_that_its_estimate_is_over(
    hwa: MovedSimulator, language: Any, said_to_be: str
) -> None:
    running = PlanJob.objects.filter(group="running", estimated_end_at__isnull=False)
    async with Asking(hwa) as asking:
        job = await in_database(running.earliest, "estimated_end_at")
        asked = About(Thing("job", job.name, job.hwa_id), "value", ("estimated_end",))
        speech = await said(asking.toolkit(), asked, language)

    known = speech.evidence[-1]["result"]
    assert datetime.fromisoformat(known["estimated_end"]) < datetime.fromisoformat(
        known["fetched_at"]
    )
    assert said_to_be in speech.text
    checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
    assert checked.outcome == "verified", checked


async def test_a_job_without_documentation_or_calendar_is_said_to_have_none(
    hwa: MovedSimulator,
) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job_with_a_bare_definition)
        asked = About(Thing("job", job.name, job.hwa_id), "value", ("documentation", "calendars"))
        speech = await said(asking.toolkit(), asked, "en")

    assert speech.text == (
        f"HWA holds no documentation of **{job.name}**."
        f" No calendar of **{job.name}** was read from HWA."
    )
    checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
    assert checked.outcome == "verified", checked


async def test_the_log_of_a_running_job_is_not_said_to_be_of_one_that_ended(
    hwa: MovedSimulator,
) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(PlanJob.objects.filter(group="running").earliest, "hwa_id")
        asked = LogOf(Thing("job", job.name, job.hwa_id))
        speech = await said(asking.toolkit(), asked, "pt")

    assert speech.text.startswith(f"Log de **{job.name}**, execução 1, {job.status}:")


async def test_how_the_plan_is_begins_with_what_is_wrong(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        speech = await said(asking.toolkit(), Summary(), "en")

    first, *_, last = speech.text.split("\n\n")
    assert re.fullmatch(r"(\*\*\d+\*\* jobs? (is|are) still|No job is) in error\.", first), first
    assert last.startswith("| state | count |")
    assert speech.text.index("Late or past their deadline:") < speech.text.index("in the plan.")
    checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
    assert checked.outcome == "verified", checked


async def test_a_column_that_no_row_has_is_shown_only_where_it_was_asked_for(
    hwa: MovedSimulator,
) -> None:
    running = {"field": "group", "value": "running"}
    by_start, by_end = (q("runs", where=[running], order_by=[by]) for by in ("start", "end"))
    async with Asking(hwa) as asking:
        plain = await said(asking.toolkit(), Ask(by_start, "list"), "en")
        asked = await said(asking.toolkit(), Ask(by_end, "list", ("return_code",)), "en")

    assert "| job | job stream | workstation | status | start |\n" in plain.text
    assert "| job | return code | end |\n" in asked.text


async def test_that_nothing_failed_is_said_only_where_nothing_else_was_asked(
    hwa: MovedSimulator,
) -> None:
    nobody = q("jobs", where=[FAILED, {"field": "priority", "op": ">", "value": 1000}])
    async with Asking(hwa) as asking:
        speech = await said(asking.toolkit(), Ask(nobody, "list"), "en")
        await in_database(PlanJob.objects.filter(group="failed").delete)
        none = await said(asking.toolkit(), Ask(q("jobs", where=[FAILED]), "list"), "en")

    assert speech.text == "No jobs."
    assert none.text == "No job is in error."
    for one in (speech, none):
        checked = check(one.composer.answer(), one.text, readings_in(one.evidence))
        assert checked.outcome == "verified", checked


@pytest.mark.parametrize("every", [False, True])
async def test_of_what_was_read_in_part_neither_none_nor_all_is_said(
    hwa: MovedSimulator, every: bool
) -> None:
    unheard = q("prompts", where=[{"field": "text", "op": "like", "value": "@no such text@"}])
    async with Asking(hwa) as asking:
        await in_database(partial(PlanEngine.objects.update, edges_read=3, edges_total=4))
        told = [
            await said(asking.toolkit(), Ask(unheard, "yes_no", every=every), "en"),
            await said(asking.toolkit(), Ask(unheard, "list"), "en"),
            await said(asking.toolkit(), Ask(unheard, "count"), "en"),
        ]
        await in_database(partial(PlanEngine.objects.update, edges_read=4))
        whole = await said(asking.toolkit(), Ask(unheard, "yes_no", every=every), "en")

    for speech in told:
        assert speech.text.startswith("In what has been read so far, nothing. The dependencies of")
        assert speech.outcome == "partial"
        checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
        assert checked.outcome == "verified", checked
    assert whole.text.startswith("**Yes.** All" if every else "**No.** No prompts.")


async def test_groups_by_nothing_are_a_list(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        listed = await said(asking.toolkit(), Ask(q("workstations"), "list"), "en")
        grouped = await said(asking.toolkit(), Ask(q("workstations"), "groups"), "en")

    assert grouped.text == listed.text


async def test_a_single_run_has_nothing_to_be_compared_with(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(
            PlanJob.objects.filter(run_count=1, group="success").earliest, "hwa_id"
        )
        thing = Thing("job", job.name, job.hwa_id, job.stream_name)
        speech = await said(asking.toolkit(), CompareRuns(thing), "pt")

    assert "só uma execução é conhecida" in speech.text
    checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
    assert checked.outcome == "verified", checked


async def test_a_run_that_goes_on_is_compared_with_how_long_it_was_to_take(
    hwa: MovedSimulator,
) -> None:
    async with Asking(hwa) as asking:
        running = PlanJob.objects.filter(status="EXEC", estimated_seconds__isnull=False)
        job = await in_database(running.earliest, "hwa_id")
        thing = Thing("job", job.name, job.hwa_id, job.stream_name)
        speech = await said(asking.toolkit(), CompareRuns(thing), "pt")

    assert speech.text.startswith(f"Tempo de execução até agora de {job.name}: **")
    assert f" Duração estimada de {job.name}: **" in speech.text
    checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
    assert checked.outcome == "verified", checked


async def test_of_a_job_that_failed_and_waits_again_the_cause_is_told(
    hwa: MovedSimulator,
) -> None:
    async with Asking(hwa) as asking:
        job = await in_database(a_job_that_failed)
        waiting = PlanJob.objects.filter(pk=job.pk)
        await in_database(waiting.update, group="waiting", status="HOLD", common_status="WAITING")
        thing = Thing("job", job.name, job.hwa_id, job.stream_name)
        asked = About(thing, "why_failed")
        speech = await said(asking.toolkit(as_last_read=True), asked, "pt")

    checked = check(speech.composer.answer(), speech.text, readings_in(speech.evidence))
    assert checked.outcome == "verified"
    assert "terminou com erro" in speech.text
    again = job.run_count > 1
    now = "há outra execução; agora está em HOLD" if again else "espera rodar de novo: HOLD"
    assert now in speech.text


async def test_a_changed_figure_in_the_evidence_is_noticed(hwa: MovedSimulator) -> None:
    async with Asking(hwa) as asking:
        speech = await said(asking.toolkit(), Ask(q("jobs", where=[FAILED]), "count"), "pt")

    evidence = json.loads(json.dumps(speech.evidence))
    evidence[0]["result"]["matched"] += 1
    checked = check(speech.composer.answer(), speech.text, readings_in(evidence))
    assert checked.outcome == "contradicted"
