"""Particulars of an answer: return codes, limits, places, codes and names nobody has heard of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.folding import fold
from knowledge.hwa.statuses import status_group
from knowledge.hwa_terms import message_codes, object_names

from .claims import Mention, Sentence, is_unreal
from .facts import Facts, Thing

Problem = tuple[str, float]

_RETURN_CODE = re.compile(
    r"(?:\brc|\b(?:return|exit|completion|error)[ -]?(?:codes?|status|value)"
    r"|\bcodigos?(?: de (?:retorno|saida|erro|termino))?"
    r"|\bstatus de saida|\bretorno|\bcode)(?: (?:was|is|of|foi|e|era|igual a|de"
    r"|=))?[^\w-]{0,3}(?P<rc>-?\d{1,6})(?![\d:/]|\.\d|%)"
    r"|\b(?:returned|exited with|saiu com|retornou|ended with|finished with|terminou com"
    r"|devolveu|sairam com"
    r"|terminaram com"
    r"|acabou com|falhou com|failed with|abended with|abendou com|saiu|exits with)(?: (?:a|an|o"
    r"|um|the))?(?: (?:rc|code|codigo))?"
    r"[^\w-]{0,3}(?P<rc2>-?\d{1,6})(?![\d:/]|\.\d|%| (?:de|of|jobs|errors|erros))"
)


SYSTEM = re.compile(r"\b(?:linux|windows|aix|solaris|hp-?ux|ibm ?i|z/?os|os/?400)\b")


def check_systems(sentence: Sentence, facts: Facts) -> Iterator[tuple[int, int, Problem]]:
    """An operating system that the evidence, which names another, doesn't know of."""
    known = set(SYSTEM.findall(fold(facts.text[:20_000])))
    for match in SYSTEM.finditer(sentence.folded) if known else ():
        if match[0] not in known and not is_unreal(sentence.folded, match.start()):
            yield match.start(), match.end(), (", ".join(sorted(known)), 0.87)


def stated_codes(folded: str) -> set[int]:
    """The return codes that a text calls by that name."""
    return {int(match["rc"] or match["rc2"]) for match in _RETURN_CODE.finditer(folded)}


_MORE = re.compile(r",? (?:e|and|, |/|ou|or)? ?\d")


def check_return_codes(sentence: Sentence, facts: Facts) -> Iterator[tuple[int, int, Problem]]:
    stated = stated_codes(sentence.folded)
    for match in _RETURN_CODE.finditer(sentence.folded):
        value = int(match["rc"] or match["rc2"])
        if is_unreal(sentence.folded, match.start()):
            continue
        subjects = _subjects_before(sentence, match.start())
        own = {code for subject in subjects for code in subject.return_codes}
        everyone = {code for thing in facts.things.values() for code in thing.return_codes}
        if len(subjects) > 1 and len(stated) == 1 and not _MORE.match(sentence.folded, match.end()):
            differing = [s for s in subjects if value not in s.return_codes]
            if differing and len(differing) < len(subjects):
                yield match.start(), match.end(), (differing[0].describe(), 0.88)
                continue
        if value in own or (not own and value in everyone):
            continue
        if value in facts.given and value not in everyone:
            continue
        shown = subjects[-1].describe() if own else _codes_shown(facts, everyone)
        yield match.start(), match.end(), (shown, 0.9 if everyone or facts.log else 0.8)


def _codes_shown(facts: Facts, everyone: set[int]) -> str:
    if everyone:
        return "return codes: " + ", ".join(str(code) for code in sorted(everyone)[:6])
    return "no return code in the evidence"


def _subjects_before(sentence: Sentence, position: int) -> list[Thing]:
    """Whose return code it is: the names listed last before it, or whom the sentence is about."""
    groups = sentence.groups()
    before = [group for group in groups if group[-1].end <= position]
    if before:
        return [m.thing for m in before[-1] if m.thing is not None and m.thing.return_codes]
    if groups or len(sentence.inherited) != 1:
        return []
    return sentence.inherited


# A number beside a name: LOAD_S with 33, 40 na SRV_A, SRV_A tem 40.
_BESIDE_AFTER = re.compile(
    r",?[ \"'`*]*(?:with|com|tem|has|had|teve|:|=|,? that is)[ \"'`*]*(?:a |an |o )?(?:rc |code "
    r"|codigo )?"
)
_BESIDE_BEFORE = re.compile(
    r"(?: \w+)?(?: \w+)? (?:on|na|no|em|at|in|for|to)(?: (?:the|a|o))? (?:\w+ )?[\"'`*]*"
)


def check_beside(sentence: Sentence, facts: Facts) -> Iterator[tuple[int, int, Problem]]:
    """A number that belongs to one object, written beside another."""
    for mention in sentence.mentions:
        thing = mention.thing
        if thing is None or not _own_numbers(thing):
            continue
        for number in sentence.numbers:
            after = sentence.folded[mention.end : number.start]
            before = sentence.folded[number.end : mention.start]
            beside = (number.start >= mention.end and _BESIDE_AFTER.fullmatch(after)) or (
                "grouped" in thing.kinds
                and number.end <= mention.start
                and _BESIDE_BEFORE.fullmatch(before)
            )
            if not beside or number.value in _own_numbers(thing):
                continue
            if any(
                number.value in _own_numbers(o) for o in facts.things.values() if o is not thing
            ):
                yield mention.start, number.end, (thing.describe(), 0.88)


def _own_numbers(thing: Thing) -> set[int]:
    return thing.return_codes | {n for numbers in thing.numbers.values() for n in numbers}


_ATTRIBUTE = re.compile(
    r"\b(?P<name>limite?|fence|cerca|priority|prioridade)\b(?: (?:d[aeo]|of|on|for|is|was|set|at"
    r"|up|raised|now|still|down"
    r"|to|em|esta|foi|e|the|job"
    r"|jobs|=|igual|a|com|definid[oa]|ajustad[oa]|current|atual)"
    r"| [a-z0-9]+_[a-z0-9_]+){0,5}[ =:\"'`]{0,3}(?<!\w)(?P<n>\d{1,6})(?![\d:/]|\.\d)"
)
_ATTRIBUTE_KEYS = {"lim": "limit", "fen": "fence", "cer": "fence", "pri": "priority"}


def check_attributes(sentence: Sentence, facts: Facts) -> Iterator[tuple[int, int, Problem]]:
    """A limit, fence or priority: the named object's own, else anybody's in the evidence."""
    for match in _ATTRIBUTE.finditer(sentence.folded):
        key = _ATTRIBUTE_KEYS[match["name"][:3]]
        known = {n for thing in facts.things.values() for n in numbers_of(thing, key)}
        near = [m.thing for m in sentence.mentions if m.thing and m.end <= match.end()]
        own = numbers_of(near[-1], key) if near else set()
        if is_unreal(sentence.folded, match.start()) or int(match["n"]) in (own or known):
            continue
        if known:
            yield (
                match.start(),
                match.end(),
                (f"{key}: {', '.join(map(str, sorted(own or known)))}", 0.9),
            )


def numbers_of(thing: Thing, key: str) -> set[int]:
    return {n for name, numbers in thing.numbers.items() if key in name for n in numbers}


_SETTING_GLUE = re.compile(
    r"[\"'`*]*(?: (?:is|was|esta|foi|e|to|as|como|com|set|em|at|value|valor|o|the|of|de|currently"
    r"|configurad[oa]|definid[oa]|a)\b|[ =:])*[ \"'`*]*(?P<value>\w{1,40})"
)
_SWITCH = {
    "yes": "yes",
    "sim": "yes",
    "true": "yes",
    "on": "yes",
    "no": "no",
    "nao": "no",
    "false": "no",
    "off": "no",
}


def check_settings(sentence: Sentence, facts: Facts) -> Iterator[tuple[int, int, Problem]]:
    """An option named as HWA writes it, with another value than it has: enCarryForward is yes."""
    for match in re.finditer(r"\b[A-Za-z][A-Za-z0-9]{4,59}\b", sentence.text):
        known = facts.settings.get(match[0])
        if not known or match[0].islower() or match[0].isupper():
            continue
        said = _SETTING_GLUE.match(sentence.folded, match.end())
        if said is None or is_unreal(sentence.folded, match.start()):
            continue
        value = _SWITCH.get(said["value"], said["value"])
        values = {_SWITCH.get(v, v) for v in known}
        comparable = (value in {"yes", "no"} and values <= {"yes", "no"}) or (
            value.isdigit() and all(v.isdigit() for v in values)
        )
        if comparable and value not in values:
            yield match.start(), said.end(), (f"{match[0]}: {', '.join(sorted(known))}", 0.9)


def check_places(sentence: Sentence, facts: Facts) -> Iterator[tuple[Mention, Problem]]:
    """An object said to be on a workstation that the evidence knows as another's."""
    ordered = [m for m in sentence.mentions if m.role in {"subject", "place"}]
    for position, mention in enumerate(ordered):
        if mention.thing is None:
            continue
        if mention.role != "place" and mention.thing.kinds != {"workstation"}:
            continue
        if "workstation" not in mention.thing.kinds or is_unreal(sentence.folded, mention.start):
            continue
        things = _bracketed(mention, ordered[position + 1 :], sentence)
        if mention.role == "place":
            things = _whose_place(mention, ordered[:position], sentence) + things
        for thing in things:
            known = thing.workstations
            if known and mention.thing.name.casefold() not in known:
                yield mention, (thing.describe(), 0.88)


_ASKS_WHERE = re.compile(
    r"\b(?:where|onde|(?:which|what|on which|em (?:que|qual)|qual|de que) (?:workstation|agent"
    r"|node|host"
    r"|server|machine|box|estacao|maquina|agente|servidor|no))\b"
)


def check_where(
    question: Sentence, sentence: Sentence, facts: Facts
) -> Iterator[tuple[Mention, Problem]]:
    """The workstation that opens the answer to "where does it run": "FTA2: it ran there"."""
    if not _ASKS_WHERE.search(question.folded) or not sentence.mentions:
        return
    first = sentence.mentions[0]
    if first.thing is None or first.thing.kinds != {"workstation"}:
        return
    if not _OPENS.fullmatch(sentence.folded[: first.start]):
        return
    asked = {
        m.thing.name: m.thing
        for m in (*question.mentions, *sentence.mentions)
        if m.thing is not None and m.thing.workstations
    }
    for thing in asked.values() if len(asked) == 1 else ():
        if first.thing.name.casefold() not in thing.workstations:
            yield first, (thing.describe(), 0.88)


_OPENS = re.compile(r"\W*(?:(?:on|at|in|na|no|em|the|o|a|foi|it was|it is|it ran on)\W+){0,3}")


def _bracketed(place: Mention, after: list[Mention], sentence: Sentence) -> list[Thing]:
    """The objects listed in brackets behind a place: "two on W_X (A1 and A2)"."""
    if not re.match(r"[\"'`*]* \(", sentence.folded[place.end :]):
        return []
    end = sentence.folded.find(")", place.end)
    listed = [m.thing for m in after if m.end <= end and m.thing is not None]
    return [thing for thing in listed if "workstation" not in thing.kinds]


def _whose_place(place: Mention, before: list[Mention], sentence: Sentence) -> list[Thing]:
    subjects: list[Mention] = []
    for mention in reversed(before):
        if mention.role == "place":
            break
        if mention.thing is None or "workstation" in mention.thing.kinds:
            continue
        if subjects and not re.fullmatch(
            r"[^.;:]{0,40}", sentence.folded[mention.end : subjects[-1].start]
        ):
            break
        gap = sentence.folded[mention.end : (subjects or [place])[-1].start]
        if not subjects and (
            ")" in gap or any(mention.end <= n.start < place.start for n in sentence.numbers)
        ):
            break
        subjects.append(mention)
        if not _joined(sentence, mention, before):
            break
    if subjects:
        return [m.thing for m in subjects if m.thing is not None]
    if any(m.role == "subject" for m in sentence.mentions):
        return []
    return sentence.inherited if len(sentence.inherited) == 1 else []


def _joined(sentence: Sentence, mention: Mention, before: list[Mention]) -> bool:
    """Whether a name directly before this one is listed with it: "A e B, na FTA1"."""
    earlier = [m for m in before if m.end <= mention.start]
    if not earlier:
        return False
    between = sentence.folded[earlier[-1].end : mention.start]
    return re.fullmatch(r"\s*(?:,|e|and|,? e|,? and)\s*(?:o |a |the )?", between) is not None


# --- what must come from somewhere ---------------------------------------------------------------

_QUOTED = re.compile(
    r"(?<![\w-])(?P<code>[A-Z]{2,8}-?\d{3,7}[A-Z]?)(?![\w-])"
    r"|(?<![\w/:.])(?P<path>/(?:[\w.-]{1,60}/){1,10}[\w.-]{1,60}[\w])"
    r"|\b(?P<zone>(?:Africa|America|Asia|Atlantic|Australia|Europe|Pacific)/[A-Z]\w{2,30})"
    r"|(?<![\d.])(?P<address>\d{1,3}(?:\.\d{1,3}){3})(?![\d.])"
    r"|(?<![\w.])(?P<version>\d{1,3}\.\d{1,3}\.\d{1,3})(?![\d.])"
)
_NOT_A_CODE = re.compile(r"(?:UTF|ISO|SHA|MD|AES|TLS|RFC|HTTP|LOG|IPV|X)-?\d+")


def unheard_of(text: str, question: str, facts: Facts) -> Iterator[tuple[str, str, float]]:
    """(what, kind, confidence) for codes, paths and names in neither evidence nor question."""
    heard = fold(f"{facts.text}\n{question}")
    for code in message_codes(text):
        if code.lower() not in heard:
            yield _as_written(code, text), "message code", 0.88
    for match in _QUOTED.finditer(text):
        if fold(match[0]) in heard or _NOT_A_CODE.fullmatch(match[0]) or message_codes(match[0]):
            continue
        kind = str(match.lastgroup)
        if kind == "code" and "-" not in match[0]:
            continue
        if kind == "path" and _is_api_or_command(text, match.start()):
            continue
        yield match[0], kind, 0.88 if kind in {"code", "version", "zone"} else 0.75
    yield from _unheard_names(text, heard, facts)


def _as_written(code: str, text: str) -> str:
    position = text.upper().find(code)
    return text[position : position + len(code)]


def _is_api_or_command(text: str, position: int) -> bool:
    return text[max(0, position - 1) : position] == "`" or "/api/" in text[position : position + 40]


_NOUN_BEFORE = re.compile(
    r"\b(?:jobs?|streams?|jobstreams?|fluxos?|malhas?|tarefas?|prompts?|workstations?|agents?"
    r"|agentes?|estac(?:ao|oes)"
    r"|nodes?|servers?|servidor(?:es)?|recursos?|resources?|predecessor(?:es|s)?|depende d[eo]"
    r"|waits? for|aguarda)"
    r"(?: (?:o|a|the|chamad[oa]|named|called))?[ \"'`*:(]*\Z"
)


def _unheard_names(text: str, heard: str, facts: Facts) -> Iterator[tuple[str, str, float]]:
    shown_names = {t.name.casefold() for t in facts.things.values()}
    for name in object_names(text):
        parts = [p for p in re.split(r"[#./]", name) if p]
        if all(_is_heard(fold(part), heard, shown_names) for part in parts):
            continue
        if message_codes(name) or _QUOTED.fullmatch(name) or status_group(name):
            continue
        position = text.find(name)
        if text[position + len(name) : position + len(name) + 1] in {"*", "@", "("}:
            continue
        before = fold(text[max(0, position - 40) : position])
        named = _NOUN_BEFORE.search(before) is not None
        marked = re.search(r"[_\d#]", name) is not None
        if not marked and not named and not (len(name) > 3 and _is_subject(text, position, name)):
            continue
        yield name, "name", 0.88 if marked or named else 0.7


def _is_heard(part: str, heard: str, names: set[str]) -> bool:
    return (
        part in names
        or re.search(rf"(?<![a-z0-9_]){re.escape(part)}(?![a-z0-9_])", heard) is not None
    )


def _is_subject(text: str, position: int, name: str) -> bool:
    """Whether a word in capitals stands where a name would: "o FOLHA terminou"."""
    before = fold(text[max(0, position - 8) : position])
    after = fold(text[position + len(name) : position + len(name) + 16])
    article = re.search(r"\b(?:o|a|do|da|no|na|pelo|ao)\s[\"'`]?\Z", before) is not None
    verb = re.match(
        r"\s(?:is|was|has|failed|ended|ran|runs|esta|foi|falhou|terminou|acabou|abendou|segue"
        r"|continua|aguarda)\b",
        after,
    )
    return article or verb is not None
