"""`manage.py eval_retrieval`: how often a question in other words finds its answer."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from knowledge.connections import no_statement_limit

CANNOT_RUN = 2


class Command(BaseCommand):
    help = (
        "Ask paraphrases of answered questions, and measure how often the right memory is first "
        "(hit@1), among five (hit@5), and its mean reciprocal rank (mrr): of all, and by language, "
        "asked→remembered ('terse': no words that tell). FILE is JSONL with question, answer, "
        "paraphrases (a list) and optionally lang (pt or en). The cases are the whole store: "
        "memories of this site take no part, and nothing is left behind."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the cases, JSONL")
        parser.add_argument(
            "--embedder",
            action="append",
            metavar="NAME",
            help="hash, e5, openai or mem0, may be repeated (default: EMBEDDER, and hash)",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        from knowledge.files import UnreadableFile
        from knowledge.measuring import read_cases

        try:
            cases = read_cases(options["file"])
        except OSError as error:
            said = f"{options['file']}: {error.strerror or error}"
            raise CommandError(said, returncode=CANNOT_RUN) from error
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=CANNOT_RUN) from error
        figures = self._measured(cases, options)
        if options["json"]:
            self.stdout.write(json.dumps({"questions": len(cases), "embedders": figures}))
            return
        for name, found in figures.items():
            self._line(name, found)
            for pair, of_pair in found["pairs"].items():
                self._line(f"  {pair}", of_pair)

    @no_statement_limit()
    def _measured(self, cases: list[Any], options: dict[str, Any]) -> dict[str, Any]:
        from django.conf import settings

        from knowledge.embeddings import embedder
        from knowledge.measuring import measure

        figures = {}
        quiet = options["json"] or not sys.stderr.isatty()
        asked = sum(len(case.paraphrases) for case in cases)
        for name in dict.fromkeys(options["embedder"] or [settings.EMBEDDER, "hash"]):
            with tqdm(total=asked, desc=name, disable=quiet, leave=False) as bar:
                figures[name] = measure(cases, embedder(name), bar.update)
        return figures

    def _line(self, name: str, found: dict[str, Any]) -> None:
        self.stdout.write(
            f"{name:14} n={found['n']:<4} hit@1={found['hit@1']:.3f} "
            f"hit@5={found['hit@5']:.3f} mrr={found['mrr']:.3f}"
        )
