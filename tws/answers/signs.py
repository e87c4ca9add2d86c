"""The signs of a question's intent: words of both languages, over folded text.

One alternative a line, each beginning at a word; a line that ends with `|` goes on in the next.
"""

from __future__ import annotations

import re

ANYWHERE: dict[str, str] = {
    "fail": r"""
        fal(?:h|hou|haram|ha|has|har)\w*|fail\w*|abend\w*|abort\w*|erros?|errors?|quebr\w+|
        crash\w*|broke\w*|d(?:eu|eram) (?:ruim|pau|erro|problema)|caiu|cairam|in error
    """,
    "why": r"""
        expli\w+
        explain\w*
        por ?que|porque|pq|why|motivo|causa|cause|reason|razao|o que (?:houve|aconteceu|deu)|
        what (?:happened|went wrong|caused|made)|how come
    """,
    "log": r"""
        job ?logs?\b
        logs?\b
        saida (?:do|da)
        output (?:of|from)
        stdlist
    """,
    "wait": r"""
        espera\w*
        aguard\w*
        wait\w*
        hold(?:ing)?\b
        held\b
        parad[oa]s?\b
        pres[oa]s?\b
        nao (?:inici|come|rod|execut|sai|anda|start|parte|larg)\w*
        (?:not|n't|never) (?:start|run|yet|begin|execut|go)\w*
        travad\w+
        stuck
        pronto\b
        ready\b
        depende\b do que
        (?:n't|not|nao) (?:\w+ )?(?:started|iniciou|rodou|comecou)
    """,
    "successors": r"""
        sucessor\w*
        successor\w*
        downstream
        segura\w*
        bloque\w+
        imped\w+
        impact\w*
        hold(?:s|ing)? up
        block(?:s|ing|ed by)?\b
        (?:vem|roda|rodam|vem) depois
        (?:runs?|comes?) after
        quem (?:depende|espera) d
        depend(?:s|ing)? on (?:it|this|that)
        waits? for (?:it|this)
        what (?:depends|waits)
        afet\w+
        affect\w*
    """,
    "predecessors": r"""
        predecessor\w*
        antecessor\w*
        upstream
        depende\w*
        depend(?:s|encies)?\b
        (?:vem|roda|rodam) antes
        (?:runs?|comes?) before
    """,
    "count": r"""
        quant[oa]s\b
        how many
        count\b
        contagem
        numero de
        number of
        total de
    """,
    "list": r"""
        quais
        qual\b
        list\w*
        mostr\w+
        show\b
        which
        what jobs
        que jobs
        tem (?:algum|job)
        ha (?:algum|job)
        any jobs?\b
        are there
        existe\w*
        o que (?:esta|falta|ainda)
    """,
    "recent": r"""
        meia.noite
        midnight
        ultim[oa]s?\b
        last\b
        past\b
        recent\w*
        hoje
        today
        desde
        since
        ontem
        yesterday
        madrugada
        tonight
        overnight
        esta noite
        nas? \d+ h
        within
        ha pouco
        agora ha pouco
    """,
    "late": r"""
        atras\w+
        late\b
        delayed
        overdue
        behind schedule
        fora do horario
    """,
    "critical": r"""
        critic\w+
    """,
    "deadline": r"""
        prazos?\b
        deadlines?\b
        estour\w+
        sla\b
        miss\w* (?:its|their|the)?
        no horario
        on time
    """,
    "stations": r"""
        estac(?:ao|oes)
        workstations?\b
        agentes?\b
        agents?\b
        servidor(?:es)?\b
        servers?\b
        linkad\w+
        unlinked
        not linked
        sem link
        cpus?\b
        maquinas?\b
    """,
    "streams": r"""
        job ?streams?\b
        streams?\b
        fluxos?\b
        malhas?\b
        schedules?\b
    """,
    "resources": r"""
        recursos?\b
        resources?\b
    """,
    "prompts": r"""
        prompts?\b
        perguntas? pendente
        resposta pendente
        aguardando resposta
    """,
    "engine": r"""
        versao
        version\b
        engine\b
        motor\b
        simulador
        simulator
        que (?:hwa|tws)
        fuso
        time ?zone
    """,
    "runs": r"""
        compar\w+
        (?:ultimas|outras) execu\w+
        execucoes
        last (?:\w+ )?runs
        runs of
        previous runs
        historico de exec\w*
        (?:run )?history of
        quanto tempo
        how long
        duracao
        duration
        demor\w+
        tempo de execucao
        run ?times?
    """,
    "summary": r"""
        como estamos
        how are we
        resum\w+
        summar\w+
        overview
        visao geral
        saude
        health
        panorama
        (?:como|how) (?:esta|vai|anda|is|are)\w* (?:o |the |as |os )?(?:plano|plan|ambiente|
        environment|producao|production|coisas|things|hwa|tws|tudo|everything|batch)
        (?:situacao|estado|status|state) (?:geral|do plano|da producao|do ambiente|
        of the (?:plan|environment|batch))
        (?:tudo|everything|all) (?:bem|certo|ok|fine|good)
        plan status
    """,
    "stations_problem": r"""
        problem\w*
        fora
        down\b
        offline
        unlink\w*
        not linked
        sem link
        desconect\w*
        limit\w* (?:0|zero)
        fence
        nao linkad\w*
        parad[oa]s?
        caid[oa]s?
        indispon\w*
        unavailable
    """,
    "technical": r"""
        api\b
        rest\b
        https?\b
        urls?\b
        json\b
        endpoints?\b
        rota\b
        route\b
        campos?\b
        fields?\b
        linha de comando
        command line
        cli\b
        sintaxe
        syntax
    """,
    "how_to": r"""
        qual comando
        que corpo
        qual (?:palavra|direito|rota|json|url|porta|sintaxe)
        como (?:interpreto|interpretar|descubro|descobrir|evito|evitar|aponto|resolvo|resolver)
        o que fazer
        oq fazer
        what is the (?:difference|default|meaning|purpose)
        what happens (?:if|when)
        como (?:eu |se |e que |que )?(?:fac|poss|dev|consig|configur|reinici|reexecut|faz|crio|
        cri[ao]r|altero|mudo|vejo|verific|libero|cancel|submet|listo|paro|inicio|uso|instal|
        adicion|remov|troc|defin|respond|confirm|fa[zc])\w*
        how (?:do|to|can|should|would|does)\b
        o que (?:significa|e\b|quer dizer|sao|faz)
        what (?:does|do) .*\b(?:mean|do|stand)\b
        what(?:'s| is| are) (?:the |an? )?(?:meaning|difference|purpose|default|command|option|
        port|syntax|jnextplan|planman|conman|composer|optman|batchman|mailman|symphony|fence|
        limit|prompt|resource|event)\b
        qual (?:e )?(?:o|a) (?:comando|opcao|porta|diferenca|sintaxe|parametro|permissao|
        significado|arquivo|padrao|caminho|utilitario)
        que (?:comando|opcao|porta|permissao|parametro|direito|arquivo)
        which (?:command|option|port|permission|parameter|file|access|utility|keyword)
        what (?:command|option|port|permission|parameter|file|access|utility|keyword)
        diferenca entre
        difference between
        serve para
        para que serve
        is there a way
        existe (?:um jeito|uma forma|alguma forma|comando)
        (?:posso|da para|e possivel|can i|can you explain|is it possible)
        onde (?:fica|ficam|encontro|vejo|configuro)
        where (?:is|are|do i|can i)
        explique
        explain
    """,
    "act": r"""
        (?:reexecute|rode de novo|rerun|reinicie|restart|cancele|cancel|mate|kill|libere|
        release|submeta|submit|confirme|confirm|altere|mude|change|pare|stop|hold|segure|
        responda|reply)\b (?:o |a |os |the |job|it\b|this|esse|este|isso)
    """,
    "help": r"""
        ajuda\b
        help\b
        o que (?:voce|vc|tu) (?:sabe|faz|consegue|pode)
        what can you
        como (?:voce|vc) (?:funciona|pode ajudar)
        quem e voce
        who are you
    """,
    "by_workstation": r"""
        por (?:estacao|workstation|servidor|agente)
        (?:by|per|each) (?:workstation|agent|server)
        cada estacao
    """,
    "status_word": r"""
        status
        estado\b
        situacao
        como (?:esta|vai|anda|ficou|terminou)
        how (?:is|did|was)
        rodou
        terminou
        acabou
        ran\b
        finish\w*
        did .* (?:run|end|finish)
        state of
    """,
    "left": r"""
        falta\w*
        rest(?:a|am|ante)\w*
        left\b
        remain\w*
        pendentes?
        still to
    """,
    "jobs_of": r"""
        jobs (?:d[oae]|n[oa]|of|in|on)\b
        jobs (?:estao|are|ha|tem|rod)\w*
    """,
}

THE_WHOLE: dict[str, str] = {
    "hello": r"""
        ^\W*(?:oi|ola|hello|hi|hey|bom dia|boa tarde|boa noite|good (?:morning|afternoon|
        evening)|e ai|opa)\b(?:\W+\w+){0,3}\W*$
    """,
    "thanks": r"""
        ^\W*(?:muito )?(?:obrigad[oa]|valeu|thanks?(?: you)?|thx|
        brigad[oa])\b(?:\W+\w+){0,3}\W*$
    """,
    "yes": r"""
        ^\W*(?:sim|isso|esse mesmo|este mesmo|exato|yes|yep|yeah|that one|right|correct|correto|
        ok|isso mesmo|o primeiro|the first(?: one)?)\W*$
    """,
    "just_why": r"""
        ^\W*(?:mas |e |and |but )?(?:por ?que|porque|pq|why)(?: (?:isso|ele|ela|so|is that|that|
        it|did it|ele falhou|falhou))?\W*$
    """,
}
"""Signs that the question consists of, nothing else in it."""


def _compiled(text: str, begin: str) -> re.Pattern[str]:
    joined = ""
    for line in text.split("\n"):
        joined += line.strip() + ("" if line.endswith("|") or not line.strip() else "|")
    return re.compile(f"{begin}(?:{joined.rstrip('|')})", re.ASCII)


PATTERNS: dict[str, re.Pattern[str]] = {
    **{name: _compiled(text, r"\b") for name, text in ANYWHERE.items()},
    **{name: _compiled(text, "") for name, text in THE_WHOLE.items()},
}
