"""One row of the old queue: a sound one, or what is wrong with it."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from audits.states import Status
from knowledge.cleaning import clean
from knowledge.limits import EmptyMemory, Unfit, check_text
from knowledge.models import Kind, content_hash
from knowledge.secrets import mask_secrets
from knowledge.store import OLDEST
from knowledge.visible import visible

STATUSES = (Status.PENDING, Status.APPROVED, Status.REJECTED)
"""The old queue's statuses; ours of the same name mean the same."""

MAX_ID = 255
MAX_TEXT = 1_000_000
EXCERPT = 80
ANY_ZONE = timedelta(days=1)
"""How far a time without a zone may lie ahead, taken as UTC."""
# Turns an old id that is no UUID into one, always the same.
OLD_IDS = uuid.UUID("6ff9b1c7-2f6e-5e0c-9d0c-6d9f3a5f4a11")


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """A row that can be migrated; its texts as a memory would store them, times in UTC."""

    rowid: int
    old_id: str
    memory_id: uuid.UUID
    user_query: str
    agent_response: str
    reason: str
    confidence: float | None
    status: Status
    created_at: datetime
    reviewed_at: datetime

    @property
    def content_hash(self) -> str:
        return content_hash(Kind.KNOWLEDGE, self.user_query, self.agent_response, [])

    @property
    def external_id(self) -> str | None:
        """The old id, where the memory's own does not spell it."""
        return None if str(self.memory_id) == self.old_id else self.old_id


@dataclass(frozen=True, slots=True)
class Reject:
    """A line of the rejects file. `excerpt` is safe to look at: short, secrets masked."""

    rowid: int | None
    memory_id: str
    code: str
    reason: str
    excerpt: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class _Wrong(Exception):
    """A value that can't be taken: why, and the value."""

    def __init__(self, code: str, reason: str, value: object) -> None:
        super().__init__(reason)
        self.code, self.reason, self.value = code, reason, value


def read_row(raw: tuple[Any, ...]) -> LegacyRow | Reject:
    """`raw` as `Source.rows` gives it."""
    rowid, old_id, query, response, reason, confidence, status, created_at, reviewed_at = raw
    try:
        identifier = _id(old_id)
        created = _time("created_at", created_at)
        return LegacyRow(
            rowid=rowid,
            old_id=identifier,
            memory_id=uuid_of(identifier),
            user_query=_text("user_query", query),
            agent_response=_text("agent_response", response),
            reason=_decoded("ia_audit_reason", reason).strip(),
            confidence=_confidence(confidence),
            status=_status(status),
            created_at=created,
            reviewed_at=created if reviewed_at is None else _time("reviewed_at", reviewed_at),
        )
    except _Wrong as wrong:
        return Reject(rowid, excerpt(old_id), wrong.code, wrong.reason, excerpt(wrong.value))


def uuid_of(old_id: str) -> uuid.UUID:
    """The memory's id: the old one when it is a UUID, else one derived from it."""
    try:
        return uuid.UUID(old_id)
    except ValueError:
        return uuid.uuid5(OLD_IDS, old_id)


def excerpt(value: object) -> str:
    """The beginning of a value, safe for a terminal and for whoever may read the file."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value[:4000].decode("utf-8", "backslashreplace")
    text = visible(mask_secrets(str(value)[:4000])).replace("\n", " ")
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _decoded(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, bytes):
        return str(value)  # a number put into a text column
    if len(value) > MAX_TEXT:
        raise _Wrong("too_long", f"{name} is longer than {MAX_TEXT:,} bytes", value)
    if b"\x00" in value:
        raise _Wrong("nul", f"{name} holds a NUL character", value)
    try:
        return clean(value.decode("utf-8"))
    except UnicodeDecodeError:
        raise _Wrong("not_utf8", f"{name} is not valid UTF-8", value) from None


def _text(name: str, value: object) -> str:
    """A text that a memory may hold: the same rule as at every door."""
    try:
        return check_text(name, _decoded(name, value))
    except EmptyMemory as empty:
        raise _Wrong("blank_text", str(empty), value) from None
    except Unfit as unfit:
        raise _Wrong("too_long", str(unfit), value) from None


def _id(value: object) -> str:
    text = _decoded("memory_id", value).strip()
    if not text:
        raise _Wrong("bad_id", "memory_id is blank: nothing would tell this row from another", None)
    if len(text) > MAX_ID:
        raise _Wrong("bad_id", f"memory_id is longer than {MAX_ID} characters", value)
    return text


def _status(value: object) -> Status:
    text = _decoded("status", value)
    if text not in STATUSES:
        raise _Wrong("unknown_status", f"status is none of {', '.join(STATUSES)}", value)
    return Status(text)


def _confidence(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)) and 0 <= value <= 1:
        return float(value)
    raise _Wrong("bad_confidence", "ia_audit_confidence is not a number from 0 to 1", value)


def _time(name: str, value: object) -> datetime:
    """A time without a zone is UTC; one that lies ahead by less than a zone's difference is now."""
    try:
        time = datetime.fromisoformat(_decoded(name, value).strip())
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _Wrong("bad_time", f"{name} is not a date and time", value) from None
    now = timezone.now()
    if time < OLDEST or time - now > ANY_ZONE:
        raise _Wrong("bad_time", f"{name} is before {OLDEST.year} or lies ahead", value)
    return min(time, now)
