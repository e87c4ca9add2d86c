"""Cells that a spreadsheet would evaluate."""

from __future__ import annotations

import re

_FORMULA_START = re.compile(r"[\s\x00]*[=+\-@\uff0b\uff0d\uff1d\uff20]|[\t\r\n]")


def neutralise_formula(cell: str) -> str:
    """A cell that no spreadsheet evaluates: an apostrophe before what would start a formula."""
    return f"'{cell}" if _FORMULA_START.match(cell) else cell


def plain_cell(cell: str) -> str:
    """A cell that `neutralise_formula` changed, as it was."""
    return cell[1:] if cell.startswith("'") and neutralise_formula(cell[1:]) == cell else cell
