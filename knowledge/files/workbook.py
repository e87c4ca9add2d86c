"""XLSX: a zip of XML, so a small file can hold very much. Sizes are looked at before any of it is.

What openpyxl reads is bounded by `IMPORT_MAX_UNPACKED_MIB` and by `IMPORT_MAX_CELLS`: cells, and
texts that cells share, take about four tags each.
"""

from __future__ import annotations

import functools
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from knowledge.files import Bad, UnreadableFile

TAGS_OF_A_CELL = 4
MOST_COLUMNS = 200
_CHUNK = 2**20
_OLD_OR_ENCRYPTED, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\3\4"
_DOCTYPES = (b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how Excel writes control characters

Cells = list[str | Bad]


def sheets(path: Path) -> Iterator[tuple[str, Iterator[tuple[int, Cells | Bad]]]]:
    """The rows of each sheet, with their numbers, under its name; "" when it is hidden: those last.

    A cell that can't be read is what is wrong with it.
    """
    _check_size(path)
    from openpyxl import load_workbook

    with path.open("rb") as file:  # of a path it looks at the ending
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what a sheet looks like
            try:
                book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            except Exception as error:
                raise _not_a_workbook(path, error) from error
        for sheet in sorted(book.worksheets, key=_is_hidden):
            yield "" if _is_hidden(sheet) else sheet.title, _rows(book, sheet)


def is_one(path: Path) -> bool:
    """Whether a file is a workbook whatever it is called, of an old kind or not."""
    with path.open("rb") as file:
        return file.read(4) in {_OLD_OR_ENCRYPTED, _ZIP}


def _is_hidden(sheet: Any) -> bool:
    return bool(sheet.sheet_state != "visible")


def _check_size(path: Path) -> None:
    """Refuse what unpacks to too much, and XML that defines its own entities."""
    with path.open("rb") as file:
        if file.read(4) == _OLD_OR_ENCRYPTED:
            said = _(
                "%(path)s is protected by a password, or of an Excel before 2007. "
                "Save it as .xlsx without a password."
            )
            raise UnreadableFile(said % {"path": path})
    most = settings.IMPORT_MAX_UNPACKED_MIB * 2**20
    tags = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > most:
                said = _("%(path)s unpacks to more than %(most)s MiB (IMPORT_MAX_UNPACKED_MIB).")
                raise UnreadableFile(
                    said % {"path": path, "most": settings.IMPORT_MAX_UNPACKED_MIB}
                )
            for entry in entries:
                tags += _count_tags(archive, entry, path)
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise _not_a_workbook(path, error) from error
    if tags > settings.IMPORT_MAX_CELLS * TAGS_OF_A_CELL:
        said = _("%(path)s has more than %(most)s cells (IMPORT_MAX_CELLS).")
        raise UnreadableFile(said % {"path": path, "most": settings.IMPORT_MAX_CELLS})


def _count_tags(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> int:
    tags, end = 0, b""
    if not entry.filename.endswith((".xml", ".rels")):
        return 0
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            tags += chunk.count(b"<")
            if any(doctype in end + chunk for doctype in _DOCTYPES):
                said = _("%(path)s: %(part)s holds a DOCTYPE; no workbook does.")
                raise UnreadableFile(said % {"path": path, "part": entry.filename})
            end = chunk[-20:]
    return tags


def _not_a_workbook(path: Path, error: Exception) -> UnreadableFile:
    if isinstance(error, UnreadableFile):
        return error
    said = " ".join(str(error).split())[:200] or type(error).__name__
    told = _("%(path)s is not an XLSX file, or a damaged one: %(why)s")
    return UnreadableFile(told % {"path": path, "why": said})


def _rows(book: Any, sheet: Any) -> Iterator[tuple[int, Cells | Bad]]:
    """Not by openpyxl's own loop: it fills the gaps between rows and cells, however wide."""
    number = 0
    with book._archive.open(sheet._worksheet_path) as source, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = _parser()(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        try:
            for number, cells in parser.parse():
                parser.row_dimensions.clear()
                yield number, _in_order(cells)
        except Exception:  # noqa: BLE001  as above, in the midst of a sheet
            yield number + 1, Bad(_("the workbook is damaged here; what follows was not read"))


@functools.cache
def _parser() -> Any:
    """openpyxl's parser, which one bad cell does not stop."""
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> dict[str, Any]:
            try:
                cell: dict[str, Any] = super().parse_cell(element)
            except (ValueError, LookupError, TypeError, ArithmeticError):
                said = _("%(cell)s can't be read") % _place(element)
                return {"column": self.col_counter, "value": Bad(said)}
            if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                said = _(
                    "%(cell)s: a formula without its value; open and save the file in a "
                    "spreadsheet program"
                )
                cell["value"] = Bad(said % _place(element))
            if cell["data_type"] == "e":
                said = _("%(cell)s: the error %(value)s")
                cell["value"] = Bad(said % {**_place(element), "value": cell["value"]})
            return cell

    return Parser


def _place(element: Any) -> dict[str, str]:
    return {"cell": (element.get("r") or _("a cell"))[:20]}


def _in_order(cells: Sequence[dict[str, Any]]) -> Cells:
    """Values by column, as a person reads them; columns far out to the right are left out."""
    values = {cell["column"]: cell["value"] for cell in cells if cell["column"] <= MOST_COLUMNS}
    return [_as_text(values.get(n)) for n in range(1, max(values, default=0) + 1)]


def _as_text(value: Any) -> str | Bad:
    if value is None:
        return ""
    if isinstance(value, Bad):
        return value
    if isinstance(value, str):
        return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), value)
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
