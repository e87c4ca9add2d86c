"""Single values of an object, each in a sentence of its field; what is not set is said, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from knowledge.claims.phrases import PHRASES
from tws.answers.saying.speech import Speech


def say_values(
    speech: Speech, values: Mapping[str, Any], at: str, name: str, fields: Sequence[str]
) -> None:
    """These fields of `values`, which stand at `at`; `name` is where the object's name stands."""
    for field in fields:
        if field == "estimated_end" and "end" in fields and values.get("end"):
            continue  # it has ended, which is said
        if field not in values or values[field] in (None, [], ""):
            _say_unset(speech, values, at, name, field)
        elif isinstance(values[field], bool):
            said = "is" if values[field] else "is_not"
            speech.say(f"{said}.{field}", on=at, name=name)
            if field == "linked" and values.get("jobman_up") is False:  # "no ar" it is not
                speech.say("fact.jobman_down", on=at)
        elif field == "estimated_end" and is_over(values):
            end, over = f"{at}.{field}", f"minutes_between({at}.{field}, {at}.fetched_at)"
            speech.say("over.estimated_end", on=at, name=name, value=end, over=over)
        elif f"value.{field}" in PHRASES:
            speech.say(f"value.{field}", name=name, value=f"{at}.{field}")
        else:
            speech.say("value", name=name, value=f"{at}.{field}")


def _say_unset(speech: Speech, values: Mapping[str, Any], at: str, name: str, field: str) -> None:
    """HWA gives none. Where the reading has such a field at all, that is a fact of it."""
    if field not in values:
        speech.say("unread", name=name)
    elif field == "start" and values.get("scheduled"):
        speech.say("unset.start", on=at, name=name)
        planned = [one for one in ("scheduled", "earliest_start") if values.get(one)]
        say_values(speech, values, at, name, planned)
    elif field == "elapsed_minutes" and values.get("running_minutes"):
        say_values(speech, values, at, name, ["running_minutes"])
    elif field == "estimated_end" and values.get("end"):
        say_values(speech, values, at, name, ["end"])
    elif f"unset.{field}" in PHRASES:
        speech.say(f"unset.{field}", on=at, name=name)
    else:
        key = "unset_list" if values[field] == [] else "unset"
        speech.say(key, on=f"{at}.{field}", name=name)


def is_over(known: Mapping[str, Any]) -> bool:
    """Whether the estimated end of an object was past when it was read."""
    end, read = known["estimated_end"], known["fetched_at"]
    return datetime.fromisoformat(end) < datetime.fromisoformat(read)
