"""The names and roles of the agents that every installation begins with, for the translators.

An agent shows them in the reader's language as long as nobody has written others.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

gettext_noop("TWS Analyzer")
gettext_noop("Reads the plan and says how it stands")
gettext_noop("TWS Troubleshooter")
gettext_noop("Finds out why a job failed or does not start")
