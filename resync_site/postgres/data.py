"""The data folder: made in one piece, and refused when this PostgreSQL must not touch it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from resync_site.postgres.errors import EmbeddedPostgresError, failure, full_disk
from resync_site.postgres.programs import Programs, major_version

NAME = "resync"  # the database, and its role, which is superuser
NEW_DATA_BYTES = 200 * 2**20


def require_space(home: Path) -> None:
    """For the programs' copy and a new database."""
    if shutil.disk_usage(home).free < NEW_DATA_BYTES:
        raise full_disk(home)


def create_data(data: Path, programs: Programs) -> None:
    """Make it under another name, and only rename it when it is complete."""
    fresh = data.with_name(f"{data.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    programs.own(fresh)
    made = programs.run(
        "initdb",
        *("--pgdata", fresh, f"--username={NAME}", "--encoding=UTF8", "--auth=peer"),
        # Sorting by code point, the same on every machine; letters are known beyond ASCII.
        *("--locale-provider=builtin", "--locale=C.UTF-8", "--lc-messages=C"),
    )
    if made.returncode != 0:
        raise failure("The database could not be created", made.stdout, data)
    _allow_owner(fresh, programs)
    created = programs.run(
        "postgres", "--single", "-D", fresh, "postgres", text_input=f"CREATE DATABASE {NAME}\n"
    )
    if created.returncode != 0:
        raise failure("The database could not be created", created.stdout, data)
    fresh.rename(data)


def _allow_owner(fresh: Path, programs: Programs) -> None:
    """Who runs the server, and root if we are root, may be any role; nobody else connects."""
    names = {programs.account.pw_name} | ({"root"} if os.geteuid() == 0 else set())
    rules = {
        "pg_hba.conf": "local all all peer map=owner\n",
        "pg_ident.conf": "".join(f'owner "{name}" all\n' for name in sorted(names)),
    }
    for file, text in rules.items():
        (fresh / file).write_text(text)


def check_data(data: Path, programs: Programs) -> None:
    owner = data.stat().st_uid
    if owner != programs.account.pw_uid:
        raise EmbeddedPostgresError(
            f"{data} belongs to user id {owner}, but the database would run as "
            f"'{programs.account.pw_name}'. Run the command as the user who made it, or set "
            "RESYNC_HOME to another folder."
        )
    made_by = data / "PG_VERSION"
    if not made_by.exists():
        raise EmbeddedPostgresError(
            f"{data} holds no database (no PG_VERSION). Move it away, or set RESYNC_HOME "
            "to another folder."
        )
    if (found := made_by.read_text().strip()) != major_version():
        raise EmbeddedPostgresError(
            f"{data} was made by PostgreSQL {found}; this is {major_version()}. Dump it "
            "with the version of Resync that made it and restore it here (see "
            "docs/operations.md), or set RESYNC_HOME to another folder."
        )
