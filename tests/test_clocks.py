"""Duties come on time, one after the other, and a failing one is tried again."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError
from django.db.models import Q

from audits.auditor import duties
from audits.auditor.clocks import Clock, Duty
from audits.auditor.outages import Outages
from audits.auditor.tally import Tally


def running(*duties: Duty) -> Clock:
    clock = Clock("test", duties)
    clock.start()
    return clock


def test_a_duty_comes_again_and_again_until_the_clock_is_stopped() -> None:
    turns = threading.Semaphore(0)
    clock = running(Duty("turn", 0.01, turns.release))

    came = [turns.acquire(timeout=10) for _ in range(3)]
    clock.stop()

    assert came == [True] * 3


@pytest.mark.parametrize("error", [OperationalError("the server is gone"), RecursionError("deep")])
def test_a_duty_that_fails_says_so_and_is_tried_again(error) -> None:
    failing, again = threading.Event(), threading.Event()

    def work() -> None:
        if not failing.is_set():
            failing.set()
            raise error
        again.set()

    duty = Duty("fragile", 3600, work)
    clock = running(duty)
    assert failing.wait(10)
    while not duty.trouble:
        pass
    said = duty.trouble
    clock.wake()
    assert again.wait(10)
    clock.stop()

    assert (said, duty.trouble) == (str(error), "")


def test_a_duty_that_fails_does_not_keep_the_next_one_from_coming() -> None:
    came = threading.Event()

    def broken() -> None:
        raise ValueError("no")

    clock = running(Duty("broken", 3600, broken), Duty("next", 3600, came.set))
    arrived = came.wait(10)
    clock.stop()

    assert arrived


def test_a_clock_without_patience_ends_while_its_duty_waits_for_somebody() -> None:
    begun, let_go = threading.Event(), threading.Event()

    def sending() -> None:
        begun.set()
        let_go.wait(20)

    clock = Clock("impatient", [Duty("sending", 3600, sending)], patience=0.0)
    clock.start()
    assert begun.wait(10)
    clock.stop()

    still_sends = [one.name for one in threading.enumerate() if one.name == "impatient"]
    let_go.set()
    assert still_sends


def test_the_duties_of_an_auditor_are_these_and_on_four_clocks(settings) -> None:
    assert duties.telling() == []  # nobody is to be told
    settings.NOTIFY_EMAIL_TO = ["ops@example.com"]
    clocks = [
        duties.leases("worker", [], Outages()),
        duties.queue_keeping(Tally(), Q()),
        duties.index_keeping(),
        *duties.telling(),
    ]

    assert [[duty.name for duty in clock.duties] for clock in clocks] == [
        ["lease keeping", "heartbeat"],
        ["reports", "expiry", "changed texts", "discovery"],
        ["indexing", "decision head", "cached verdicts", "old states"],
        ["notices", "old notices"],
    ]
    assert [clock.patience for clock in clocks] == [None, None, None, 1.0]
