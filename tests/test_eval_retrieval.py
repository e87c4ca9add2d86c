"""Measuring retrieval from the command line, in a store that nobody else sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from knowledge.language import language_of
from knowledge.measuring import Figures
from knowledge.models import Memory, StoredVector, Trust
from knowledge.store import set_trust
from tests.factories import make_memory

CASES = [
    {
        "question": "How do I restart an agent?",
        "answer": "Run StartUpLwa on its machine.",
        "paraphrases": ["Como reinicio o agente?", "restarting an agent", "zxqv kjhgf"],
    },
    {
        "question": "Como libero espaço em disco?",
        "answer": "Apague os logs antigos com rmstdlist.",
        "paraphrases": ["The disk is full, how do I free space on it?"],
    },
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, CASES)) + "\n\n", encoding="utf-8")
    return path


def measured(capsys: Any, file: Path) -> dict[str, Any]:
    call_command("eval_retrieval", str(file), "--json", "--embedder", "hash")
    return json.loads(capsys.readouterr().out)


@pytest.mark.django_db
def test_paraphrases_are_asked_and_counted_by_language(file: Path, capsys: Any) -> None:
    found = measured(capsys, file)

    assert found["questions"] == 2
    figures = found["embedders"]["hash"]
    assert {key: figures[key] for key in ("n", "hit@1", "hit@5", "mrr")} == {
        "n": 4, "hit@1": 0.75, "hit@5": 0.75, "mrr": 0.75,
    }  # fmt: skip
    assert {pair: of_pair["n"] for pair, of_pair in figures["pairs"].items()} == {
        "pt→en": 1, "en→en": 1, "en→pt": 1, "terse→en": 1,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_sites_own_memories_take_no_part_and_nothing_is_left(file: Path, capsys: Any) -> None:
    rival = make_memory("Como reinicio o agente?", "Run StartUpLwa.")
    set_trust([rival], Trust.TRUSTED)

    assert measured(capsys, file)["embedders"]["hash"]["hit@1"] == 0.75

    assert list(Memory.objects.all()) == [rival]
    assert not StoredVector.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")
        assert cursor.fetchone() == (0,)


def test_a_place_counts_by_how_far_it_is_from_the_first() -> None:
    assert Figures([1, 2, 5, None]).as_dict() == {
        "n": 4, "hit@1": 0.25, "hit@5": 0.75, "mrr": 0.425,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no cases"),
        ('{"question": "?", "answer": "!"}', "line 1: paraphrases Field required"),
        ('{"question": "?", "answer": "!", "paraphrases": ["x"]}\nnot JSON', "line 2"),
    ],
)
def test_a_file_of_something_else_is_told_by_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(CommandError, match=says) as error:
        call_command("eval_retrieval", str(path))

    assert error.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "language"),
    [("Quantos jobs falharam?", "pt"), ("How many jobs failed?", "en"), ("JOB_A", None)],
)
def test_the_language_of_a_text(text: str, language: str | None) -> None:
    assert language_of(text) == language
