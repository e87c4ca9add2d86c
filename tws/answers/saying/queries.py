"""Questions over the plan: the figure first, then the rows, up to twenty at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from knowledge.claims.composing import claim
from knowledge.claims.evidence import Reading
from knowledge.claims.phrases import PHRASES
from tws.answers.saying.counting import (
    conditions,
    count_of,
    number,
    phrase_keys,
    say_count,
    say_found,
    say_none,
    say_what_is_unread,
    says_none_so_far,
)
from tws.answers.saying.speech import Speech
from tws.answers.saying.values import say_values
from tws.answers.understanding.asked import KIND_OF, PAGE, Ask, Thing
from tws.plan.query.asked import Condition, PlanQuery

MOST_GROUPS = 50
MOST_COLUMNS = 7
NAME: dict[str, str] = {
    "jobs": "job",
    "runs": "job",
    "job_streams": "stream",
    "workstations": "workstation",
    "resources": "resource",
    "prompts": "prompt",
    "dependencies": "of",
    "counts": "kind",
}
"""Which column names an object of that entity."""
ENTITY = {
    "job": "jobs",
    "stream": "job_streams",
    "workstation": "workstations",
    "resource": "resources",
    "prompt": "prompts",
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "jobs": ("job", "stream", "workstation", "status"),
    "runs": ("job", "stream", "workstation", "status", "return_code", "end"),
    "job_streams": ("stream", "workstation", "status", "jobs", "failed_jobs"),
    "workstations": ("workstation", "type", "linked", "limit", "fence"),
    "resources": ("resource", "workstation", "quantity", "available"),
    "prompts": ("prompt", "status", "text"),
    "dependencies": ("of", "of_stream", "kind", "target", "target_status", "satisfied"),
    "counts": ("at", "kind", "status", "count"),
}
_IDS = {"id", "job_id"}
_UNSHOWN = {"group", "common_status", "key", "last", "number", "folder", "holders"}


async def ask(speech: Speech, asked: Ask) -> None:
    match asked.focus:
        case "count":
            say_count(speech, asked, await _read(speech, asked.query, limit=0))
        case "share":
            await _share(speech, asked)
        case "groups" if asked.query.group_by:
            await _groups(speech, asked)
        case "extreme":
            await _extreme(speech, asked)
        case "yes_no":
            await _yes_no(speech, asked)
        case "value":
            await _values(speech, asked)
        case "list" | "groups":
            await _list(speech, asked)


async def more(speech: Speech, last: Ask) -> None:
    """The next page of a list: its query's `after` is the token that its last page ended with."""
    if last.query.after:
        say_rows(speech, last, await _read_page(speech, last))
    else:
        speech.say("no_more")
        say_count(speech, last, await _read(speech, last.query, limit=0))


async def _read(speech: Speech, query: PlanQuery, **changed: Any) -> Reading:
    return await speech.read(speech.toolkit.plan_query(query.model_copy(update=changed)))


async def _read_page(speech: Speech, asked: Ask) -> Reading:
    query = asked.query
    limit = query.limit if "limit" in query.model_fields_set else PAGE
    return await _read(speech, query, fields=_fields(asked), limit=limit)


def _fields(asked: Ask) -> list[str]:
    """What its table shows, and of a run the job that a later question may point to."""
    columns = columns_of(asked.query, asked.fields)
    return [*columns, "job_id"] if asked.query.entity == "runs" else columns


def columns_of(query: PlanQuery, wanted: tuple[str, ...] = ()) -> list[str]:
    """What its table shows: the usual columns, and what the question asks or sorts by.

    A column that the question fixes ("of stream X") would repeat it in every row.
    """
    name = NAME[query.entity]
    fixed = {one.field for one in query.where if isinstance(one, Condition) and one.op == "="}
    fields = _asked_of(query, wanted)
    of_it = [one for one in fields if one in wanted or one not in fixed | _UNSHOWN]
    asked = [one for one in dict.fromkeys(of_it) if one != name]
    usual = [one for one in COLUMNS[query.entity][1:] if one not in {*fixed, *asked}]
    room = 0 if wanted else max(MOST_COLUMNS - 1 - len(asked), 0)
    return [name, *usual[:room], *asked][:MOST_COLUMNS]


def _asked_of(query: PlanQuery, wanted: tuple[str, ...]) -> list[str]:
    """The fields that the question itself speaks of."""
    sorted_by = (one.lstrip("-") for one in query.order_by)
    return [*wanted, *sorted_by, *(one.field for one in conditions(query))]


# --- which --------------------------------------------------------------------------------------


async def _list(speech: Speech, asked: Ask) -> None:
    reading = await _read_page(speech, asked)
    say_found(speech, asked, reading)
    if number(reading):
        say_rows(speech, asked, reading)


def say_rows(speech: Speech, asked: Ask, reading: Reading) -> None:
    """A page of rows, with how many there are in all when it does not show all."""
    rows = reading.result["rows"]
    speech.table(f"{reading.id}.rows", _said_columns(asked, rows))
    for row in rows:
        _show(speech, asked.query.entity, row)
    speech.next = reading.result.get("next") or ""
    if reading.result["shown"] < reading.result["matched"]:
        speech.paragraph()
        say_shown(speech, reading)
    say_what_is_unread(speech, reading)


def _said_columns(asked: Ask, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All but the ids, and but what no row has and nobody asked for: the end of what runs."""
    kept = _asked_of(asked.query, asked.fields)
    has = [one for one in rows[0] if one in kept or any(row[one] is not None for row in rows)]
    return [one for one in has if one not in _IDS]


def say_shown(speech: Speech, reading: Reading) -> None:
    at = reading.id
    speech.say("shown", on=at, shown=f"{at}.shown", n=f"{at}.matched")


def _show(speech: Speech, entity: str, row: Mapping[str, Any]) -> None:
    if thing := thing_of_row(entity, row):
        speech.list_thing(thing)


def thing_of_row(entity: str, row: Mapping[str, Any]) -> Thing | None:
    """The object that a row of a query is of; a group's, when it was grouped by objects."""
    kind, name = KIND_OF.get(entity), row.get(NAME[entity])
    if kind and name:
        hwa_id = str(row.get("job_id" if entity == "runs" else "id") or "")
        stream = str(row.get("stream") or "") if kind == "job" else ""
        return Thing(kind, str(name), hwa_id, stream)
    of_group = (by for by in KIND_OF.values() if row.get(by) and "id" not in row)
    return next((Thing(by, str(row[by])) for by in of_group), None)


async def _yes_no(speech: Speech, asked: Ask) -> None:
    """Whether any matches; with `every`, whether none is an exception."""
    reading = await _read_page(speech, asked)
    found = number(reading) > 0
    if asked.every:
        _say_whether_all(speech, asked, reading, found)
    elif found:
        speech.say("yes", on=reading.id)
        say_found(speech, asked, reading)
        say_rows(speech, asked, reading)
    elif not says_none_so_far(speech, reading):
        speech.say("no", on=reading.id)
        say_none(speech, asked, reading)


def _say_whether_all(speech: Speech, asked: Ask, reading: Reading, found: bool) -> None:
    speech.note(every=True)
    if found:
        speech.say("exceptions", on=reading.id, n=count_of(reading))
        say_rows(speech, asked, reading)
    elif not says_none_so_far(speech, reading):
        speech.say("all", on=reading.id)


# --- shares, groups, firsts, values ---------------------------------------------------------------


async def _share(speech: Speech, asked: Ask) -> None:
    part = await _read(speech, asked.query, limit=0)
    whole = await _read(
        speech, asked.whole or asked.query.model_copy(update={"where": []}), limit=0
    )
    if not number(whole):
        speech.outcome = "cannot"
        speech.say("share_of_nothing", on=whole.id)
        return
    counted, of = count_of(part), count_of(whole)
    speech.say("share", share=f"share({counted}, {of})", part=counted, whole=of)


async def _groups(speech: Speech, asked: Ask) -> None:
    reading = await _read(speech, asked.query)
    if not reading.result["matched"]:
        say_none(speech, asked, reading)
        return
    groups, at, by = reading.result["groups"], f"{reading.id}.groups", asked.query.group_by[0]
    if asked.above is not None:
        groups = [one for one in groups if one["count"] > asked.above]
        at += f"[?count > `{asked.above}`]"
        speech.say(f"groups.{by}", on=reading.id, n=claim(f"length({at})"))
        if not groups:
            return
    elif "distinct_jobs" in reading.result:
        speech.say("of_runs", on=reading.id, n=f"{reading.id}.matched")
    else:
        keys = phrase_keys("found", asked.query)
        speech.say_first(keys, on=reading.id, n=f"{reading.id}.matched")
    most = asked.first or MOST_GROUPS
    at += f" | [:{most}]" if len(groups) > most else ""
    speech.table(at, [*asked.query.group_by, "count"])
    if len(groups) > most == MOST_GROUPS or reading.result["more_groups"]:
        speech.paragraph()
        speech.say("more_groups", on=reading.id)
    say_what_is_unread(speech, reading)


async def _extreme(speech: Speech, asked: Ask) -> None:
    """The first, with the value that it is first by; more of them when they were asked for."""
    query = asked.query
    if query.group_by:
        await _first_group(speech, asked)
        return
    limit = query.limit if "limit" in query.model_fields_set else 1
    reading = await _read(speech, query, fields=_fields(asked), limit=limit)
    rows = reading.result["rows"]
    if not rows:
        say_none(speech, asked, reading)
        return
    if asked.then:  # which is answered of it, by its name
        _show(speech, query.entity, rows[0])
        return
    first, by = f"{reading.id}.rows[0]", query.order_by[0].lstrip("-") if query.order_by else ""
    name = f"{first}.{NAME[query.entity]}"
    if rows[0].get(by) is not None and f"first.{by}" in PHRASES:
        speech.say(f"first.{by}", on=reading.id, name=name, value=f"{first}.{by}")
    else:
        speech.say("first", on=reading.id, name=name)
    if len(rows) > 1:
        say_rows(speech, asked, reading)
    else:
        if rows[0].get("stream") and NAME[query.entity] != "stream":
            speech.say("fact.stream", value=f"{first}.stream")
        _show(speech, query.entity, rows[0])
        say_what_is_unread(speech, reading)


async def _first_group(speech: Speech, asked: Ask) -> None:
    reading = await _read(speech, asked.query)
    groups = reading.result["groups"]
    if not groups:
        say_none(speech, asked, reading)
        return
    by = asked.query.group_by[0]
    best = groups[0]["count"]
    equal = [one for one in groups if one["count"] == best]
    at = f"{reading.id}.groups"
    speech.say("first.count", on=reading.id, name=f'{at}[0]."{by}"', value=f"{at}[0].count")
    if 1 < len(equal) <= PAGE:
        same = f'{at}[1:] | [?count == `{best}`]."{by}"'
        speech.say("ties", on=reading.id, names=claim(same))
    if any(one.field == by and one.op == "in" for one in conditions(asked.query)):
        speech.table(at, [by, "count"])  # "on A or on B?"
        equal = groups
    for one in equal:
        _show(speech, asked.query.entity, one)


async def _values(speech: Speech, asked: Ask) -> None:
    """Fields of what matches: of one object in words, of several as a table."""
    reading = await _read_page(speech, asked)
    rows = reading.result["rows"]
    if len(rows) == 1:
        at = f"{reading.id}.rows[0]"
        _show(speech, asked.query.entity, rows[0])
        say_values(speech, rows[0], at, f"{at}.{NAME[asked.query.entity]}", asked.fields)
        return
    say_found(speech, asked, reading)
    if rows:
        say_rows(speech, asked, reading)
