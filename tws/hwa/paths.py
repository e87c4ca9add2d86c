"""
The only requests that may leave for HWA: GET, on exactly these paths.

"GET only" would not be read-only: HWA cancels a job on `GET /plan/job/issues`, and `action/` paths
answer GETs too. So the list says what is allowed, and a path's ids are checked: an id can neither
hold a separator (encoded or not) nor be a word that makes it another path.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

API_ROOT: Final = "/twsd/api/v2"

READ_ONLY_PATHS: Final = (
    "/engine/info",
    "/plan/job",
    "/plan/job/count",
    "/plan/job/{job_id}",
    "/plan/job/{job_id}/successors",
    "/plan/job/run/{run_id}/joblog",
    "/plan/jobstream",
    "/plan/jobstream/count",
    "/plan/jobstream/{jobstream_id}",
    "/plan/jobstream/{jobstream_id}/successors",
    "/plan/workstation",
    "/plan/workstation/{workstation_id}",
    "/plan/resource",
    "/plan/resource/{resource_id}",
    "/model/jobdefinition/{jobDefinition_id}",
    "/model/jobstream/{jobStream_id}",
)

# Path words of the API that stand where an id could, so that `job("issues")` is not a way round.
_WORDS: Final = frozenset(
    {
        "issues",
        "count",
        "joblog",
        "run",
        "runs",
        "action",
        "actions",
        "submit",
        "submit-ad-hoc-job",
        "submit_ad_hoc_job",
        "model",
        "description",
        "predecessors",
        "successors",
        "header",
        "graph",
        "critical",
        "query",
        "cancel",
        "kill",
        "rerun",
        "release",
        "hold",
        "delete",
        "update",
        "create",
        "lock",
        "unlock",
        "objects-count",
        "consumed-jobs",
    }
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}\Z")
_PARAMETER = re.compile(r"\{\w+\}")


@cache
def _allowed() -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(
            re.escape(API_ROOT) + _PARAMETER.sub("([^/]+)", template.replace("-", r"\-")) + r"\Z"
        )
        for template in READ_ONLY_PATHS
    )


def is_identifier(value: str) -> bool:
    """Whether the value can only be an id, in whatever place of a path."""
    return _ID.match(value) is not None and value.lower() not in _WORDS


def fill(template: str, *ids: str) -> str:
    """The path of a template with its ids; ValueError when one is not an identifier."""
    for value in ids:
        if not is_identifier(value):
            raise ValueError(f"{value[:80]!r} is not an identifier of HWA")
    rest = iter(ids)
    return API_ROOT + _PARAMETER.sub(lambda _: next(rest), template)


def is_read_only(method: str, raw_path: str) -> bool:
    """Whether a request as it would leave (path still encoded, without the query) may.

    >>> is_read_only("GET", "/twsd/api/v2/plan/job/issues")
    False
    """
    if method != "GET":
        return False
    for pattern in _allowed():
        found = pattern.match(raw_path)
        if found and all(is_identifier(value) for value in found.groups()):
            return True
    return False
