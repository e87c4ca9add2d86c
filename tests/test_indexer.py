"""Memories and mem0's rows agree one to one, whatever dies in between."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from knowledge import _mem0, indexer, store
from knowledge.embeddings import EmbeddingError, HashEmbedder
from knowledge.models import Memory, Source, StoredVector, Trust
from knowledge.retrieval import search
from knowledge.store import set_trust
from tests.factories import make_memory

pytestmark = pytest.mark.django_db(transaction=True)

QUERY, RESPONSE = "How do I restart an agent?", "Run StartUpLwa on its machine."


def usable(query: str = QUERY, trust: str = Trust.CLEARED) -> Memory:
    memory = make_memory(query, RESPONSE)
    set_trust([memory], trust)
    return memory


def assert_one_to_one() -> None:
    """Each usable memory has its one row, of its version, and there is no other row."""
    wanted = {
        (str(m.pk), m.mem0_id, m.indexed_version, m.version, m.trust)
        for m in Memory.objects.usable()
    }
    there = {
        (row.payload["memory_id"], row.pk, row.payload["version"], row.payload["version"],
         row.payload["trust"])
        for row in StoredVector.objects.all()
    }  # fmt: skip
    assert there == wanted
    assert not Memory.objects.exclude(trust__in=["trusted", "cleared"]).exclude(mem0_id=None)


def test_what_was_never_in_the_index_is_written_once(django_assert_num_queries):
    memory = make_memory(QUERY, RESPONSE)

    with django_assert_num_queries(1):
        set_trust([memory], Trust.UNVERIFIED)


def test_a_vector_on_its_way_does_not_outlive_the_use_of_its_memory():
    memory = usable()
    StoredVector.objects.create(pk=uuid.uuid4(), payload={"memory_id": str(memory.pk)})

    set_trust([memory], Trust.SUSPECT)

    assert not StoredVector.objects.exists()


def end_leases() -> None:
    Memory.objects.exclude(index_lease_until=None).update(
        index_lease_until=timezone.now() - timedelta(seconds=1)
    )


def in_another_process(code: str) -> subprocess.CompletedProcess[str]:
    values = connection.settings_dict
    url = f"postgresql://{values['USER']}:{values['PASSWORD']}@/{values['NAME']}?host={values['HOST']}"
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=django_settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": url.replace(":@", "@"),
            "RESYNC_ENV": "development",
            "DJANGO_SETTINGS_MODULE": "resync_site.settings",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )


KILLED_BEFORE_THE_ROWS_UPDATE = """
import os, signal
from knowledge import indexer
indexer._settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
indexer.index_pending()
"""


def test_killed_between_the_add_and_the_rows_update() -> None:
    for number in range(5):
        usable(f"{QUERY} {number}")
    died = in_another_process(KILLED_BEFORE_THE_ROWS_UPDATE)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert StoredVector.objects.count() == 5
    rows = set(StoredVector.objects.values_list("pk", flat=True))

    assert indexer.index_pending() == 0  # its lease holds
    end_leases()
    assert indexer.index_pending() == 5

    assert_one_to_one()
    assert set(StoredVector.objects.values_list("pk", flat=True)) == rows  # found, not made again


@pytest.mark.slow
def test_repair_does_not_wait_for_a_dead_indexers_lease() -> None:
    kept, dropped = usable(), usable(f"{QUERY} 2")
    in_another_process(KILLED_BEFORE_THE_ROWS_UPDATE)
    set_trust([dropped], Trust.QUARANTINED)

    assert indexer.repair()["missing"] == 0

    assert_one_to_one()
    assert StoredVector.objects.get().payload["memory_id"] == str(kept.pk)


@pytest.mark.slow
def test_an_indexer_sweeps_up_behind_a_killed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = usable()
    in_another_process(KILLED_BEFORE_THE_ROWS_UPDATE)
    set_trust([memory], Trust.QUARANTINED)
    insert_row({"memory_id": str(memory.pk), "data": QUERY})  # the add that came too late
    monkeypatch.setattr(indexer, "_swept_at", -math.inf)

    indexer.index_pending()

    assert not StoredVector.objects.exists()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_quarantined_while_its_add_is_in_flight(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, other = usable(), usable(f"{QUERY} 2")
    add = _mem0.add

    def add_meanwhile(text: str, *arguments: object) -> str:
        if text.startswith(f"{QUERY}\n"):
            if moment == "before":
                in_a_thread(lambda: set_trust([memory], Trust.QUARANTINED))
                return add(text, *arguments)
            mem0_id = add(text, *arguments)
            in_a_thread(lambda: set_trust([memory], Trust.QUARANTINED))
            return mem0_id
        return add(text, *arguments)

    monkeypatch.setattr(_mem0, "add", add_meanwhile)

    assert indexer.index_pending() == 1

    assert_one_to_one()
    assert StoredVector.objects.get().payload["memory_id"] == str(other.pk)


def test_approved_while_its_add_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, add = usable(), _mem0.add

    def add_meanwhile(*arguments: object) -> str:
        in_a_thread(lambda: set_trust([memory], Trust.TRUSTED, flagged=[memory.pk]))
        return add(*arguments)

    monkeypatch.setattr(_mem0, "add", add_meanwhile)
    indexer.index_pending()

    assert_one_to_one()
    assert StoredVector.objects.get().payload["FLAGGED_BY_IA"] is True


def test_changed_while_its_add_is_in_flight(
    monkeypatch: pytest.MonkeyPatch, admin_user: object
) -> None:
    memory, add = usable(), _mem0.add

    def add_meanwhile(*arguments: object) -> str:
        in_a_thread(lambda: store.revise(Memory.objects.get(), "Another answer.", None))
        return add(*arguments)

    monkeypatch.setattr(_mem0, "add", add_meanwhile)
    assert indexer.index_pending(1) == 0
    monkeypatch.setattr(_mem0, "add", add)
    assert indexer.index_pending() == 1

    assert_one_to_one()
    assert Memory.objects.get(pk=memory.pk).indexed_version == 2


def test_two_indexers_of_one_memory_make_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    usable()
    add = _mem0.add

    def add_twice(*arguments: object) -> str:
        add(*arguments)  # another indexer, whose lease had run out, was a moment faster
        return add(*arguments)

    monkeypatch.setattr(_mem0, "add", add_twice)

    assert indexer.index_pending() == 1

    assert_one_to_one()


def test_many_indexers_at_once() -> None:
    for number in range(40):
        usable(f"{QUERY} {number}")

    threads = [threading.Thread(target=closing(indexer.index_pending)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert_one_to_one()


def test_what_cannot_be_embedded_waits_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = usable()

    def refuse(*_: object) -> str:
        raise EmbeddingError("the endpoint is down")

    with monkeypatch.context() as patched:
        patched.setattr(_mem0, "add", refuse)
        assert indexer.index_pending() == 0
        memory.refresh_from_db()
        assert memory.index_error == "the endpoint is down"
        assert indexer.index_pending() == 0
        memory.refresh_from_db()
        assert memory.index_attempts == 1  # it was let alone for a while

    end_leases()
    assert indexer.index_pending() == 1
    memory.refresh_from_db()
    assert (memory.index_error, memory.index_attempts) == ("", 0)


def test_repair_mends_both_directions() -> None:
    lost, orphaned, moved = usable(), usable(f"{QUERY} 2"), usable(f"{QUERY} 3")
    gone = usable(f"{QUERY} 4")
    indexer.index_pending()
    StoredVector.objects.filter(payload__memory_id=str(lost.pk)).delete()
    Memory.objects.filter(pk=orphaned.pk).update(trust=Trust.REJECTED)
    Memory.objects.filter(pk=moved.pk).update(mem0_id=uuid.uuid4())
    Memory.objects.filter(pk=gone.pk).delete()
    insert_row({"memory_id": "not-an-id", "data": "x", "question": "x", "question_marks": []})

    found = indexer.repair()

    assert (found["orphans"], found["missing"]) == (3, 0)
    assert_one_to_one()
    assert {hit.memory_id for hit in search(QUERY)} == {lost.pk, moved.pk}


def test_another_embedder_makes_every_row_anew(settings: object) -> None:
    usable()
    indexer.index_pending()
    StoredVector.objects.update(payload={**StoredVector.objects.get().payload, "made_by": "old"})

    assert indexer.repair()["outdated"] == 1

    assert_one_to_one()
    assert StoredVector.objects.get().payload["made_by"] == indexer.made_by()


def test_other_dimensions_make_every_row_anew(settings: object) -> None:
    usable()
    indexer.index_pending()
    try:
        settings.EMBEDDING_DIMENSIONS = 64
        _mem0.close()
        assert indexer.repair()["indexed"] == 1
        assert_one_to_one()
        assert len(search(QUERY)) == 1
    finally:
        settings.EMBEDDING_DIMENSIONS = 384
        _mem0.close()
        indexer.repair()


def test_reindex_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    usable()

    call_command("reindex_memories", "--all", "--json")

    assert json.loads(capsys.readouterr().out) == {
        "adopted": 0, "orphans": 0, "outdated": 1, "indexed": 1, "memories": 1, "missing": 0,
    }  # fmt: skip


def test_reindex_says_that_another_process_has_what_it_did_not_get(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usable()
    monkeypatch.setattr(indexer, "_lease", lambda *_: [])

    with pytest.raises(CommandError, match="1 memories could not be indexed: another process"):
        call_command("reindex_memories")


def test_another_programs_row_becomes_a_memory_for_the_auditor() -> None:
    mem0_id = insert_row(
        {"data": "Jobs of PAYROLL run at night.\x1b", "agent_id": "other", "trust": "trusted"}
    )

    assert indexer.adopt_foreign() == 1

    memory = Memory.objects.get()
    assert (memory.agent, memory.source, memory.trust) == ("other", Source.MEM0, Trust.NEW)
    assert memory.external_id == str(mem0_id)
    assert memory.agent_response == "Jobs of PAYROLL run at night.\x1b"
    assert not StoredVector.objects.exists()
    assert search("When do jobs of PAYROLL run?") == []

    set_trust([memory], Trust.CLEARED)
    indexer.index_pending()
    assert_one_to_one()


@pytest.mark.parametrize("payload", [None, [], {}, {"data": 5}, {"data": "  "}, {"data": {"a": 1}}])
def test_a_strange_row_of_another_program_stops_nothing(payload: object) -> None:
    insert_row(payload)

    assert indexer.adopt_foreign() == 1
    assert indexer.adopt_foreign() == 0
    assert not StoredVector.objects.exists()


def test_a_foreign_row_that_claims_our_memory_changes_nothing() -> None:
    memory = usable(trust=Trust.QUARANTINED)
    insert_row({"memory_id": str(memory.pk), "trust": "trusted", "data": QUERY, "question": QUERY,
                "question_marks": [], "answer_marks": []})  # fmt: skip

    assert search(QUERY) == []
    indexer.repair()
    assert_one_to_one()


def insert_row(payload: object) -> uuid.UUID:
    mem0_id = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO knowledge_vectors (id, vector, payload) VALUES (%s, %s, %s)",
            [mem0_id, str([1.0] + [0.0] * 383), None if payload is None else json.dumps(payload)],
        )
    return mem0_id


def closing(function: object) -> object:
    def run() -> None:
        try:
            function()
        finally:
            connection.close()

    return run


def in_a_thread(function: object) -> None:
    thread = threading.Thread(target=closing(function))
    thread.start()
    thread.join()


def test_a_row_is_made_anew_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever searches meanwhile finds the earlier vector or the new one."""
    memory = usable()
    indexer.index_pending()
    [row] = StoredVector.objects.values_list("pk", flat=True)
    monkeypatch.setattr(indexer, "FORMAT", "other")
    there = []
    replace = _mem0.replace

    def look_meanwhile(*arguments: Any) -> None:
        there.append(StoredVector.objects.count())
        replace(*arguments)
        there.append(StoredVector.objects.count())

    monkeypatch.setattr(_mem0, "replace", look_meanwhile)

    assert indexer.repair()["indexed"] == 1

    assert there == [1, 1]
    assert_one_to_one()
    [again] = StoredVector.objects.all()
    assert (again.pk, again.payload["made_by"]) == (row, indexer.made_by())
    assert again.payload["user_id"] == _mem0.OWNER
    assert again.payload["data"].startswith(memory.user_query)


def test_texts_are_embedded_in_batches_and_a_bad_one_spoils_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(20):
        usable(f"{QUERY} {number}")
    asked: list[int] = []
    made = HashEmbedder.embed_passages

    def embed(self: HashEmbedder, texts: list[str]) -> list[list[float]]:
        asked.append(len(texts))
        if any(text.startswith(f"{QUERY} 7\n") for text in texts):
            raise EmbeddingError("this one kills the engine")
        return made(self, texts)

    monkeypatch.setattr(HashEmbedder, "embed_passages", embed)

    assert indexer.index_pending() == 19

    assert asked == [16, *[1] * 16, 4]
    [bad] = Memory.objects.filter(indexed_version=None)
    assert bad.index_error == "this one kills the engine"


def test_marks_of_an_earlier_glossary_are_made_anew() -> None:
    memory = usable()
    Memory.objects.update(marks={})

    indexer.index_pending()

    memory.refresh_from_db()
    assert memory.marks == store.marks_of(memory.user_query, memory.agent_response)
    assert memory.marks["question"]
