"""The columns by which jobs, streams, workstations and definitions can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from knowledge.hwa.statuses import STATUSES
from tws.simulator.plan import Plan
from tws.simulator.query import Column, PlanFilter, Table, Value, column
from tws.simulator.records import Records
from tws.simulator.states import WORDS, State

Columns = dict[str, Callable[[], Column]]
_STATUS = [WORDS[state].status for state in State]
_SUBSTATUS = [WORDS[state].substatus for state in State]
_COMMON = [WORDS[state].common for state in State]


class Tables:
    """Built per plan; what does not move with the clock is kept until the plan is extended."""

    def __init__(self, plan: Plan, records: Records) -> None:
        self._plan = plan
        self._records = records
        self._kept: dict[str, Column] = {}
        self._definitions: dict[str, Table] = {}
        self._kept_for: tuple[Any, ...] = ()

    # Jobs

    def jobs(self) -> Table:
        plan = self._plan
        streams: Columns = {
            name: partial(self._of_streams, name, of)
            for name, of in {
                "jobStreamName": lambda s: s.name,
                "folder": lambda s: s.folder + "/",
            }.items()
        }
        statuses: dict[str, Sequence[Value]] = {
            "status": _STATUS,
            "substatus": _SUBSTATUS,
            "commonStatus": _COMMON,
        }
        by_state: Columns = {
            name: partial(Column, plan.states, values) for name, values in statuses.items()
        }
        for name, path in {
            "status": "lastRunCompositeStatus.status",
            "substatus": "lastRunCompositeStatus.substatus",
            "commonStatus": "lastRunCommonStatus",
        }.items():
            by_state[path] = by_state[name]
        columns: Columns = {
            **streams,
            **by_state,
            "name": partial(self._of_jobs, "name", lambda job: job.name),
            "priority": partial(self._of_jobs, "priority", lambda job: job.priority),
            "critical": partial(self._of_jobs, "critical", lambda job: job.critical),
            "workstation": partial(
                self._of_jobs, "workstation", lambda job: self._name(job.workstation), is_path=True
            ),
            "jobStreamWorkstation": partial(
                self._of_streams, "at", lambda s: self._name(s.workstation), is_path=True
            ),
            "schedTime": partial(self._keep, "schedTime", self._scheduled),
            "jobStatusFlags.jobLate": self._late,
            "late": self._late,
            "endTime": self._ended,
            "id": self._job_ids,
        }
        columns["jobOptions.critical"] = columns["critical"]
        order_only = {"key.name": "name", "key.workstation": "workstation"}
        return Table(len(plan), columns, order_only)

    def job_mask(self, wanted: PlanFilter) -> bytes:
        table = self.jobs()
        return _mask(
            table,
            {
                "workstation": _bare(wanted.workstation),
                "folder": _bare(wanted.folder),
                "jobStreamName": _plain(wanted.stream),
                "name": _plain(wanted.job),
                "status": _state_check(wanted),
            },
        )

    def _name(self, workstation: int) -> str:
        return self._plan.catalogue.workstations[workstation].name

    def _of_streams(
        self, name: str, of: Callable[[Any], Value], *, is_path: bool = False
    ) -> Column:
        return self._keep(
            name,
            lambda: column(
                (of(s) for half in self._plan.halves for s in half.stream_of), is_path=is_path
            ),
        )

    def _of_jobs(self, name: str, of: Callable[[Any], Value], *, is_path: bool = False) -> Column:
        return self._keep(
            f"job {name}",
            lambda: column(
                (
                    of(job)
                    for half in self._plan.halves
                    for stream in half.streams
                    for job in stream.jobs
                ),
                is_path=is_path,
            ),
        )

    def _scheduled(self) -> Column:
        return column(
            (half.scheduled_at(s) for half in self._plan.halves for s in half.stream_of),
            is_time=True,
        )

    def _late(self) -> Column:
        now = self._plan.now
        codes = bytes(at < now for half in self._plan.halves for at in half.late_at)
        return Column(codes, (False, True))

    def _ended(self) -> Column:
        return column(self._plan.ended_at, is_time=True)

    def _job_ids(self) -> Column:
        plan, records = self._plan, self._records
        return self._keep(
            "job ids",
            lambda: column(records.keys.job_id(*plan.locate(row)) for row in range(len(plan))),
        )

    def _keep(self, name: str, build: Callable[[], Column]) -> Column:
        numbers = tuple(half.number for half in self._plan.halves)
        if self._kept_for != numbers:
            self._kept, self._kept_for = {}, numbers
        found = self._kept.get(name)
        if found is None:
            found = self._kept[name] = build()
        return found

    # Job streams

    def streams(self) -> Table:
        plan, name_of = self._plan, self._name
        rows = list(plan.streams())
        columns: Columns = {
            "name": partial(self._rows, rows, lambda half, s: s.name),
            "jobStreamName": partial(self._rows, rows, lambda half, s: s.name),
            "folder": partial(self._rows, rows, lambda half, s: s.folder + "/"),
            "workstation": partial(
                self._rows, rows, lambda half, s: name_of(s.workstation), is_path=True
            ),
            "priority": partial(self._rows, rows, lambda half, s: s.priority),
            "status": partial(self._rows, rows, plan.stream_status),
            "commonStatus": partial(
                self._rows, rows, lambda half, s: STATUSES[plan.stream_status(half, s)].common
            ),
            "late": partial(self._rows, rows, self._records.stream_is_late),
            "id": partial(self._rows, rows, self._records.keys.stream_id),
            "schedTime": partial(
                self._rows, rows, lambda half, s: half.scheduled_at(s), is_time=True
            ),
        }
        columns["compositeStatus.status"] = columns["status"]
        columns["jsStatusFlags.lateJobStream"] = columns["late"]
        return Table(len(rows), columns, {"key.name": "name", "key.workstation": "workstation"})

    def stream_mask(self, wanted: PlanFilter) -> bytes:
        table = self.streams()
        return _mask(
            table,
            {
                "workstation": _bare(wanted.workstation),
                "folder": _bare(wanted.folder),
                "name": _plain(wanted.stream),
                "status": _state_check(wanted),
            },
        )

    # The rest: few rows, so straight from the records

    def of_records(self, records: list[dict[str, Any]], fields: tuple[str, ...]) -> Table:
        columns: Columns = {field: partial(_values_of, records, field) for field in fields}
        return Table(len(records), columns, {"key.name": "name"})

    def definitions(self, what: str) -> Table:
        """Definitions of "jobs" or "streams", in the order of the catalogue."""
        if what not in self._definitions:
            self._definitions[what] = self._define(what)
        return self._definitions[what]

    def _define(self, what: str) -> Table:
        streams, name_of = self._plan.catalogue.stream_definitions, self._name
        of_streams: Columns = {
            "name": lambda: column(s.name for s in streams),
            "folder": lambda: column(s.folder + "/" for s in streams),
            "workstation": lambda: column((name_of(s.workstation) for s in streams), is_path=True),
        }
        of_jobs: Columns = {
            "name": lambda: column(job.name for s in streams for job in s.jobs),
            "folder": lambda: column(s.folder + "/" for s in streams for _ in s.jobs),
            "workstation": lambda: column(
                (name_of(job.workstation) for s in streams for job in s.jobs), is_path=True
            ),
        }
        columns: Columns = {
            name: cache(build)
            for name, build in (of_streams if what == "streams" else of_jobs).items()
        }
        jobs = self._plan.catalogue.job_definitions
        size = len(streams) if what == "streams" else len(jobs)
        return Table(size, columns, {"key.name": "name"})

    @staticmethod
    def _rows(
        rows: list[Any],
        of: Callable[..., Value],
        *,
        is_time: bool = False,
        is_path: bool = False,
    ) -> Column:
        values = (of(half, stream) for half, stream in rows)
        return column(values, is_time=is_time, is_path=is_path)


def _values_of(records: list[dict[str, Any]], field: str) -> Column:
    if field == "workstation":
        return column((str(record.get(field)).lstrip("/") for record in records), is_path=True)
    return column(record.get(field) for record in records)


def _mask(table: Table, checks: dict[str, Callable[[Value], bool] | None]) -> bytes:
    masks = [table.columns[name]().mask(check) for name, check in checks.items() if check]
    whole = int.from_bytes(b"\1" * table.size, "little")
    for mask in masks:
        whole &= int.from_bytes(mask, "little")
    return whole.to_bytes(table.size, "little")


def _plain(pattern: Any) -> Callable[[Value], bool] | None:
    return pattern and (lambda value: pattern.match(value) is not None)


def _bare(pattern: Any) -> Callable[[Value], bool] | None:
    """Matches `/FTA_SP01` and `/RH/FOLHA/` without the slashes around them."""
    return pattern and (
        lambda value: bool(pattern.match(value.strip("/")) or pattern.match(value.rstrip("/")))
    )


def _state_check(wanted: PlanFilter) -> Callable[[Value], bool] | None:
    if not wanted.states and not wanted.without_states:
        return None
    return lambda value: (
        (not wanted.states or value in wanted.states) and value not in wanted.without_states
    )
