"""An answer as the grounds for junk read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from audits.judges import MemoryUnderAudit
from knowledge.folding import fold
from knowledge.hwa_terms import message_codes, object_names

MOST_TEXT = 20_000
MOST_SENTENCES = 200
Span = tuple[int, int]
_SENTENCE = re.compile(r"[^.!?\n]{3,600}(?:[.!?](?=\S)[^.!?\n]{1,600}){0,9}[?]?")

_LONGEST_NO = 600
_HONEST_NO = re.compile(
    r"\b(?:nao (?:posso|consigo|consegui|sei|entendi|compreendi|tenho (?:como|acesso|essa|esta"
    r"|informac\w*)|encontrei"
    r"|mostro|revelo|compartilho|divulgo|digo"
    r"|foi possivel|e possivel|ha (?:como|informac\w*|dados|registro)"
    r"|estou autorizad\w|tenho permiss\w*"
    r"|pude|localizei)"
    r"|(?:i )?(?:can ?not|can'?t|could ?n[o']t|am unable|was unable|do ?n[o']t (?:know|have"
    r"|understand|share|show|reveal|disclose)|did ?n[o']t (?:understand|find)"
    r"|won'?t|am not able|have no (?:data|information|access|way))|i'?m (?:unable|not able|sorry"
    r"|read-only)|i am (?:read-only|sorry)"
    r"|no (?:puedo|entiendo|entendi|se)|desculpe|lamento|sou somente leitura|somente leitura"
    r"|can only (?:read|look)|(?:so|apenas|somente) (?:posso |consigo )?(?:ler|leio"
    r"|consult\w+|vejo|ver)"
    r"|read-only"
    r"|please rephrase|reformule|fora do meu alcance|nao e permitido|not allowed to)\b"
)


_QUOTED = re.compile(r"(?<!\w)[\"“'‘«][^\"”'’»\n]{0,200}[\"”'’»](?!\w)")


def unquoted(text: str) -> str:
    """The text with blanks for what stands in quotation marks; an apostrophe is none."""
    return _QUOTED.sub(lambda quote: " " * len(quote[0]), text)


def is_honest_no(answer: str) -> bool:
    """Whether the whole answer is an honest no: short, and nothing claimed beside the refusal."""
    folded = fold(answer[: _LONGEST_NO + 1])
    return len(answer) <= _LONGEST_NO and _HONEST_NO.search(folded) is not None


@dataclass(frozen=True)
class Text:
    """Question and answer folded, and as they stand there (`asked`, `written`)."""

    asked: str
    written: str
    is_state: bool = False

    @classmethod
    def of(cls, memory: MemoryUnderAudit) -> Text:
        asked, written = memory.user_query[:MOST_TEXT], memory.agent_response[:MOST_TEXT]
        return cls(asked, written, memory.kind == "state")

    @cached_property
    def question(self) -> str:
        return fold(self.asked)

    @cached_property
    def answer(self) -> str:
        return fold(self.written)

    @property
    def whole(self) -> Span:
        return 0, len(self.written)

    @property
    def asks_of_names(self) -> bool:
        return bool(object_names(self.asked))

    @property
    def names(self) -> bool:
        """Whether the answer names an object or a message of HWA."""
        return bool(object_names(self.written) or message_codes(self.written))

    @cached_property
    def is_honest_no(self) -> bool:
        return is_honest_no(self.written)

    def sentences(self) -> Iterator[Span]:
        for number, sentence in enumerate(_SENTENCE.finditer(self.answer)):
            if number == MOST_SENTENCES:
                return
            yield sentence.span()
