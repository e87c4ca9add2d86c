"""The agent by rules, over a simulated plan: what it answers, quotes, refuses and remembers."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from audits.review import approve_imported
from knowledge import starter
from knowledge.claims.checking import check
from knowledge.claims.evidence import readings_in
from knowledge.models import Memory
from tests.factories import make_memory
from tests.plan_reading import MovedSimulator, moved_simulator, read_or_find_again
from tws.answers.agents import AgentManager
from tws.answers.events import Chunk, Event, Failed, Final, Turn
from tws.answers.memories import Recalled
from tws.answers.understanding.about import objects_of
from tws.database import in_database
from tws.hwa import engines
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSRefused
from tws.models import Agent
from tws.plan.models import PlanEngine, PlanJob, PlanRun, PlanWorkstation

pytestmark = pytest.mark.django_db(transaction=True)

Asking = Callable[..., Awaitable[Final | Failed]]


@pytest.fixture(scope="module")
def hwa() -> Iterator[MovedSimulator]:
    with moved_simulator(jobs=400, seed=5) as simulator:
        yield simulator


class Conversation:
    """Questions to one agent, one after the other; `found` is what retrieval brings back."""

    def __init__(self, languages: Sequence[str] = ("pt-br", "en")) -> None:
        self.found: list[Recalled] = []
        self.searched: list[str] = []
        self.events: list[Event] = []
        self._agent = Agent(slug="tws-analyzer", name="Analyzer", languages=list(languages))
        self._history: list[Turn] = []

    async def _recall(self, question: str, limit: int) -> list[Recalled]:
        self.searched.append(question)
        return self.found

    async def ask(self, question: str) -> Final:
        end = await self.end_of(question)
        assert isinstance(end, Final), end
        assert "".join(one.text for one in self.events if isinstance(one, Chunk)) == end.answer
        self._history.append(Turn(question, end.answer, end.tools, end.understood))
        return end

    async def end_of(self, question: str) -> Final | Failed:
        connect = lambda engine: TWSClient(engine, attempts=1)  # noqa: E731
        async with (
            AgentManager(connect, self._recall) as manager,
            aclosing(manager.answer(self._agent, question, history=self._history)) as events,
        ):
            self.events = [event async for event in events]
        end = self.events[-1]
        assert isinstance(end, (Final, Failed))
        return end


@pytest.fixture
async def conversation(
    hwa: MovedSimulator, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Conversation:
    settings.LLM_BASE_URL = ""
    monkeypatch.setattr(engines, "configured_engines", lambda: [hwa.engine])
    monkeypatch.setattr(timezone, "now", hwa.now)
    await read_or_find_again(hwa)
    return Conversation()


def recalled(question: str, answer: str, score: float = 0.9, **fields: Any) -> Recalled:
    known: dict[str, Any] = {
        "memory_id": uuid.uuid4(),
        "trust": "trusted",
        "kind": "knowledge",
        "created_at": datetime(2026, 11, 3, tzinfo=UTC),
    }
    return Recalled(score=score, user_query=question, agent_response=answer, **{**known, **fields})


async def a_job(**of: Any) -> PlanJob:
    job = await PlanJob.objects.filter(**of).order_by("hwa_id").afirst()
    assert job is not None
    return job


# --- the plan -----------------------------------------------------------------------------------


async def test_where_a_time_lies_beyond_what_is_known_it_is_said_how_far_that_reaches(
    conversation: Conversation,
) -> None:
    past = await conversation.ask("o que falhou no mês passado?")
    to_come = await conversation.ask("what is scheduled for the day after tomorrow?")
    within = await conversation.ask("quais jobs críticos estão suprimidos?")

    assert "As execuções só são conhecidas desde" in past.answer
    assert "The plan goes from" in to_come.answer
    assert "O plano vai" not in within.answer


async def test_groups_are_counted_against_a_number_and_the_first_of_them_shown(
    conversation: Conversation,
) -> None:
    stations = Counter([one async for one in PlanJob.objects.values_list("workstation", flat=True)])
    (most, n), (second, m), *_ = stations.most_common()

    above = await conversation.ask(f"stations with more than {m} jobs")
    none = await conversation.ask(f"stations with more than {n} jobs")
    first = await conversation.ask("top 1 stations by number of jobs")
    both = await conversation.ask(f"which has more jobs, {most} or {second}?")

    over = [one for one, count in stations.items() if count > m]
    assert f"**{len(over)}** workstation" in above.answer
    assert most in above.answer and f"| {second} |" not in above.answer
    assert "**0** workstations" in none.answer
    assert first.answer.startswith(f"**{most}**: {n}")
    assert both.answer.startswith(f"**{most}**: {n}") and f"| {second} | {m} |" in both.answer
    for end in (above, none, first, both):
        assert end.segments is not None
        assert (
            check(end.segments, end.answer, readings_in(list(end.evidence))).outcome == "verified"
        )


async def test_of_a_job_with_several_runs_it_is_said_that_it_was_rerun(
    conversation: Conversation,
) -> None:
    job = await a_job(run_count=2)

    end = await conversation.ask(f"{job.name} was rerun?")

    assert end.answer.startswith(f"**Yes**, {job.name} has 2 runs.")


async def test_what_is_pointed_to_among_runs_is_the_job_that_ran(
    conversation: Conversation,
) -> None:
    listed = await conversation.ask("quais jobs falharam desde ontem?")
    why = await conversation.ask("pq o primeiro falhou?")

    assert listed.understood is not None
    first = listed.understood.shown[0]
    failed = PlanRun.objects.filter(group="failed").values_list("job_id", flat=True)
    assert first.id in {one async for one in failed}
    assert first.id == why.evidence[-2]["result"]["id"]
    assert "terminou com erro" in why.answer


async def test_a_list_stays_in_mind_while_its_members_are_asked_about(
    conversation: Conversation,
) -> None:
    listed = (await conversation.ask("quais jobs falharam desde ontem?")).understood
    assert listed is not None
    assert len(listed.shown) > 2

    for nth, question in enumerate(("por que o primeiro falhou?", "e o segundo?", "e o terceiro?")):
        about = (await conversation.ask(question)).understood
        assert about is not None
        assert objects_of(about.asked) == (listed.shown[nth],)
    order = (await conversation.ask("libera ele")).understood

    assert order is not None
    assert objects_of(order.asked) == (listed.shown[2],)


@pytest.mark.parametrize("says", ["otherwise", "the same"])
async def test_a_memory_that_says_otherwise_than_the_plan_is_told_to(
    conversation: Conversation, says: str
) -> None:
    job = await a_job(group="success")
    question = f"com que usuário roda o {job.name}?"
    login = "ze_ninguem" if says == "otherwise" else job.login.upper()
    conversation.found = [recalled(question, f"Roda com o usuário {login}, combinado em março.")]

    end = await conversation.ask(question)

    assert end.answer.startswith(f"Usuário de {job.name}: **{job.login}**.")
    assert login in end.answer
    assert ("vale o plano" in end.answer) == (says == "otherwise")
    assert end.segments is not None
    assert check(end.segments, end.answer, readings_in(list(end.evidence))).outcome == "verified"


async def test_a_word_that_was_not_understood_is_named_and_the_question_without_it_offered(
    conversation: Conversation,
) -> None:
    end = await conversation.ask("jobs that failed twice today")

    assert (end.outcome, list(end.suggestions)) == ("ask", ["jobs that failed today"])
    assert "twice" in end.answer
    assert end.segments is not None
    assert check(end.segments, end.answer, readings_in(list(end.evidence))).outcome == "unknown"


async def test_a_log_that_the_engine_does_not_give_is_told_in_the_engine_s_own_words(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await a_job(group="failed")
    said = "SIM answered 404: AWSJOM179E The job output is not available."

    async def refused(*_: Any) -> None:
        raise TWSRefused(said, engine="SIM", status=404)

    monkeypatch.setattr("tws.answers.toolkit.toolkit.read_log", refused)
    end = await conversation.ask(f"qual o log do {job.name}?")

    assert (end.outcome, said in end.answer) == ("cannot", True), end.answer
    assert end.segments is not None
    assert check(end.segments, end.answer, readings_in(list(end.evidence))).outcome == "unknown"


async def test_anything_else_is_asked_beside_what_was_spoken_of(conversation: Conversation) -> None:
    late = [one async for one in PlanJob.objects.filter(is_late=True, group="waiting")]
    await conversation.ask(f"o {late[0].name} está atrasado?")
    others = await conversation.ask("mais alguma coisa atrasada?")

    assert others.understood is not None
    asked = others.understood.asked
    assert (asked.type, asked.focus) == ("ask", "yes_no")
    assert late[0].name not in {thing.name for thing in others.understood.shown}
    assert others.understood.unused == ()
    assert others.answer.startswith("**Sim.**")


async def test_an_answer_names_the_figure_first_and_every_value_is_a_claim(
    conversation: Conversation,
) -> None:
    failed = await PlanJob.objects.filter(group="failed").acount()

    end = await conversation.ask("quantos jobs estão em ABEND?")

    assert end.answer.startswith(f"**{failed}** ")
    assert [claim["value"] for claim in end.claims] == [failed]
    assert end.segments is not None
    assert check(end.segments, end.answer, readings_in(list(end.evidence))).outcome == "verified"
    assert (end.outcome, end.kind, end.engine) == ("answered", "state", "SIM")
    assert end.understood is not None
    assert "ABEND" in end.understood.text


async def test_up_to_twenty_objects_are_all_named_and_more_page_by_page(
    conversation: Conversation,
) -> None:
    names = {
        one async for one in PlanJob.objects.filter(group="waiting").values_list("name", flat=True)
    }
    first = await conversation.ask("lista os jobs em HOLD")
    second = await conversation.ask("me mostra os outros")

    def told(end: Final) -> set[str]:
        assert end.understood is not None
        return {thing.name for thing in end.understood.shown}

    assert len(told(first)) == len(told(second)) == 20
    assert told(first) | told(second) <= names
    assert not told(first) & told(second)


async def test_why_a_job_failed_is_its_return_code_and_the_line_of_its_log(
    conversation: Conversation,
) -> None:
    job = await a_job(group="failed", status="ABEND")

    end = await conversation.ask(f"why did {job.name} fail?")

    assert end.answer.startswith(
        f"**{job.name}** ended in error: return code **{job.return_code}**"
    )
    [log] = [one for one in end.evidence if one["tool"] == "log"]
    assert log["result"]["cause"][-1]["text"] in end.answer


async def test_why_the_last_one_failed_is_told_of_that_one_and_stays_in_mind(
    conversation: Conversation,
) -> None:
    end = await conversation.ask("why did the last job that failed fail?")
    log = await conversation.ask("and the log?")

    [last] = [one for one in end.evidence if one["tool"] == "plan_query"]
    name = last["result"]["rows"][0]["job"]
    assert end.answer.count(f"**{name}**") == 1
    assert "Cause, by its log" in end.answer
    assert f"Log of **{name}**" in log.answer


async def test_one_of_those_that_were_offered_is_told_what_was_asked_of_it(
    conversation: Conversation,
) -> None:
    listed = await conversation.ask("o que falhou desde ontem?")
    back = await conversation.ask("pq?")
    chosen = await conversation.ask(back.suggestions[1])

    assert listed.understood is not None
    assert (back.outcome, len(back.suggestions) > 1) == ("ask", True)
    assert chosen.understood is not None
    assert chosen.understood.parts[0] == "por quê"
    offered = list(dict.fromkeys(one.full_name for one in listed.understood.shown))
    assert list(back.suggestions) == offered[:5]  # once each, however often it ran
    assert chosen.understood.asked.object.full_name == offered[1]
    assert chosen.understood.standing == f"pq? {back.suggestions[1]}"


async def test_what_an_order_or_an_unknown_was_about_is_kept_in_mind(
    conversation: Conversation,
) -> None:
    job = await a_job(group="success")

    refused = await conversation.ask(f"kill {job.name}")
    owner = await conversation.ask("ok then tell me which user it runs as")

    assert refused.outcome == "refused"
    assert job.login in owner.answer


async def test_the_plan_as_a_whole_names_what_ended_in_error(conversation: Conversation) -> None:
    whole = await conversation.ask("what needs me right now?")
    why = await conversation.ask("why did the first one fail?")

    failed = {one.name async for one in PlanJob.objects.filter(group="failed")}
    assert whole.understood is not None
    assert {one.name for one in whole.understood.shown} <= failed
    assert objects_of(why.understood.asked)[0] == whole.understood.shown[0]


async def test_zero_and_not_linked_are_said(conversation: Conversation) -> None:
    place = await PlanWorkstation.objects.filter(type="FTA").afirst()
    assert place is not None

    end = await conversation.ask(f"qual o limite da {place.name}?")
    nothing = await conversation.ask("tem recurso esgotado?")

    assert f"**{place.job_limit}**" in end.answer
    assert nothing.answer.startswith("**Não.**")


async def test_that_jobman_is_down_is_said_of_a_linked_workstation(
    conversation: Conversation,
) -> None:
    linked = PlanWorkstation.objects.filter(is_linked=True)
    down = await linked.filter(is_jobman_up=False).afirst()
    well = await linked.filter(is_jobman_up=True).afirst()

    answers = [
        (await conversation.ask(f"{place.name} está no ar?")).answer
        for place in (down, well)
        if place
    ]

    assert ["jobman" in answer for answer in answers] == [True, False]


async def test_a_follow_up_edits_the_last_question_and_is_kept_standing_alone(
    conversation: Conversation,
) -> None:
    await conversation.ask("quais jobs estão em HOLD?")

    end = await conversation.ask("só os críticos")

    assert end.understood is not None
    assert end.understood.standing != "só os críticos"
    critical = await PlanJob.objects.filter(group="waiting", is_critical=True).acount()
    assert str(critical) in end.answer or (critical == 0 and "Nenhum" in end.answer)


async def test_what_failed_or_was_only_polite_does_not_lose_the_thread(
    conversation: Conversation,
) -> None:
    job = await a_job(group="failed")
    await conversation.ask(f"status do job {job.name}")
    await conversation.ask("obrigado")

    end = await conversation.ask("e o log dele?")

    assert job.name in end.answer
    assert [use.tool for use in end.tools] == ["log"]


# --- memories -----------------------------------------------------------------------------------


async def test_a_knowledge_question_gets_its_approved_memory_whole_with_who_and_when(
    conversation: Conversation, reviewer: User
) -> None:
    said = "O time Folha.\nRamal 7."
    memory = await in_database(make_memory, agent_response=said)
    await in_database(approve_imported, memory, reviewer)
    conversation.found = [recalled("Quem cuida da folha?", said, memory_id=memory.pk)]

    end = await conversation.ask("quem eu chamo quando a folha de pagamento trava de noite?")

    assert end.answer.startswith("Aprovado por reviewer em ")
    assert "> O time Folha.\n> Ramal 7." in end.answer
    assert end.used == {(memory.pk, 1): "quoted"}
    assert [(one.kind, one.ref, one.trust) for one in end.sources] == [
        ("memory", str(memory.pk), "trusted")
    ]


async def test_a_plan_question_gets_the_plan_whatever_words_it_shares_with_a_memory(
    conversation: Conversation,
) -> None:
    conversation.found = [recalled("How many jobs may fail?", "Three.")]

    end = await conversation.ask("how many jobs failed today?")

    assert "Three." not in end.answer
    assert end.used == {}


async def test_a_failure_brings_the_reviewed_fix_below_its_cause(
    conversation: Conversation,
) -> None:
    job = await a_job(group="failed", status="ABEND")
    conversation.found = [recalled(f"Why does {job.name} fail?", "Free the disk, then rerun it.")]

    end = await conversation.ask(f"why did {job.name} fail?")

    cause, _, fix = end.answer.partition("Approved by a person:")
    assert "return code" in cause
    assert "> Free the disk, then rerun it." in fix


async def test_a_fix_is_of_the_job_or_of_the_return_code_and_of_no_other_job(
    conversation: Conversation,
) -> None:
    job = await a_job(group="failed", status="ABEND")
    code = job.return_code
    others = [
        recalled(f"How do I run {code} jobs at once?", "Raise the limit.", 0.4),
        recalled(
            f"What fixes the job ZZ_X of Z when it ends with return code {code}?", "Pray.", 0.4
        ),
    ]
    of_code = recalled(f"What to do on return code {code}?", "Free the disk.", 0.4)
    own = recalled(f"Why does {job.name} fail?", "Ask its team.", 0.4)

    whole = recalled(f"Why does {job.name} fail?", "All of its manual. " * 4_000, 0.4)

    said = []
    for conversation.found in (others, [*others, of_code], [*others, of_code, whole, own]):
        said.append((await conversation.ask(f"why did {job.name} fail?")).answer)

    assert [[fix for fix in ("Raise", "Pray", "Free", "Ask") if fix in one] for one in said] == [
        [], ["Free"], ["Ask"],
    ]  # fmt: skip


async def test_a_memory_that_does_not_fit_or_lacks_the_code_is_not_quoted(
    conversation: Conversation,
) -> None:
    conversation.found = [
        recalled("How do I bake a cake?", "With flour.", score=0.2),
        recalled("What does AWSBEH022E mean?", "Something else."),
    ]

    end = await conversation.ask("what does AWSBEH021E mean?")

    assert end.outcome == "cannot"
    assert end.used == {}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("meu job deu codigo 126, como resolvo isso?", True),
        ("meu job deu codigo 12, como resolvo isso?", False),
        ("who do I call when DW_CLIENTES is stuck at night?", False),
    ],
)
async def test_a_memory_must_speak_of_the_code_and_the_object_that_are_asked_about(
    asked: str, answered: bool, conversation: Conversation
) -> None:
    conversation.found = [recalled("What to do on return code 126?", "chmod +x, then rerun.")]

    end = await conversation.ask(asked)

    assert ("chmod +x" in end.answer) == answered


async def test_a_memory_that_is_only_close_is_called_the_closest(
    conversation: Conversation,
) -> None:
    conversation.found = [recalled("Who answers for the payroll?", "Ana.", score=0.3)]

    end = await conversation.ask("who do I call at night?")

    assert end.answer.startswith("I have no answer to exactly that; the closest memory:")
    assert end.outcome == "partial"


async def test_hidden_characters_of_a_memory_are_shown(conversation: Conversation) -> None:
    conversation.found = [recalled("who do I call at night?", "Call\u202e Ana.")]

    end = await conversation.ask("who do I call at night?")

    assert "\u202e" not in end.answer
    assert "U+202E" in end.answer


async def test_what_one_return_code_means_is_asked_of_the_memories_first(
    conversation: Conversation,
) -> None:
    question = "what does return code 137 mean?"
    conversation.found = [recalled(question.replace("137", "12"), "Twelve.")]
    of_another = await conversation.ask(question)
    conversation.found = [recalled(question, "It was killed: out of memory.")]
    known = await conversation.ask(question)

    assert "number the job's program ended with" in of_another.answer
    assert of_another.outcome == "partial"
    assert "> It was killed: out of memory." in known.answer
    assert (known.outcome, "Resync's vocabulary" in known.answer) == ("answered", False)


# --- what is not answered -----------------------------------------------------------------------


async def test_an_order_is_refused_in_words_with_the_reviewed_recipe(
    conversation: Conversation, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = [one for one in starter.drafts() if ".acting." in str(one.external_id)]
    monkeypatch.setattr(starter, "drafts", lambda: iter(recipes))
    job = await a_job(group="failed")
    without = await conversation.ask(f"rerun {job.name} please")
    await in_database(call_command, "load_knowledge", "--as", admin_user.username)

    end = await conversation.ask(f"rerun {job.name} please")

    assert without.outcome == end.outcome == "refused"
    assert without.answer.startswith("I only read the plan and change nothing")
    assert "conman" not in without.answer
    assert "> First: read the log" in end.answer


async def test_how_something_is_done_is_knowledge_and_no_list_of_the_plan(
    conversation: Conversation,
) -> None:
    conversation.found = [recalled("Como executo de novo um job que falhou?", "Com conman rr.")]

    end = await conversation.ask("como executo de novo um job que falhou?")

    assert "> Com conman rr." in end.answer
    assert end.tools == ()


async def test_of_a_recipe_in_both_languages_the_one_of_the_question_is_quoted(
    conversation: Conversation, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [one for one in starter.drafts() if ".acting.rerun." in str(one.external_id)]
    monkeypatch.setattr(starter, "drafts", lambda: iter(both))
    await in_database(call_command, "load_knowledge", "--as", admin_user.username)
    english = await Memory.objects.aget(external_id="starter.acting.rerun.en")
    conversation.found = [
        recalled(english.user_query, english.agent_response, memory_id=english.pk)
    ]

    end = await conversation.ask("como executo de novo um job que falhou?")

    assert "> Antes: leia o log" in end.answer
    assert "(Em inglês.)" not in end.answer


async def test_definitions_come_from_the_vocabulary_without_any_memory(
    conversation: Conversation,
) -> None:
    end = await conversation.ask("diferença entre limit e fence?")

    assert end.answer.startswith("Do vocabulário do Resync:\n\n> ")
    assert end.answer.count("vocabulário") == 1
    assert "ao mesmo tempo" in end.answer
    assert "prioridade que um job precisa ultrapassar" in end.answer
    assert end.tools == ()


async def test_of_two_days_the_known_one_is_counted_and_the_other_said_not_to_be(
    conversation: Conversation,
) -> None:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    await PlanRun.objects.filter(started_at__lt=today - timedelta(days=1)).adelete()

    end = await conversation.ask("quantos jobs falharam anteontem e ontem?")

    assert "só são conhecidas desde" in end.answer
    assert "/" in end.answer.partition("com falha")[0]  # the day as a person writes it
    assert end.outcome == "partial"


async def test_small_talk_does_not_reach_the_plan(conversation: Conversation) -> None:
    end = await conversation.ask("obrigado")

    assert end.answer == "De nada."
    assert end.tools == ()


async def test_an_unknown_name_is_said_and_like_ones_stand_beside(
    conversation: Conversation,
) -> None:
    end = await conversation.ask("o ZZ_INEXISTENTE_99 falhou?")

    assert "**ZZ_INEXISTENTE_99**" in end.answer
    assert end.outcome == "cannot"
    assert_verified(end)


async def test_what_has_left_the_plan_is_not_found_in_a_reading_of_its_own(
    conversation: Conversation,
) -> None:
    job = await a_job()
    await PlanJob.objects.filter(pk=job.pk).aupdate(hwa_id="0" * 32)

    end = await conversation.ask(f"o que o {job.stream_name}.{job.name} impacta?")

    assert "Não encontrei isso no plano" in end.answer
    assert end.outcome == "cannot"
    assert_verified(end)


def assert_verified(end: Final) -> None:
    assert end.segments is not None
    assert check(end.segments, end.answer, readings_in(list(end.evidence))).outcome == "verified"


async def test_an_agent_answers_in_the_language_that_it_speaks(
    conversation: Conversation,
) -> None:
    english = Conversation(languages=["en"])

    end = await english.ask("quantos jobs falharam hoje?")

    assert "ended in error" in end.answer or "No job" in end.answer


async def test_when_hwa_is_down_it_says_since_when(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LLM_BASE_URL = ""
    nowhere = Engine(name="SIM", base_url="https://127.0.0.1:9", username="u", password="p")
    monkeypatch.setattr(engines, "configured_engines", lambda: [nowhere])

    end = await Conversation().end_of("quantos jobs?")

    state = await PlanEngine.objects.aget(name="SIM")
    assert isinstance(end, Failed)
    assert end.code == "hwa_unavailable"
    assert state.down_since is not None
    assert "SIM não pode ser lido desde" in end.message
    assert "127.0.0.1:9" in end.message
    assert end.suggestions == ()  # nothing was ever read


async def test_what_an_engine_says_instead_of_a_plan_is_shown_without_its_secrets(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "SIM answered 500: AWSJSY404E internal error\npassword=hunter2secret " + "x " * 500

    async def refuses(*_: Any) -> PlanEngine:
        return PlanEngine(name="SIM", down_since=timezone.now(), error=said)

    monkeypatch.setattr("tws.answers.toolkit.toolkit.fresh_state", refuses)

    end = await conversation.end_of("how many jobs?")

    assert isinstance(end, Failed)
    assert "(SIM answered 500: AWSJSY404E internal error " in end.message
    assert "hunter2secret" not in end.message
    assert len(end.message) < 700
    assert "\n" not in end.message


async def test_the_plan_as_last_read_is_told_on_request_and_marked(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = await PlanJob.objects.acount()
    long_ago = datetime(2026, 1, 2, 3, tzinfo=UTC)
    await PlanEngine.objects.aupdate(fetched_at=long_ago, down_since=long_ago, error="away")
    nowhere = Engine(name="SIM", base_url="https://127.0.0.1:9", username="u", password="p")
    monkeypatch.setattr(engines, "configured_engines", lambda: [nowhere])

    down = await conversation.end_of("quantos jobs existem?")
    assert isinstance(down, Failed)
    (offered,) = down.suggestions
    end = await conversation.ask(offered)

    assert "como lido por último" in down.message
    assert offered == "quantos jobs existem? (como lido por último)"
    assert end.answer.startswith("Plano como lido por último, em ")
    assert f"**{jobs}** jobs" in end.answer


async def test_memories_and_definitions_are_told_even_when_hwa_is_down(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LLM_BASE_URL = ""
    nowhere = Engine(name="SIM", base_url="https://127.0.0.1:9", username="u", password="p")
    monkeypatch.setattr(engines, "configured_engines", lambda: [nowhere])
    asking = Conversation()
    asking.found = [recalled("who do I call at night?", "Call Ana.")]

    assert "> Call Ana." in (await asking.ask("who do I call at night?")).answer
    assert "runs at the same time" in (await asking.ask("what is a limit?")).answer


async def test_nothing_of_a_list_that_was_not_understood_is_in_the_next_question(
    conversation: Conversation,
) -> None:
    await conversation.ask("jobs that failed twice today")

    assert (await conversation.ask("and on FTA_SP01?")).understood.asked.type == "ask_back"
