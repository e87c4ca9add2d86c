"""The simulated plan agrees with itself, whichever way it is asked."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from tws.hwa.paths import API_ROOT
from tws.simulator.app import Simulator
from tws.simulator.catalogue import Catalogue
from tws.simulator.faults import Faults
from tws.simulator.joblogs import JobLog
from tws.simulator.keys import Keys, instant
from tws.simulator.messages import Request
from tws.simulator.plan import Clock, Plan
from tws.simulator.server import Options, PortBusy, SimulatorServer
from tws.simulator.states import State

NOON = 1_800_000_000 - 1_800_000_000 % 43_200
MIDDAYS = [NOON + 900, NOON + 20_000, NOON + 43_100]


@cache
def plan_at(moment: float, jobs: int = 4_000, seed: int = 3) -> Plan:
    """One for all tests: it stands still."""
    return new_plan(moment, jobs, seed)


def new_plan(moment: float, jobs: int, seed: int) -> Plan:
    return Plan(Catalogue(jobs, seed), Clock(now=lambda: moment))


class Asked:
    """The simulator's answers as values, without a network."""

    def __init__(self, plan: Plan) -> None:
        self.simulator = Simulator(plan, host="localhost", user="u", password="p")

    def __call__(self, path: str, **query: object) -> dict:
        words = {name: str(value) for name, value in query.items()}
        return json.loads(self.simulator._engine(Request("GET", API_ROOT + path, words, {})).body)

    def lines(self, path: str, **query: object) -> list[str]:
        words = {name: str(value) for name, value in query.items()}
        return list(self.simulator._engine(Request("GET", API_ROOT + path, words, {})).body)


@pytest.fixture(scope="module", params=MIDDAYS, ids=["early", "amid", "late"])
def ask(request) -> Asked:
    return Asked(plan_at(request.param))


@pytest.fixture(scope="module")
def jobs(ask) -> list[dict]:
    return ask("/plan/job")["results"]


def status(job: dict) -> str:
    return job["lastRunCompositeStatus"]["status"]


def substatus(job: dict) -> str | None:
    return job["lastRunCompositeStatus"].get("substatus")


def those(jobs: list[dict], wanted: Callable[[dict], bool], most: int = 25) -> list[dict]:
    return [job for job in jobs if wanted(job)][:most]


def test_the_same_seed_and_moment_make_the_same_plan():
    one, other, third = (Asked(new_plan(NOON + 5_000, 1_000, seed)) for seed in (3, 3, 4))

    assert one("/plan/job") == other("/plan/job")
    assert one("/plan/job") != third("/plan/job")


def test_a_plan_reached_by_the_clock_is_the_one_started_there():
    moment = [float(NOON + 100)]
    moved = Plan(Catalogue(2_000, 3), Clock(now=lambda: moment[0]))
    moment[0] += 20_000
    moved.refresh()

    assert moved.states == plan_at(NOON + 20_100, jobs=2_000).states


def test_speed_makes_an_hour_pass_in_a_second():
    moment = [float(NOON)]
    clock = Clock(3_600, now=lambda: moment[0])
    moment[0] += 1

    assert clock.now() == NOON + 3_600


def test_the_engines_clock_may_be_ahead_of_ours(start_simulator):
    before = int(time.time())
    plan = start_simulator(Options(port=0, jobs=50, ahead=7_200)).simulator.plan

    assert before <= plan.now - 7_200 <= time.time()


def test_a_new_half_day_brings_new_streams_and_drops_the_oldest():
    moment = [float(NOON + 43_199)]
    plan = Plan(Catalogue(500, 3), Clock(now=lambda: moment[0]))
    before = {half.number for half in plan.halves}
    moment[0] += 1
    plan.refresh()

    assert len({half.number for half in plan.halves} & before) == 1
    assert len(plan) == 500


def test_what_has_not_ended_is_carried_into_the_new_plan_for_half_a_day():
    moment = [float(NOON + 43_199)]
    plan = Plan(Catalogue(1_500, 3), Clock(now=lambda: moment[0]), carry_forward=True)
    ask = Asked(plan)
    before = {one["id"]: one for one in ask("/plan/jobstream")["results"]}
    runs = {job["id"]: job["jobruns"] for job in ask("/plan/job")["results"]}
    leaving = (instant(NOON - 43_200), instant(NOON))
    older = {key for key, one in before.items() if leaving[0] <= one["schedTime"] < leaving[1]}
    moment[0] += 1
    after = {one["id"]: one for one in ask("/plan/jobstream")["results"]}

    left, carried = older - after.keys(), older & after.keys()
    assert carried
    assert {before[one]["compositeStatus"]["status"] for one in left} == {"SUCC"}
    assert {one: after[one]["key"] for one in carried} == {
        one: before[one]["key"] for one in carried
    }
    jobs = [job for job in ask("/plan/job")["results"] if job["jobStreamId"] in carried]
    for job in jobs:
        assert [run["id"] for run in job["jobruns"]][: len(runs[job["id"]])] == [
            run["id"] for run in runs[job["id"]]
        ]
        assert ask(f"/plan/job/{job['id']}")["key"] == job["key"]
    assert any(runs[job["id"]] for job in jobs)
    moment[0] += 43_200
    assert not carried & {one["id"] for one in ask("/plan/jobstream")["results"]}


def test_a_plan_with_carried_streams_is_the_one_started_there():
    moment = [float(NOON + 100)]
    catalogue = Catalogue(2_000, 3)
    moved = Plan(catalogue, Clock(now=lambda: moment[0]), carry_forward=True)
    moment[0] += 50_000
    moved.refresh()

    started = Plan(catalogue, Clock(now=lambda: moment[0]), carry_forward=True)
    assert moved.states == started.states


def test_instances_of_a_stream_share_their_name_and_not_their_time():
    ask = Asked(Plan(Catalogue(1_000, 3, instances=3), Clock(now=lambda: NOON + 5_000.0)))
    streams = ask("/plan/jobstream")["results"]
    names = Counter(one["name"] for one in streams)

    assert names.most_common(1)[0][1] == 3
    assert len({one["key"] for one in streams}) == len({one["id"] for one in streams})
    assert len({one["schedTime"] for one in streams if one["name"] == "ETL_VENDAS"}) == 3
    definitions = ask("/model/jobstream")["results"]
    assert len({one["key"] for one in definitions}) == len(definitions) == len(names)
    models = {one["jobStreamModelId"] for one in streams if one["name"] == "ETL_VENDAS"}
    (model,) = models
    assert ask(f"/model/jobstream/{model}")["def"]["name"] == "ETL_VENDAS"


def test_names_of_streams_are_unique_unless_instances_are_asked_for(ask):
    streams = ask("/plan/jobstream")["results"]

    assert len({one["name"] for one in streams}) == len(streams)


def test_places_and_definitions_keep_their_own_time_zone(ask):
    zones = {one["key"]: one["timeZone"] for one in ask("/plan/workstation")["results"]}
    definitions = ask("/model/jobstream")["results"]

    assert len(set(zones.values())) > 2
    for one in definitions:
        assert one["def"]["timeZone"] == zones[one["def"]["workstation"]]
    (stream,) = ask("/plan/jobstream", oql="name = 'ETL_VENDAS'")["results"]
    (defined,) = (one["def"] for one in definitions if one["def"]["name"] == "ETL_VENDAS")
    scheduled = datetime.fromisoformat(stream["schedTime"])
    assert f"{scheduled.astimezone(ZoneInfo(stream['timeZone'])):%H:%M:00}" == defined["startTime"]


def test_the_plan_holds_as_many_jobs_as_asked_for(ask, jobs):
    assert len(jobs) == 4_000 == ask("/plan/job/count")["count"]
    assert len({job["id"] for job in jobs}) == 4_000


def test_counts_agree_with_the_list(ask, jobs):
    by_status = ask("/plan/job/count", grouping_filters="status")["groupedCount"]
    by_both = ask("/plan/job/count", grouping_filters="workstation,status")["groupedCount"]

    assert by_status == Counter(map(status, jobs))
    assert by_both == Counter(f"{job['workstation']},{status(job)}" for job in jobs)


def test_filters_agree_with_the_list(ask, jobs):
    for word in ("ABEND", "EXEC", "HOLD"):
        found = ask("/plan/job", oql=f"status = '{word}'")["results"]
        assert [one["id"] for one in found] == [job["id"] for job in jobs if status(job) == word]
    late = ask("/plan/job", oql="jobStatusFlags.jobLate = true")["results"]
    assert {one["id"] for one in late} == {
        job["id"] for job in jobs if job["jobStatusFlags"]["jobLate"]
    }
    station = jobs[0]["workstation"]
    found = ask("/plan/job", plan_filter=f"{station}#/")["results"]
    assert len(found) == sum(job["workstation"] == station for job in jobs)


def test_pages_follow_one_another(ask, jobs):
    first = ask("/plan/job", limit=1_500)
    second = ask("/plan/job", limit=1_500, offset=1_500)

    assert "previous" not in first
    assert "offset=1500" in first["next"]
    assert first["results"] + second["results"] == jobs[:3_000]


def test_a_job_alone_is_the_job_of_the_list(ask, jobs):
    for job in jobs[::97]:
        alone = ask(f"/plan/job/{job['id']}")
        alone.pop("dependencies")
        assert alone == job


def test_predecessors_and_successors_mirror_each_other(ask, jobs):
    for job in jobs[::53]:
        for before in ask(f"/plan/job/{job['id']}/predecessors")["results"]:
            after = ask(f"/plan/job/{before['id']}/successors")["results"]
            assert job["id"] in {one["id"] for one in after}


def with_members(dependencies: list[dict]) -> list[dict]:
    return [one for each in dependencies for one in (each, *each.get("members", []))]


def test_dependencies_are_the_predecessors(ask, jobs):
    for job in jobs[::53]:
        named = with_members(ask(f"/plan/job/{job['id']}")["dependencies"])
        before = ask(f"/plan/job/{job['id']}/predecessors")["results"]
        assert {one["jobId"] for one in named if one["dependencyType"] == "INTERNAL"} == {
            one["id"] for one in before
        }


def joins(ask: Asked, jobs: list[dict]) -> list[tuple[dict, dict]]:
    """Each job that waits for a JOIN, with it."""
    several = (job for job in jobs if job["dependenciesStats"]["numberOfJobDependencies"] > 1)
    return [
        (job, one)
        for job in several
        for one in ask(f"/plan/job/{job['id']}")["dependencies"]
        if one["dependencyType"] == "JOIN"
    ]


def test_a_join_is_satisfied_by_as_many_members_as_it_asks_for(ask, jobs):
    found = joins(ask, jobs)

    for job, join in found:
        done = sum(one["satisfied"] for one in join["members"])
        assert join["satisfied"] == (done >= join["joinQuantity"])
        if status(job) == "SUCC":
            assert join["satisfied"]
    assert {join["criteria"] for _, join in found} == {"ALL", "AT_LEAST"}
    assert {join["satisfied"] for _, join in found} == {True, False}


def test_a_join_may_be_satisfied_while_a_member_is_not():
    ask = Asked(plan_at(NOON + 20_000))
    found = joins(ask, ask("/plan/job")["results"])

    early = [
        job
        for job, join in found
        if join["satisfied"] and not all(one["satisfied"] for one in join["members"])
    ]
    assert any(job["jobruns"] for job in early)  # it did not wait for the others


def unsatisfied(ask: Asked, path: str) -> list[dict]:
    return [one for one in ask(path)["dependencies"] if not one["satisfied"]]


def test_a_job_that_waits_for_a_predecessor_has_one_that_is_not_done(ask, jobs):
    for job in those(jobs, lambda j: substatus(j) == "HOLD_WAITING_FOR_PREDECESSOR", 60):
        own = unsatisfied(ask, f"/plan/job/{job['id']}")
        streams = unsatisfied(ask, f"/plan/jobstream/{job['jobStreamId']}")
        assert own or streams, job["key"]


def test_a_job_that_waits_for_a_prompt_has_one_that_is_asked(ask, jobs):
    for job in those(jobs, lambda j: substatus(j) == "HOLD_WAITING_FOR_PROMPT"):
        found = unsatisfied(ask, f"/plan/job/{job['id']}")
        found += unsatisfied(ask, f"/plan/jobstream/{job['jobStreamId']}")
        assert "ASKED" in {one.get("promptStatus") for one in found}, job["key"]


def test_a_job_that_waits_for_a_resource_finds_none_free(ask, jobs):
    for job in those(jobs, lambda j: substatus(j) == "READY_WAITING_FOR_RESOURCES"):
        named = ask(f"/plan/job/{job['id']}")["dependencies"]
        assert [d["available"] for d in named if d["dependencyType"] == "RESOURCE"] == [0]


def test_a_ready_job_is_held_back_by_its_workstation(ask, jobs):
    stations = {one["key"]: one for one in ask("/plan/workstation")["results"]}
    for job in those(jobs, lambda j: status(j) == "READY", 200):
        station = stations[job["workstation"]]
        why = substatus(job)
        if why == "READY_WAITING_FOR_AGENT":
            assert not {"LINKED", "JOBMAN_UP"} <= set(station["activeStates"])
        elif why == "READY_WAITING_FOR_LIMIT":
            assert station["limit"] == 0
        elif why is None:
            assert job["priority"] <= station["fence"]


def test_some_workstation_is_unlinked_one_runs_nothing_one_is_fenced(ask):
    stations = ask("/plan/workstation")["results"]
    dead = [one for one in stations if "JOBMAN_UP" not in one["activeStates"]]

    assert {"LINKED" in one["activeStates"] for one in dead} == {True, False}
    assert [one for one in stations if "LINKED" not in one["activeStates"]]
    assert [one for one in stations if one["limit"] == 0]
    assert [one for one in stations if one["fence"] > 0]


def test_no_resource_is_given_out_twice(ask):
    for resource in ask("/plan/resource")["results"]:
        assert 0 <= resource["quantityInUse"] <= resource["quantity"]
        assert resource["quantityInUse"] == len(resource["holders"])
        for holder in resource["holders"]:
            assert status(ask(f"/plan/job/{holder['jobId']}")) in ("EXEC", "INTRO")


def test_a_stuck_stream_has_a_job_that_failed_and_one_that_waits(ask, jobs):
    by_stream: dict[str, list[str]] = {}
    for job in jobs:
        by_stream.setdefault(job["jobStreamId"], []).append(status(job))
    stuck = ask("/plan/jobstream", oql="status = 'STUCK'")["results"]
    assert stuck
    for stream in stuck:
        found = by_stream[stream["id"]]
        assert {"ABEND", "FAIL"} & set(found)
        assert "HOLD" in found


def test_a_streams_numbers_are_its_jobs(ask, jobs):
    by_stream: dict[str, list[str]] = {}
    for job in jobs:
        by_stream.setdefault(job["jobStreamId"], []).append(status(job))
    for stream in ask("/plan/jobstream")["results"][::11]:
        stats, found = stream["jobStreamStats"], by_stream[stream["id"]]
        assert stats["numberOfJob"] == len(found)
        assert stats["numberOfSuccessfullJob"] == found.count("SUCC")
        assert stats["numberOfAbendedJob"] == found.count("ABEND")


def test_a_failure_is_explained_by_a_log_that_agrees_with_the_job(ask, jobs):
    for job in those(jobs, lambda j: status(j) == "ABEND"):
        run = job["jobruns"][-1]
        log = ask.lines(f"/plan/job/run/{run['id']}/joblog")
        assert any("FATAL" in line for line in log), job["key"]
        assert f"= Exit Status           : {run['returnCode']}" in log
        assert any(f"Job Number: {run['jobNumber']}" in line for line in log)
        assert run["actualWorkstation"] in "".join(log)


def test_a_success_says_so_in_its_log(ask, jobs):
    for job in those(jobs, lambda j: status(j) == "SUCC"):
        run = job["jobruns"][-1]
        log = ask.lines(f"/plan/job/run/{run['id']}/joblog")
        assert not any("FATAL" in line for line in log)
        assert "= Exit Status           : 0" in log
        assert run["returnCode"] == 0


def test_the_times_in_a_log_are_those_of_its_workstations_clock(ask, jobs):
    zones = {ws["name"]: ws["timeZone"] for ws in ask("/plan/workstation")["results"]}
    for job in those(jobs, lambda j: status(j) == "SUCC"):
        run = job["jobruns"][-1]
        log = ask.lines(f"/plan/job/run/{run['id']}/joblog")
        started = datetime.fromisoformat(run["timeInfo"]["actualStartTime"])
        there = started.astimezone(ZoneInfo(zones[run["actualWorkstation"].lstrip("/")]))
        assert f"= {there:%a %m/%d/%Y %H:%M:%S %Z}" in log


def test_a_running_jobs_log_has_no_end_yet(ask, jobs):
    for job in those(jobs, lambda j: status(j) == "EXEC"):
        log = ask.lines(f"/plan/job/run/{job['jobruns'][-1]['id']}/joblog")
        assert not any("Exit Status" in line for line in log)


def test_the_last_run_has_the_jobs_status(jobs):
    for job in jobs:
        if job["jobruns"] and status(job) not in ("READY", "HOLD"):
            last = job["jobruns"][-1]
            assert last["compositeStatus"]["status"] == status(job)
            assert last["lastInRerunChain"]


def test_a_recovery_rerun_shows_as_a_second_run(jobs):
    reruns = [job for job in jobs if len(job["jobruns"]) > 1]

    assert reruns
    for job in reruns:
        assert job["jobruns"][0]["rerunType"] == "REGULAR"
        assert job["jobruns"][0]["compositeStatus"]["status"] in ("ABEND", "FAIL")
        assert job["jobruns"][1]["rerunType"] in ("RECOVERY_RERUN", "RERUN")
        numbers = [run["jobNumber"] for run in job["jobruns"]]
        assert len(set(numbers)) == len(numbers)


def test_a_lost_agent_was_really_lost():
    plan = plan_at(NOON + 43_100, jobs=30_000)
    lost = [
        run
        for half in plan.halves
        for runs in half.runs
        for run in runs
        if run.cause and run.cause.key == "agent_unlinked"
    ]

    assert lost
    assert all(not plan.conditions.is_linked(run.workstation, run.end) for run in lost)


def test_all_causes_occur_and_late_and_critical_jobs_too():
    plan = plan_at(NOON + 43_100, jobs=30_000)
    runs = [run for half in plan.halves for runs in half.runs for run in runs]
    late = sum(at < plan.now for half in plan.halves for at in half.late_at)

    assert len({run.cause.key for run in runs if run.cause}) == 10
    assert late > 50
    changes = (states for half in plan.halves for row in half.changes for states in row[1::2])
    assert set(changes) == set(State)


def test_an_empty_plan_answers():
    ask = Asked(plan_at(NOON, jobs=0))

    assert ask("/plan/job") == {"results": [], "count": 0}
    assert ask("/plan/job/count", grouping_filters="status") == {"count": 0, "groupedCount": {}}
    assert ask("/plan/jobstream") == {"results": [], "count": 0}


def longest_log(plan: Plan, keys: Keys) -> str:
    """The id of the run with the longest log."""
    ended = [
        (len(JobLog(plan, keys, half, at, 1)), keys.run_id(half, at, 1))
        for half in plan.halves
        for at, runs in enumerate(half.runs)
        if runs and runs[0].end <= plan.now
    ]
    return max(ended)[1]


@pytest.mark.slow
def test_a_long_log_is_read_by_ranges():
    plan = plan_at(NOON + 43_100, jobs=4_000)
    ask = Asked(plan)
    path = f"/plan/job/run/{longest_log(plan, Keys(plan.catalogue))}/joblog"
    whole = ask.lines(path)

    assert len(whole) > 100_000
    assert ask.lines(path, from_line=99_001, to_line=99_010) == whole[99_000:99_010]
    assert ask.lines(path, from_line=len(whole) + 1) == []
    assert len(ask.lines(path, contentOnly="true")) == len(whole) - 13


@pytest.mark.slow
def test_two_hundred_thousand_jobs_are_a_plan_like_any_other():
    ask = Asked(new_plan(NOON + 20_000, 200_000, 3))

    page = ask("/plan/job", limit=100, oql="status = 'ABEND' AND name LIKE '%FOLHA%'")

    assert page["results"]
    assert all("FOLHA" in job["name"] for job in page["results"])


# As a server


def client(server: SimulatorServer, **options: object) -> httpx.Client:
    return httpx.Client(
        base_url=server.url,
        verify=ssl.create_default_context(cafile=server.certificate),
        auth=("wauser", "wauser"),
        **options,  # type: ignore[arg-type]
    )


def test_nothing_is_shown_without_credentials(simulator):
    with client(simulator) as http:
        for path in ("/", "/simulator/faults", f"{API_ROOT}/plan/job", "/nothing"):
            assert http.get(path, auth=None).status_code == 401
            assert http.get(path, auth=("wauser", "x")).status_code == 401


def test_a_bearer_token_is_taken(simulator):
    with client(simulator) as http:
        headers = {"Authorization": "Bearer a-token"}
        assert http.get(f"{API_ROOT}/engine/info", auth=None, headers=headers).status_code == 200
        headers = {"Authorization": "Bearer another"}
        assert http.get(f"{API_ROOT}/engine/info", auth=None, headers=headers).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_can_be_changed(simulator, method):
    with client(simulator) as http:
        assert http.request(method, f"{API_ROOT}/plan/job", content=b"{}").status_code == 405


def test_what_is_not_there_is_not_found(simulator):
    with client(simulator) as http:
        for path in (
            "/plan/job/x",
            "/plan/nothing",
            "/plan/job/00000000-1000-0000-0000-000000000000",
        ):
            assert http.get(API_ROOT + path).status_code == 404


def test_the_page_says_that_it_is_a_simulator_and_agrees_with_the_count(simulator):
    with client(simulator) as http:
        page = http.get("/").text
        counts = http.get(
            f"{API_ROOT}/plan/job/count", params={"grouping_filters": "status"}
        ).json()["groupedCount"]

    assert "This is a simulator" in page
    assert f"<td>HOLD</td><td>{counts['HOLD']}</td>" in page


def test_faults_come_and_go(own_simulator):
    with client(own_simulator) as http:
        http.post("/simulator/faults", json={"error_rate": 1, "error_status": 503})
        assert http.get(f"{API_ROOT}/engine/info").status_code == 503
        http.delete("/simulator/faults")
        assert http.get(f"{API_ROOT}/engine/info").status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b'{"error_rate": 2}', b'{"unknown": 1}', b"\xff"])
def test_impossible_faults_are_refused(own_simulator, body):
    with client(own_simulator) as http:
        assert http.post("/simulator/faults", content=body).status_code == 422


def test_a_dropped_connection_ends_in_the_middle(own_simulator):
    own_simulator.simulator.faults = Faults(drop_rate=1)

    with client(own_simulator) as http, pytest.raises(httpx.RemoteProtocolError):
        http.get(f"{API_ROOT}/engine/info")


def test_an_expired_certificate_is_shown_to_new_connections(own_simulator):
    with client(own_simulator) as http:
        http.post("/simulator/faults", json={"expired_certificate": True})

    with client(own_simulator) as http, pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
        http.get(f"{API_ROOT}/engine/info")


def test_a_busy_port_is_said_clearly(simulator):
    port = int(simulator.url.rpartition(":")[2])

    with pytest.raises(PortBusy, match=str(port)):
        SimulatorServer(Options(port=port, jobs=1), print)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_without_a_word_and_leaves_nothing(stop, tmp_path):
    command = [sys.executable, "manage.py", "run_simulator", "--port", "0", "--jobs", "10"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    process.stdout.readline()

    process.send_signal(stop)
    out, errors = process.communicate(timeout=15)

    assert (out, errors) == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_the_command_needs_no_database_and_says_when_it_listens():
    command = [sys.executable, "manage.py", "run_simulator", "--port", "0", "--jobs", "10"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    )
    try:
        assert process.stdout.readline().startswith("ready https://127.0.0.1:")
    finally:
        process.terminate()
        process.communicate(timeout=15)
