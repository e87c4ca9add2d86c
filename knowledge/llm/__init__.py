"""The LLM gateway: the OpenAI chat API at any base URL, as each endpoint takes it.

`gateway` asks; `negotiation` finds the request that an endpoint takes and `endpoints` keeps it;
`events`, `spoken` and `replies` read what comes; `errors` draws the error tree; `costs` counts.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from knowledge.llm.costs import Spent, spent
    from knowledge.llm.endpoints import Failing, failing, forget, speaks_first
    from knowledge.llm.errors import (
        Kind,
        LLMBadReply,
        LLMBrokenOff,
        LLMError,
        LLMOff,
        LLMRefused,
        LLMUnavailable,
    )
    from knowledge.llm.gateway import call_llm, stream
    from knowledge.llm.messages import as_message
    from knowledge.llm.transport import aclose
    from knowledge.llm.types import Delta, Message, Purpose, Reply, ToolCall, Usage

__all__ = [
    "Delta", "Failing", "Kind", "LLMBadReply", "LLMBrokenOff", "LLMError", "LLMOff", "LLMRefused",
    "LLMUnavailable", "Message", "Purpose", "Reply", "Spent", "ToolCall", "Usage", "aclose",
    "as_message", "call_llm", "failing", "forget", "speaks_first", "spent", "stream",
]  # fmt: skip

_LATER = {
    **dict.fromkeys(
        ("Kind", "LLMBadReply", "LLMBrokenOff", "LLMError", "LLMOff", "LLMRefused",
         "LLMUnavailable"), "errors",
    ),
    "Spent": "costs", "spent": "costs",
    "Failing": "endpoints", "failing": "endpoints", "forget": "endpoints",
    "speaks_first": "endpoints",
    "call_llm": "gateway", "stream": "gateway",
    "as_message": "messages",
    "aclose": "transport",
    **dict.fromkeys(("Delta", "Message", "Purpose", "Reply", "ToolCall", "Usage"), "types"),
}  # fmt: skip
"""Loaded when somebody asks for it: the models are all that most commands need."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
