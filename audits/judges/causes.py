"""Why things fail or wait: causes in the evidence beside the causes an answer names."""

from __future__ import annotations

import re

from knowledge.folding import fold

from .facts import Facts

# Over folded text; the same patterns read job logs and answers, in both languages.
FAILURES: dict[str, str] = {
    "disk space": r"no space left|disk (?:is )?full|(?:falta|faltou|sem|ran out|run out|out"
    r"|lack)(?: \w+){0,2} (?:de |of )?(?:espaco|disk space|space)"
    r"|espaco (?:em disco|insuficiente)|disco cheio|full disk|not enough space|disk space"
    r"|filesystem (?:is )?full|enospc",
    "missing file": r"no such (?:file|directory|path|folder)"
    r"|(?:directory|folder|path|diretorio|pasta"
    r"|caminho)(?: \S+){0,2}? (?:not found|missing|(?:does not|doesn't|nao) exist\w*"
    r"|inexistente)|(?:file|arquivo|ficheiro)(?: \S+){0,3}? (?:was |is "
    r"|nao (?:foi |esta )?|not )*(?:not found|missing|encontrado|ausente|existe|presente"
    r"|chegou|arrived?|there)"
    r"|(?:missing|falta(?:ndo|va)?|faltou|ausencia d[eo]|without)(?: \w+){0,2} (?:file|arquivo)"
    r"|filenotfound|cannot (?:open|find) file|cannot find the file|did not arrive|never arrived"
    r"|enoent|(?:not|n't|nao|unable to|without) (?:\w+ ){0,2}?(?:find|locate|open|encontr\w+|achou"
    r"|achar|localiz\w+|abr\w+)(?: \w+){0,3} (?:file|arquivo)",
    "permission": r"permission denied|access (?:is |was )?denied|(?:falta|sem|faltou|negad[ao]"
    r"|lack(?:s|ed)?)(?: \w+){0,2} (?:permissao|acesso|permission)"
    r"|(?:refus|deni|recus|neg)\w+(?: \w+){0,2} (?:access|acesso|permission|permissao)"
    r"|permissao(?: \w+){0,2} negada|acesso negado|not authorized|eacces"
    r"|insufficient privileges|ora-01031|permissoes?",
    "login": r"(?:senha|password|credential\w*|credencia\w+|login|logon|authenticat\w+"
    r"|autentica\w+)(?: \w+){0,3} (?:invalid[ao]?s?|expir\w+|fail\w*|falh\w+|wrong"
    r"|incorrect\w*|incorret[ao]s?|vencid[ao]|reject\w+|recusad[ao]s?|errad[ao]s?|bloquead[ao]s?"
    r"|locked|denied)"
    r"|(?:aceit|rejeit|recus|accept|reject|refus)\w+(?: \w+){0,3} (?:senha|password|log[io]n"
    r"|credenci\w+|credential\w*|username)"
    r"|(?:invalid|wrong|expired|bad|incorrect|rejected) (?:password|credentials?|login"
    r"|username\S*)|login (?:denied|failed)|logon failure|authentication fail\w+|ora-01017"
    r"|ora-28001|account (?:is )?locked|conta bloqueada|(?:bloqueio|lock)(?: \w+){0,2} (?:conta"
    r"|account)",
    "timeout": r"tim(?:ed|e) ?-?out|timeouts?|tempo (?:limite |de \w+ )?(?:esgotado|excedido)"
    r"|estour\w+ (?:o |de )tempo|took too long",
    "connection": r"connection (?:was )?(?:refused|reset|closed|lost|failed)"
    r"|refused(?: the)? connection|conexao (?:foi )?(?:recusada|perdida|encerrada|caiu"
    r"|fechada)|no listener|sem listener|network (?:is )?(?:unreachable|down|error|outage)"
    r"|host unreachable|no route to host|recusou a conexao|nao conseguiu (?:se )?conectar"
    r"|could not connect|cannot connect|unable to connect|econnrefused|ora-125\d\d"
    r"|unreachable|queda d[ea] rede|falha d[ea] rede"
    r"|refused(?! (?:\w+ )?(?:access|log[oi]n|permission|authori\w+))|listener|service (?:not"
    r"|un)available",
    "memory": r"out ?of ?memory|outofmemory\w*|(?:falta|faltou|estouro|sem)(?: \w+){0,2} memoria"
    r"|memory (?:exhausted|limit|leak)|cannot allocate memory|java heap|oom|not enough memory"
    r"|(?:ran|run) out of memory|memoria insuficiente",
    "killed": r"\bkill(?:ed)?\b|sigkill|sigterm|signal \d+|terminated|derrubad[oa]"
    r"|morto",
    "certificate": r"certificat\w*|certificado\w*|ssl handshake|tls handshake|handshake failure"
    r"|pkix",
    "database lock": r"deadlock\w*|lock (?:wait )?timeout|(?:tabela|table|row"
    r"|registro)(?: \w+){0,3} (?:locked|bloqueada|travada|bloqueado)|ora-00060|ora-00054"
    r"|sqlcode=?-911|bloqueio (?:n[ao]|d[ae]) (?:tabela|banco)|resource busy",
    "duplicate key": r"unique constraint|duplicate (?:key|entry|record)|chave duplicada"
    r"|duplicidade|ora-00001|violat\w+(?: \w+){0,3} constraint|registros? duplicados?"
    r"|sqlcode=?-803|duplicates?",
    "tablespace": r"tablespace|ora-0165\d|unable to extend|nao (?:foi possivel|pode) estender",
    "syntax": r"syntax error|erro de sintaxe|sintaxe invalida|unexpected token|parse error"
    r"|parsing|command not found|comando nao encontrado|not recognized|ora-00942"
    r"|table or view does not exist|tabela (?:\w+ )?(?:nao existe|inexistente)"
    r"|undefined variable",
    "bad data": r"invalid (?:data|record|format|number|date|layout|header|input)|(?:dados?"
    r"|registros?|formato|layout|cabecalho|header|arquivo|data"
    r"|linha)(?: \S+){0,2} (?:invalid[oa]s?|corrompid[oa]s?|corrupt\w*|malformed"
    r"|incorret[oa]s?)|malformed|corrupt(?:ed)?|checksum|parse failure|numberformat\w*"
    r"|null ?pointer\w*|truncated|division by zero|divisao por zero|unparseable|ora-01722",
    "empty input": r"(?:empty|zero.?byte) (?:file|input)|(?:file|arquivo|input"
    r"|entrada)(?: \S+){0,2} (?:is |was |esta |estava |veio )?(?:empty|vazi[oa])|no (?:rows"
    r"|records|data) (?:found|to process)|sem (?:dados|registros)|0 (?:rows|records|registros)",
    "host key": r"host key|chave do host|known_hosts",
    "name lookup": r"unknown host|name or service not known|could not resolve|dns"
    r"|resolucao de nome\w*|nao (?:resolve|resolveu)|host not found",
    "quota": r"quota|cota|limit exceeded|too many|limite excedido|throttl\w+|rate limit",
    "variable": r"variable(?: \S+){0,3} (?:not set|undefined|missing|unset|not defined)"
    r"|variavel(?: \S+){0,3} (?:nao definida|indefinida|ausente)|unbound variable",
    "java version": r"unsupportedclassversion\w*|class not found|classnotfound\w*|noclassdef\w*",
}

_WAITS = (
    r"(?:wait\w*(?: for| on)?|held|hold\w*|held up|blocked|stopped|stuck|needs?|retid[oa]"
    r"|segurad[oa]|segura|travad[oa]"
    r"|pres[oa]|bloquead[oa]|parad[oa]|aguard\w+|esper\w+|depend\w+|precisa|falta)"
)
WAITS: dict[str, str] = {
    "prompt": rf"{_WAITS}(?: \w+){{0,5}} prompt|prompt(?: \w+){{0,5}} (?:unanswered|sem resposta"
    rf"|pendente|holds?|segura)",
    "predecessor": rf"{_WAITS}(?: \w+){{0,5}} (?:predecessor\w*|antecessor\w*|upstream"
    rf"|dependenc\w+)|predecessor\w*(?: \w+){{0,3}} (?:que falhou|failed|pendente|pending)",
    "time": rf"{_WAITS}(?: \w+){{0,5}} (?:hora|horario|start time|earliest start|scheduled time"
    rf"|its time|due time)|only (?:start|run)s? at|so pode (?:partir|iniciar|comecar|rodar)"
    rf"|not before (?:\d|its|the (?:time|hour|start))|nao antes d\w+ \d",
    "file": rf"{_WAITS}(?: \w+){{0,5}} (?:file|arquivo)",
    "resource": rf"{_WAITS}(?: \w+){{0,5}} (?:recurso|resource)s?|(?:recurso"
    rf"|resource)(?: \w+){{0,3}} (?:ocupado|busy|esgotado|in use|em uso|taken|exhausted)",
    "limit": r"(?:job )?limite?s? (?:d[aoe] \S+ |of \S+ |on \S+ )?(?:(?:is|was|esta|set|foi|em|at"
    r"|to|=|e) )*(?:\D{0,3}0\b|zero|reached|atingido|alcancado|cheio|full|exhausted)"
    r"|(?:reached|atingiu|hit) (?:its|the|o|seu) (?:job )?limite?",
    "fence": r"(?:abaixo|below|under|inferior)(?: \w+){0,3} (?:fence|cerca)"
    r"|fence (?:\w+ ){0,3}(?:above|holds?|acima|segura|impede|too high|high|alt[oa]|blocks?)",
    "link": r"unlinked|not linked|sem link|desconectad[oa]|agent (?:is )?(?:down|offline"
    r"|unreachable)|agente (?:fora|parado|offline)|nao esta (?:linkad|conectad)[oa]"
    r"|fora do ar|disconnected",
    "ignored": r"(?:workstation|estacao|agent|agente)(?: \w+){0,4} (?:ignored?|ignorad[oa])",
    "priority": r"priorit?y (?:\w+ ){0,2}(?:0|zero)\b|prioridade (?:\w+ ){0,2}(?:0|zero)\b"
    r"|priority is too low|prioridade (?:muito )?baixa",
}
_SUBSTATUS = {
    "PROMPT": "prompt",
    "INPUT": "prompt",
    "PREDECESSOR": "predecessor",
    "DEPENDENCY": "predecessor",
    "TIME": "time",
    "FILE": "file",
    "RESOURCE": "resource",
    "LIMIT": "limit",
    "AGENT": "link",
    "PRIORITY": "priority",
    "FENCE": "fence",
    "IGNORED": "ignored",
}
# "a permission problem", "falta de memória", "erro de rede": a cause named by its noun.
_TROUBLE = (
    r"(?:problem|issue|trouble|error|failure|outage|shortage|lack|erro|falha|problema"
    r"|falta|queda|ausencia)s?"
)
_NOUNS = {
    "disk space": r"disk|disco|espaco|storage|filesystem",
    "permission": r"permissions?|permissao|permissoes|acesso|access rights?",
    "login": r"passwords?|senhas?|credentials?|credencia(?:l|is)|login|logon|authentication"
    r"|autenticacao",
    "timeout": r"timeouts?",
    "connection": r"network|rede|connectivity|conectividade|connection|conexao",
    "memory": r"memory|memoria|heap",
    "certificate": r"certificates?|certificados?|ssl|tls",
    "syntax": r"syntax|sintaxe",
    "missing file": r"arquivo|input file|file",
    "bad data": r"data|dados|layout|format|formato",
}
for _cause, _noun in _NOUNS.items():
    FAILURES[_cause] += (
        rf"|{_TROUBLE}(?: (?:of|de|do|da|no|na|with|com|in|on|the|o|a))* (?:{_noun})"
        rf"|(?:{_noun}) (?:\w+ )?(?:problem|issue|error|failure|outage)s?"
    )
_FAILURE = {name: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") for name, pattern in FAILURES.items()}
_WAIT = {name: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") for name, pattern in WAITS.items()}
# Causes that programs report with one another's words.
_KIN = (
    {"connection", "timeout", "name lookup"},
    {"tablespace", "disk space", "quota"},
    {"missing file", "empty input"},
    {"permission", "login"},
    {"killed", "memory"},
    {"certificate", "connection"},
    {"bad data", "syntax"},
    {"database lock", "timeout"},
)


def failures_in(text: str) -> dict[str, tuple[int, int]]:
    """The causes of failure named in a text, each with where it first stands."""
    return _first(_FAILURE, text)


def waits_in(text: str) -> dict[str, tuple[int, int]]:
    """What a text says somebody waits for, each with where it first stands."""
    return _first(_WAIT, text)


_ASKS_WHAT_HOLDS = re.compile(
    r"\b(?:why|por ?que|what(?:'s| is)(?: \w+)? (?:keeping|holding|blocking|stopping|delaying)"
    r"|waiting for|hold(?:s|ing)|o que(?: \w+){0,2} (?:segura\w*|prend\w*|trav\w*|imped\w*"
    r"|bloque\w*"
    r"|falta)|motivo|reason|esper\w+ (?:por |o )?que|pelo que|aguarda\w* o que)\b"
)
_HOLDERS = {
    "prompt": re.compile(r"\b(?:prompt|pergunta do operador)\b"),
    "resource": re.compile(r"\b(?:recurso|resource)\b"),
    "predecessor": re.compile(r"\b(?:predecessor(?:a|as|es|s)?|antecessor(?:a|es)?|upstream)\b"),
    "file": re.compile(r"\b(?:arquivo|file)\b(?! (?:system|server))"),
}


def named_holders(question: str, text: str) -> dict[str, tuple[int, int]]:
    """What an answer names by its bare noun when it was asked what somebody waits for."""
    if not _ASKS_WHAT_HOLDS.search(fold(question)):
        return {}
    return _first(_HOLDERS, text)


def known_failures(facts: Facts) -> set[str]:
    if facts.causes is None:
        facts.causes = set(failures_in(facts.log)) | set(failures_in("\n".join(facts.errors)))
    return facts.causes


def akin(cause: str, known: set[str]) -> bool:
    return any(cause in kin and kin & known for kin in _KIN)


def known_waits(facts: Facts) -> set[str]:
    """What the evidence shows to be waited for, whoever waits."""
    found: set[str] = set()
    for thing in facts.things.values():
        for substatus in thing.substatuses:
            found |= {cause for word, cause in _SUBSTATUS.items() if word in substatus}
        if "UNSATISFIED" in thing.codes:
            found |= (
                {"file"} if "file" in thing.kinds else {"predecessor", "file", "prompt", "resource"}
            )
        found |= {"prompt"} if "ASKED" in thing.codes else set()
        found |= {"limit"} if 0 in thing.numbers.get("limit", set()) else set()
        found |= {"fence"} if max(thing.numbers.get("fence", {0})) > 0 else set()
        found |= {"priority"} if 0 in thing.numbers.get("priority", set()) else set()
        found |= {"resource"} if 0 in thing.numbers.get("availablequantity", set()) else set()
        found |= {"time"} if any(m.role in {"earliest", "planned"} for m in thing.times) else set()
        if "workstation" in thing.kinds and (thing.flags or thing.flag_lists or thing.numbers):
            linked = thing.flags.get("linked", "linked" in thing.flags)
            found |= set() if linked else {"link"}
        found |= {"link"} if thing.codes & {"UNLINKED", "OFFLINE", "DOWN"} else set()
    return found


def _first(patterns: dict[str, re.Pattern[str]], text: str) -> dict[str, tuple[int, int]]:
    folded = fold(text[:100_000])
    return {
        name: match.span()
        for name, pattern in patterns.items()
        if (match := pattern.search(folded))
    }
