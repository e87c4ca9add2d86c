"""Texts that nobody will ever learn anything from: what a memory store collects beside knowledge.

Each ground says why such a text can be no knowledge: it is machinery or an error, it says nothing,
it speaks of those who talk, it says how the plan is without having read it, or it is about
something else than HWA. Evidence excuses what only wants a source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from audits.judges import Finding, MemoryUnderAudit
from audits.judges.attacks import WRITE_REQUEST
from audits.judges.speakers import leaked, own_instructions, progress, speakers
from audits.judges.texts import Span, Text
from audits.judges.trade import NOT_UNDERSTOOD, OF_THE_TRADE, asks_nothing, beside
from audits.judges.unread import live

SURE, LIKELY = 0.8, 0.7
Grounds = tuple[tuple[str, float, Callable[[Text], Span | None]], ...]


def junk(memory: MemoryUnderAudit) -> Iterator[Finding]:
    """The first ground on which the answer is no knowledge."""
    text = Text.of(memory)
    is_text = memory.answer is None
    is_unread = is_text and not memory.evidence
    grounds = ALWAYS + (OF_TEXTS if is_text else ()) + (UNREAD if is_unread else ())
    for code, confidence, finds in grounds:
        if span := finds(text):
            yield Finding(f"rules.{code}", text.written[slice(*span)][:200], "", "", confidence)
            return


# --- machinery and errors ------------------------------------------------------------------------

_MARKUP = re.compile(
    r"</?(?:think(?:ing)?|thoughts?|reasoning|reflection|scratchpad|analysis|plan_step"
    r"|tool_?\w{0,20}|function_?\w{0,20}|invoke|parameters?|observation"
    r"|final_answer)\b[^<>]{0,80}>|```\s?(?:tool_?\w{1,12}|function_?call|json_?call)\b|(?:\A"
    r"|\n)\s{0,4}(?:\W{0,3})(?:thought|action|action input"
    r"|observation)\W{0,3}:\s?\S[^\n]{0,300}\n\s{0,4}(?:\W{0,3})(?:action|action input"
    r"|observation|final answer)\W{0,3}:|\b(?:plan_query|search_memories|log|inspect|impact"
    r"|compare|resolve)\(\s?[\w\"'{]|\{\{[^{}]{1,200}\}\}|\$\{(?:answer|result|response)\}"
)
_CALL = re.compile(
    r"\W*(?:[\w ]{0,20}:\s?)?(?=[a-z]\w*[._]\w)[a-z][\w.]*\("
    r"(?:[^()]|\([^()]{0,200}\)){0,2000}\)\W*"
)


def _machinery(text: Text) -> Span | None:
    """What was meant for a program: thoughts, calls of tools, slots that nobody filled, JSON."""
    if found := _MARKUP.search(text.answer):
        return found.span()
    bare = re.sub(r"\A\s*```\w*\s*|\s*```\s*\Z", "", text.written).strip()
    if _CALL.fullmatch(bare) or (
        bare[:1] in {"{", "["} and bare[-1:] in {"}", "]"} and _is_json(bare)
    ):
        return text.whole
    return None


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


_CELL_ERROR = re.compile(
    r"#(?:ref|n/[ad]|valu[er]|valor|name\?|nome\?|div/0|nul[lo]|num|spill|calc|getting_data"
    r"|despejar|derrame|campo|field|blocked|unknown|busy)!?\??(?!\w)|#{4,}\s*\Z"
)
_FORMULA = re.compile(
    r"\s*[=+@-]\s*[a-z_.]{2,30}\(|\s*=\s*'?[\w ]{0,30}'?!?\$?[a-z]{1,3}\$?\d{1,7}\b"
)
_ERROR = re.compile(
    r"\W*(?:traceback \(most recent call last\)|(?:internal (?:server )?|unexpected |unknown "
    r"|fatal "
    r"|api |http |network |connection )?error\b\W|erro\b\W|falha (?:inesperada|interna"
    r"|desconhecida)\b|excecao\b\W|[a-z.]{0,60}(?:error"
    r"|exception)\s?:|http[ /\d.]{0,8}[45]\d\d\b|[45]\d\d (?:bad gateway|internal|service"
    r"|not found|gateway)|\{\s?\"?(?:error|detail|erro)\"?\s?:|null\W*\Z|none\W*\Z"
    r"|undefined\W*\Z|nan\W*\Z|\[object object\]|n/a\W*\Z|rate limit|timeout\W*\Z|(?:connection"
    r"|request|read) timed out|segmentation fault|[a-z.]{0,60}(?:connectionpool|timeout)\("
    r"|(?:connection|conexao) (?:refused|reset|recusada)\b|max retries exceeded\b|econn\w+)"
)
_FAILED = re.compile(
    r"\b(?:something went wrong|an? (?:\w+ ){0,2}(?:error|problem|exception"
    r"|issue) (?:has )?occurred|(?:ocorreu|houve|aconteceu|deu) (?:um |uma )?(?:erro|problema"
    r"|falha|excecao|algo errado)|(?:failed|unable) to (?:generate|produce|process|fetch"
    r"|complete|load|get a)\b|(?:nao (?:consegui|foi possivel|pude)|falha ao"
    r"|erro ao) (?:processar|gerar|concluir|completar|obter|carregar)|(?:could ?n[o']t|cannot"
    r"|can't) (?:process|complete|generate)|(?:please )?(?:try|retry) (?:it )?(?:again|later)"
    r"|tente (?:de novo|novamente|outra vez|mais tarde)|(?:server|service|model|servico|servidor"
    r"|modelo) (?:is |esta )?(?:busy|overloaded|unavailable|ocupado|sobrecarregado|indisponivel)"
    r"|no response|sem resposta|quota exceeded|context length)\b"
)
_OF_THE_TALK = re.compile(
    r"\b(?:(?:your|the|this|that|seu|sua|teu|tua|o|a|esta|este|essa|esse|su) (?:request|response"
    r"|question|message|answer|prompt|input|pedido|solicitacao|requisicao|pergunta|resposta"
    r"|mensagem|solicitud|respuesta)|a response|an answer|uma resposta|(?:try"
    r"|retry) (?:it )?(?:again|later)|tente (?:de novo|novamente|outra vez|mais tarde))\b"
)


def _cell(text: Text) -> Span | None:
    """A spreadsheet's error, unless it is asked about, or formula."""
    found = _CELL_ERROR.search(text.answer) if len(text.answer) < 400 else None
    if found and found[0] not in text.question:
        return found.span()
    if found := _FORMULA.match(text.answer):
        return found.span()
    return None


def _failure(text: Text) -> Span | None:
    """What a program says when it did not get to answer."""
    if _ERROR.match(text.answer[:400]):
        return text.whole
    failed = _FAILED.search(text.answer) if len(text.answer) < 400 else None
    if failed and _OF_THE_TALK.search(text.answer) and not text.names:
        return failed.span()
    return None


# --- answers that say nothing --------------------------------------------------------------------

_GREETING = re.compile(
    r"\W*(?:(?:hi|hello|hey|ola|oi|hola|bom dia|boa tarde|boa noite|good (?:morning|afternoon"
    r"|evening)|welcome|bem-vindo|thanks?(?: you)?|thank you|obrigad[oa]|de nada|you'?re welcome"
    r"|until (?:then|later)|ate (?:logo|mais)|tchau|bye|goodbye|ok|okay|certo|entendi|sure|claro"
    r"|there|tudo bem|how are you|how (?:can|may) i (?:help|assist)(?: you)?(?: today| now)?"
    r"|what can i do for you|em que posso (?:te |lhe )?(?:ajudar|ser util)(?: hoje)?"
    r"|como posso (?:te |lhe )?(?:ajudar|ser util)(?: hoje)?|posso ajudar|i am resync|i'm resync"
    r"|eu sou o resync|sou o resync|your assistant|seu assistente|and|e"
    r"|com mais alguma coisa)\b\W*){1,12}\Z"
)


_ELSEWHERE = re.compile(
    r"\W*(?:please )?(?:(?:see|refer to|vide|veja|ver|conforme|same as|as|como|igual (?:a|ao)"
    r"|[oa] mesm[oa])(?: (?:the|my|your|i|a|o|da|do|de|que|was|said|stated|mentioned|explained"
    r"|dito|mencionad\w|explicad\w|answer|message|reply|text|comment|resposta|mensagem|texto"
    r"|comentario)){0,3} (?:above|below|before|earlier|previous(?:ly)?|last|acima|abaixo|antes"
    r"|anterior(?:mente)?)(?: (?:answer|message|reply|one|time|resposta|mensagem))?|idem|ditto"
    r"|same(?: here| as before)?|ibid\w*|tbd|todo|to be (?:done|defined|confirmed)"
    r"|a (?:definir|confirmar|preencher)|pendente|placeholder|lorem ipsum.{0,300})\W*"
)


def _nothing(text: Text) -> Span | None:
    """No word, a greeting, or a word that it stands elsewhere."""
    short = text.answer if len(text.answer) < 300 else ""
    says = any(ch.isalnum() for ch in text.written)
    if says and not _GREETING.fullmatch(short) and not _ELSEWHERE.fullmatch(short):
        return None
    return 0, max(1, len(text.written))


_UNFINISHED = re.compile(
    r"(?:[,:(\[]|(?:\n\s*|[:;]\s+)(?:\d{1,2}[.)]|[-*•])|\s(?:the|an|and|or|than|because|your|its|their|whose|de|da|das|uma?|ou|que|com|em"
    r"|pelo|pela|pelos|pelas|seu|sua|porque))\Z"
)


def _broken_off(text: Text) -> Span | None:
    """It ends inside a sentence or a block of code."""
    end = text.answer.rstrip()
    if _UNFINISHED.search(end[-20:]) or end.count("```") % 2:
        return max(0, len(end) - 80), len(end)
    return None


_WORD = re.compile(r"\w+")
_COURTESY = frozenset({
    "you", "asked", "ask", "your", "question", "is", "was", "the", "a", "said", "say", "mensagem",
    "message", "recebida", "received", "recebido", "voce", "perguntou", "pergunta", "sua", "foi",
    "e", "o", "disse", "dizendo", "test", "teste", "echo", "eco", "ok", "got", "it", "recebi",
    "quer", "saber", "want", "wants", "know", "quis", "querendo", "wondering", "sobre", "about",
    "that", "que", "loud", "clear", "so", "entao", "would", "d", "like", "to", "gostaria", "de",
})  # fmt: skip
_YES_OR_NO = re.compile(r"\W*(?:yes|no|sim|nao|si)\b")


def _echo(text: Text) -> Span | None:
    """The question once more, whatever stands around it."""
    asked, said = _WORD.findall(text.question), _WORD.findall(text.answer)
    if not said or len(said) > 60 or _YES_OR_NO.match(text.answer):
        return None
    beyond = [word for word in said if word not in asked and word not in _COURTESY]
    if said == asked or (len(asked) >= 3 and not beyond and len(said) >= len(asked)):
        return text.whole
    return None


_REFUSES = re.compile(
    r"\b(?:(?:can ?not|can't|could ?n[o']t|unable to|not able to|won't|will not"
    r"|not allowed to)(?: \w+){0,2} (?:help|assist|comply|answer|process|fulfil\w*|continue"
    r"|proceed|provide|respond|do that|do this)|nao (?:posso|consigo|poderei|vou|e possivel"
    r"|estou autorizad[oa] a|sou capaz de)(?: \w+){0,1}? (?:ajudar|auxiliar|atender|responder"
    r"|prosseguir|continuar|fornecer|cumprir|realizar|concluir|fazer isso|fazer isto)\w*"
    r"|(?:outside|beyond)(?: of)? (?:what i|my|the scope)\b|alem do que (?:eu )?posso\b"
    r"|fora d[oa] (?:meu |minha )?(?:escopo"
    r"|alcance|competencia)|(?:not"
    r"|isn't) something (?:that )?i(?: can|'m able)?|no (?:puedo|es posible) (?:ayudar|responder"
    r"|continuar|procesar)\w*)\b"
)
_OFFERS = re.compile(
    r"\b(?:i can|i only|you can|instead|posso|pergunte|use|mas posso|puedo|read-only)\b"
)
_IMPROPER = re.compile(
    r"\b(?:prompt|instructions?|instruc\w{2,4}|regras|rules|password|senha|token|secret\w*"
    r"|segredo|segredos|salary|salario|cpf)\b"
)


_OF_REFUSALS = re.compile(r"\b(?:access|acesso|permiss\w*|data|dados)\b")
_ONLY_ASKS = re.compile(r"(?:[^.!?\n]{1,300}\?\s*){1,4}")


def _asks_back(text: Text) -> Span | None:
    return text.whole if _ONLY_ASKS.fullmatch(text.answer.strip()) else None


def _refusal(text: Text) -> Span | None:
    """A refusal that says neither why nor what else, to what might well have been answered."""
    refuses = _REFUSES.search(text.answer)
    if len(text.answer) > 200 or not (refuses or text.is_honest_no):
        return None
    was_right = WRITE_REQUEST.match(text.question) or _IMPROPER.search(text.question)
    if was_right or NOT_UNDERSTOOD.search(text.answer) or text.names:
        return None
    said_more = _OFFERS.search(text.answer, refuses.end() if refuses else 0)
    speaks_of_it = OF_THE_TRADE.search(_OF_REFUSALS.sub("", text.answer))
    return None if said_more or speaks_of_it else text.whole


ALWAYS: Grounds = (
    ("empty", LIKELY, _nothing),
    ("machinery", SURE, _machinery),
    ("cell", LIKELY, _cell),
    ("own_instructions", SURE, leaked),
)
OF_TEXTS: Grounds = (("broken_off", LIKELY, _broken_off),)
"""Only of answers without parts: those are whole by their parts, and may end in words of a log."""
UNREAD: Grounds = (
    ("own_instructions", SURE, own_instructions),
    ("failure", LIKELY, _failure),
    ("echo", LIKELY, _echo),
    ("refusal", LIKELY, _refusal),
    ("asks_back", LIKELY, _asks_back),
    ("progress", LIKELY, progress),
    ("speakers", LIKELY, speakers),
    ("live", LIKELY, live),
    ("beside", LIKELY, beside),
    ("asks_nothing", LIKELY, asks_nothing),
)
"""Only of answers without evidence: a source makes up for how they are worded."""
