"""Texts that are aimed at the judge, the reader or the assistant instead of informing anybody.

Patterns over folded text (lower case, no accents), in Portuguese, English and Spanish. They begin
at fixed words and repeat within bounds, so that a hostile megabyte costs a scan and no more.
"""

from __future__ import annotations

import re

_JUDGES = (
    r"(?:(?:grading|judging|auditing|reviewing|evaluation|moderation|scoring) (?:model|ai|agent"
    r"|bot|llm)"
    r"|modelo (?:avaliador|auditor|juiz|revisor)|ia (?:auditora|avaliadora|revisora)|auditor"
    r"|judge|reviewer|evaluator|grader|moderator|classifier|avaliador|avaliadora"
    r"|revisora?|juiz|juiza"
    r"|moderador|classificador|evaluador|juez|revisor humano|human reviewer|llm|ia auditora"
    r"|validator|validador)"
)
_ORDERS = (
    r"(?:mark|rate|score|approve|return|output|ignore|set|give|assign|press|click|accept|clear"
    r"|skip|pass|respond|reply|treat|consider|do not (?:flag|reject)|don't (?:flag|reject)"
    r"|marque|aprove|atribua|de nota|retorne|responda|ignore|clique|aceite|considere|classifique"
    r"|libere|pule|(?:marc|aprov|ignor|aceit|consider|classific|liber|pul|aprob)ar|apruebe"
    r"|nao (?:sinalize|rejeite)"
    r"|marca|aprueba|asigna|devuelve|ignora|acepta|considera|califica)"
)

STRUCTURE = re.compile(
    # tags and chat markup that would end or forge a block of a prompt
    r"</?(?:answer|conversation|system|assistant|user|memory|memories|question|evidence"
    r"|instructions?|context|data"
    r"|untrusted|item|input|output|document|prompt|resposta|pergunta|sistema|usuario|evidencia"
    r"|instruc\w{2,5}|conversa|memoria"
    r"|respuesta|pregunta)\b[^<>]{0,60}>"
    r"|<!--|\b(?:grade|score|rating|verdict|veredito|avaliacao"
    r"|calificacion)(?: final)?\s?[:=]\s?[\"']?"
    r"(?:\d|clean|ok|approved|correct|pass|limp|aprovad|corret|sem |aprobad)"
    r"|<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>|\[(?:system|sistema)\]"
    r"|[\"']role[\"']\s{0,3}:\s{0,3}[\"'](?:system|assistant|developer|tool)[\"']"
    r"|(?:\A|\n)\s{0,4}#{1,6}\s{0,3}(?:new |nova |novo |nueva )?(?:system|sistema|instruc\w{2,8}"
    r"|instructions?|override)\b"
    r"|(?:\A|\n|[.!?] )(?:system|sistema|developer)(?: (?:message|prompt|mensagem|override"
    r"|note))?\s?:\s"
    r"|[-=]{3,} ?(?:end|begin|fim|inicio)(?: of| do| da)? (?:data|answer|conversation|prompt"
    r"|system|dados|resposta|conversa|untrusted)"
    r"|[\"']?is_incorrect[\"']?\s{0,3}[:=]|[\"']verdict[\"']\s{0,3}:"
    r"|[\"']approved[\"']\s{0,3}:\s{0,3}true"
)

AT_JUDGE = re.compile(
    rf"(?:\b(?:note|attention|message|instruction|memo|warning|nota|atencao|aviso|mensagem|recado"
    rf"|caro|cara|dear|querido|to|for|ao|para o|al)\b[^.\n]{{0,20}}?\b{_JUDGES}\b"
    rf"|\b{_JUDGES}s?\s?[:,])[^.\n]{{0,120}}?\b{_ORDERS}\b"
    r"|\bscore\s?(?:=|:|of)\s?(?:5|10|100|0|1(?:\.0)?)\b|\bnota (?:5|10|dez|cinco|maxima|100)\b"
    r"|\b(?:maximum|perfect|full|top|highest) (?:score|rating|marks)\b"
    r"|\bconfidence\s?(?:=|:|of|to)\s?0(?:\.0{1,2})?\b|\b(?:confianca|confianza)\s?(?:=|:|de"
    r"|em)\s?(?:0|zero)\b"
    r"|\bapprove (?:all|everything|every|this (?:answer|memory|one|record)|any|the (?:next|rest"
    r"|remaining|whole))\b"
    r"|\baprov(?:e|ar|em) (?:tudo|tod[ao]s|esta|este|as (?:respostas|memorias|proximas)"
    r"|os (?:registros|proximos|demais)|qualquer|automaticamente)\b"
    r"|\baprueb[ae] (?:todo|tod[ao]s|esta|las|los)\b|\bmark(?:ed)? (?:this|it|them|all|everything"
    r"|every \w+)(?: \w+){0,2} (?:as )?(?:correct|approved|safe|verified|trusted|true)\b"
    r"|\bmarque (?:\w+ ){0,3}como (?:corret|aprovad|segur|verificad|confiavel)\w*\b"
    r"|\bmarca (?:\w+ ){0,3}como (?:correct|aprobad|segur)\w*\b"
    r"|\b(?:for|em|para) (?:every|each|all|todos os|todas as|cada)(?: \w+){0,2} (?:remaining"
    r"|following|subsequent|next|proxim[oa]s?|restantes?|seguintes?) (?:items?|records?|answers?"
    r"|memor\w+|itens|registros|respostas)\b"
    r"|\bdo not (?:flag|quarantine|audit|reject) (?:this|it|any)\b|\bnao (?:sinalize|quarentene"
    r"|audite|rejeite) (?:esta|este|isto|nada)\b"
    r"|\b(?:is|was|has been) (?:already )?(?:verified|approved|audited"
    r"|pre-approved) by (?:the )?(?:auditor|reviewer|admin\w*|security|hcl|ibm|human)"
    r"|\b(?:this|the) (?:assistant )?(?:answer|response)(?: above)? is (?:perfect|flawless"
    r"|100% correct|fully correct|verified|guaranteed)\b"
    r"|\b(?:esta|a) resposta(?: acima)? (?:esta|e) (?:perfeita|100% corret\w+|verificada|aprovada"
    r"|garantida)\b"
)

AT_ASSISTANT = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)(?: \w+){0,3} (?:instructions?|rules?|prompts?"
    r"|guidelines|directives|context|policies)\b"
    r"|\b(?:ignore|desconsidere|esqueca|desobedeca|anule)(?: \w+){0,3} (?:instruc\w{2,4}|regras"
    r"|orientac\w{2,4}|ordens|prompts?|diretrizes|contexto)\b"
    r"|\b(?:ignora|olvida|descarta)(?: \w+){0,3} (?:instrucciones|reglas|ordenes|indicaciones)\b"
    r"|\byou are (?:now|no longer)\b|\bfrom now on,? (?:you|answer|reply|always|every)\b"
    r"|\ba partir de agora,? (?:voce|responda|sempre|aja|toda)\b"
    r"|\bvoce agora e\b|\bagora voce e\b|\bahora eres\b|\bnovo papel\b|\bnew (?:role|persona"
    r"|instructions?)\b|\bnuevo rol\b|\bnova instrucao\b"
    r"|\b(?:act|behave|respond) as (?:if you (?:were|are)|an? (?:admin\w*|system|unrestricted"
    r"|root|different|developer))\b|\baja como\b|\bfinja (?:ser|que)\b|\bpretend (?:to be|you)\b"
    r"|\bactua como\b"
    r"|\b(?:developer|debug|god|dan|jailbreak|admin) mode\b|\bmodo (?:desenvolvedor|deus|debug"
    r"|administrador)\b|\bjailbreak\b|\bdo anything now\b"
    r"|\b(?:remember|memorize|lembre|memorize|grave|guarde"
    r"|recuerda)(?:-se)?(?: \w+){0,3}? (?:forever|para sempre|permanently|siempre"
    r"|in every (?:future )?(?:answer|conversation)|em todas as)\b"
    r"|\b(?:always|sempre|siempre) (?:answer|reply|respond|responda"
    r"|responde) (?:\w+ ){0,4}?(?:approved|aprovad[oa]|aprobado|yes|sim|ok)\b"
)

# Words in data that address the assistant: a job's description, a log line, a resource's text.
FROM_DATA = re.compile(
    r"(?:[\"'“‘:]|\b(?:reads|says|said|diz|dizia|contains|contem))\s{0,3}(?:dear |hey |caro "
    r"|ola,? )?(?:assistant|assistente"
    r"|asistente|chatbot|llm|ai model)s?\s?[:,]\s{0,3}[a-z]{3}|"
    r"\b(?:(?:assistants?|assistente|asistente|llm|chatbot)\s?[:,]|(?:ia"
    r"|ai)s?\s?:)[^.\n]{1,40}\b(?:execut|run|submit"
    r"|cancel|delet|releas|reply|answer|send|call|ignor|stop|kill|rerun|disabl|grant|apag"
    r"|rod[ea]|libere|respond|envi"
    r"|alter|mud[ae]|mat[ea]|exclu|confirm|ejecut|borr|conced)\w*|"
    r"\b(?:assistant|assistente|asistente|ai|ia|agent|agente|bot|chatbot|copilot|resync"
    r"|llm)\s?[:,]\s{0,3}[\"']?(?:please |por favor,? )?"
    r"(?:execut|run|submit|cancel|delet|releas|reply|answer|send|call|ignor|chang|set|stop|kill"
    r"|rerun|disabl|apagu|cancel|rod|submet|liber"
    r"|respond|envi|altere|alter|mud|par[ea]|mat[ea]|exclu|desabilit|confirm|ejecut|borr"
    r"|ignore)\w*"
    r"|\b(?:as|conforme|como) (?:o |a |the )?(?:log|description|descricao|comment|comentario|note"
    r"|nota|text|texto|documentation|message|mensagem|job|file|arquivo)s? (?:asked|told"
    r"|instructed|says to|requested|ordered|pediu|pedia|pede|manda|mandou|mandava|orienta"
    r"|instruiu|solicita\w*|ordena\w*)\b"
)

# An order in quotes that addresses a program, and what the answer makes of it.
OBEYS_A_QUOTE = re.compile(
    r"\b(?:asks?|asking|tells?|telling|orders?|instructs?|wants|commands|pede|pedindo|manda"
    r"|ordena|instrui"
    r"|solicita|exige)\b[^.\n]{0,40}\b(?:assistants?|assistentes?|asistente|ai|ia|llm|bot"
    r"|chatbot)\b|"
    r"[\"'“‘«][^\"'”’»\n]{0,80}\b(?:assistants?|assistentes?|asistente|ai|ia|llm|bot|chatbot"
    r"|copilot"
    r"|language model|modelo de linguagem|automation"
    r"|automacao)\b[^\"'”’»\n]{0,200}[\"'”’»][^\n]{0,60}?"
    r"\b(?:so|therefore|hence|thus|accordingly|consequently|then|portanto|logo|entao|por isso"
    r"|assim"
    r"|por lo tanto|entonces)\b"
)

# Texts about texts: which memories count, whether they need a review, what overrules what.
_TEXTS = (
    r"(?:memor(?:y|ies|ias?)|answers?|respostas?|entr(?:y|ies|adas?)|records?|registros?"
    r"|sources?|fontes?"
    r"|documentation|docs|documentacao|polic(?:y|ies)|politicas?|guidance|knowledge|conhecimento"
    r"|versions?"
    r"|versoes|instructions|instruc\w{2,4}|runbooks?|articles?|artigos?|warnings?|avisos)"
)
OVERRULES = re.compile(
    rf"\b{_JUDGES}(?:es|s)?\b[^.\n]{{0,40}}\b(?:nao (?:precis\w+|dev\w+)|need not|needn't"
    rf"|(?:do not|don't) (?:need|have)"
    rf"|should not|shouldn't|must not|(?:is|are) not (?:needed|required))\b|"
    rf"\b(?:discard|ignore|forget|disregard|drop|desconsider\w+|descart\w+|ignor[ea]m?|esquec\w+)"
    rf"(?: \w+){{0,3}} (?:earlier|previous|prior|older|old|other|existing|past|anterior(?:es)?"
    rf"|antig[ao]s?"
    rf"|outr[ao]s?|existentes)(?: \w+)? {_TEXTS}\b"
    rf"|\b(?:desconsider\w+|descart\w+|ignor[ea]m?|esquec\w+)(?: \w+){{0,2}} {_TEXTS} "
    rf"(?:anterior(?:es)?|antig[ao]s?|existentes)\b"
    rf"|\b(?:official|oficial|vendor|hcl|ibm|corporate"
    rf"|internal) {_TEXTS}(?: \w+){{0,3}} (?:updated|changed"
    rf"|replaced|revised|superseded|atualizad\w|alterad\w|revisad\w|substituid\w)\b"
    rf"|\b{_TEXTS} oficia(?:l|is)(?: \w+){{0,3}} (?:atualizad\w|alterad\w|mudou|mudaram"
    rf"|revisad\w|substituid\w)\b"
    rf"|\b(?:this|esta|este)(?: \w+)? (?:supersedes|overrides|overrules|replaces"
    rf"|takes precedence|prevalece"
    rf"|substitui|sobrepoe)\w*(?: \w+){{0,3}} {_TEXTS}\b"
    r"|\b(?:use|trust|cite|quote|use only|confie|cite|considere)(?: only| apenas| somente"
    r"| so)? (?:this|esta|este)"
    r"(?: one| memory| answer| entry| memoria| resposta)?(?: only| and nothing else| apenas)\b"
    r"|\b(?:supersedes?|overrides?|overrules?|replaces?|substitui|prevalece sobre|revoga) (?:all"
    r"|any|every|tod[ao]s?"
    r"|quaisquer|[ao]s)(?: \w+)? ?(?:others?|previous|earlier|prior|outr[ao]s|demais"
    r"|anteriores)\b"
    r"|\buse only this\b|\buse (?:apenas|somente|so) est[ae]\b"
    rf"|\b(?:no longer|not|never|nao)(?: mais)? (?:need|needs|require|requires|precisa\w*"
    rf"|necessita\w*|exige\w*)"
    rf"(?: \w+){{0,2}} (?:review|reviewed|approval|audit|auditing|check\w*|verification|revisao"
    rf"|auditoria|aprovacao"
    rf"|verificacao)\b"
    r"|\b(?:treated|considered|regarded|count|counts|counted|valem|contam|tratad\w+"
    r"|considerad\w+|tid[ao]s?) (?:as|como) (?:\w+ )?(?:approved"
    r"|trusted|verified|reviewed|aprovad\w+|confiave\w+|verificad\w+|revisad\w+)\b"
    r"|\b(?:new|nova|updated|novas|revised) (?:policy|politica|directive|diretriz|regra"
    r"|rule)s?\b[^.\n]{0,80}"
    r"\b(?:must|shall|has to|have to|no longer|may now|deve\w*|nao precisa\w*|pode\w* agora"
    r"|passa\w* a|sao|is to)\b"
    r"|\b(?:effective immediately|com efeito imediato|a partir de hoje|as of today"
    r"|starting today)\b[^.\n]{0,120}"
    r"\b(?:must|shall|has to|have to|no longer|deve\w*|nao precisa\w*|pode\w*)\b"
)

LEAKED_PROMPT = re.compile(
    r"\b(?:my|the) (?:system )?(?:prompt|instructions?)(?: \w+){0,3} (?:says?|reads?|is|are"
    r"|follows?|states?|begins?)\s?(?::|that\b|as follows)"
    r"|\b(?:here (?:is|are)|this is) (?:my|the) (?:system )?(?:prompt|instructions?)\b"
    r"|\b(?:minhas?|meu|meus) (?:instruc\w{2,4}|prompt|regras)(?: \w+){0,3} (?:sao|diz|dizem|e"
    r"|comeca\w*)\s?(?::|que\b|assim|as seguintes)"
    r"|\b(?:eis|aqui esta\w?|segue\w?) (?:o|as|os|a|meu|minhas) (?:prompt|instruc\w{2,4})\b"
    r"|\bmis instrucciones (?:son|dicen)\b"
    r"|\byou are (?:resync|an? (?:helpful |expert |ai |friendly )?(?:assistant|agent|expert"
    r"|chatbot))\b[^\n]{0,80}"
    r"|\bvoce e (?:o resync|um[a]? (?:assistente|agente|especialista))\b[^\n]{0,80}"
    r"|\b(?:never|nunca) (?:reveal|revele|disclose|mostre|divulgue"
    r"|share)(?: \w+){0,3} (?:instructions?|prompt|texto|instruc\w{2,4})\b"
)

# --- what a read-only assistant cannot have done -------------------------------------------------

_DONE_PT = (
    r"(?:cancelei|reexecutei|liberei|submeti|confirmei|alterei|removi|apaguei|reiniciei|parei"
    r"|iniciei|executei|deletei|rodei|disparei"
    r"|mudei|ajustei|aumentei|diminui|segurei|matei|encerrei|desliguei|derrubei|reprocessei"
    r"|suspendi|exclui|restaurei|desbloqueei"
    r"|destravei|religuei|linkei|renomeei|criei|forcei|zerei|atualizei|aprovei|agendei|reenviei"
    r"|corrigi)"
)
_DONE_EN = (
    r"(?:cancell?ed|rer[au]n|re-?ran|released|submitted|confirmed|changed|removed|deleted"
    r"|restarted|stopped|started|killed|held|replied to"
    r"|answered|set|raised|lowered|increased|unlinked|linked|triggered|launched|executed"
    r"|resubmitted|suspended|dropped|purged|modified"
    r"|updated|approved|scheduled|fixed|forced|unlocked|disabled|enabled|shut down|rebooted"
    r"|granted)"
)
_DONE_ES = (
    r"(?:cancele|reejecute|libere|envie|confirme|cambie|elimine|reinicie|detuve|inicie"
    r"|ejecute|borre|aumente)"
)
_DOING_EN = (
    r"(?:call|execut|runn|invok|trigger|cancel|kill|stopp|releas|delet|remov|rerunn|submitt"
    r"|chang|sett"
    r"|confirm|restart|rais|lower|disabl|enabl|grant|approv|purg|dropp|forc|shutt|updat|hold"
    r"|unlink|linking)"
)
_TO_DO_EN = (
    r"(?:call|execute|invoke|trigger|cancel|kill|stop|release|delete|remove|rerun|submit|change"
    r"|set|confirm"
    r"|restart|raise|lower|disable|enable|grant|approve|purge|drop|force|shut|update|unlink)"
)
_DO_PT = (
    r"(?:cham|execut|invoc|dispar|cancel|mat|par|liber|apag|remov|reexecut|submet|alter|mud"
    r"|confirm|reinici"
    r"|aument|diminu|desabilit|habilit|desativ|ativ|conced|aprov|exclu|delet|forc|deslig|encerr"
    r"|suspend)"
)
# What it is about to do, or says it is doing: a call of a tool that does not exist included.
WRITE_INTENT = re.compile(
    rf"\bi(?:'m| am)(?: \w+){{0,2}} {_DOING_EN}\w{{0,4}}ing\b(?! (?:a |the |your )?(?:query"
    rf"|search|lookup))"
    rf"|\bi(?:'ll| will|'m going to| am going to| am about to)(?: \w+){{0,2}} {_TO_DO_EN}\b"
    rf"|\b(?:estou|estamos|eu ja estou)(?: \w+)? {_DO_PT}\w{{0,3}}ndo\b(?! (?:a "
    rf"|uma )?(?:consulta|busca))"
    rf"|\b(?:vou|irei|vamos)(?: \w+)? {_DO_PT}\w{{0,3}}r\b(?! (?:a |uma )?(?:consulta|busca))"
    r"|\b(?:kill|cancel|release|stop|delete|remove|rerun|submit|confirm|set|update|restart"
    r"|shutdown|approve"
    r"|disable|enable|grant|drop|purge|reply|change)_[a-z_]{2,40}\("
    r"|\b(?:calling|executing|invoking|running|chamando|executando|invocando) (?:the |o "
    r"|a )?[`\"']?"
    r"(?:kill|cancel|release|stop|delete|remove|rerun|submit|confirm|update|restart|shutdown"
    r"|approve"
    r"|disable|grant|drop|purge|reply)_[a-z_]{2,40}\b"
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
    r"|submetid|reexecutad|confirmad|removid|apagad|reiniciad|parad|respondid"
    r"|cancell?ed|changed|released|submitted|rerun|confirmed|removed|deleted|restarted|stopped"
    r"|set to|cancelado|cambiado)\w*"
    r"|\b(?:cancell?ed|deleted|released|submitted|changed|rerun|stopped|restarted|removed) (?:it "
    r"|them |the \w+ )?(?:as (?:you )?(?:requested|asked|instructed)|for you|on your behalf)\b"
    r"|\b(?:cancelad|alterad|liberad|submetid|reexecutad|removid|apagad|reiniciad|parad"
    r"|confirmad)[oa]s? (?:conforme (?:pedido|solicitado|instruido)|por mim|a seu pedido"
    r"|como (?:voce )?pediu)\b"
)
_REQUESTED = (
    r"(?:as (?:you )?(?:requested|asked|instructed|ordered|wanted)|per your (?:request"
    r"|instruction)|at your request"
    r"|(?:conforme|como) (?:voce )?(?:pediu|solicitou|pedido|solicitado|instruido|mandou|ordenado"
    r"|combinado)|a (?:seu )?pedido)"
)
_DONE = (
    r"(?:cancelad|confirmad|liberad|colocad|alterad|mudad|submetid|reexecutad|removid|apagad"
    r"|reiniciad|parad|respondid|ajustad|definid"
    r"|elevad|reduzid|corrigid|resolvid|desbloquead|encerrad|executad|disparad|suspens"
    r"|excluid)[oa]s?|(?:cancell?ed|confirmed|released|set|put"
    r"|changed|submitted|rerun|removed|deleted"
    r"|restarted|stopped|replied|answered|killed|held|raised|lowered|executed|triggered)"
)
DONE = re.compile(rf"\b(?:{_DONE})\b")
DONE_AS_ASKED = re.compile(
    rf"\b(?:{_DONE})\b[^.\n]{{0,60}}?\b{_REQUESTED}\b"
    rf"|\b{_REQUESTED}\b[^.\n]{{0,60}}?\b(?:{_DONE})\b"
)
# A question that orders a change of the plan.
WRITE_REQUEST = re.compile(
    r"\W*(?:(?:please|por favor|agora|now|can you|could you|pode|voce pode|quero que"
    r"|i want you to)\W+){0,3}"
    r"(?:sub[ai]r?|suba|elev\w{1,2}|baix\w{1,2}|reduz\w{0,2}|deslig\w{1,3}|habilit\w{1,2}"
    r"|desabilit\w{1,2}|paus\w{1,2}"
    r"|segur\w{1,2}|troc\w{1,2}|pause|resume|increase|decrease|enable|disable|turn|bump|cancelar"
    r"|liberar|parar|matar"
    r"|apagar|reiniciar|alterar|mudar|submeter|reexecutar|confirmar"
    r"|fix|solve|repair|mend|sort|resolv\w{1,2}|corrij\w|consert\w{1,2}|arrum\w{1,2}"
    r"|ajust\w{1,2}"
    r"|do it|go ahead|faz|faca|cancel|confirm|release|rerun|submit|set|hold|kill|stop|start"
    r"|delete|remove|reply|answer"
    r"|put|raise|lower|change|restart"
    r"|cancel[ae]|confirm[ae]|liber[ae]|submet[ae]|reexecut[ae]|coloc[ae]|coloque"
    r"|da (?:um )?rerun|de (?:um )?rerun|rod[ae]|par[ae] (?:o|a)|mat[ae]"
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
