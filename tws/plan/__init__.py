"""The plan in PostgreSQL: its rows, the reader that keeps them, and its history."""
