"""`manage.py search_memories`: retrieval as the chat does it, at the terminal."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from knowledge import retrieval
from knowledge.retrieval import MemoryHit
from knowledge.secrets import mask_secrets
from knowledge.visible import visible


class Command(BaseCommand):
    help = "Search the memories as the chat does: only audited and approved ones are found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = (
            "With - as the query, one query a line is read from standard input and one JSON list\n"
            "a line is written, in the same order."
        )
        parser.add_argument("query", help="the question, or - for one a line on standard input")
        parser.add_argument("--limit", type=int, default=5, help="at most so many (default 5)")
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = options["limit"]
        if not 1 <= limit <= retrieval.MOST:
            raise CommandError(f"--limit lies between 1 and {retrieval.MOST}.")
        if options["query"] == "-":
            self._answer_lines(limit)
        elif options["json"]:
            self.stdout.write(_as_json(retrieval.search(options["query"], limit)))
        else:
            self._print(retrieval.search(options["query"], limit))

    def _answer_lines(self, limit: int) -> None:
        for line in sys.stdin.buffer:
            query = line.decode("utf-8", "replace").strip()
            self.stdout.write(_as_json(retrieval.search(query, limit)))
            self.stdout.flush()

    def _print(self, hits: list[MemoryHit]) -> None:
        if not hits:
            self.stdout.write("No audited or approved memory bears on this.")
        for hit in hits:
            standing = "approved" if hit.trust == "trusted" else "verified, not reviewed"
            self.stdout.write(
                f"{hit.score:.2f}  {hit.memory_id}  {standing}\n"
                f"      {visible(mask_secrets(hit.user_query))}\n"
                f"      {visible(mask_secrets(hit.dated_answer))}\n"
            )


def _as_json(hits: list[MemoryHit]) -> str:
    return json.dumps(
        [
            {
                "memory_id": str(hit.memory_id),
                "score": round(hit.score, 4),
                "similarity": round(hit.similarity, 4),
                "trust": hit.trust,
                "kind": hit.kind,
                "created_at": hit.created_at.isoformat(),
                "user_query": mask_secrets(hit.user_query),
                "agent_response": mask_secrets(hit.agent_response),
            }
            for hit in hits
        ],
        ensure_ascii=False,
    )
