"""What the scripts that show an answer say, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def answer_strings() -> dict[str, object]:
    return {
        "copy": _("Copy"),
        "copy_csv": _("Copy as CSV"),
        "copy_answer": _("Copy the answer"),
        "copied": _("Copied"),
        "table": _("Table"),
        "row": _("{count} row"),
        "rows": _("{count} rows"),
        "rows_of": _("{shown} of {all}"),
        "show_more": _("Show the other {count}"),
        "plan_replaced": _("The plan has been replaced since then. Ask again for the new one."),
        "no_rows": _("The rows could not be read. Try again in a moment."),
        "read": _("read {time}"),
        "read_at": _("{what}, read {time}"),
        "from_the_question": _("From your question"),
        "from_memory": _("From a memory: {label}"),
    }
