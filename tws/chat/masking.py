"""Answers as they may be shown: secrets masked, hidden characters visible, also while streaming."""

from __future__ import annotations

from knowledge.cleaning import clean
from knowledge.secrets import LONGEST_SIGN, find_secrets, mask_secrets, may_hold_secrets
from knowledge.visible import visible

_LOOKED_BACK = 300
"""How much of a line that was shown is looked at again: a secret's name stands close to it."""
_AT_ONCE = 1000
"""While no more than this is held back, each piece is looked at when it comes."""


def shown(text: str) -> str:
    """A whole answer as a person may see it."""
    return visible(mask_secrets(clean(text)))


class StreamMask:
    """The same for a text that comes in pieces.

    A piece passes at once unless its line may hold a secret; from there on whole words pass, and
    a secret's mask. What was held back comes with `rest()`.
    """

    def __init__(self) -> None:
        self._line = ""  # the text since the last line end that no secret crosses
        self._sent = 0  # how much of it was shown
        self._wary = False
        self._pieces: list[str] = []  # what came and was not looked at yet
        self._waiting = 0  # its length

    def feed(self, piece: str) -> str:
        self._pieces.append(piece)
        self._waiting += len(piece)
        held_back = len(self._line) - self._sent
        if held_back > _AT_ONCE and self._waiting * 4 < held_back:
            return ""  # ever larger portions: an endless word costs as much as it is long
        self._take()
        if not self._wary:
            self._wary = may_hold_secrets(self._line[max(0, self._sent - LONGEST_SIGN) :])
        if not self._wary:
            ready = self._line[self._sent :]
            self._forget(len(self._line))
            return visible(ready)
        return self._masked(_end_of_words(self._line))

    def _take(self) -> None:
        self._line += clean("".join(self._pieces))
        self._pieces, self._waiting = [], 0

    def rest(self) -> str:
        self._take()
        return self._masked(len(self._line), is_all=True) if self._sent < len(self._line) else ""

    def _masked(self, end: int, *, is_all: bool = False) -> str:
        pieces: list[str] = []
        for secret in find_secrets(self._line):
            if secret.end <= self._sent:
                continue
            if secret.end > end or (secret.end == len(self._line) and not is_all):  # may go on
                end = min(end, secret.start)
                break
            pieces += [self._line[self._sent : secret.start], f"[masked: {secret.kind}]"]
            self._sent = secret.end
        if end > self._sent:
            pieces.append(self._line[self._sent : end])
            self._sent = end
        self._forget_lines()
        return visible("".join(pieces))

    def _forget_lines(self) -> None:
        """Drop the whole lines that were shown; wariness ends with them."""
        line_end = self._line.rfind("\n", 0, self._sent) + 1
        if line_end:
            self._line, self._sent = self._line[line_end:], self._sent - line_end
            self._wary = may_hold_secrets(self._line)
        self._forget(self._sent)

    def _forget(self, sent: int) -> None:
        too_much = sent - _LOOKED_BACK
        self._sent = sent
        if too_much > 0:
            self._line, self._sent = self._line[too_much:], _LOOKED_BACK


def _end_of_words(text: str) -> int:
    """Where the last whole word of `text` ends; an unfinished one may be half a secret.

    What stands in quotes is one word.
    """
    last_line = text.rfind("\n") + 1
    if text.count('"', last_line) % 2:
        return text.rfind('"')
    return max(last_line, *(text.rfind(space) for space in " \t"))
