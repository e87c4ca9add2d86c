"""The chat's protocol, frame by frame."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError
from django.utils import timezone

from knowledge.models import Feedback, Kind, Memory
from tests.chat_client import AGENT, ENDS, Chat
from tests.fake_agent import TAKEN, FakeAgents, reading, understood, words
from tws.answers.events import Chunk, Failed, Final, RunStarted, ToolCall
from tws.chat import admission, frames, run_log, running, socket
from tws.chat.admission import Guest
from tws.database import Together, in_database
from tws.models import Agent, Conversation, Message, RunEvent
from tws.per_loop import PerLoop

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = uuid.UUID(int=7)


@pytest.fixture
async def chat(operator: User, agents: FakeAgents) -> AsyncIterator[Chat]:
    async with Chat(operator) as chat:
        yield chat


def types(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"] for frame in frames]


# --- a run --------------------------------------------------------------------------------------


async def test_info_comes_first_and_names_a_new_conversation(chat: Chat, operator: User) -> None:
    assert chat.info["type"] == "info"
    assert not await Conversation.objects.aexists()

    await chat.ask()

    conversation = await Conversation.objects.aget(pk=chat.info["conversation_id"])
    assert (conversation.user_id, conversation.agent_id) == (operator.pk, AGENT)


async def test_conversation_is_come_back_to_before_anything_was_asked(
    chat: Chat, operator: User
) -> None:
    async with Chat(operator, conversation=chat.conversation) as again:
        assert again.conversation == chat.conversation
        await again.ask()
    await chat.ask()

    assert await Conversation.objects.acount() == 1
    assert await Message.objects.acount() == 4


async def test_promised_conversation_is_nobody_elses_and_no_other_agents(
    chat: Chat, operator: User, admin_user: User
) -> None:
    for user, agent in ((admin_user, AGENT), (operator, "tws-troubleshooter")):
        async with Chat(user, agent, chat.conversation) as other:
            assert other.info["code"] == "not_found"
            assert (await other.ask())[-1]["code"] == "not_found"
    assert not await Conversation.objects.aexists()


async def test_frames_of_a_run_are_numbered_and_carry_its_ids(
    chat: Chat, agents: FakeAgents
) -> None:
    agents.script = reading("Two jobs failed.")

    frames = await chat.ask(client_id="c1")

    assert types(frames) == [
        "run_started", "tool_call", "tool_result", "stream", "stream", "stream", "message",
    ]  # fmt: skip
    assert [frame["seq"] for frame in frames] == list(range(1, 8))
    assert {frame["run_id"] for frame in frames} == {frames[0]["run_id"]}
    assert {frame["client_id"] for frame in frames} == {"c1"}


async def test_final_message_carries_html_sources_tools_and_memory(
    chat: Chat, agents: FakeAgents
) -> None:
    agents.script = reading("**Two** jobs failed.")

    *_, final = await chat.ask()

    assert final["is_final"] is True
    assert final["message"] == "**Two** jobs failed."
    assert final["html"].strip() == "<p><strong>Two</strong> jobs failed.</p>"
    assert final["sources"][0]["engine"] == "PROD"
    assert final["tools"][0]["tool"] == "count_jobs"
    memory = await Memory.objects.aget(pk=final["memory_id"])
    assert (memory.kind, memory.trust, memory.user_query) == (Kind.STATE, "new", "What failed?")


async def test_a_reply_tells_how_its_question_was_taken_and_the_next_one_finds_it(
    chat: Chat, agents: FakeAgents
) -> None:
    agents.script = understood("JOB_A failed.")

    *_, final = await chat.ask()
    await chat.ask("e o log dele?")

    assert final["understood"] == {
        "text": "jobs · terminou com erro", "parts": ["jobs", "terminou com erro"],
        "unused": ["sexta"], "removable": [],
    }  # fmt: skip
    assert (final["outcome"], final["claims"]) == ("partial", [])
    assert final["suggestions"] == ["why did JOB_A fail?"]
    assert [turn.understood for turn in agents.history] == [TAKEN]
    memory = await Memory.objects.aget(pk=final["memory_id"])
    assert (memory.user_query, memory.asked_as) == ("quais jobs falharam?", "What failed?")


async def test_streamed_pieces_joined_are_the_answer(chat: Chat) -> None:
    frames = await chat.ask()

    assert "".join(f["message"] for f in frames if f["type"] == "stream") == frames[-1]["message"]


async def test_text_that_is_not_json_is_a_question(chat: Chat, agents: FakeAgents) -> None:
    await chat.text("  Quais jobs falharam?")

    assert (await chat.until("message"))[-1]["client_id"] == ""
    assert agents.asked == ["  Quais jobs falharam?"]


async def test_question_and_answer_are_kept(chat: Chat) -> None:
    await chat.ask("Bad \x00 and \ud800", client_id="c1")

    asked, answer = [row async for row in Message.objects.order_by("id")]
    assert (asked.role, asked.text, asked.outcome) == ("user", "Bad \ufffd and \ufffd", "done")
    assert (answer.role, answer.text, answer.outcome) == ("agent", "Two jobs failed.", "done")
    assert answer.memory_id is not None
    conversation = await Conversation.objects.aget()
    assert conversation.title == "Bad \ufffd and \ufffd"


async def test_next_question_sees_the_earlier_ones(chat: Chat, agents: FakeAgents) -> None:
    await chat.ask("What failed?")
    await chat.ask("And its log?")

    assert [turn.question for turn in agents.history] == ["What failed?"]


async def test_who_answers_an_earlier_question_back_answers_as_of_then(
    chat: Chat, operator: User, agents: FakeAgents
) -> None:
    runs = [(await chat.ask(text, client_id=text))[-1]["run_id"] for text in ("q1", "q2", "q3")]

    await chat.ask("this one", client_id="c", answers=runs[1])
    seen = [turn.question for turn in agents.history]
    async with Chat(operator) as other:
        await other.ask("q1 of another", client_id="a")
        await other.ask("that one", client_id="b", answers=runs[1])

    assert seen == ["q1", "q2"]
    assert agents.history == []  # nobody's question back is answered from elsewhere


async def test_a_question_put_during_an_answer_sees_that_answer(
    chat: Chat, agents: FakeAgents
) -> None:
    agents.go.clear()
    await chat.send("message", text="What failed?")
    await chat.send("message", text="Why did the first one?")
    agents.go.set()
    for _ in range(2):
        await chat.until(*ENDS)

    assert [turn.question for turn in agents.history] == ["What failed?"]


# --- frames that are not obeyed -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "bad_json"),
        ('{"type": "message", "text": ' + "[" * 100_000, "bad_json"),
        ('{"type": "message", "text": 5}', "bad_json"),
        ('{"type": "message", "text": "  "}', "bad_json"),
        ('{"type": "message", "text": "x", "client_id": "' + "c" * 101 + '"}', "bad_json"),
        ("   ", "bad_json"),
        ("{}", "unknown_type"),
        ('{"type": ["message"]}', "unknown_type"),
        ('{"type": "launch"}', "unknown_type"),
        ('{"type": "resume", "run_id": "x", "last_seq": 0}', "bad_json"),
        (f'{{"type": "resume", "run_id": "{NOBODY}", "last_seq": 0}}', "not_found"),
        (f'{{"type": "feedback", "memory_id": "{NOBODY}", "rating": 1}}', "not_found"),
        (f'{{"type": "feedback", "memory_id": "{NOBODY}", "rating": 9}}', "bad_json"),
        ("x" * 10_001, "too_long"),
        ("x" * 1_000_000, "too_long"),
        ('{"type": "ping", "x": ' + "9" * 10_000 + "}", "bad_json"),
    ],
)  # fmt: skip
async def test_bad_frame_is_told_and_leaves_the_socket_open(
    chat: Chat, agents: FakeAgents, frame: str, code: str
) -> None:
    await chat.text(frame)
    error = await chat.receive()
    await chat.send("ping")

    assert (error["type"], error["code"]) == ("error", code)
    assert error["message"]
    assert await chat.receive() == {"type": "pong"}
    assert agents.asked == []


async def test_binary_frame_is_told_and_leaves_the_socket_open(chat: Chat) -> None:
    await chat.binary(b"\x00\xff")
    assert (await chat.receive())["code"] == "bad_frame"

    await chat.send("ping")
    assert (await chat.receive())["type"] == "pong"


async def test_longest_question_is_answered(chat: Chat) -> None:
    assert (await chat.ask("x" * 10_000))[-1]["type"] == "message"


# --- who may ------------------------------------------------------------------------------------


async def test_unknown_or_inactive_agent_closes_with_4404(operator: User) -> None:
    await Agent.objects.filter(pk=AGENT).aupdate(is_active=False)

    for agent in (AGENT, "nobody"):
        closed = await Chat(operator, agent).open()
        assert (closed["type"], closed["code"]) == ("websocket.close", 4404)


async def test_conversation_of_somebody_else_is_refused(chat: Chat, reviewer: User) -> None:
    frames = await chat.ask()
    await reviewer.groups.aadd(await Group.objects.aget(name="Operators"))

    async with Chat(reviewer, conversation=chat.conversation) as other:
        assert other.info["code"] == "forbidden"
        assert (await other.ask())[-1]["code"] == "forbidden"
    async with Chat(reviewer) as other:
        await other.send("resume", run_id=frames[0]["run_id"], last_seq=0)
        assert (await other.receive())["code"] == "forbidden"


@pytest.mark.parametrize("wanted", [str(NOBODY), "nonsense", "%00"])
async def test_unknown_conversation_is_not_found(operator: User, wanted: str) -> None:
    async with Chat(operator, conversation=wanted) as chat:
        assert chat.info["code"] == "not_found"
        await chat.send("ping")
        assert (await chat.receive())["type"] == "pong"


async def test_auditors_do_not_chat(auditor_user: User) -> None:
    async with Chat(auditor_user) as chat:
        assert chat.info["code"] == "forbidden"


async def test_role_taken_away_counts_on_an_open_socket(
    chat: Chat, operator: User, agents: FakeAgents
) -> None:
    group = await Group.objects.aget(name="Operators")
    await operator.groups.aremove(group)

    assert (await chat.ask(client_id="c9"))[-1]["code"] == "forbidden"
    assert agents.asked == []


async def test_many_who_ask_at_once_are_let_in_together_and_each_as_things_are_now(
    operator: User, auditor_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    real = admission.admitted

    def admitted(guests: Collection[Guest]) -> Any:
        looked_at.append(len(guests))
        return real(guests)

    monkeypatch.setattr(admission, "_admitted", PerLoop(lambda: Together(admitted)))
    guests = [Guest(user.pk, AGENT) for user in (operator, auditor_user)]
    guests += [Guest(operator.pk, f"none-{number}") for number in range(48)]
    first, *others = await asyncio.gather(*map(admission.admit, guests))
    await Agent.objects.filter(pk=AGENT).aupdate(is_active=False)

    assert isinstance(first, Agent)
    assert others == [admission.NO_ROLE] + 48 * [admission.NO_AGENT]
    assert looked_at == [50]
    assert await admission.admit(guests[0]) == admission.NO_AGENT


async def test_who_asks_while_others_are_looked_at_is_looked_at_after_them() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def look(keys: Collection[str]) -> dict[str, int]:
        begun.set()
        assert go_on.wait(60)
        return {key: len(keys) for key in keys}

    together = Together(look)
    first = asyncio.create_task(together.ask("a"))
    await asyncio.to_thread(begun.wait, 60)
    later = [asyncio.create_task(together.ask(key)) for key in ("a", "b", "c")]
    await asyncio.sleep(0)
    later[2].cancel()  # who goes away takes nobody along
    go_on.set()

    assert await first == 1
    assert await asyncio.gather(*later[:2]) == [3, 3]


async def test_what_a_look_dies_of_is_told_to_all_who_asked_and_the_next_one_is_made() -> None:
    answers = iter([OperationalError("away"), {"a": 1, "b": 2}])

    def look(keys: Collection[str]) -> dict[str, int]:
        match next(answers):
            case OperationalError() as error:
                raise error
            case found:
                return found

    together = Together(look)
    both = await asyncio.gather(together.ask("a"), together.ask("b"), return_exceptions=True)

    assert [type(error) for error in both] == 2 * [OperationalError]
    assert await together.ask("a") == 1


# --- once, stop, waiting ------------------------------------------------------------------------


async def test_repeated_client_id_replays_the_first_run(
    chat: Chat, agents: FakeAgents, operator: User
) -> None:
    first = await chat.ask(client_id="same")
    again = await chat.ask(client_id="same")
    async with Chat(operator, conversation=chat.conversation) as later:
        elsewhere = await later.ask("Other words", client_id="same")

    assert again == first == elsewhere
    assert len(agents.asked) == 1
    assert await Message.objects.acount() == 2


async def test_client_id_repeated_at_once_starts_one_run(
    chat: Chat, agents: FakeAgents, operator: User
) -> None:
    agents.go.clear()
    async with Chat(operator, conversation=chat.conversation) as second:
        for client in (chat, second, chat):
            await client.send("message", text="What failed?", client_id="same")
        await asyncio.sleep(0.2)
        agents.go.set()
        ends = [(await client.until(*ENDS))[-1] for client in (chat, second)]

    assert ends[0] == ends[1]
    assert len(agents.asked) == 1


async def test_stop_ends_the_agent_and_the_next_question_is_answered(
    chat: Chat, agents: FakeAgents
) -> None:
    agents.script = [RunStarted(AGENT, "rules"), Chunk("Two "), 30.0, Final("Two")]
    await chat.send("message", text="What failed?")
    await chat.until("stream")

    await chat.send("stop")
    last = (await chat.until("stopped"))[-1]

    assert (last["seq"], agents.stopped) == (3, 1)
    asked, answer = [row async for row in Message.objects.order_by("id")]
    assert (asked.outcome, answer.outcome, answer.text) == ("stopped", "stopped", "Two ")
    assert not await Memory.objects.aexists()
    agents.script = words("Fine.")
    assert (await chat.ask())[-1]["message"] == "Fine."


async def test_stop_right_after_the_question_is_never_lost(chat: Chat, agents: FakeAgents) -> None:
    agents.script = [RunStarted(AGENT, "rules"), Chunk("Two "), 300.0, Final("Two")]

    for _ in range(20):
        await chat.send("message", text="What failed?")
        await chat.send("stop")
        assert (await chat.until(*ENDS))[-1]["type"] == "stopped"

    assert agents.stopped == len(agents.asked)


@pytest.mark.parametrize("moment", ["not stored yet", "not begun yet"])
async def test_a_run_that_has_not_begun_is_stopped(
    moment: str, chat: Chat, operator: User, agents: FakeAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents.script = [RunStarted(AGENT, "rules"), 300.0, Final("Two")]
    agent = await Agent.objects.aget(pk=AGENT)
    conversation = Conversation(pk=chat.conversation, agent=agent, user=operator)
    runs, loop, store = running.runs(), asyncio.get_running_loop(), run_log.store_question

    def store_and_stop(*arguments: Any) -> Any:
        asyncio.run_coroutine_threadsafe(runs.stop(conversation), loop).result(10)
        return store(*arguments)

    if moment == "not stored yet":
        monkeypatch.setattr(run_log, "store_question", store_and_stop)
    question = frames.Ask(text="What failed?")
    run_id = await runs.ask(agent, conversation, operator, question, "en")
    if moment == "not begun yet":
        runs.stop_of(runs.guests())
    told = [json.loads(line) async for line in runs.follow(run_id, 0, operator)]

    assert types(told) == ["stopped"]
    assert agents.asked == []
    assert (await Message.objects.aget(role="agent")).outcome == "stopped"


async def test_stop_with_nothing_to_stop_says_nothing(chat: Chat) -> None:
    await chat.send("stop")
    await chat.send("ping")

    assert (await chat.receive())["type"] == "pong"


async def test_more_than_three_waiting_is_busy(chat: Chat, agents: FakeAgents) -> None:
    agents.go.clear()
    for number in range(4):
        await chat.send("message", text=f"Question {number}")
    await chat.send("message", text="One too many", client_id="c5")
    busy = await chat.receive()
    agents.go.set()
    ends = [(await chat.until(*ENDS))[-1]["type"] for _ in range(4)]

    assert (busy["code"], busy["client_id"]) == ("busy", "c5")
    assert ends == ["message"] * 4
    assert agents.asked == [f"Question {number}" for number in range(4)]


async def test_too_many_questions_a_minute_are_refused(chat: Chat, settings: Any) -> None:
    settings.CHAT_MESSAGES_PER_MINUTE = 2

    codes = [(await chat.ask())[-1].get("code") for _ in range(3)]

    assert codes == [None, None, "rate_limited"]


async def test_frames_of_any_kind_are_counted_and_the_socket_stays_open(
    operator: User, agents: FakeAgents, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHAT_FRAMES_PER_MINUTE = 6
    monkeypatch.setattr(socket, "PAUSE_SECONDS", 1.5)
    async with Chat(operator) as chat:
        for frame in ('{"type": "ping"}', "{", '{"type": "stop"}', "{}", "{", "{", "{", "{"):
            await chat.text(frame)
        answers = [await chat.receive() for _ in range(6)]

        assert [answer.get("code", "pong") for answer in answers] == [
            "pong", "bad_json", "unknown_type", "bad_json", "bad_json", "rate_limited",
        ]  # fmt: skip
        assert await chat.nothing()  # nor is the next one read before the pause is over
        assert (await chat.receive())["code"] == "rate_limited"


async def test_frame_that_a_bare_server_let_through_ends_the_socket(
    operator: User, agents: FakeAgents
) -> None:
    async with Chat(operator) as chat:
        await chat.text("x" * (frames.LONGEST_FRAME + 1))

        assert (await chat._socket.receive_output(5))["code"] == 1009


# --- errors of a run ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["hwa_unavailable", "llm_unavailable"])
async def test_failed_run_says_why(chat: Chat, agents: FakeAgents, code: Any) -> None:
    agents.script = [RunStarted(AGENT, "rules"), Failed(code, "HWA does not answer.")]

    *_, last = await chat.ask(client_id="c1")

    assert (last["type"], last["code"], last["seq"]) == ("error", code, 2)
    answer = await Message.objects.aget(role="agent")
    assert (answer.outcome, answer.trouble) == ("error", code)


@pytest.mark.parametrize("script", [[RuntimeError("a bug")], [RunStarted(AGENT, "rules")]])
async def test_bug_in_an_agent_is_an_internal_error(
    chat: Chat, agents: FakeAgents, script: Any
) -> None:
    agents.script = script

    *_, last = await chat.ask()

    assert (last["type"], last["code"]) == ("error", "internal")
    assert "a bug" not in last["message"]
    agents.script = words("Fine.")
    assert (await chat.ask())[-1]["message"] == "Fine."


async def test_frame_that_cannot_be_written_ends_its_own_run_only(
    chat: Chat, operator: User, agents: FakeAgents
) -> None:
    agents.script = [RunStarted(AGENT, "rules"), ToolCall("count_jobs", {"by": object()})]
    assert (await chat.ask())[-1]["code"] == "internal"

    agents.script = [RunStarted(AGENT, "rules"), Chunk("Two "), 1.0, Final("Two ")]
    await chat.send("message", text="What failed?")
    run_id = (await chat.until("stream"))[-1]["run_id"]
    await asyncio.sleep(running.SAVE_SECONDS + 0.3)

    assert [frame["type"] for frame in await in_database(run_log.read, run_id, 0)] == [
        "run_started", "stream",
    ]  # fmt: skip
    await chat.until("message")


class Full(Exception):
    sqlstate = "53100"


class ReadOnly(Exception):
    sqlstate = "25006"


@pytest.mark.parametrize(
    ("cause", "words"),
    [(Full(), "disk is full"), (ReadOnly(), "read-only"), (OSError(), "does not answer")],
)
async def test_database_that_takes_nothing_ends_the_run_and_is_told(
    chat: Chat, agents: FakeAgents, monkeypatch: pytest.MonkeyPatch, cause: Exception, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("no") from cause

    with monkeypatch.context() as broken:
        broken.setattr(run_log, "settle", refuse)
        *_, last = await chat.ask()

    assert (last["type"], last["code"]) == ("error", "internal")
    assert words in last["message"]
    assert (await chat.ask())[-1]["type"] == "message"


@pytest.mark.parametrize(
    ("cause", "words"),
    [(Full(), "disk is full"), (ReadOnly(), "read-only"), (OSError(), "does not answer")],
)
async def test_a_question_that_can_t_be_kept_is_told_why_by_its_own_id(
    chat: Chat, agents: FakeAgents, monkeypatch: pytest.MonkeyPatch, cause: Exception, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("no") from cause

    with monkeypatch.context() as broken:
        broken.setattr(run_log, "store_question", refuse)
        *_, last = await chat.ask(client_id="c1")

    assert (last["type"], last["code"], last["client_id"]) == ("error", "internal", "c1")
    assert words in last["message"]
    assert agents.asked == []


async def test_frames_wait_for_a_database_that_is_away(
    chat: Chat, agents: FakeAgents, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr("tws.chat.background.FIRST_PAUSE_SECONDS", 0.05)
    agents.script = [RunStarted(AGENT, "rules"), Chunk("Two "), 2.0, Final("Two ")]
    with monkeypatch.context() as broken:
        broken.setattr(run_log, "save", lambda frames: (_ for _ in ()).throw(RuntimeError("no")))
        await chat.send("message", text="What failed?")
        run_id = (await chat.until("stream"))[-1]["run_id"]
        await asyncio.sleep(running.SAVE_SECONDS + 0.2)
        assert "the writer of run frames has failed" in caplog.text
    await asyncio.sleep(running.SAVE_SECONDS + 0.6)

    assert len(await in_database(run_log.read, run_id, 0)) == 2
    await chat.until("message")


async def test_answer_without_end_is_cut_and_no_memory(
    chat: Chat, agents: FakeAgents, settings: Any
) -> None:
    settings.CHAT_MAX_ANSWER_CHARACTERS = 1_000
    pieces = [Chunk("0123456789" * 30)] * 10
    answer = "".join(piece.text for piece in pieces)
    agents.script = [RunStarted(AGENT, "rules"), *pieces, Final(answer)]

    found = await chat.ask()

    streamed = "".join(frame["message"] for frame in found if frame["type"] == "stream")
    assert streamed == found[-1]["message"]
    assert streamed.startswith(answer[:1_000] + "\n\n[This answer was longer")
    assert len(streamed) < 1_100
    assert found[-1]["memory_id"] is None
    assert not await Memory.objects.aexists()


# --- resume -------------------------------------------------------------------------------------


async def test_run_goes_on_when_the_socket_drops_and_resume_misses_nothing(
    operator: User, agents: FakeAgents
) -> None:
    pieces = [Chunk(f"w{n} ") for n in range(100)]
    script = [item for piece in pieces for item in (piece, 0.01)]
    agents.script = [RunStarted(AGENT, "rules"), *script, Final("".join(p.text for p in pieces))]
    async with Chat(operator) as chat:
        await chat.send("message", text="What failed?")
        seen = await chat.until("stream")
    await asyncio.sleep(0.3)

    async with Chat(operator, conversation=chat.conversation) as again:
        await again.send("resume", run_id=seen[0]["run_id"], last_seq=seen[-1]["seq"])
        rest = await again.until("message")

    assert [frame["seq"] for frame in [*seen, *rest]] == list(range(1, 103))
    assert agents.asked == ["What failed?"]


async def test_resume_of_a_finished_run_reads_it_from_the_database(chat: Chat) -> None:
    frames = await chat.ask(client_id="c1")

    await chat.send("resume", run_id=frames[0]["run_id"], last_seq=2)

    assert await chat.until("message") == frames[2:]
    await chat.send("resume", run_id=frames[0]["run_id"], last_seq=len(frames))
    assert await chat.nothing()


async def test_frames_reach_the_database_in_groups_while_the_run_goes_on(
    chat: Chat, agents: FakeAgents
) -> None:
    agents.script = [
        RunStarted(AGENT, "rules"),
        *(Chunk("w ") for _ in range(500)),
        1.0,
        Final("w"),
    ]
    await chat.send("message", text="What failed?")
    run_id = (await chat.until("run_started"))[-1]["run_id"]

    frames: list[dict[str, Any]] = []
    while len(frames) < 501:
        frames = await in_database(run_log.read, uuid.UUID(run_id), 0)
        await asyncio.sleep(running.SAVE_SECONDS / 4)
    assert await RunEvent.objects.acount() <= 5
    assert [frame["seq"] for frame in frames[:501]] == list(range(1, 502))
    await chat.until("message")


async def test_run_of_a_killed_process_is_an_error_at_the_next_look(
    chat: Chat, operator: User
) -> None:
    run_id = await foreign_run(chat, operator)
    frame = {"seq": 1, "type": "stream", "message": "Two "}
    await in_database(run_log.save, {run_id: [frame]})

    async with Chat(operator, conversation=chat.conversation) as again:
        await again.send("resume", run_id=str(run_id), last_seq=0)
        frames = await again.until("error")

    assert types(frames) == ["stream", "error"]
    assert (frames[-1]["code"], frames[-1]["reason"]) == ("internal", "interrupted")
    assert "when the server stopped" in frames[-1]["message"]
    answer = await Message.objects.aget(role="agent")
    assert (answer.outcome, answer.trouble, answer.text) == ("error", "interrupted", "Two ")


@pytest.mark.parametrize("seen", [1, 2, 5])
async def test_who_saw_more_of_a_killed_run_than_was_stored_is_told_its_end(
    seen: int, chat: Chat, operator: User
) -> None:
    run_id = await foreign_run(chat, operator)
    await in_database(run_log.save, {run_id: [{"seq": 1, "type": "stream", "message": "Two "}]})

    async with Chat(operator, conversation=chat.conversation) as again:
        await again.send("resume", run_id=str(run_id), last_seq=seen)
        end = await again.receive()

    assert (end["type"], end["code"], end["seq"]) == ("error", "internal", seen + 1)


async def test_old_frames_are_forgotten(chat: Chat) -> None:
    frames = await chat.ask()
    await RunEvent.objects.aupdate(created_at=timezone.now() - run_log.KEPT * 1.1)

    await in_database(run_log.purge)
    for seen in (0, 1):
        await chat.send("resume", run_id=frames[0]["run_id"], last_seq=seen)
        assert (await chat.receive())["code"] == "not_found"

    assert not await RunEvent.objects.aexists()


# --- several web processes ----------------------------------------------------------------------


async def foreign_run(chat: Chat, user: User) -> uuid.UUID:
    """A question that another web process is answering."""
    conversation = Conversation(pk=chat.conversation, agent_id=AGENT, user=user)
    run_id = uuid.uuid4()
    await in_database(run_log.store_question, conversation, run_id, "What failed?", "c1")
    return run_id


async def test_run_of_another_process_is_followed_to_its_end(
    chat: Chat, operator: User, settings: Any
) -> None:
    settings.REDIS_URL = "redis://several.example"
    run_id = await foreign_run(chat, operator)

    await chat.send("resume", run_id=str(run_id), last_seq=0)
    for seq in (1, 2):
        frame = {"seq": seq, "type": "stream", "message": "Two "}
        await in_database(run_log.save, {run_id: [frame]})
        assert (await chat.receive())["seq"] == seq
    conversation = await Conversation.objects.aget(pk=chat.conversation)
    answer = Message(conversation=conversation, run_id=run_id, role="agent", text="Two Two")
    await in_database(run_log.settle, answer, [{"seq": 3, "type": "message", "message": "Two Two"}])

    assert (await chat.receive())["seq"] == 3


async def test_stop_reaches_the_process_that_answers(
    chat: Chat, operator: User, agents: FakeAgents, settings: Any
) -> None:
    settings.REDIS_URL = "redis://several.example"
    run_id = await foreign_run(chat, operator)
    await chat.send("stop")
    await chat.send("ping")
    await chat.receive()
    assert await in_database(run_log.asked_to_stop, [run_id]) == [run_id]
    await Message.objects.all().adelete()

    agents.script = [RunStarted(AGENT, "rules"), Chunk("Two "), 30.0, Final("Two")]
    await chat.send("message", text="What failed?")
    await chat.until("stream")
    conversation = await Conversation.objects.aget(pk=chat.conversation)
    await in_database(run_log.ask_to_stop, conversation)

    assert (await chat.until(*ENDS))[-1]["type"] == "stopped"


# --- feedback, what is shown --------------------------------------------------------------------


async def test_feedback_is_kept_and_asks_for_an_audit(chat: Chat, operator: User) -> None:
    final = (await chat.ask())[-1]

    await chat.send("feedback", memory_id=final["memory_id"], rating=1, comment="this is wrong")
    await chat.send("ping")
    await chat.receive()

    given = await Feedback.objects.aget(memory=final["memory_id"])
    assert (given.rating, given.comment, given.user_id) == (1, "this is wrong", operator.pk)
    assert given.reported_at is not None


async def test_reason_of_a_failure_is_kept(chat: Chat, agents: FakeAgents) -> None:
    instead = ("What failed? (as last read)",)
    failed = Failed("hwa_unavailable", "HWA is down.", suggestions=instead)
    agents.script = [RunStarted(AGENT, "rules"), failed]

    *_, last = await chat.ask()

    kept = await Message.objects.aget(role="agent")
    assert kept.text == "HWA is down."
    assert last["suggestions"] == kept.suggestions == [*instead]


async def test_secrets_are_masked_in_all_that_is_shown(chat: Chat, agents: FakeAgents) -> None:
    agents.script = words("The log says\nPASSWORD = hunter2secret\nand then exits.")

    frames = await chat.ask()

    assert "hunter2" not in json.dumps(frames)
    assert "[masked: password]" in frames[-1]["message"]
    assert "hunter2" not in (await Message.objects.aget(role="agent")).text
