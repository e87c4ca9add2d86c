"""One typed question over the plan, `PlanQuery`: rules, LLM, REST, pages and cards all ask it.

`catalogue.py` declares what can be asked, `asked.py` what a question looks like, `moments.py` and
`names.py` read its values, `conditions.py` makes SQL of it, `answering.py` and `pages.py` the
result.
"""

from typing import TYPE_CHECKING, Any

from tws.plan.query.asked import PlanQuery, PlanQueryRefused, PlanUnavailable

if TYPE_CHECKING:
    from tws.plan.query.answering import answer

__all__ = ["PlanQuery", "PlanQueryRefused", "PlanUnavailable", "answer"]


def __getattr__(name: str) -> Any:
    """`answer`, loaded by whoever asks: the addresses of the API need only the question's form."""
    if name != "answer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tws.plan.query.answering import answer

    return answer
