"""`manage.py eval_auditor`: how good the auditor is, on labelled data or on past decisions."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from knowledge.arguments import positive

CANNOT_RUN = 2
FIGURES = ("n", "precision", "recall", "false_alarms", "abstained", "f1", "kappa", "ece")


class Command(BaseCommand):
    help = (
        "Judge labelled examples and measure the auditor: precision, recall (of all incorrect "
        "rows), false alarms (of all correct rows), the share it could not verify, F1, kappa, "
        "calibration error (positive: flagged or quarantined). Writes nothing. FILE is JSONL with "
        "user_query, agent_response, evidence, label (correct or incorrect) and optionally answer; "
        "without FILE, "
        "--decisions takes what people decided. Each example is judged alone: rules about "
        "duplicates and repetition have nothing to compare it with."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="FILE", help="labelled rows, JSONL"
        )
        parser.add_argument(
            "--decisions", action="store_true", help="people's decisions instead of a file"
        )
        parser.add_argument(
            "--limit", type=positive, default=10_000, help="at most this many (10000)"
        )
        parser.add_argument(
            "--with-memories", action="store_true", help="approved memories may contradict"
        )
        parser.add_argument(
            "--judge", default="", help="only this judge: rules, claims, lookup or llm"
        )
        parser.add_argument(
            "--prompt", default="", metavar="FILE", help="compare this prompt with the one in use"
        )
        parser.add_argument("--model", default="", help="compare this model with the one in use")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        from audits.evaluating import BadRow
        from knowledge.files import UnreadableFile
        from knowledge.llm import LLMError

        try:
            result = self._measure(options)
        except OSError as error:
            said = f"{options['file']}: {error.strerror or error}"
            raise CommandError(said, returncode=CANNOT_RUN) from error
        except (BadRow, UnreadableFile, LookupError, LLMError) as error:
            raise CommandError(str(error), returncode=CANNOT_RUN) from error
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            self._show(result)

    def _measure(self, options: dict[str, Any]) -> dict[str, Any]:
        from audits.judging import bench

        examples, sitting, candidate = self._examples(options), bench(options["judge"]), None
        if options["prompt"] or options["model"]:
            candidate = bench(options["judge"], options["prompt"], options["model"])
        result = self._judged(sitting, examples, options)
        if candidate is not None:
            result["candidate"] = self._judged(candidate, examples, options)
        return result

    def _examples(self, options: dict[str, Any]) -> list[Any]:
        from audits.evaluating import approved_neighbours, decided_memories, read_rows

        if bool(options["file"]) == options["decisions"]:
            raise CommandError("Name a FILE, or say --decisions.", returncode=CANNOT_RUN)
        rows = (
            decided_memories(options["limit"])
            if options["decisions"]
            else read_rows(options["file"])
        )
        examples = [row for row, _ in zip(rows, range(options["limit"]), strict=False)]
        if options["with_memories"]:
            examples = [approved_neighbours(example) for example in examples]
        return examples

    def _judged(self, sitting: Any, examples: list[Any], options: dict[str, Any]) -> dict[str, Any]:
        from audits.evaluating import judge_all
        from audits.measuring import grouped, measures, recommended_threshold, reliability
        from audits.scoring import Scoring
        from knowledge.llm import spent

        quiet = options["json"] or not sys.stderr.isatty()
        with tqdm(total=len(examples), desc="judged", disable=quiet) as bar:
            scoring = Scoring.current()
            judged = asyncio.run(judge_all(sitting, examples, scoring, bar.update))
        found = [example for example in judged if example]
        return measures(found) | {
            "no_verdict": len(judged) - len(found),
            "llm": asdict(spent()) if settings.LLM_BASE_URL else None,
            "recommended_threshold": recommended_threshold(found),
            "reliability": reliability(found),
            "per_judge": grouped(found, "judge"),
            "per_language": grouped(found, "language"),
        }

    def _show(self, result: dict[str, Any], title: str = "") -> None:
        if title:
            self.stdout.write(title)
        self._line("all", result)
        for kind in ("per_judge", "per_language"):
            for name, values in result[kind].items():
                self._line(name, values)
        self.stdout.write(f"no verdict: {result['no_verdict']}")
        if result["llm"]:
            self.stdout.write(f"LLM so far: {json.dumps(result['llm'])}")
        self.stdout.write(f"recommended threshold: {result['recommended_threshold']}")
        self.stdout.write("score       n   mean   wrong")
        for row in result["reliability"]:
            self.stdout.write("{from:.1f}-{to:.1f} {n:5d}  {score:.3f}  {wrong:.3f}".format(**row))
        if "candidate" in result:
            self._show(result["candidate"], "\nThe candidate on the same examples:")

    def _figure(self, key: str, values: dict[str, Any]) -> str:
        """A figure, and between which two the true one lies in 95 of 100 such samples."""
        if values[key] is None:
            return "-"
        bounds = values["intervals"].get(key)
        return f"{values[key]}" + ("({:.2f}-{:.2f})".format(*bounds) if bounds else "")

    def _line(self, name: str, values: dict[str, Any]) -> None:
        figures = " ".join(f"{key}={self._figure(key, values)}" for key in FIGURES)
        cells = " ".join(f"{cell}={count}" for cell, count in values["confusion"].items())
        self.stdout.write(f"{name:10} {figures} {cells}")
