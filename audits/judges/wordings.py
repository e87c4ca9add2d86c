"""How people say, in either language, what HWA has no status word for."""

from __future__ import annotations

# How people say what HWA has no status word for; over folded text. `!` marks the opposite.
PHRASES: tuple[tuple[str, str], ...] = (
    (
        "asked",
        r"(?:espera|aguarda|esperando|aguardando|falta|waiting for|waits? for|awaits|needs)"
        r" (?:a |an |the |uma |um |your )?(?:respostas?|reply|answers?)|unanswered|sem respostas?"
        r"|asked"
        r"|nao respondid[oa]s?|prompts? (?:pendentes?|pending|abertos?|em aberto|open)"
        r"|(?:pending|open) prompts?",
    ),
    (
        "answered yes",
        r"respond(?:eu|eram)(?: que| com)? \W?sim\b|(?:replied|said)(?: with)? \W?yes"
        r"|(?:answer|reply|resposta) (?:was|is|foi|e) \W?(?:yes|sim)\b",
    ),
    (
        "answered no",
        r"respond(?:eu|eram)(?: que| com)? \W?nao\b|(?:replied|said)(?: with)? \W?no\b"
        r"|(?:answer|reply|resposta) (?:was|is|foi|e) \W?(?:no|nao)\b",
    ),
    ("answered yes", r"respondid[oa]s?(?: ja)? (?:com )?\W?sim\b|answered(?: with)? \W?yes"),
    ("answered no", r"respondid[oa]s?(?: ja)? (?:com )?\W?nao\b|answered(?: with)? \W?no\b"),
    ("answered", r"respondid[oa]s?|answered|replied"),
    ("!satisfied", r"unsatisfied|insatisfeit[oa]s?|unresolved"),
    (
        "satisfied",
        r"satisfied|satisfeit[oa]s?|atendid[oa]s?|cumprid[oa]s?|resolvid[oa]s?"
        r"|fulfilled",
    ),
    (
        "!linked",
        r"unlinked|sem (?:o )?links?|desconectad[oa]s?"
        r"|(?:links?|conexao)(?: \w+)? (?:caiu|cairam|caid[oa]|perdid[oa]|(?:is|are|was) (?:down"
        r"|lost|gone))|(?:caiu|perdeu)(?: o| seu)? link|lost its link|disconnected|offline"
        r"|fora do ar",
    ),
    (
        "linked",
        r"(?:links?|conexao) (?:is |are |e |esta |seems )(?:all )?(?:fine|ok|good|bem|certo"
        r"|normal|boa|intact[oa]?)"
        r"|links? (?:\w+ ){0,4}(?:ativ[oa]s?|active|up)|linked|linkad[oa]s?|conectad[oa]s?"
        r"|connected|com link|online",
    ),
    (
        "!late",
        r"within (?:its|the|their) (?:deadline|times?|window|schedule)|on (?:time|schedule)"
        r"|(?:dentro|antes) d[oe] (?:seu )?(?:prazo|horario)|no (?:prazo|horario)|em dia|pontual",
    ),
    (
        "late",
        r"late|overdue|delayed|behind schedule|atrasad[oa]s?|em atraso|atrasou"
        r"|(?:prazo|deadline) (?:(?:ja|has|have|had|already) )*(?:passou|estourad[oa]|estourou"
        r"|passed|vencid[oa])"
        r"|(?:past|missed) (?:its|the|their) deadline",
    ),
    (
        "running",
        r"(?:still|ainda) (?!waiting|pending|missing|holding|standing|hanging|lacking|remaining"
        r"|needing|being|running"
        r"|processing|executing|in\b)\w{2,12}ing\b|(?:still )?going|ainda (?:roda|executa"
        r"|processa)m?|(?:roda|rodam) agora",
    ),
    (
        "!event processor",
        r"event[- ]process(?:or|ing server) (?:is |was |isn't |wasn't )?(?:not |in|stopped"
        r"|down)\w*(?: running| active| up)?"
        r"|processador de eventos (?:nao|esta (?:parado|inativo|fora))",
    ),
    ("!jobman", r"jobman (?:nao|is not|isn't|is down|was not|esta (?:parado|inativo|fora))"),
    ("jobman", r"jobman"),
    ("event processor", r"processador de eventos|event[- ]process(?:or|ing)(?: server)?"),
    ("confirmed", r"confirmad[oa]s?|confirmed"),
    ("pool", r"(?:is|e) (?:a |an |um )?(?:dynamic |dinamico )?pool"),
    ("agent", r"(?:is|e) (?:a |an |um )?(?:dynamic |fault-tolerant )?(?:agent|agente|fta)"),
    (
        "backup",
        r"(?:is|as|e|como) (?:the |a |o )?(?:backup|standby|reserva|bmdm|backup[- ]master"
        r"|master[- ](?:de )?backup)",
    ),
    (
        "master",
        r"(?:is|as|e|como) (?:the |o |a )?(?:master|mestre|mdm|master domain manager)"
        r"(?!(?: de|-)? ?backup)",
    ),
    (
        "there",
        r"(?:is|are|esta|estava|was) (?:already |ja )?(?:there|in place|present|presente|la)|exists"
        r"|arrived|chegou|chegaram",
    ),
    (
        "rerun",
        r"refeit[oa]s?|re-?executad[oa]s?|(?:was|been|were) (?:already )?(?:rerun|run again)"
        r"|rodou de novo|rodou novamente",
    ),
    ("critical", r"(?:flagged |marked |considered )?critical|(?:marcad[oa] como )?critic[oa]s?"),
    ("cancelled", r"cancelamentos?|cancellations?"),
    (
        "!free",
        r"esgotad[oa]s?|exhausted|used up|(?:fully|all) (?:taken|used|in use)|tod[oa]s? em uso",
    ),
    ("free", r"sobram?|livres?|free|available|disponive(?:l|is)"),
    (
        "failed",
        r"(?:ended|finished|terminou|acabou|saiu|encerrou|terminaram) (?:in|with|em"
        r"|com) (?:an )?(?:erro|error|abend|falha|failure)s?"
        r"|com (?:falhas?|erros?|problemas?)|(?:could|was|were) not (?:be )?(?:launched"
        r"|start(?:ed)? it)"
        r"|nao conseguiu executar|wrong",
    ),
    (
        "success",
        r"(?:rod(?:ou|aram)|execut(?:ou|aram)|termin(?:ou|aram)|ran|completed|finished|ended)"
        r" (?:normalmente|normally|as usual|sem problemas?|smoothly|como esperado|as expected"
        r"|without (?:a )?(?:problem|error|hitch|issue)s?)"
        r"|(?:passaram|passed)(?! (?:d[oae]\w*|por|para|a|o|the|its|to|by)\b)"
        r"|(?:is|are|came|come) in(?=[.,;!]|\Z)|(?:com|with) sucesso|(?:success|sucesso)(?:fully"
        r"|ful)?|done|concluid[oa]s?",
    ),
    (
        "healthy",
        r"without (?:any )?(?:trouble|problems?|issues?)|trouble-free|certos?|(?:is|are|was|were"
        r"|all|looks?|foi|foram|vai|esta|estao|both) (?:all )?(?:fine|ok"
        r"|good|bem)",
    ),
    (
        "ended",
        r"end(?:ed)?|finish(?:ed|es)?|over|(?:is|are|was|were|went|got|run) through|termin(?:ou"
        r"|aram|ad[oa]s?)|acab(?:ou|aram)"
        r"|ja acabou|encerr(?:ou|ad[oa]s?)|finaliz(?:ou|ad[oa]s?|aram)",
    ),
    (
        "started",
        r"started|starts|begun|began|start|begin|comec(?:ou|aram|ad[oa])|inici(?:ou|aram"
        r"|ad[oa]s?)|partiu|arrancou|launched|lancad[oa]s?",
    ),
    (
        "open",
        r"faltam?|faltando|restam?|remain(?:s|ing)?|left|outstanding|(?:still |ainda )?(?:open"
        r"|em aberto|abert[oa]s?)"
        r"|ainda depende d[eo]",
    ),
)
