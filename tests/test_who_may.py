"""Each page and path by who may open it and who may send something there: written by hand."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client

from audits import bulk
from audits.models import AuditRecord
from tests.factories import make_memory, make_record

pytestmark = pytest.mark.django_db

ROLES = {"o": "operator", "r": "reviewer", "a": "auditor", "s": "admin"}
"""The letters of the tables; somebody without a role stands in none."""
OPENS = {
    "/": "oras",
    "/chat/": "ors",
    "/chat/tws-analyzer/": "ors",
    "/memories/": "ors",
    "/admin/": "ras",
    "/admin/settings/": "s",
    "/admin/audits/auditrecord/": "ras",
    "/admin/audits/auditrecord/memory/{memory}/": "ras",
    "/admin/audits/auditrecord/import/": "rs",
    "/admin/audits/auditrecord/second/": "rs",
    "/admin/audits/auditrecord/claims/": "ras",
    "/admin/audits/auditrecord/caution/": "ras",
    "/admin/audits/auditrecord/waiting/": "ras",
    "/admin/audits/auditrecord/bulk/{bulk}/": "rs",
    "/admin/audits/auditrecord/{record}/claim/": "ras",
    "/admin/audits/auditrecord/{record}/nearby/": "ras",
    "/admin/audits/auditrecord/{record}/change/": "ras",
    "/admin/audits/auditrecord/export/csv/": "ras",
    "/admin/audits/decision/": "ras",
    "/admin/audits/decision/export/csv/": "ras",
    "/admin/audits/notice/": "s",
    "/admin/audits/calibration/": "s",
    "/admin/audits/knowncase/": "s",
    "/admin/knowledge/memory/": "ras",
    "/admin/knowledge/memory/{memory}/change/": "ras",
    "/admin/knowledge/memory/export/jsonl/": "ras",
    "/admin/knowledge/feedback/": "ras",
    "/admin/auth/user/": "s",
    "/admin/auth/user/add/": "s",
    "/admin/auth/user/{user}/change/": "s",
    "/admin/auth/user/{user}/password/": "s",
    "/admin/auth/group/": "s",
    "/admin/auth/group/add/": "s",
    "/admin/auth/group/{group}/change/": "s",
    "/admin/knowledge/llmprofile/": "s",
    "/admin/resync_site/apitoken/": "s",
    "/admin/resync_site/apitoken/add/": "s",
    "/admin/resync_site/signinfailures/": "s",
    "/admin/tws/agent/": "s",
    "/admin/tws/agent/add/": "s",
    "/api/agents": "oras",
    "/api/audit/flags": "ras",
    "/api/audit/metrics": "ras",
    "/api/memories/search?q=restart": "oras",
    "/api/conversations": "ors",
    "/api/conversations/taken-back": "ors",
    "/api/plan/card?kind=job&name=JOB_A": "ors",
}
TAKES = {
    "/memories/": "ors",
    "/admin/audits/auditrecord/import/": "rs",
    "/admin/audits/auditrecord/second/": "rs",
    "/admin/audits/auditrecord/undo/": "rs",
    "/admin/audits/auditrecord/views/": "ras",
    "/admin/audits/auditrecord/bulk/{bulk}/": "s",  # whose draft it is
    "/admin/audits/auditrecord/{record}/claim/": "rs",
    "/admin/audits/auditrecord/{record}/remark/": "rs",
    "/admin/audits/auditrecord/{record}/diff/": "rs",
    "/admin/audits/auditrecord/{record}/change/": "rs",
    "/admin/audits/notice/test/": "s",
    "/admin/auth/user/add/": "s",
    "/admin/auth/user/{user}/change/": "s",
    "/admin/auth/user/{user}/password/": "s",
    "/admin/auth/group/add/": "s",
    "/admin/auth/group/{group}/change/": "s",
    "/admin/resync_site/apitoken/add/": "s",
    "/admin/tws/agent/add/": "s",
    "/api/audit/review": "rs",
    "/api/memories/{memory}/feedback": "ors",
}
BODIES = {
    "/api/audit/review": {"memory_id": "{memory}", "action": "restore"},
    "/api/memories/{memory}/feedback": {"rating": 5},
}


def is_let_in(client: Client, method: str, path: str, address: str, memory: str) -> bool:
    cache.clear()
    if path in BODIES:
        body = {
            key: memory if value == "{memory}" else value for key, value in BODIES[path].items()
        }
        answer = client.post(address, body, content_type="application/json")
    else:
        answer = getattr(client, method)(address)
    assert answer.status_code < 500 or path.startswith("/api/plan"), (path, answer.status_code)
    assert "no-store" in answer.headers["Cache-Control"], path
    leads_to_sign_in = "/login/" in answer.headers.get("Location", "")
    return answer.status_code not in (401, 403) and not leads_to_sign_in


def test_who_may_what(operator: User, reviewer: User, auditor_user: User, admin_user: User) -> None:
    User.objects.create_user("newcomer", is_staff=True)
    record = make_record("pending", make_memory("How do I restart?"))
    draft = bulk.draft(AuditRecord.objects.filter(pk=record.pk), "reject", admin_user)
    group = Group.objects.get(name="Reviewers")
    names = {
        "record": record.pk, "memory": record.memory_id, "bulk": draft.pk, "user": operator.pk,
        "group": group.pk,
    }  # fmt: skip
    found: dict[tuple[str, str], str] = {}

    for letter, name in {"-": "newcomer", "?": "", **ROLES}.items():
        client = Client(raise_request_exception=False)
        if name:
            client.force_login(User.objects.get(username=name))
        for method, table in (("get", OPENS), ("post", TAKES)):
            for path in table:
                may = is_let_in(client, method, path, path.format(**names), str(record.memory_id))
                found[method, path] = found.get((method, path), "") + letter * may

    wanted = {("get", path): who for path, who in OPENS.items()}
    wanted |= {("post", path): who for path, who in TAKES.items()}
    assert found == wanted
