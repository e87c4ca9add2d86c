"""What every test gets: the real PostgreSQL, and the rows that migrations write."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings

from knowledge import _mem0, retrieval
from knowledge.llm import endpoints as llm_endpoints
from knowledge.threads import DatabaseThreads
from tests import emptying
from tests.browser import browser, open_page  # noqa: F401  fixtures
from tests.chat_pages import plan_of_now, server  # noqa: F401  fixtures
from tests.fake_agent import agents  # noqa: F401  a fixture
from tests.hwa_fixtures import (  # noqa: F401  (fixtures are found by their names in here)
    hwa_client,
    hwa_engine,
    own_simulator,
    simulator,
    start_simulator,
)
from tests.judges_here import judges_here  # noqa: F401  a fixture
from tws.answers.understanding import plan_words
from tws.database import close_connections

# Hundreds of users are made here; what guards their passwords is Django's business.
PBKDF2PasswordHasher.iterations = 1

# A busy machine is not a fault of the product.
# Tracing for explanations doubles the time of every example.
UNEXPLAINED = [phase for phase in Phase if phase is not Phase.explain]
hypothesis_settings.register_profile("slow", deadline=None, phases=UNEXPLAINED)
hypothesis_settings.register_profile(
    "resync", parent=hypothesis_settings.get_profile("slow"), max_examples=20
)
hypothesis_settings.load_profile("resync")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run what is marked slow too")


def pytest_configure(config: pytest.Config) -> None:
    # A shell lets what it runs in its background ignore Ctrl-C, and all that starts from it too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.option.slow:
        hypothesis_settings.load_profile("slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked slow, unless it is asked for: by --slow, by -m, or by its name."""
    if config.option.slow or config.option.markexpr or any("::" in arg for arg in config.args):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


def pytest_collection_finish() -> None:
    """What was imported stays: no collection of garbage need look through it again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_dead_connection_is_left() -> Iterator[None]:
    """Tests that end other people's connections end those that all tests share.

    The threads' at once; that of the tests with a browser, in whose event loop Django keeps
    another than beside it, before the next of them.
    """
    _close_if_dead()
    yield
    DatabaseThreads.distrust()
    SyncToAsync.single_thread_executor.submit(_close_if_dead).result()


def _close_if_dead() -> None:
    if connection.connection is not None and not connection.is_usable():
        connection.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """At the end, let go of the database, so that it can be dropped."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # What a process of a test writes need not wait for the disk.
        cursor.execute(
            f"ALTER DATABASE {connection.settings_dict['NAME']} SET synchronous_commit = off"
        )
        emptying.keep_as_migrated()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptying.start_over)
        patch.setattr(TransactionTestCase, "_should_reload_connections", lambda _: False)
        yield
    # Connections that are not Django's would keep the test database from being dropped.
    _mem0.close()
    retrieval.forget_dead_loops()
    close_connections()
    llm_endpoints.close_connections()
    SyncToAsync.single_thread_executor.submit(lambda: connection.close()).result()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(emptying.END_ALL_OTHERS)  # those of threads that ended without a word


@pytest.fixture(autouse=True)
def _texts_are_english() -> None:
    """A request leaves the language of its reader to the next test of the same thread."""
    translation.activate("en")


@pytest.fixture(autouse=True)
def _nothing_is_known_of_an_endpoint_or_a_plan() -> None:
    llm_endpoints.forget()
    plan_words.forget()


@pytest.fixture
def llm_without_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway without a database, which it must do without: what it learns stays in it."""

    async def refuse(*_: Any) -> None:
        raise OperationalError("no database here")

    for name in ("_threads.run", "in_database"):
        monkeypatch.setattr(f"knowledge.llm.endpoints.{name}", refuse)


def _user(name: str, group: str) -> User:
    user = User.objects.create_user(name, password="x", is_staff=group != "Operators")
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def operator(db: None) -> User:
    return _user("operator", "Operators")


@pytest.fixture
def reviewer(db: None) -> User:
    return _user("reviewer", "Reviewers")


@pytest.fixture
def auditor_user(db: None) -> User:
    return _user("auditor", "Auditors")


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create_superuser("admin", password="x")
