"""Single values of an object, each in a sentence of its field; what is not set is said, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from knowledge.claims.phrases import PHRASES
from tws.answers.saying.speech import Speech


def say_values(
    speech: Speech, values: Mapping[str, Any], at: str, name: str, fields: Sequence[str]
) -> None:
    """These fields of `values`, which stand at `at`; `name` is where the object's name stands."""
    for field in fields:
        if field not in values or values[field] in (None, [], ""):
            _say_unset(speech, values, at, name, field)
        elif isinstance(values[field], bool):
            said = "is" if values[field] else "is_not"
            wanted = f"{at}.{field}" if values[field] else f"{at}.{field} == `false`"
            speech.say(f"{said}.{field}", name=name, value=wanted)
        elif f"value.{field}" in PHRASES:
            speech.say(f"value.{field}", name=name, value=f"{at}.{field}")
        else:
            speech.say("value", name=name, value=f"{at}.{field}")


def _say_unset(speech: Speech, values: Mapping[str, Any], at: str, name: str, field: str) -> None:
    """HWA gives none. Where the reading has such a field at all, that is a fact of it."""
    keys = [key for key in (f"unset.{field}", "unset") if key in PHRASES]
    if field in values and values[field] is None:
        speech.say(keys[0], name=name, unset=f"{at}.{field} == `null`")
    else:
        speech.say("unset", name=name)
