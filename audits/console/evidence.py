"""The evidence of a memory, drawn for a reviewer: tables, log excerpts, facts; the raw JSON beside.

Each field bears the place that claims name (`at-q1.rows.3.end`), so that a claim can light it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import is_aware, localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from knowledge.claims.evidence import EvidenceMalformed, Reading, read_reading
from knowledge.claims.inert import inert
from knowledge.claims.wording import Voice, words
from knowledge.hwa.fields import FIELDS
from knowledge.hwa.statuses import Language
from knowledge.models import Memory
from knowledge.shown import Shown, as_text, excerpt, shown

MOST_ROWS = 25
"""Of a list: as many as a person looks through; those that a claim names always."""
MOST_LINES = 60
DEEPEST = 4
LONGEST_CELL = 300
_ORDER = {name: number for number, name in enumerate(FIELDS)}
_NOT_SAID = {"id", "understood", "shown", "not_shown", "next"}

TOOLS: dict[str, Any] = {
    "plan_query": _("The plan"),
    "inspect": _("One object of the plan"),
    "impact": _("What waits on it"),
    "log": _("Job log"),
    "compare": _("Two runs or days compared"),
    "resolve": _("Names in the plan"),
    "search_memories": _("An earlier memory"),
    "memory": _("An earlier memory"),
}
"""What was used to read → how a reviewer calls it."""
PARTS: dict[str, Any] = {
    "rows": _("rows"),
    "groups": _("groups"),
    "lines": _("lines"),
    "groups_shown": _("groups shown"),
    "more_groups": _("more groups"),
    "distinct_jobs": _("different jobs"),
    "plan_from": _("plan from"),
    "plan_to": _("plan to"),
    "not_understood": _("not understood"),
    "now": _("reference time"),
    "user_query": _("question"),
    "agent_response": _("answer"),
}
"""The parts of a result that are no fields of the plan."""


@dataclass(frozen=True, slots=True)
class Source:
    """One piece of evidence the answer was given from: drawn, and as it is."""

    name: str
    tool: Any
    arguments: str
    engine: str
    fetched_at: str
    drawn: SafeString
    raw: Shown
    is_whole: bool = True


def readers_language() -> Language:
    return "pt" if (get_language() or "").startswith("pt") else "en"


def readers_voice(reading: Reading | None = None, zone: str = "") -> Voice:
    """Values in the reader's language, on the answer's clock or the site's."""
    voice = Voice(readers_language(), ZoneInfo(zone or settings.TIME_ZONE))
    return voice.on(reading.read_at) if reading else voice


def _moment(text: str) -> str:
    """A time as the page's other times are; what is none, as it is."""
    with suppress(ValueError, OverflowError):
        if (found := parse_datetime(text)) and is_aware(found):
            return f"{localtime(found):%Y-%m-%d %H:%M %Z}"
    return excerpt(text, 60)


def sources(
    memory: Memory,
    cited: Mapping[str, str],
    quotes: list[str],
    longest: int | None,
) -> Iterator[Source]:
    """`cited`: place → numbers of the claims that it bears out. `quotes` are marked where found."""
    evidence = memory.evidence if isinstance(memory.evidence, list) else [memory.evidence]
    for number, item in enumerate(evidence, start=1):
        if not isinstance(item, dict):
            raw = shown(as_text(item), quotes, longest)
            yield Source(f"e{number}", "", "", "", "", SafeString(""), raw)
            continue
        reading = _reading(item)
        name = reading.id if reading else f"e{number}"
        tool, arguments = as_text(item.get("tool", "")), item.get("arguments") or ""
        result = item.get("result", "")
        yield Source(
            excerpt(name, 20),
            TOOLS.get(tool) or excerpt(tool, 100),
            excerpt(as_text(arguments), 500) if arguments else "",
            excerpt(as_text(item.get("engine") or ""), 60),
            _moment(as_text(item.get("fetched_at") or "")),
            _Drawing(readers_voice(reading), cited, quotes).whole(result, name),
            shown(as_text(result), quotes, longest),
            item.get("complete") is not False,
        )


def _reading(item: dict[str, Any]) -> Reading | None:
    try:
        return read_reading(item)
    except EvidenceMalformed:
        return None


def say(value: Any, field: str, voice: Voice) -> str:
    """A value of a field in words, without the marks that keep a name from being markup."""
    kind = FIELDS[field].kind if field in FIELDS else ""
    said = words(value, kind, voice, field)
    return value if isinstance(value, str) and said in {inert(value), ""} else said


def heading(field: str, voice: Voice) -> Any:
    if field in PARTS:
        return PARTS[field]
    known = FIELDS.get(field.partition(".")[0])
    return known.heading(voice.language) if known else field.replace("_", " ")


class _Drawing:
    """One result as HTML. Everything that comes from it is masked, made visible and escaped."""

    def __init__(self, voice: Voice, cited: Mapping[str, str], quotes: list[str]) -> None:
        self._voice, self._cited = voice, cited
        self._quotes = [quote for quote in quotes if quote.strip()]

    def whole(self, result: Any, name: str) -> SafeString:
        if not isinstance(result, (dict, list)):
            return SafeString("")  # a text: the raw one says all
        return self._any(result, name, 0)

    def _any(self, value: Any, place: str, depth: int, field: str = "") -> SafeString:
        if depth >= DEEPEST and isinstance(value, (dict, list)):
            return self._text(as_text(value), place)
        if isinstance(value, dict):
            return self._object(value, place, depth)
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            return self._lines(value, place) if field == "lines" else self._table(value, place)
        if isinstance(value, list):
            value = ", ".join(say(one, field, self._voice) for one in value[:MOST_ROWS]) or None
        return self._text(say(value, field, self._voice), place)

    def _object(self, value: dict[str, Any], place: str, depth: int) -> SafeString:
        names = sorted(value, key=lambda name: (isinstance(value[name], (dict, list)), _at(name)))
        said = [name for name in names if name not in _NOT_SAID and value[name] not in (None, [])]
        if is_memory := isinstance(value.get("agent_response"), str) and "memory_id" in value:
            said = [name for name in said if name != "memory_id"]
        pairs = format_html_join(
            "",
            "<dt>{}</dt><dd>{}</dd>",
            (
                (
                    excerpt(str(heading(name, self._voice)), 60),
                    self._any(value[name], f"{place}.{name}", depth + 1, name),
                )
                for name in said[:MOST_ROWS]
            ),
        )
        link = self._memory(value["memory_id"]) if is_memory else ""
        return format_html('<dl class="rc-data">{}</dl>{}', pairs, link)

    def _memory(self, memory_id: Any) -> SafeString:
        text = excerpt(as_text(memory_id), 40)
        url = f"{reverse('admin:knowledge_memory_changelist')}?q={text}"
        return format_html('<a href="{}"><u>{}</u></a>', url, _("Open this memory"))

    def _table(self, rows: list[dict[str, Any]], place: str) -> SafeString:
        kept = [n for n in range(len(rows)) if n < MOST_ROWS or self._is_cited(f"{place}.{n}")]
        filled = {name for n in kept for name, one in rows[n].items() if one not in (None, [], "")}
        columns = sorted(filled - {"id"}, key=_at)[:MOST_ROWS]
        head = format_html_join(
            "",
            '<th scope="col">{}</th>',
            ((excerpt(str(heading(c, self._voice)), 60),) for c in columns),
        )
        body = format_html_join(
            "",
            '<tr id="at-{}">{}</tr>',
            ((f"{place}.{n}", self._cells(rows[n], columns, f"{place}.{n}")) for n in kept),
        )
        more = len(rows) - len(kept)
        rest = ngettext("%(n)s more row in the raw data.", "%(n)s more rows in the raw data.", more)
        return format_html(
            '<div class="rc-scroll" tabindex="0" role="group" aria-label="{}" id="at-{}">'
            '<table class="rc-rows"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>{}',
            heading(place.rpartition(".")[2], self._voice),
            place,
            head,
            body,
            format_html('<p class="rc-hint">{}</p>', rest % {"n": more}) if more else "",
        )

    def _cells(self, row: dict[str, Any], columns: list[str], place: str) -> SafeString:
        return format_html_join(
            "", "<td>{}</td>", ((self._cell(row.get(c), f"{place}.{c}", c),) for c in columns)
        )

    def _cell(self, value: Any, place: str, field: str) -> SafeString:
        if isinstance(value, dict) and all(not isinstance(o, (dict, list)) for o in value.values()):
            value = ", ".join(
                f"{heading(name, self._voice)} {say(one, name, self._voice)}"
                for name, one in value.items()
                if one is not None
            )
        elif isinstance(value, (dict, list)):
            value = as_text(value)
        elif value is None:
            value = ""
        else:
            value = say(value, field, self._voice)
        return self._text(value, place)

    def _lines(self, lines: list[dict[str, Any]], place: str) -> SafeString:
        kept = [n for n in range(len(lines)) if n < MOST_LINES or self._is_cited(f"{place}.{n}")]
        drawn = format_html_join(
            "",
            '<div id="at-{}"><i>{}</i> {}</div>',
            (
                (
                    f"{place}.{n}",
                    excerpt(as_text(lines[n].get("number", "")), 12),
                    self._text(as_text(lines[n].get("text", "")), f"{place}.{n}.text"),
                )
                for n in kept
            ),
        )
        return format_html('<div class="rc-log rc-mono" id="at-{}">{}</div>', place, drawn)

    def _text(self, text: str, place: str) -> SafeString:
        """A field as shown, with what cites it."""
        held = shown(text, longest=LONGEST_CELL * 8)
        cited = self._cited.get(place, "")
        number = next(
            (n for n, q in enumerate(self._quotes, start=1) if q == text or q in text), None
        )
        drawn = format_html("{}", str(held))
        if number is not None:
            drawn = format_html('<mark data-finding="{}">{}</mark>', number, drawn)
        return format_html(
            '<span id="at-{}"{}>{}</span>',
            place,
            format_html(' class="rc-cited" data-claims="{}"', cited) if cited else "",
            drawn,
        )

    def _is_cited(self, place: str) -> bool:
        return any(one == place or one.startswith(f"{place}.") for one in self._cited)


def _at(name: str) -> tuple[int, str]:
    return _ORDER.get(name.partition(".")[0], len(_ORDER)), name
