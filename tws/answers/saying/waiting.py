"""Why something does not start: each reason of the plan in a sentence of its own."""

from __future__ import annotations

from typing import Any

from knowledge.claims.composing import claim
from knowledge.claims.evidence import Reading
from knowledge.hwa.statuses import wording
from tws.answers.saying.speech import Speech

MOST_REASONS = 10
_SLOTS: dict[str, tuple[str, ...]] = {
    "time": ("at",),
    "join": ("name", "satisfied", "needed"),
    "file": ("name",),
    "network": ("name",),
    "priority_0": ("priority",),
    "fence": ("priority", "fence", "workstation"),
    "limit_0": ("workstation",),
    "limit": ("workstation", "running", "limit"),
    "unlinked": ("workstation",),
    "jobman_down": ("workstation",),
    "stream_limit": ("of", "running", "limit"),
}


def say_why_it_waits(speech: Speech, reading: Reading, name: str) -> None:
    known, at = reading.result, reading.id
    reasons = known["waits"]
    if not reasons:
        _say_no_reason(speech, known, at, name)
        return
    for number, reason in enumerate(reasons[:MOST_REASONS]):
        if len(reasons) > 1:
            speech.item()
        _say_reason(speech, reason, f"{at}.waits[{number}]")
        of_stream = known["kind"] == "job" and reason["of"] not in (known["job"], None)
        if of_stream and reason["reason"] != "stream_limit":
            where = f"{at}.waits[{number}]"
            speech.say("waits.of_stream", on=where, of=f"{where}.of")
    speech.paragraph()
    if len(reasons) > MOST_REASONS:
        speech.say("waits.more", on=at, n=f"minus(length({at}.waits), `{MOST_REASONS}`)")
    if not known["details_read"]:
        speech.say("waits.unread", on=at)


def _say_no_reason(speech: Speech, known: dict[str, Any], at: str, name: str) -> None:
    if known["group"] in {"waiting", "ready", "stuck"}:
        if not say_substatus(speech, known, at):
            speech.say("waits.nothing", on=at, name=name)
        if not known["details_read"]:
            speech.say("waits.unread", on=at)
    else:
        speech.say_status("waits.not", at, known["status"], name=name)


def say_substatus(speech: Speech, known: dict[str, Any], at: str) -> bool:
    """HWA's own word for why, when it has one that is known; whether it was said."""
    substatus = known.get("substatus")
    if not substatus or not wording(substatus, speech.language):
        return False
    expr = f"{at}.substatus"
    speech.say("status.substatus", substatus=expr, meaning=claim(expr, kind="meaning"))
    return True


def _say_reason(speech: Speech, reason: dict[str, Any], at: str) -> None:
    kind = reason["reason"]
    name = f"{at}.name"
    match kind:
        case "predecessor":
            if reason["status"] and wording(reason["status"], speech.language):
                speech.say_status("waits.predecessor", at, reason["status"], name=name)
            else:
                speech.say("waits.predecessor_plain", on=at, name=name)
        case "prompt":
            speech.say("waits.prompt", on=at, name=name)
            if reason["text"]:
                speech.say("waits.prompt_text", on=at, text=f"{at}.text")
        case "resource":
            wanted = ("needed", "available", "quantity")
            if all(reason.get(one) is not None for one in wanted):
                slots = {one: f"{at}.{one}" for one in wanted}
                speech.say("waits.resource", on=at, name=name, **slots)
            else:
                speech.say("waits.resource_plain", on=at, name=name)
        case _ if kind in _SLOTS and all(reason.get(one) is not None for one in _SLOTS[kind]):
            speech.say(f"waits.{kind}", on=at, **{one: f"{at}.{one}" for one in _SLOTS[kind]})
        case _unknown:
            speech.say("waits.unknown", on=at)
