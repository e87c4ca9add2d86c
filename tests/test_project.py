"""The project held against its own rules: settings, imports, commands, documents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
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


def module_name(path: Path) -> str:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports below `node`, in functions too; not those that only the type checker makes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from statements(ast.Module(child.orelse, []))
        else:
            yield from statements(child)


@cache
def imports(path: Path) -> tuple[str, ...]:
    """What the module imports: `module`, or `module.name` for each name taken from one."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = module_name(path).split(".")[: None if path.stem == "__init__" else -1]
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
            continue
        start = package[: len(package) - node.level + 1] if node.level else []
        module = [*start, *filter(None, [node.module])]
        yield from (".".join([*module, name.name]) for name in node.names)


def circles(files: Iterable[Path]) -> list[list[str]]:
    """Groups of modules that all import one another, at whatever distance."""
    known = {module_name(path): path for path in files}
    graph = {
        name: {
            to
            for one in imports(path)
            if (to := one if one in known else one.rpartition(".")[0]) in known
        }
        for name, path in known.items()
    }
    reached = {name: set(to) for name, to in graph.items()}
    for middle in graph:
        for name in graph:
            if middle in reached[name]:
                reached[name] |= reached[middle]
    found = {tuple(sorted(n for n in reached[name] if name in reached[n])) for name in graph}
    return sorted(list(one) for one in found if len(one) > 1)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    forbidden = set(ROOMS) - ALLOWED[room] - {room} | {"tests", "scripts"}

    upward = {
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for path in (CHECKOUT / room).rglob("*.py")
        for name in {one.partition(".")[0] for one in imports(path)}
        if name in forbidden
    }
    assert upward == set()


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circles(path for room in ROOMS for path in (CHECKOUT / room).rglob("*.py")) == []


def test_a_circle_is_found_through_functions_and_packages_but_not_through_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.test_project.CHECKOUT", tmp_path)
    modules = {
        "a.py": "import b",
        "b.py": "def late():\n    from room import c",
        "room/__init__.py": "",
        "room/c.py": "if True:\n    from .d import x",
        "room/d.py": "from a import y",
        "e.py": "import f",
        "f.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import e",
    }
    for name, text in modules.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    assert circles(tmp_path.rglob("*.py")) == [["a", "b", "room.c", "room.d"]]


def test_one_module_imports_mem0() -> None:
    importers = {
        str(path.relative_to(CHECKOUT))
        for room in ROOMS
        for path in (CHECKOUT / room).rglob("*.py")
        if "mem0" in {name.partition(".")[0] for name in imports(path)}
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
