"""What the scripts that show an answer say, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from knowledge.hwa.statuses import Language


def answer_strings() -> dict[str, object]:
    from knowledge.hwa.lexicon import SAID  # with all that questions are made of

    language: Language = "pt" if (get_language() or "")[:2] == "pt" else "en"
    return {
        "copy": _("Copy"),
        "copy_csv": _("Copy as CSV"),
        "copy_answer": _("Copy the answer"),
        "copied": _("Copied"),
        "leave_out": _("Ask again without: {words}"),
        "log_zone": _("Times of this log: {zone}"),
        "table": _("Table"),
        "row": _("{count} row"),
        "rows": _("{count} rows"),
        "rows_of": _("{shown} of {all}"),
        "show_more": _("Show the other {count}"),
        "show_next": _("Show {count} more"),
        "plan_replaced": _("The plan has been replaced since then. Ask again for the new one."),
        "no_rows": _("The rows could not be read. Try again in a moment."),
        "memory_lost": _("This memory is no longer kept."),
        "asked_then": _("Asked"),
        "approved_by": _("Approved by {name}, {time}"),
        "taken_back_by": _("Taken back by {name}, {time}"),
        "unchanged": _("Unchanged since."),
        "changed_since": _("Changed since, {time}. It now says:"),
        "close": _("Close"),
        "loading": _("Reading HWA…"),
        "no_card": _("The plan holds no such object now, or HWA does not answer."),
        "no_part": _("This could not be read now."),
        "kinds": {kind: words[language] for kind, words in SAID["kind"].items()},
        "parts": {
            "why": _("Why"),
            "holds_up": _("What it holds up"),
            "runs": _("Runs"),
            "log": _("Log"),
        },
        "next": {
            "log": _("Show the log of {name}"),
            "why_failed": _("Why did {name} fail?"),
            "why_waits": _("Why is {name} waiting?"),
            "holds_up": _("What is the impact of {name}?"),
            "compare": _("Compare the runs of {name}"),
            "jobs_of": _("Which jobs run on {name}?"),
        },
        "suggestions": _("You may ask"),
        "did_you_mean": _("Did you mean"),
        "read": _("read {time}"),
        "read_at": _("{what}, read {time}"),
        "from_the_question": _("From your question"),
        "from_memory": _("From a memory: {label}"),
    }
