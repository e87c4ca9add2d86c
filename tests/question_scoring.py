"""Operators' questions, scored by a plain program against the simulated engine's own data.

A question file has a conversation a line: `id`, `language`, `turns` of `{kind, question, right,
expect}`.
`{failed}`, `{stream:lo}` and the like in a question are objects of the plan that fit (`PICKS`),
in lower case, with spaces, misspelt. `expect` says in Python over the engine's data (`Truth`) what
a right answer holds:

    set, count, value, groups, top, first, ranked, share, yes_set    over jobs, streams, stations …
    asked, about, is, asks, nth                     what kind of answer, of which object
    says                                            patterns of which each must be in the text

The file of expectations for `questions_dev.jsonl` is `questions_dev_expect.json`, by id.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from knowledge.folding import fold
from knowledge.hwa.statuses import group_of
from tests.plan_reading import MovedSimulator
from tws.answers.understanding.asked import (
    About,
    Ask,
    AskBack,
    Asked,
    Before,
    CompareDays,
    CompareRuns,
    Impact,
    LogOf,
    More,
    NotFound,
    NotUnderstood,
    Understood,
)
from tws.plan.query.answering import answer
from tws.plan.query.asked import PlanQuery, PlanQueryRefused
from tws.simulator.states import State

DATA = Path(__file__).parent / "data"
ZONE = ZoneInfo("America/Sao_Paulo")
MOST_NAMED = 20
"""Up to so many objects an answer names exactly them; of more a part, and how many they are."""


class Named(SimpleNamespace):
    """An object of the plan; `{job:lo}` writes its name in lower case."""

    def __format__(self, spec: str) -> str:
        name = str(self.name)
        match spec:
            case "lo":
                return name.lower()
            case "sp":
                return name.lower().replace("_", " ")
            case "typo":
                return name[:3] + name[4:] if name[3] != "_" else name[:2] + name[3:]
        return name

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.id == other.id


@dataclass
class Truth:
    """The simulated engine's own data at its `now`, and what expectations may ask of it."""

    now: int
    jobs: list[Named] = field(default_factory=list)
    streams: list[Named] = field(default_factory=list)
    stations: list[Named] = field(default_factory=list)
    resources: list[Named] = field(default_factory=list)
    picks: dict[str, list[Any]] = field(default_factory=dict)

    def at(self, hour: float) -> int:
        """An hour of today's local clock; of yesterday's before 0."""
        today = datetime.fromtimestamp(self.now, ZONE).replace(hour=0, minute=0, second=0)
        return int((today + timedelta(hours=hour)).timestamp())

    @property
    def abend_now(self) -> list[Named]:
        return [job for job in self.jobs if job.status == "ABEND"]

    @property
    def failed_now(self) -> list[Named]:
        return [job for job in self.jobs if job.group == "failed"]

    def runs(self) -> Iterator[Named]:
        for job in self.jobs:
            yield from job.runs

    def failed_runs_in(self, first: int, last: int | None) -> list[Named]:
        return [
            run
            for run in self.runs()
            if run.group == "failed" and run.end and first <= run.end < (last or self.now + 1)
        ]

    def failed_in(self, first: int, last: int | None) -> list[Named]:
        return _once(run.job for run in self.failed_runs_in(first, last))

    def ended_in(self, first: int, last: int | None, station: str = "") -> list[Named]:
        return _once(
            run.job
            for run in self.runs()
            if run.end
            and first <= run.end < (last or self.now + 1)
            and station in ("", run.job.workstation)
        )

    def started_in(self, first: int, last: int, station: str = "") -> list[Named]:
        return _once(
            run.job
            for run in self.runs()
            if run.start and first <= run.start < last and station in ("", run.job.workstation)
        )

    def took_over(self, seconds: int, since: int) -> list[Named]:
        return _once(
            run.job
            for run in self.runs()
            if run.start and run.end and run.end >= since and run.end - run.start > seconds
        )

    def longest(self, since: int) -> list[Named]:
        runs = [run for run in self.runs() if run.end and run.end >= since and run.start]
        return [run.job for run in sorted(runs, key=lambda run: run.start - run.end)]

    def before(self, job: Named) -> list[Named]:
        return [one for one in self.jobs if one.id in job.before]

    def after(self, job: Named) -> list[Named]:
        return [one for one in self.jobs if job.id in one.before]

    def names(self) -> dict[str, Any]:
        """What an expectation sees."""
        methods = ("at", "failed_runs_in", "failed_in", "ended_in", "started_in", "took_over")
        more = (
            "longest",
            "before",
            "after",
            "failed_now",
            "abend_now",
            "jobs",
            "streams",
            "stations",
        )
        return {name: getattr(self, name) for name in (*methods, *more, "resources", "now")} | {
            "count_by": lambda rows, key: dict(Counter(getattr(one, key) for one in rows)),
            "minutes": lambda seconds: seconds / 60,
            "clock": lambda at: f"{datetime.fromtimestamp(at, ZONE):%H:%M}",
        }


def _once(objects: Iterable[Named]) -> list[Named]:
    return list(dict.fromkeys(objects))


def truth_of(hwa: MovedSimulator) -> Truth:
    plan, records = hwa.plan, hwa.server.simulator._records
    truth = Truth(plan.now)
    for row in range(len(plan)):
        half, at = plan.locate(row)
        record, definition, stream = records.job(row), half.job(at), half.stream_of[at]
        state = State(plan.states[row])
        job = Named(
            id=record["id"],
            name=definition.name,
            stream=stream.name,
            folder=stream.folder,
            login=stream.user,
            workstation=plan.catalogue.workstations[definition.workstation].name,
            stream_workstation=plan.catalogue.workstations[stream.workstation].name,
            status=record["lastRunCompositeStatus"]["status"],
            substatus=record["lastRunCompositeStatus"].get("substatus", ""),
            state=state,
            priority=definition.priority,
            critical=definition.critical,
            late=plan.is_late(half, at),
            estimate=definition.seconds,
            scheduled=half.scheduled_at(stream),
            earliest=definition.at and half.scheduled_at(stream) + definition.at,
            deadline=definition.deadline and half.scheduled_at(stream) + definition.deadline,
            before=[
                records.keys.job_id(half, one) for one in records._dependencies._before(half, at)
            ],
            words=record["lastRunCompositeStatus"]["status"],
        )  # fmt: skip
        job.group = group_of(job.status)
        job.runs = list(_runs(plan, records, half, at, job))
        last = job.runs[-1] if job.runs else None
        job.start, job.end = (last.start, last.end) if last else (None, None)
        job.rc = last.rc if last else None
        truth.jobs.append(job)
    for half, stream in plan.streams():
        status = plan.stream_status(half, stream)
        truth.streams.append(
            Named(
                id=records.keys.stream_id(half, stream),
                name=stream.name,
                workstation=plan.catalogue.workstations[stream.workstation].name,
                status=status,
                group=group_of(status),
                scheduled=half.scheduled_at(stream),
                words=status,
            )
        )
    truth.stations = [
        Named(
            id=one.name,
            name=one.name,
            type=one.type,
            os=one.os,
            linked=plan.conditions.is_linked(one.index, plan.now),
            limit=one.limit if plan.conditions.runs_jobs(one.index, plan.now) else 0,
            fence=plan.conditions.fence(one.index, plan.now),
        )
        for one in plan.catalogue.workstations
    ]
    truth.resources = [
        Named(
            id=one.name,
            name=one.name,
            quantity=one.quantity,
            available=one.quantity - len(plan.holders(one.index)),
            holders=[half.job(hold.row).name for half, hold in plan.holders(one.index)],
        )
        for one in plan.catalogue.resources
    ]
    return truth


def _runs(plan: Any, records: Any, half: Any, at: int, job: Named) -> Iterator[Named]:
    for run in plan.runs(half, at):
        state = records.run_state(run)
        status = {State.PASSED_OVER: "ABEND", State.ABENDED: "ABEND", State.FAILED: "FAIL"}
        ended = run.end <= plan.now
        yield Named(
            id=(job.id, run.start),
            job=job,
            start=run.start if run.start <= plan.now else None,
            end=run.end if ended else None,
            rc=run.return_code if ended else None,
            group="failed" if state in status else "",
            status=status.get(state, ""),
            cause=run.cause,
        )


PICKS: dict[str, Callable[[Truth], list[Any]]] = {
    "some_job": lambda t: t.jobs,
    "failed": lambda t: [
        j for j in t.failed_now if j.runs and j.runs[-1].cause and j.rc is not None
    ],
    "running": lambda t: [j for j in t.jobs if j.status == "EXEC"],
    "succ": lambda t: [j for j in t.jobs if j.status == "SUCC" and len(j.runs) == 1],
    "waiting": lambda t: [j for j in t.jobs if j.substatus == "HOLD_WAITING_FOR_PREDECESSOR"],
    "timed": lambda t: [j for j in t.jobs if j.substatus == "HOLD_WAITING_FOR_TIME" and j.earliest],
    "ready": lambda t: [j for j in t.jobs if j.substatus == "READY_WAITING_FOR_AGENT"],
    "fenced": lambda t: [j for j in t.jobs if j.state == State.BEHIND_FENCE],
    "twice": lambda t: [j for j in t.jobs if len(j.runs) > 1],
    "recovered": lambda t: [
        j for j in t.jobs if len(j.runs) > 1 and j.status == "SUCC" and j.runs[0].group == "failed"
    ],
    "deadlined": lambda t: [j for j in t.jobs if j.deadline],
    "middle": lambda t: [j for j in t.jobs if j.before and t.after(j)],
    "stream": lambda t: [
        s for s in t.streams if len({j.group for j in t.jobs if j.stream == s.name}) > 2
    ],
    "station": lambda t: t.stations,
    "station_up": lambda t: [w for w in t.stations if w.linked and w.limit],
    "station_down": lambda t: [w for w in t.stations if not w.linked],
    "stuck": lambda t: [s for s in t.streams if s.status == "STUCK"],
    "station_closed": lambda t: [w for w in t.stations if w.limit == 0],
    "station_run": lambda t: _busiest(t)[:4],
    "station_two": lambda t: _busiest(t)[4:6],
    "resource": lambda t: t.resources,
    "user": lambda t: sorted({j.login for j in t.failed_now}),
}


def _busiest(truth: Truth) -> list[Named]:
    running = Counter(job.workstation for job in truth.jobs if job.group == "running")
    by_name = {one.name: one for one in truth.stations}
    return [by_name[name] for name, _ in running.most_common(8)]


def picked(truth: Truth, key: str) -> dict[str, Any]:
    """For each place of a question an object that fits, another one in each conversation."""
    if not truth.picks:
        truth.picks.update({name: choose(truth) for name, choose in PICKS.items()})
    found = {}
    for name, fitting in truth.picks.items():
        if fitting:
            found[name] = fitting[crc32(f"{key} {name}".encode()) % len(fitting)]
    return found


@dataclass
class Asking:
    """One turn, its places filled and its expectation worked out."""

    id: str
    kind: str
    question: str
    expect: dict[str, Any]
    names: dict[str, Any]


def conversations(path: Path, truth: Truth) -> Iterator[list[Asking]]:
    """The conversations of a file; those for which the plan has no fitting object are left out."""
    expected = DATA / f"{path.stem}_expect.json"
    by_id = json.loads(expected.read_text()) if expected.exists() else {}
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        names = picked(truth, told["id"])
        own = by_id.get(told["id"], {})
        try:
            for place, name in own.get("places", {}).items():
                names[place] = eval(name, truth.names() | names)  # noqa: S307  our own test data
            written = {name: f"{one:{name[2:]}}" for name, one in names.items() if name[:2] == "j_"}
            yield [
                Asking(
                    told["id"],
                    turn["kind"],
                    turn["question"].format(**names | written),
                    own["turns"][at] if own else turn["expect"],
                    truth.names() | names,
                )
                for at, turn in enumerate(told["turns"])
            ]
        except (KeyError, NameError) as missing:
            place = missing.name if isinstance(missing, NameError) else missing.args[0]
            assert place in PICKS, f"{told['id']} asks for no {missing}"


# --- the understanding alone --------------------------------------------------------------------


@dataclass
class Scored:
    verdict: str  # right, honest, wrong
    why: str = ""


HONEST = (NotUnderstood, AskBack)
RIGHT = Scored("right")


def wrong(why: object) -> Scored:
    return Scored("wrong", str(why))


def score_understood(asking: Asking, understood: Understood, shown: list[Any]) -> Scored:
    """Whether what is asked of the plan has as its result what is expected."""
    asked, expect, of = understood.asked, asking.expect, lambda text: _evaluated(asking, text)
    if expect.get("or_ask") and isinstance(asked, AskBack | NotFound):
        return RIGHT
    if isinstance(asked, HONEST) and "ask" not in expect.get("is", ""):
        return Scored("honest", asked.type)
    if understood.unused and "is" not in expect:
        return Scored("honest", f"unused: {understood.unused}")
    if "is" in expect:
        return _is(asked, expect)
    if isinstance(asked, NotFound):
        return wrong(asked)
    if expect.get("asked") == "both":
        return RIGHT if understood.also else wrong(asked)
    if "asked" in expect:
        return _asked(asking, asked)
    if "nth" in expect:
        name = shown[expect["nth"]].name if len(shown) > expect["nth"] else None
        fits = isinstance(asked, About) and asked.object.name == name
        fits = fits and expect.get("field", "") in ("", *getattr(asked, "fields", ()))
        return RIGHT if fits else wrong(f"{asked}, not {name}")
    if "about" in expect or "value" in expect:
        return _about(asking, asked)
    if not isinstance(asked, Ask):
        return wrong(asked)
    if "asks" in expect:
        return _asks(asked, expect["asks"])
    try:
        return _result(asked, expect, of)
    except PlanQueryRefused as refused:
        return wrong(f"refused: {refused}")


def _evaluated(asking: Asking, text: str) -> Any:
    return eval(text, asking.names)  # noqa: S307  our own test data


def _is(asked: Asked, expect: dict[str, Any]) -> Scored:
    kinds = {"cannot": "cannot_know", "refused": "order"}
    wanted = {kinds.get(one, one) for one in expect["is"].split("|")}
    terms = {fold(term) for term in getattr(asked, "terms", ())}
    if asked.type in wanted and {fold(term) for term in expect.get("terms", ())} <= terms:
        return RIGHT
    if asked.type in ("not_understood", "ask_back"):
        return Scored("honest", asked.type)
    return wrong(asked)


_TYPES: dict[str, Any] = {
    "before": Before,
    "impact": Impact,
    "log": LogOf,
    "compare_runs": CompareRuns,
    "compare_days": CompareDays,
    "more": More,
}


def _asked(asking: Asking, asked: Asked) -> Scored:
    wanted = asking.expect["asked"]
    kind = _TYPES.get(wanted, About)
    if not isinstance(asked, kind):
        return wrong(asked)
    if isinstance(asked, About):
        facets = {wanted, "why"} if wanted.startswith("why") else {wanted}
        if asked.facet not in facets:
            return wrong(asked)
    place = asking.expect.get("about")
    if place and asked.object.name != asking.names[place].name:
        return wrong(f"{asked}, not {asking.names[place].name}")
    return RIGHT


def _about(asking: Asking, asked: Asked) -> Scored:
    expect = asking.expect
    thing = asking.names[expect.get("about") or expect["of"]]
    if isinstance(asked, Ask) and asked.focus == "count" and "value" in expect:
        return _result(asked, {"count": expect["value"]}, lambda text: _evaluated(asking, text))
    if isinstance(asked, Ask) and asked.focus == "yes_no" and "field" not in expect:
        return RIGHT if thing.name in str(asked.query.where) else wrong(asked)
    if not isinstance(asked, About) or asked.object.name != thing.name:
        return wrong(asked)
    wanted = expect.get("field")
    if wanted and wanted not in asked.fields:
        return wrong(asked)
    if not wanted and asked.facet not in ("status", "why", "value"):
        return wrong(asked)
    if expect.get("run") and asked.run != expect["run"]:
        return wrong(asked)
    return RIGHT


def _asks(asked: Ask, wanted: dict[str, str]) -> Scored:
    query = asked.query
    used = json.dumps(query.model_dump())
    fits = query.entity == wanted["entity"]
    fits = fits and wanted.get("field", "") in used
    fits = fits and wanted.get("focus", asked.focus) == asked.focus
    order = query.order_by[0].lstrip("-") if query.order_by else ""
    fits = fits and ("order" not in wanted or order in wanted["order"].split("|"))
    return RIGHT if fits else wrong(asked)


def _result(asked: Ask, expect: dict[str, Any], of: Callable[[str], Any]) -> Scored:
    now = datetime.fromtimestamp(of("now"), ZONE)
    result = answered(asked.query, now)
    if "count" in expect:
        found = {result["matched"], result.get("distinct_jobs")}
        if asked.focus not in ("count", "yes_no", "list"):
            return wrong(asked.focus)
        wanted = {of(expect["count"]), of(expect.get("or", "None"))} - {None}
        return RIGHT if found & wanted else wrong(f"{found} not {wanted} {asked.query!r}")
    if "share" in expect:
        whole = answered(asked.whole, now)["matched"] if asked.whole else None
        pair = (result["matched"], whole)
        return RIGHT if asked.focus == "share" and pair == of(expect["share"]) else wrong(pair)
    if "groups" in expect or "top" in expect:
        return _groups(asked, result, expect, of)
    key = {"runs": "job", "jobs": "job", "job_streams": "stream", "workstations": "workstation"}
    column = key.get(asked.query.entity, asked.query.entity[:-1])
    rows = [str(row.get(column)) for row in _every_row(asked.query, now, column)]
    names = list(dict.fromkeys(rows))
    if "first" in expect or "ranked" in expect:
        text, most = (expect["first"], 1) if "first" in expect else (expect["ranked"], expect["n"])
        wanted = [one.name for one in of(text)[:most]]
        limit = most if asked.focus == "extreme" else asked.query.limit
        return (
            RIGHT if names[:most] == wanted and limit == most else wrong(f"{names[:9]}, {wanted}")
        )
    wanted_sets = [
        {one.name for one in of(expect[key])} for key in ("set", "yes_set", "or") if key in expect
    ]
    if asked.every and not names:
        return RIGHT if expect.get("every") else wrong("every")
    found_names = set(names)
    if found_names in wanted_sets:
        return RIGHT
    return wrong(
        f"{len(found_names)} not {len(wanted_sets[0])}:"
        f" +{sorted(found_names - wanted_sets[0])[:3]} -{sorted(wanted_sets[0] - found_names)[:3]}"
        f" {asked.query!r}"
    )


def _every_row(query: PlanQuery, now: datetime, column: str) -> list[dict[str, Any]]:
    whole = query.model_copy(update={"limit": 500, "fields": [column]})
    if query.limit != PlanQuery.model_fields["limit"].default:
        whole.limit = query.limit
    rows: list[dict[str, Any]] = []
    while True:
        result = answered(whole, now)
        rows += result["rows"]
        if not result.get("next") or len(rows) >= 5_000 or whole.limit != 500:
            return rows
        whole = whole.model_copy(update={"after": result["next"]})


def answered(query: PlanQuery, now: datetime) -> dict[str, Any]:
    """The query's result on the plan as it was read, at the simulator's time."""
    return answer(query.model_copy(update={"engine": "SIM"}), now=now, as_last_read=True)


def _groups(
    asked: Ask, result: dict[str, Any], expect: dict[str, Any], of: Callable[[str], Any]
) -> Scored:
    if len(asked.query.group_by) != 1:
        return wrong(asked)
    column = asked.query.group_by[0]
    found = {one[column]: one["count"] for one in result["groups"]}
    wanted = of(expect.get("groups") or expect["top"])
    if found != wanted:
        return wrong(f"{len(found)} {list(found.items())[:3]} not {list(wanted.items())[:3]}")
    focus = "groups" if "groups" in expect else "extreme"
    return RIGHT if asked.focus == focus else wrong(asked.focus)


# --- the whole answer ---------------------------------------------------------------------------


def score_text(asking: Asking, text: str, outcome: str) -> Scored:
    """Whether the text of an answer holds what is expected, and names nothing else."""
    expect = asking.expect
    if "is" in expect or outcome in ("cannot", "ask", "refused"):
        return _score_outcome(asking, text, outcome)
    said = _names_said(asking, text)
    for key in ("set", "yes_set"):
        if key in expect:
            return _score_set(asking, text, said, expect[key])
    numbers = _numbers(text)
    if "count" in expect:
        wanted = [_evaluated(asking, expect[key]) for key in ("count", "or") if key in expect]
        return RIGHT if set(wanted) & numbers else wrong(f"{wanted} not in the text")
    if "share" in expect:
        part, whole = _evaluated(asking, expect["share"])
        near = any(abs(one - 100 * part / whole) < 0.6 for one in numbers)
        return RIGHT if near or {part, whole} <= numbers else wrong("share")
    if "groups" in expect:
        groups = _evaluated(asking, expect["groups"])
        shown = {("–" if key is None else str(key)): count for key, count in groups.items()}
        missing = [k for k, v in shown.items() if k not in text or v not in numbers]
        if len(shown) > MOST_NAMED and len(missing) < len(shown):
            missing = [] if sum(shown.values()) in numbers else missing
        return RIGHT if not missing else wrong(f"groups without {missing[:3]}")
    if "top" in expect:
        groups = _evaluated(asking, expect["top"])
        best = [name for name, count in groups.items() if count == max(groups.values())]
        return RIGHT if any(name in text for name in best) else wrong(f"none of {best}")
    if "first" in expect or "ranked" in expect:
        wanted = _evaluated(asking, expect.get("first") or expect["ranked"])
        wanted = [one.name for one in wanted[: expect.get("n", 1)]]
        return RIGHT if all(name in text for name in wanted) else wrong(f"not {wanted}")
    return _score_about(asking, text, numbers)


def _score_outcome(asking: Asking, text: str, outcome: str) -> Scored:
    wanted = asking.expect.get("is", "")
    outcomes = {
        "cannot": {"cannot"}, "order": {"refused"}, "not_found": {"cannot", "ask"},
        "knowledge": {"answered", "cannot"}, "define": {"answered"}, "small_talk": {"answered"},
        "ask": {"ask"},
    }  # fmt: skip
    fitting = {one for kind in wanted.split("|") for one in outcomes.get(kind, ())}
    if outcome in fitting and not _others_named(asking, text):
        return RIGHT
    if outcome in ("cannot", "ask", "refused") and not _others_named(asking, text):
        return Scored("honest", outcome)
    return wrong(f"{outcome}: {text[:80]}")


def _others_named(asking: Asking, text: str) -> set[str]:
    return {name for name in _names_said(asking, text) if fold(name) not in fold(asking.question)}


def _names_said(asking: Asking, text: str) -> set[str]:
    objects = asking.names["jobs"] + asking.names["streams"] + asking.names["stations"]
    known = {one.name for one in objects} | {one.name for one in asking.names["resources"]}
    return known & set(re.findall(r"[A-Z0-9_]+(?:-[A-Z0-9_]+)*", text))


def _numbers(text: str) -> set[float]:
    whole = re.sub(r"(?<=\d)[.,](?=\d{3}(?!\d))", "", text)
    found = re.findall(r"(?<![\w.,-])-?\d+(?:[.,]\d+)?", whole)
    numbers = {float(one.replace(",", ".")) for one in found}
    return numbers | ({0.0} if re.search(r"\b(?:nenhum|nenhuma|none|no)\b", fold(text)) else set())


def _score_set(asking: Asking, text: str, said: set[str], expression: str) -> Scored:
    expect = asking.expect
    choices = [expression, *([expect["or"]] if "or" in expect else [])]
    for one in choices:
        wanted = {thing.name for thing in _evaluated(asking, one)}
        kinds = {type_of(asking, thing) for thing in _evaluated(asking, one)}
        of_kind = {name for name in said if type_of(asking, name) in kinds} if kinds else said
        of_kind -= {n for n in said if fold(n) in fold(asking.question) and n not in wanted}
        of_kind -= {name for name in of_kind if _bears_two_kinds(asking, name)} - wanted
        if not wanted:
            if expect.get("every") and re.search(r"\b(?:sim|yes)\b", fold(text)):
                return RIGHT
            none = re.search(r"\b(?:nenhum\w*|no|none|nao|nothing|nada|0)\b", fold(text))
            if none and not of_kind:
                return RIGHT
        elif _names_them(of_kind, wanted, _numbers(text)):
            return RIGHT
    return wrong(f"named {sorted(of_kind)[:4]} of {len(wanted)}")


def _names_them(named: set[str], wanted: set[str], numbers: set[float]) -> bool:
    if len(wanted) <= MOST_NAMED:
        return named == wanted
    return bool(named) and named <= wanted and len(wanted) in numbers


def _bears_two_kinds(asking: Asking, name: str) -> bool:
    """A table's job stream may have a job's name: UPDATESTATS."""
    return sum(any(one.name == name for one in asking.names[k]) for k in ("jobs", "streams")) > 1


def type_of(asking: Asking, thing: Any) -> str:
    name = thing if isinstance(thing, str) else thing.name
    for kind in ("jobs", "streams", "stations", "resources"):
        if any(one.name == name for one in asking.names[kind]):
            return kind
    return ""


def _score_about(asking: Asking, text: str, numbers: set[float]) -> Scored:
    expect = asking.expect
    if "value" in expect:
        value = _evaluated(asking, expect["value"])
        if isinstance(value, str):
            return RIGHT if fold(value) in fold(text) else wrong(f"{value!r} not said")
        whole = {round(value, 1), round(value), int(value)}
        return RIGHT if whole & numbers else wrong(f"{value} not in {sorted(numbers)[:5]}")
    for pattern in expect.get("says", ()):
        written = pattern
        if re.fullmatch(r"\w+\.\w+|\w+\(.*\)", pattern):
            written = re.escape(str(_evaluated(asking, pattern)))
        if not re.search(written, text, re.IGNORECASE):
            return wrong(f"{written!r} not said")
    objects = _others_named(asking, text) if not expect.get("asked") else set()
    place = expect.get("about")
    if place and objects and asking.names[place].name not in text:
        return wrong(f"others named, not {asking.names[place].name}")
    return RIGHT
