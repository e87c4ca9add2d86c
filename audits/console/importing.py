"""The import pages: a file, which column is what, what will happen, and what did."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audits import importing
from audits.console.requests import person
from audits.permissions import DECIDE
from knowledge import indexer, transfer
from knowledge.files import UnreadableFile
from knowledge.limits import Unfit

MOST_ROWS = 5_000
"""In a page; larger files are for the command."""
KEPT_SECONDS = 24 * 3600
PROBLEMS = 100
_ENDINGS = (*transfer.TEXTS, *transfer.WORKBOOKS, ".jsonl", ".json")
_NAME = re.compile(r"[0-9a-f]{32}\.[a-z]{3,5}")

FIELDS: dict[str, Any] = {
    "user_query": gettext_lazy("question"),
    "agent_response": gettext_lazy("answer"),
    "agent_id": gettext_lazy("agent"),
    "rating": gettext_lazy("rating"),
    "evidence": gettext_lazy("evidence (JSON)"),
    "answer": gettext_lazy("answer as data (JSON)"),
}
"""What a column can be mapped to."""


def page(request: HttpRequest) -> HttpResponse:
    """Upload, map and preview, import: each a POST of this one page."""
    if not request.user.has_perm(DECIDE):
        raise PermissionDenied
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Import memories"),
        "endings": ",".join(_ENDINGS),
    }
    if request.method == "POST":
        try:
            context |= _step(request)
        except (UnreadableFile, Unfit, ValueError) as error:
            context["problem"] = str(error).replace(f"{_folder()}/", "")
    return TemplateResponse(request, "audits/import.html", context)


def _step(request: HttpRequest) -> dict[str, Any]:
    upload = request.FILES.get("file")
    name = _keep(upload) if upload else request.POST.get("name", "")
    path = _folder() / name
    if not _NAME.fullmatch(name) or not path.exists():
        raise UnreadableFile(_("Choose a file."))
    columns = transfer.header_of(path)
    mapping = _mapping(request, columns)
    agent = request.POST.get("agent", "").strip()[:100] or "tws-analyzer"
    trusted = "trusted" in request.POST
    shared: dict[str, Any] = {"name": name, "agent": agent, "trusted": trusted}
    if "confirmed" in request.POST and not _is_too_long(_outlook(path, mapping, agent)):
        return shared | _imported(path, mapping, agent, person(request), trusted)
    named = dict(transfer.named(columns, mapping))
    shown = {
        "columns": [
            {"name": column, "is": next((o for o, t in named.items() if t == column), "")}
            for column in columns
        ],
        "fields": FIELDS.items(),
    }
    if {"user_query", "agent_response"} - named.keys():
        return shared | shown | {"asks": True}
    found = _outlook(path, mapping, agent)
    return shared | shown | {
        "outlook": found,
        "problems": found.summary.problems[:PROBLEMS],
        "is_too_long": _is_too_long(found),
        "most": MOST_ROWS,
    }  # fmt: skip


def _outlook(path: Path, mapping: dict[str, str], agent: str) -> importing.Outlook:
    return importing.outlook(path, mapping, agent, most=MOST_ROWS)


def _is_too_long(found: importing.Outlook) -> bool:
    return found.summary.imported + found.summary.duplicates > MOST_ROWS


def _mapping(request: HttpRequest, columns: list[str]) -> dict[str, str]:
    """What the form says of each column, by its place; nothing where it was not asked yet."""
    given = {column: request.POST.get(f"column_{n}") for n, column in enumerate(columns)}
    return {column: ours for column, ours in given.items() if ours in {"", *FIELDS}}


def _imported(
    path: Path, mapping: dict[str, str], agent: str, by: User, trusted: bool
) -> dict[str, Any]:
    summary = importing.Summary()
    importing.import_rows(transfer.read(path, mapping), by if trusted else None, agent, summary)
    path.unlink(missing_ok=True)
    if trusted:
        indexer.index_pending(1000)
    return {"summary": summary, "problems": summary.problems[:PROBLEMS]}


def _folder() -> Path:
    folder = Path(settings.RESYNC_HOME) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _keep(upload: UploadedFile[Any]) -> str:
    """The file until it is imported, a day at most, under a name of ours."""
    for old in _folder().iterdir():
        if old.stat().st_mtime < time.time() - KEPT_SECONDS:
            old.unlink(missing_ok=True)
    ending = Path(upload.name or "").suffix.lower()
    if ending not in _ENDINGS:
        raise UnreadableFile(_("The file is none of .csv, .xlsx, .jsonl."))
    name = f"{uuid.uuid4().hex}{ending}"
    with (_folder() / name).open("wb") as file:
        for chunk in upload.chunks():
            file.write(chunk)
    return name
