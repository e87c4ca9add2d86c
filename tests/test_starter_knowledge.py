"""What Resync knows about HWA from the start, and in whose name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from audits.models import AuditRecord, Decision
from knowledge import starter
from knowledge.hwa.statuses import STATUSES
from knowledge.hwa.terms import TERMS, definition, find_terms
from knowledge.models import Memory, Trust
from knowledge.store import remember, set_trust


def load(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    call_command("load_knowledge", "--json", *options)
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_starter_knowledge_is_approved_in_a_reviewers_name(
    capsys: pytest.CaptureFixture[str], reviewer: User
) -> None:
    loaded = load(capsys, "--as", reviewer.username)["loaded"]

    assert loaded == len(list(starter.drafts())) == Memory.objects.filter(trust="trusted").count()
    assert AuditRecord.objects.filter(status="approved", reviewer=reviewer).count() == loaded
    assert Decision.objects.filter(actor=reviewer).count() == loaded


@pytest.mark.django_db(transaction=True)
def test_loading_again_adds_nothing_and_revives_nothing(
    capsys: pytest.CaptureFixture[str], reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [one for one in starter.drafts() if one.external_id.startswith("starter.terms.fence.")]
    monkeypatch.setattr(starter, "drafts", lambda: iter(few))
    rejected, _ = remember(replace(few[0], external_id=None))
    set_trust([rejected], Trust.REJECTED)

    assert load(capsys, "--as", reviewer.username) == {"loaded": 1, "known": 1}
    assert load(capsys, "--as", reviewer.username) == {"loaded": 0, "known": 2}
    rejected.refresh_from_db()
    assert rejected.trust == Trust.REJECTED


@pytest.mark.django_db(transaction=True)
def test_who_may_not_review_loads_nothing(operator: User, settings: Any) -> None:
    settings.DEVELOPMENT = False

    for options in ((), ("--as", operator.username), ("--as", "nobody")):
        with pytest.raises(CommandError):
            call_command("load_knowledge", *options)
    assert not Memory.objects.exists()


def test_every_entry_is_said_in_both_languages_and_only_once() -> None:
    drafts = list(starter.drafts())

    assert len(drafts) >= 100
    assert len({one.external_id for one in drafts}) == len(drafts)
    assert len({one.user_query for one in drafts}) == len(drafts)
    assert all(one.agent_response.rstrip().endswith((".", "?")) for one in drafts)


def test_no_name_stands_for_two_terms() -> None:
    names = [name for term in TERMS.values() for name in term.names]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("diferença entre limit e fence?", ["limit", "fence"]),
        ("o que é ABENP?", ["abenp"]),
        ("what is an extended agent", ["extended_agent"]),
        ("READY contra HOLD", ["ready", "hold"]),
        ("o que é caminho crítico?", ["critical_path"]),
        ("what does INTRPT mean", ["INTRPT"]),
        ("quais jobs falharam", []),
    ],
)
def test_terms_are_found_by_the_names_people_use(text: str, keys: list[str]) -> None:
    assert find_terms(text) == keys


def test_each_status_and_each_term_has_a_definition() -> None:
    for key in (*STATUSES, *TERMS):
        assert definition(key, "pt") and definition(key, "en"), key
    assert definition("NO_SUCH_TERM", "en") is None
