from __future__ import annotations

from uuid import uuid4

import pytest

from audits.duplicates import twin_of
from audits.judges import MemoryUnderAudit, Neighbour

QUESTION = "Como libero um job que está em HOLD?"
ANSWER = "Use o comando conman rj para liberar o job; ele parte na hora, sem esperar o horário."


def memory(question: str, answer: str) -> MemoryUnderAudit:
    near = Neighbour(uuid4(), "trusted", QUESTION, ANSWER, 0.9)
    return MemoryUnderAudit(uuid4(), 1, "a", "knowledge", question, answer, neighbours=(near,))


def test_the_same_in_nearly_the_same_words_is_linked_to_the_first() -> None:
    again = memory("como libero um job que esta em hold", ANSWER.replace("; ele", ". Ele"))

    assert twin_of(again) == again.neighbours[0].memory_id


def test_what_is_very_long_is_compared_with_nothing() -> None:
    long = "Veja o log do job. " * 300
    near = Neighbour(uuid4(), "trusted", QUESTION, long, 0.9)
    again = MemoryUnderAudit(uuid4(), 1, "a", "knowledge", QUESTION, long, neighbours=(near,))

    assert twin_of(again) is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (QUESTION, ANSWER.replace("conman rj", "conman cj")),
        (QUESTION, ANSWER.replace("sem esperar", "não sem esperar")),
        (QUESTION, ANSWER + " Porta 31116."),
        ("Onde fica o arquivo useropts?", ANSWER),
    ],
)
def test_another_command_number_negation_or_question_is_another_memory(question, answer) -> None:
    assert twin_of(memory(question, answer)) is None
