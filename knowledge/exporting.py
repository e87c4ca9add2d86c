"""Rows as CSV or JSONL, streamed in batches so that any number fits into memory."""

from __future__ import annotations

import csv
import functools
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language

from knowledge.formulas import neutralise_formula
from knowledge.secrets import mask_json, mask_secrets
from knowledge.shown import as_text

EXPORT = "audits.export_auditrecord"
"""The permission to export memories, records and decisions."""
BATCH = 500
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}

Row = Callable[[Any], dict[str, Any]]
Write = Callable[[list[dict[str, Any]], bool], bytes]
"""Rows, and whether they are the first ones, as they stand in the file."""


def export(
    request: HttpRequest, rows: QuerySet[Any], row: Row, name: str, form: str
) -> StreamingHttpResponse:
    """All of `rows` by primary key, each as `row` says; secrets masked, formulas neutralised."""
    if form not in TYPES:
        raise Http404
    # Excel parts the cells of a CSV as its country does: in Brazil a comma stands in numbers.
    is_brazilian = (get_language() or "").startswith("pt")
    write = functools.partial(_csv, is_brazilian=is_brazilian) if form == "csv" else _jsonl
    chunks = _chunks(rows.order_by("pk"), row, write)
    # Under ASGI a plain iterator would be read to its end before the first byte leaves.
    content = _in_thread(chunks) if isinstance(request, ASGIRequest) else chunks
    response = StreamingHttpResponse(content, content_type=TYPES[form])
    stamp = timezone.localtime().strftime("%Y%m%d-%H%M")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{stamp}.{form}"'
    return response


def _chunks(rows: QuerySet[Any], row: Row, write: Write) -> Iterator[bytes]:
    last: Model | None = None
    while batch := list((rows.filter(pk__gt=last.pk) if last else rows)[:BATCH]):
        yield write([row(each) for each in batch], last is None)
        last = batch[-1]


async def _in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    def following() -> bytes:
        return next(chunks, b"")

    while chunk := await sync_to_async(following)():
        yield chunk


def _csv(rows: list[dict[str, Any]], is_first: bool, *, is_brazilian: bool) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";" if is_brazilian else ",")
    if is_first:
        out.write("\ufeff")  # spreadsheets take UTF-8 for Latin-1 without it
        writer.writeheader()
    writer.writerows(
        {name: _cell(value, is_brazilian) for name, value in row.items()} for row in rows
    )
    return out.getvalue().encode()


def _cell(value: object, is_brazilian: bool) -> object:
    if isinstance(value, float) and is_brazilian:
        return str(value).replace(".", ",")
    if value is None or isinstance(value, (int, float)):
        return value
    return neutralise_formula(mask_secrets(as_text(value)))


def _jsonl(rows: list[dict[str, Any]], is_first: bool) -> bytes:
    return "".join(f"{json.dumps(mask_json(row), ensure_ascii=False)}\n" for row in rows).encode()
