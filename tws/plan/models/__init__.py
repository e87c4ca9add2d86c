"""The rows of the plan, all written by the reader (`tws.plan.reader`) and by nobody else.

What HWA does not say is null (numbers, times, truth values) or "" (words); nothing is made up.
`engine` is a `PlanEngine.name`. There are no foreign keys: rows come and go by the thousand, in
sets, and an engine's objects name each other by HWA's own ids.
"""

from tws.plan.models.details import PlanDefinition, PlanDependency, PlanPrompt
from tws.plan.models.engine import PlanEngine
from tws.plan.models.flow import AT_RISK, PlanJob, PlanJobStream
from tws.plan.models.history import PlanRun, StatusCount
from tws.plan.models.places import PlanResource, PlanWorkstation

__all__ = [
    "AT_RISK",
    "PlanDefinition",
    "PlanDependency",
    "PlanEngine",
    "PlanJob",
    "PlanJobStream",
    "PlanPrompt",
    "PlanResource",
    "PlanRun",
    "PlanWorkstation",
    "StatusCount",
]
