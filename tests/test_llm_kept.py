"""What is kept of LLM endpoints in the database: what they take, how they fail, what they cost."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from knowledge import llm
from knowledge.llm import LLMError, LLMUnavailable, Usage, call_llm, costs, endpoints, stream
from knowledge.llm.models import Cost, LLMProfile, LLMUsage, LLMUsageQuerySet
from knowledge.llm.types import Asked
from resync_site import health
from tests.fake_llm import Scripted, fake_llm, refuse, say

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def served(settings):
    """An endpoint whose script can be changed by the test."""
    settings.LLM_MODEL = settings.AUDIT_LLM_MODEL = "tiny"
    settings.LLM_MAX_RETRIES = 0
    script = {"now": lambda body: say("two words")}
    with fake_llm(lambda body: script["now"](body)) as server:
        settings.LLM_BASE_URL = server.url
        server.script = script
        yield server
        await llm.aclose()


async def ask(**options):
    reply = await call_llm("hello", max_tokens=50, **options)
    await endpoints.written()
    return reply


async def test_another_process_knows_what_was_learned(served):
    served.script["now"] = lambda body: (
        refuse(400, "temperature?") if "temperature" in body else say("ok")
    )
    await ask()
    llm.forget()
    await ask()

    assert ["temperature" in request for request in served.requests] == [True, False, False]
    row = await LLMProfile.objects.aget()
    assert (row.base_url, row.model, row.temperature) == (served.url, "tiny", False)
    assert row.learned_at is not None


async def test_what_is_reset_in_the_admin_is_learned_anew(served, admin_user, async_client):
    await LLMProfile.objects.acreate(base_url=served.url, model="tiny", temperature=False)
    await ask()
    row = await LLMProfile.objects.aget()
    await async_client.aforce_login(admin_user)

    page = f"/admin/knowledge/llmprofile/{row.pk}/"
    assert b"Takes temperature" in (await async_client.get(f"{page}change/")).content
    await async_client.post(f"{page}delete/", {"post": "yes"})
    (await endpoints.endpoint_for("tiny")).read_at = float("-inf")  # some seconds later
    await ask()

    assert ["temperature" in request for request in served.requests] == [False, True]


async def test_each_model_has_a_profile_of_its_own(served):
    served.script["now"] = lambda body: (
        refuse(400, "temperature?") if "temperature" in body and body["model"] == "o" else say("ok")
    )
    await ask(model="o")
    await ask()

    assert "temperature" in served.requests[-1]


# --- failing ----------------------------------------------------------------------------------


async def test_an_endpoint_that_refuses_every_call_is_said_to(served):
    served.script["now"] = lambda body: refuse(401, "bad key")
    began = timezone.now()
    for _ in range(2):
        with pytest.raises(LLMError):
            await ask()
    await endpoints.written()

    [found] = await endpoints.in_database(llm.failing)
    assert began <= found.since <= timezone.now()
    assert "bad key" in str(found)
    assert "tiny fails every call since" in str(found)
    with pytest.raises(health.Unwell, match="bad key"):
        await endpoints.in_database(health.llm)


async def test_an_answer_ends_it_also_one_of_another_process(served):
    await LLMProfile.objects.acreate(
        base_url=served.url, model="tiny", failing_since=timezone.now(), last_error="bad key"
    )
    await ask()

    assert await endpoints.in_database(llm.failing) == []


async def test_a_question_that_is_too_long_does_not_count_against_the_endpoint(served):
    served.script["now"] = lambda body: refuse(400, "maximum context length is 4096 tokens")
    with pytest.raises(LLMError):
        await ask()
    await endpoints.written()

    assert await endpoints.in_database(llm.failing) == []


# --- costs ------------------------------------------------------------------------------------


async def test_calls_are_counted_per_day_purpose_and_model(served, settings):
    settings.LLM_PRICE_INPUT, settings.LLM_PRICE_OUTPUT = 1_000_000, 2_000_000
    await ask()
    await ask()
    await ask(model="big", purpose="check")
    [_ async for _ in stream(HELLO, max_tokens=50)]
    served.script["now"] = lambda body: refuse(400, "declined by the content policy")
    with pytest.raises(LLMError):
        await ask()
    await endpoints.written()

    rows = LLMUsage.objects.order_by("purpose", "model").values_list(
        "purpose", "model", "calls", "failures", "prompt_tokens", "completion_tokens", "cost"
    )
    assert [row async for row in rows] == [
        ("chat", "tiny", 1, 0, 11, 2, 15.0),
        ("check", "big", 1, 0, 11, 2, 15.0),
        ("judge", "tiny", 3, 1, 22, 4, 30.0),
    ]
    assert (await LLMUsage.objects.afirst()).day == timezone.localdate()


async def test_calls_that_end_at_once_are_counted_in_one_statement(served, monkeypatch):
    counted = []
    add = LLMUsage.objects.all().add
    monkeypatch.setattr(LLMUsageQuerySet, "add", lambda _, cost: (counted.append(cost), add(cost)))
    asked = Asked(HELLO, 50, None, 0.0, "tiny", (), "chat", streamed=True)
    for failed in (False, True, False):
        costs.count(asked, Usage(11, 2), failed=failed, seconds=1.0)
    await endpoints.written()

    assert counted == [Cost("chat", "tiny", 3, 1, 33, 6, 3.0, 0.0)]
    assert await LLMUsage.objects.values_list("calls", "failures").aget() == (3, 1)


async def test_what_an_endpoint_does_not_count_is_estimated(served):
    text = "four" * 10
    served.script["now"] = lambda body: Scripted(
        raw='{"choices": [{"message": {"content": "%s"}, "finish_reason": "stop"}]}' % text  # noqa: UP031
    )
    await call_llm("12345678", max_tokens=50)
    await endpoints.written()

    row = await LLMUsage.objects.aget()
    assert (row.prompt_tokens, row.completion_tokens) == (2, 10)


async def test_every_try_is_paid_for_and_so_are_thoughts(served):
    thought = {"reasoning_content": "hmm " * 10, "content": ""}
    told = {"message": thought, "finish_reason": "length"}
    served.script["now"] = lambda body: Scripted(raw=json.dumps({"choices": [told]}))
    with pytest.raises(LLMError):
        await call_llm("12345678", max_tokens=50)
    await endpoints.written()

    row = await LLMUsage.objects.aget()
    assert (row.calls, row.prompt_tokens, row.completion_tokens) == (1, 4, 20)


@pytest.mark.parametrize("limit", [{"LLM_DAILY_COST": 25.0}, {"LLM_DAILY_TOKENS": 20}])
async def test_past_the_days_limit_the_llm_is_off_until_midnight(served, settings, limit):
    settings.LLM_PRICE_INPUT, settings.LLM_PRICE_OUTPUT = 1_000_000, 2_000_000
    yesterday = timezone.localdate() - timedelta(days=1)
    await endpoints.in_database(
        LLMUsage.objects.add, Cost("chat", "tiny", 1, 0, 900, 900, 1.0, 900.0), yesterday
    )
    for name, value in limit.items():
        setattr(settings, name, value)
    await ask()
    await ask()

    with pytest.raises(LLMUnavailable, match=next(iter(limit))) as off:
        await ask()
    assert off.value.kind == "limit"
    assert timezone.localtime(off.value.until).time().hour == 0
    assert len(served.requests) == 2
    assert await endpoints.in_database(llm.failing) == []


def test_the_dashboard_and_the_metrics_show_it(client, admin_user):
    LLMUsage.objects.add(Cost("chat", "tiny-7b", 1, 1, 1234, 56, 3.0, 7.5))
    client.force_login(admin_user)

    page = client.get("/admin/").content.decode()
    assert "tiny-7b" in page
    assert "1234" in page
    metrics = client.get("/metrics").content.decode()
    assert 'resync_llm_calls_today{outcome="failed",purpose="chat"} 1.0' in metrics
