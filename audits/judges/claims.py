"""What an answer claims: its sentences, whom each speaks of, and what it says of them.

Binding is by position, as readers do it: a predicate belongs to the names before it in the
sentence, or to those that follow a colon or bracket, or, in a sentence without names, to whom the
sentence before spoke of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from knowledge.folding import fold
from knowledge.hwa.numbers import Number, find_numbers
from knowledge.hwa_terms import object_names

from .facts import Facts, Thing
from .predicates import Said, find_predicates, is_empty_handed

MOST_TEXT = 20_000
MOST_SENTENCES = 300


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a sentence.

    `role`: subject, place (on FTA1), scope (in stream X) or object (waits for X).
    """

    name: str
    thing: Thing | None
    start: int
    end: int
    role: str


@dataclass(slots=True)
class Sentence:
    """One sentence, with what stands in it; offsets are within `text`."""

    text: str
    folded: str
    mentions: list[Mention] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    inherited: list[Thing] = field(default_factory=list)
    """Whom a sentence without names of its own speaks of."""
    asked: list[Thing] = field(default_factory=list)
    """Whom the question speaks of."""
    alone: list[Thing] = field(default_factory=list)
    """The objects of the evidence, for what can only be said of one of them."""
    confined: bool = False
    """Whether question or sentence speak of one place, so that a part of a list may be counted."""

    @property
    def portuguese(self) -> bool:
        return len(_PORTUGUESE.findall(self.folded)) > len(_ENGLISH.findall(self.folded))

    def groups(self) -> list[list[Mention]]:
        """Its subjects, names that are listed together in one group."""
        groups: list[list[Mention]] = []
        for mention in self.mentions:
            if mention.role != "subject":
                continue
            if groups and _LIST_GLUE.fullmatch(self.folded[groups[-1][-1].end : mention.start]):
                groups[-1].append(mention)
            else:
                groups.append([mention])
        return groups


_PORTUGUESE = re.compile(
    r"\b(?:o|os|as|de|do|da|dos|das|que|em|na|nos|nas|nao|esta|estao|com|ha|foi|ele|ela|um|uma"
    r"|para|por|ao|se|ja)\b"
)
_ENGLISH = re.compile(
    r"\b(?:the|of|is|are|was|were|it|on|in|and|has|have|there|to|not|that|which|an|its|for|with"
    r"|at|been)\b"
)
_NOUNS = (
    r"(?:jobs?|job ?streams?|streams?|fluxos?|malhas?|tarefas?|prompts?|workstations?|agents?"
    r"|agentes?"
    r"|nodes?|nos?|estac(?:ao|oes)|maquinas?|servidor(?:es)?|servers?|pools?|resources?|recursos?"
    r"|predecessor(?:es|s)?|host)"
)
_ARTICLES = r"(?:o|a|os|as|the|um|uma|an|seu|its|mais|also|tambem|depois|then|finally|por fim)"
_LIST_GLUE = re.compile(
    rf"[ \"'`*]*(?:,|/|&|\+|\be\b|\band\b|\bor\b|\bou\b|\bnor\b|\bnem\b)?[ \"'`*]*(?:\be\b"
    rf"|\band\b|\bplus\b)?"
    rf"(?: ?{_ARTICLES})*(?: ?{_NOUNS})?[ \"'`*(]*"
)
_FORWARD_GLUE = re.compile(
    rf"(?:,? (?:inclusive|incluindo|including|namely|a saber|entre el[ea]s|como|among them|apenas"
    rf"|so|only))?"
    rf"[ \"'`*]*(?P<mark>[:(]|,? (?:inclusive|incluindo|including|namely|entre el[ea]s"
    rf"|among them))?[ \"'`*]*"
    rf"(?:{_ARTICLES} )*(?:{_NOUNS} )?(?:{_ARTICLES} )?[ \"'`*]*"
)
_PROMPT_GLUE = re.compile(
    r"[ ]*(?:d[oae]|of|to|from|for|ao)?(?: ?(?:o"
    r"|the))?(?: ?prompt)?[ \"'`*]*"
)
_PLACE = re.compile(
    rf"(?:\b(?:on|at|in|na|no|nas|nos|em|from|pela|pelo|onto|to|para a)|@)(?: (?:the|a|o"
    rf"|uma?))?(?: {_NOUNS})?[ \"'`*(]*\Z"
)
_OBJECT = re.compile(
    r"\b(?:waits? (?:for|on)|waiting (?:for|on)|depends? (?:still )?on|awaits|held by|blocked by"
    r"|behind|after"
    r"|depois d[eoa]|depende(?:m)?(?: ainda)? d[eoa]|aguarda(?:m|ndo)?(?: pel[oa])?|esper(?:a|am"
    r"|ando)(?: pel[oa])?"
    rf"|por causa d[eoa]|because of|needs)(?: (?:o|a|the|um|uma))?(?: {_NOUNS})?[ \"'`*(]*\Z"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]?\s+|[\n;]+|\s[-•*]\s")
_OTHERS = re.compile(
    r"\b(?:others?|outr[oa]s?|demais|rest(?:o|ante|antes)?|remaining|jobs|streams|prompts"
    r"|workstations|stations"
    r"|estacoes|ninguem|nobody|everything|tudo|nothing|nada|it comes|someone|alguem)\b"
)
_UNREAL = re.compile(
    r"(?:\A\W*(?:e |mas |so )?se\b)|\b(?:if|caso|unless|until|ate(?! (?:o fi(?:m|nal)|agora"
    r"|o momento|aqui))|quando|when|whenever|once"
    r"|assim que|depois que|after|before|antes"
    r"|would|could(?! not|n.t)|should|must|will|vai|vao|ira|deve(?:m|ria)?|poderia"
    r"|(?<!nao )pode(?:ria)?|may"
    r"|might|can(?! ?not|.t)|whether"
    r"|nao (?:diz\w*|sei|informa\w*|mostra\w*|indica\w*|ha como saber)|(?:not|n't) (?:say|show"
    r"|tell|know)"
    r"|sem isso|without (?:it|that|this)|otherwise|senao|caso contrario"
    r"|enquanto (?:for|nao|estiver\w*|houver)|as long as|quem|whoever|por que|why"
    r"|ensure|verifique|check|look at|confira|veja|para que|so that|talvez|perhaps|probably"
    r"|se houver"
    r"|ser|be|aguarde|espere|try|tente|peca|ask|liber(?:e|ar)|para|to)\b"
)


def read_answer(text: str, facts: Facts, question: str) -> list[Sentence]:
    """The answer's sentences with names, predicates and numbers, each knowing whom it speaks of."""
    in_question = _mentions(question, facts, "")
    confined = _names_a_place(in_question)
    asked = [m.thing for m in in_question if m.thing is not None]
    asked = [thing for thing in asked if thing.codes or thing.flags or thing.times]
    before = asked if len(asked) == 1 else []
    sentences = []
    for piece in _SENTENCE_END.split(text)[:MOST_SENTENCES]:
        if not piece or not piece.strip():
            continue
        sentence = read_sentence(piece.strip(), facts, question)
        sentence.inherited, sentence.asked = before, asked
        sentence.alone = list(facts.things.values())[:200]
        sentence.confined = confined or _names_a_place(sentence.mentions)
        subjects = [m.thing for m in sentence.mentions if m.role == "subject" and m.thing]
        if subjects:
            before = subjects
        sentences.append(sentence)
    return sentences


def _names_a_place(mentions: list[Mention]) -> bool:
    return any(m.thing and m.thing.kinds & {"workstation", "stream", "grouped"} for m in mentions)


def read_sentence(text: str, facts: Facts, question: str = "") -> Sentence:
    folded = fold(text)
    mentions = _mentions(text, facts, question)
    said = [
        s
        for s in find_predicates(text)
        if not any(m.start < s.end and s.start < m.end for m in mentions)
    ]
    numbers = [
        n
        for n in find_numbers(text)
        if not any(m.start <= n.start < m.end for m in mentions)
        and not (n.value >= 100 and n.value in facts.identifiers)
    ]
    return Sentence(text, folded, mentions, said, numbers)


def bind(sentence: Sentence) -> list[tuple[Thing, Said]]:
    """Each thing with each predicate that the sentence says of it as a fact."""
    groups = sentence.groups()
    paired = _respectively(sentence, groups)
    if paired:
        return paired
    bound: list[tuple[Thing, Said]] = []
    for said in sentence.said:
        if is_unreal(sentence.folded, said.start):
            continue
        for thing in _subjects(sentence, groups, said):
            bound.append((thing, said))
    return bound


def _subjects(sentence: Sentence, groups: list[list[Mention]], said: Said) -> list[Thing]:
    prompt = _prompt_after(sentence, said)
    if prompt is not None:
        return [prompt]
    relative = _relative(sentence, said)
    if relative is not None:
        return [relative]
    previous = next((g for g in reversed(groups) if g[-1].end <= said.start), None)
    following = next((g for g in groups if g[0].start >= said.end), None)
    if following is not None:
        glue = _FORWARD_GLUE.fullmatch(sentence.folded[said.end : following[0].start])
        nobody = is_empty_handed(sentence.folded, said.start, sentence.portuguese)
        if (
            glue
            and not nobody
            and (previous is None or (glue["mark"] and _is_counted(sentence, said)))
        ):
            return _things(following)
    if previous is None:
        if _OTHERS.search(sentence.folded[: said.end]):
            return []
        return _inherited(sentence, said) or _only_one(sentence, said)
    between = sentence.folded[previous[-1].end : said.start]
    one = _by_ordinal(between, previous)
    if one is not None:
        return _things([one])
    if _sums_up(sentence, previous, said):
        return _things(previous)
    if _OTHERS.search(between) or _is_counted(sentence, said):
        return []
    return _things(previous)


_SUM_GLUE = re.compile(r"[\"'`*]*,? (?:(?:os|as|all|the|todos os|todas as) )?")


def _sums_up(sentence: Sentence, group: list[Mention], said: Said) -> bool:
    """Whether a number only sums up the names before it: "A e B, ambos em execução"."""
    number = number_before(sentence, said)
    if number is None or len(group) < 2 or number.value != len(group):
        return False
    return (
        number.start >= group[-1].end
        and _SUM_GLUE.fullmatch(sentence.folded[group[-1].end : number.start]) is not None
    )


_ORDINALS = (
    (0, r"first|former|primeir[oa]"),
    (1, r"second|segund[oa]"),
    (2, r"third|terceir[oa]"),
    (-1, r"last|latter|ultim[oa]|outr[oa]|other"),
)
# "the last 3 hours" and "the first run" are no places in a list of names.
_NOT_OF_TIME = (
    r"(?! (?:\d|hours?|horas?|runs?|execu\w+|times?|vez|days?|dias?|steps?|lines?"
    r"|linhas?))"
)
_ORDINAL = re.compile(
    "|".join(rf"(?P<n{n}>\b(?:{words})\b{_NOT_OF_TIME})" for n, (_, words) in enumerate(_ORDINALS))
)


def _by_ordinal(between: str, group: list[Mention]) -> Mention | None:
    """The one that "the first", "o segundo" or "the other" means among the names before."""
    position = _ordinal(between)
    if position is None or len(group) < 2:
        return None
    return group[position] if position < len(group) else None


def _ordinal(text: str) -> int | None:
    """The place in a list that the last ordinal word of a text means."""
    found = list(_ORDINAL.finditer(text))
    return _ORDINALS[int(str(found[-1].lastgroup)[1:])][0] if found else None


# What may stand before a predicate that is said of somebody named earlier: pronouns, auxiliaries,
# adverbs. With a subject of its own ("the copy failed") the clause speaks of something else.
_SAYS_OF_THEM = re.compile(
    r"(?:\W*\b(?:it|its|he|she|they|this|that|these|both|all|two|one|ele|ela|eles|elas|isso|esse"
    r"|essa|este|ambos|ambas|os|as|o|a"
    r"|dois|duas|the|job|jobs|stream|prompt|workstation|agent|estacao|agente|recurso|resource"
    r"|dependency|dependencia|is|was|has|have"
    r"|had|been|being|did|does|do|are|were|isn|didn|hasn|wasn|doesn|haven|t|s|seems|looks|appears"
    r"|remains|stays|esta|estao|estava|foi|foram|fica"
    r"|ficou|segue|continua|permanece|consta|parece|tem|teve|ja|ainda|nao|not|never|yet|still|now"
    r"|agora|atualmente|currently|in|em|no|na"
    r"|com|with|on|at|and|e|but|mas|then|depois|also|tambem|only|so|apenas|just|already|really"
    r"|actually|fact|sim|yes|never|nunca|even"
    r"|momento|moment|to|be|ser|que|which|who|as|status|state|estado|again|novamente|de|hoje"
    r"|today|there|la|nem|nor|was|fully|quite|merely"
    r"|simplesmente|well|bem|currently|por|enquanto|first|second|primeiro|segundo|up|down|run"
    r"|execucao|rerun|normal\w*)\b)*\W*"
)


def _clause_before(sentence: Sentence, said: Said) -> str:
    """The words of the clause before a predicate, without other predicates."""
    start = max(sentence.folded.rfind(mark, 0, said.start) + 1 for mark in ",;:(")
    text = sentence.folded[start : said.start]
    for other in reversed(sentence.said):
        if start <= other.start < said.start:
            text = text[: other.start - start] + text[other.end - start :]
    return text[:300]


def _inherited(sentence: Sentence, said: Said) -> list[Thing]:
    if _is_counted(sentence, said) or any(m.role == "subject" for m in sentence.mentions):
        return []
    things = sentence.inherited
    # "It" may also be whom the question is about: where they differ nobody is meant for sure.
    if len(sentence.asked) == 1 and len(things) == 1 and sentence.asked != things:
        truths = {said.predicate.truth(thing) for thing in (*things, *sentence.asked)}
        if len(truths) > 1:
            return []
    position = _ordinal(sentence.folded[: said.start])
    if position is not None and len(things) > 1:
        return [things[position]] if position < len(things) else []
    if not _SAYS_OF_THEM.fullmatch(_clause_before(sentence, said)):
        return []
    both = re.search(
        r"\b(?:both|ambos|ambas|os dois|as duas|they|eles|elas"
        r"|all)\b",
        sentence.folded,
    )
    return things if len(things) == 1 or both else []


_RELATIVE = re.compile(
    r"[\"'`*]*(?: \(|, ?(?:que|which|who|o qual|a qual|itself|still|ainda"
    r"|ja)\b[^,;]{0,30}|(?: que| that) [^,;]{0,20})"
)


def _relative(sentence: Sentence, said: Said) -> Thing | None:
    """Whom a relative clause speaks of: "it waits for APURA_IR, which is still running"."""
    before = [m for m in sentence.mentions if m.end <= said.start]
    if not before or before[-1].role == "subject" or before[-1].thing is None:
        return None
    between = sentence.folded[before[-1].end : said.start]
    return before[-1].thing if _RELATIVE.fullmatch(between) else None


# What is said of dependencies, prompts and links is never said of a program's doings.
_OF_OBJECTS = {
    "satisfied",
    "asked",
    "answered",
    "answered yes",
    "answered no",
    "linked",
    "late",
    "free",
}
_OF_WORKSTATIONS = {"linked", "jobman", "event processor"}


def _only_one(sentence: Sentence, said: Said) -> list[Thing]:
    """The one object of the evidence that the predicate can be said of, when there is just one."""
    if said.predicate.name not in _OF_OBJECTS | _OF_WORKSTATIONS or _is_counted(sentence, said):
        return []
    if any(m.role == "subject" for m in sentence.mentions):
        return []
    places = [m.thing for m in sentence.mentions if m.role == "place" and m.thing is not None]
    among = places if said.predicate.name in _OF_WORKSTATIONS and places else sentence.alone
    things = [t for t in among if said.predicate.truth(t) is not None]
    return things if len(things) == 1 else []


def _prompt_after(sentence: Sentence, said: Said) -> Thing | None:
    if said.predicate.name != "asked":
        return None
    for mention in sentence.mentions:
        if mention.start >= said.end and mention.thing and "prompt" in mention.thing.kinds:
            glue = sentence.folded[said.end : mention.start]
            return mention.thing if _PROMPT_GLUE.fullmatch(glue) else None
    return None


def _is_counted(sentence: Sentence, said: Said) -> bool:
    return number_before(sentence, said) is not None


_COUNT_GLUE = re.compile(
    r"(?: (?:of|dos|das|de|out of|em|entre) (?:the |its |their |all |seus |suas |os |as "
    r"|total de )*[a-z0-9]{1,12}| of them"
    r"| deles| delas)?"
    rf"(?: (?:{_NOUNS}|unidades|units|others?|outros|more|mais|dependencies|dependencias))?"
    r"(?:,? (?:que|which|that))?"
    r"(?: (?:are|is|were|was|have|has|had|esta|estao|foram|foi|ja|ainda|already|still|now|agora"
    r"|currently|in|em"
    r"|com|on|not|nao|yet|be|been|sao|ficaram|ficou|seguem|segue|continuam|continua|the|o|os|as|a"
    r"|at|estado"
    r"|status|of|de|apenas|only|just))*[ \"'`*(]*"
)


def number_before(sentence: Sentence, said: Said) -> Number | None:
    """The count that a predicate is said of: "11 of 14 jobs are done", "três concluíram"."""
    before = [n for n in sentence.numbers if n.end <= said.start]
    if len(before) > 1 and _OUT_OF.fullmatch(sentence.folded[before[-2].end : before[-1].start]):
        before.pop()
    if not before or not _COUNT_GLUE.fullmatch(sentence.folded[before[-1].end : said.start]):
        return None
    ahead = sentence.folded[: before[-1].start]
    is_pronoun = sentence.folded[before[-1].start : before[-1].end] == "one" and ahead.endswith(
        "the "
    )
    return None if is_pronoun or _IDENTIFIER.search(ahead) else before[-1]


_OUT_OF = re.compile(
    r" (?:jobs? )?(?:of|dos|das|de|do|da|out of|em|entre|/)(?: (?:the|its|their|all|seus|suas|os|as"
    r"|total|um total de))* ?"
)
# What makes a number a name: run 902, prompt 14, código 8.
_IDENTIFIER = re.compile(
    r"\b(?:number|numero|no|num|run|rerun|execucao|job|prompt|line|linha|port|porta|rc|code"
    r"|codigo|version|versao"
    r"|dia|day|status|id|limit|limite|fence|priority|prioridade)\W{1,3}\Z"
)


def _respectively(
    sentence: Sentence, groups: list[list[Mention]]
) -> list[tuple[Thing, Said]] | None:
    if not re.search(
        r"\brespectiv(?:amente|ely)\b|\bnessa ordem\b"
        r"|\bin that order\b",
        sentence.folded,
    ):
        return None
    names = [m for g in groups for m in g]
    said = sentence.said
    if len(names) < 2 or len(names) != len(said):
        return None
    return [(m.thing, s) for m, s in zip(names, said, strict=True) if m.thing is not None]


def _things(group: list[Mention]) -> list[Thing]:
    return [mention.thing for mention in group if mention.thing is not None]


_CLAUSE_MARKS = (",", ":", "(", " mas ", " but ")


def is_unreal(folded: str, position: int) -> bool:
    """Whether the clause speaks of what may, should or will be, not of what is."""
    marks = ((folded.rfind(mark, 0, position), len(mark)) for mark in _CLAUSE_MARKS)
    start = max(at + length if at >= 0 else 0 for at, length in marks)
    start = max(start, position - 80)
    # "could not find" is a fact: the pattern looks a few letters past the position.
    clause, length = folded[start : position + 6], position - start
    return any(match.end() <= length for match in _UNREAL.finditer(clause))


# --- names ---------------------------------------------------------------------------------------

_TOKEN = re.compile(r"[A-Za-z0-9][\w-]*(?:[#./][A-Za-z0-9][\w-]*)*")
_BRACKETED = re.compile(r"[a-z0-9][\w-]*[_\d][\w-]* \((?:(?:on|na|no|em) )?\Z")
_SPECIAL = re.compile(r"[_\d#-]")


def _mentions(text: str, facts: Facts, question: str) -> list[Mention]:
    shaped = set(object_names(text))
    folded = fold(text)
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        thing = _known(word, facts)
        if thing is None and text[match.start() - 1 : match.start()] == "/":
            thing = facts.find(f"/{word}")
        if thing is None and word not in shaped:
            continue
        role = _role(folded[max(0, match.start() - 40) : match.start()], thing)
        found.append(Mention(word, thing, match.start(), match.end(), role))
    return found


def _known(word: str, facts: Facts) -> Thing | None:
    """The evidence's object of that name; a name that is also a word must be written as a name."""
    for part in (word, *reversed(re.split(r"[#./]", word))):
        thing = facts.find(part)
        if thing is not None and (part == thing.name or _SPECIAL.search(part) or part.isupper()):
            return thing
    return None


def _role(before: str, thing: Thing | None) -> str:
    if thing is not None and "workstation" in thing.kinds and _BRACKETED.search(before):
        return "place"
    if _OBJECT.search(before):
        return "object"
    if _PLACE.search(before) and (
        thing is None or thing.kinds & {"workstation", "stream", "grouped"}
    ):
        return "place" if thing is None or "workstation" in thing.kinds else "scope"
    return "subject"
