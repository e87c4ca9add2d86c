"""Makes a transactional test's database as the migrations left it, by what has changed alone.

Django would empty every table and write content types and permissions anew, which takes longer
than most tests: here small tables lose their rows, large ones are truncated, and the tables that
migrations filled are compared with a copy.
"""

from __future__ import annotations

from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from psycopg.errors import DeadlockDetected

_KEEP = """
DO $$ BEGIN  -- with --reuse-db: a run that was killed may have left rows
    IF to_regclass('as_migrated.django_migrations') IS NOT NULL THEN
        IF NOT EXISTS (
            TABLE public.django_migrations EXCEPT TABLE as_migrated.django_migrations
        ) THEN
            PERFORM as_migrated.start_over();
        END IF;
    END IF;
END $$;

DROP SCHEMA IF EXISTS as_migrated CASCADE;
CREATE SCHEMA as_migrated;

DO $$
DECLARE
    one text;
    is_filled boolean;
BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', one) INTO is_filled;
        IF is_filled THEN
            EXECUTE format('CREATE TABLE as_migrated.%I AS TABLE public.%I', one, one);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION as_migrated.start_over() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one text;
    every text;
    large text;
    has_changed boolean;
BEGIN
    SELECT string_agg(format('public.%I', tablename), ', '),
        string_agg(format('public.%I', tablename), ', ') FILTER (
            WHERE pg_table_size(format('public.%I', tablename)::regclass) > 262144
            AND to_regclass(format('as_migrated.%I', tablename)) IS NULL
        )
    INTO every, large FROM pg_tables WHERE schemaname = 'public';
    EXECUTE 'LOCK TABLE ' || every || ' IN EXCLUSIVE MODE';  -- whoever still writes ends first
    PERFORM set_config('session_replication_role', 'replica', true);  -- no trigger, no check
    IF large IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || large || ' CASCADE';
    END IF;
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        IF to_regclass(format('as_migrated.%I', one)) IS NULL THEN
            EXECUTE format('DELETE FROM public.%I', one);
        ELSE
            EXECUTE format(
                'SELECT EXISTS ((TABLE public.%1$I EXCEPT ALL TABLE as_migrated.%1$I)'
                ' UNION ALL (TABLE as_migrated.%1$I EXCEPT ALL TABLE public.%1$I))', one
            ) INTO has_changed;
            IF has_changed THEN
                EXECUTE format('DELETE FROM public.%I', one);
                EXECUTE format('INSERT INTO public.%1$I TABLE as_migrated.%1$I', one);
            END IF;
        END IF;
    END LOOP;
END $$;
"""


END_ALL_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""
_SETTINGS = """
SET synchronous_commit = off;  -- what a test writes need not wait for the disk
SET idle_in_transaction_session_timeout = 0  -- nor does its transaction end while it waits
"""


def keep_as_migrated() -> None:
    """Once, before the first test."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        cursor.execute(_KEEP)


def start_over(_case: object) -> None:
    """In place of Django's `TransactionTestCase._fixture_teardown`.

    The connection stays, as if it were new: one that is has to learn of every table again.
    Whoever keeps rows locked for good fails the test that left them behind, not those after it.
    """
    with connection.cursor() as cursor:
        try:
            _empty(cursor)
            cursor.execute("DISCARD ALL")
            connection.init_connection_state()
            cursor.execute(_SETTINGS)
        except OperationalError:
            cursor.execute(END_ALL_OTHERS)
            cursor.execute("SELECT as_migrated.start_over()")
            raise


def _empty(cursor: CursorWrapper, tries: int = 5) -> None:
    """Again where it met the last request of a browser that has just gone."""
    try:
        cursor.execute("SELECT as_migrated.start_over()")
    except OperationalError as error:
        if tries == 1 or not isinstance(error.__cause__, DeadlockDetected):
            raise
        _empty(cursor, tries - 1)
