"""The vocabulary of IT operations and workload automation, Portuguese beside English.

One concept a line: Portuguese terms, a bar, English terms. Retrieval uses it to find an answer
written in the other language, or in the other words of the same one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from .text import fold

# ruff: noqa: E501 - a concept stays on its line, to be read and sorted as a table
_CONCEPTS = """
workstation: estação, estação de trabalho, nó, servidor, máquina, host | workstation, node, agent, server, machine, host, cpu
agent: agente, agente dinâmico | agent, dynamic agent, fault-tolerant agent, fta
master: mestre, gerenciador mestre, gerenciador de domínio mestre | master, master domain manager, mdm
backup_master: mestre reserva, master de backup, backup do mestre | backup master, bmdm, standby master
domain: domínio, gerenciador de domínio | domain, domain manager
pool: grupo de estações, pool de agentes, membros do grupo | pool, dynamic pool, d-pool, pool members
job: tarefa, rotina, processo, serviço | job, task, batch job, process
stream: fluxo, fluxo de jobs, malha, cadeia | job stream, jobstream, stream, schedule, flow, chain
plan: plano, plano de produção, plano atual | plan, production plan, current plan, today's plan
preproduction: plano de pré-produção, pré-produção | preproduction plan, pre-production
model: modelo, definição, definições, cadastro | model, definition, definitions, registered
horizon: horizonte, período coberto, extensão do plano, estender | horizon, plan length, extend, lengthen
dependency: dependência, depende, vínculo | dependency, depends on, dependent
predecessor: predecessor, antecessor, anterior, job anterior | predecessor, previous job, upstream
successor: sucessor, seguinte, próximo, depois dele | successor, next job, downstream, following
status: status, estado, situação | status, state, condition
substatus: substatus, subestado, detalhe do estado | substatus, sub-status, internal status
success: sucesso, bem-sucedido, terminou bem, concluído, verde | success, successful, succeeded, completed, green
failure: falha, falhou, erro, abendou, abend, quebrou, vermelho | failure, failed, error, abend, abended, broke, crashed, red
running: em execução, rodando, executando, em andamento | running, executing, in progress, active
waiting: aguardando, esperando, em espera, retido, parado | waiting, on hold, held, pending, idle
ready: pronto, elegível | ready, eligible
stuck: travado, preso, emperrado, bloqueado | stuck, blocked, jammed, hung
cancelled: cancelado, cancelar, cancelamento | cancelled, canceled, cancel, cancellation
suppressed: suprimido, suprimir | suppressed, suppress
undecided: indeciso, indefinido | undecided, undetermined
late: atrasado, atraso, em atraso, estourou o prazo | late, delayed, overdue, behind schedule, past its deadline
early: adiantado, antes da hora | early, ahead of schedule
on_time: no horário, em dia, pontual | on time, on schedule
critical: crítico, caminho crítico, rede crítica | critical, critical path, critical network
deadline: prazo, hora limite, limite de término | deadline, due time, latest finish
latest_start: último início, início mais tarde | latest start, until
earliest_start: início mais cedo, não antes de, hora de início | earliest start, at time, not before, start time
duration: duração, tempo de execução, demora | duration, run time, elapsed time, how long
estimate: estimativa, previsão, duração estimada | estimate, estimated, forecast, expected duration
confidence: intervalo de confiança, confiança | confidence interval, confidence
average: média, histórico | average, mean, history, statistics
time: hora, horário, momento | time, hour, clock
date: data, dia | date, day
timezone: fuso, fuso horário | timezone, time zone
daylight: horário de verão | daylight saving, dst
today: hoje, agora, neste momento | today, now, currently
yesterday: ontem, dia anterior | yesterday, previous day
tomorrow: amanhã, dia seguinte | tomorrow, next day
weekend: fim de semana, sábado, domingo | weekend, saturday, sunday
workday: dia útil, dias úteis | workday, business day, working day
holiday: feriado, feriados | holiday, holidays, non-working day
month_end: fechamento, fim do mês, virada do mês | month end, closing, end of month
night: noite, madrugada, noturno, janela noturna | night, overnight, nightly, batch window
calendar: calendário, lista de datas | calendar, list of dates
run_cycle: ciclo de execução, ciclos, periodicidade | run cycle, recurrence, frequency
run_cycle_group: grupo de ciclos, grupo de ciclos de execução | run cycle group, rcg
exclude: excluir, exceto, fora, não rodar | exclude, except, skip, not run
include: incluir, acrescentar | include, add in
offset: deslocamento, antecedência | offset, shift
carry_forward: carregar adiante, herdado, sobra do dia anterior, levado para o plano seguinte | carry forward, carried forward, carry-over, leftover, leftovers
rerun: reexecutar, rodar de novo, reprocessar, executar novamente, reexecução | rerun, run again, restart the job, re-execute
submit: submeter, disparar, submissão, sob demanda, ad hoc | submit, launch on demand, trigger, ad hoc
release: liberar, soltar, liberação | release, free, let go
hold: segurar, reter, prender | hold, keep back
confirm: confirmar, confirmação | confirm, confirmation
kill: matar, derrubar, encerrar à força | kill, terminate, abort
start: iniciar, início, partida, subir, começar, ligar | start, begin, bring up, launch
stop: parar, parada, encerrar, interromper | stop, halt, shut down, end
shutdown: desligar, derrubar tudo | shut, shutdown, take down
restart: reiniciar, reinício, religar | restart, reboot, bounce
recover: recuperar, recuperação | recover, recovery
recovery_option: opção de recuperação, ação de recuperação | recovery option, recovery action, recovery job
retry: tentar de novo, tentativa, repetição | retry, attempt, try again
priority: prioridade | priority
fence: cerca, barreira, limiar de prioridade | fence, job fence
limit: limite, quantidade simultânea, máximo simultâneo | limit, job limit, concurrency, maximum at once
queue: fila, fila de espera, enfileirado | queue, queued, backlog
resource: recurso, recursos | resource, resources, units
prompt: prompt, pergunta, pergunta pendente | prompt, question to the operator
reply: responder, resposta, responda | reply, answer, respond
file: arquivo, arquivos, ficheiro | file, files
missing_file: arquivo não encontrado, arquivo ausente, arquivo faltando | file not found, missing file, no such file
file_dependency: dependência de arquivo, opens | file dependency, opens
directory: diretório, pasta, caminho | directory, folder, path
permission: permissão, acesso, direito, autorização, privilégio | permission, access, right, authorization, authority, privilege
denied: negado, recusado, sem permissão, não autorizado | denied, refused, not authorized, forbidden, rejected
security: segurança, arquivo de segurança | security, security file
role: papel, perfil, função | role, profile
user: usuário, utilizador, login | user, account, logon, login, username
password: senha, senhas, palavra-passe | password, credential, credentials, passphrase
authenticate: autenticar, autenticação, entrar, credencial | authenticate, authentication, sign in, log in, credential
token: token, chave de api, jwt | token, api key, jwt, bearer
certificate: certificado, certificados | certificate, keystore, truststore
expire: expirar, expirado, vencer, vencido, venceu | expire, expired, expiry, lapse
encrypt: criptografar, criptografia, cifrar, cifra | encrypt, encryption, cipher, encode
tls: tls, ssl, conexão segura | tls, ssl, https, secure connection
database: banco, banco de dados, base de dados | database, db, rdbms
schema: esquema, tabelas | schema, tables
table: tabela | table
query: consulta, pesquisa, filtro | query, search, filter
filter: filtro, filtrar, restringir | filter, restrict, narrow
sql: sql, instrução sql | sql, statement
transaction: transação | transaction, commit
deadlock: bloqueio mútuo, impasse | deadlock, lock timeout
lock: trancar, travar a definição, bloqueio | lock, locked, locking
unlock: destravar, desbloquear, destrancar | unlock, unlocked
space: espaço, espaço em disco, disco cheio | space, disk space, disk full, no space left
disk: disco, partição, volume | disk, filesystem, partition, volume
memory: memória, falta de memória | memory, out of memory, heap
processor: processador, uso de cpu | processor, cpu usage, load
performance: desempenho, lentidão, lento | performance, slowness, slow
network: rede, conectividade | network, connectivity
connection: conexão, ligação, conectar | connection, connect, link
link: vincular, ligar, linkado, conectado | link, linked, connected
unlink: desvincular, desligado, sem link, desconectado | unlink, unlinked, disconnected, not linked
offline: fora do ar, indisponível, offline, caiu | offline, down, unavailable, unreachable, off
online: no ar, disponível, online | online, up, available, reachable
timeout: tempo esgotado, estouro de tempo, expirou | timeout, timed out, time-out
port: porta, portas | port, listening port
firewall: firewall, barreira de rede | firewall
address: endereço, ip | address, ip address
hostname: nome do host, nome da máquina, resolução de nomes | hostname, host name, dns, name lookup
url: url, endereço base, rota | url, base address, endpoint, route
endpoint: endpoint, rota, recurso da api | endpoint, route, api path
api: api, interface rest | api, rest, rest api, web service
request: requisição, chamada, pedido | request, call
response: resposta, retorno | response, reply, result
header: cabeçalho | header
body: corpo, json | body, payload, json
parameter: parâmetro, argumento | parameter, argument
variable: variável, variáveis | variable, variables
variable_table: tabela de variáveis | variable table
option: opção, opções, configuração global | option, options, setting, keyword
configuration: configuração, configurar, ajuste | configuration, configure, settings, setup
command: comando, linha de comando | command, command line, cli
script: script, roteiro | script, shell script
executable: executável, programa, binário | executable, program, binary
return_code: código de retorno, código de saída, rc | return code, exit code, exit status, rc
success_condition: condição de sucesso, rccondsucc | success condition, return code mapping
output_condition: condição de saída | output condition, conditional dependency
join: junção | join dependency, join
log: log, registro, saída | log, output, trace
job_log: log do job, joblog, saída do job | job log, joblog, stdlist, standard list
message: mensagem, código de mensagem | message, message code
warning: aviso, advertência | warning, caution
severity: gravidade, severidade, nível | severity, level
event: evento, eventos | event, events
event_rule: regra de evento, regra, gatilho | event rule, rule, trigger
event_processor: processador de eventos, servidor de eventos | event processor, event processing server, evtproc
action: ação, ações | action, actions
alert: alerta, aviso, notificação | alert, notification, alarm
email: e-mail, correio | email, mail
monitor: monitorar, monitoração, acompanhar | monitor, monitoring, watch
report: relatório, relatórios | report, reports
audit: auditoria, trilha | audit, audit trail
history: histórico, execuções anteriores | history, past runs, previous runs
statistics: estatísticas | statistics, stats
dashboard: painel, console | dashboard, console, dwc, dynamic workload console
engine: motor, engine, conexão do motor | engine, engine connection, scheduler
scheduler: agendador, escalonador, planejador | scheduler, scheduling engine
schedule: agendar, agendamento, programar | schedule, scheduling, scheduled
batchman: batchman, processo de controle | batchman, control process
mailman: mailman, processo de mensagens | mailman, message routing
jobman: jobman, lançador | jobman, launcher
netman: netman, processo de rede | netman, listener
symphony: symphony, arquivo do plano | symphony, plan file
mailbox: caixa de mensagens, pobox, arquivo de mensagens | mailbox, pobox, message file
install: instalar, instalação | install, installation, setup
upgrade: atualizar a versão, migrar, atualização | upgrade, update, migrate
fix_pack: correção, pacote de correções | fix pack, patch, fix
version: versão | version, release level
license: licença, licenciamento | license, licensing
backup: cópia de segurança, salvar, backup | backup, save, dump
restore: restaurar, restauração, recuperar backup | restore, restoration
switch: troca, trocar, chaveamento, promover | switch, switchover, promote, swap
failover: contingência, alta disponibilidade | failover, high availability, disaster recovery
replace: substituir, trocar | replace, swap out
permanent: permanente, definitivo, para sempre | permanent, definitive, for good
temporary: temporário, provisório | temporary, short-term
create: criar, criação, gerar | create, creation, generate, make
delete: apagar, excluir, remover, deletar | delete, remove, erase, drop
modify: alterar, modificar, mudar, editar, trocar | modify, change, edit, alter
rename: renomear, trocar o nome, mudar o nome | rename, change the name
copy: copiar, duplicar, cópia | copy, duplicate, clone
move: mover, transferir | move, transfer
import: importar, importação | import, load
export: exportar, exportação, extrair | export, extract
list: listar, mostrar, exibir, ver | list, show, display, view, see
count: contar, quantidade, quantos | count, number of, how many
summary: resumo, visão geral | summary, overview
detail: detalhe, detalhes | detail, details
difference: diferença, distinguir | difference, differ, versus
meaning: significa, significado, quer dizer | mean, means, meaning, stand for
cause: causa, motivo, por que, porquê, razão | cause, reason, why
symptom: sintoma, problema | symptom, problem, issue, trouble
solve: resolver, solução, corrigir, tratar | solve, solution, fix, resolve, handle
check: verificar, conferir, checar, validar | check, verify, validate, confirm
validate: validar, validação, consistência | validate, validation, consistency
preview: prévia, simular, antes de gravar | preview, dry run, simulate
allow: permitir, aceitar | allow, permit, accept
prevent: impedir, evitar | prevent, avoid, keep from
require: exigir, obrigatório, necessário, precisar | require, required, mandatory, need
optional: opcional | optional, optionally
default: padrão, por omissão | default, by default
value: valor, valores | value, values
name: nome, nomes | name, names
prefix: prefixo | prefix
wildcard: curinga, coringa | wildcard
alias: apelido, alias | alias
description: descrição | description
object: objeto, objetos | object, objects
type: tipo, tipos | type, kind
owner: dono, proprietário | owner, belongs to
folder: pasta, pastas | folder, folders
group: grupo, agrupar | group, grouping
order: ordem, sequência | order, sequence
first: primeiro, antes | first, before
last: último, depois | last, after, final
parallel: paralelo, simultâneo, ao mesmo tempo | parallel, simultaneous, concurrent, at once
serial: um por vez, sequencial | serial, one at a time, sequential
every: a cada, repetir, cíclico | every, repeat, cyclic, recurring
interval: intervalo, período | interval, period
window: janela, faixa de horário | window, time range
maximum: máximo, teto | maximum, upper bound, ceiling
minimum: mínimo | minimum, lower bound
size: tamanho | size
increase: aumentar, subir, elevar | increase, raise, enlarge
decrease: diminuir, reduzir, baixar | decrease, lower, reduce
enable: habilitar, ativar | enable, activate, turn on
disable: desabilitar, desativar | disable, deactivate, turn off
ignore: ignorar, desconsiderar | ignore, disregard
bypass: contornar, pular | bypass, skip, work around
force: forçar | force, forced
wait: esperar, aguardar | wait, await
sync: sincronizar, ressincronizar, realinhar | synchronize, resync, realign, in sync
refresh: atualizar, recarregar | refresh, reload, update
replan: gerar o plano, geração do plano, virada | plan generation, new plan, final job stream, daily cycle
final: final, finalpostreports | final, end-of-day stream
internetwork: dependência externa, entre redes | internetwork dependency, external dependency, cross dependency
shadow_job: job sombra | shadow job
remote: remoto | remote
remote_engine: motor remoto | remote engine
zos: z/os, mainframe | z/os, mainframe, host system
ibmi: ibm i, as/400 | ibm i, as/400, iseries
unix: unix, linux | unix, linux, aix
windows: windows | windows
sap: sap, abap | sap, abap, r/3
file_transfer: transferência de arquivos, ftp | file transfer, ftp, sftp
database_job: job de banco de dados | database job
container: contêiner, docker, kubernetes | container, docker, kubernetes, pod
cloud: nuvem | cloud
broker: corretor, workload broker | broker, dynamic workload broker
job_type: tipo de job, plug-in | job type, plug-in, plugin, job type with advanced options
workload_application: aplicação de carga, modelo de aplicação | workload application, template
what_if: análise de impacto, e se | what-if analysis, impact, simulation
forecast: plano de previsão, previsão | forecast plan, trial plan
archive: arquivar, planos arquivados | archive, archived plans
cleanup: limpeza, limpar, expurgo | cleanup, clean, purge, housekeeping
retention: retenção, guardar por | retention, keep for
temporary_file: arquivo temporário | temporary file, tmp
environment: ambiente | environment
production: produção | production, live
test: teste, testar, homologação | test, testing, staging
deploy: implantar, distribuir | deploy, roll out, distribute
approval: aprovação, aprovar | approval, approve
impact: impacto, afetar, afetado | impact, affect, affected
health: saúde, verificação de saúde | health, health check
process: processo do sistema, pid | process, pid, daemon
service: serviço | service
liberty: liberty, servidor de aplicação, websphere | liberty, application server, websphere, appserver
java: java, jvm | java, jvm
stack: pilha, rastreamento | stack trace, traceback
exception: exceção | exception
overload: sobrecarga, sobrecarregado | overload, overloaded, saturated
balance: balancear, distribuir carga | balance, workload balancing
member: membro, membros, participante | member, members, membership
actual: efetivo, real, de fato | actual, really, in fact
planned: planejado, previsto | planned, scheduled, expected
hung: pendurado, sem resposta, não responde | hung, not responding, frozen
duplicate: duplicado, repetido | duplicate, repeated
overlap: sobreposição, instância anterior ainda rodando | overlap, previous instance still running
instance: instância, ocorrência | instance, occurrence
identifier: identificador, id | identifier, id
chain_run: cadeia de reexecução | rerun chain
manual: manual, à mão | manual, by hand
automatic: automático, sozinho | automatic, by itself, unattended
operator: operador | operator
intervention: intervenção, ação do operador | intervention, operator action
escalate: escalar, acionar | escalate, call out, page
incident: incidente, chamado | incident, ticket
maintenance: manutenção, janela de manutenção | maintenance, maintenance window
outage: indisponibilidade, queda | outage, downtime
sla: acordo de nível, sla | service level, sla
contact: contato, responsável, plantão | contact, on call, responsible
syntax: sintaxe, erro de sintaxe | syntax, syntax error, spelling
format: formato | format
encoding: codificação, página de código | encoding, code page, charset
input: entrada, entradas | input
payroll: folha de pagamento, folha | payroll
billing: faturamento, fatura | billing, invoice, invoicing
accounting: contabilidade, contábil | accounting, ledger
inventory: estoque | inventory, stock
sales: vendas | sales
customer: cliente, clientes | customer, client
payment: pagamento | payment
""".strip()


def _parse() -> dict[str, frozenset[str]]:
    concepts = {}
    for line in _CONCEPTS.splitlines():
        name, _, terms = line.partition(": ")
        concepts[name] = frozenset(fold(t.strip()) for t in re.split(r"[,|]", terms) if t.strip())
    return concepts


GLOSSARY: dict[str, frozenset[str]] = _parse()
"""Concept → its terms in both languages, folded (lower case, no accents)."""

_TERM_WORD = re.compile(r"[a-z0-9]+(?:[-/'][a-z0-9]+)*")
_LONGEST_TERM = 5
_ENDINGS = re.compile(
    # the commonest inflections of both languages; what remains must still be a word's root
    r"(?:amentos?|imentos?|acoes|acao|coes|cao|aram|eram|iram|ando|endo|indo|adas?|ados?|idas?|idos?"
    r"|ings?|ied|ies|ed|es|s|ou|eu|iu|ar|er|ir|am|em|[aeo])$"
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A folded word without its inflection; crude on purpose, the same for both languages."""
    if len(word) < 5 or not word.isalpha():
        return word
    singular = re.sub(r"(?:oes|aes)$", "ao", word).removesuffix("s")
    root = _ENDINGS.sub("", singular)
    return root if len(root) >= 3 else singular


@cache
def _index() -> dict[tuple[str, ...], frozenset[str]]:
    index: dict[tuple[str, ...], set[str]] = {}
    for concept, terms in GLOSSARY.items():
        for term in terms:
            key = tuple(stem(word) for word in _TERM_WORD.findall(term))
            index.setdefault(key, set()).add(concept)
    return {key: frozenset(found) for key, found in index.items()}


def concepts(text: str, longest: int = 20_000) -> set[str]:
    """The glossary's concepts that the text speaks of, whatever its language or inflection."""
    words = [stem(word) for word in _TERM_WORD.findall(fold(text[:longest]))]
    index = _index()
    found: set[str] = set()
    for start in range(len(words)):
        for length in range(1, _LONGEST_TERM + 1):
            found |= index.get(tuple(words[start : start + length]), frozenset())
    return found
