#!/usr/bin/env python3
"""A storm: kills what runs Resync, at random, under load, and checks what clients were promised.

    scripts/chaos.py [--seconds 45] [--seed N] [--jobs 300]

Starts a site of its own (state in a temporary folder, ports of its own), asks, searches, rates,
imports and reviews as several clients, and meanwhile kills web, auditor, plan reader, simulator
and PostgreSQL with -9, suspends the auditor past its lease and has the engine replace its plan.
Then everything is brought up, the queue is drained, and the clients' own records are held against
the database and the REST API, and the plan that was read against the engine's own.

Prints one line of JSON; `violations` are sentences, and with any the exit code is 1 and the state
folder is kept. The seed decides what is killed when; the machine decides the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import _bootstrap

_bootstrap.enter_environment("requirements.txt")

from storm.clients import Chatter, Client, Reviewer, Searcher  # noqa: E402 (only now)
from storm.importing import Importer  # noqa: E402
from storm.records import Records  # noqa: E402
from storm.site import IN_A_HURRY, Site, stdout_kept_for_the_result  # noqa: E402

CHATTERS = 4
AFTER_SECONDS = 5.0
"""So long the load goes on when nothing is killed any more: what was cut off comes back."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=45, help="how long the storm lasts")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    parser.add_argument("--jobs", type=int, default=300, help="size of the simulated plan")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # ends what it has started
    say(f"seed {options.seed}")
    home = Path(tempfile.mkdtemp(prefix="resync-storm-"))
    home.chmod(0o755)  # root's server runs as another user
    own_environment(home)
    with stdout_kept_for_the_result(home / "children.log"):
        result = shake(Site(str(options.seed), options.jobs, say), options)
    sys.stdout.write(json.dumps({"seed": options.seed, **result}) + "\n")
    if result["violations"]:
        say(f"state and output of all processes are kept in {home}")
        return 1
    shutil.rmtree(home)
    return 0


def say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def own_environment(home: Path) -> None:
    """Nothing of the checkout's state, nor of settings that were meant for it."""
    for name in ("DATABASE_URL", "REDIS_URL", "LLM_BASE_URL", "TWS_BASE_URL", "TWS_ENGINES"):
        os.environ.pop(name, None)
    os.environ.update(IN_A_HURRY, RESYNC_HOME=str(home / "state"), RESYNC_ENV="development")
    (home / "state").mkdir()
    (home / "state").chmod(0o755)


def shake(site: Site, options: argparse.Namespace) -> dict[str, object]:
    from resync_site.postgres import embedded_server

    known, over = Records(), threading.Event()
    try:
        site.start()
        from storm import aftermath, plan  # need Django, which the site has set up

        before = plan.told()
        say(f"the site is up at {site.address}")
        crowd = clients(site, known, over, str(options.seed))
        for client in crowd:
            client.start()
        if not aftermath.wait_for(known.has_begun, site):
            known.faults.append(f"the load does not get going: {known.answers}")
        say("the storm begins")
        site.rage(options.seconds)
        site.calm()
        say("the storm is over")
        time.sleep(AFTER_SECONDS)
        over.set()
        for client in crowd:
            client.join(120)
        known.faults += [f"{client.name} does not end" for client in crowd if client.is_alive()]
        known.faults += site.faults
        found = aftermath.look(site, known, before, say)
    finally:
        site.end()
        embedded_server(site.home).stop()
    return found


def clients(site: Site, known: Records, over: threading.Event, seed: str) -> list[Client]:
    def of(kind: type[Client], name: str, login: str, **more: object) -> Client:
        return kind(name, site.address, site.token(login), known, seed, over, **more)

    return [
        *(of(Chatter, f"chatter {number}", "operator") for number in range(CHATTERS)),
        of(Reviewer, "reviewer", "reviewer"),
        of(Reviewer, "second reviewer", "admin"),
        of(Searcher, "searcher", "operator"),
        of(Importer, "importer", "admin", folder=site.home),
    ]


if __name__ == "__main__":
    sys.exit(main())
