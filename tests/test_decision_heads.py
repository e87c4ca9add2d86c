from __future__ import annotations

import json

import pytest

from audits.auditor.indexing import export_head


@pytest.mark.django_db
def test_the_head_of_the_decision_log_is_exported_once_a_day(tmp_path) -> None:
    path = tmp_path / "state" / "heads.jsonl"

    assert export_head(path)
    assert not export_head(path)

    [line] = path.read_text().splitlines()
    assert json.loads(line)["seq"] == 0
