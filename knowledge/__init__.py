"""Memories, the mem0 index over them, retrieval, embeddings and the LLM gateway.

The names other rooms use are looked up when first asked for, because models can't be imported
before Django has loaded its apps.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "remember": "knowledge.store",
    "give_feedback": "knowledge.feedback",
    "Draft": "knowledge.store",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
