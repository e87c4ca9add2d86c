"""`check_llm`: what chat and judge would ask, asked through their own code."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from knowledge.llm.models import LLMProfile
from tests.fake_llm import Scripted, fake_llm, refuse, say, say_json

pytestmark = pytest.mark.django_db(transaction=True)

OPINION = {
    "reason": "so",
    "category": "none",
    "quote": "",
    "is_incorrect": False,
    "confidence": 0.9,
}
CAUGHT = OPINION | {"category": "wrong_fact", "quote": "ended successfully", "is_incorrect": True}


@pytest.fixture
def check_llm(settings, capsys):
    """Run the command against a script; its exit code and what it found."""
    settings.LLM_MODEL = settings.AUDIT_LLM_MODEL = "tiny"
    settings.LLM_MAX_RETRIES = 0

    def run(script):
        with fake_llm(script) as server, pytest.raises(SystemExit) as ended:
            settings.LLM_BASE_URL = server.url
            call_command("check_llm", "--json")
        found = json.loads(capsys.readouterr().out)
        found["failed"] = [step["name"] for step in found["steps"] if not step["ok"]]
        found["requests"] = server.requests
        return ended.value.code, found

    return run


def capable(body):
    """A model that does all that is asked of it."""
    if "response_format" in body or "You audit" in body["messages"][0]["content"]:
        return say_json(CAUGHT if "CANARY" in str(body["messages"]) else OPINION)
    if body.get("tools") and body["messages"][-1]["role"] != "tool":
        return Scripted(tool_calls=[(body["tools"][0]["function"]["name"], {})])
    return say("3 jobs are in ABEND.")


def except_when(test, answer):
    return lambda body: answer if test(body) else capable(body)


def test_a_capable_endpoint_is_in_order(check_llm):
    code, found = check_llm(capable)

    assert (code, found["ok"], found["failed"]) == (0, True, [])
    assert [step["name"] for step in found["steps"]] == [
        "answers", "output tokens", "chat", "judge",
    ]  # fmt: skip


def test_it_sends_what_chat_and_judge_send(check_llm):
    requests = check_llm(capable)[1]["requests"]

    streams = [request for request in requests if request.get("stream")]
    assert [len(request["tools"]) > 5 for request in streams] == [True, True]
    assert "<<<DATA" in streams[0]["messages"][-1]["content"]
    assert [message["role"] for message in streams[1]["messages"][-2:]] == ["assistant", "tool"]
    judged = [request for request in requests if "response_format" in request]
    assert len(judged) == 7, "three canaries, two samples with what they rest on"
    tokens = {request["max_tokens"] for request in requests if request not in streams}
    assert tokens == {500, 2000}, "a verdict's, and those of a list of statements"


def test_what_was_learned_is_shown_and_kept(check_llm):
    minds = except_when(lambda body: "temperature" in body, refuse(400, "temperature?"))

    code, found = check_llm(minds)

    assert code == 0
    assert found["endpoint"]["tiny"]["temperature"] is False
    assert LLMProfile.objects.get().temperature is False


def test_what_was_known_before_is_forgotten_first(check_llm, settings):
    known = {"model": "tiny", "tools": False}
    with fake_llm(capable) as server:
        LLMProfile.objects.create(base_url=server.url, **known)

    assert check_llm(capable)[0] == 0


FAILS = {
    "a model that stops early": (lambda body: say("1 2 3", finish_reason="length"), "answers"),
    "a model that only thinks": (
        lambda body: say("<think>hm", finish_reason="length"), "answers"),
    "long answers are cut": (
        except_when(lambda body: "numbers" in str(body["messages"]),
                    say("1 2 3", finish_reason="length")), "output tokens"),
    "no tools": (except_when(lambda body: body.get("tools"), refuse(400, "no tools here")), "chat"),
    "a model that calls none": (except_when(lambda body: body.get("tools"), say("3.")), "chat"),
    "a model that calls what is no tool": (
        except_when(lambda body: body.get("tools") and body["messages"][-1]["role"] != "tool",
                    Scripted(tool_calls=[("cancel_job", {})])), "chat"),
    "tool results refused": (
        except_when(lambda body: body["messages"][-1]["role"] == "tool", refuse(500, "template")),
        "chat"),
    "no finish": (except_when(lambda body: body.get("stream"), say("3", finish_reason=None)),
                  "chat"),
    "prose for a verdict": (
        except_when(lambda body: "You audit" in str(body["messages"]), say("Looks fine.")),
        "judge"),
    "verdicts are cut": (
        except_when(lambda body: "You audit" in str(body["messages"]),
                    say('{"reason": "so', finish_reason="length")), "judge"),
    "a judge that obeys": (
        except_when(lambda body: "CANARY" in str(body["messages"]), say_json(OPINION)), "judge"),
    "a key that is refused": (lambda body: refuse(401, "bad key"), "answers"),
}  # fmt: skip


@pytest.mark.parametrize(("script", "step"), FAILS.values(), ids=FAILS)
def test_what_would_not_work_fails_with_the_way_to_mend_it(check_llm, script, step):
    code, found = check_llm(script)

    assert (code, found["failed"][0]) == (1, step)
    assert all(one["mend"] for one in found["steps"] if not one["ok"])


def test_a_model_that_spends_its_tokens_on_thoughts_fails_every_step(check_llm):
    code, found = check_llm(lambda body: say("<think>hm", finish_reason="length"))

    assert (code, found["failed"]) == (1, ["answers", "output tokens", "chat", "judge"])
    assert found["endpoint"]["tiny"]["thinking"] == "seen"


def test_it_says_what_to_set_when_nothing_is_configured(settings, capsys):
    settings.LLM_BASE_URL = ""

    with pytest.raises(SystemExit) as ended:
        call_command("check_llm")
    assert ended.value.code == 1
    assert "LLM_BASE_URL" in capsys.readouterr().out


def test_people_get_a_table(settings, capsys):
    settings.LLM_MODEL = settings.AUDIT_LLM_MODEL = "tiny"
    with fake_llm(capable) as server, pytest.raises(SystemExit):
        settings.LLM_BASE_URL = server.url
        call_command("check_llm")

    shown = capsys.readouterr().out
    assert "ok   judge: " in shown
    assert "  response format  json_schema" in shown
