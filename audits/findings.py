"""What findings say to a reader: those that are data are worded here, when they are shown."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

JUDGES: dict[str, Any] = {
    "rules": _("Rules"),
    "claims": _("Claims"),
    "lookup": _("Lookup"),
    "llm": _("LLM"),
    "person": _("A person's report"),
    "auditor": _("The auditor"),
}
"""A judge's name in a verdict → how it is called."""
_MESSAGES: dict[str, Any] = {
    "rules.empty": _("The answer says nothing."),
    "rules.machinery": _("What was meant for a program is no answer:"),
    "rules.cell": _("A spreadsheet's error or formula is no answer:"),
    "rules.broken_off": _("The answer breaks off:"),
    "rules.own_instructions": _("The assistant's own instructions stand in the answer:"),
    "rules.failure": _("The answer is an error message."),
    "rules.echo": _("The answer only gives the question back:"),
    "rules.refusal": _("The answer only refuses:"),
    "rules.asks_back": _("The answer only asks back:"),
    "rules.asks_nothing": _("What stands for the question asks nothing about HWA:"),
    "rules.progress": _("The answer tells of what somebody is doing:"),
    "rules.speakers": _("The answer is about who is talking, not about HWA:"),
    "rules.live": _("The answer says how the plan is, and nothing that it was read from is kept:"),
    "rules.beside": _("Neither question nor answer is about HWA:"),
    "claims.value": _("The evidence holds another value:"),
    "claims.words": _("The value is worded otherwise:"),
    "claims.no_claim": _("The evidence holds no such value:"),
    "claims.excerpt": _("What is shown to the letter is not what the evidence holds."),
    "claims.condition": _("This is said only of what it does not hold for:"),
    "claims.text": _("The text is not what its parts and the evidence say:"),
    "claims.misquoted": _("The memory that it quotes said something else:"),
    "claims.outdated": _("The memory that it quotes has changed or is not approved any more:"),
    "lookup.name": _("Neither what was read nor the question names this:"),
    "lookup.code": _("Neither what was read nor the question holds this code:"),
    "lookup.status": _("Nothing that was read has this status:"),
    "lookup.number": _("This number was not read as it stands:"),
    "lookup.approved": _("An approved memory says otherwise:"),
    "claims.reading": _("It rests on what was read for another question:"),
    "claims.unreadable": _("Its parts or its evidence can't be read:"),
    "rules.repeats_memory": _("The answer only repeats the memory it was drawn from:"),
    "rules.secret": _("A secret stands in the text:"),
    "rules.hidden_characters": _("The text hides or reorders characters:"),
    "rules.lookalike": _("A name looks like another and is not the same:"),
    "rules.orders_auditor": _("The text gives orders to the auditor or the reviewer:"),
    "rules.overrules": _("The text says which texts are to be believed:"),
    "rules.forged_markup": _("The text forges the markup of a prompt:"),
    "rules.orders_assistant": _("The text tries to replace the assistant's instructions:"),
    "rules.action_claimed": _("The answer claims an action; the assistant can only read:"),
    "rules.order_in_data": _("The answer passes on or obeys an order that stood in data:"),
    "rules.dangerous_advice": _("The answer advises something destructive without a warning:"),
    "llm.value": _("What was read gives another value:"),
    "llm.cannot_tell": _("The LLM can't tell whether it is right:"),
}


def message_of(code: str) -> str:
    """The words of a code; "" for the findings that bring their own."""
    return str(_MESSAGES.get(code, ""))


def judge_name(judge: str) -> str:
    return str(JUDGES.get(judge, judge))


def worded(findings: Any) -> list[Any]:
    """The findings of a record, each with words for a reader."""
    return [
        one | {"message": one.get("message") or message_of(str(one.get("code")))}
        if isinstance(one, dict)
        else one
        for one in findings
    ]
