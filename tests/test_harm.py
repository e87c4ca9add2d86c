"""What a reviewer is shown first: expected use times doubt times damage."""

from __future__ import annotations

import pytest

from audits import harm
from audits.judges import Finding, Verdict
from audits.settling import Judged
from audits.states import Status, Why


@pytest.mark.parametrize(
    ("judge", "status", "codes", "why"),
    [
        ("rules", "quarantined", ["rules.refusal", "rules.dangerous_advice"], Why.DANGER),
        ("rules", "quarantined", ["rules.secret"], Why.SECRET),
        ("rules", "pending", ["rules.orders_auditor"], Why.ATTACK),
        ("rules", "pending", ["rules.echo"], Why.JUNK),
        ("claims", "quarantined", ["claims.value", "rules.echo"], Why.CONTRADICTED),
        ("claims", "pending", ["claims.outdated"], Why.OUTDATED),
        ("lookup", "pending", ["lookup.name"], Why.UNREAD),
        ("llm", "pending", ["llm.wrong_fact"], Why.CONTRADICTED),
        ("llm", "unverified", ["llm.cannot_tell"], Why.UNSURE),
        ("auditor", "unverified", [], Why.UNSURE),
        ("auditor", "failed", [], Why.FAILED),
        ("person", "pending", [], Why.REPORTED),
        ("grounding", "pending", ["grounding.old"], Why.UNSURE),
    ],
)
def test_why_is_the_kind_of_the_worst_finding(judge, status, codes, why):
    assert harm.why(judge, status, [{"code": code} for code in codes]) == why


def test_a_destructive_recommendation_comes_before_a_typing_error():
    assert harm.weight(Why.DANGER, 0.65) > harm.weight(Why.CONTRADICTED, 0.99)
    assert harm.weight(Why.CONTRADICTED, 0.65) > harm.weight(Why.JUNK, 0.99)
    assert set(harm.DAMAGE) == set(Why.values)


def test_the_same_error_in_other_words_around_it_is_one_cluster():
    def of(quote: str, **more: object) -> str:
        return harm.cluster([{"code": "rules.dangerous_advice", "quote": quote} | more])

    assert of("rm -rf  /Opt") == of("RM -RF /opt")
    assert of("rm -rf /opt") != of("resetplan -scratch")
    value = {"expr": "q1.rows[0].status", "said": "SUCC", "found": "ABEND", "datum": "ABEND"}
    assert of("ended well", **value) == of("fine", **value | {"expr": "q2.rows[7].status"})
    assert of("x", **value) != of("x", **value | {"said": "HOLD"})
    assert harm.cluster([]) == ""


def test_a_verdict_is_written_with_what_it_is_ordered_by():
    finding = Finding("rules.dangerous_advice", "rm -rf /", "", "", 0.8)
    verdict = Verdict("rules", 0.8, "no", (finding,))

    asked = "Quais jobs falharam?"
    columns = Judged(1, "w", 1, None, 1, Status.QUARANTINED, verdict, question=asked).columns()

    assert (columns["why"], columns["weight"], columns["language"]) == ("danger", 8.0, "pt")
    assert columns["cluster"]
