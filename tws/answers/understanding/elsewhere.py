"""What is not asked of the plan: small talk, orders, what it can't know, terms, knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from knowledge.hwa.lexicon import EMPTY, VOCABULARY, Term
from knowledge.hwa.statuses import STATUSES
from knowledge.hwa.terms import TERMS, find_terms
from tws.answers.understanding.about import OUTCOMES, objects_of
from tws.answers.understanding.asked import (
    Asked,
    CannotKnow,
    Define,
    Impact,
    Knowledge,
    Order,
    SmallTalk,
    Thing,
    Understood,
)
from tws.answers.understanding.naming import Names
from tws.answers.understanding.question import Found, Question, all_places

_TELLING = frozenset({
    "tell", "check", "know", "see", "say", "diz", "diga", "fala", "ver", "veja", "saber", "sabe",
    "verifica", "verifique", "checa", "confere", "olha", "ve", "mim", "confirma", "confirme",
    "verificar", "conferir", "descobre", "avisa", "confirm", "find", "verify", "wonder",
    "wondering", "dizer", "informar", "falar", "contar", "checar", "confirmar", "olhar", "validar",
    "sabem", "informe", "mostrar", "unsure", "clear", "asking", "ask",
})  # fmt: skip
_BEFORE_ORDERS = ("polite", "talk", "follow")
_JOINING = frozenset({"e", "and", "then", "depois", "entao", "so", "please", "favor", "ai"})
_STATE = frozenset({"status", "estado", "situacao", "state", "if", "se", "whether"})
"""What is confirmed by a look, not by an order."""
_SUBJECTS = frozenset({"ele", "ela", "eles", "elas", "it", "they", "isso"})
_MAY = frozenset({"can", "could", "would", "should", "pode", "poderia", "podia", "da"})
_TO_RUN = frozenset({"rodar", "roda", "rode", "executar", "execute", "run", "processar"})
_AGAIN = (
    "de novo",
    "novamente",
    "outra vez",
    "mais uma vez",
    "again",
    "once more",
    "one more time",
)
_BE = frozenset({"be", "ser"})
_WILL = ("will", "going to", "vai", "vao", "ira", "irao")
_NO_CASE = frozenset({
    "encontra", "encontram", "passa", "passou", "chama", "chamam", "trata", "refere", "you",
    "puder", "possivel", "possible", "der",
})  # fmt: skip
"""After "se" a reflexive verb, after "if" politeness: neither puts a case."""
_SUBJECT = frozenset({"eu", "nos", "a", "gente", "e", "mas"})
_WHERE = frozenset({"qual", "quais", "onde", "which", "where"})
_ASKING_THEN = frozenset({"que", "what", "which", "quem"})
_OF_PEOPLE = ("contact", "procedure")
_LIMITS = ("deadline", "latest_start", "earliest_start", "estimated_end")
"""What the plan says of until when one object may run."""
_MEANING = (
    "significa", "significado", "mean", "means", "meaning", "diferenca", "difference", "quer dizer",
)  # fmt: skip


_ONE_SUCH = ("what is a", "what is an", "o que e um", "o que e uma")
_KINDS = frozenset({"workstation", "job", "job_stream", "stream", "resource", "prompt", "plan"})
_ALIKE = (
    "mesma coisa", "mesmo que", "igual a", "iguais", "same as", "the same", "same thing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One question, after what was asked `last`."""

    question: Question
    names: Names
    last: Understood | None

    def asked(self) -> Asked | None:
        """None when it is for the plan, or for nobody."""
        return (
            self._small_talk()
            or self._order()
            or self._beside()
            or self._to_come()
            or self._definition()
            or self._knowledge()
        )

    def _small_talk(self) -> Asked | None:
        q = self.question
        talk = next(q.of("talk"), None)
        asks = q.has("ask", "others", "which_ones", "why", "count")
        if talk is None or asks or q.names or not q.consists_of("talk", "polite"):
            return None
        best = next((t for t in q.of("talk") if t.key != "ok"), talk)
        return SmallTalk(best.key)  # type: ignore[arg-type]

    def _order(self) -> Asked | None:
        """Something to be done; not "como faço para …", which asks how."""
        q = self.question
        if q.has("knowledge", "procedure") or self._asks_how():
            return None
        verb = self._commanded() or self._wished() or self._stopped() or self._again()
        if verb is None:
            return None
        spoken = (objects_of(self.last.asked) or self.last.shown) if self.last else ()
        things = named_things(q, self.names) or (spoken if len(spoken) == 1 else ())
        key = "rerun" if verb.category == "event" else verb.key
        return Order(key, things[0] if things else None)

    def _commanded(self) -> Term | None:
        """The verb that it begins with, or that a later clause of a request does."""
        q = self.question
        verb = q.starts("order", skip=_BEFORE_ORDERS)
        if verb is None:
            verb = next((t for t in q.of("order") if self._begins_clause(t)), None)
            return verb if verb and self._points(verb.last) else None
        if verb.first and q.words[verb.first - 1].text in _SUBJECTS:
            return None  # "ele roda todo dia?"
        then = q.words[verb.last].text if verb.last < len(q.words) else ""
        longer = any(t.first == verb.first and t.last > verb.last for t in q.terms)
        after = {word.text for word in q.words[verb.last : verb.last + 2]}
        asks = q.has("ask", "when") or not _WHERE.isdisjoint(after)  # "roda em qual máquina?"
        asks = asks or (q.has("field") and verb.key in ("submit", "kill", "hold"))
        if verb.key == "confirm" and _STATE.intersection(word.text for word in q.words):
            q.use(verb)  # "confirm the status of X"
            return None
        done = then == "of" and not q.before(verb.first, "polite")  # "do a rerun of X" is an order
        if longer or asks or done or then in ("is", "are", "esta"):
            return None
        if q.starts("follow", "and") and any(t.first == verb.first for t in q.of("event")):
            return None  # "and start?" asks when
        pointed = self._points(0) or q.has("entity") or q.has("nth")
        states = all_places(q.statuses)  # "restart the failed ones", not "HOLD vs READY"
        pointed = pointed or (verb.first not in states and max(states, default=0) >= verb.last)
        telling = sum(word.text not in EMPTY for word in q.words)
        return verb if pointed or (self.last and telling <= 3) else None

    def _points(self, place: int) -> bool:
        """Whether an object is named, or pointed at, from a place on."""
        q = self.question
        pointing: list[Term | Found[Any]] = [*q.names, *q.of("follow", "it", "them", "of_them")]
        return any(one.first >= place for one in pointing)

    def _begins_clause(self, verb: Term) -> bool:
        """After "and", or a comma, in what asks nothing before: "do the needful and release X"."""
        q = self.question
        if verb.first == 0:
            return False
        before, word = q.words[verb.first - 1], q.words[verb.first]
        joined = before.text in _JOINING or "," in q.text[before.end : word.start]
        asking = [*q.of("ask"), *q.of("relation"), *q.of("field"), *q.of("by")]
        longer = any(t.first <= verb.first and t.last > verb.last for t in q.terms)
        return joined and not longer and not any(one.first < verb.first for one in asking)

    def _wished(self) -> Term | None:
        """ "I need X released", "quero o X cancelado"."""
        q = self.question
        again = (t for t in q.of("order", "rerun") if q.before(t.first, "must", within=2))
        done = next(q.of("ordered"), None) or next(again, None)  # "X needs a rerun"
        if done is None or not self._points(0) or q.has("ask", "list", "count", "share"):
            return None
        wishes = q.starts("wish", skip=_BEFORE_ORDERS) or q.before(done.first, "must", within=2)
        asked = q.words[0].text in _MAY and q.words[done.first - 1].text in _BE
        return done if wishes or asked else None  # "could X be killed?"

    def _stopped(self) -> Term | None:
        """ "Para o X agora!", which has nothing else in it: "para" is mostly "for"."""
        q = self.question
        stop = q.starts("stop", skip=_BEFORE_ORDERS)
        more = q.has("ask") or q.has("field") or q.has("facet") or q.has("flag") or q.statuses
        return stop if stop and self._points(stop.last) and not more else None

    def _again(self) -> Term | None:
        """ "Dá pra rodar o X de novo?", "could you run it once more": what may be done is asked."""
        q = self.question
        opens = q.starts("polite") or q.starts("wish") or _MAY & {word.text for word in q.words[:2]}
        run = next((t for t in q.of("event", "ran") if q.text_of(t) in _TO_RUN), None)
        return run if opens and run and self._points(0) and q.text_of_has(*_AGAIN) else None

    def _beside(self) -> Asked | None:
        q = self.question
        things = named_things(self.question, self.names)
        if q.has("cannot", "metrics") and not q.has("flag", "linked", "unlinked"):
            return CannotKnow("metrics", things[0] if things else None)
        if q.has("cannot", "elsewhere"):
            return CannotKnow("beside", things[0] if things else None)
        of_plan = q.names or q.statuses or q.has("entity", "jobs") or (q.times and q.has("event"))
        if q.has("cannot", "beside") and not of_plan:
            return CannotKnow("beside")
        return None

    def _to_come(self) -> Asked | None:
        """ "Will X abend?", which nobody knows; "what will wait if X fails" is another matter."""
        q = self.question
        over = any(one.value.group in OUTCOMES for one in q.statuses)
        other = q.has("ask", "when", "how_long", "why") or q.has("relation") or q.has("flag")
        other = other or q.has("field") or self._opens_case() is not None
        if not over or other or not q.text_of_has(*_WILL):
            return None
        things = named_things(q, self.names)
        return CannotKnow("future", things[0] if things else None)

    def _definition(self) -> Asked | None:
        q = self.question
        if codes := self._codes_side_by_side():
            return Define(codes)
        if self.last and q.has("follow", "it", "them"):
            return None  # "what's its deadline?"
        if not q.has("define") or q.names or q.times or q.has("ask", "list", "count", "share"):
            return None
        meant = q.text_of_has(*_MEANING, *_ONE_SUCH)
        terms = [
            term for term in find_terms(q.text) if meant or not q.statuses or term.upper() in q.text
        ]
        plain = set(terms) <= _KINDS and not q.consists_of("define", "polite", "talk", "entity")
        of_rows = (
            plain or q.has("negation") or q.has("flag") or q.has("filter", "not_run", "not_done")
        )
        if meant and not terms:
            return Knowledge()
        if not terms or not (meant or (len(q.words) <= 9 and not of_rows)):
            return None
        return Define(tuple(_key_of(term) for term in terms))

    def _codes_side_by_side(self) -> tuple[str, ...]:
        """ "HOLD vs READY?", which holds nothing else."""
        q = self.question
        codes = [one.value.code for one in q.statuses if one.value.code]
        if len(codes) < 2 or not (q.has("facet", "compare") or q.text_of_has(*_ALIKE)):
            return ()
        if q.has("entity"):
            return ()
        return tuple(_key_of(term) for term in find_terms(" ".join(codes)))

    def _knowledge(self) -> Asked | None:
        q = self.question
        if q.names and q.has("field", *_LIMITS) and not q.has("knowledge", *_OF_PEOPLE):
            q.use(*q.of("knowledge"))  # "até que horas o X pode rodar?"
        elif (q.has("knowledge") and not q.has("whole", "needs")) or self._asks_how():
            return Knowledge(named_things(q, self.names))
        at = self._opens_case()
        if at is None:
            return None
        return self._hit_by(at) or (Knowledge(named_things(q, self.names)) if at else None)

    def _asks_how(self) -> bool:
        """ "Como coloco um job em hold?", "como eu religo ela?": a verb of the one who asks."""
        words = [word.text for word in self.question.words if word.text not in _SUBJECT]
        opens = words[:1] == ["como"] and len(words) > 1 and words[1] not in VOCABULARY
        return opens and words[1].endswith("o")

    def _opens_case(self) -> int | None:
        """Where "… if X fails", "se o X travar" begins, of which it asks what then; "me diz se"
        asks whether."""
        q = self.question
        if q.has("relation", "impact"):
            return None
        words = [word.text for word in q.words]
        return next(
            (
                at
                for at, word in enumerate(words)
                if word in ("if", "se")
                and not _TELLING.intersection(words[max(0, at - 3) : at])
                and not _NO_CASE.intersection(words[at + 1 : at + 2])
            ),
            None,
        )

    def _hit_by(self, at: int) -> Asked | None:
        """What would not run "se eu segurar o X", "if X is cancelled": the plan knows."""
        q = self.question
        things = (thing for thing in named_things(q, self.names) if thing.kind in ("job", "stream"))
        hit = next(things, None)
        over = (one for one in q.statuses if one.value.group in OUTCOMES - {"success"})
        put: list[Term | Found[Any]] = [*over, *q.of("order"), *q.of("ordered")]
        put += [*q.of("negation"), *q.of("flag", "late"), *q.of("filter", "not_run", "not_done")]
        then = q.words[at - 1].text == "e" and at > 0  # "e se o X falhar?"
        asks = then or not _ASKING_THEN.isdisjoint(word.text for word in q.words)
        asks = asks or q.has("ask", "list", "count")
        other = q.has("ask", "when", "how_long", "why", "where") or q.has("field")
        if hit is None or other or not (asks and any(one.first > at for one in put)):
            return None
        q.use_present()
        q.use(*put, *q.of("event", "start", "end", "ran"), *q.of("ask"), *q.of("entity"))
        q.use(*q.of("relation"), *q.of("flag"), *q.names)
        return Impact(hit)


def named_things(question: Question, names: Names) -> tuple[Thing, ...]:
    """An object of each name in it."""
    found = []
    for one in question.names:
        if one.value.kinds:
            found += names.things(one.value, one.value.kinds[0])[:1]
    return tuple(found)


def _key_of(term: str) -> str:
    """A status by its code, another term by its key."""
    return term.upper() if term.upper() in STATUSES and term not in TERMS else term
