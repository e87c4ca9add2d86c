"""The runs of a job, the newest first: which failed, whether it ran again, which one is meant."""

from __future__ import annotations

from typing import Any

from knowledge.hwa.statuses import group_of
from tws.answers.saying.speech import Speech
from tws.answers.understanding.asked import Run

_COLUMNS = ["number", "status", "return_code", "start", "end", "elapsed_minutes"]


def failed_run(known: dict[str, Any]) -> int | None:
    """Where in `last_runs` the latest failed one stands."""
    runs = enumerate(known["last_runs"])
    return next((at for at, run in runs if group_of(run["status"]) == "failed"), None)


def say_runs(speech: Speech, known: dict[str, Any], at: str, name: str) -> None:
    if not known["last_runs"]:
        speech.say("never_ran", on=at, name=name)
        return
    speech.say("runs", name=name, n=_how_many_runs(known, at))
    _show_runs(speech, known, at)


def _show_runs(speech: Speech, known: dict[str, Any], at: str) -> None:
    speech.table(f"{at}.last_runs", _COLUMNS)
    if _has_more_runs(known):
        speech.paragraph()
        speech.say("runs.newest", on=at)


def _has_more_runs(known: dict[str, Any]) -> bool:
    return "last_runs" in known.get("not_shown", ())


def _how_many_runs(known: dict[str, Any], at: str) -> str:
    return f"{at}.runs" if _has_more_runs(known) else f"length({at}.last_runs)"


def say_not_failed(speech: Speech, known: dict[str, Any], at: str) -> None:
    """That no run failed; of more runs than were read only how it is now."""
    key = "status.job" if _has_more_runs(known) else "failed.not"
    speech.say_status(key, at, known["status"], name=f"{at}.job")


def say_no_run(speech: Speech, known: dict[str, Any], at: str, run: Run) -> None:
    """That there is no such run as was asked about."""
    if not known["last_runs"]:
        speech.say("never_ran", on=at, name=f"{at}.job")
    elif _has_more_runs(known):
        say_runs(speech, known, at, f"{at}.job")
    elif run == "failed" and known["group"] != "failed":
        say_not_failed(speech, known, at)
    else:
        speech.say("no_such_run", on=at, name=f"{at}.job", n=_how_many_runs(known, at))


def say_whether_rerun(speech: Speech, known: dict[str, Any], at: str, name: str) -> None:
    runs = len(known["last_runs"])
    if runs > 1 or _has_more_runs(known):
        speech.say("rerun.yes", name=name, n=_how_many_runs(known, at))
        _show_runs(speech, known, at)
    elif runs:
        speech.say("rerun.no", on=at, name=name)
    else:
        speech.say("rerun.never_ran", on=at, name=name)


def say_whether_it_failed_before(speech: Speech, known: dict[str, Any], at: str, name: str) -> None:
    runs = known["last_runs"]
    earlier = [number for number, run in enumerate(runs) if group_of(run["status"]) == "failed"]
    before = [number for number in earlier if number > 0]
    if not before and _has_more_runs(known):
        say_runs(speech, known, at, name)
        return
    if not before:
        speech.say("failed_before.no", on=at, name=name)
        return
    run = f"{at}.last_runs[{before[0]}]"
    found = runs[before[0]]
    if found["return_code"] is not None and found["end"]:
        slots = {one: f"{run}.{one}" for one in ("return_code", "end")}
        speech.say("failed_before.yes", on=run, **slots)
    _show_runs(speech, known, at)


def run_at(known: dict[str, Any], run: Run) -> int | None:
    """Where in `last_runs`, the newest first, the run stands that is meant."""
    runs = known["last_runs"]
    match run:
        case "failed":
            return failed_run(known)
        case "first":
            return len(runs) - 1 if runs and not _has_more_runs(known) else None
        case "previous":
            return 1 if len(runs) > 1 else None
        case _last:
            return 0 if runs else None
