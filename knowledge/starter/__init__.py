"""What every installation may begin to know: the vocabulary's terms, and recipes beside them.

Written for Resync, facts only. `manage.py load_knowledge` makes memories of it that a named
person approves.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from knowledge.hwa.terms import TERMS, Entry, entry_of
from knowledge.models import Source
from knowledge.store import Draft

AGENT = "tws-analyzer"


def entries() -> Iterator[tuple[str, Entry]]:
    """Each entry with its key, the same in every release."""
    yield from ((f"terms.{key}", term) for key, term in TERMS.items())
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for key, row in tomllib.loads(path.read_text(encoding="utf-8")).items():
            yield f"{path.stem}.{key}", Entry(**entry_of(row))


def drafts() -> Iterator[Draft]:
    """A memory of each entry in each language."""
    for key, entry in entries():
        for language, asked in entry.asked.items():
            yield Draft(
                agent=AGENT,
                user_query=asked,
                agent_response=entry.said[language],
                source=Source.IMPORT,
                external_id=f"starter.{key}.{language}",
            )
