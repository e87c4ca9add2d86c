"""The LLM gateway: the OpenAI chat API at any base URL, as each endpoint takes it.

`gateway` asks; `negotiation` finds the request that an endpoint takes and `endpoints` keeps it;
`events`, `spoken` and `replies` read what comes; `errors` draws the error tree; `costs` counts.
"""

from knowledge.llm.costs import Spent, spent
from knowledge.llm.endpoints import Failing, failing, forget
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
    "as_message", "call_llm", "failing", "forget", "spent", "stream",
]  # fmt: skip
