"""Answers that say how the plan is, and nothing that they were read from."""

from __future__ import annotations

import re

from audits.judges.texts import Span, Text
from knowledge.hwa_terms import object_names

_NOW = (
    r"(?:agora(?: mesmo)?|neste momento|no momento|neste instante|hoje|ontem|esta (?:noite|manha"
    r"|tarde)|nesta (?:noite|manha|tarde|madrugada)|anteontem|ha (?:\d+|dez|cinco|duas|dois|tres"
    r"|poucos|alguns) (?:minutos?|horas?|dias?)|desde (?:as|ontem|hoje) ?\d{0,2}|daqui a"
    r"|em instantes|ainda hoje|ate agora|right now|now|currently|at the moment|at present|today"
    r"|yesterday|tonight|last night|this (?:morning|evening|afternoon)|(?:\d+|few|ten|five|two"
    r"|an?) (?:minutes?|hours?) ago|so far|since \d|within the (?:hour|next)|in the (?:last"
    r"|next) (?:\d+ )?(?:minutes?|hours?)|ahora|ayer)"
)
_IS_SO = (
    r"(?:esta[oa]?|estao|segue\w?|continua\w?|ficou|ficaram|caiu|cairam|falh(?:ou|aram)"
    r"|abend(?:ou|aram|ed)|termin(?:ou|aram)|acab(?:ou|aram)|rod(?:ou|aram|ando)|inici(?:ou"
    r"|aram)|parou|pararam|atras(?:ou|aram|ad\w+)|houve|ha|tem|temos|sao|foi|foram"
    r"|deve(?:m)? (?:terminar|acabar|iniciar|rodar)|is|are|was|were|has|have|failed|abended"
    r"|ended|finished|started|completed|stopped|running|waiting|went)"
)
_LIVE = re.compile(rf"\b{_NOW}\b[^\n]{{0,200}}?\b{_IS_SO}\b|\b{_IS_SO}\b[^\n]{{0,200}}?\b{_NOW}\b")
_COUNTED = re.compile(
    r"\b(?:is|are|esta|estao|ja|currently) (?:at|em|a|with|com) \d{1,3} ?%|"
    r"\b(?:ha|existem|sao|temos|tem|foram|there (?:are|is|were|was)|we have"
    r"|hay)(?: \w+){0,2} (?:\d{1,6}|um|uma|dois|duas|tres|quatro|cinco|one|two|three|four|five"
    r"|no|nenhum\w?|several|varios|varias)(?: \w+){0,2} (?:jobs?|streams?|tarefas|estacoes"
    r"|agentes|workstations?|agents?|fluxos|prompts?|runs?|execucoes)\b[^\n]{0,60}?\b(?:em|com"
    r"|in|that|which|que|failed|running|waiting|late|atrasad\w+|falh\w+|rodando|parad\w+"
    r"|aguardando|esperando|pending|stuck|abend\w*|hold|error|erro)\b|\b\d{1,6}(?: (?:of|de|dos"
    r"|out of)(?: the| os)? \d{1,6})? (?:jobs?|streams?) (?:failed|abended|are|were|is|falharam"
    r"|abendaram|estao|terminaram|rodaram|ficaram|finished|ended)\b"
)
_IN_STATE = (
    r"(?:abend\w*|fail\w*|falh\w+|erro\w*|errors?|late|atras\w+|running|rod\w+|execut\w+|exec"
    r"|hold|ready|stuck|succ|parad\w+|wait\w*|aguard\w+|esper\w+|pend\w+|offline|online|unlinked"
    r"|linked|desconectad\w|conectad\w|down|ended|finished|terminaram|acabaram|cancel\w*|overdue"
    r"|past its|behind schedule|passou do prazo|passaram do prazo|vencid\w"
    r"|bloque\w+|blocked|trav\w+|abertos?|open|started|iniciaram|caiu|cairam)"
)
_IN_IT = re.compile(
    rf"(?: is| are| was| has| esta| estao| ja| segue| continua)?(?: now| still| currently| agora"
    rf"| ainda| em| in| just| already| de novo)? {_IN_STATE}\b"
)
_HOW_TO = re.compile(
    r"\b(?:if|when|whenever|once|until|unless|se|quando|caso|sempre que|ate que|assim que|after"
    r"|before|depois|apos|antes|se[nr]ao|can|must|pode\w*|deve-se|you should"
    r"|should be(?! (?:done|over|back|ready|finished|complete\w*|through)\b)|use|rode"
    r"|execute|veja|check|verifique|means?|significa|quer dizer|conman|composer|command|comando"
    r"|example|exemplo|por exemplo|todos os dias|todo dia|daily|diariamente|uteis|weekdays?"
    r"|mondays?|segundas?|cada|every|each|always|sempre|nunca|never|stops? being|any|qualquer"
    r"|what|that shows|mostra|lista\w*|shows|lists|ticket|incident\w*|called|named|chamad\w"
    r"|supports?|suporta)\b"
)


_OBJECTS = (
    r"(?:jobs?|streams?|job streams?|tarefas?|rotinas?|fluxos?|malhas?|estac(?:ao|oes)|agentes?"
    r"|workstations?|agents?|prompts?|recursos?|resources?|runs?|execucoes|predecessor\w*"
    r"|depend\w+)"
)
_ASKS_STATE = re.compile(
    rf"\A\W*(?:e )?(?:quant[oa]s|qt[ao]s|how many|any|algum\w?|cuantos) {_OBJECTS}\b"
    rf"|\A\W*(?:e )?(?:quais|which|lista\w*(?: d?[eo]s)?|mostr\w+(?: os)?|list(?: \w+){{0,2}}"
    rf"|show(?: \w+){{0,2}}|que) (?:\w+ )?{_OBJECTS}\b[^\n]{{0,40}}\b{_IN_STATE}\b"
    r"|(?:\A|\W)(?:como (?:esta|estao|vai|anda|foi)|how (?:is|are|did)) (?!used|done|defined"
    r"|made)[\w#./ -]{2,50}\W*\Z|(?:\A\W*|\b(?:qual (?:e )?o|what is the) )(?:status|situacao"
    r"|estado)(?: (?:d[eoa]s?|of|geral|atual)\b|\W*\Z)|\A\W*(?:tem |ha |are there "
    r"|is there )?(?:any|algum\w?|algo) (?:problems?|failures?|issues?|problema\w*|falha\w*"
    r"|erros?|errors?|parad\w|atras\w+)\b|\b(?:o que|what)(?: \w+)? (?:falhou|parou|quebrou|caiu"
    r"|rodou|rodando|failed|broke|stopped|running|stuck|late|happened|aconteceu|houve)\b"
    r"|\A\W*(?:is|are) (?:the |all )?[\w#./ -]{2,40} (?:up|down|linked|connected|available"
    r"|on time|online|offline)\W*\Z|\b(?:ultim[oa]s?|last|latest|most recent"
    r"|mais recente) (?:abends?|failures?|falhas?|erros?|errors?|runs?|execucao|execucoes)\b"
    r"|\b(?:caiu|voltou|subiu|parou|travou|caiu de novo|esta (?:no ar|de pe|conectad\w"
    r"|ativ\w))\W*\Z|\A\W*(?:is|are|did|has|have"
    r"|was) (?:the )?[\w#./-]{2,40}(?: \w+)? (?:running|late|ready|stuck|done|finished|finish"
    r"|end|ended|run|start|started|failed|fail|ok|over)\W*\Z|\b(?:ja foi|(?:ja )?(?:terminou"
    r"|terminaram"
    r"|acabou|rodou|iniciou|falharam|abendou|atrasou|atrasaram))\W*\Z|\b(?:agora|hoje|today|ontem"
    r"|yesterday|last night|neste momento|right now)\W*\Z"
)
_ASKS_HOW = re.compile(
    r"\Ahow (?:is|are) (?:\w+ ){1,5}\w+ed\W*\Z|\b(?:how (?:do|can|to|should|would)|como (?:eu "
    r"|se )?(?!esta|estao|vai|anda|foi)\w+|can i"
    r"|posso|poss[oi]vel|pode\w*|what (?:does|happens|is an?|do|are the|if)|o que (?:e|sao"
    r"|significa|faz|acontece|faco)|mean\w*|signific\w+|maxim\w+|limit\w*|difference|diferenca"
    r"|(?:is|are) an|is a|used|defined|stored|kept|usad\w|definid\w|command|comando"
    r"|which (?:command|option)|why|por que|porque)\b"
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
