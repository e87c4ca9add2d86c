"""Answers that say how the plan is, and nothing that they were read from."""

from __future__ import annotations

import re

from audits.judges.texts import Span, Text
from knowledge.hwa_terms import object_names

_NOW = (
    r"(?:agora(?: mesmo)?|neste momento|no momento|neste instante|hoje|ontem|esta (?:noite|manha"
    r"|tarde)"
    r"|nesta (?:noite|manha|tarde|madrugada)|anteontem|ha (?:\d+|dez|cinco|duas|dois|tres|poucos"
    r"|alguns) (?:minutos?|horas?|dias?)"
    r"|desde (?:as|ontem|hoje) ?\d{0,2}|daqui a|em instantes|ainda hoje|ate agora"
    r"|right now|now|currently|at the moment|at present|today|yesterday|tonight|last night"
    r"|this (?:morning|evening"
    r"|afternoon)|(?:\d+|few|ten|five|two|an?) (?:minutes?|hours?) ago|so far|since \d"
    r"|within the (?:hour|next)"
    r"|in the (?:last|next) (?:\d+ )?(?:minutes?|hours?)|ahora|ayer)"
)
_IS_SO = (
    r"(?:esta[oa]?|estao|segue\w?|continua\w?|ficou|ficaram|caiu|cairam|falh(?:ou|aram)"
    r"|abend(?:ou|aram|ed)"
    r"|termin(?:ou|aram)|acab(?:ou|aram)|rod(?:ou|aram|ando)|inici(?:ou|aram)|parou|pararam"
    r"|atras(?:ou|aram|ad\w+)"
    r"|houve|ha|tem|temos|sao|foi|foram|deve(?:m)? (?:terminar|acabar|iniciar|rodar)"
    r"|is|are|was|were|has|have|failed|abended|ended|finished|started|completed|stopped|running"
    r"|waiting|went)"
)
_LIVE = re.compile(rf"\b{_NOW}\b[^\n]{{0,200}}?\b{_IS_SO}\b|\b{_IS_SO}\b[^\n]{{0,200}}?\b{_NOW}\b")
_COUNTED = re.compile(
    r"\b(?:ha|existem|sao|temos|tem|foram|there (?:are|is|were|was)|we have|hay)(?: \w+){0,2} "
    r"(?:\d{1,6}|um|uma|dois|duas|tres|quatro|cinco|one|two|three|four|five|no|nenhum\w?|several"
    r"|varios"
    r"|varias)(?: \w+){0,2} "
    r"(?:jobs?|streams?|tarefas|estacoes|agentes|workstations?|agents?|fluxos|prompts?|runs?"
    r"|execucoes)"
    r"\b[^\n]{0,60}?\b(?:em|com|in|that|which|que|failed|running|waiting|late|atrasad\w+|falh\w+"
    r"|rodando"
    r"|parad\w+|aguardando|esperando|pending|stuck|abend\w*|hold|error|erro)\b"
    r"|\b\d{1,6}(?: (?:of|de|dos|out of)(?: the| os)? \d{1,6})? (?:jobs?|streams?) "
    r"(?:failed|abended|are|were|is|falharam|abendaram|estao|terminaram|rodaram|ficaram|finished"
    r"|ended)\b"
)
_IN_STATE = (
    r"(?:abend\w*|fail\w*|falh\w+|erro\w*|errors?|late|atras\w+|running|rod\w+|execut\w+|exec"
    r"|hold|ready|stuck|succ|parad\w+"
    r"|wait\w*|aguard\w+|esper\w+|pend\w+|offline|online|unlinked|linked|desconectad\w"
    r"|conectad\w|down|ended|finished"
    r"|terminaram|acabaram|cancel\w*|bloque\w+|blocked|trav\w+|abertos?|open|started|iniciaram"
    r"|caiu|cairam)"
)
_IN_IT = re.compile(
    rf"(?: is| are| was| has| esta| estao| ja| segue| continua)?(?: now| still| currently| agora"
    rf"| ainda| em| in| just| already"
    rf"| de novo)? {_IN_STATE}\b"
)
_HOW_TO = re.compile(
    r"\b(?:if|when|whenever|once|until|unless|se|quando|caso|sempre que|ate que|assim que|after"
    r"|before"
    r"|depois|apos|antes|se[nr]ao|can|must|pode\w*|deve-se|you should|should be|use|rode|execute"
    r"|veja|check"
    r"|verifique|means?|significa|quer dizer|conman|composer|command|comando|example|exemplo"
    r"|por exemplo"
    r"|todos os dias|todo dia|daily|diariamente|uteis|weekdays?|mondays?|segundas?|cada|every"
    r"|each|always|sempre|nunca|never|stops? being|any|qualquer|what|that shows|mostra|lista\w*"
    r"|shows|lists|ticket|incident\w*|called|named|chamad\w|supports?|suporta)\b"
)


_OBJECTS = (
    r"(?:jobs?|streams?|job streams?|tarefas?|rotinas?|fluxos?|malhas?|estac(?:ao|oes)|agentes?"
    r"|workstations?"
    r"|agents?|prompts?|recursos?|resources?|runs?|execucoes|predecessor\w*|depend\w+)"
)
_ASKS_STATE = re.compile(
    rf"\A\W*(?:e )?(?:quant[oa]s|qt[ao]s|how many|any|algum\w?|cuantos) {_OBJECTS}\b"
    rf"|\A\W*(?:e )?(?:quais|which|lista\w*(?: d?[eo]s)?|mostr\w+(?: os)?|list(?: \w+){{0,2}}"
    rf"|show(?: \w+){{0,2}}"
    rf"|que) (?:\w+ )?{_OBJECTS}\b[^\n]{{0,40}}\b{_IN_STATE}\b"
    r"|(?:\A|\W)(?:como (?:esta|estao|vai|anda|foi)|how (?:is|are|did)) (?!used|done|defined"
    r"|made)[\w#./ -]{2,50}\W*\Z"
    r"|(?:\A\W*|\b(?:qual (?:e )?o|what is the) )(?:status|situacao|estado)(?: (?:d[eoa]s?|of"
    r"|geral|atual)\b|\W*\Z)"
    r"|\A\W*(?:tem |ha |are there |is there )?(?:any|algum\w?|algo) "
    r"(?:problems?|failures?|issues?|problema\w*|falha\w*|erros?|errors?|parad\w|atras\w+)\b"
    r"|\b(?:o que|what)(?: \w+)? (?:falhou|parou|quebrou|caiu|rodou|rodando|failed|broke|stopped"
    r"|running|stuck|late"
    r"|happened|aconteceu|houve)\b"
    r"|\A\W*(?:is|are) (?:the |all )?[\w#./ -]{2,40} (?:up|down|linked|connected|available"
    r"|on time|online|offline)\W*\Z"
    r"|\b(?:ultim[oa]s?|last|latest|most recent|mais recente) (?:abends?|failures?|falhas?"
    r"|erros?|errors?|runs?|execucao"
    r"|execucoes)\b"
    r"|\b(?:caiu|voltou|subiu|parou|travou|caiu de novo|esta (?:no ar|de pe|conectad\w"
    r"|ativ\w))\W*\Z"
    r"|\A\W*(?:is|are|did|has|have|was) (?:the )?[\w#./-]{2,40}(?: \w+)? (?:running|late|ready"
    r"|stuck|done|finished|finish"
    r"|end|ended|run|start|started|failed|fail|ok|over)\W*\Z"
    r"|\b(?:ja )?(?:terminou|terminaram|acabou|rodou|iniciou|falharam|abendou|atrasou"
    r"|atrasaram)\W*\Z"
    r"|\b(?:agora|hoje|today|ontem|yesterday|last night|neste momento|right now)\W*\Z"
)
_ASKS_HOW = re.compile(
    r"\b(?:how (?:do|can|to|should|would)|como (?:eu |se )?(?!esta|estao|vai|anda|foi)\w+|can i"
    r"|posso|poss[oi]vel|pode\w*"
    r"|what (?:does|happens|is an?|do|are the|if)|o que (?:e|sao|significa|faz|acontece|faco)"
    r"|mean\w*|signific\w+|maxim\w+"
    r"|limit\w*|difference|diferenca|(?:is|are) an|is a|used|defined|stored|kept|usad\w"
    r"|definid\w|command|comando|which (?:command|option)|why|por que|porque)\b"
)


def live(text: Text) -> Span | None:
    """An answer to how the plan is, or a sentence on it, where nothing was read."""
    if text.is_honest_no:
        return None
    asks_state = _ASKS_STATE.search(text.question) and not _ASKS_HOW.search(text.question)
    if text.is_state or (asks_state and not _HOW_TO.search(text.answer)):
        return text.whole
    return next((span for span in text.sentences() if _says_how_it_is(text, span)), None)


def _says_how_it_is(text: Text, span: Span) -> bool:
    sentence = text.answer[slice(*span)]
    if _HOW_TO.search(sentence):
        return False
    if _LIVE.search(sentence) or _COUNTED.search(sentence):
        return True
    written = text.written[slice(*span)]
    ends = (written.find(name) + len(name) for name in object_names(written)[:20])
    return any(_IN_IT.match(sentence, end) for end in ends)
