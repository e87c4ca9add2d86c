"""What a question asks, and whether the answer's yes, no or silence fits the evidence."""

from __future__ import annotations

import re

from knowledge.folding import fold
from knowledge.hwa.statuses import GROUP_OF_CODE

from .claims import Sentence, bind, is_unreal, read_sentence
from .counts import counted, in_scope
from .facts import Facts
from .predicates import PREDICATES, Said, is_denied, is_empty_handed

Problem = tuple[str, float]

_YES = re.compile(r"\W*(?:yes|yep|sim|ja(?=[,.:!])|isso|correct|correto|exato|claro|of course)\b")
_NO = re.compile(
    r"\W*(?:no(?=\s*[,.;:!—–-]|$)|nao|nope|nenhum[a]?|none|not (?:yet|at|really)|ainda nao"
    r"|neither|negativo|nothing|nada)\b(?! (?:momento|plano|log|stream))"
)
_OPEN_QUESTION = re.compile(
    r"\W*(?:(?:e|and|so|please|por favor)\W+)?(?:what|which|who|where|when|why|how|list|show|give"
    r"|tell|explain|describe"
    r"|qual|quais|quem|onde|quando|por ?que|como|quant[oa]s?|o que|liste|mostre|em que|de quem"
    r"|com que|a que|status)\b"
)
_ANY = re.compile(
    r"\b(?:any|anything|anyone|algum[a]?|alguns|algumas|algo|ha|tem|temos|existe[m]?|is there"
    r"|are there|some)\b"
)
_ALL = re.compile(
    r"\b(?:everything|all|tudo|tod[oa]s|verde|green|(?:estao|esta) (?:tudo )?bem|deu tudo certo"
    r"|saudavel|healthy|correu bem)\b"
)


def check_yes_no(question: Sentence, answer: list[Sentence], facts: Facts) -> Problem | None:
    """A yes or no that the evidence answers the other way."""
    if not answer or _OPEN_QUESTION.match(question.folded) or "?" not in question.text:
        return None
    says = _says_yes(question, answer[0])
    if says is None:
        return None
    asked = _asked_truth(_last_clause(question, facts), facts)
    if asked is None:
        return None
    truth, shown = asked
    return None if truth is says else (shown, 0.87)


def _says_yes(question: Sentence, first: Sentence) -> bool | None:
    """Yes or no; in Portuguese a yes also repeats the verb: "Está conectada?" "Está, …"."""
    if _NO.match(first.folded):
        return False
    if _YES.match(first.folded):
        return True
    echo = _ECHO.match(first.folded)
    return True if echo and re.search(rf"\b{echo['verb']}\b", question.folded) else None


_ECHO = re.compile(
    r"\W*(?P<verb>esta|estao|tem|temos|ha|deu|deram|foi|foram|existem?|terminou|terminaram|acabou"
    r"|acabaram|falhou|falharam|atrasou|rodou|rodaram|consta|segue|houve|conseguiu|comecou|chegou)"
    r"(?: sim)?(?=[,.;:!]|\Z)"
)


def _last_clause(question: Sentence, facts: Facts) -> Sentence:
    """What a yes or no answers: "It is READY for long; do I cancel it?" asks only the latter."""
    pieces = [piece for piece in re.split(r"[.;:!]\s", question.text) if piece.strip()]
    return read_sentence(pieces[-1], facts) if len(pieces) > 1 else question


def _asked_truth(question: Sentence, facts: Facts) -> tuple[bool, str] | None:
    if len(re.findall(r"\?", question.text)) > 1 and not _ALL.search(question.folded):
        return None
    if _ALL.search(question.folded):
        return _everything(question, facts)
    # "Is anything critical late?" asks of the critical ones whether they are late.
    said = [s for s in question.said if s.predicate.name != "critical"] or question.said
    if len({s.predicate.name for s in said}) != 1 or re.search(r" (?:or|ou) ", question.folded):
        return None
    if _BESIDES.search(question.folded):
        alone = _nobody_else(question, said[-1], facts)
        return (not alone[0], alone[1]) if alone else None
    if _ONLY_ONE.search(question.folded):
        return _nobody_else(question, said[-1], facts)
    if _ANY.search(question.folded):
        return _anything(question, said[-1], facts)
    bound = [(thing, s) for thing, s in bind(question) if s.predicate.truth(thing) is not None]
    things = {thing.name for thing, _said in bound} or set()
    if len(things) != 1:
        things_named = [m.thing for m in question.mentions if m.thing is not None]
        if len(things_named) != 1:
            return None
        bound = [(things_named[0], said[-1])]
    thing, one = bound[-1]
    truth = one.predicate.truth(thing)
    if one.predicate.name == "ended" and "failed" in thing.groups():
        return None  # it ended, and did not finish its work: both answers are in use
    if truth is None or one.predicate.name == "open":
        return None
    return truth is not one.denied, thing.describe()


_BESIDES = re.compile(
    r"\b(?:besides|other than(?! \d)|apart from|except|alem d\w+|fora (?:o|a)|exceto)\b"
)
_ONLY_ONE = re.compile(r"\b(?:just|only|so|somente|apenas|unic[oa])\b")


def _nobody_else(question: Sentence, said: Said, facts: Facts) -> tuple[bool, str] | None:
    """ "Is it just X that failed?" asks whether nobody else did."""
    named = {m.thing.name for m in question.mentions if m.thing is not None}
    things = [t for t in facts.things.values() if said.predicate.truth(t) is (not said.denied)]
    if not named or not named <= {t.name for t in things}:
        return None
    others = [t for t in things if t.name not in named]
    return not others, "; ".join(t.describe() for t in (others or things)[:3])


def _anything(question: Sentence, said: Said, facts: Facts) -> tuple[bool, str] | None:
    scope = in_scope(question, facts)
    possible = counted(said.predicate, said.denied, facts, scope)
    if possible is None:
        return None
    truths = {count > 0 for count in possible}
    if len(truths) != 1:
        return None
    return truths.pop(), f"{said.predicate.name}: {', '.join(map(str, sorted(possible)))}"


def _everything(question: Sentence, facts: Facts) -> tuple[bool, str] | None:
    things = in_scope(question, facts) or list(facts.things.values())
    healthy = PREDICATES["healthy"].truth
    bad = [t for t in things if healthy(t) is False]
    counts = _bad_counts(facts)
    if bad or counts:
        return False, "; ".join([t.describe() for t in bad[:3]] or [counts])
    # All well so far is not all done: only a denied "yes" is judged, never a cautious "no".
    return None


def _bad_counts(facts: Facts) -> str:
    return ", ".join(
        f"{code}: {count}"
        for tally in facts.tallies
        for code, count in tally.items()
        if count and GROUP_OF_CODE.get(code) in {"failed", "stuck"}
    )


_NO_ANSWER = re.compile(
    r"\b(?:nao (?:ha|foi|encontr\w+|consegui\w*|existe\w*|posso|pude|achei|esta|tenho|ach\w+"
    r"|localiz\w+|consta|sei|respond\w+|retorn\w+)"
    r"|could ?n[o']t|can ?n[o']t|cannot|can't|no (?:job log|log|such|answer|data|run)"
    r"|not (?:found|available|possible|know|reach\w+|exist\w*)"
    r"|unavailable|indisponivel|(?<!no )(?<!without )error"
    r"|(?<!sem )(?<!sem mensagem de )(?<!sem mensagens de )erro|failed to|falhou ao|falha (?:ao"
    r"|na)|recus\w+|refused"
    r"|denied|negad\w+|unable|sem (?:resposta|acesso|log|dados)"
    r"|timed? ?out|unreachable|don't know|unknown|there is no|does not|doesn't|did not|didn't"
    r"|never)\b|\b[45]\d\d\b"
)


def answered_from_an_error(answer: list[Sentence], facts: Facts) -> Problem | None:
    """Every tool answered with an error, and the answer tells a story all the same."""
    if not facts.errors or facts.lists or facts.tallies or facts.log:
        return None
    if any(t.codes or t.flags or t.times or t.return_codes for t in facts.things.values()):
        return None
    if any(_NO_ANSWER.search(sentence.folded) for sentence in answer):
        return None
    return "; ".join(facts.errors[:3]), 0.87


_EMPTY = re.compile(
    r"\b(?:no(?! (?:plano|momento|stream|log))|not|nao|nenhum[a]?|nada|nothing|none|empty"
    r"|vazi[oa]|zero|nobody|ninguem|sem|without"
    r"|never|0)\b"
)


def answered_from_nothing(answer: list[Sentence], facts: Facts) -> Problem | None:
    """Every query came back empty, and the answer tells of objects and their states."""
    if not facts.lists or any(facts.lists) or facts.tallies or facts.log:
        return None
    if any(t.codes or t.flags or t.numbers for t in facts.things.values()):
        return None
    if any(_EMPTY.search(sentence.folded) for sentence in answer):
        return None
    claimed = any(
        not said.denied and not is_unreal(sentence.folded, said.start)
        for sentence in answer
        for said in sentence.said
    )
    return ("[]", 0.87) if claimed else None


_OVERVIEW = re.compile(
    r"\b(?:summar\w+|overview|health|resumo|resuma|panorama|visao geral|saude|situacao"
    r"|status (?:of|do|da|geral)|how is|how are"
    r"|how did|como (?:esta|estao|foi|anda|andam|vai|correu)|everything|tudo|report|relatorio"
    r"|state of)\b"
)
_TROUBLE = re.compile(
    r"not great|fail|falh|abend|erro|error|stuck|travad|problem|trouble|quebr|broke|crash|abenp"
    r"|not well"
    r"|nao (?:foi|esta) bem|bloque|blocked"
    r"|sem link|unlinked|desconect|disconnect|offline|fora do ar|down\b|indispon|unavailable"
    r"|\brc [1-9]|code [1-9]|codigo [1-9]"
)


def omitted_failure(question: str, answer: list[Sentence], facts: Facts) -> Problem | None:
    """A summary that doesn't mention the failure, the stuck stream, the lost workstation."""
    if not answer or not _OVERVIEW.search(fold(question)):
        return None
    whole = " ".join(sentence.folded for sentence in answer)
    bad = [t for t in facts.things.values() if PREDICATES["healthy"].truth(t) is False]
    if bad and all(_told_as_lacking(thing.name, answer) for thing in bad):
        return None
    unnamed = [t for t in bad if t.name.casefold() not in whole]
    counts = _bad_counts(facts)
    if not bad and not counts:
        return None
    if any(_tells_of_trouble(sentence) for sentence in answer):
        return None
    shown = [thing.describe() for thing in (unnamed or bad)[:3]]
    return "; ".join(shown or [counts]), 0.84


_LACKING = re.compile(
    r"\b(?:is|are|was|were|did|has|does) not\b|n't\b|\b(?:sem|without)\b"
    r"|\bnao (?:esta|foi|terminou|consegui\w*|aparece|acabou|concluiu|tem|sai)\b"
)


def _told_as_lacking(name: str, answer: list[Sentence]) -> bool:
    """ "X_A is linked; X_B is not": the trouble is told by a denial."""
    low = name.casefold()
    return any(low in s.folded and _LACKING.search(s.folded) for s in answer)


def _tells_of_trouble(sentence: Sentence) -> bool:
    """Whether some trouble is stated, not only denied: "no failures" tells of none."""
    return any(
        not is_denied(sentence.folded, match.start())
        and not is_empty_handed(sentence.folded, match.start(), sentence.portuguese)
        and not re.search(r"\b(?:0|zero|no|sem) \Z", sentence.folded[: match.start()])
        for match in _TROUBLE.finditer(sentence.folded)
    )
