"""Answers that claim nothing: refusals, "I don't know", "I could not understand"."""

from __future__ import annotations

import re

from knowledge.folding import fold

_LONGEST = 600
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
    r"|read-only"
    r"|please rephrase|reformule|fora do meu alcance|nao e permitido|not allowed to)\b"
)


def is_honest_no(answer: str) -> bool:
    """Whether the whole answer is an honest no: short, and nothing claimed beside the refusal."""
    folded = fold(answer[: _LONGEST + 1])
    return len(answer) <= _LONGEST and _HONEST_NO.search(folded) is not None
