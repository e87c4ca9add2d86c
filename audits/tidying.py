"""What follows the audits: vectors for what became usable, rows for what other programs wrote."""

from __future__ import annotations


def tidy() -> None:
    """Bring the index to where the memories are. Imports mem0, which takes over a second."""
    from knowledge import indexer

    indexer.adopt_foreign(500)
    while indexer.index_pending(500):
        pass
