"""What the rule-based agent says, in English and Portuguese.

Every `{…}` is filled from a tool's result, a cited memory or the question: a phrase adds no fact.
"""

from __future__ import annotations

from tws.answers.language import Language

PHRASES: dict[str, tuple[str, str]] = {
    # what an answer rests on
    "source": (
        "Read from {engine} at {time}.",
        "Lido de {engine} às {time}.",
    ),
    "simulated": ("{engine} (simulator)", "{engine} (simulador)"),
    "incomplete": (
        "The plan is larger than what I looked through ({examined} jobs), so there may be more.",
        "O plano é maior do que o que percorri ({examined} jobs); pode haver mais.",
    ),
    "incomplete_list": (
        "The list may be incomplete: the plan is larger than what I looked through.",
        "A lista pode estar incompleta: o plano é maior do que o que percorri.",
    ),
    "shown_of": ("Shown: {shown} of {total}.", "Mostrados: {shown} de {total}."),
    "more": (
        "There are more; ask with a job stream, workstation or status to narrow it down.",
        "Há mais; pergunte com job stream, estação ou status para restringir.",
    ),
    # honest noes
    "unavailable": (
        "I can't answer that now: {engine} (HWA) does not answer{since}. I say nothing about the "
        "plan without reading it. Reason: {reason}",
        "Não consigo responder agora: {engine} (HWA) não responde{since}. Não digo nada sobre o "
        "plano sem lê-lo. Motivo: {reason}",
    ),
    "since": (" since {time} at the latest", " desde pelo menos {time}"),
    "refused": ("{engine} refused the question: {reason}", "{engine} recusou a consulta: {reason}"),
    "bad_reply": (
        "{engine} gave an answer that I could not read: {reason}",
        "{engine} deu uma resposta que não consegui ler: {reason}",
    ),
    "not_allowed": (
        "This agent may not use the tool {tool}, which that question needs.",
        "Este agente não pode usar a ferramenta {tool}, necessária para essa pergunta.",
    ),
    "too_slow": (
        "I stopped: the answer took longer than {seconds} s.",
        "Parei: a resposta demorou mais de {seconds} s.",
    ),
    "cannot": (
        "I can't answer that: I found nothing about it in the plan's tools or in the approved and "
        "audited memories. What I can answer, for example:\n{examples}",
        "Não sei responder isso: não encontrei nada a respeito nas ferramentas do plano nem nas "
        "memórias aprovadas ou auditadas. O que sei responder, por exemplo:\n{examples}",
    ),
    "help": (
        "I read the plan of HWA (read-only) and memories of earlier answers. For example:\n"
        "{examples}",
        "Leio o plano do HWA (somente leitura) e memórias de respostas anteriores. Por exemplo:\n"
        "{examples}",
    ),
    "examples": (
        "- Which jobs failed in the last 3 hours?\n- Why did <job> fail?\n- What is <job> waiting "
        "for?\n- How many jobs are in each status?\n- Which workstations have a problem?\n"
        "- What is late, and what will miss its deadline?\n- How is the plan?",
        "- Quais jobs falharam nas últimas 3 horas?\n- Por que o <job> falhou?\n- O que o <job> "
        "está esperando?\n- Quantos jobs há em cada status?\n- Quais estações estão com problema?\n"
        "- O que está atrasado e o que vai perder o prazo?\n- Como está o plano?",
    ),
    "thanks": ("You're welcome.", "De nada."),
    "read_only": (
        "I only read; I don't change anything in HWA. Use conman or the console for that.",
        "Eu só leio; não altero nada no HWA. Para isso use o conman ou o console.",
    ),
    "which_name": (
        "Which job do you mean? Please write its name.",
        "De qual job? Escreva o nome, por favor.",
    ),
    "which_of": ("Which one do you mean: {names}?", "De qual deles: {names}?"),
    "unknown_name": (
        "I found no job, job stream or workstation named {name} in the plan.",
        "Não encontrei no plano job, job stream ou estação com o nome {name}.",
    ),
    "unknown_job": (
        "I found no job named {name} in the plan.",
        "Não encontrei no plano nenhum job com o nome {name}.",
    ),
    "unknown_stream": (
        "I found no job stream named {name} in the plan.",
        "Não encontrei no plano nenhum job stream com o nome {name}.",
    ),
    "unknown_workstation": (
        "I found no workstation named {name}.",
        "Não encontrei nenhuma estação com o nome {name}.",
    ),
    "unknown_resource": (
        "I found no resource named {name}.",
        "Não encontrei nenhum recurso com o nome {name}.",
    ),
    "did_you_mean": ("Did you mean {names}?", "Você quis dizer {names}?"),
    "nothing_similar": (
        "No similar name either.",
        "Também não há nome parecido.",
    ),
    # jobs
    "in_place": (
        " (in job stream {stream}, on {workstation})",
        " (no job stream {stream}, em {workstation})",
    ),
    "in_stream": (" (in job stream {stream})", " (no job stream {stream})"),
    "job_status": ("{job}{place}: {status}{facts}.", "{job}{place}: {status}{facts}."),
    "rc": ("return code {value}", "código de retorno {value}"),
    "started": ("from {value}", "início {value}"),
    "ended": ("ended {value}", "fim {value}"),
    "scheduled": ("scheduled for {value}", "agendado para {value}"),
    "priority": ("priority {value}", "prioridade {value}"),
    "deadline": ("deadline {value}", "prazo {value}"),
    "latest_start": ("latestStart {value}", "início mais tardar {value}"),
    "earliest_start": ("not before {value}", "início a partir de {value}"),
    "critical_start": ("criticalStart {value}", "início crítico {value}"),
    "estimated_end": ("estimated end {value}", "fim estimado {value}"),
    "late": ("late", "atrasado"),
    "critical": ("critical", "crítico"),
    "several": (
        "{total} jobs have that name; the others: {others}.",
        "{total} jobs têm esse nome; os outros: {others}.",
    ),
    "list_head": ("{total} jobs {what}:", "{total} jobs {what}:"),
    "list_head_one": ("1 job {what}:", "1 job {what}:"),
    "list_none": ("No job {what}.", "Nenhum job {what}."),
    "what_status": ("with status {status}", "com status {status}"),
    "not_done": ("“not done”", "“não concluído”"),
    "what_plan": ("in the plan", "no plano"),
    "what_in_stream": ("in job stream {name}", "no job stream {name}"),
    "what_on": ("on workstation {name}", "na estação {name}"),
    "what_named": ("with a name like {name}", "com nome como {name}"),
    # failures
    "failed_some": (
        "{total} jobs failed in the last {window} (since {since}) and are still in error:",
        "{total} jobs falharam {window_pt} (desde {since}) e continuam em erro:",
    ),
    "failed_one": (
        "1 job failed in the last {window} (since {since}) and is still in error:",
        "1 job falhou {window_pt} (desde {since}) e continua em erro:",
    ),
    "failed_none": (
        "No job that failed in the last {window} (since {since}) is still in error.",
        "Nenhum job que falhou {window_pt} (desde {since}) continua em erro.",
    ),
    "failed_earlier": (
        "In the whole plan {count} are in error, from whatever time.",
        "No plano inteiro há {count} em erro, de qualquer horário.",
    ),
    "recovered_head": (
        "Failed in that time too, and rerun since ({count}):",
        "Também falharam nesse período e foram reexecutados ({count}):",
    ),
    "recovered_line": (
        "- {job}{place}: failed{facts}; now {status}",
        "- {job}{place}: falhou{facts}; agora {status}",
    ),
    "undated": ("In error without an end time: {names}.", "Em erro sem hora de fim: {names}."),
    "explain_failed": (
        "{job}{place} failed: {status}{facts}.",
        "{job}{place} falhou: {status}{facts}.",
    ),
    "explain_recovered": (
        "{job}{place} failed{facts}, and is now {status} after a rerun.",
        "{job}{place} falhou{facts} e, depois de reexecutado, está agora {status}.",
    ),
    "not_failed": (
        "{job}{place} has not failed in this plan: its status is {status}{facts}.",
        "{job}{place} não falhou neste plano: seu status é {status}{facts}.",
    ),
    "cause": (
        "The log of that run (job number {number}) states the cause:",
        "O log dessa execução (job number {number}) mostra a causa:",
    ),
    "cause_plain": (
        "The log of that run states the cause:",
        "O log dessa execução mostra a causa:",
    ),
    "no_cause": (
        "The end of its log names no cause that I recognise. Its last lines:",
        "O fim do log não traz uma causa que eu reconheça. Últimas linhas:",
    ),
    "no_log": ("I could not read its log: {reason}", "Não consegui ler o log: {reason}"),
    "holds_up": (
        "This holds up {count}: {names}.",
        "Isso segura {count}: {names}.",
    ),
    "holds_up_none": ("Nothing comes after it in the plan.", "Nada vem depois dele no plano."),
    "no_run": (
        "{job}{place} has not run in this plan, so it has no log; its status is {status}.",
        "{job}{place} ainda não rodou neste plano, então não há log; seu status é {status}.",
    ),
    "log_head": (
        "End of the log of {job}{place}, run {number}, last line {last}:",
        "Fim do log de {job}{place}, execução {number}, última linha {last}:",
    ),
    "log_head_plain": (
        "End of the log of {job}{place}, last line {last}:",
        "Fim do log de {job}{place}, última linha {last}:",
    ),
    # waiting
    "waits_for": (
        "{job}{place} is {status}{facts}. It waits for:",
        "{job}{place} está {status}{facts}. Espera por:",
    ),
    "waits_unsaid": (
        "{job}{place} is {status}{facts}. HWA does not say what it waits for.",
        "{job}{place} está {status}{facts}. O HWA não diz o que ele espera.",
    ),
    "not_waiting": (
        "{job}{place} is not waiting: its status is {status}{facts}.",
        "{job}{place} não está esperando: seu status é {status}{facts}.",
    ),
    "why_PREDECESSOR_job": (
        "- predecessor {name} in job stream {stream}: {status}",
        "- predecessor {name} no job stream {stream}: {status}",
    ),
    "why_PREDECESSOR_stream": (
        "- job stream {name}: {status}",
        "- job stream {name}: {status}",
    ),
    "why_PREDECESSOR": (
        "- a predecessor ({substatus})",
        "- um predecessor ({substatus})",
    ),
    "why_TIME": ("- its time: not before {value}", "- o horário: início a partir de {value}"),
    "why_TIME_plain": (
        "- its time: scheduled for {value} ({substatus})",
        "- o horário: agendado para {value} ({substatus})",
    ),
    "why_PROMPT": (
        "- prompt {name}, {status}: {text}",
        "- prompt {name}, {status}: {text}",
    ),
    "why_RESOURCE": (
        "- resource {name}: needs {quantity}, {available} free",
        "- recurso {name}: precisa de {quantity}, livres {available}",
    ),
    "why_FILE": ("- file {name}", "- arquivo {name}"),
    "why_PRIORITY_ZERO": ("- its priority is 0", "- sua prioridade é 0"),
    "why_LIMIT_0": (
        "- workstation {name}: job limit 0, it starts no job",
        "- estação {name}: limite de jobs 0, não inicia nenhum job",
    ),
    "why_FENCE": (
        "- workstation {name}: fence {fence}, priority {priority} is not above it",
        "- estação {name}: fence {fence}, a prioridade {priority} não está acima",
    ),
    "why_AGENT": (
        "- workstation {name}: not linked",
        "- estação {name}: sem link",
    ),
    "why_other": ("- {substatus}", "- {substatus}"),
    "of_stream": (" (of its job stream)", " (do seu job stream)"),
    # neighbours
    "successors_head": (
        "After {job}{place} ({status}) come {total}:",
        "Depois de {job}{place} ({status}) vêm {total}:",
    ),
    "successors_none": (
        "Nothing comes after {job}{place} ({status}) in the plan.",
        "Nada vem depois de {job}{place} ({status}) no plano.",
    ),
    "held_up": ("Waiting among them: {count}.", "Esperando entre eles: {count}."),
    "predecessors_head": (
        "{job}{place} ({status}) comes after {total}:",
        "{job}{place} ({status}) vem depois de {total}:",
    ),
    "predecessors_none": (
        "{job}{place} ({status}) has no predecessor job.",
        "{job}{place} ({status}) não tem job predecessor.",
    ),
    "stream_depends": (
        "Its job stream depends on: {names}.",
        "O job stream dele depende de: {names}.",
    ),
    "node": ("- {name}{place}: {status}", "- {name}{place}: {status}"),
    # streams
    "stream_status": (
        "Job stream {name}{place}: {status}{facts}.",
        "Job stream {name}{place}: {status}{facts}.",
    ),
    "on_workstation": (" (on {workstation})", " (em {workstation})"),
    "stream_counts": (
        "jobs: {jobs} ({parts})",
        "jobs: {jobs} ({parts})",
    ),
    "count_SUCC": ("{n} successful", "{n} com sucesso"),
    "count_EXEC": ("{n} running", "{n} em execução"),
    "count_ABEND": ("{n} abended", "{n} com abend"),
    "count_FAIL": ("{n} failed", "{n} com falha"),
    "count_notRunning": ("{n} not run", "{n} a iniciar"),
    "count_UNDCDED": ("{n} undecided", "{n} indecisos"),
    "streams_head": ("{total} job streams{what}:", "{total} job streams{what}:"),
    "streams_head_one": ("1 job stream{what}:", "1 job stream{what}:"),
    "streams_none": ("No job stream{what}.", "Nenhum job stream{what}."),
    "with_status": (" with status {status}", " com status {status}"),
    # counts
    "counts_head": ("The plan holds {count} jobs:", "O plano tem {count} jobs:"),
    "counts_stream": (
        "Job stream {name} holds {count} jobs:",
        "O job stream {name} tem {count} jobs:",
    ),
    "counts_by_workstation": (
        "The plan holds {count} jobs. By workstation:",
        "O plano tem {count} jobs. Por estação:",
    ),
    "count_line": ("- {name}: {count}", "- {name}: {count}"),
    "count_of": ("{count} jobs are {status}.", "{count} jobs estão {status}."),
    "count_of_one": ("1 job is {status}.", "1 job está {status}."),
    "count_of_none": ("No job is {status}.", "Nenhum job está {status}."),
    "empty_plan": ("The plan holds no jobs.", "O plano não tem jobs."),
    "not_grouped": (
        "The plan holds {count} jobs; the engine did not group them.",
        "O plano tem {count} jobs; o engine não os agrupou.",
    ),
    "left_out": (
        "Not understood, and left out: {count} of the objects that the engine sent.",
        "Não compreendidos, e deixados de fora: {count} dos objetos que o engine enviou.",
    ),
    "largest": ("The largest groups are shown.", "Mostrados os maiores grupos."),
    # late, critical, deadline
    "late_head": ("{total} jobs are late:", "{total} jobs estão atrasados:"),
    "late_one": ("1 job is late:", "1 job está atrasado:"),
    "late_none": (
        "HWA marks no unfinished job as late.",
        "O HWA não marca nenhum job em aberto como atrasado.",
    ),
    "critical_head": (
        "{total} jobs are marked critical, {open} of them not done:",
        "{total} jobs estão marcados como críticos, {open} deles não concluídos:",
    ),
    "critical_none": ("No job is marked critical.", "Nenhum job está marcado como crítico."),
    "risk_head": (
        "{total} jobs miss or will miss their deadline by HWA's own fields:",
        "{total} jobs perderam ou vão perder o prazo, pelos campos do próprio HWA:",
    ),
    "risk_one": (
        "1 job misses or will miss its deadline by HWA's own fields:",
        "1 job perdeu ou vai perder o prazo, pelos campos do próprio HWA:",
    ),
    "risk_none": (
        "By HWA's own fields no unfinished job misses its deadline.",
        "Pelos campos do próprio HWA, nenhum job em aberto perde o prazo.",
    ),
    "risk_DEADLINE_PASSED": ("deadline passed", "prazo já passou"),
    "risk_CRITICAL_START_PASSED": ("critical start passed", "início crítico já passou"),
    "risk_ESTIMATE_EXCEEDS": ("estimate goes past the deadline", "a estimativa passa do prazo"),
    # workstations
    "stations_head": ("{total} workstations{what}:", "{total} estações{what}:"),
    "stations_one": ("1 workstation{what}:", "1 estação{what}:"),
    "stations_troubled": (
        "Workstations with a problem: {total} of {all}:",
        "Estações com problema: {total} de {all}:",
    ),
    "stations_fine": (
        "None of the {all} workstations shows a problem.",
        "Nenhuma das {all} estações mostra problema.",
    ),
    "station": ("- {name}: {facts}", "- {name}: {facts}"),
    "linked": ("linked", "com link"),
    "NOT_LINKED": ("not linked", "sem link"),
    "LIMIT_0": ("limit 0, starts no job", "limite 0, não inicia jobs"),
    "FENCE": ("fence {fence}", "fence {fence}"),
    "limit": ("limit {value}", "limite {value}"),
    # resources, prompts, engine
    "resources_head": ("{total} resources:", "{total} recursos:"),
    "resources_none": ("No resource in the plan.", "Nenhum recurso no plano."),
    "resource": (
        "- {name}{place}: {quantity} in all, {available} free{holders}",
        "- {name}{place}: {quantity} no total, {available} livres{holders}",
    ),
    "held_by": ("; held by {names}", "; em uso por {names}"),
    "prompts_head": ("{total} prompts wait for an answer:", "{total} prompts esperam resposta:"),
    "prompts_one": ("1 prompt waits for an answer:", "1 prompt espera resposta:"),
    "prompts_none": ("No prompt waits for an answer.", "Nenhum prompt espera resposta."),
    "prompt": ("- {name} for {who}: {text}", "- {name} de {who}: {text}"),
    "engine": (
        "Engine {engine}: version {version}, time zone {zone}.",
        "Engine {engine}: versão {version}, fuso {zone}.",
    ),
    "engine_simulated": (
        "It is the simulator, not a real HWA.",
        "É o simulador, não um HWA de verdade.",
    ),
    # runs
    "runs_head": (
        "Last {shown} of {total} runs of {job} in this plan:",
        "Últimas {shown} de {total} execuções de {job} neste plano:",
    ),
    "runs_one": ("1 run of {job} in this plan:", "1 execução de {job} neste plano:"),
    "runs_none": ("{job} has no run in this plan.", "{job} não tem execução neste plano."),
    "run": ("- {facts}", "- {facts}"),
    "took": ("took {value} s", "durou {value} s"),
    "took_so_far": ("for {value} s so far", "há {value} s"),
    "estimate": ("estimated {value} s", "estimativa {value} s"),
    # summary
    "summary_jobs": ("Jobs ({count}): {parts}.", "Jobs ({count}): {parts}."),
    "summary_streams": ("Job streams ({count}): {parts}.", "Job streams ({count}): {parts}."),
    "summary_failed": (
        "Failed in the last 3 hours and still in error: {count}{names}.",
        "Falharam nas últimas 3 horas e continuam em erro: {count}{names}.",
    ),
    "summary_late": ("Late: {count}{names}.", "Atrasados: {count}{names}."),
    "summary_stations": (
        "Workstations with a problem: {count}{names}.",
        "Estações com problema: {count}{names}.",
    ),
    # memories
    "memory_trusted": (
        "From a memory approved by a person ({date}), asked then: {query}",
        "De uma memória aprovada por uma pessoa ({date}), cuja pergunta foi: {query}",
    ),
    "memory_cleared": (
        "From a memory that was audited, not reviewed by a person ({date}), asked then: {query}",
        "De uma memória auditada, não revisada por uma pessoa ({date}), cuja pergunta foi: {query}",
    ),
    "memory_history": (
        "History, not the present. On {date} it was said ({trust}):",
        "Histórico, não o presente. Em {date} foi dito ({trust}):",
    ),
    "trust_trusted": ("approved by a person", "aprovada por uma pessoa"),
    "trust_cleared": ("verified, not reviewed", "verificada, não revisada"),
    "closest": (
        "I have no answer to exactly that. The closest memory:",
        "Não tenho resposta exatamente para isso. A memória mais próxima:",
    ),
    "llm_down": (
        "(The language model does not answer: {reason} This comes from the rules.)",
        "(O modelo de linguagem não responde: {reason} Esta resposta vem das regras.)",
    ),
    "llm_unavailable": (
        "The language model does not answer: {reason} The rules can't answer this question.",
        "O modelo de linguagem não responde: {reason} As regras não sabem responder a essa "
        "pergunta.",
    ),
    "llm_broke_off": (
        "The language model's answer is not whole: {reason}",
        "A resposta do modelo de linguagem não está inteira: {reason}",
    ),
    "llm_why_off": ("it is not configured.", "não está configurado."),
    "llm_why_unreachable": ("it can't be reached, {words}.", "não foi alcançado, {words}."),
    "llm_why_overloaded": (
        "it is overloaded or failing, {words}.",
        "está sobrecarregado ou com falha, {words}.",
    ),
    "llm_why_quota": (
        "its quota is used up{until}, {words}.",
        "sua cota está esgotada{until}, {words}.",
    ),
    "llm_why_limit": (
        "the day's limit that was set for it here is used up{until}.",
        "o limite diário definido aqui para ele está esgotado{until}.",
    ),
    "llm_why_key": ("it refuses our key, {words}.", "recusa a nossa chave, {words}."),
    "llm_why_model": (
        "the endpoint does not know the model, {words}.",
        "o endpoint não conhece o modelo, {words}.",
    ),
    "llm_why_too_long": (
        "the question with all that belongs to it is too long for it, {words}.",
        "a pergunta com tudo o que a acompanha é longa demais para ele, {words}.",
    ),
    "llm_why_tools": (
        "this model can't call tools, {words}.",
        "este modelo não sabe chamar ferramentas, {words}.",
    ),
    "llm_why_declined": ("it declines to answer, {words}.", "recusa-se a responder, {words}."),
    "llm_why_refused": ("it refuses the request, {words}.", "recusa o pedido, {words}."),
    "llm_why_bad_reply": (
        "what it sent can't be read, {words}.",
        "o que enviou não pode ser lido, {words}.",
    ),
    "llm_until": (" until {time}", " até {time}"),
    "llm_broke_no_finish": (
        "it ended without saying that it was finished.",
        "terminou sem dizer que estava completa.",
    ),
    "llm_broke_length": (
        "it was cut off at the limit of its length.",
        "foi cortada no limite de comprimento.",
    ),
    "llm_broke_filter": (
        "a content filter of the endpoint stopped it.",
        "um filtro de conteúdo do endpoint a interrompeu.",
    ),
    "llm_broke_empty": ("it said nothing.", "nada foi dito."),
    "llm_broke_thoughts": (
        "it only thought and said nothing.",
        "o modelo só pensou e nada disse.",
    ),
    "llm_broke_endless": ("it did not come to an end.", "não chegava ao fim."),
    "llm_broke_error": (
        "an error came instead of the rest, {words}.",
        "um erro veio no lugar do resto, {words}.",
    ),
    "model_only": (
        "(From the language model itself: not read from HWA, a memory or a document.)",
        "(Do próprio modelo de linguagem: não foi lido do HWA, de uma memória nem de documento.)",
    ),
    "llm_steps": (
        "I stopped after {steps} steps without an answer that the tools support.",
        "Parei depois de {steps} passos sem uma resposta que as ferramentas sustentem.",
    ),
    "and": (" and ", " e "),
    "or": (" or ", " ou "),
}


def say(language: Language, key: str, **values: object) -> str:
    english, portuguese = PHRASES[key]
    return (english if language == "en" else portuguese).format(**values)
