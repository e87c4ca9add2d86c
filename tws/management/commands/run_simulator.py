"""Serve a simulated HWA engine over HTTPS. Needs no database."""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tws.hwa.identity import simulator_identity
from tws.simulator.faults import Faults
from tws.simulator.habits import HABITS
from tws.simulator.server import Options, PortBusy, SimulatorServer

MOST_JOBS = 1_000_000


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Options()
        parser.add_argument("--host", default=default.host, help="address to listen on")
        parser.add_argument("--port", type=_port, default=default.port, help="0: any free port")
        parser.add_argument("--jobs", type=_jobs, default=default.jobs, help="size of the plan")
        parser.add_argument(
            "--seed", type=int, default=default.seed, help="another seed, another plan"
        )
        parser.add_argument(
            "--speed", type=_speed, default=default.speed, help="60: an hour passes in a minute"
        )
        parser.add_argument(
            "--ahead", type=_ahead, default=default.ahead, help="seconds its clock is before ours"
        )
        parser.add_argument("--user", default=default.user, help="the only user it lets in")
        parser.add_argument("--password", default=default.password, help="that user's password")
        parser.add_argument("--token", default="", help="also accept this bearer token")
        parser.add_argument(
            "--instances", type=_instances, default=1, help="of each job stream in a day"
        )
        parser.add_argument(
            "--carry-forward",
            action="store_true",
            help="keep what has not ended when a new plan is made, for half a day",
        )
        parser.add_argument(
            "--habit",
            action="append",
            default=[],
            choices=sorted(HABITS),
            metavar="NAME",
            help=f"do as some real sites do, may be given again: {', '.join(sorted(HABITS))}",
        )
        parser.add_argument("--latency", type=float, default=0, help="seconds before each answer")
        parser.add_argument("--error-rate", type=float, default=0, help="share answered with 500")
        parser.add_argument("--drop-rate", type=float, default=0, help="share of answers cut off")
        parser.add_argument("--slow-body", type=float, default=0, help="seconds between parts")
        parser.add_argument(
            "--expired-certificate", action="store_true", help="show a certificate that has ended"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            faults = Faults(
                latency_seconds=options["latency"],
                error_rate=options["error_rate"],
                drop_rate=options["drop_rate"],
                slow_body_seconds=options["slow_body"],
                expired_certificate=options["expired_certificate"],
            )
        except ValueError as error:
            raise CommandError(f"these faults are not possible: {error}") from error
        names = (
            "host", "port", "jobs", "seed", "speed", "ahead", "user", "password", "token",
            "instances", "carry_forward",
        )  # fmt: skip
        chosen = {name: options[name] for name in names}
        wanted = Options(
            **chosen,
            faults=faults,
            identity=simulator_identity(),
            habits=tuple(options["habit"]),
        )
        try:
            server = SimulatorServer(wanted, self._ready)
        except PortBusy as error:
            raise CommandError(f"{error}. Choose another with --port.") from error
        server.serve_until_told()

    def _ready(self, url: str) -> None:
        self.stdout.write(f"ready {url}")
        self.stdout.flush()


def _port(text: str) -> int:
    return _number(text, 0, 65_535)


def _jobs(text: str) -> int:
    return _number(text, 0, MOST_JOBS)


def _instances(text: str) -> int:
    return _number(text, 1, 48)


def _number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ArgumentTypeError(f"a number from {least} to {most}, not {text!r}")
    return int(text)


def _ahead(text: str) -> float:
    try:
        ahead = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"a number, not {text!r}") from error
    if not abs(ahead) <= 366 * 86_400:
        raise ArgumentTypeError("at most a year")
    return ahead


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"a number, not {text!r}") from error
    if not math.isfinite(speed) or not 0 < speed <= 100_000:
        raise ArgumentTypeError("above 0 and at most 100000")
    return speed
