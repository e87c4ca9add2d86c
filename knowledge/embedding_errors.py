"""What goes wrong with an embedder."""

from __future__ import annotations


class EmbeddingError(Exception):
    """The text could not be turned into a vector; the message says why. Worth trying again."""
