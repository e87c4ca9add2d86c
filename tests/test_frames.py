"""What clients may send, and what is written of what they get: any text, and back again."""

from __future__ import annotations

import json
import uuid
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from knowledge.cleaning import clean
from tws.chat import frames, run_log
from tws.chat.frames import Refused
from tws.chat.limits import FrameAllowance

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
some_texts = st.text(st.characters(exclude_categories=()))  # lone surrogates, too
fields = ("text", "client_id", "run_id", "last_seq", "memory_id", "rating", "comment")
almost_frames = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "stop", "resume", "feedback", "ping"]) | json_values},
    optional=dict.fromkeys(fields, json_values | some_texts),
)


@given(
    some_texts
    | some_texts.map(lambda text: "{" + text)
    | json_values.map(json.dumps)
    | almost_frames.map(json.dumps)
)
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    try:
        frames.parse(text)
    except Refused as refused:
        said = json.dumps(refused.frame())
        assert len(said) < 2_000
        said.encode()


questions = st.text(min_size=1, max_size=50).filter(lambda text: text.strip())


@given(questions, st.text(max_size=100), st.uuids(), st.integers(0, 2**31 - 1), st.integers(1, 5))
def test_valid_frames_are_read_as_they_were_written(
    text: str, name: str, some_id: uuid.UUID, number: int, rating: int
) -> None:
    def parsed(**fields: Any) -> dict[str, Any]:
        return frames.parse(json.dumps(fields, default=str)).model_dump()

    asked = parsed(type="message", text=text, client_id=name)
    said = {"text": clean(text), "client_id": clean(name), "without": None, "answers": None}
    assert asked == {"type": "message", **said}
    for sent in (
        {"type": "message", **said, "answers": some_id},
        {"type": "resume", "run_id": some_id, "last_seq": number},
        {
            "type": "feedback",
            "memory_id": some_id,
            "rating": rating,
            "comment": clean(name),
            "reason": "",
        },
        {"type": "ping"},
        {"type": "stop"},
    ):
        assert parsed(**sent) == sent


@pytest.mark.parametrize("character", ["x", "[", '"', "\\", "ã", "\U0001f600", "\n", "\x01"])
def test_longest_question_fits_however_it_is_spelt(character: str, settings: Any) -> None:
    text = "a" + character * (settings.CHAT_MAX_CHARACTERS - 2) + "z"

    for ensure_ascii in (True, False):
        frame = json.dumps({"type": "message", "text": text}, ensure_ascii=ensure_ascii)
        assert frames.parse(frame) == frames.Ask(text=text)


@pytest.mark.parametrize(
    "text", ['{"a": [' + "[]," * 30_000 + "[]]}", '{"a": "' + '\\"' * 50_000 + "[", '{"a": [' * 100]
)
def test_frame_of_many_lists_is_not_parsed(text: str) -> None:
    with pytest.raises(Refused) as refused:
        frames.parse(text)

    assert refused.value.code == "bad_json"


@pytest.mark.parametrize(
    "text",
    ['{"a": [' + "[]," * 333_000 + "[]]}", "{" * 1_000_000, " " * 1_000_000 + "{", "x" * 10_001],
)
def test_what_is_longer_than_any_frame_is_not_parsed(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames.json, "loads", lambda text: pytest.fail("it was parsed"))

    with pytest.raises(Refused) as refused:
        frames.parse(text)

    assert refused.value.code == "too_long"


# --- how often ----------------------------------------------------------------------------------


def test_a_minutes_frames_at_once_then_as_many_as_time_brings(settings: Any) -> None:
    settings.CHAT_FRAMES_PER_MINUTE = 60
    now = 0.0
    allowance = FrameAllowance(lambda: now)

    assert [allowance.allows(10) for _ in range(61)] == [True] * 60 + [False]
    now = 2.0
    assert [allowance.allows(10) for _ in range(3)] == [True, True, False]
    now = 1_000.0
    assert [allowance.allows(10) for _ in range(61)] == [True] * 60 + [False]


def test_long_frames_count_for_more(settings: Any) -> None:
    settings.CHAT_FRAMES_PER_MINUTE = 60
    allowance = FrameAllowance(lambda: 0.0)

    assert [allowance.allows(200_000) for _ in range(3)] == [True, True, False]


# --- the rows of a run --------------------------------------------------------------------------

pieces = st.text(max_size=5).map(clean)
run_frames = st.lists(
    pieces.map(lambda text: {"type": "stream", "message": text})
    | st.just({"type": "tool_call", "tool": "count_jobs", "arguments": {"by": "status"}})
    | pieces.map(lambda text: {"type": "message", "message": text}),
    max_size=20,
).map(lambda some: [{"seq": seq, **frame} for seq, frame in enumerate(some, 1)])


@pytest.mark.django_db
@hypothesis_settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(run_frames, st.lists(st.integers(0, 20)), st.integers(0, 20))
def test_frames_are_read_as_they_were_written_in_whatever_groups(
    some: list[dict[str, Any]], cuts: list[int], after: int
) -> None:
    run_id = uuid.uuid4()
    edges = sorted({0, len(some), *(cut for cut in cuts if cut < len(some))})

    for start, end in pairwise(edges):
        run_log.save({run_id: some[start:end]})
        run_log.save({run_id: some[start:end]})  # the news of the first was lost

    assert run_log.read(run_id, after) == some[after:]
