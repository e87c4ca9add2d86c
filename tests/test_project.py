"""The project held against its own rules: settings, imports, commands, documents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from resync_site.environment import CHECKOUT

ROOMS = ("resync_site", "knowledge", "tws", "audits")
# Who may import whom. The scripts and tests may import all of them.
ALLOWED = {
    "resync_site": {"knowledge", "tws", "audits"},
    "tws": {"knowledge"},
    "audits": {"knowledge"},
    "knowledge": set(),
}
# Read by name in resync_site/environment.py, before there are settings.
BEFORE_SETTINGS = {"RESYNC_HOME", "SECRET_KEY"}
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("*/*.md")])


# --- settings -------------------------------------------------------------------------------


def settings_read() -> set[str]:
    """Each NAME of `env.text("NAME")` and the like in the settings."""
    tree = ast.parse((CHECKOUT / "resync_site/settings.py").read_text(encoding="utf-8"))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def settings_explained() -> list[str]:
    text = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    return re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)


def test_every_setting_is_explained_in_env_example_once() -> None:
    explained = settings_explained()

    assert sorted(explained) == sorted(settings_read() | BEFORE_SETTINGS)


def test_every_setting_of_env_example_stands_below_a_comment() -> None:
    lines = (CHECKOUT / ".env.example").read_text(encoding="utf-8").split("\n")
    named = [n for n, line in enumerate(lines) if re.match(r"#?[A-Z][A-Z0-9_]+=", line)]

    assert [lines[n] for n in named if not re.match(r"# |#?[A-Z0-9_]+=", lines[n - 1])] == []


# --- imports --------------------------------------------------------------------------------


def imports(path: Path) -> Iterator[str]:
    """The first part of everything the module imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    forbidden = set(ROOMS) - ALLOWED[room] - {room} | {"tests", "scripts"}

    upward = {
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for path in (CHECKOUT / room).rglob("*.py")
        for name in imports(path)
        if name in forbidden
    }
    assert upward == set()


def test_one_module_imports_mem0() -> None:
    importers = {
        str(path.relative_to(CHECKOUT))
        for room in ROOMS
        for path in (CHECKOUT / room).rglob("*.py")
        if "mem0" in imports(path)
    }
    assert importers <= {"knowledge/_mem0.py"}


# --- commands -------------------------------------------------------------------------------


def our_commands() -> list[str]:
    files = CHECKOUT.glob("*/management/commands/*.py")
    return sorted(path.stem for path in files if path.parts[-4] in ROOMS and path.stem[0] != "_")


@pytest.mark.parametrize("name", our_commands())
def test_every_command_explains_itself_and_its_arguments(name: str) -> None:
    command = load_command_class(get_commands()[name], name)

    assert len(command.help) > 20
    parser = command.create_parser("manage.py", name)
    assert "--help" in parser.format_help()
    assert [action.dest for action in parser._actions if not action.help] == []


# --- documents ------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_command_named_in_a_document_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    named = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert named - set(get_commands()) == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_file_named_in_a_document_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    rooms = "|".join((*ROOMS, "scripts", "docs", "tests", r"\.ci"))
    named = set(re.findall(rf"(?<![\w/.-])(?:{rooms})/[\w./-]*\.\w+", text))
    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    assert {name for name in named if not (CHECKOUT / name).exists()} == set()
    assert {link for link in links if not (document.parent / link).exists()} == set()
