"""What memories and the vocabulary say: quoted whole, with who answers for it; never reworded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from knowledge.claims.answer import Phrase
from knowledge.claims.composing import claim
from knowledge.folding import fold
from knowledge.fusion import LIKELY, POSSIBLE
from knowledge.hwa.terms import TERMS, definition
from knowledge.hwa_terms import message_codes, object_names
from tws.answers.memories import (
    OwnMemories,
    Recall,
    Recalled,
    in_language,
    of_starter,
    own_reading,
    reading_of,
)
from tws.answers.saying.speech import Speech
from tws.answers.toolkit import NoRoom
from tws.answers.understanding.asked import Define, Order

SEARCHED = 8
OWN_SHOWN = 5
RECIPES = {"change": "acting.priority_limit_fence", "reply": "reading.prompts_with_conman"}
"""Where the recipe of an order stands, when not under its own verb."""


# --- a question that memories answer --------------------------------------------------------------


async def say_memory(
    speech: Speech, recall: Recall, question: str, least: float = POSSIBLE
) -> bool:
    """Quote the memory that answers the question; False, and nothing is said, without one."""
    best = best_of(await recall(question, SEARCHED), question, least)
    if best is None:
        return False
    if best.score < LIKELY:
        speech.say("memory.closest")
        speech.outcome = "partial"
    await quote(speech, await in_language(best, speech.language))
    return True


def best_of(found: Sequence[Recalled], question: str, least: float) -> Recalled | None:
    """The first that fits: retrieval has ranked them. What is asked by code or name must occur."""
    fitting = (one for one in found if not one.is_history and one.score >= least)
    return next((one for one in fitting if _speaks_of(one, question)), None)


_RETURN_CODE = re.compile(
    r"\b(?:rc|codigo|code|erro|error|exit|retorn\w*|return\w*)\W{1,3}(?:de retorno \W?)?(-?\d+)\b"
)


def _speaks_of(memory: Recalled, question: str) -> bool:
    """Each message code and return code that is asked about, and one of the objects."""
    text = f"{memory.user_query} {memory.agent_response}".upper()
    names = [name.upper() for name in object_names(question)]
    numbers = _RETURN_CODE.findall(fold(question))
    return (
        all(code in text for code in message_codes(question))
        and all(re.search(rf"(?<![\w.]){number}(?!\w)", text) for number in numbers)
        and (not names or any(name in text for name in names))
    )


def names_a_return_code(question: str) -> bool:
    """ "What does rc 137 mean?", which no vocabulary knows."""
    return bool(_RETURN_CODE.search(fold(question)))


async def quote(speech: Speech, memory: Recalled, head: str = "memory") -> None:
    reading = speech.keep(await reading_of(speech.toolkit, memory))
    speech.introduce(reading, head)
    speech.quote(reading)


async def quote_beside(speech: Speech, memory: Recalled) -> None:
    """An approved answer to the same question, below the plan's; and that they differ, if they do.

    That is exact only where the plan answers with one word: an owner, a user, an address.
    """
    reading = speech.keep(await reading_of(speech.toolkit, memory))
    told = [one for one in speech.composer.answer().segments if isinstance(one, Phrase)]
    values = [one.slots["value"] for one in told if one.key.startswith("value.")]
    if len(values) == 1 and values[0].kind in {"name", "word", "text"}:
        value = str(values[0].value)
        if " " not in value and fold(value) not in fold(str(reading.result["agent_response"])):
            said = claim(values[0].expr, values[0].kind)
            speech.say("memory.otherwise", on=reading.id, said=said)
            speech.paragraph()
    await quote(speech, memory)


# --- what the asker's own questions have left behind ----------------------------------------------


async def say_own(speech: Speech, own: OwnMemories) -> None:
    """The newest, each with its state; where all of them are, and what may be asked about one."""
    reading = speech.keep(await own_reading(speech.toolkit, own, OWN_SHOWN))
    at = reading.id
    if not reading.result["matched"]:
        speech.say("own.none", on=at)
        return
    speech.say("own", n=f"{at}.matched")
    for number, row in enumerate(reading.result["rows"]):
        on = f"{at}.rows[{number}]"
        speech.item()
        speech.say(
            f"own.{row['trust']}", on=on, question=claim(f"{on}.user_query", kind="text"),
            at=claim(f"{on}.created_at", kind="time"),
        )  # fmt: skip
    speech.paragraph()
    speech.say("remember")


# --- the fix of a failure -------------------------------------------------------------------------


async def say_known_fix(
    speech: Speech, recall: Recall, job: str, return_code: int | None, causes: Sequence[str]
) -> None:
    """What is known of this failure, by its cause, its job or its return code."""
    cause = causes[-1] if causes else ""
    codes = {code for line in causes for code in message_codes(line)}
    for question in dict.fromkeys(filter(None, (*sorted(codes), cause, job, _asked(return_code)))):
        for memory in await recall(question, SEARCHED):
            likely = question == cause and memory.score >= LIKELY
            by_code = question == _asked(return_code) and _is_of_code(memory, return_code)
            if not memory.is_history and (likely or by_code or _is_of(memory, job, codes)):
                speech.paragraph()
                with suppress(NoRoom):  # the failure is told, whatever its fix takes
                    await quote(speech, memory, "known_fix")
                    return


def _asked(return_code: int | None) -> str:
    return f"return code {return_code}" if return_code else ""


def _is_of(memory: Recalled, job: str, codes: set[str]) -> bool:
    text = f"{memory.user_query} {memory.agent_response}"
    names = {name.upper() for name in object_names(text)}
    return bool(codes & set(message_codes(text))) or job.upper() in names


def _is_of_code(memory: Recalled, return_code: int | None) -> bool:
    """A return code is its program's: what was asked about another job's tells nothing."""
    asked = memory.user_query
    return str(return_code) in _RETURN_CODE.findall(fold(asked)) and not object_names(asked)


# --- definitions ----------------------------------------------------------------------------------


def say_definitions(speech: Speech, asked: Define) -> bool:
    """Each term's definition; False when the vocabulary has none of them."""
    said = False
    for key in asked.terms:
        text = definition(key, speech.language)
        if text is None:
            continue
        term = TERMS.get(key)
        reading = speech.toolkit.add_memory_reading(
            ("vocabulary", key, speech.language),
            {
                "memory_id": None,
                "version": None,
                "trust": "vocabulary",
                "user_query": term.asked[speech.language] if term else key,
                "agent_response": text,
                "approved_by": None,
                "approved_at": None,
                "language": speech.language,
            },
        )
        speech.keep(reading)
        if not said:
            speech.say("vocabulary", on=reading.id)
        speech.quote(reading)
        said = True
    return said


# --- orders ---------------------------------------------------------------------------------------


async def say_order(speech: Speech, asked: Order) -> None:
    """That nothing is done here; how a person does it, when that was reviewed."""
    speech.outcome = "refused"
    speech.say("order")
    recipe = await of_starter(RECIPES.get(asked.verb, f"acting.{asked.verb}"), speech.language)
    if recipe is not None:
        speech.paragraph()
        speech.say("order.recipe")
        speech.quote(speech.keep(await reading_of(speech.toolkit, recipe)))
