"""Which of the two languages a text is in."""

from __future__ import annotations

import re
from typing import Literal

from knowledge.folding import fold

Language = Literal["pt", "en"]
LANGUAGES: tuple[Language, ...] = ("pt", "en")


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"(?<!\w)[a-z]+(?!\w)")
_NAME = re.compile(r"\b[A-Z0-9_#]{2,}\b")  # HOLD, PAYROLL_CALC: of no language
_WORDS: dict[Language, frozenset[str]] = {
    "pt": word_set(
        """
        o a os as um uma uns umas de do da dos das no na nos nas ao em para pra por pelo pela
        com sem que qual quais quem quanto quantos quanta quantas quando onde como porque porq
        pq e ou nao sim esta estao foi foram ser estar tem ha houve teve esse essa este isso
        aquele dele dela deles delas meu minha agora hoje ontem ultimas ultimos ultima ultimo
        hora horas mostre mostra mostrar liste lista listar diga me falhou falharam falha falhas
        erro erros rodou rodando rodar parado parada travado atrasado atrasados atraso prazo
        espera esperando aguardando pronto estacao estacoes recurso recursos saude resumo
        situacao execucoes faz fazer oi ola bom boa obrigado obrigada ajuda voce fluxo fluxos
        malha significa outro outra seu sua eu alguem algum alguma nenhum quero preciso vc tudo
        mais menos depois antes depende
        """
    ),
    "en": word_set(
        """
        reason cause caused abended prompts open critical the a an of in on at to for from with
        without by what which who how many much when where
        why is are was were be been has have had do does did it its this that these those my
        your now today yesterday last past hour hours show list tell me failed failing failure
        failures fail error errors run running ran waiting wait late deadline ready stuck hold
        held workstation workstations resource resources health summary and or not any all there
        job's hello hi thanks thank please can could should would will you we i them they log's
        happened after before depends up down more less than give compare runs about
        """
    ),
}


def language_of(text: str) -> Language | None:
    """The language of a text; None when its words do not tell."""
    words = _WORD.findall(fold(_NAME.sub(" ", text))) or _WORD.findall(fold(text))
    scores = {code: sum(word in known for word in words) for code, known in _WORDS.items()}
    if fold(text) != text.lower():
        scores["pt"] += 2  # an accent
    if scores["pt"] == scores["en"]:
        return None
    return "pt" if scores["pt"] > scores["en"] else "en"
