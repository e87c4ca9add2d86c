"""The small words of both languages, which say nothing about what a text is about."""

from __future__ import annotations


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SMALL_WORDS = _set(
    """
    a o as os um uma uns umas de do da dos das em no na nos nas ao aos pelo pela por para
    pra com sem sob sobre entre ate e ou mas que se nao sim como quando onde quem qual quais
    quanto isso isto esse essa este esta esses essas estes estas aquele aquela ele ela eles
    elas eu me meu minha meus minhas seu sua seus suas nosso nossa voce voces lhe ser sao
    era foi fui sendo sido estar estao estava esteve ter tem tenho tinha teve ha haver houve
    fazer faz faco fez feito ir vai vou pode posso podem poder deve devo devem dever ja
    ainda so mais menos muito muita tambem la aqui ali ai entao pois nem cada todo toda
    todos todas algum alguma alguns algumas mesmo mesma outro outra the an of to in on at by
    for from with without into onto and or but not yes if then than that this these those
    there here it its i my mine we our you your he she they them his her their is are was
    were be been being am does did done doing have has had having can could may might must
    shall should will would what which who whom whose when where how why too very just also
    any some each all every both more most less least such same other another own out up
    down over under again s t d ll m re ve don doesn didn isn aren wasn won let oq q eh pq
    vs x please about
    """
)
