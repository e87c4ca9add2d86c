"""What agents may ask HWA: typed, documented, bounded, each answer with its age and engine.

`TOOLS` holds every tool by name; a `Toolbox` calls them for one question.
"""

from __future__ import annotations

from tws.tools import jobs, places, plan, waits
from tws.tools.base import TOOLS, Arguments, Reply, Tool

__all__ = ["TOOLS", "Arguments", "Reply", "Tool", "jobs", "places", "plan", "waits"]
