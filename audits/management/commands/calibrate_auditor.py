"""`manage.py calibrate_auditor`: fit the judges' confidence to what people decided."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Max

from audits.measuring import Example, Points, calibration_error, interpolated, isotonic, platt
from audits.models import Calibration
from audits.scoring import ENOUGH_DECISIONS, decided_examples

FITS: dict[str, Callable[[Sequence[Example]], Points]] = {"isotonic": isotonic, "platt": platt}


class Command(BaseCommand):
    help = (
        "Fit each judge's confidence to people's decisions, as a new version that is used from "
        f"now on. A judge with fewer than {ENOUGH_DECISIONS} decisions, or with decisions of one "
        "kind only, is left alone. --off goes back to the judges' own figures."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--method", choices=sorted(FITS), default="isotonic", help="how to fit")
        parser.add_argument("--dry-run", action="store_true", help="fit and show, keep nothing")
        parser.add_argument("--off", action="store_true", help="use no calibration from now on")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["off"]:
            if options["dry_run"]:
                raise CommandError("--off and --dry-run exclude each other.")
            stopped = Calibration.objects.filter(is_active=True).update(is_active=False)
            self._say({"switched_off": stopped}, options["json"])
            return
        examples = decided_examples()
        fitted = {}
        for judge in sorted({example.judge for example in examples}):
            of_judge = [example for example in examples if example.judge == judge]
            fitted[judge] = self._fit(judge, of_judge, options)
        self._say(fitted, options["json"])

    def _fit(self, judge: str, examples: list[Example], options: dict[str, Any]) -> dict[str, Any]:
        if len(examples) < ENOUGH_DECISIONS or len({e.is_wrong for e in examples}) < 2:
            return {"examples": len(examples), "fitted": False, "needs": ENOUGH_DECISIONS}
        points: Points = FITS[options["method"]](examples)
        after = [
            Example(interpolated(points, e.score), e.flagged, e.is_wrong, judge) for e in examples
        ]
        errors = (calibration_error(examples) or 0.0, calibration_error(after) or 0.0)
        version = None
        if not options["dry_run"]:
            version = self._keep(judge, options["method"], points, len(examples), errors).version
        return {
            "examples": len(examples),
            "fitted": True,
            "version": version,
            "ece_before": errors[0],
            "ece_after": errors[1],
        }

    @transaction.atomic
    def _keep(
        self, judge: str, method: str, points: Points, count: int, errors: tuple[float, float]
    ) -> Calibration:
        earlier = Calibration.objects.select_for_update().filter(judge=judge)
        list(earlier)  # the lock: two of these commands must not take the same version
        latest = Calibration.objects.filter(judge=judge).aggregate(Max("version"))["version__max"]
        Calibration.objects.filter(judge=judge).update(is_active=False)
        return Calibration.objects.create(
            judge=judge,
            version=(latest or 0) + 1,
            method=method,
            points=points,
            examples=count,
            ece_before=errors[0],
            ece_after=errors[1],
            is_active=True,
        )

    def _say(self, result: dict[str, Any], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result))
        elif not result:
            self.stdout.write("Nobody has decided on a judged memory yet: nothing to fit.")
        else:
            for name, value in result.items():
                self.stdout.write(f"{name}: {value}")
