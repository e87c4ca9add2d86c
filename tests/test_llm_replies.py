"""An endpoint's bytes become a reply, in all the ways in which endpoints write them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.llm.errors import LLMBadReply, LLMBrokenOff, LLMError, LLMRefused, LLMUnavailable
from knowledge.llm.events import Events
from knowledge.llm.held_calls import HeldCalls
from knowledge.llm.replies import Incoming
from knowledge.llm.spoken import Spoken, calls_in
from knowledge.llm.types import Asked

ANSWER = "Há 3 jobs em ABEND ✅."
TOOLS = [{"function": {"name": name}} for name in ("count_jobs", "engine_info")]
ASKED = Asked([], 500, None, 0.0, "tiny", TOOLS, "chat", streamed=True)


def chunk(delta=None, finish=None, **more):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} | more


def said(text=ANSWER, step=5):
    return [chunk({"content": text[at : at + step]}) for at in range(0, len(text), step)]


def sse(*events, end="\n\n", before="data: ", done=True):
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"{before}{text}{end}" for text in [*texts, "[DONE]"][: None if done else -1])


def read(body, *, held=False, asked=ASKED, size=None):
    """What was shown, and the reply."""
    data = body if isinstance(body, bytes) else body.encode()
    events, incoming, shown = Events(), Incoming(asked, held=held), []
    pieces = [data[at : at + size] for at in range(0, len(data), size)] if size else [data]
    for piece in pieces:
        shown += [incoming.add(event) for event in events.feed(piece)]
    shown += [incoming.add(event) for event in events.end()]
    shown += incoming.rest()
    return "".join(shown), incoming.reply()


# --- events -----------------------------------------------------------------------------------

WHOLE = [*said(), chunk(finish="stop")]
PRETTY = json.dumps(chunk({"content": ANSWER}, "stop"), indent=1).replace("\n", "\ndata: ")

WRITTEN = {
    "as specified": sse(*WHOLE),
    "CR LF": sse(*WHOLE, end="\r\n\r\n"),
    "CR": sse(*WHOLE, end="\r\r"),
    "no blank line between events": sse(*WHOLE, end="\n"),
    "no space": sse(*WHOLE, before="data:"),
    "no [DONE]": sse(*WHOLE, done=False),
    "no line end after the last": sse(*WHOLE, done=False).rstrip("\n"),
    "an event of several lines": sse(PRETTY),
    "comments and other fields": ": waiting\n\nevent: message\nid: 7\nretry: 9\n" + sse(*WHOLE),
    "empty events": "data:\n\n" + sse(*WHOLE, end="\n\ndata:\n\n"),
    "a byte order mark": "\ufeff" + sse(*WHOLE),
    "values that are no objects": sse(*said(), "[]", "null", '"ok"', "7", chunk(finish="stop")),
    "empty lines first": "\n\n \n" + sse(*WHOLE),
    "empty lines, then whole": "\n\r\n \n" + json.dumps(
        {"choices": [{"message": {"content": ANSWER}, "finish_reason": "stop"}]}),
    "heartbeats": sse("ping", *said(), "[KEEP-ALIVE]", chunk(finish="stop")),
    "its end in small letters": sse(*WHOLE, "[done]", done=False),
    "a null in words": sse(*[one | {"choices": [one["choices"][0] | {"finish_reason": "null"}]}
                             for one in said()], chunk(finish="stop")),
    "all once more in the last piece": sse(*said(), chunk({"content": ANSWER}, "stop")),
    "reasoning in parts": sse(chunk({"content": [{"type": "reasoning", "text": "I guess 17."}]}),
                              *WHOLE),
    "reasoning in details": sse(chunk({"reasoning_details": [{"text": "I guess 17."}]}), *WHOLE),
    "no choices": sse({"choices": []}, {"choices": None}, {"choices": {}}, *WHOLE),
    "an empty delta at the end": sse(*said(), chunk(None, "stop")),
    "a finish that comes twice": sse(*WHOLE, chunk({"content": ""}, "stop")),
    "messages instead of deltas": sse({"choices": [{"message": {"content": ANSWER},
                                                    "finish_reason": "STOP"}]}),
    "all once more at the end": sse(*said(), chunk({}, "stop")).replace(
        '"delta": {}', f'"delta": {{}}, "message": {{"content": "{ANSWER}"}}'
    ),
    "whole, not a stream": json.dumps({"choices": [{"message": {"content": ANSWER},
                                                    "finish_reason": "stop"}]}, indent=1),
    "parts": sse(chunk({"content": [{"type": "thinking", "thinking": "hm"}]}),
                 chunk({"content": [{"type": "text", "text": ANSWER}]}), chunk(finish="stop")),
    "strings as parts": sse(chunk({"content": [ANSWER[:4], {"text": ANSWER[4:]}, 7]}, "stop")),
    "reasoning": sse(*[chunk({name: "I guess 17."}) for name in ("reasoning_content", "reasoning")],
                     *WHOLE),
    "thoughts": sse(*said("<think>\nI guess 17. <b>\n</think>\n\n" + ANSWER), chunk(finish="stop")),
    "thoughts in capitals": sse(*said(f"<THINK>17</Think>{ANSWER}"), chunk(finish="stop")),
    "thoughts of Magistral": sse(*said(f"[THINK]17[/THINK]{ANSWER}"), chunk(finish="stop")),
    "channels": sse(*said(f"<|channel|>analysis<|message|>17<|end|><|channel|>final<|message|>"
                          f"{ANSWER}"), chunk(finish="stop")),
    "objects without `data:`": ": waiting\n\n" + sse(*WHOLE, before="", done=False),
    "an object a line": sse(*WHOLE, before="", end="\n", done=False),
    "a list of objects": json.dumps(WHOLE),
    "completions without chat": sse(*[
        {"choices": [{"index": 0, "text": ANSWER[at : at + 9], "finish_reason": None}]}
        for at in range(0, len(ANSWER), 9)], {"choices": [{"text": "", "finish_reason": "stop"}]}),
    "text instead of content": sse(*[chunk({"text": ANSWER[at : at + 9]})
                                     for at in range(0, len(ANSWER), 9)], chunk(finish="stop")),
    "text in an object": sse(chunk({"content": [{"type": "text", "text": {"value": ANSWER}}]}),
                             chunk(finish="stop")),
    "thoughts of Kimi": sse(*said(f"◁think▷17◁/think▷{ANSWER}"), chunk(finish="stop")),
    "thoughts of Cohere": sse(*said(f"<|START_THINKING|>17<|END_THINKING|>{ANSWER}"),
                              chunk(finish="stop")),
    "thoughts with letters that grow": sse(*said(f"<think>İİİ İİİ</think>{ANSWER}"),
                                           chunk(finish="stop")),
    "two values in one line": sse(f"{json.dumps(WHOLE[0])}{json.dumps(WHOLE[1])}", *WHOLE[2:]),
    "another answer between": sse(*[one for text in WHOLE for one in (
        text, {"choices": [{"index": 1, "delta": {"content": "I guess 17."},
                            "finish_reason": "length"}]})]),
    "another answer beside it": sse(*[
        {"choices": [text["choices"][0], {"index": 1, "delta": {"content": "17"}}]}
        for text in WHOLE]),
    **{f"a template's {end}": sse(*said(f"{ANSWER}{end}\n"), chunk(finish="stop")) for end in (
        "<|im_end|>", "<|eot_id|>", "</s>", "<|end_of_text|>", "<end_of_turn>", "</s></s>")},
    "a template's ends around thoughts": sse(
        *said(f"17<|im_end|>\n</think>{ANSWER}<|im_end|>"), chunk(finish="stop")),
    "thoughts without the opening tag": sse(*said(f"I guess 17.\n</think>\n{ANSWER}"),
                                            chunk(finish="stop")),
}  # fmt: skip


@pytest.mark.parametrize("size", [None, 1, 7])
@pytest.mark.parametrize("body", WRITTEN.values(), ids=WRITTEN)
def test_however_it_is_written_the_answer_is_read_and_no_thought_is_shown(body, size) -> None:
    shown, reply = read(body, held=True, size=size)

    assert (shown, reply.text) == (ANSWER, ANSWER)


@pytest.mark.parametrize("size", [None, 1, 7])
def test_halves_of_a_character_are_put_together(size) -> None:
    pieces = ["ok \\ud83d", "\\udc4d", "\\udc4d \\ud83d"]  # 👍, then halves without another
    events = [json.dumps(chunk({"content": "X"})).replace("X", piece) for piece in pieces]

    assert read(sse(*events, chunk(finish="stop")), size=size)[1].text == "ok 👍\ufffd \ufffd"


def test_half_a_character_costs_itself_and_a_number_is_its_digits() -> None:
    halves = [json.dumps(chunk({"content": "@"})).encode().replace(b"@", half)
              for half in (b"H\xc3", b"\xa1 ")]  # fmt: skip
    rest = sse(chunk({"content": 0}), chunk({"content": 3}), chunk({"content": " jobs"}, "stop"))

    shown, reply = read(b"".join(b"data: " + one + b"\n\n" for one in halves) + rest.encode())

    assert shown == reply.text == "H\ufffd\ufffd 03 jobs"


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": "9", "completion_tokens": None},
        {"prompt_tokens": 9.0, "completion_tokens": "n/a"},
        {"prompt_tokens": 9, "completion_tokens": -3},
        {"prompt_tokens": 9, "completion_tokens": 1e300},
        {"prompt_tokens": 9, "completion_tokens": [7]},
    ],
)
def test_tokens_that_are_no_number_are_none(usage) -> None:
    reply = read(sse(*WHOLE, {"choices": [], "usage": usage}))[1]

    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 0)


# --- not whole --------------------------------------------------------------------------------

PART = said("Há 3 jobs em ABEND: PAYROLL_CALC, INV")
BROKEN = {
    "no finish": (sse(*PART, done=False), "no_finish"),
    "no finish, but [DONE]": (sse(*PART), "no_finish"),
    "cut inside an event": (sse(*PART, done=False)[:-9], "no_finish"),
    "cut inside a tool call": (
        sse(chunk({"tool_calls": [{"function": {"name": "count_jobs", "arguments": '{"b'}}]})),
        "no_finish",
    ),
    "length": (sse(*PART, chunk(finish="length")), "length"),
    "max_tokens": (sse(*PART, chunk(finish="MAX_TOKENS")), "length"),
    "content filter": (sse(*PART, chunk(finish="content_filter")), "filter"),
    "a guardrail": (sse(*PART, chunk(finish="guardrail_intervened")), "filter"),
    "an unknown finish": (sse(*PART, chunk(finish="aborted")), "error"),
    "a null in words": (sse(*PART, chunk(finish="null")), "no_finish"),
    "only reasoning in details": (
        sse(chunk({"reasoning_details": [{"text": "hm"}]}, "stop")),
        "thoughts",
    ),
    "nothing": (sse(chunk(finish="stop")), "empty"),
    "white space": (sse(*said("\n \n"), chunk(finish="stop")), "empty"),
    "only thoughts": (sse(*said("<think>hm</think> "), chunk(finish="stop")), "thoughts"),
    "thoughts without an end": (sse(*said("<think>hm, "), chunk(finish="stop")), "thoughts"),
    "only reasoning": (sse(chunk({"reasoning_content": ANSWER}, "stop")), "thoughts"),
    "thoughts in the middle without an end": (
        sse(*PART, *said("<think>or was it 17?"), chunk(finish="stop")),
        "no_finish",
    ),
}


@pytest.mark.parametrize(("body", "how"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_whole_is_broken_off(body, how) -> None:
    with pytest.raises(LLMBrokenOff) as broken:
        read(body)
    assert broken.value.how == how


@pytest.mark.parametrize("field", ["content", "reasoning_content"])
def test_an_answer_without_end_is_broken_off(field, settings) -> None:
    settings.LLM_MAX_CHARACTERS = 1000

    with pytest.raises(LLMBrokenOff) as broken:
        read(sse(*[chunk({field: "word "})] * 300))
    assert broken.value.how == "endless"


@pytest.mark.parametrize(
    ("event", "error", "kind"),
    [
        ({"error": {"message": "CUDA out of memory", "code": 500}}, LLMUnavailable, "overloaded"),
        ({"error": {"message": "n_ctx exceeded", "code": 400}}, LLMRefused, "too_long"),
        ({"error": "something broke"}, LLMUnavailable, "overloaded"),
        ({"object": "error", "message": "no", "code": 400}, LLMRefused, "refused"),
        ({"type": "error", "error": {"type": "overloaded_error"}}, LLMUnavailable, "overloaded"),
        ({"msg": "no balance", "code": 429}, LLMUnavailable, "overloaded"),
        ({"error_code": 17, "error_msg": "daily quota", "status": 429}, LLMUnavailable, "quota"),
        ({"errors": [{"message": "no such model"}]}, LLMUnavailable, "overloaded"),
        ({"detail": {"reason": "engine stopped"}}, LLMUnavailable, "overloaded"),
        ({"detail": "Internal error"}, LLMUnavailable, "overloaded"),
        ({"message": "try later", "status": 429}, LLMUnavailable, "overloaded"),
        (chunk({}, "error") | {"error": {"message": "x", "code": "502"}}, LLMUnavailable,
         "overloaded"),
        ({"choices": [{"error": {"message": "x", "code": 502}}]}, LLMUnavailable, "overloaded"),
        ([{"error": {"message": "API key not valid", "code": 401}}], LLMUnavailable, "key"),
        (chunk({"refusal": "I can't go on with that."}, "stop"), LLMRefused, "declined"),
    ],
)  # fmt: skip
def test_an_error_in_a_stream_is_an_error_whatever_its_shape(event, error, kind) -> None:
    for body in (sse(*PART, event), json.dumps(event)):
        with pytest.raises(error) as raised:
            read(body)
        assert raised.value.kind == kind
        assert "HTTP" not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    ['event: error\ndata: {"message": "no"}\n\n', 'error: {"message": "no"}\n',
     "event: error\ndata: no\n\n", "event: error\ndata: no", "event:error\ndata: no\ndata: way\n\n",
     'event: error\ndata: {"message":\ndata: "no"}\n\n'],
)  # fmt: skip
def test_an_error_event_is_an_error(body) -> None:
    with pytest.raises(LLMUnavailable, match="no"):
        read(body)


@pytest.mark.parametrize(
    "body",
    ["<html>Sign in</html>", "", "Bad Gateway", '{"done": false}\n{"done": true}', "data: oops\n\n",
     "[" * 100_000, "data: " + "[" * 100_000 + "\n\n", b"\xff\xfe\x00"],
)  # fmt: skip
def test_what_is_no_answer_of_the_api_is_a_bad_reply(body) -> None:
    with pytest.raises((LLMBadReply, LLMBrokenOff)):
        read(body)


def test_a_bad_reply_is_told_in_its_own_words() -> None:
    with pytest.raises(LLMBadReply, match="a stream of events: upstream connect error"):
        read(": hello\n\nupstream connect error\nreset reason: overflow\n")


@pytest.mark.parametrize(
    "body",
    ['{"base_resp": {"status_msg": "insufficient balance"}, "choices": null}',
     '{"success": false, "reason": "insufficient balance"}',
     sse({"output": [{"text": "insufficient balance"}]})],
)  # fmt: skip
def test_what_holds_no_answer_is_told_too(body) -> None:
    with pytest.raises(LLMBadReply, match="insufficient balance"):
        read(body)


def test_a_line_that_does_not_end_is_refused() -> None:
    events = Events()

    with pytest.raises(LLMBadReply, match="4 MiB"):
        for _ in range(6):
            list(events.feed(b"data: " + b"x" * 1024 * 1024))


# --- tool calls -------------------------------------------------------------------------------

BY = '{"by": "status"}'


def piece(name=None, arguments="", **more):
    return more | {"function": {"name": name, "arguments": arguments}}


ONE = [("count_jobs", BY)]
TWO = [*ONE, ("engine_info", "{}")]
CALLS = {
    "in pieces": ([[piece("count_jobs", "", index=0, id="a")], [piece(arguments=BY[:5], index=0)],
                   [piece(arguments=BY[5:], index=0)]], ONE),
    "no index": ([[piece("count_jobs", BY, id="a")], [piece("engine_info", "{}", id="b")]], TWO),
    "no index, in pieces": ([[piece("count_jobs", BY[:5], id="a")], [piece(arguments=BY[5:])],
                             [piece("engine_info", "{}", id="b")]], TWO),
    "index always 0": ([[piece("count_jobs", BY, index=0, id="a")],
                        [piece("engine_info", "{}", index=0, id="b")]], TWO),
    "index always 0 and no id": ([[piece("count_jobs", BY, index=0)],
                                  [piece("engine_info", "{}", index=0)]], TWO),
    "index as text": ([[piece("count_jobs", BY, index="0")]], ONE),
    "index from 1": ([[piece("count_jobs", BY, index=1)]], ONE),
    "neither index nor id": ([[piece("count_jobs", BY), piece("engine_info", "{}")]], TWO),
    "name in each piece": ([[piece("count_jobs", BY[:5], index=0, id="a")],
                            [piece("count_jobs", BY[5:], index=0, id="a")]], ONE),
    "name and another id in each piece": ([[piece("count_jobs", BY[:5], index=0, id="a")],
                                           [piece("count_jobs", BY[5:], index=0, id="b")]], ONE),
    "arguments as an object": ([[piece("count_jobs", {"by": "status"}, index=0)]], ONE),
    "arguments encoded twice": ([[piece("count_jobs", json.dumps(BY), index=0)]], ONE),
    "a name with its namespace": ([[piece("functions.count_jobs", BY, index=0)]], ONE),
    "no arguments": ([[piece("count_jobs", BY, index=0)],
                      [piece("engine_info", None, index=1)]], TWO),
    "one id for all": ([[piece("count_jobs", BY, index=0, id="a"),
                         piece("engine_info", "{}", index=1, id="a")]], TWO),
    "one id for all and no index": ([[piece("count_jobs", BY, id="a")],
                                     [piece("engine_info", "{}", id="a")]], TWO),
    "name and id again at the end": ([[piece("count_jobs", BY, index=0, id="a")],
                                      [piece("count_jobs", "", index=0, id="a")]], ONE),
    "all once more at the end": ([[piece("count_jobs", BY[:5], index=0, id="a")],
                                  [piece(arguments=BY[5:], index=0)],
                                  [piece("count_jobs", BY, index=0, id="a")]], ONE),
    "one id, one name, one index": ([[piece("count_jobs", BY, index=0, id="a")],
                                     [piece("count_jobs", "{}", index=0, id="a")]],
                                    [*ONE, ("count_jobs", "{}")]),
    "encoded twice, without index and id": (
        [[piece("count_jobs", json.dumps(BY)), piece("engine_info", '"{}"')]], TWO),
    "without the inner object": ([[{"index": 0, "name": "count_jobs", "arguments": BY}]], ONE),
    "an empty id": ([[piece("count_jobs", BY, index=0, id="")]], ONE),
    "odd entries": ([[None, 7, {"function": None}, piece("count_jobs", BY, index=0)]], ONE),
}  # fmt: skip


@pytest.mark.parametrize(("pieces", "wanted"), CALLS.values(), ids=CALLS)
def test_tool_calls_are_put_together(pieces, wanted) -> None:
    events = [chunk({"content": None, "tool_calls": one}) for one in pieces]

    reply = read(sse(*events, chunk(finish="tool_calls")))[1]

    assert [(call.name, call.arguments) for call in reply.tool_calls] == wanted
    ids = [call.id for call in reply.tool_calls]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_no_id_is_given_twice_in_one_talk() -> None:
    before = [{"role": "assistant", "tool_calls": [{"id": "a"}, {"id": "call00000"}]}]
    again = [piece("count_jobs", BY, index=0, id="a"), piece("engine_info", "{}", index=1, id="b")]

    reply = read(
        sse(chunk({"tool_calls": again}, "tool_calls")), asked=replace(ASKED, messages=before)
    )[1]

    assert [call.id for call in reply.tool_calls] == ["call00001", "b"]


@pytest.mark.parametrize("cut", [None, 7])
def test_the_older_function_call_is_one_too(cut) -> None:
    deltas = [{"name": "count_jobs", "arguments": BY[:cut]}, {"arguments": BY[cut:] if cut else ""}]

    reply = read(
        sse(*[chunk({"function_call": one}) for one in deltas], chunk(finish="function_call"))
    )[1]

    assert [(call.name, call.arguments) for call in reply.tool_calls] == ONE


CALL = json.dumps({"name": "count_jobs", "arguments": {"by": "status"}})
AS_TEXT = {
    "tags": f"<tool_call>\n{CALL}\n</tool_call>",
    "tags without an end": f"<tool_call>{CALL}",
    "bare": CALL,
    "a list": f"[{CALL}]",
    "fenced": f"```json\n{CALL}\n```",
    "Llama": '{"type": "function", "name": "count_jobs", "parameters": {"by": "status"}}',
    "Mistral": f"[TOOL_CALLS][{CALL}]",
    "python tag": f"<|python_tag|>{CALL}",
    "function": '<function=count_jobs>{"by": "status"}</function>',
    "as in the API": json.dumps({"tool_calls": [{"id": "a", "function": json.loads(CALL)}]}),
    "Cohere": f"<|START_ACTION|>[{CALL.replace('name', 'tool_name')}]<|END_ACTION|>",
}


@pytest.mark.parametrize("text", AS_TEXT.values(), ids=AS_TEXT)
def test_a_tool_call_written_as_text_is_called_and_never_shown(text) -> None:
    shown, reply = read(sse(*said(text), chunk(finish="stop")))

    assert (shown, reply.text.strip()) == ("", "")
    assert [(call.name, call.arguments) for call in reply.tool_calls] == ONE


def test_thoughts_that_were_shown_are_no_answer() -> None:
    with pytest.raises(LLMBrokenOff) as broken:
        read(sse(*said(f"<think>17</think>Or 18?</think>{ANSWER}"), chunk(finish="stop")))
    assert broken.value.how == "aloud"


def test_words_before_a_call_are_shown_without_it() -> None:
    shown, reply = read(sse(*said(f"Vou ver. <tool_call>{CALL}</tool_call>"), chunk(finish="stop")))

    assert (shown, len(reply.tool_calls)) == ("Vou ver. ", 1)


@pytest.mark.parametrize(
    "text",
    [f"Vou ver:\n```json\n{CALL}\n```", f"Vou ver: {CALL}", f"{CALL}\nEspero.",
     f'Action: ```json\n[{CALL.replace("name", "tool_name")}]\n```',
     f"<tools>\n{CALL}\n</tools>"],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 5, 1000])
def test_a_call_among_words_is_called_too_and_never_shown(step, text) -> None:
    shown, reply = read(sse(*said(text, step), chunk(finish="stop")))

    assert not set(shown) & set('`{"')
    assert [(call.name, call.arguments) for call in reply.tool_calls] == ONE
    assert reply.text == ""


@pytest.mark.parametrize(
    "text",
    ["<tool_call>count the jobs</tool_call>", '{"name": "drop_jobs", "arguments": {}}',
     'count_jobs(by="status")', "[count_jobs()]", "Action: count_jobs\nAction Input: {}",
     "I look.\nAction: count_jobs\nAction Input: {}",
     '```tool_code\ncount_jobs(by="status")\n```',
     "```tool_code\nprint(default_api.count_jobs(by='status'))\n```",
     '<tool_code>count_jobs(by="status")</tool_code>',
     '<x:tool_call><do name="count_jobs"></do></x:tool_call>',
     '<x:tool_call><invoke name="count_jobs"></invoke></x:tool_call>',
     CALL[:-2], f'{{"tool_calls": [{CALL}, {CALL}]}}', f"I look: {CALL[:-1]}",
     '<function_calls><invoke name="count_jobs"></invoke></function_calls>',
     '<invoke name="count_jobs"><parameter name="by">status</parameter></invoke>',
     '<|channel|>commentary to=functions.count_jobs <|message|>{"by": "status"}<|call|>'],
)  # fmt: skip
def test_a_call_that_cannot_be_obeyed_is_no_answer(text) -> None:
    with pytest.raises(LLMBadReply) as refused:
        read(sse(*said(text), chunk(finish="stop")))
    assert refused.value.kind == "tools"


@pytest.mark.parametrize(
    "text",
    ['{"status": "ABEND", "count": 3}', "[memory 1] says so.", "```\nconman sj\n```", "a < b [c]",
     "`count_jobs` counts.", "<b>3</b>", "Write </s> after it.", "<|im_end|> ends it",
     '{"name": "PAYROLL_CALC", "status": "ABEND"}', "<tools> are in the shed.",
     'So: {"name": "PAYROLL_CALC", "arguments": {"status": "ABEND"}}'],
)  # fmt: skip
def test_an_answer_that_only_begins_like_a_call_is_shown(text) -> None:
    shown, reply = read(sse(*said(text), chunk(finish="stop")))

    assert (shown, reply.text, reply.tool_calls) == (text, text, ())


# --- properties -------------------------------------------------------------------------------

_PIECES = st.lists(
    st.one_of(
        st.sampled_from([*AS_TEXT.values(), "<think>", "</think>", "<thi", "[", "{", "👍", "\ud83d",
                         "\udc4d", "</s>", "```json\n"]),
        st.text(max_size=8),
    ),
    max_size=8,
)  # fmt: skip


@given(pieces=_PIECES, held=st.booleans())
def test_what_is_shown_is_what_was_said_however_it_is_cut(pieces, held) -> None:
    spoken, whole = Spoken(held=held), Spoken(held=True)

    shown = "".join([*(spoken.feed(piece) for piece in pieces), *spoken.end()])
    whole.feed("".join(pieces))
    whole.end()

    assert spoken.text == whole.text
    assert "<think>" not in whole.text.lower()
    if not spoken.unopened:
        assert shown == spoken.text
    shown.encode()


_AMONG_WORDS = st.lists(
    st.sampled_from([CALL, '{"name": "A"}', "{{ q1.matched }}", "```json\n", "```", "`", "{", '"',
                     '{"status": {"name": "A"}}', "Two jobs ", "name", "\n", "[", "}"]),
    max_size=8,
)  # fmt: skip


@given(pieces=_AMONG_WORDS, step=st.integers(1, 9))
def test_words_pass_whole_and_a_call_is_never_begun(pieces, step) -> None:
    held, text = HeldCalls(), "".join(pieces)

    shown = "".join(held.feed(text[at : at + step]) for at in range(0, len(text), step))

    assert shown + held.end() == text
    if CALL in text:
        assert len(shown) <= text.index(CALL)


@pytest.mark.parametrize(
    "shown",
    [["{{ q1", ".matched }} jobs, ", "`JOB_A", "` too"],
     ['Its row: {"job": "A", "re', 'turn_code": 8}'],
     ["```sql\nselect", " 1\n", "``` so"],
     ["So ", '{"name": "A", "code": 8}', " it is"]],
)  # fmt: skip
def test_what_is_clear_is_shown_at_once(shown) -> None:
    held = HeldCalls()

    assert [held.feed(piece) for piece in shown] == shown


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [(['So {"name": "A"', ', "code": 8}'], ["So ", '{"name": "A", "code": 8}']),
     (["Look: ``", "`\nconman"], ["Look: ", "```\nconman"]),
     (["It is {", "{ q1.matched }}"], ["It is ", "{{ q1.matched }}"])],
)  # fmt: skip
def test_what_may_become_a_call_waits_for_the_next_piece(pieces, shown) -> None:
    held = HeldCalls()

    assert [held.feed(piece) for piece in pieces] == shown


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["choices", "delta", "message", "content", "tool_calls", "function",
                             "name", "arguments", "index", "id", "error", "usage", "text", "code",
                             "finish_reason", "model", "type", "detail", "refusal", "status"]),
            inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@given(values=st.lists(_JSON, max_size=4), deltas=st.lists(_JSON, max_size=4))
def test_nothing_an_endpoint_sends_raises_anything_but_an_llm_error(values, deltas) -> None:
    events = [*values, *({"choices": [{"delta": delta}]} for delta in deltas), chunk(finish="stop")]

    try:
        read(sse(*events))
    except LLMError as error:
        str(error).encode()


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_an_llm_error(body) -> None:
    try:
        read(body, size=3)
    except LLMError as error:
        str(error).encode()


@given(st.text(max_size=80))
def test_no_text_is_a_call_by_accident(text) -> None:
    assert calls_in(text) is None
