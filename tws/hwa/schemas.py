"""
What HWA answers, parsed once at the door. Names are the API's, in snake case.

Tolerant on purpose: fields we do not know are dropped, optional ones may be missing or null, and
statuses stay plain strings, because engines send values that
their own document does not list. What is of another type is left out by `tws.hwa.tolerance`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from knowledge.hwa.statuses import group_of
from knowledge.hwa.times import is_instant

T = TypeVar("T")


def _none_as_empty(value: Any) -> Any:
    return [] if value is None else value


def _as_many(value: Any) -> Any:
    """What was made from XML has no list around a single one."""
    return [value] if isinstance(value, dict | str) else _none_as_empty(value)


def _none_as_mapping(value: Any) -> Any:
    return {} if value is None else value


def _in_utc(value: datetime) -> datetime | None:
    """HWA's instants are UTC; an engine that leaves the Z out means the same."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return aware if is_instant(aware) else None


LONGEST = timedelta(days=36_525)
"""What takes longer takes for ever, and ends on no calendar."""


def _of_a_calendar(value: timedelta) -> timedelta | None:
    return value if abs(value) <= LONGEST else None


class _Reply(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        coerce_numbers_to_str=True,
    )


def _unknown_if_unreadable(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    """A duration that cannot be read is not known; the rest of the object still is."""
    try:
        return parse(value)
    except ValidationError:
        return None


def _instant(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    """HWA's times, numbers of seconds, and ISO's other notations. What is none yet is not known; a
    time that can't be read is left out like any odd field, and counted."""
    if value is None or (isinstance(value, str) and (not value or value.startswith("0000"))):
        return None
    try:
        return parse(value)
    except ValidationError:
        pass
    try:
        return parse(datetime.fromisoformat(value))
    except (TypeError, ValueError) as error:
        raise PydanticCustomError(UNREADABLE_TIME, "no time that can be read") from error


UNREADABLE_TIME = "unreadable_time"
Instant = Annotated[Annotated[datetime, AfterValidator(_in_utc)] | None, WrapValidator(_instant)]
Duration = Annotated[
    Annotated[timedelta, AfterValidator(_of_a_calendar)] | None,
    WrapValidator(_unknown_if_unreadable),
]
Many = Annotated[list[T], BeforeValidator(_as_many)]


class ListReply(_Reply, Generic[T]):
    """What has no list where one belongs is none: "nothing" is only what the engine says."""

    count: int | None = None
    results: Annotated[list[T], BeforeValidator(_none_as_empty)] = []
    next: str | None = None

    @model_validator(mode="after")
    def _is_a_list(self) -> Self:
        if "results" not in self.model_fields_set and self.count != 0:
            raise ValueError("there is no list in it")
        return self

    @property
    def total(self) -> int | None:
        """How many there are, where the engine says so."""
        return self.count if self.count is not None and self.count >= 0 else None


class EngineInfo(_Reply):
    display_version: str | None = None
    full_version: str | None = None
    capabilities: Annotated[dict[str, Any], BeforeValidator(_none_as_mapping)] = {}
    reference_id: str | None = None
    license_type: str | None = None
    locale: str | None = None
    timezone: str | None = None

    @property
    def simulated(self) -> bool:
        """Our simulator says what it is; no other engine has this capability."""
        return "simulator" in self.capabilities


class CompositeStatus(_Reply):
    status: str | None = None
    substatus: str | None = None
    canceled: bool | None = None
    error: bool | None = None
    started: bool | None = None


class TimeInfo(_Reply):
    estimated_duration: Duration = None
    actual_start_time: Instant = None
    elapsed_time: Duration = None
    actual_end_time: Instant = None


class TimeRestrictions(_Reply):
    start_time: Instant = None
    deadline_time: Instant = None
    latest_start_time: Instant = None
    late_action: str | None = None
    late_start_action: str | None = None
    max_duration: Duration = None
    min_duration: Duration = None
    time_dependent: bool | None = None
    start_time_satisfied: bool | None = None
    deadline_satisfied: bool | None = None
    latest_start_satisfied: bool | None = None


class DependenciesStats(_Reply):
    number_of_dependencies: int | None = None
    number_of_unresolved_dependencies: int | None = None
    number_of_job_dependencies: int | None = None
    number_of_job_stream_dependencies: int | None = None
    number_of_prompt_dependencies: int | None = None
    number_of_resource_dependencies: int | None = None
    number_of_file_dependencies: int | None = None


class PlanFile(_Reply):
    name: str | None = None
    workstation: str | None = None
    status: str | None = None


class Dependency(_Reply):
    """Any kind of dependency; `dependency_type` says which fields to expect."""

    dependency_type: str | None = None
    id: str | None = None
    dependency_status: str | None = None
    satisfied: bool | None = None
    mandatory: bool | None = None
    # INTERNAL, EXTERNAL_JOB, EXTERNAL_JOBSTREAM
    job_id: str | None = None
    job_name: str | None = None
    job_stream_id: str | None = None
    job_stream_name: str | None = None
    job_stream_workstation: str | None = None
    job_stream_sched_time: Instant = None
    predecessor_status: CompositeStatus | None = None
    # RESOURCE
    name: str | None = None
    workstation: str | None = None
    quantity: int | None = None
    quantity_held: int | None = None
    available: int | None = None
    # PROMPT
    prompt_name: str | None = None
    prompt_status: str | None = None
    prompt_type: str | None = None
    text: str | None = None
    number: int | None = None
    # FILE
    file: PlanFile | None = None
    # JOIN, INTERNETWORK
    join_name: str | None = None
    join_quantity: int | None = None
    members: Many[Dependency] = []
    network_agent: str | None = None
    dependency: str | None = None


class JobDefinitionInPlan(_Reply):
    id: str | None = None
    job_definition_model_id: str | None = None
    name: str | None = None
    folder: str | None = None
    workstation: str | None = None
    description: str | None = None
    task: Any = None
    estimated_duration: Duration = None
    recovery_option: str | None = None
    recovery_job_name: str | None = None
    recovery_repeat_occurrences: int | None = None
    recovery_repeat_interval: Duration = None
    abend_prompt_text: str | None = None
    user_logins: Many[str] = []


class JobRun(_Reply):
    id: str | None = None
    name: str | None = None
    job_id: str | None = None
    actual_workstation: str | None = None
    job_number: int | None = None
    composite_status: CompositeStatus | None = None
    common_status: str | None = None
    return_code: int | None = None
    rerun_job: bool | None = None
    rerun_type: str | None = None
    time_info: TimeInfo | None = None
    submitted_time: Instant = None
    last_in_rerun_chain: bool | None = None
    run_attempt: int | None = None
    min_duration_not_reached: bool | None = None
    max_duration_gone: bool | None = None

    @property
    def status(self) -> str | None:
        return (self.composite_status and self.composite_status.status) or self.common_status

    @property
    def group(self) -> str | None:
        return group_of(self.status, self.common_status)


class JobStatusFlags(_Reply):
    job_late: bool | None = None
    deadline_has_passed: bool | None = None
    until_gone: bool | None = None
    promoted_to_urgent_queue: bool | None = None
    restarted: bool | None = None
    user_rerun_again: bool | None = None


class JobOptions(_Reply):
    critical: bool | None = None
    no_operation: bool | None = None
    requires_confirmation: bool | None = None
    every: bool | None = None


class _FlowNode(_Reply):
    flow_node_type: str | None = None
    id: str | None = None
    engine_id: str | None = None
    name: str | None = None
    folder: str | None = None
    workstation: str | None = None
    key: str | None = None
    plan_id: str | None = None
    sched_time: Instant = None
    time_zone: str | None = None
    priority: int | None = None
    orig_priority: int | None = None
    time_restrictions: TimeRestrictions | None = None
    dependencies: Many[Dependency] = []
    dependencies_stats: DependenciesStats | None = None


class JobInPlan(_FlowNode):
    job_stream_id: str | None = None
    job_stream_name: str | None = None
    job_stream_workstation: str | None = None
    position: int | None = None
    job_status_flags: JobStatusFlags | None = None
    job_options: JobOptions | None = None
    last_run_composite_status: CompositeStatus | None = None
    last_run_common_status: str | None = None
    job_definition_ref_id: str | None = None
    job_definition: JobDefinitionInPlan | None = None
    jobruns: Many[JobRun] = []
    end_time: Instant = None
    confidence_interval: str | None = None
    critical_start: Instant = None
    repeat_interval: Duration = None

    @property
    def status(self) -> str | None:
        """HWA's internal status: SUCC, ABEND, EXEC, HOLD…; the common one where it is missing."""
        last = self.last_run_composite_status
        return (last and last.status) or self.last_run_common_status

    @property
    def group(self) -> str | None:
        """The group of the status: "failed", "waiting"…; None for one that is not known."""
        return group_of(self.status, self.last_run_common_status)

    @property
    def substatus(self) -> str | None:
        """Why the job waits, in HWA's word; None when it does not say."""
        last = self.last_run_composite_status
        return last.substatus if last else None

    @property
    def last_run(self) -> JobRun | None:
        """The run that counts: the one HWA marks as the end of the rerun chain, else the last."""
        marked = [run for run in self.jobruns if run.last_in_rerun_chain]
        runs = marked or self.jobruns
        return runs[-1] if runs else None


class JobStreamStats(_Reply):
    number_of_job: int | None = None
    number_of_successfull_job: int | None = None  # HCL's spelling
    number_of_executing_job: int | None = None
    number_of_abended_job: int | None = None
    number_of_failed_job: int | None = None
    number_of_not_running_job: int | None = None
    number_of_undecided_job: int | None = None


class JobStreamStatusFlags(_Reply):
    released: bool | None = None
    late_job_stream: bool | None = None
    pending_predecessor: bool | None = None


class JobStreamInPlan(_FlowNode):
    original_job_stream_name: str | None = None
    alias_job_stream_name: str | None = None
    job_stream_model_id: str | None = None
    composite_status: CompositeStatus | None = None
    common_status: str | None = None
    time_info: TimeInfo | None = None
    scheduled_date: Instant = None
    job_stream_stats: JobStreamStats | None = None
    js_status_flags: JobStreamStatusFlags | None = None
    limit: int | None = None
    internal_identifier: str | None = None

    @property
    def status(self) -> str | None:
        """HWA's internal status: SUCC, STUCK, EXEC…; the common one where it is missing."""
        return (self.composite_status and self.composite_status.status) or self.common_status

    @property
    def group(self) -> str | None:
        return group_of(self.status, self.common_status)

    @property
    def substatus(self) -> str | None:
        return self.composite_status.substatus if self.composite_status else None


def _kind(value: Any) -> str:
    if not isinstance(value, dict):
        return "stream" if isinstance(value, JobStreamInPlan) else "job"
    if value.get("flowNodeType") == "JOBSTREAM" or value.get("originalJobStreamName"):
        return "stream"
    return "job"


FlowNode = Annotated[
    Annotated[JobInPlan, Tag("job")] | Annotated[JobStreamInPlan, Tag("stream")],
    Discriminator(_kind),
]
"""A predecessor or successor: a job, or a whole job stream."""


class WorkstationInPlan(_Reply):
    id: str | None = None
    name: str | None = None
    folder: str | None = None
    key: str | None = None
    description: str | None = None
    type: str | None = None
    host_type: str | None = None
    active_states: Many[str] = []
    active_flags: Many[str] = []
    os: str | None = None
    time_zone: str | None = None
    node_name: str | None = None
    tcp_port: int | None = None
    domain_name: str | None = None
    limit: int | None = None
    fence: int | None = None
    agent_id: str | None = None
    version: str | None = None
    time_started: Instant = None
    host_workstation: str | None = None

    @property
    def linked(self) -> bool:
        return any(state.endswith("LINKED") for state in self.active_states)


class ResourceHolder(_Reply):
    job_stream_id: str | None = None
    job_stream: str | None = None
    job_id: str | None = None
    job: str | None = None
    job_key: str | None = None
    quantity: int | None = None


class ResourceInPlan(_Reply):
    id: str | None = None
    name: str | None = None
    folder: str | None = None
    key: str | None = None
    workstation: str | None = None
    description: str | None = None
    quantity: int | None = None
    quantity_available: int | None = None
    quantity_in_use: int | None = None
    status: str | None = None
    holders: Many[ResourceHolder] = []


class GroupedCount(_Reply):
    count: int | None = None
    grouped_count: Annotated[dict[str, int], BeforeValidator(_none_as_mapping)] = {}

    @property
    def is_grouped(self) -> bool:
        """Whether the engine grouped at all: no groups of no objects are groups too."""
        return bool(self.grouped_count) or self.count == 0


class Recovery(_Reply):
    action: str | None = None
    repeat_interval: Duration = None
    repeat_occurrences: int | None = None
    abend_prompt: str | None = None


class JobDefinition(_Reply):
    id: str | None = None
    name: str
    folder: str | None = None
    workstation: str | None = None
    description: str | None = None
    type: str | None = None
    task: Any = None
    user_logins: Many[str] = []
    recovery: Recovery | None = None


class RunCycle(_Reply):
    name: str | None = None
    description: str | None = None
    type: str | None = None
    expression: str | None = None
    calendar: str | None = None
    start_time: str | None = None
    deadline_time: str | None = None


class StreamJob(_Reply):
    """A job as a job stream's definition lists it."""

    name: str | None = None
    job_definition_ref: str | None = None
    workstation: str | None = None
    documentation: str | None = None


class JobStreamDefinition(_Reply):
    id: str | None = None
    name: str
    folder: str | None = None
    workstation: str | None = None
    description: str | None = None
    documentation: str | None = None
    time_zone: str | None = None
    start_time: str | None = None
    deadline_time: str | None = None
    run_cycles: Many[RunCycle] = []
    jobs: Many[StreamJob] = []


class JobDefinitionObject(_Reply):
    key: str | None = None
    definition: JobDefinition = Field(alias="def")


class JobStreamDefinitionObject(_Reply):
    key: str | None = None
    definition: JobStreamDefinition = Field(alias="def")
