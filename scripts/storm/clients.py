"""The load: people in the chat, reviewers who race, searches with ratings. A thread each."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from .records import ENDS, Frame, Question, Rated, Records, Tried

AGENT = "tws-analyzer"
QUESTIONS = (
    "Which jobs are in ABEND?",
    "How many jobs are there?",
    "What is running now?",
    "Quais jobs estão em hold?",
    "Which workstations are down?",
    "How do I see job number {n}?",
    "What waits for a resource?",
)
SILENCE_SECONDS = 40.0
"""No frame for so long on a socket that lives: something has been forgotten, however busy the
machine. What is forgotten later is found when the storm is over: a run without an end."""
CAN_HAPPEN = {200, 409, 429, 503}

Act = Callable[["Client"], None]


class Silent(Exception):
    """The socket lives, and what was promised does not come."""


class Client(threading.Thread):
    """Acts again and again until it is told to stop; an outage only makes it wait."""

    def __init__(
        self, name: str, address: str, token: str, known: Records, seed: str, over: threading.Event
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.address, self.token, self.known, self.over = address, token, known, over
        self.random = random.Random(f"{seed} {name}")  # noqa: S311  a storm that can be had again

    def act(self) -> None:
        raise NotImplementedError

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self.act()
            except Exception as error:  # noqa: BLE001  a thread of ours that dies is told, too
                self.known.faults.append(f"{self.name} met {type(error).__name__}: {error}")
            self.over.wait(self.random.uniform(0.0, 0.2))


# --- REST ---------------------------------------------------------------------------------------


class RestClient(Client):
    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=f"http://{self.address}", headers=headers, timeout=20) as http:
            self._http = http
            super().run()

    def ask(self, method: str, path: str, **more: Any) -> tuple[int | None, Any]:
        """Status and JSON; None where no whole answer came."""
        status: int | None = None
        body: Any = None
        try:
            answer = self._http.request(method, path, **more)
            status, body = answer.status_code, answer.json()
        except httpx.TransportError:
            self.over.wait(0.2)
        except ValueError:
            self.known.faults.append(f"{method} {path} was answered {status}, not in JSON")
        where = path if method == "GET" or "review" in path else "/api/memories/…/feedback"
        if status is not None and status not in CAN_HAPPEN:
            self.known.faults.append(f"{method} {where} was answered {status}: {body}")
        asked = f"{method} {where} {status or 'no answer'}"
        self.known.answers[asked] = self.known.answers.get(asked, 0) + 1
        return status, body


class Reviewer(RestClient):
    """Decides on what waits, often on what somebody else is deciding on."""

    def act(self) -> None:
        waiting = self.random.choice(["pending", "pending", "quarantined", "unverified"])
        status, page = self.ask("GET", "/api/audit/flags", params={"status": waiting, "limit": 5})
        if status != 200 or not page["items"]:
            self.over.wait(0.3)
            return
        item = self.random.choice(page["items"])
        action = self.random.choice(["approve", "reject"])
        note = f"{self.name} {uuid.uuid4()}"
        body = {"memory_id": item["memory_id"], "action": action, "note": note}
        status, _ = self.ask("POST", "/api/audit/review", json=body)
        self.known.decisions.append(Tried(item["memory_id"], action, note, status))


class Searcher(RestClient):
    """Searches, and rates what it finds."""

    def act(self) -> None:
        asked = f"How do I see job number {self.random.randrange(400)}?"
        status, found = self.ask("GET", "/api/memories/search", params={"q": asked, "limit": 10})
        if status != 200:
            return
        for hit in found["items"]:
            self.known.found[hit["memory_id"]] = hit["trust"]
        if found["items"] and self.random.random() < 0.3:
            memory_id = self.random.choice(found["items"])["memory_id"]
            rating = self.random.choice([1, 3, 4, 5])
            body = {"rating": rating, "comment": ""}
            status, _ = self.ask("POST", f"/api/memories/{memory_id}/feedback", json=body)
            self.known.ratings.append(Rated(memory_id, rating, status))


# --- the chat -----------------------------------------------------------------------------------


class Chatter(Client):
    """Asks one question after the other, comes back after each cut, and asks no question twice."""

    def run(self) -> None:
        self._socket: ClientConnection | None = None
        self._conversation = ""
        super().run()
        self._hang_up()

    def act(self) -> None:
        if self.random.random() < 0.1:
            self._hang_up()
            self._conversation = ""
        text = self.random.choice(QUESTIONS).format(n=self.random.randrange(400))
        self._carry_through(text, str(uuid.uuid4()))
        if self.random.random() < 0.1:
            self._hang_up()

    def _carry_through(self, text: str, client_id: str) -> None:
        """Until the question has its end, or the storm is over."""
        question: Question | None = None
        while not self.over.is_set():
            try:
                socket = self._called()
                if question is None or question.conversation != self._conversation:
                    question = Question(self._conversation, client_id)
                    self.known.questions.append(question)
                self._ask(socket, question, text)
                if self._hear(socket, question):
                    return
            except Silent as silent:
                self.known.faults.append(f"{self.name}: {silent}")
                self._hang_up()
            except (OSError, WebSocketException, TimeoutError):
                self._hang_up()
                self.over.wait(self.random.uniform(0.1, 0.5))

    def _ask(self, socket: ClientConnection, question: Question, text: str) -> None:
        """Ask; or, of an answer that has begun, only for the rest."""
        if question.frames and self.random.random() < 0.5:
            [run_id] = list(question.frames)[:1]
            wanted: Frame = {"type": "resume", "run_id": run_id, "last_seq": question.last_seq}
        else:
            question.start_over()
            wanted = {"type": "message", "text": text, "client_id": question.client_id}
            self.known.answers["questions sent"] = self.known.answers.get("questions sent", 0) + 1
        self._send(socket, wanted)

    def _hear(self, socket: ClientConnection, question: Question) -> bool:
        """Take frames to the run's end; False when the question has to be asked again."""
        until = time.monotonic() + SILENCE_SECONDS
        while not self.over.is_set():
            try:
                frame = json.loads(socket.recv(timeout=1))
            except TimeoutError:
                if time.monotonic() > until:
                    raise Silent(
                        f"question {question.client_id} has no end after frame "
                        f"{question.last_seq} of {list(question.frames)}"
                    ) from None
                continue
            until = time.monotonic() + SILENCE_SECONDS
            if "seq" in frame:
                if frame["client_id"] == question.client_id:
                    question.take(frame)
                    if frame["type"] in ENDS:
                        return True
            elif frame["type"] == "error":
                self._check_error(frame, question)
                self._hang_up()
                self.over.wait(self.random.uniform(0.2, 0.6))
                return False
        return False

    def _check_error(self, frame: Frame, question: Question) -> None:
        said = f"error {frame['code']}"
        self.known.answers[said] = self.known.answers.get(said, 0) + 1
        if frame["code"] == "not_found" and not question.frames:
            self._conversation = ""  # nothing of it was stored yet
        elif frame["code"] not in {"internal", "rate_limited", "busy"}:
            self.known.faults.append(f"question {question.client_id} met {frame}")
            self._conversation = ""

    def _called(self) -> ClientConnection:
        if self._socket is None:
            self._socket = call(self.address, self.token, self._conversation)
            frame = json.loads(self._socket.recv(timeout=SILENCE_SECONDS))
            if frame["type"] != "info":
                if frame["code"] == "not_found":
                    self._lose()
                raise ConnectionError(f"no conversation: {frame}")
            self._conversation = frame["conversation_id"]
        return self._socket

    def _lose(self) -> None:
        """A conversation exists once a question was taken; one that answered can't be gone."""
        asked = (one for one in self.known.questions if one.conversation == self._conversation)
        if any(one.frames for one in asked):
            self.known.faults.append(f"conversation {self._conversation} is gone")
        self._conversation = ""

    def _send(self, socket: ClientConnection, frame: Frame) -> None:
        socket.send(json.dumps(frame))

    def _hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError, WebSocketException):
                self._socket.close()
            self._socket = None


def call(address: str, token: str, conversation: str) -> ClientConnection:
    asked = f"?conversation={conversation}" if conversation else ""
    return connect(
        f"ws://{address}/ws/chat/{AGENT}/{asked}",
        additional_headers={"Authorization": f"Bearer {token}"},
        open_timeout=20,
        close_timeout=1,
        proxy=None,
    )
