"""What django-unfold says in the console: it ships no Portuguese, so our catalogue has these too.

Nothing reads this list but makemessages, which keeps in the catalogue what it finds here.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

UNFOLD_SAYS = [
    _("%(full_result_count)s total"),
    _("Add row"),
    _("After you've created a user, you’ll be able to edit more user options."),
    _("All applications"),
    _("Apply Filters"),
    _("Click to cancel"),
    _("Collapse"),
    _("Dark"),
    _("Date"),
    _("Edit"),
    _("Expand row"),
    _("False"),
    _("Filters"),
    _("Forgotten your password or username?"),
    _("General"),
    _("Go back"),
    _("Light"),
    _("Loading more results..."),
    _("More actions"),
    _("Name"),
    _("No data"),
    _("No recent searches"),
    _("No results matching your query"),
    _("Object permissions"),
    _(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can "
        'change the password using <a href="{}" class="text-primary-600 dark:text-primary-500">'
        "this form</a>."
    ),
    _("Recent searches"),
    _("Return to site"),
    _("Run"),
    _("Search apps and models..."),
    _("Select action"),
    _("Select action to run"),
    _("Select all rows"),
    _("Select record"),
    _("Select value"),
    _("Submit"),
    _("System"),
    _("Time"),
    _("Toggle password visibility"),
    _("True"),
    _("Type to search"),
    _("Update"),
    _("User permissions"),
    _("Group permissions"),
    _("Value"),
    _("Welcome"),
    _("You have been successfully logged out from the administration"),
]
