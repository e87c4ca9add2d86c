"""Whether the decision log is whole."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any

from django.core.management.base import BaseCommand

from audits.decisions import Verification, verify
from knowledge.connections import no_statement_limit


def _seq_and_hash(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip().lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not SEQ:HASH, as this command prints them.")
    return int(found[1]), found[2]


class Command(BaseCommand):
    help = (
        "Walks the decision log's chain of hashes and compares its end with the kept head and, "
        "with --expect, with a line noted earlier. Exit status 1 when it is broken."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            metavar="SEQ:HASH",
            type=_seq_and_hash,
            help="a head printed earlier; the log must still hold that line",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_statement_limit()
    def handle(self, *args: Any, **options: Any) -> None:
        result = verify(options["expect"])
        self.stdout.write(_as_json(result) if options["json"] else _as_text(result))
        if not result.ok:
            sys.exit(1)


def _as_json(result: Verification) -> str:
    head = {"seq": result.seq, "hash": result.hash}
    report = {"ok": result.ok, "rows": result.rows, "head": head}
    return json.dumps({**report, "first_broken": result.first_broken})


def _as_text(result: Verification) -> str:
    if result.ok:
        return f"The decision log is whole: {result.rows} lines. Head {result.seq}:{result.hash}"
    return f"The decision log is broken at line {result.first_broken}: {result.problem}."
