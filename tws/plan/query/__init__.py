"""One typed question over the plan, `PlanQuery`: rules, LLM, REST, pages and cards all ask it.

`catalogue.py` declares what can be asked, `asked.py` what a question looks like, `moments.py` and
`names.py` read its values, `conditions.py` makes SQL of it, `answering.py` and `pages.py` the
result.
"""

from tws.plan.query.answering import PlanUnavailable, answer
from tws.plan.query.asked import PlanQuery, PlanQueryRefused

__all__ = ["PlanQuery", "PlanQueryRefused", "PlanUnavailable", "answer"]
