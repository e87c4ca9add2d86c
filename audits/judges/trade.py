"""Whether a text speaks of HWA, or of the trade of those who run it."""

from __future__ import annotations

import re

from audits.judges.attacks import WRITE_REQUEST
from audits.judges.texts import Span, Text
from knowledge.hwa.terms import find_terms
from knowledge.hwa_terms import message_codes

OF_THE_TRADE = re.compile(
    r"\b(?:jobs?|jobstreams?|twsd|streams?|stream_\w+|tws|hwa|iws|hcl|ibm|plan|plans?|planos?"
    r"|symphony|workstations?|estac(?:ao|oes)|agentes?|agents?|master|mdm|fta|pools?|engine"
    r"|motor|schedulers?|agendador\w*|schedules?|conman|composer|planman|optman|ocli|batchman"
    r"|mailman|jobman|netman|jnextplan|resetplan|wappman|joblogs?|stdlist|logs?|fences?"
    r"|limit\w{0,2}|prioridade|priority|prompts?|resources?|recursos?|calend\w+|run ?cycles?"
    r"|ciclos?|depend\w+|predecess\w+|success?ors?|sucessor\w*|rerun\w*|reexecu\w+|abend\w*"
    r"|stuck|succ|rc|return code|exit code|codigo de retorno|deadlines?|prazos?|carry ?forward"
    r"|workload|malhas?|fluxos?|batch|lotes?|crit\w{3,6}|eventos?|event rules?|variab\w+"
    r"|variave\w+|tabelas?|tables?|databases?|banco|bd|db2|sql\w*|oracle|schemas?|discos?|disks?"
    r"|memoria|filesystem|files?|arquivos?|pastas?|director\w+|diretorios?|scripts?|comandos?"
    r"|commands?|senhas?|passwords?|certific\w+|ssl|tls|ports?|portas?|hosts?|hostname|ip"
    r"|servidor\w*|servers?|rede|network|dns|timeout|deadlock|lock\w*|backup|restore|switch\w*"
    r"|failover|dominio|domain|broker|dwc|console|consola|rest api|conex\w+|connection\w*"
    r"|contextroot|config\w+|wauser|usuarios? do banco|permiss\w+|permission\w*|security"
    r"|revisor\w*|producao|production|turnos?|shifts?"
    r"|reviewers?"
    r"|seguranca|upgrade\w*|fix pack|instal\w+|patch|plant(?:ao|oes)|on-?call|ramal|escala\w*"
    r"|sla|incident\w*|chamado|ticket|donos?|owners?|owned|falh\w+|fail\w*|erros?|errors?"
    r"|dura(?:cao|tion)\w*|prev\w*|execu\w+|rodad?a\w*|processo\w*|process|processes|tarefas?"
    r"|tasks?|rotinas?|shell|unix|linux|windows|z/?os|sap|sftp|ftp|java|jvm|liberty|memory|cpu"
    r"|signal|sinal|audit\w*|fila\w*|queue\w*|folders?|fuso|timezone|role\w*|access|acesso\w*"
    r"|version|versao|api keys?|orquestrador|orchestrator|tokens?|horario\w*|hold|ready|exec"
    r"|link\w*|unlink\w*|resync|histor(?:y|ic\w*)|retention|retenc\w+)\b"
)


_IS_A_QUESTION = re.compile(
    r"\?|\b(?:what|which|who|whom|whose|how|why|when|where|que|qual|quais|quem|como|quando|onde"
    r"|por que|quant\w+|list\w*|show|mostr\w+|explain|expli\w+|difference|diferenca|descrev\w+"
    r"|describe|oq|pq)\b"
)
NOT_UNDERSTOOD = re.compile(
    r"\b(?:could ?n[o']t understand|did ?n[o']t understand|do ?n[o']t understand|nao entendi"
    r"|nao compreendi|no entend\w+|don'?t know|do not know|nao sei|no se)\b"
)


_SAYS_HOW = re.compile(
    r"\b(?:conman|composer|planman|optman|ocli|jnextplan|resetplan|switchplan|wappman|datecalc"
    r"|evtsize)\b"
)


def asks_nothing(text: Text) -> Span | None:
    """An answer to nothing: a word or two stand for its question, and they name nothing of HWA."""
    asked = text.question
    is_more = len(_CONTENT.findall(asked)) > 2 or WRITE_REQUEST.match(asked)
    if is_more or OF_THE_TRADE.search(asked) or find_terms(asked) or text.asks_of_names:
        return None
    excused = text.is_honest_no or NOT_UNDERSTOOD.search(text.answer)
    shows_how = "`" in text.answer or _SAYS_HOW.search(text.answer)
    if excused or shows_how or message_codes(text.asked + text.written):
        return None
    return text.whole


_CONTENT = re.compile(r"[a-z]{3,}")


def beside(text: Text) -> Span | None:
    """Neither question nor answer has a word of HWA or of who runs it."""
    if not text.answer.strip() or NOT_UNDERSTOOD.search(text.answer):
        return None
    if OF_THE_TRADE.search(text.answer):
        return None
    if OF_THE_TRADE.search(text.question) and _IS_A_QUESTION.search(text.question):
        return None
    return None if text.asks_of_names or message_codes(text.written) else text.whole
