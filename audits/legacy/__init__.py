"""The `audit_queue.db` of the program before Resync, brought into PostgreSQL.

`source` opens the SQLite file without changing it, `rows` reads one row or says what is wrong
with it, `plan` finds out which rows are new here, `migration` writes those.
"""
