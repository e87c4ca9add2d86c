"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from knowledge.files import LONGEST_LINE, TOO_LONG, Bad, Record, UnreadableFile

_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")


def records(path: Path) -> Iterator[tuple[int, Record]]:
    for number, line in _lines(path):
        if isinstance(line, Bad):
            yield number, line
        elif number == 1 and line.startswith(_UTF16):
            said = _("%(path)s is UTF-16; JSON lines are UTF-8. Save it as UTF-8.")
            raise UnreadableFile(said % {"path": path})
        elif line.strip(b"\xef\xbb\xbf \t\r\n"):
            yield number, _record(line)


def _lines(path: Path) -> Iterator[tuple[int, bytes | Bad]]:
    """Lines of bytes, none longer than LONGEST_LINE held in memory."""
    with path.open("rb") as file:
        number, too_long = 1, False
        while piece := file.readline(LONGEST_LINE):
            if not piece.endswith(b"\n") and len(piece) == LONGEST_LINE:
                too_long = True
                continue
            yield number, Bad(TOO_LONG) if too_long else piece
            number, too_long = number + 1, False
        if too_long:
            yield number, Bad(TOO_LONG)


def _record(line: bytes) -> Record:
    try:
        record = json.loads(
            line.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_refuse
        )
    except UnicodeDecodeError as error:
        return Bad(_("not UTF-8 at byte %(n)s") % {"n": error.start})
    except RecursionError:
        return Bad(_("nested too deeply"))
    except Bad as bad:
        return bad
    except ValueError as error:
        return Bad(_("not JSON: %(why)s") % {"why": error})
    return record if isinstance(record, dict) else Bad(_("not a JSON object"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one name nobody knows which is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Bad(_("%(name)r is there twice") % {"name": twice[:50]})
    return found


def _refuse(constant: str) -> NoReturn:
    raise Bad(_("not JSON: %(why)s") % {"why": constant})
