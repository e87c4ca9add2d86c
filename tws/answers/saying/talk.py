"""What needs no plan, and what can't be answered: said plainly, with what may be asked instead."""

from __future__ import annotations

from textwrap import shorten

from django.utils import timezone

from knowledge.claims.composing import claim
from knowledge.claims.inert import one_line
from tws.answers.saying.speech import Speech
from tws.answers.toolkit import EngineDown, NoRoom, NotRead, NotThere, Refused
from tws.answers.understanding.asked import (
    AskBack,
    CannotKnow,
    NotFound,
    NotUnderstood,
    SmallTalk,
)

ENGINE_SAID = 400
"""Characters of an engine's own message that a person is shown."""
_EXAMPLES = {
    "pt": (
        "quais jobs falharam nas últimas horas?",
        "o que está atrasado?",
        "quais estações têm problema?",
    ),
    "en": (
        "which jobs failed in the last hours?",
        "what is late?",
        "which workstations have a problem?",
    ),
}


def small_talk(speech: Speech, asked: SmallTalk) -> None:
    speech.say("hello" if asked.topic == "help" else asked.topic)
    if asked.topic in {"hello", "help"}:
        offer_examples(speech)


def cannot_know(speech: Speech, asked: CannotKnow) -> None:
    speech.outcome = "cannot"
    speech.say(f"cannot.{asked.reason}")


def cannot(speech: Speech, key: str) -> None:
    speech.outcome = "cannot"
    speech.say(key)
    offer_examples(speech)


def not_understood(speech: Speech, asked: NotUnderstood) -> None:
    """Which words were not; the question without them is offered, not answered unasked."""
    if not asked.words:
        cannot(speech, "cannot.understand")
        return
    speech.outcome = "ask" if asked.nearest else "cannot"
    speech.note(words=list(asked.words))
    key = "not_used" if asked.nearest else "not_used.none"
    speech.say(key, words=claim("u1.understood.words", kind="text"))
    if asked.nearest:
        speech.suggestions.append(asked.nearest)
    else:
        offer_examples(speech)


def offer_examples(speech: Speech) -> None:
    speech.suggestions += _EXAMPLES[speech.language]


def ask_back(speech: Speech, asked: AskBack) -> None:
    speech.outcome = "ask"
    if asked.reason == "what" or not asked.choices:
        speech.say("what")
        return
    speech.note(choices=[one.full_name for one in asked.choices])
    speech.say("which_one", names=claim("u1.understood.choices", kind="name"))
    for one in asked.choices:
        speech.list_thing(one)
        speech.suggestions.append(one.full_name)


async def not_found(speech: Speech, asked: NotFound) -> None:
    found = await speech.read(speech.toolkit.named(asked.name))
    if found.result["matched"]:  # it has come into the plan since the question was read
        ask_back(speech, AskBack("what"))
        return
    speech.outcome = "cannot"
    at = f"{found.id}.fetched_at"
    speech.say("not_found", on=found.id, name=f"{found.id}.understood.name", at=at)


def not_read(speech: Speech, error: NotRead) -> None:
    """Why a reading that the answer needs could not be made."""
    speech.outcome = "cannot"
    if isinstance(error, NoRoom):
        speech.say("cannot.no_room")
    elif isinstance(error, Refused):
        _refused(speech, error)
    elif isinstance(error, NotThere) and error.reading:
        found = speech.keep(error.reading).id
        speech.say("cannot.gone", on=found, at=f"{found}.fetched_at")
    else:
        speech.say("cannot.refused")


def _refused(speech: Speech, error: Refused) -> None:
    """In the engine's own words, with its message's code, where it was the engine that refused."""
    if not error.by_engine:
        speech.say("cannot.refused")
        return
    speech.note(engine=error.engine, said=shorten(one_line(error.why, end=" "), ENGINE_SAID))
    speech.say("cannot.engine", engine="u1.understood.engine", said="u1.understood.said")


def down(speech: Speech, error: EngineDown) -> None:
    """HWA does not answer: since when, and what there is of an older plan."""
    speech.note(engine=error.engine or "HWA")
    if error.since is not None:
        speech.note(since=timezone.localtime(error.since).isoformat())
        speech.say(
            "down", engine="u1.understood.engine", since=claim("u1.understood.since", kind="time")
        )
    else:
        speech.say("down.unread", engine="u1.understood.engine")
    if error.last_read_at is not None:
        speech.note(at=timezone.localtime(error.last_read_at).isoformat())
        speech.say("down.last_read", at=claim("u1.understood.at", kind="time"))
