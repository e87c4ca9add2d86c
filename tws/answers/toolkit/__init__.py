"""What agents ask with, by rules or with an LLM: seven tools over one engine's plan.

`toolkit.py` runs them and keeps what they read, `calls.py` is how an LLM calls them, `errors.py`
why nothing was read, `room.py` how much one answer may rest on.
"""

from tws.answers.toolkit.errors import EngineDown, NoRoom, NotRead, NotThere, Refused
from tws.answers.toolkit.toolkit import Called, Toolkit

__all__ = ["Called", "EngineDown", "NoRoom", "NotRead", "NotThere", "Refused", "Toolkit"]
