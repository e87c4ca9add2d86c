"""From the text of a question to what it asks, in the order of what would mislead most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from knowledge.hwa.statuses import Language
from knowledge.hwa_terms import message_codes
from tws.answers.understanding.about import about, asks_beside, speaks_of_state
from tws.answers.understanding.asked import (
    About,
    Ask,
    AskBack,
    Asked,
    Before,
    CannotKnow,
    CompareDays,
    CompareRuns,
    Define,
    Engine,
    Impact,
    Knowledge,
    LogOf,
    NotFound,
    NotUnderstood,
    Order,
    SmallTalk,
    Summary,
    Understood,
)
from tws.answers.understanding.asking import composed
from tws.answers.understanding.conditions import Conditions
from tws.answers.understanding.drafts import Draft
from tws.answers.understanding.elsewhere import Elsewhere, named_things
from tws.answers.understanding.following import followed, follows, says_what
from tws.answers.understanding.halves import halves
from tws.answers.understanding.naming import Named, Names
from tws.answers.understanding.negation import WHERE, excepting
from tws.answers.understanding.notation import command_to_act, read_command
from tws.answers.understanding.placing import is_filter
from tws.answers.understanding.question import Question
from tws.answers.understanding.reading import read_question
from tws.answers.understanding.whole import of_the_whole, of_two_days
from tws.answers.understanding.wording import parts_of
from tws.plan.query.asked import Condition

TOO_MANY = 2
"""So many words that were not used leave too little of a question to answer it."""
_PRONOUNS = frozenset({
    "them", "they", "there", "ele", "ela", "dele", "dela", "eles", "elas", "desse", "dessa", "la",
    "nesse", "nessa", "nele", "nela", "desses", "dessas", "deles", "delas",
})  # fmt: skip
_UNTOUCHED = (SmallTalk, Order, CannotKnow, Define, Knowledge, NotFound, AskBack, NotUnderstood)
"""What is not answered from the plan: no word of it is missed."""
_TO_GO_ON = (Ask, About, LogOf, Impact, Before, CompareRuns)
_OF_PLAN = (*_TO_GO_ON, CompareDays, Summary, Engine)


def understand(
    text: str,
    *,
    now: datetime,
    zone: ZoneInfo,
    engine: str,
    last: Understood | None = None,
    page_language: Language = "pt",
    read_at: datetime | None = None,
) -> Understood:
    """What a question asks, of the engine's plan (as of `read_at`) and after what was asked `last`.

    A word that could have mattered and was not used is told in `unused`; with too many of them, or
    where it could narrow what is listed, nothing is understood. Never raises.
    """
    names, now = Names(engine, read_at), now.astimezone(zone)
    whole = _taken(text, names, now, last, page_language)
    for first, then in halves(text):
        one = _taken(first, names, now, last, page_language)
        two = _taken(then, names, now, replace(one, shown=()), one.language)
        dropped = not whole.unused and whole.asked == one.asked
        if not (_is_answered(one) and (dropped or not _is_answered(whole))):
            continue
        if _is_answered(two) and two.asked != one.asked:
            return replace(
                one, standing=text.strip(), parts=(*one.parts, *two.parts), also=two.asked
            )
        if dropped:
            return replace(whole, unused=(then.strip(" ?!."),))
    return whole


def _is_answered(understood: Understood) -> bool:
    """Whether the plan answers all that was asked."""
    return isinstance(understood.asked, _OF_PLAN) and not understood.unused


def _taken(
    text: str, names: Names, now: datetime, last: Understood | None, page_language: Language
) -> Understood:
    """One question."""
    last, missed = _but_for_words(last)
    question = read_question(text, names, now)
    language = question.language() or (last.language if last else page_language)
    reader = _Understanding(question, names, last)
    asked = reader.asked()
    whole = isinstance(asked, _UNTOUCHED) or reader.is_command
    unused = () if whole else question.unused()
    if unused and "who" in question.unanswered():
        asked, unused = CannotKnow("people"), ()
    elif (
        len(unused) >= TOO_MANY
        or (unused and not reader.stands_without(asked))
        or (unused and question.unanswered())
    ):
        turns = len(unused) >= TOO_MANY or reader.is_bare or question.misses_turn()
        nearest = "" if turns or isinstance(asked, About) else question.without_unused()
        asked = reader.unknown(unused, nearest, asked)
        unused = asked.words if isinstance(asked, NotUnderstood) else ()
    elif not whole:
        unused = (*unused, *question.beside(), *(missed if reader.leaned else ()))
    parts = parts_of(asked, language, now)
    standing = text.strip()
    if reader.leaned and parts:
        standing = ", ".join(parts)
    return Understood(asked, language, standing, parts, unused)


def _but_for_words(last: Understood | None) -> tuple[Understood | None, tuple[str, ...]]:
    """What was asked last, and the words of it that were not understood."""
    if last is None or not isinstance(last.asked, NotUnderstood):
        return last, ()
    meant, words = last.asked.meant, last.asked.words
    return (replace(last, asked=meant), words) if meant else (None, ())


@dataclass(slots=True)
class _Understanding:
    question: Question
    names: Names
    last: Understood | None
    leaned: bool = False  # on what was asked before
    is_command: bool = False

    def asked(self) -> Asked:
        return (
            self._command()
            or Elsewhere(self.question, self.names, self.last).asked()
            or self._follow_up()
            or of_the_whole(self.question)
            or of_two_days(self.question)
            or self._about()
            or self._of_plan()
            or self.unknown()
        )

    @property
    def is_bare(self) -> bool:
        """Whether it neither names an object nor says what it asks for."""
        q = self.question
        named = any(one.value.kinds for one in q.names)
        says = q.has("entity") or q.has("flag") or q.has("whole")
        return not (named or self.leaned or q.statuses or says)

    def stands_without(self, asked: Asked) -> bool:
        """Whether the answer holds whatever a word meant: how one object is, where that is asked,
        not which objects are."""
        q = self.question
        if isinstance(asked, About) and asked.facet == "status":
            several = any(q.text_of(term).endswith("s") for term in q.of("entity"))
            other = several or asks_beside(q) or q.misses_after("ask", "polite")
            return (speaks_of_state(q) or q.misses_only_behind()) and not other
        if isinstance(asked, About) and asked.facet == "value":
            return q.has("field") and q.misses_only_verb()
        one = isinstance(asked, About) and asked.facet != "why"
        return one or isinstance(asked, LogOf | CompareRuns)

    def unknown(
        self, words: tuple[str, ...] = (), nearest: str = "", meant: Asked | None = None
    ) -> Asked:
        """What is left to what people have approved; where nothing of HWA is in it, to nobody."""
        q = self.question
        of_hwa = q.names or q.statuses or q.has("entity") or q.has("relation") or q.has("flag")
        if of_hwa or len(q.words) < 3 or nearest:
            if isinstance(meant, _TO_GO_ON) and len(words) < TOO_MANY:
                return NotUnderstood(words, nearest, meant)
            return NotUnderstood(words, nearest)
        return Knowledge(named_things(q, self.names))

    def _command(self) -> Asked | None:
        found = read_command(self.question.text, self.names)
        self.is_command = found is not None
        if verb := command_to_act(self.question.text):
            return Order(verb, next(iter(named_things(self.question, self.names)), None))
        return found

    # Of the plan

    def _follow_up(self) -> Asked | None:
        q = self.question
        if self.last is None and q.starts("follow", "and") and q.consists_of("follow", "name"):
            where = any(q.words[one.first - 1].text in WHERE for one in q.names)
            return AskBack("what") if where else None  # "and on X?", after nothing
        if self.last is None or not follows(q, self.last):
            return None
        found = followed(q, self.last, self.names)
        self.leaned = found is not None
        if found is None and q.starts("follow", "and") and q.has("flag") and not says_what(q):
            return NotUnderstood()  # "and not critical?", after no list
        return found

    def _about(self) -> Asked | None:
        """Of the object that is named, unless it only narrows what is listed."""
        q = self.question
        lost = next((one for one in q.names if _is_lost(one.value)), None)
        if lost:
            if message_codes(lost.value.written):
                return Knowledge()
            return _not_found(lost.value)
        named = [one for one in q.names if one.value.kinds]
        if len(named) != 1 or excepting(q, named[0].first):
            return None
        one = named[0]
        kind = Conditions(q, self.names).kind_of(one)
        if is_filter(q, one, kind):
            return None
        things = self.names.things(one.value, kind)
        q.use(one)
        if len(things) > 1:
            return AskBack("which_one", tuple(things[:5]), q.written(one))
        return about(q, things[0], one.first) if things else None

    def _of_plan(self) -> Asked | None:
        q = self.question
        if q.statuses and any(one.value.since and one.value.since > q.now for one in q.times):
            return CannotKnow("future")
        if self.last is None and _narrows(q):
            return AskBack("what")
        found: Ask | None = composed(q, self.names, Draft())
        job = next((one for one in q.names if one.value.kinds[:1] == ("job",)), None)
        if found and job and not q.has("ask", "list", "count") and found.query.entity == "runs":
            found = replace(found, focus="yes_no")
        if found and self._is_how_an_area_is(found):
            query = found.query.model_copy(update={"where": found.query.where[:1]})
            return Ask(query.model_copy(update={"group_by": ["group"], "order_by": []}), "groups")
        pointing = [t for t in q.of("follow", "it", "them", "of_them") if t.first not in q.used]
        lost = any(q.words[t.first].text in _PRONOUNS for t in pointing)
        of_nothing = (
            found and found.then and not (q.statuses or q.names or q.times or q.has("entity"))
        )
        if lost or of_nothing or (found is None and pointing and self.last is None):
            return AskBack("what")
        return found

    def _is_how_an_area_is(self, found: Ask) -> bool:
        """ "Como tá a folha?", "a folha já rodou?": a user's jobs as a whole."""
        q, where = self.question, found.query.where
        of_area = where and isinstance(where[0], Condition) and where[0].field == "login"
        other = any(q.has(one) for one in ("entity", "ask", "flag", "field"))
        other = other or q.has("filter", "not_run") or bool(q.statuses or q.times)
        return bool(of_area and found.focus == "list" and not other)


def _narrows(q: Question) -> bool:
    """ "Tira os da X", "only the late ones", "critical ones?": a part of what nobody listed."""
    clear = q.has("ask", "list", "count") or q.names or q.times or q.numbers
    part = q.starts("follow", "only") or q.starts("negation", "except")
    return bool(part or (q.text_of_has("ones") and not clear)) and not q.has("entity")


def _is_lost(named: Named) -> bool:
    return not (named.kinds or named.pattern or named.folder)


def _not_found(named: Named) -> Asked:
    if named.near:
        return AskBack("which_one", named.near, named.written)
    return NotFound(named.written)
