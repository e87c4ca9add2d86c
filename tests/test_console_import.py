"""Memories imported in the console: the file, its columns, what will happen, what did."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from playwright.sync_api import expect

from audits.console import importing
from audits.importing import outlook
from audits.models import AuditRecord, Decision
from knowledge.models import Memory
from knowledge.transfer import BadRow, header_of, read
from tests.axe import A_FEW, assert_accessible
from tests.factories import make_memory, make_record

FILES = Path(__file__).parent / "data" / "files"
PAGE = "/admin/audits/auditrecord/import/"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path) -> None:
    (tmp_path / "uploads").mkdir()
    monkeypatch.setattr(importing, "_folder", lambda: tmp_path / "uploads")


def sent(client: Client, name: str, content: str | bytes):
    content = content.encode() if isinstance(content, str) else content
    return client.post(PAGE, {"file": SimpleUploadedFile(name, content)})


def confirmed(client: Client, answer, **more: object):
    return client.post(PAGE, {"name": answer.context["name"], "confirmed": 1, **more})


@pytest.mark.parametrize("path", sorted(FILES.iterdir()), ids=lambda path: path.name)
@pytest.mark.django_db
def test_the_preview_takes_and_names_what_the_command_does(path, client, reviewer):
    client.force_login(reviewer)
    rows = list(read(path))
    bad = [row for row in rows if isinstance(row, BadRow)]

    answer = sent(client, path.name, path.read_bytes())

    found = answer.context["outlook"].summary
    assert found.imported + found.duplicates == len(rows) - len(bad)
    assert [(one["line"], one["reason"]) for one in found.problems] == [
        (row.line, row.reason) for row in bad
    ]
    assert Memory.objects.count() == 0
    done = confirmed(client, answer).context["summary"]
    assert (done.imported, done.rejected) == (found.imported, found.rejected)
    assert Memory.objects.count() == found.imported
    assert not list((importing._folder()).iterdir())


@pytest.mark.django_db
def test_it_asks_which_column_is_what_where_the_header_does_not_say(client, reviewer):
    client.force_login(reviewer)
    file = "Sintoma;Conserto;Nota\nAgente caiu?;Religue.;5\nFila cheia?;Esvazie.;4\n"

    asked = sent(client, "kb.csv", file)
    assert asked.context["asks"]
    columns = {"column_0": "user_query", "column_1": "agent_response", "column_2": "rating"}
    preview = client.post(PAGE, {"name": asked.context["name"], **columns})
    assert preview.context["outlook"].summary.imported == 2
    confirmed(client, preview, agent="tws-troubleshooter", **columns)

    memory = Memory.objects.get(user_query="Agente caiu?")
    assert (memory.agent_response, memory.agent) == ("Religue.", "tws-troubleshooter")
    assert memory.feedback.get().rating == 5


@pytest.mark.django_db
def test_a_column_that_is_not_to_be_used_is_not(client, reviewer):
    client.force_login(reviewer)
    first = sent(client, "faq.csv", "question,answer,rating\nHow?,So.,9\n")
    assert first.context["outlook"].summary.rejected == 1

    chosen = {"column_0": "user_query", "column_1": "agent_response", "column_2": ""}
    done = confirmed(client, first, **chosen).context["summary"]

    assert (done.imported, done.rejected) == (1, 0)


@pytest.mark.django_db
def test_each_kind_of_file_goes_in_and_what_does_not_is_said_in_the_readers_language(
    client, reviewer
):
    client.force_login(reviewer)
    client.cookies["django_language"] = "pt-br"
    rows = 'pergunta\tresposta\nComo?\tAssim.\nE então?\t"aberta\n'

    for name, encoding in (("f.csv", "utf-16-le"), ("f.tsv", "utf-8"), ("f.txt", "cp1252")):
        found = sent(client, name, rows.encode(encoding)).context["outlook"].summary
        assert found.imported == 1
        assert found.problems == [
            {"line": 3, "reason": "aspas são abertas aqui e não são fechadas"}
        ]
    assert "Salve como .xlsx" in sent(client, "f.xls", b"\xd0\xcf\x11\xe0").context["problem"]


@pytest.mark.django_db
def test_the_preview_knows_what_is_there_and_what_was_rejected(reviewer):
    make_memory("There?", "Yes.")
    make_record("quarantined", make_memory("Bad?", "Evil."))
    path = importing._folder() / "f.csv"
    path.write_text("question,answer\nThere?,Yes.\nBad?,Evil.\nNew?,Yes.\nNew?,Yes.\n")

    found = outlook(path, {}, "tws-analyzer").summary

    assert (found.imported, found.duplicates, found.rejected) == (1, 2, 1)
    assert found.problems[0]["line"] == 3


@pytest.mark.django_db
def test_what_is_approved_at_once_is_so_in_ones_own_name(client, reviewer):
    client.force_login(reviewer)
    preview = sent(client, "f.csv", "question,answer\nQ?,A.\n")

    confirmed(client, preview, trusted="on")

    assert AuditRecord.objects.get().reviewer == reviewer
    assert Decision.objects.get().action == "approve"


@pytest.mark.django_db
def test_no_form_imports_more_rows_than_the_page_takes(client, reviewer, monkeypatch):
    monkeypatch.setattr(importing, "MOST_ROWS", 1)
    client.force_login(reviewer)
    rows = "".join(f'{{"question": "How {n}?", "answer": "So {n}."}}\n' for n in range(2))
    preview = sent(client, "faq.jsonl", f"{rows}nonsense\n")
    assert preview.context["is_too_long"]
    assert preview.context["outlook"].summary.rejected == 0  # nobody reads further for it

    assert confirmed(client, preview).context["is_too_long"]
    assert not Memory.objects.exists()


@pytest.mark.django_db
def test_only_who_may_decide_imports(client, auditor_user, operator):
    for user in (auditor_user, operator):
        client.force_login(user)
        assert client.get(PAGE).status_code in {302, 403}
        assert sent(client, "f.csv", "question,answer\nQ?,A.\n").status_code in {302, 403}
    assert Memory.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content"),
    [("f.csv", ""), ("f.xlsx", "no zip"), ("f.exe", "x"), ("f.jsonl", "nonsense")],
)
def test_a_file_that_makes_no_sense_is_said_so(name, content, client, reviewer):
    client.force_login(reviewer)

    answer = sent(client, name, content or " ")

    assert answer.status_code == 200
    assert "problem" in answer.context or answer.context.get("asks")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["../secret.csv", "a.csv", "", "0" * 32 + ".csv"])
def test_no_other_file_is_reached_by_its_name(name, client, reviewer):
    client.force_login(reviewer)

    assert client.post(PAGE, {"name": name}).context["problem"] == "Choose a file."


def test_the_columns_of_a_file_are_its_headers_or_its_fullest_rows(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("Base 2026;;\nSintoma;Conserto;Nota\na;b;c\n")

    assert header_of(path) == ["Sintoma", "Conserto", "Nota"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_person_imports_a_file_with_columns_of_their_own(open_page, reviewer, tmp_path):
    path = tmp_path / "base.csv"
    path.write_text('Sintoma;Conserto\nAgente caiu?;Religue.\nsem fim?;"aberta\n', "cp1252")
    page = open_page(reviewer, PAGE)
    assert_accessible(page, *A_FEW, within="#content")

    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Preview").click()
    page.get_by_label("Sintoma").select_option("user_query")
    page.get_by_label("Conserto").select_option("agent_response")
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_text("a quote is opened here and not closed")).to_be_visible()
    assert_accessible(page, *A_FEW, within="#content")
    page.get_by_role("button", name="Import: 1").click()

    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert Memory.objects.get().user_query == "Agente caiu?"
    assert page.complaints == []
