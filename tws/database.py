"""The threads in which sockets and runs speak to the database."""

from __future__ import annotations

from knowledge.threads import DatabaseThreads

_threads = DatabaseThreads(4, "sockets-database")
in_database = _threads.run
close_connections = _threads.close
