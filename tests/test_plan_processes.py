"""Readers as processes: one leads, another takes over, and whatever dies, no run is lost."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from resync_site.environment import CHECKOUT
from tests.plan_reading import (
    MovedSimulator,
    moved_simulator,
    rows_of,
    runs_kept,
    runs_told,
    state,
)
from tests.programs import environment
from tws.plan.fresh import is_being_read
from tws.plan.models import PlanEngine, PlanJob, PlanJobStream, PlanRun
from tws.plan.store import LOCK_CLASS
from tws.simulator.catalogue import HALF_DAY
from tws.simulator.faults import Faults

pytestmark = pytest.mark.django_db(transaction=True)

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def hwa() -> Iterator[MovedSimulator]:
    with moved_simulator() as simulator:
        yield simulator


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `manage.py read_plan` on this test's database, for an engine called SIM."""
    started: list[subprocess.Popen[str]] = []

    def start(hwa: MovedSimulator, *arguments: str) -> subprocess.Popen[str]:
        engine = {"name": "SIM", "base_url": hwa.engine.base_url, "verify": hwa.engine.verify}
        engine |= {"user": "wauser", "password": "wauser"}
        process = subprocess.Popen(
            [sys.executable, str(CHECKOUT / "manage.py"), "read_plan", *arguments],
            env=environment(
                TWS_ENGINES=json.dumps([engine]), PLAN_READ_SECONDS="0.2", PLAN_FULL_SECONDS="5"
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.1)


def is_equal(hwa: MovedSimulator) -> bool:
    jobs = hwa.jobs()
    told, kept = runs_told(jobs), runs_kept()
    return (
        rows_of(PlanJob) == jobs
        and rows_of(PlanJobStream) == hwa.streams()
        and {run: kept.get(run) for run in told} == told
    )


def terminate_readers() -> None:
    """What a restart of PostgreSQL is to a reader."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE 'resync plan reader%' AND datname = current_database()"
        )


def passes() -> int:
    return sum(PlanEngine.objects.values_list("pass_number", flat=True))


def test_second_reader_takes_over_from_one_that_is_killed(
    hwa: MovedSimulator, start: Start
) -> None:
    first = start(hwa, "--watch")
    eventually(lambda: passes() > 0)
    second = start(hwa, "--watch")
    assert second.stdout is not None
    assert second.stdout.readline().startswith("ready SIM was read at")

    first.kill()
    hwa.move(1_800)

    eventually(lambda: is_equal(hwa), seconds=15)
    second.send_signal(signal.SIGTERM)
    _, said = second.communicate(timeout=30)
    assert (second.returncode, said) == (0, "")
    assert not is_being_read("SIM")


def test_nothing_is_ready_while_another_reads_the_plan_for_the_first_time(
    hwa: MovedSimulator, start: Start
) -> None:
    with connection.cursor() as cursor:
        lock = [LOCK_CLASS, "SIM"]
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", lock)
        waiting = start(hwa, "--watch")
        eventually(PlanEngine.objects.filter(name="SIM").exists)
        cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", lock)

    assert waiting.stdout is not None
    assert waiting.stdout.readline().startswith("ready SIM was read at")


@pytest.mark.slow
def test_whatever_dies_the_plan_ends_equal_and_no_run_is_lost(
    hwa: MovedSimulator, start: Start
) -> None:
    chance = random.Random(3)
    readers = [start(hwa, "--watch") for _ in range(2)]
    told: dict[str, tuple[object, ...]] = {}
    for moves in (6, 6):
        for _ in range(moves):
            hwa.move(chance.randrange(60, 1_200))
            match chance.randrange(4):
                case 0:
                    victim = chance.randrange(2)
                    readers[victim].kill()
                    readers[victim] = start(hwa, "--watch")
                case 1:
                    terminate_readers()
                case 2:
                    hwa.server.simulator.faults = Faults(drop_rate=0.5, error_rate=0.3)
            time.sleep(chance.uniform(0, 1.5))
            hwa.server.simulator.faults = Faults()
        eventually(lambda: is_equal(hwa))
        told |= runs_told(hwa.jobs())
        hwa.move(HALF_DAY)  # a new plan; what the old one told is history from now on
    eventually(lambda: is_equal(hwa))
    told |= runs_told(hwa.jobs())

    kept = runs_kept()
    assert told.keys() <= kept.keys()
    assert len(set(PlanRun.objects.values_list("job_id", "number"))) == len(kept)
    assert state().plan_number == 3


def test_one_pass_says_what_it_read(hwa: MovedSimulator, start: Start) -> None:
    said, errors = start(hwa, "--json").communicate(timeout=60)

    told = json.loads(said)["engines"]
    assert [(one["engine"], one["complete"], one["error"]) for one in told] == [("SIM", True, "")]
    assert errors == ""


def test_engine_that_does_not_answer_is_said_in_one_line(hwa: MovedSimulator, start: Start) -> None:
    hwa.server.simulator.faults = Faults(error_rate=1, error_status=500)

    process = start(hwa)
    said, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said.startswith("SIM has not answered since")
    assert "Traceback" not in errors


@pytest.mark.slow
def test_unknown_engine_is_refused_with_those_there_are(hwa: MovedSimulator, start: Start) -> None:
    process = start(hwa, "--engine", "PROD")
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "There is no engine PROD; configured: SIM." in errors
