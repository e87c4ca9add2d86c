"""Retrieval brings back what bears on the question, and nothing that may not be used."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command

from knowledge import indexer
from knowledge.embeddings import embedder
from knowledge.measuring import measure, read_cases
from knowledge.models import Memory, StoredVector, Trust
from knowledge.retrieval import Only, SearchUnavailable, aclose, asearch, search
from knowledge.store import set_trust
from resync_site import health
from resync_site.health import Unwell
from tests.factories import make_memory, make_state

pytestmark = pytest.mark.django_db(transaction=True)

AGENT = ("How do I restart an agent?", "Run `StartUpLwa` on the agent's machine.")
SPACE = ("O que fazer quando falta espaço em disco?", "Apague os stdlists antigos com `rmstdlist`.")


def trusted(query: str, response: str, trust: str = Trust.TRUSTED, **fields: object) -> Memory:
    memory = make_memory(query, response, **fields)
    set_trust([memory], trust)
    return memory


@pytest.mark.parametrize("trust", [t for t in Trust.values if t not in {"trusted", "cleared"}])
def test_a_memory_that_may_not_be_used_is_not_found(trust: str) -> None:
    memory = trusted(*AGENT)
    indexer.index_pending()
    assert [hit.memory_id for hit in search(AGENT[0])] == [memory.pk]

    set_trust([memory], trust)

    assert search(AGENT[0]) == []
    assert not StoredVector.objects.exists()


def test_the_row_is_asked_about_trust_and_not_the_payload() -> None:
    memory = trusted(*AGENT)
    indexer.index_pending()
    Memory.objects.filter(pk=memory.pk).update(trust=Trust.QUARANTINED)  # the vector stays behind

    assert search(AGENT[0]) == []


def test_an_approved_memory_comes_before_an_audited_one() -> None:
    cleared = trusted(AGENT[0], "Run StartUpLwa there.", Trust.CLEARED)
    approved = trusted("How do I restart one agent again?", AGENT[1])
    indexer.index_pending()

    assert [hit.memory_id for hit in search(AGENT[0])] == [approved.pk, cleared.pk]


def test_an_irrelevant_approved_memory_does_not_displace_an_audited_answer() -> None:
    trusted("What does the agent's calendar show?", "The free days.")
    cleared = trusted(*AGENT, Trust.CLEARED)
    indexer.index_pending()

    assert search(AGENT[0])[0].memory_id == cleared.pk


def test_a_question_in_the_other_language_finds_the_answer() -> None:
    memory = trusted(*SPACE)
    trusted(*AGENT)
    indexer.index_pending()

    assert search("the filesystem is full, how do I free disk space?")[0].memory_id == memory.pk


@pytest.mark.parametrize("question", ["receita de bolo de cenoura", "zxqv kjhgf", "?!", "", "\x00"])
def test_nonsense_finds_nothing(question: str) -> None:
    trusted(*AGENT)
    trusted(*SPACE)
    indexer.index_pending()

    assert search(question) == []


def test_an_answer_about_another_message_code_is_none() -> None:
    right = trusted("What does AWSBEH021E mean?", "The plan could not be extended.")
    trusted("What does AWSBEH022E mean?", "The plan could not be extended at all.")
    indexer.index_pending()

    assert [hit.memory_id for hit in search("what does awsbeh021e mean?")] == [right.pk]
    assert search("What does AWSBEH999E mean?") == []


def test_exact_terms_of_the_question_come_first() -> None:
    for number in range(20):
        trusted(f"Why is the job number {number} waiting for its limit?", "The limit is reached.")
    named = trusted("What is PAYROLL01?", "A job of the finance stream that waits for a file.")
    indexer.index_pending()

    assert search("why is PAYROLL01 waiting for its limit?")[0].memory_id == named.pk


def test_a_state_comes_back_as_dated_history() -> None:
    memory = make_state("3 jobs failed", [{"tool": "find_jobs", "result": 3}])
    set_trust([memory], Trust.CLEARED)
    indexer.index_pending()

    hit = search("Quantos jobs falharam ontem?")[0]

    assert hit.is_history
    assert hit.dated_answer.startswith(f"[state of the plan on {memory.created_at:%Y-}")


def test_the_similarity_is_a_cosine() -> None:
    trusted(*AGENT)
    indexer.index_pending()

    hit = search(f"{AGENT[0]}\n\n{AGENT[1]}")[0]

    assert hit.similarity == pytest.approx(1, abs=0.001)
    assert 0 < hit.score <= 1


@pytest.mark.parametrize(
    "question",
    ["'); DROP TABLE knowledge_memory; --", "a & b | !c:*", "%s %(words)s {0}", "'" * 50, "\\" * 9],
)
def test_a_question_is_data(question: str) -> None:
    trusted(*AGENT)
    indexer.index_pending()

    assert isinstance(search(question), list)
    assert Memory.objects.count() == 1


DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("name", "first", "among_five"),
    [
        ("retrieval_cases", 0.83, 0.94),
        ("retrieval_tuned", 0.62, 0.82),
        ("retrieval_fresh", 0.56, 0.76),
    ],
)
def test_paraphrases_in_both_languages_find_their_answer(
    name: str, first: float, among_five: float
) -> None:
    figures = measure(read_cases(DATA / f"{name}.jsonl"), embedder("hash"))

    assert figures["hit@1"] >= first
    assert figures["hit@5"] >= among_five


def test_a_question_about_something_else_finds_nothing() -> None:
    """Of forty at most two bring up a memory, whatever is in store."""
    elsewhere = (DATA / "retrieval_elsewhere.txt").read_text(encoding="utf-8").splitlines()
    for name in ("retrieval_cases", "retrieval_tuned", "retrieval_fresh"):
        for case in read_cases(DATA / f"{name}.jsonl"):
            trusted(case.question, case.answer)
    indexer.index_pending()

    answered = [question for question in elsewhere if search(question)]

    assert len(elsewhere) == 40
    assert len(answered) <= 2, answered


@pytest.mark.parametrize(
    "question",
    [
        "how do I fix that?",
        "e como eu resolvo isso?",
        "did it work?",
        "quanto tempo demora?",
        "quem espera por eles?",
        "when does it end?",
    ],
)
def test_a_question_about_what_was_named_before_finds_nothing(
    admin_user: Any, question: str
) -> None:
    """What "it" is was not asked of the memories: a definition that shares a verb is no answer."""
    call_command("load_knowledge", "--as", admin_user.username, verbosity=0)
    indexer.index_pending()

    assert search(question) == []


def test_a_memory_is_found_by_its_words_before_it_has_a_vector() -> None:
    memory = trusted(*AGENT)

    [hit] = search("restart the agents")

    assert (hit.memory_id, hit.similarity) == (memory.pk, 0)


@pytest.mark.parametrize(
    "asked", [AGENT[0], "how do i RESTART an agent", "  How do I restart an agent ?!"]
)
def test_an_approved_memorys_own_question_finds_it_first(asked: str) -> None:
    for number in range(80):
        trusted(f"How do I restart an agent, way {number}?", f"Restart an agent in way {number}.")
    memory = trusted(*AGENT)
    indexer.index_pending()

    first = search(asked)[0]

    assert (first.memory_id, first.score) == (memory.pk, 1.0)


def test_a_memory_is_found_by_its_answer_too() -> None:
    memory = trusted("Something is wrong with the night?", "Restart batchman with `conman start`.")
    trusted(*AGENT)

    assert search("how is batchman restarted?")[0].memory_id == memory.pk


def test_a_search_can_be_kept_to_an_agent_an_engine_or_a_kind() -> None:
    general = trusted(*AGENT)
    prod = trusted("How do I restart an agent of PROD?", AGENT[1], agent="other", engine="PROD")
    test = trusted("How do I restart an agent of TEST?", AGENT[1], engine="TEST")
    indexer.index_pending()

    def found(**only: str) -> set[object]:
        return {hit.memory_id for hit in search(AGENT[0], 5, Only(**only))}

    assert found() == {general.pk, prod.pk, test.pk}
    assert found(engine="PROD") == {general.pk, prod.pk}
    assert found(agent="other") == {prod.pk}
    assert found(kind="state") == set()


def test_a_state_is_found_for_the_past_of_the_same_object_only() -> None:
    memory = make_state("PAYROLL failed.", [{"result": 1}], user_query="How did PAYROLL end?")
    set_trust([memory], Trust.CLEARED)

    assert search("How did PAYROLL end?") == []
    assert search("How did BILLING end yesterday?") == []
    assert [hit.memory_id for hit in search("How did PAYROLL end yesterday?")] == [memory.pk]


@pytest.mark.parametrize(
    "question",
    [
        "エージェントを再起動するには?",
        "как перезапустить агент",
        "كيف أعيد تشغيل الوكيل",
        "🚀🔥 🙂",
        "\ufdfa" * 500,
        "the of and com que para",
        "restart an agent " * 600,
        " ".join(f"JOB_{number:03}" for number in range(40)),
        "a" * 10_000,
        "\u0301" * 50,
    ],
)
def test_odd_questions_do_no_harm(question: str) -> None:
    memory = trusted(*AGENT)
    indexer.index_pending()

    found = [hit.memory_id for hit in search(question)]

    assert found == ([memory.pk] if "restart" in question else [])


def test_a_question_in_words_and_other_signs_is_found_by_its_words() -> None:
    memory = trusted(*AGENT)
    indexer.index_pending()

    assert [hit.memory_id for hit in search("🙂 restart 再起動 agent?")] == [memory.pk]


@pytest.mark.django_db(transaction=True)
def test_many_first_searches_at_once_open_one_pool(monkeypatch) -> None:
    from knowledge import retrieval, search_pool

    opened = []
    original = search_pool._opened

    async def counted():
        opened.append(1)
        return await original()

    monkeypatch.setattr(search_pool, "_opened", counted)

    async def search_at_once() -> None:
        await asyncio.gather(*(retrieval.asearch("how do I restart?") for _ in range(20)))
        await retrieval.aclose()

    asyncio.run(search_at_once())

    assert len(opened) == 1


async def test_with_another_embedder_words_find_memories_until_vectors_are_made_anew(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    memory = await sync_to_async(trusted)(*AGENT)
    await sync_to_async(indexer.index_pending)()
    settings.EMBEDDING_DIMENSIONS = 64

    [hit] = await asearch(AGENT[0])
    assert (hit.memory_id, hit.similarity) == (memory.pk, 0)
    [hit] = await sync_to_async(search)(AGENT[0])
    assert (hit.memory_id, hit.similarity) == (memory.pk, 0)
    assert "run `manage.py reindex_memories`" in caplog.text
    with pytest.raises(Unwell, match="reindex_memories"):
        await sync_to_async(health.index)()

    await sync_to_async(indexer.repair)()
    try:
        [hit] = await asearch(AGENT[0])
        assert hit.similarity > 0.5
    finally:
        settings.EMBEDDING_DIMENSIONS = 384
        await sync_to_async(indexer.repair)()
        await aclose()


def test_a_dead_endpoint_is_told(settings: Any) -> None:
    settings.EMBEDDER, settings.EMBEDDING_BASE_URL = "openai", "http://127.0.0.1:9/v1"

    with pytest.raises(SearchUnavailable, match="could not be embedded"):
        search(AGENT[0])
