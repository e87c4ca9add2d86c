"""The IA Auditor: finds what is unaudited, claims it, has it judged, settles it. Exactly once.

`loop` ties the parts together: `claiming` takes records, `judging` has them judged, `settling`
writes what came of it, `duties` are what comes on time, whatever the backlog. Judging happens in
many coroutines; the database is spoken to by threads of our own (`threads`, `clocks`).
"""

from audits.auditor.claiming import Scope
from audits.auditor.loop import Auditor, analyze_memory
from audits.auditor.tally import Tally

__all__ = ["Auditor", "Scope", "Tally", "analyze_memory"]
