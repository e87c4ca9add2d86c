"""The frames of runs in the database: written in groups, read back one by one.

A row is one frame without `run_id`, `seq` and `client_id`, or a group of `stream` frames: then
`messages` holds their texts and `seq` is the last one's number.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tws.chat import conversations, news
from tws.models import Conversation, Message, RunEvent

Frame = dict[str, Any]
ENDS = frozenset({"message", "stopped", "error"})
"""The types of a run's last frame."""
KEPT = timedelta(days=1)
INTERRUPTED = "interrupted"
"""The trouble of an answer whose process died."""
NEWEST = 50
"""How many questions of a conversation a page shows, the last ones."""


# --- questions and answers ----------------------------------------------------------------------


def store_question(
    conversation: Conversation, run_id: uuid.UUID, text: str, client_id: str
) -> tuple[Message, bool] | None:
    """Store a question of the run, and with the first one its conversation; whether it is that.

    None when this `client_id` has asked already.
    """
    try:
        with transaction.atomic():
            title = partial(conversations.title_of, text, conversation.user_id)
            owned = {"agent_id": conversation.agent_id, "user_id": conversation.user_id}
            row, is_new = Conversation.objects.get_or_create(
                pk=conversation.pk, defaults=owned | {"title": title}
            )
            question = Message.objects.create(
                conversation=conversation,
                run_id=run_id,
                role=Message.Role.USER,
                client_id=client_id,
                text=text,
                outcome=Message.Outcome.RUNNING,
            )
            if not is_new:
                # Asked in a page that was open while another one deleted it: it is back.
                Conversation.objects.filter(pk=row.pk).update(
                    updated_at=timezone.now(), deleted_at=None, title=row.title or title()
                )
            news.tell(conversation)
    except IntegrityError:
        asked = Message.objects.filter(role=Message.Role.USER, client_id=client_id)
        if not (client_id and asked.filter(conversation=conversation).exists()):
            raise
        return None
    return question, is_new


def find_question(run_id: uuid.UUID) -> Message | None:
    asked = Message.objects.filter(role=Message.Role.USER, run_id=run_id)
    return asked.select_related("conversation").first()


def question_of(client_id: str, conversation: Conversation) -> Message:
    """The question that a `client_id` has asked."""
    asked = Message.objects.filter(role=Message.Role.USER, client_id=client_id)
    return asked.get(conversation=conversation)


def unanswered() -> models.QuerySet[Message]:
    """Questions whose run goes on, or was left behind by a process that is gone."""
    answers = Message.objects.filter(role=Message.Role.AGENT, run_id=models.OuterRef("run_id"))
    return Message.objects.filter(
        ~models.Exists(answers),
        role=Message.Role.USER,
        outcome__in=(Message.Outcome.RUNNING, Message.Outcome.STOPPED),
    )


def unknown(conversation: Conversation, known: Collection[uuid.UUID]) -> list[Message]:
    """The newest questions of a conversation, without those of known runs, oldest first."""
    asked = Message.objects.filter(conversation=conversation, role=Message.Role.USER)
    newest = asked.order_by("-pk")[:NEWEST]
    return [question for question in reversed(newest) if question.run_id not in known]


def ask_to_stop(conversation: Conversation) -> None:
    """Leave word for the process that answers this conversation's first open question."""
    first = unanswered().filter(conversation=conversation).order_by("pk").values("pk")[:1]
    Message.objects.filter(pk__in=first).update(outcome=Message.Outcome.STOPPED)


def asked_to_stop(run_ids: list[uuid.UUID]) -> list[uuid.UUID]:
    stopped = unanswered().filter(run_id__in=run_ids, outcome=Message.Outcome.STOPPED)
    return list(stopped.values_list("run_id", flat=True))


def settle(answer: Message, frames: list[Frame]) -> bool:
    """Write a run's end: its last frames, its answer, its question's outcome.

    False, and nothing is written, when somebody else has ended it.
    """
    of_run = Message.objects.filter(run_id=answer.run_id)
    try:
        with transaction.atomic():
            answer.save(force_insert=True)  # waits for whoever else is ending the run
            save({answer.run_id: frames})
            of_run.filter(role=Message.Role.USER).update(outcome=answer.outcome)
    except IntegrityError:
        if not of_run.filter(role=Message.Role.AGENT).exists():
            raise
        return False
    return True


# --- frames -------------------------------------------------------------------------------------


def save(frames: dict[uuid.UUID, list[Frame]]) -> None:
    """Write the frames of several runs, each run's in order, in one statement.

    Also when they were written already and the news of it was lost.
    """
    rows = [
        RunEvent(run_id=run_id, seq=seq, event=event)
        for run_id, its_frames in frames.items()
        for seq, event in _rows(its_frames)
    ]
    RunEvent.objects.bulk_create(rows, ignore_conflicts=True)


def _rows(frames: list[Frame]) -> Iterator[tuple[int, Frame]]:
    texts: list[str] = []
    for index, frame in enumerate(frames):
        if frame["type"] == "stream":
            texts.append(frame["message"])
            following = frames[index + 1 : index + 2]
            if not following or following[0]["type"] != "stream":
                yield frame["seq"], {"type": "stream", "messages": texts}
                texts = []
        else:
            yield frame["seq"], {key: value for key, value in frame.items() if key != "seq"}


def read(run_id: uuid.UUID, after: int) -> list[Frame]:
    """The frames after number `after`, up to the first that is not written yet."""
    found: list[Frame] = []
    rows = RunEvent.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")
    for seq, event in rows.values_list("seq", "event"):
        for frame in _frames(seq, event):
            if frame["seq"] == after + 1:
                found.append(frame)
                after += 1
    return found


def _frames(seq: int, event: Frame) -> Iterable[Frame]:
    if "messages" not in event:
        return [{"seq": seq, **event}]
    texts = event["messages"]
    first = seq - len(texts) + 1
    numbered = enumerate(texts, first)
    return [{"seq": number, "type": "stream", "message": text} for number, text in numbered]


def last_frame(run_id: uuid.UUID) -> Frame | None:
    """A run's end, once it is over; None when its frames are no longer kept."""
    last = RunEvent.objects.filter(run_id=run_id).order_by("-seq").first()
    return last.event if last else None


def streamed_text(frames: Iterable[Frame]) -> str:
    return "".join(frame["message"] for frame in frames if frame["type"] == "stream")


# --- what a crash leaves behind -----------------------------------------------------------------


def longest_run() -> timedelta:
    """No run is older than this: it waits for the ones before it, then has its own time."""
    seconds = (settings.CHAT_MAX_WAITING + 1) * settings.CHAT_RUN_SECONDS + 60
    return timedelta(seconds=seconds)


def was_cut_off(question: Message, is_live: Callable[[uuid.UUID], bool]) -> bool:
    """Whether the process that answered this open question is gone.

    With one web process that is every run it doesn't have; with several, one that is too old.
    """
    if is_live(question.run_id):
        return False
    return not settings.REDIS_URL or question.created_at < timezone.now() - longest_run()


def end_interrupted(question: Message) -> None:
    """End a run whose process is gone, with what it had said so far."""
    frames = read(question.run_id, 0)
    last = {
        "seq": len(frames) + 1,
        "type": "error",
        "code": "internal",
        "reason": INTERRUPTED,
        "message": interrupted(),
    }
    answer = Message(
        conversation_id=question.conversation_id,
        run_id=question.run_id,
        role=Message.Role.AGENT,
        text=streamed_text(frames),
        outcome=Message.Outcome.ERROR,
        trouble=INTERRUPTED,
    )
    settle(answer, [last])


def interrupted() -> str:
    return _("Interrupted when the server stopped. What had been written is below; ask again.")


def end_cut_off(conversation: Conversation, is_live: Callable[[uuid.UUID], bool]) -> None:
    """End what a restart has left open in a conversation."""
    for question in unanswered().filter(conversation=conversation):
        if was_cut_off(question, is_live):
            end_interrupted(question)


def purge() -> None:
    """Forget the frames that nobody resumes any more, and what was deleted an hour ago."""
    conversations.purge()
    RunEvent.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
