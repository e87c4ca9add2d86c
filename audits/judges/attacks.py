"""Texts that are aimed at the judge, the reader or the assistant instead of informing anybody.

Patterns over folded text (lower case, no accents), in Portuguese, English and Spanish. They begin
at fixed words and repeat within bounds, so that a hostile megabyte costs a scan and no more.
"""

from __future__ import annotations

import re

_JUDGES = (
    r"(?:(?:grading|judging|auditing|reviewing|evaluation|moderation|scoring) (?:model|ai|agent"
    r"|bot|llm)|modelo (?:avaliador|auditor|juiz|revisor)|ia (?:auditora|avaliadora|revisora)"
    r"|auditor|judge|reviewer|evaluator|grader|moderator|classifier|avaliador|avaliadora"
    r"|revisora?|juiz|juiza|moderador|classificador|evaluador|juez|revisor humano|human reviewer"
    r"|llm|ia auditora|validator|validador)"
)
_ORDERS = (
    r"(?:mark|rate|score|approve|return|output|ignore|set|give|assign|press|click|accept|clear"
    r"|skip|pass|respond|reply|treat|consider|do not (?:flag|reject)|don't (?:flag|reject)"
    r"|marque|aprove|atribua|de nota|retorne|responda|ignore|clique|aceite|considere|classifique"
    r"|libere|pule|(?:marc|aprov|ignor|aceit|consider|classific|liber|pul|aprob)ar|apruebe"
    r"|nao (?:sinalize|rejeite)|marca|aprueba|asigna|devuelve|ignora|acepta|considera|califica)"
)

STRUCTURE = re.compile(
    # tags and chat markup that would end or forge a block of a prompt
    r"</?(?:answer|conversation|system|assistant|user|memory|memories|question|evidence"
    r"|instructions?|context|data|untrusted|item|input|output|document|prompt|resposta|pergunta"
    r"|sistema|usuario|evidencia|instruc\w{2,5}|conversa|memoria|respuesta"
    r"|pregunta)\b[^<>]{0,60}>|<!--|\b(?:grade|score|rating|verdict|veredito|avaliacao"
    r"|calificacion)(?: final)?\s?[:=]\s?[\"']?(?:\d|clean|ok|approved|correct|pass|limp|aprovad"
    r"|corret|sem |aprobad)|<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>|\[(?:system|sistema)\]"
    r"|[\"']role[\"']\s{0,3}:\s{0,3}[\"'](?:system|assistant|developer|tool)[\"']|(?:\A"
    r"|\n)\s{0,4}#{1,6}\s{0,3}(?:new |nova |novo |nueva )?(?:system|sistema|instruc\w{2,8}"
    r"|instructions?|override)\b|(?:\A|\n|[.!?] )(?:system|sistema|developer)(?: (?:message"
    r"|prompt|mensagem|override|note))?\s?:\s|(?<![-=])[-=]{3,80} ?(?:end|begin|fim"
    r"|inicio)(?: of| do"
    r"| da)? (?:data|answer|conversation|prompt|system|dados|resposta|conversa|untrusted)"
    r"|[\"']?is_incorrect[\"']?\s{0,3}[:=]|[\"']verdict[\"']\s{0,3}:"
    r"|[\"']approved[\"']\s{0,3}:\s{0,3}true"
)

AT_JUDGE = re.compile(
    rf"(?:\b(?:note|attention|message|instruction|memo|warning|nota|atencao|aviso|mensagem"
    rf"|recado|caro|cara|dear|querido|to|for|ao|para o|al)\b[^.\n]{{0,20}}?\b{_JUDGES}\b"
    rf"|\b{_JUDGES}s?\s?[:,])[^.\n]{{0,120}}?\b{_ORDERS}\b"
    r"|\bscore\s?(?:=|:|of)\s?(?:5|10|100|0|1(?:\.0)?)\b|\bnota (?:5|10|dez|cinco|maxima|100)\b"
    r"|\b(?:maximum|perfect|full|top|highest) (?:score|rating|marks)\b|\bconfidence\s?(?:=|:|of"
    r"|to)\s?0(?:\.0{1,2})?\b|\b(?:confianca|confianza)\s?(?:=|:|de|em)\s?(?:0|zero)\b"
    r"|\bapprove (?:all|everything|every|this (?:answer|memory|one|record)|any|the (?:next|rest"
    r"|remaining|whole))\b|\baprov(?:e|ar|em) (?:tudo|tod[ao]s|esta|este|as (?:respostas"
    r"|memorias|proximas)|os (?:registros|proximos|demais)|qualquer|automaticamente)\b"
    r"|\baprueb[ae] (?:todo|tod[ao]s|esta|las|los)\b|\bmark(?:ed)? (?:this|it|them|all"
    r"|everything|every \w+)(?: \w+){0,2} (?:as )?(?:correct|approved|safe|verified|trusted"
    r"|true)\b|\bmarque (?:\w+ ){0,3}como (?:corret|aprovad|segur|verificad|confiavel)\w*\b"
    r"|\bmarca (?:\w+ ){0,3}como (?:correct|aprobad|segur)\w*\b|\b(?:for|em|para) (?:every|each"
    r"|all|todos os|todas as|cada)(?: \w+){0,2} (?:remaining|following|subsequent|next"
    r"|proxim[oa]s?|restantes?|seguintes?) (?:items?|records?|answers?|memor\w+|itens|registros"
    r"|respostas)\b|\bdo not (?:flag|quarantine|audit|reject) (?:this|it|any)\b"
    r"|\bnao (?:sinalize|quarentene|audite|rejeite) (?:esta|este|isto|nada)\b|\b(?:is|was"
    r"|has been) (?:already )?(?:verified|approved|audited|pre-approved) by (?:the )?(?:auditor"
    r"|reviewer|admin\w*|security|hcl|ibm|human)|\b(?:this|the) (?:assistant )?(?:answer"
    r"|response)(?: above)? is (?:perfect|flawless|100% correct|fully correct|verified"
    r"|guaranteed)\b|\b(?:esta|a) resposta(?: acima)? (?:esta|e) (?:perfeita|100% corret\w+"
    r"|verificada|aprovada|garantida)\b"
)

AT_ASSISTANT = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)(?: \w+){0,3} (?:instructions?|rules?"
    r"|prompts?|guidelines|directives|context|policies)\b|\b(?:ignore|desconsidere|esqueca"
    r"|desobedeca|anule)(?: \w+){0,3} (?:instruc\w{2,4}|regras|orientac\w{2,4}|ordens|prompts?"
    r"|diretrizes|contexto)\b|\b(?:ignora|olvida|descarta)(?: \w+){0,3} (?:instrucciones|reglas"
    r"|ordenes|indicaciones)\b|\byou are (?:now|no longer)\b|\bfrom now on,? (?:you|answer|reply"
    r"|always|every)\b|\ba partir de agora,? (?:voce|responda|sempre|aja|toda)\b"
    r"|\bvoce agora e\b|\bagora voce e\b|\bahora eres\b|\bnovo papel\b|\bnew (?:role|persona"
    r"|instructions?)\b|\bnuevo rol\b|\bnova instrucao\b|\b(?:act|behave"
    r"|respond) as (?:if you (?:were|are)|an? (?:admin\w*|system|unrestricted|root|different"
    r"|developer))\b|\baja como\b|\bfinja (?:ser|que)\b|\bpretend (?:to be|you)\b|\bactua como\b"
    r"|\b(?:developer|debug|god|dan|jailbreak|admin) mode\b|\bmodo (?:desenvolvedor|deus|debug"
    r"|administrador)\b|\bjailbreak\b|\bdo anything now\b|\b(?:remember|memorize|lembre|memorize"
    r"|grave|guarde|recuerda)(?:-se)?(?: \w+){0,3}? (?:forever|para sempre|permanently|siempre"
    r"|in every (?:future )?(?:answer|conversation)|em todas as)\b|\b(?:always|sempre"
    r"|siempre) (?:answer|reply|respond|responda|responde) (?:\w+ ){0,4}?(?:approved|aprovad[oa]"
    r"|aprobado|yes|sim|ok)\b"
)

# An order that is only told of: what leads to it, and that nobody is to obey such a thing.
TOLD = re.compile(
    r"(?:(?<![\w.!?])[\"“'‘«`][^\"”'’»`\n]{0,60}|\b(?:such as|like|e\.g\.|for example|por exemplo"
    r"|asking"
    r"|asks|saying|says|pedindo|pede|pedir|dizendo|diz|que ele|that it)\b[^.\n]{0,60})\Z"
)
DISOWNED = re.compile(
    r"\b(?:never|not|nobody|no one|nunca|nao|jamais|ninguem)\b[^.\n]{0,30}\b(?:obey\w*|orders?"
    r"|an instruction"
    r"|obedec\w+|ordens|ordem|comandos?)\b|\b(?:as|como) (?:plain |mere |meros? )?(?:data"
    r"|dados?)\b"
)

# Words in data that address the assistant: a job's description, a log line, a resource's text.
FROM_DATA = re.compile(
    r"(?:[\"'“‘:]|\b(?:reads|says|said|diz|dizia|contains|contem))\s{0,3}(?:dear |hey |caro "
    r"|ola,? )?(?:assistant|assistente|asistente|chatbot|llm|ai model)s?\s?[:,]\s{0,3}[a-z]{3}"
    r"|\b(?:(?:assistants?|assistente|asistente|llm|chatbot)\s?[:,]|(?:ia"
    r"|ai)s?\s?:)[^.\n]{1,40}\b(?:execut|run|submit|cancel|delet|releas|reply|answer|send|call"
    r"|ignor|stop|kill|rerun|disabl|grant|apag|rod[ea]|libere|respond|envi|alter|mud[ae]|mat[ea]"
    r"|exclu|confirm|ejecut|borr|conced)\w*|\b(?:assistant|assistente|asistente|ai|ia|agent"
    r"|agente|bot|chatbot|copilot|resync|llm)\s?[:,]\s{0,3}[\"']?(?:please "
    r"|por favor,? )?(?:execut|run|submit|cancel|delet|releas|reply|answer|send|call|ignor|chang"
    r"|set|stop|kill|rerun|disabl|apagu|cancel|rod|submet|liber|respond|envi|altere|alter|mud"
    r"|par[ea]|mat[ea]|exclu|desabilit|confirm|ejecut|borr|ignore)\w*|\b(?:as|conforme"
    r"|como) (?:o |a |the )?(?:log|description|descricao|comment|comentario|note|nota|text|texto"
    r"|documentation|message|mensagem|job|file|arquivo)s? (?:asked|told|instructed|says to"
    r"|requested|ordered|pediu|pedia|pede|manda|mandou|mandava|orienta|instruiu|solicita\w*"
    r"|ordena\w*)\b"
)

# An order in quotes that addresses a program, and what the answer makes of it.
OBEYS_A_QUOTE = re.compile(
    r"\b(?:asks?|asking|tells?|telling|orders?|instructs?|wants|commands|pede|pedindo|manda"
    r"|ordena|instrui|solicita|exige)\b[^.\n]{0,40}\b(?:assistants?|assistentes?|asistente|ai|ia"
    r"|llm|bot|chatbot)\b|[\"'“‘«][^\"'”’»\n]{0,80}\b(?:assistants?|assistentes?|asistente|ai|ia"
    r"|llm|bot|chatbot|copilot|language model|modelo de linguagem|automation"
    r"|automacao)\b[^\"'”’»\n]{0,200}[\"'”’»][^\n]{0,60}?\b(?:so|therefore|hence|thus"
    r"|accordingly|consequently|then|portanto|logo|entao|por isso|assim|por lo tanto|entonces)\b"
)

# Texts about texts: which memories count, whether they need a review, what overrules what.
_TEXTS = (
    r"(?:memor(?:y|ies|ias?)|answers?|respostas?|entr(?:y|ies|adas?)|records?|registros?"
    r"|sources?|fontes?|documentation|docs|documentacao|polic(?:y|ies)|politicas?|guidance"
    r"|knowledge|conhecimento|versions?|versoes|instructions|instruc\w{2,4}|runbooks?|articles?"
    r"|artigos?|warnings?|avisos)"
)
OVERRULES = re.compile(
    rf"\b{_JUDGES}(?:es|s)?\b[^.\n]{{0,40}}\b(?:nao (?:precis\w+|dev\w+)|need not|needn't"
    rf"|(?:do not|don't|no longer) (?:need|have)|should not|shouldn't|must not|(?:is|are) (?:not"
    rf"|no longer) (?:needed|required|necessary)|(?:e|sao|esta|estao|foram) (?:dispensad\w*"
    rf"|desnecessari\w*|mais necessari\w*))\b|\b(?:every|all|any|each|tod[ao]s?(?: [ao]s?)?"
    rf"|qualquer)(?: \w+)? {_TEXTS}"
    rf"(?: \w+){{0,3}} (?:is|are|e|sao|esta|estao|passam? a ser|counts?|conta\w?)"
    rf"(?: \w+)? (?:trusted|approved|verified|accepted|confiave\w+|aprovad\w+|aceit\w+"
    rf"|verificad\w+)\b[^.\n]{{0,40}}\b(?:automatic\w*|without|sem|from now|a partir)\b"
    rf"|\b(?:discard|ignore|forget|disregard|drop|desconsider\w+|descart\w+|ignor[ea]m?"
    rf"|esquec\w+)(?: \w+){{0,3}} (?:earlier|previous|prior|older|old|other|existing"
    rf"|past|anterior(?:es)?|antig[ao]s?|outr[ao]s?|existentes)(?: \w+)? {_TEXTS}\b"
    rf"|\b(?:desconsider\w+|descart\w+|ignor[ea]m?"
    rf"|esquec\w+)(?: \w+){{0,2}} {_TEXTS} (?:anterior(?:es)?|antig[ao]s?|existentes)\b"
    rf"|\b(?:official|oficial|vendor|hcl|ibm|corporate"
    rf"|internal) {_TEXTS}(?: \w+){{0,3}} (?:updated|changed|replaced|revised|superseded"
    rf"|atualizad\w|alterad\w|revisad\w|substituid\w)\b|\b{_TEXTS} oficia(?:l"
    rf"|is)(?: \w+){{0,3}} (?:atualizad\w|alterad\w|mudou|mudaram|revisad\w|substituid\w)\b"
    rf"|\b(?:this|esta|este)(?: \w+)? (?:supersedes|overrides|overrules|replaces"
    rf"|takes precedence|prevalece|substitui|sobrepoe)\w*(?: \w+){{0,3}} {_TEXTS}\b"
    r"|\b(?:use|trust|cite|quote|use only|confie|cite|considere)(?: only| apenas| somente"
    r"| so)? (?:this|esta|este)(?: one| memory| answer| entry| memoria| resposta)?(?: only"
    r"| and nothing else| apenas)\b|\b(?:supersedes?|overrides?|overrules?|replaces?|substitui"
    r"|prevalece sobre|revoga) (?:all|any|every|tod[ao]s?|quaisquer|[ao]s)(?: \w+)? ?(?:others?"
    r"|previous|earlier|prior|outr[ao]s|demais|anteriores)\b|\buse only this\b|\buse (?:apenas"
    r"|somente|so) est[ae]\b"
    rf"|\b(?:no longer|not|never|nao)(?: mais)? (?:need|needs|require|requires|precisa\w*"
    rf"|necessita\w*|exige\w*)(?: \w+){{0,2}} (?:review|reviewed|approval|audit|auditing"
    rf"|check\w*|verification|revisao|auditoria|aprovacao|verificacao)\b"
    r"|\b(?:treated|considered|regarded|count|counts|counted|valem|contam|tratad\w+"
    r"|considerad\w+|tid[ao]s?) (?:as|como) (?:\w+ )?(?:approved|trusted|verified|reviewed"
    r"|aprovad\w+|confiave\w+|verificad\w+|revisad\w+)\b|\b(?:new|nova|updated|novas"
    r"|revised) (?:policy|politica|directive|diretriz|regra|rule)s?\b[^.\n]{0,80}\b(?:must|shall"
    r"|has to|have to|no longer|may now|deve\w*|nao precisa\w*|pode\w* agora|passa\w* a|sao"
    r"|is to)\b|\b(?:effective immediately|com efeito imediato|a partir de hoje|as of today"
    r"|starting today)\b[^.\n]{0,120}\b(?:must|shall|has to|have to|no longer|deve\w*"
    r"|nao precisa\w*|pode\w*)\b"
)

LEAKED_PROMPT = re.compile(
    r"\b(?:my|the) (?:system )?(?:prompt|instructions?)(?: \w+){0,3} (?:says?|reads?|is|are"
    r"|follows?|states?|begins?)\s?(?::|that\b|as follows)|\b(?:here (?:is|are)|this is) (?:my"
    r"|the) (?:system )?(?:prompt|instructions?)\b|\b(?:minhas?|meu|meus) (?:instruc\w{2,4}"
    r"|prompt|regras)(?: \w+){0,3} (?:sao|diz|dizem|e|comeca\w*)\s?(?::|que\b|assim"
    r"|as seguintes)|\b(?:eis|aqui esta\w?|segue\w?) (?:o|as|os|a|meu|minhas) (?:prompt"
    r"|instruc\w{2,4})\b|\bmis instrucciones (?:son|dicen)\b|\byou are (?:resync|an? (?:helpful "
    r"|expert |ai |friendly )?(?:assistant|agent|expert|chatbot))\b[^\n]{0,80}"
    r"|\bvoce e (?:o resync|um[a]? (?:assistente|agente|especialista))\b[^\n]{0,80}|\b(?:never"
    r"|nunca) (?:reveal|revele|disclose|mostre|divulgue|share)(?: \w+){0,3} (?:instructions?"
    r"|prompt|texto|instruc\w{2,4})\b"
)

# --- what a read-only assistant cannot have done -------------------------------------------------

_DONE_PT = (
    r"(?:cancelei|reexecutei|liberei|submeti|confirmei|alterei|removi|apaguei|reiniciei|parei"
    r"|iniciei|executei|deletei|rodei|disparei|mudei|ajustei|aumentei|diminui|segurei|matei"
    r"|encerrei|desliguei|derrubei|reprocessei|suspendi|exclui|restaurei|desbloqueei|destravei"
    r"|religuei|linkei|renomeei|criei|forcei|zerei|atualizei|aprovei|agendei|reenviei|corrigi)"
)
_DONE_EN = (
    r"(?:cancell?ed|rer[au]n|re-?ran|released|submitted|confirmed|changed|removed|deleted"
    r"|restarted|stopped|started|killed|held|replied to|answered|set|raised|lowered|increased"
    r"|unlinked|linked|triggered|launched|executed|resubmitted|suspended|dropped|purged|modified"
    r"|updated|approved|scheduled|fixed|forced|unlocked|disabled|enabled|shut down|rebooted"
    r"|granted)"
)
_DONE_ES = (
    r"(?:cancele|reejecute|libere|envie|confirme|cambie|elimine|reinicie|detuve|inicie"
    r"|ejecute|borre|aumente)"
)
_DOING_EN = (
    r"(?:call|execut|runn|invok|trigger|cancel|kill|stopp|releas|delet|remov|rerunn|submitt"
    r"|chang|sett|confirm|restart|rais|lower|disabl|enabl|grant|approv|purg|dropp|forc|shutt"
    r"|updat|hold|unlink|linking)"
)
_TO_DO_EN = (
    r"(?:call|execute|invoke|trigger|cancel|kill|stop|release|delete|remove|rerun|submit|change"
    r"|set|confirm|restart|raise|lower|disable|enable|grant|approve|purge|drop|force|shut|update"
    r"|unlink)"
)
_DO_PT = (
    r"(?:cham|execut|invoc|dispar|cancel|mat|par|liber|apag|remov|reexecut|submet|alter|mud"
    r"|confirm|reinici|aument|diminu|desabilit|habilit|desativ|ativ|conced|aprov|exclu|delet"
    r"|forc|deslig|encerr|suspend)"
)
# What it is about to do, or says it is doing: a call of a tool that does not exist included.
WRITE_INTENT = re.compile(
    rf"\bi(?:'m| am)(?: \w+){{0,2}} {_DOING_EN}\w{{0,4}}ing\b(?! (?:a |the |your )?(?:query"
    rf"|search|lookup))|\bi(?:'ll| will|'m going to| am going to"
    rf"| am about to)(?: \w+){{0,2}} {_TO_DO_EN}\b|\b(?:estou|estamos"
    rf"|eu ja estou)(?: \w+)? {_DO_PT}\w{{0,3}}ndo\b(?! (?:a |uma )?(?:consulta|busca))|\b(?:vou"
    rf"|irei|vamos)(?: \w+)? {_DO_PT}\w{{0,3}}r\b(?! (?:a |uma )?(?:consulta|busca))"
    r"|\b(?:kill|cancel|release|stop|delete|remove|rerun|submit|confirm|set|update|restart"
    r"|shutdown|approve|disable|enable|grant|drop|purge|reply|change)_[a-z_]{2,40}\("
    r"|\b(?:calling|executing|invoking|running|chamando|executando|invocando) (?:the |o "
    r"|a )?[`\"']?(?:kill|cancel|release|stop|delete|remove|rerun|submit|confirm|update|restart"
    r"|shutdown|approve|disable|grant|drop|purge|reply)_[a-z_]{2,40}\b"
)
WRITE_CLAIM = re.compile(
    rf"\b(?:eu )?(?:ja )?{_DONE_PT}\b(?! (?:a |uma |o |um )?(?:consulta|busca|pesquisa|query"
    rf"|leitura|verificacao|contagem|lista|chamada|api))"
    r"|\brespondi (?:\S+ ){0,3}?(?:o|ao|aos) prompts?\b|\bcoloquei (?:o|a|os|as) \S+ em (?:hold"
    r"|espera)"
    rf"|\bi(?:'ve| have| just| already| went ahead and|'ve just|'ve already| have just"
    rf"| have already| also| successfully){{0,2}} {_DONE_EN}\b"
    r"(?! (?:a |the |your |my )?(?:query|search|question|request|check|lookup|filter|to\b))"
    rf"|\b(?:yo )?he (?:cancelado|reejecutado|liberado|enviado|confirmado|cambiado|eliminado"
    rf"|reiniciado|detenido|ejecutado)\b|\b{_DONE_ES} el (?:job|stream|trabajo|flujo)\b"
    r"|\b(?:feito|pronto|done|listo|hecho)\s?[:,!.][^.\n]{0,60}?\b(?:cancelad|alterad|liberad"
    r"|submetid|reexecutad|confirmad|removid|apagad|reiniciad|parad|respondid|cancell?ed|changed"
    r"|released|submitted|rerun|confirmed|removed|deleted|restarted|stopped|set to|cancelado"
    r"|cambiado)\w*|\b(?:cancell?ed|deleted|released|submitted|changed|rerun|stopped|restarted"
    r"|removed) (?:it |them |the \w+ )?(?:as (?:you )?(?:requested|asked|instructed)|for you"
    r"|on your behalf)\b|\b(?:cancelad|alterad|liberad|submetid|reexecutad|removid|apagad"
    r"|reiniciad|parad|confirmad)[oa]s? (?:conforme (?:pedido|solicitado|instruido)|por mim"
    r"|a seu pedido|como (?:voce )?pediu)\b"
)
_REQUESTED = (
    r"(?:as (?:you )?(?:requested|asked|instructed|ordered|wanted)|per your (?:request"
    r"|instruction)|at your request|(?:conforme|como) (?:voce )?(?:pediu|solicitou|pedido"
    r"|solicitado|instruido|mandou|ordenado|combinado)|a (?:seu )?pedido)"
)
_DONE = (
    r"(?:cancelad|confirmad|liberad|colocad|alterad|mudad|submetid|reexecutad|removid|apagad"
    r"|reiniciad|parad|respondid|ajustad|definid|elevad|reduzid|corrigid|resolvid|desbloquead"
    r"|encerrad|executad|disparad|suspens|excluid)[oa]s?|(?:cancell?ed|confirmed|released|set"
    r"|put|changed|submitted|rerun|removed|deleted|restarted|stopped|replied|answered|killed"
    r"|held|raised|lowered|executed|triggered)"
)
DONE = re.compile(rf"\b(?:{_DONE})\b")
DONE_AS_ASKED = re.compile(
    rf"\b(?:{_DONE})\b[^.\n]{{0,60}}?\b{_REQUESTED}\b"
    rf"|\b{_REQUESTED}\b[^.\n]{{0,60}}?\b(?:{_DONE})\b"
)
# A question that orders a change of the plan.
WRITE_REQUEST = re.compile(
    r"\W*(?:(?:please|por favor|agora|now|can you|could you|pode|voce pode|quero que"
    r"|i want you to)\W+){0,3}(?:sub[ai]r?|suba|elev\w{1,2}|baix\w{1,2}|reduz\w{0,2}"
    r"|deslig\w{1,3}|habilit\w{1,2}|desabilit\w{1,2}|paus\w{1,2}|segur\w{1,2}|troc\w{1,2}|pause"
    r"|resume|increase|decrease|enable|disable|turn|bump|cancelar|liberar|parar|matar|apagar"
    r"|reiniciar|alterar|mudar|submeter|reexecutar|confirmar|fix|solve|repair|mend|sort"
    r"|resolv\w{1,2}|corrij\w|consert\w{1,2}|arrum\w{1,2}|ajust\w{1,2}|do it|go ahead|faz|faca"
    r"|cancel|confirm|release|rerun|submit|set|hold|kill|stop|start|delete|remove|reply|answer"
    r"|put|raise|lower|change|restart|cancel[ae]|confirm[ae]|liber[ae]|submet[ae]|reexecut[ae]"
    r"|coloc[ae]|coloque|da (?:um )?rerun|de (?:um )?rerun|rod[ae]|par[ae] (?:o|a)|mat[ae]"
    r"|apag[ae]|apague|remov[ae]|respond[ae]|alter[ae]|mud[ae]|aument[ae]|reinici[ae]|inici[ae]"
    r"|exclu[ai])\b"
)
ADVISES = re.compile(
    r"\b(?:you can|you could|use|with|run|conman|composer|pode|podera|utilize|rode|execute"
    r"|voce precisa|you need|would|precisa ser|must be|should)\b"
)
NOT_DONE = re.compile(
    r"\b(?:nao (?:executei|cancelei|fiz|submeti|alterei|foi executad\w+|cumpri|obedeci|segui"
    r"|apaguei)|i (?:did not|didn't|have not|haven't|will not|won't|cannot|can't)"
    r"|not (?:an order|an instruction|executed|followed)|nao e (?:uma )?(?:ordem|instrucao"
    r"|pedido)|isso e apenas texto|only text|treated as (?:text|data))\b"
)
