"""Measuring the auditor from the command line, and looking without writing."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audits.evaluating import Labelled, approved_neighbours, judge_all
from audits.judges.bounded import BoundedJudges
from audits.judging import Bench
from audits.models import AuditRecord
from audits.scoring import Scoring
from audits.states import Status
from knowledge import indexer
from knowledge.models import Memory
from tests.factories import make_memory, make_record, make_state
from tests.judging import DATA, memory

SHARES = ("precision", "recall", "false_alarms", "abstained")

EVIDENCE = [{"tool": "get_job", "result": {"name": "PAY_CALC", "status": "ABEND", "returnCode": 8}}]
ROWS = [
    ("How did PAY_CALC end?", "PAY_CALC ended in ABEND with return code 8.", EVIDENCE, "correct"),
    ("How did PAY_CALC end?", "GL_POST ended well, return code 0.", EVIDENCE, "incorrect"),
    ("Como terminou o PAY_CALC?", "O PAY_CALC falhou com RC 8.", EVIDENCE, "correct"),
    ("Como terminou o PAY_CALC?", "O PAY_CALC parou à espera do GL_POST.", EVIDENCE, "incorrect"),
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.jsonl"
    keys = ("user_query", "agent_response", "evidence", "label")
    lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in ROWS]
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    return path


def measured(capsys, *arguments: object) -> dict:
    call_command("eval_auditor", *map(str, arguments), "--json")
    return json.loads(capsys.readouterr().out)


def cells(**counts: int) -> dict[str, int]:
    names = ("tp", "fp", "fn", "tn", "unverified_correct", "unverified_incorrect")
    return dict.fromkeys(names, 0) | counts


@pytest.mark.django_db
def test_labelled_rows_are_measured_and_nothing_is_written(labelled, capsys) -> None:
    found = measured(capsys, labelled)

    assert found["confusion"] == cells(tp=2, unverified_correct=2)
    assert (found["false_alarms"], found["abstained"]) == (0.0, 0.5)
    assert (found["n"], found["precision"], found["recall"], found["kappa"]) == (4, 1.0, 1.0, 1.0)
    assert found["intervals"]["precision"] == [0.3424, 1.0]
    assert set(found["per_language"]) == {"en", "pt"}
    assert Memory.objects.count() == AuditRecord.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("judges_here")
def test_without_json_the_same_is_said_in_words(labelled, capsys) -> None:
    call_command("eval_auditor", str(labelled))

    out = capsys.readouterr().out
    assert "precision=1.0(0.34-1.00)" in out
    assert "recommended threshold" in out


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("judge", ["", "rules", "lookup"])
@pytest.mark.usefixtures("judges_here")
def test_answers_that_nothing_is_mended_from_are_only_measured(judge, capsys) -> None:
    """100 pairs of a right answer and one with one wrong fact; CI prints what comes of them."""
    found = measured(capsys, DATA / "unseen" / "answers.jsonl", "--judge", judge)

    with capsys.disabled():
        shown = {name: (found[name], found["intervals"][name]) for name in SHARES}
        print(f"\nunseen answers, {judge or 'all judges'}: {shown}")  # noqa: T201  CI shows it
    assert (found["n"], found["no_verdict"]) == (200, 0)


async def test_an_example_that_a_judge_breaks_on_ends_no_measurement() -> None:
    sitting = Bench(bounded=BoundedJudges(["tests.judging.by_word"]))
    rows = [Labelled(memory("?", said), True) for said in ("it breaks", "it is wrong")]

    judged = await judge_all(sitting, rows, Scoring())
    found, silent = [one for one in judged if one], judged.count(None)

    assert ([one.flagged for one in found], silent) == ([True], 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "line",
    ["not json", '{"user_query": "?"}', '{"user_query": "?", "agent_response": "!", "label": "x"}'],
)
def test_a_line_that_is_no_example_is_named(tmp_path, line) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line)

    with pytest.raises(CommandError, match="line 1"):
        call_command("eval_auditor", str(path))


def test_a_file_or_decisions_must_be_named() -> None:
    with pytest.raises(CommandError, match="FILE"):
        call_command("eval_auditor")


@pytest.mark.django_db
def test_an_unknown_judge_prompt_or_file_is_refused(labelled, settings) -> None:
    with pytest.raises(CommandError, match="not a judge"):
        call_command("eval_auditor", str(labelled), "--judge", "oracle")
    with pytest.raises(CommandError, match="LLM"):
        call_command("eval_auditor", str(labelled), "--judge", "llm")
    settings.LLM_BASE_URL = "http://127.0.0.1:9/v1"
    with pytest.raises(CommandError, match="judge-2"):
        call_command("eval_auditor", str(labelled), "--prompt", "judge-99")
    with pytest.raises(CommandError, match="No such file"):
        call_command("eval_auditor", "nowhere.jsonl")


@pytest.mark.django_db(transaction=True)
def test_an_example_is_held_against_approved_memories_but_not_against_itself(reviewer) -> None:
    question = "Which port does netman listen on?"
    approved = make_record(
        Status.APPROVED,
        make_memory(question, "netman listens on port 31111."),
        reviewer=reviewer,
        reviewed_at=timezone.now(),
    ).memory
    indexer.index_pending()

    def near(answer: str) -> list[UUID]:
        labelled = approved_neighbours(Labelled(memory(question, answer), True))
        return [one.memory_id for one in labelled.memory.neighbours]

    assert near("It is port 41114.") == [approved.pk]
    assert near(approved.agent_response) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("judges_here")
def test_peoples_decisions_are_examples_a_corrected_text_as_it_was(reviewer, capsys) -> None:
    from audits import review

    wrong = make_state("GL_POST ended well, return code 0.", EVIDENCE)
    record = make_record(Status.QUARANTINED, wrong, judged_at=timezone.now())
    corrected = "PAY_CALC ended in ABEND, return code 8."
    review.decide(record.memory_id, "approve", reviewer, corrected_response=corrected)

    found = measured(capsys, "--decisions")

    assert found["confusion"] == cells(tp=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("judges_here")
def test_a_dry_run_shows_verdicts_and_writes_nothing(capsys) -> None:
    make_state("GL_POST ended well, return code 0.", EVIDENCE)

    with pytest.raises(SystemExit) as exit_info:
        call_command("run_auditor", "--dry-run", "--json")

    assert exit_info.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"judged": 1, "pending": 1}
    assert AuditRecord.objects.count() == 0
