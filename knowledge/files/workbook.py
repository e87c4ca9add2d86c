"""XLSX: a zip of XML, so a small file can hold very much. Sizes are looked at before any of it is.

What openpyxl reads is bounded by `IMPORT_MAX_UNPACKED_MIB` and by `IMPORT_MAX_CELLS`: cells, and
texts that cells share, take about four tags each.
"""

from __future__ import annotations

import functools
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from knowledge.files import Bad, UnreadableFile

TAGS_OF_A_CELL = 4
MOST_COLUMNS = 200
_CHUNK = 2**20
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_DOCTYPES = (b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
_DAMAGED = "the workbook is damaged here; what follows was not read"
_NO_VALUE = "a formula without its value; open and save the file in a spreadsheet program"

Cells = list[Any]


def sheets(path: Path) -> Iterator[Iterator[tuple[int, Cells | Bad]]]:
    """The rows of each sheet, with their numbers."""
    _check_size(path)
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what a sheet looks like
        try:
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except Exception as error:
            raise _not_a_workbook(path, error) from error
    try:
        for sheet in book.worksheets:
            yield _rows(book, sheet)
    finally:
        book.close()


def _check_size(path: Path) -> None:
    """Refuse what unpacks to too much, and XML that defines its own entities."""
    with path.open("rb") as file:
        if file.read(4) == _OLD_OR_ENCRYPTED:
            raise UnreadableFile(
                f"{path} is protected by a password, or of an Excel before 2007. "
                "Save it as .xlsx without a password."
            )
    most = settings.IMPORT_MAX_UNPACKED_MIB * 2**20
    tags = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > most:
                raise UnreadableFile(
                    f"{path} unpacks to more than {settings.IMPORT_MAX_UNPACKED_MIB} MiB "
                    "(IMPORT_MAX_UNPACKED_MIB)."
                )
            for entry in entries:
                tags += _count_tags(archive, entry, path)
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise _not_a_workbook(path, error) from error
    if tags > settings.IMPORT_MAX_CELLS * TAGS_OF_A_CELL:
        raise UnreadableFile(
            f"{path} has more than {settings.IMPORT_MAX_CELLS} cells (IMPORT_MAX_CELLS)."
        )


def _count_tags(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> int:
    tags, end = 0, b""
    if not entry.filename.endswith((".xml", ".rels")):
        return 0
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            tags += chunk.count(b"<")
            if any(doctype in end + chunk for doctype in _DOCTYPES):
                raise UnreadableFile(f"{path}: {entry.filename} holds a DOCTYPE; no workbook does.")
            end = chunk[-20:]
    return tags


def _not_a_workbook(path: Path, error: Exception) -> UnreadableFile:
    if isinstance(error, UnreadableFile):
        return error
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return UnreadableFile(f"{path} is not an XLSX file, or a damaged one: {said}")


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
            yield number + 1, Bad(_DAMAGED)


@functools.cache
def _parser() -> Any:
    """openpyxl's parser, which one bad cell does not stop."""
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> dict[str, Any]:
            try:
                cell: dict[str, Any] = super().parse_cell(element)
            except (ValueError, LookupError, TypeError, ArithmeticError):
                place = element.get("r") or "a cell"
                return {"column": self.col_counter, "value": Bad(f"{place[:20]} can't be read")}
            if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                cell["value"] = Bad(f"{element.get('r')}: {_NO_VALUE}")
            return cell

    return Parser


def _in_order(cells: Sequence[dict[str, Any]]) -> Cells | Bad:
    """Values by column, as a person reads them; columns far out to the right are left out."""
    values = {cell["column"]: cell["value"] for cell in cells if cell["column"] <= MOST_COLUMNS}
    bad = next((value for value in values.values() if isinstance(value, Bad)), None)
    return bad or [_as_text(values.get(n)) for n in range(1, max(values, default=0) + 1)]


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
