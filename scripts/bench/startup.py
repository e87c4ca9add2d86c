"""How long commands take to start, beside the same installed apps without our code.

    .venv/bin/python scripts/bench/startup.py [--times 7]

Prints one JSON object: the CPU seconds of each (the least of all runs, so that other work on the
machine counts little) and the ratios. What is compared is `check` with Django's own admin, the
same third-party apps and middleware, but none of our apps, URLs and settings.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from _bench import ROOT, say

OURS = ("knowledge", "audits", "tws", "resync_site")
SETTINGS = """
from resync_site.settings import *
OURS = {ours!r}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app.partition(".")[0] not in OURS]
MIDDLEWARE = [one for one in MIDDLEWARE if one.partition(".")[0] not in OURS]
ROOT_URLCONF = "bare_urls"
LOGGING = {{}}
del ASGI_APPLICATION, UNFOLD
"""
URLS = """
from django.contrib import admin
from django.urls import path
from ninja import NinjaAPI
urlpatterns = [path("admin/", admin.site.urls), path("api/", NinjaAPI().urls)]
"""


def cpu_of(arguments: list[str], **environment: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Bytecode is kept, as it is where the product is installed: no compiler is measured.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(  # noqa: S603  commands of our own
        [sys.executable, *arguments],
        env={**kept, "RESYNC_ENV": "development", **environment},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=7, help="runs of each (default: 7)")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bare_settings.py").write_text(SETTINGS.format(ours=OURS), encoding="utf-8")
        Path(folder, "bare_urls.py").write_text(URLS, encoding="utf-8")
        bare = {"DJANGO_SETTINGS_MODULE": "bare_settings", "PYTHONPATH": f"{folder}:{ROOT}"}
        commands: dict[str, tuple[list[str], dict[str, str]]] = {
            "check": (["manage.py", "check"], {}),
            "bare_check": (["-m", "django", "check"], bare),
            "help": (["manage.py", "run_auditor", "--help"], {}),
            "bare_help": (["-m", "django", "migrate", "--help"], bare),
        }
        least = dict.fromkeys(commands, float("inf"))
        for _ in range(times):  # in turn, so that a busy minute meets all of them
            for name, (arguments, environment) in commands.items():
                least[name] = min(least[name], cpu_of(arguments, **environment))
    say(
        **{f"{name}_seconds": round(seconds, 3) for name, seconds in least.items()},
        check_ratio=round(least["check"] / least["bare_check"], 2),
        help_ratio=round(least["help"] / least["bare_help"], 2),
    )


if __name__ == "__main__":
    main()
