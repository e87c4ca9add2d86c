"""What the model is shown of a memory: sections of data between markers that no text can know."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audits.judges import MemoryUnderAudit
from audits.judges.llm.relevance import fitting
from audits.judges.llm.statements import Checked, readings_of
from knowledge.claims.answer import AnswerMalformed, read_answer
from knowledge.secrets import mask_secrets
from knowledge.visible import visible

PROMPTS = Path(__file__).resolve().parents[2] / "prompts"
"""A folder a version, with `verdict.txt` and `extraction.txt`."""
CURRENT = "judge-2"
"""The prompt in use. Compare a new one with `manage.py eval_auditor --prompt` before naming it."""
SECTION_LENGTH = 12_000
"""Characters of each section that the model sees."""
Section = tuple[str, str]


def versions() -> list[str]:
    """The prompts there are."""
    return sorted(path.parent.name for path in PROMPTS.glob("*/verdict.txt"))


def is_prompt(version: str) -> bool:
    return version in versions() or Path(version).is_file()


def prompt(version: str, name: str) -> str:
    """The text of a version; a file of one's own is another verdict beside today's extraction."""
    own = Path(version)
    if own.is_file():
        return own.read_text(encoding="utf-8") if name == "verdict" else prompt(CURRENT, name)
    return (PROMPTS / version / f"{name}.txt").read_text(encoding="utf-8")


def sections(memory: MemoryUnderAudit, checked: Sequence[Checked] = ()) -> list[Section]:
    """The parts of the material that hold something, each within its length."""
    about = f"{memory.user_query}\n{memory.agent_response}"
    found = {
        "question": _fitting_text(memory.user_query),
        "answer": _fitting_text(memory.agent_response),
        "evidence": fitting(_named_readings(memory), about, SECTION_LENGTH)
        if memory.evidence
        else "",
        "approved memories": _approved(memory, about),
        "parts": _parts(memory, about),
        "checked": _rows([_said_of(one) for one in checked], about),
    }
    return [(name, text) for name, text in found.items() if text]


def is_shown_whole(memory: MemoryUnderAudit) -> bool:
    """Whether the model sees each word of the question and the answer."""
    return max(len(memory.user_query), len(memory.agent_response)) <= SECTION_LENGTH


def messages(instructions: str, parts: Sequence[Section], turn: int = 0) -> list[dict[str, str]]:
    """Instructions in one message, the material in another; each turn begins with another part.

    Same material, other order: a verdict that depends on the order is none.
    """
    marker = secrets.token_hex(12)
    turn %= max(1, len(parts))
    material = "\n".join(
        f"[{marker} {name}]\n{as_data(text)}\n[{marker} end of {name}]"
        for name, text in (*parts[turn:], *parts[:turn])
    )
    return [
        {"role": "system", "content": instructions.replace("{marker}", marker)},
        {"role": "user", "content": material},
    ]


def as_data(text: str) -> str:
    """A text as the model sees it: hidden characters written out, secrets kept from it."""
    return visible(mask_secrets(text))


def _fitting_text(text: str) -> str:
    """A text that is too long for its section: its beginning and its end, and what is missing."""
    if len(text) <= SECTION_LENGTH:
        return text
    half = SECTION_LENGTH // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def _named_readings(memory: MemoryUnderAudit) -> list[dict[str, Any]]:
    """The evidence with the ids that expressions know it by."""
    shown = ("id", "tool", "arguments", "fetched_at", "result")
    named = zip(readings_of(memory.evidence), memory.evidence, strict=False)
    return [
        {name: one.get(name) for name in shown if one.get(name) is not None} | {"id": reading}
        for reading, one in named
        if isinstance(one, dict)
    ]


def _approved(memory: MemoryUnderAudit, about: str) -> str:
    near = [
        {"id": str(n.memory_id), "question": n.user_query, "answer": n.agent_response}
        for n in memory.neighbours
        if n.trust == "trusted"
    ]
    return _rows(near, about)


def _parts(memory: MemoryUnderAudit, about: str) -> str:
    """The claims of an answer that is data: what each expression is, and what it was worded as."""
    try:
        claims = read_answer(memory.answer).claims if memory.answer is not None else []
    except AnswerMalformed:
        return ""
    return _rows([{"expr": c.expr, "value": c.value, "words": c.words} for c in claims], about)


def _said_of(one: Checked) -> dict[str, Any]:
    return {"statement": one.statement.quote, "program": one.outcome, "found": one.found}


def _rows(rows: list[dict[str, Any]], about: str) -> str:
    return fitting(rows, about, SECTION_LENGTH) if rows else ""
