"""No regular expression of ours goes back over a text in exponentially many ways."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings

from resync_site.environment import CHECKOUT

with warnings.catch_warnings():  # it imports modules of Python that have been renamed
    warnings.simplefilter("ignore", DeprecationWarning)
    from regexploit.ast.sre import SreOpParser
    from regexploit.redos import find

ROOMS = ("audits", "knowledge", "tws", "resync_site")
EXPONENTIAL = 11
"""What regexploit calls a repetition within a repetition; below is the exponent of a polynomial,
which the limits on texts and on a judge's time hold."""

LISTING = f"""
import importlib, json, os, pkgutil, re, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "resync_site.settings"
compiled, compile = {{}}, re.compile
def listed(pattern, flags=0):
    if isinstance(pattern, str) and sys._getframe(1).f_globals["__name__"].startswith({ROOMS}):
        compiled[pattern] = int(flags)
    return compile(pattern, flags)
re.compile = listed
import django
django.setup()
for room in {ROOMS}:
    for module in pkgutil.walk_packages(importlib.import_module(room).__path__, room + "."):
        importlib.import_module(module.name)
print(json.dumps(compiled))
"""


def exponential(pattern: str, flags: int) -> list[str]:
    """The ways in which it can be made to; the parser knows no possessive repetition, which is
    none the worse for being read as a greedy one."""
    parsed = SreOpParser().parse_sre(re.sub(r"(?<=[)\]\w])([*+])\+", r"\1", pattern), flags)
    return [str(one) for one in find(parsed) if one.starriness >= EXPONENTIAL]


def test_a_repetition_within_a_repetition_is_noticed() -> None:
    assert exponential(r"[a-z]\w*(?:[._]\w+)+\(", 0)
    assert not exponential(r"[a-z][\w.]*\(", 0)


def test_no_pattern_takes_exponentially_long() -> None:
    listing = [sys.executable, "-c", LISTING]
    done = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    compiled = json.loads(done.stdout)

    assert len(compiled) > 100
    assert {p: ways for p, flags in compiled.items() if (ways := exponential(p, flags))} == {}
