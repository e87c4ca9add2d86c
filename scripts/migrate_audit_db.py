#!/usr/bin/env python3
"""Bring the audit queue of the earlier program (SQLite) into Resync's database.

Repeatable: rows that are here already are skipped, and a run that was stopped or killed is
completed by the next one. The file is only read; stop the earlier program first.

Each row becomes a memory of --agent with its audit record and a line in the decision log:
  pending   waits for a reviewer, is not retrieved
  approved  is trusted, retrieved once it is indexed
  rejected  stays rejected, is never retrieved
Old decisions stand in the name of the inactive user "audit-queue-migration", at the time when
they were taken. An id that is not a UUID is kept as the memory's "id in its source". Of several
rows with the same text one is migrated and counts the others: a rejection beats an approval,
a decision beats none. Times without a zone are UTC. When rows may be missing because the file
was copied without its journal (-wal), a warning says so and "doubts" in the JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import _bootstrap


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit status: 0 done, rejected rows or not; 2 nothing could be migrated.",
    )
    add = parser.add_argument
    add("sqlite_file", metavar="SQLITE_FILE", type=Path, help="the old audit_queue.db")
    add("--dry-run", action="store_true", help="check and count everything, write nothing")
    add("--json", action="store_true", help="print one JSON object on standard output")
    add("--agent", default="tws-analyzer", help="whose memories they become (%(default)s)")
    add("--batch", type=_positive, default=1000, help="rows per transaction (%(default)s)")
    add(
        "--rejects",
        type=Path,
        metavar="FILE",
        help="where to list rejected rows and why, as JSON lines "
        "(default: NAME.rejects.jsonl in the current folder)",
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main() -> int:
    options = parse()
    if importlib.util.find_spec("django") is None:
        _bootstrap.enter_environment("requirements.txt", folder=Path.cwd())
    sys.path.insert(0, str(_bootstrap.CHECKOUT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "resync_site.settings")
    try:
        summary = migrate(options)
    except KeyboardInterrupt:
        return fail(options, "stopped", "What was migrated stays; run again to go on.", 130)
    print(json.dumps(summary) if options.json else as_text(summary))  # noqa: T201 (its output)
    return 0


def migrate(options: argparse.Namespace) -> dict[str, Any]:
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.db import Error as DatabaseError

    try:
        django.setup()
        from audits.legacy.migration import CannotMigrate, SourceError, migrate

        summary = migrate(
            options.sqlite_file,
            agent=options.agent,
            rejects=(
                options.rejects or Path(f"{options.sqlite_file.stem}.rejects.jsonl")
            ).absolute(),
            dry_run=options.dry_run,
            batch=options.batch,
            progress=show_progress,
            warn=show_warning,
        )
    except ImproperlyConfigured as error:
        sys.exit(fail(options, "settings", str(error)))
    except DatabaseError as error:
        from resync_site.command_line import what_is_down

        sys.exit(fail(options, "database", what_is_down(error) or str(error)))
    except SourceError as error:
        sys.exit(fail(options, error.code, str(error)))
    except CannotMigrate as error:
        sys.exit(fail(options, "cannot_run", str(error)))
    return summary.as_dict()


def show_progress(items: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    from tqdm import tqdm

    return tqdm(items, desc=label, total=total, unit=" rows", disable=None)  # None: no terminal


def show_warning(message: str) -> None:
    sys.stderr.write(f"migrate_audit_db.py: warning: {message}\n")


def fail(options: argparse.Namespace, code: str, message: str, status: int = 2) -> int:
    if options.json:
        print(json.dumps({"error": code, "message": message}))  # noqa: T201 (its output)
    sys.stderr.write(f"migrate_audit_db.py: {message}\n")
    return status


REASONS = {
    "already": "migrated before",
    "same_text": "the text of another row or memory",
}


def as_text(summary: dict[str, Any]) -> str:
    done = "would be migrated" if summary["dry_run"] else "migrated"
    lines = [f"{summary['rows']:,} rows in {summary['seconds']} s"]
    for count, label, parts in (
        (summary["migrated"], done, summary["migrated_by_status"]),
        (summary["skipped"], "skipped", summary["skipped_because"]),
        (summary["rejected"], "rejected", summary["rejected_because"]),
    ):
        lines.append(f"{count:>12,} {label}")
        lines += [f"{n:>16,} {REASONS.get(name, name)}" for name, n in sorted(parts.items()) if n]
    if summary["contradictions"]:
        lines.append(
            f"{summary['contradictions']:,} texts were both approved and rejected: rejected now"
        )
    if summary["rejects_file"]:
        lines.append(f"Rejected rows, and why: {summary['rejects_file']}")
    if summary["migrated_by_status"].get("approved"):
        lines.append(
            "Approved memories are found once they are indexed: a running auditor does that, "
            "or manage.py reindex_memories."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
