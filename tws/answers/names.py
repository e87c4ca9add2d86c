"""The names in a question, and the ones the conversation is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.folding import fold
from knowledge.hwa_terms import object_names
from tws.answers.events import Turn
from tws.answers.language import word_set

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_#./@*%-]*[A-Za-z0-9_*%@]|[A-Za-z0-9_]")
_QUOTED = re.compile(r"[\"'`“‘«]([A-Za-z0-9_#./@*%-]{2,100})[\"'`”’»]")
_LINE_NAME = re.compile(r"^- ([A-Za-z0-9_./#-]+)", re.MULTILINE)
_AFTER_KIND = re.compile(
    r"\b(job ?streams?|streams?|fluxos?|malhas?|jobs?|tarefas?|rotinas?|workstations?|estacao"
    r"|estacoes|agentes?|agents?|servidor|server|recursos?|resources?)\s+"
    r"(?:(?:chamad[oa]|named|called|de nome)\s+)?([a-z][a-z0-9_#./@*%-]*)"
)

# Words of questions: none of them is taken for a name unless it is written like one.
_VOCABULARY = word_set(
    """
    per each by roda rodam rodou right doing quantas temos vai midnight existem existe temos
    iniciam iniciaram significa o a os as um uma uns umas de do
    da dos das no na nos nas ao aos em para pra por pelo
        pela com sem que qual quais quem quanto quantos quanta quantas quando onde como porque
        porq pq e ou nao sim esta estao foi foram ser estar tem ha houve teve esse essa este
        isso aquele dele dela deles delas meu minha agora hoje ontem ultima ultimas ultimo
        ultimos hora horas minuto minutos dia dias mostre mostra mostrar liste lista listar diga
        me falhou falharam falha falhas falhar erro erros rodou rodaram rodando rodar parado
        parada travado travados atrasado atrasados atraso prazo espera esperando esperam
        aguardando aguarda pronto prontos estacao estacoes recurso recursos saude resumo
        situacao execucoes execucao faz fazer job jobs stream streams jobstream jobstreams fluxo
        fluxos malha log logs joblog saida status estado plano problema problemas predecessor
        predecessores sucessor sucessores depende dependem dependencia dependencias segura
        segurando bloqueia bloqueado impacto impacta depois antes causa motivo razao comparar
        compare comparacao historico duracao tempo prompt prompts resposta aberto abertos engine
        versao critico criticos critica abend abendou abendaram cancelado suprimido indeciso
        sucesso terminou terminaram acabou concluido iniciou iniciar comecou comeca sobre so
        todos todas tudo mais the an of in on at to for from with without by what which who how
        many much when where why is are was were be been has have had does did it its this that
        these those my your now today yesterday last past hour hours minute minutes day days
        show list tell failed failing fail failure failures fails error errors run runs running
        ran waiting wait waits late deadline ready stuck hold holding held state workstation
        workstations agent agents resource resources health summary and or not any all there
        about happened happen happens cause reason depend depends dependency dependencies
        predecessors successors upstream downstream after before behind blocks blocked holds up
        impact history duration long took take start started starting finish finished end ended
        output plan problem problems open answer version critical cancelled suppressed undecided
        success successful successfully done ok still yet currently please can could you i we
        give get see look into go going doing first second third primeiro segundo terceiro one
        ones other sp eu voce ele ela eles elas seu sua será vai vao quero preciso ver ta tao
        está estão la aqui dai entao se nem ja ainda tambem muito algum alguma alguns algumas
        nenhum nenhuma outro outra deste desta desse dessa nesse nessa neste nesta mesmo mesma
        quebrou quebraram caiu deu ruim pau aconteceu acontece acontecendo linkado linkada
        unlinked linked conectado desconectado offline online fora ar servidor server
        nao-linkado limit limite fence cerca prioridade priority file arquivo their them they
        his her im whats what's s t re
        """
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written; `stream` and `workstation` when WS#STREAM.JOB said them."""

    text: str
    stream: str = ""
    kind: str = ""  # "job", "stream", "workstation", "resource" when the question says so
    certain: bool = True  # False: a word that only might be a name


_KINDS = (
    ("stream", ("stream", "fluxo", "malha", "job stream", "jobstream")),
    ("workstation", ("workstation", "estac", "agent", "servidor", "server")),
    ("resource", ("recurso", "resource")),
    ("job", ("job", "tarefa", "rotina")),
)


def names_in(question: str) -> list[Name]:
    """The names a question holds, the surest first, each once."""
    found: dict[str, Name] = {}
    for kind_word, token in _after_kind(question):
        if _may_be_name(token):
            name = _parse(token, _kind(kind_word))
            found.setdefault(name.text.upper(), name)
    if patterns := _wildcards(question):
        return [_parse(pattern) for pattern in patterns]
    shaped = [*_QUOTED.findall(question), *object_names(question)]
    for token in shaped:
        name = _parse(token.strip(".,;:?!"))
        if name.text and _may_be_name(name.text):
            found.setdefault(name.text.upper(), name)
    if not found:
        for token in _tokens(question):
            if _may_be_name(token) and len(token) > 3 and not token.isdigit():
                found.setdefault(token.upper(), _parse(token, certain=False))
    return sorted(found.values(), key=lambda name: not name.certain)


def _tokens(question: str) -> list[str]:
    """Words as written; accents don't cut them."""
    return [question[m.start() : m.end()] for m in _TOKEN.finditer(fold(question))]


def _after_kind(question: str) -> list[tuple[str, str]]:
    """`job X`, `estação Y`: the word for the kind, folded, and the word after it as written."""
    return [(m[1], question[m.start(2) : m.end(2)]) for m in _AFTER_KIND.finditer(fold(question))]


def _wildcards(question: str) -> list[str]:
    return [token for token in _tokens(question) if "*" in token or "%" in token]


def _may_be_name(token: str) -> bool:
    return fold(token) not in _VOCABULARY or (token.isupper() and "_" in token)


def _kind(word: str) -> str:
    folded = fold(word)
    return next((kind for kind, words in _KINDS if any(one in folded for one in words)), "")


def _parse(token: str, kind: str = "", *, certain: bool = True) -> Name:
    """FTA_SP01#FOLHA_DIARIA.PAYROLL_CALC is job PAYROLL_CALC of stream FOLHA_DIARIA."""
    rest = token.rpartition("#")[2].rstrip(".")
    stream, dot, job = rest.rpartition(".")
    if dot and job:
        return Name(job, stream.rpartition("/")[2], "job", certain)
    return Name(rest.rpartition("/")[2], "", kind, certain)


# The conversation

_ORDINALS = {
    "primeiro": 0, "primeira": 0, "first": 0, "segundo": 1, "segunda": 1, "second": 1,
    "terceiro": 2, "terceira": 2, "third": 2, "ultimo": -1, "ultima": -1,
}  # fmt: skip


def ordinal_in(question: str) -> int | None:
    """Which of a list: "e o log do segundo?" is 1; None when the question does not count."""
    if re.search(r"\bultim[oa]s\b|\bultim[oa] (?:hora|execu)", fold(question)):
        return None
    for word in re.findall(r"[a-z]+", fold(question)):
        if word in _ORDINALS:
            return _ORDINALS[word]
    return None


def names_in_play(history: Sequence[Turn]) -> list[str]:
    """The objects the last answers were about: what they were asked for, else what they list."""
    for turn in reversed(history):
        asked = [
            str(use.arguments[key])
            for use in turn.tools
            for key in ("job", "name", "job_stream")
            if use.ok and use.tool not in ("similar_names",) and use.arguments.get(key)
        ]
        if asked:
            return list(dict.fromkeys(name.upper() for name in asked))[:1]
        listed = _LINE_NAME.findall(turn.answer)
        if listed:
            return list(dict.fromkeys(listed))
    return []


def offered(history: Sequence[Turn]) -> list[str]:
    """Names that the last answer offered in place of one that does not exist."""
    if not history or not any(use.tool == "similar_names" for use in history[-1].tools):
        return []
    asked = {
        str(use.arguments.get("name", "")).upper()
        for use in history[-1].tools
        if use.tool == "similar_names"
    }
    question = history[-1].answer.rsplit("\n", 1)[-1]
    return [name for name in object_names(question) if name.upper() not in asked]
