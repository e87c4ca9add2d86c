"""The Portuguese catalogue: whole, in step with the code, compiled, and on every page."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polib
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.translation import override, templatize

from audits import review
from tests.factories import make_memory, make_record
from tws.answers.understanding.asked import NotUnderstood, Understood
from tws.answers.understanding.understanding import understand
from tws.chat.page_strings import examples, live_strings

FOLDER = settings.LOCALE_PATHS[0] / "pt_BR" / "LC_MESSAGES"
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "pgettext_lazy"}
PLACEHOLDER = re.compile(r"%%|%\(\w+\)[sd]|%[sd]|\{\w*\}")
AGENT_PAGE = "/chat/tws-analyzer/"


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(FOLDER / "django.po"))


def meanings(file: polib.POFile | polib.MOFile) -> dict[tuple[str | None, str], object]:
    return {(one.msgctxt, one.msgid): one.msgstr_plural or one.msgstr for one in file}


# --- the catalogue ------------------------------------------------------------------------------


def ours(suffix: str) -> Iterator[Path]:
    for app in ("resync_site", "knowledge", "tws", "audits"):
        yield from (settings.BASE_DIR / app).rglob(f"*{suffix}")


def texts_in_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            written = [one.value for one in node.args if isinstance(one, ast.Constant)]
            yield from written[1:] if node.func.id.startswith("p") else written[:1]


def texts_in_template(path: Path) -> Iterator[str]:
    as_python = templatize(path.read_text(), origin=str(path))
    for found in re.finditer(
        r"""\bn?gettext\((u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))""", as_python
    ):
        yield ast.literal_eval(found[1])


def test_every_text_of_the_code_is_in_the_catalogue(catalogue: polib.POFile) -> None:
    texts = {text for path in ours(".py") for text in texts_in_python(path)}
    texts |= {text for path in ours(".html") for text in texts_in_template(path)}

    assert len(texts) > 400
    assert texts ^ {one.msgid for one in catalogue} == set()


def test_every_text_is_translated(catalogue: polib.POFile) -> None:
    assert catalogue.untranslated_entries() == []
    assert catalogue.fuzzy_entries() == []
    assert catalogue.obsolete_entries() == []


def test_placeholders_are_those_of_the_english_text(catalogue: polib.POFile) -> None:
    for one in catalogue:
        pairs = [(one.msgid, one.msgstr)]
        if one.msgid_plural:
            pairs = [(one.msgid, one.msgstr_plural[0]), (one.msgid_plural, one.msgstr_plural[1])]
        for english, portuguese in pairs:
            wanted, found = PLACEHOLDER.findall(english), PLACEHOLDER.findall(portuguese)
            assert sorted(found) == sorted(wanted), english


def test_compiled_catalogue_is_that_of_the_source(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(FOLDER / "django.mo"))

    assert meanings(compiled) == meanings(catalogue)


def taken(question: str) -> Understood:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    return understand(question, now=now, zone=ZoneInfo("UTC"), engine="SIM")


@pytest.mark.django_db
def test_questions_that_pages_offer_are_understood_alike() -> None:
    def asked() -> list[str]:
        said: Any = live_strings()
        hour = said["ask_hour"].format(**{"from": "14:00", "to": "15:00"})
        return [*examples(), *said["group_question"].values(), said["ask_prompts"], hour]

    with override("en"):
        english = [taken(text) for text in asked()]
    with override("pt-br"):
        portuguese = [taken(text) for text in asked()]

    assert [one.asked for one in english] == [one.asked for one in portuguese]
    assert not any(isinstance(one.asked, NotUnderstood) for one in english)


# --- the pages ----------------------------------------------------------------------------------


def shown(page: bytes) -> str:
    """A page's words, without what stands in tags, and with what its script says."""
    text = page.decode()
    data = re.search(r'<script id="page" type="application/json">(.*?)</script>', text, re.DOTALL)
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", "\n", text, flags=re.DOTALL)
    said = data[1].encode().decode("unicode_escape", "replace") if data else ""
    return html.unescape(bare) + said


def left_in_english(text: str, catalogue: polib.POFile) -> list[str]:
    """Texts of several words that the catalogue has and the page shows untranslated."""
    long = (one.msgid for one in catalogue if " " in one.msgid and len(one.msgid) > 8)
    return [msgid for msgid in long if not PLACEHOLDER.search(msgid) and msgid in text]


def brazilian(user: User | None = None) -> Client:
    client = Client(headers={"accept-language": "pt-BR,pt;q=0.9"})
    if user:
        client.force_login(user)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/login/", ["Entrar", "Senha", "Respostas do plano atual"]),
        ("/", ["O plano agora", "O que precisa de você agora", "As próximas horas", "Sair"]),
        (AGENT_PAGE, ["Nova conversa", "O que você quer saber sobre o plano?", "Perguntar"]),
        ("/nowhere/", ["Não há nada aqui", "Voltar ao plano"]),
        ("/admin/", ["Visão geral", "Aguardando, por idade", "Registro de decisões"]),
        ("/admin/audits/auditrecord/", ["Fila de auditoria", "Quarentena", "Filtros"]),
        ("/admin/audits/decision/", ["Registro de decisões", "o quê", "número"]),
        ("/admin/knowledge/memory/", ["confiabilidade", "Memórias"]),
        ("/admin/tws/agent/tws-analyzer/change/", ["instruções", "Nenhuma escolhida"]),
    ],
)
def test_pages_are_in_portuguese(
    path: str, words: list[str], admin_user: User, catalogue: polib.POFile
) -> None:
    make_record("pending")
    other = make_record("pending", make_memory("Por que parou?", "Falta um recurso."))
    review.decide(other.memory_id, "reject", admin_user)
    client = brazilian(None if path == "/login/" else admin_user)

    text = shown(client.get(path).content)

    missing = [word for word in words if word.casefold() not in text.casefold()]
    assert missing == []
    assert left_in_english(text, catalogue) == []


@pytest.mark.django_db
def test_a_record_is_reviewed_in_portuguese(reviewer: User, catalogue: polib.POFile) -> None:
    record = make_record("pending")
    page = reverse("admin:audits_auditrecord_change", args=[record.pk])
    client = brazilian(reviewer)

    before = shown(client.get(page).content)
    client.post(page, {"action": "reject", "version": 1, "reason_code": "wrong_fact"})
    after = shown(client.get(page).content)

    assert "Aguardando uma pessoa" in before
    assert "Corrigir" in before
    assert "Rejeitada" in after
    assert "Um fato está errado" in after
    assert left_in_english(before + after, catalogue) == []


@pytest.mark.django_db
def test_language_of_the_console_is_switched_there(reviewer: User) -> None:
    client = brazilian(reviewer)
    first = client.get("/admin/").content.decode()

    answer = client.post("/language/setlang/", {"language": "en", "next": "/admin/"})

    assert 'action="/language/setlang/"' in first
    assert answer["Location"] == "/admin/"
    assert "Waiting, by age" in client.get("/admin/").content.decode()
