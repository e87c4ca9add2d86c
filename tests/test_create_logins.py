from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from resync_site.models import ApiToken


@pytest.fixture
def home(tmp_path: Path, settings) -> Path:
    settings.RESYNC_HOME = tmp_path / "home"
    settings.DEVELOPMENT = True
    return settings.RESYNC_HOME


def logins(home: Path) -> dict[str, dict[str, str]]:
    return json.loads((home / "logins.json").read_text())


@pytest.mark.django_db
def test_each_login_works_and_has_its_role(home: Path, client):
    call_command("create_logins")

    for name, login in logins(home).items():
        assert client.login(username=name, password=login["password"])
        assert ApiToken.objects.holders_of(login["token"]).get().user.username == name
    assert User.objects.get(username="admin").is_superuser
    assert User.objects.get(username="reviewer").has_perm("audits.review_auditrecord")
    assert not User.objects.get(username="operator").is_staff
    assert not User.objects.get(username="auditor").has_perm("audits.review_auditrecord")


@pytest.mark.django_db
def test_only_the_owner_can_read_the_file(home: Path):
    call_command("create_logins")

    assert (home / "logins.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_a_second_run_changes_nothing(home: Path):
    call_command("create_logins")
    first = logins(home)

    call_command("create_logins")

    assert logins(home) == first
    assert ApiToken.objects.count() == 4


@pytest.mark.django_db
def test_a_lost_file_is_made_again_with_new_passwords(home: Path, client):
    call_command("create_logins")
    lost = logins(home)
    (home / "logins.json").unlink()

    call_command("create_logins")

    assert not client.login(username="admin", password=lost["admin"]["password"])
    assert client.login(username="admin", password=logins(home)["admin"]["password"])


def test_production_has_no_such_logins(home: Path, settings):
    settings.DEVELOPMENT = False

    with pytest.raises(CommandError, match="for development"):
        call_command("create_logins")
