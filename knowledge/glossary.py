"""The vocabulary of IT operations and workload automation, Portuguese beside English.

One concept a line: Portuguese terms, a bar, English terms. A concept may have several lines. Retrieval uses it to find an answer
written in the other language, or in the other words of the same one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from .folding import fold

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
workstation: estação, posto, equipamento, computador, box, nodo, nós | box, computer, system, target machine, nodes, machines, servers
agent: agentes, cliente, lwa, executor | agents, client, worker
master: mdm, mestre do domínio, servidor principal, máquina principal, principal | main machine, main server, primary, central server, manager
backup_master: reserva, bmdm, máquina reserva, servidor reserva | spare, standby, secondary, spare machine, backup manager
domain: domínios, gerenciamento do domínio | domains, dm
pool: pool, conjunto de agentes, máquinas do grupo, lista de agentes | pools, set of agents, list of agents, workstation class
job: jobs, tarefas, rotinas, atividade, atividades, carga, programa, trabalho | jobs, tasks, program, programs, work, workload, activity
stream: fluxos, malhas, cadeias, jobstreams, streams, encadeamento | streams, chains, flows, schedules, jobstreams
plan: planos, planejamento, plano do dia, plano corrente | plans, planning, plan of the day
preproduction: plano intermediário, ltp | intermediate plan, long-term plan, ltp
model: cadastrar, definir, define, definida, cadastrada, catálogo, registro no banco, no banco | define, defined, defining, definitional, in the database, catalog
horizon: período, sem aumentar, esticar, alongar, duração do plano, prolongar, cobertura | stretch, longer, shorten, period covered, length
dependency: dependências, pré-requisito, pré-requisitos, condição para iniciar | dependencies, prerequisite, prerequisites, hinge on
predecessor: predecessores, antecessores, de quem espera, quem vem antes | predecessors, comes before, waits for
successor: sucessores, seguintes, próximos, quem vem depois, vem depois, na sequência | successors, comes after, follow, follows, what comes next, dependents
status: estados, situações, condição, letra | states, column state, flag, conditions
success: certo, com êxito, êxito, ok, deu certo, saiu bem | went well, fine, ok, good, succeed, succeeds, worked
failure: falhar, falham, quebrar, quebra, deu errado, problema na execução, mal, abortou, abortada, abortado, caiu, não funcionou, derrubou | fails, fail, fault, breaks, broken, wrong, badly, aborted, abort, goes wrong, went wrong, crash
running: roda, rodam, em curso, ativo, ativos, no ar agora, correndo | runs, run, being run, executes, in flight, in execution
waiting: aguarda, espera, pendente, pendentes, não sai do lugar, não começa, parada, retida, segurado, represado, fila | waits, awaiting, pending, queued, queues, not starting, does not start, held up, held back, on hold until
ready: prontos, apto, liberado | eligible to run, able to start
stuck: travou, trava, empacou, pendurada, pendurado, congelado, não anda, andar | stalled, freeze, frozen, hangs, going nowhere, moving
cancelled: cancela, descartar, desistir, tirar do plano, retirar | drop, discard, withdraw, remove from the plan, call off
suppressed: suprime, suprimida | suppresses, suppr
late: atrasa, demorando, perdeu a hora, fora do prazo, passou da hora, estoura, estourou, horário estoura | lateness, too late, missed, time passes, past due, expires
deadline: limite de horário, horário limite, até quando | time limit, must finish by
latest_start: limite para iniciar, hora máxima de início, until, até que horas pode iniciar | latest start time, start limit, until time, may still start
earliest_start: a partir de que hora, só depois das, agendado para, at | start time, starts at, not earlier
duration: tempo, dura, demora, quanto tempo, por quanto tempo | long, how long, takes, lasts, elapsed
time: horas, relógio, minuto, minutos | clock time, minutes, minute, hours
timezone: hora local, horário local, fusos | local time, local clock, timezones
today: atual, corrente, do dia, hoje em dia, só hoje, por enquanto | today's, current, present, only today, for now
tomorrow: próximo dia, dia de amanhã, do dia seguinte | tomorrow's, following day, the day after
yesterday: de ontem, dia passado, véspera | yesterday's, day before
workday: dia de expediente, expediente, dias de trabalho | business days, working days, workdays
holiday: dia não útil, dias não úteis, dias livres, freedays | free day, free days, freedays, non-working days, closed days
month_end: último dia, todo mês, mensal, fim de mês, final do mês | last day, each month, monthly, end of the month, final day
night: de noite, noites, toda noite | every night, nights, at night
daily: diário, diariamente, todo dia, uma vez por dia, cada dia | daily, every day, once a day, each day
weekly: semanal, toda semana, semana | weekly, every week, week
yearly: anual, ano | yearly, every year, year
calendar: calendários, datas, lista de dias | calendars, dates, days list
run_cycle: ciclo, ciclos de execução, regra de execução, recorrência | run cycles, cycle, rule of recurrence, recurring rule
exclude: excluo, excluir datas, deixar de fora, menos em, pular, evitar datas | excluded, stay out, keep out, leave out, keep from running, skip dates
carry_forward: carryforward, carry forward, transportado, restos, sobras, cf, ficou de ontem, vem do dia anterior | carries forward, carried over, carryover, cf, remains
rerun: reexecuta, reexecutado, rodar novamente, refazer, repetir a execução, rr | reruns, run it again, repeat the run, redo, rerunning, rr
submit: disparo, submete, submeto, avulso, avulsa, lançar, incluir no plano, sbs, sbj, sbd, sbf, injetar, colocar para rodar | submits, fire off, on demand, launch, kick off, ad-hoc, inject, one-off, once
release: libero, liberado, destrancar, deixar passar, soltar | let pass, unblock, let it start, let it go
hold: seguro, reter, segura, deixar parado, impedir que inicie | put on hold, hold back, holding, keep waiting
confirm: confirma, dizer se, informar o resultado, aprovar manualmente | say whether, acknowledge, tell the outcome
kill: mato, derrubar, derrubo, derrubá-la, interromper à força, finalizar, abortar | terminate, force, force end, end by force, forcibly, stop a running
start: começo, começa, começar, inicia, iniciado, acionar, lançado, lançar, lançada, lançamento, lançamentos, partir, levantar | begins, launched, launching, starts, starting, started, before it begins, get going, fire, fires
stop: para tudo, paro, cessar, deter, parado, paralisar, tira do ar | stops, stopped, stopping, cease, bring down, brings down
shutdown: tirar do ar, baixar, desligar tudo, derruba | takes down, take down, bring down, power off
restart: reinicio, reiniciar, rebootar, derrubar e subir, subir de novo | restarts, restarting, start again, bring back, bounce
recover: recupera, voltar ao normal, restabelecer, consertar | get back, repair, heal, bring back to life
recovery_option: recuperação automática, o que fazer quando falha, seguir mesmo com erro, segue apesar do erro | on failure, go on after an error, continue after failure, halt on error
retry: tentativas, tentar novamente, tentativas automáticas, repetir quando falha, sozinho quando falha | retries, attempts, try once more, several attempts, automatically after a failure
priority: prioridades, urgente, urgentes, urgência, passar na frente, pouco importante, pouco importantes, importância | priorities, urgent, urgency, more important, jump the queue, how urgent, ahead of others
fence: fences, limiar, barreira de prioridade, segurar os de baixa prioridade | priority threshold, threshold
limit: limites, teto, quantos ao mesmo tempo, no máximo, quantidade máxima, capacidade, vagas | cap, capped, slot, slots, at most, limits, how many at once, restrict, capacity
parallel: simultâneos, simultânea, simultâneas, juntos, em paralelo, concorrente | in parallel, at the same time, simultaneously, together, same time
resource: recurso lógico, unidades, unidade, fita, fitas, contador | unit, units, tape, tapes, device, logical resource, counter
prompt: prompts, questão, dizer sim, confirmação do operador, pedido de confirmação | prompts, yes or no, operator question, question waiting, say yes
reply: respondo, respondendo, dizer sim, sim, não | answering, yes, replies, answers
file: planilha, csv, documento, nome do arquivo | csv, filename, document
file_dependency: esperar por um arquivo, espera o arquivo, chegada de arquivo, arquivo chegar, arquivo existir | wait for a file, file arrives, arrival of a file, file exists, until a file
directory: diretórios, home | folders, home directory, home
permission: permissões, acessos, direitos, autorizar, autoriza, autorizações, quem pode, pode fazer, credenciais de acesso | rights, permissions, authorise, authorises, authorize, access rights, allowed to, access keyword, entitled
denied: negada, recusada, recusados, recusa, proibido, não permitido, barrado, rejeitada, 403, 401 | refusal, refusals, refuse, refuses, not allowed, rejects, unauthorised, unauthorized, 403, 401
user: usuários, conta, contas, logon, usuario do windows | users, accounts, account name, userid
password: senha vencida, senhas, segredo, troca de senha | passwords, secret, stored secret, pwd
authenticate: autentico, autentica, login, logar, autenticar, credenciais | auth, authenticating, auth scheme, credentials, login
certificate: jks, keystore, certificado tls, certificado digital | certificates, cert, jks, p12
expire: vence, vencida, expirou, validade, caducar | expires, expired, validity, out of date, renew, renewal
renew: renovar, renovo, renovação, troca do certificado, substituir o certificado | renew, renewal, refresh the certificate, replace the certificate
encrypt: codificada, codificado, codificar, aes, criptografada | encoded, encoding, aes, encrypted
database: bancos, no banco, postgresql, db2, oracle, cadastro | databases, postgresql, db2, oracle, database server, repository
schema: criar tabelas, objetos do banco | database objects, tables and schemas
lock: trancada, presa, presas, preso por outra sessão, bloqueada por outro, em uso por outro | locked by, in use by another, held by another, left open, cannot save
unlock: destravo, liberar as definições, soltar a trava | frees the lock, release the lock
space: falta de espaço, sem espaço, lotado, cheio, encher, encha, enche | full, fill up, fills up, filling, run out of space, out of space
disk: discos, filesystem | disks, drive
network: internet, tcp, rota de rede | tcp, wire, net
connection: conexões, conectar, contato, comunicação, comunicar, sem conexão, alcançar, alcança, fala com | connections, connecting, contact, talk to, communicate, communication, reach, reaches
link: linkada, linkado, conectada, vinculada, ligado, ligados | links, linking, linked nodes
unlink: desconectada, perdeu contato, sem contato, não conectada | lost contact, not connected, loses contact, disconnects
offline: parado, derrubado, parada, ausente, desligada, não responde, inacessível, sem conexão, longe | going away, goes down, away, not reachable, cannot reach, not running, is down, off for
online: de pé, funcionando, ativo | up and running, running fine, is up
timeout: demora demais, sem resposta | times out, too long
port: porta de escuta, escuta, escutar, ouve | listens, listening, listen, ports
address: endereços, ip novo, trocar o ip, host | addresses, node address, ip
hostname: nome de máquina, resolver o nome, /etc/hosts, resolve | name resolution, resolves, host names, /etc/hosts, lookup
url: endereço http, urls, caminho http, rota http | urls, http address, path of the api, base url, http path
endpoint: rotas, método http, qual rota | routes, rest call, rest action, which call, http route
api: rest, rest v2, via http, por http, via rest, http, v2 | over rest, through rest, via http, over http, http, v2, web calls, rest v2
request: requisições, chamadas, put, post, get | requests, calls, put, post, get
response: respostas, retorno da api, resultado, devolve, devolveu, retorna | returns, returned, replies, results
body: corpo da requisição, payload, conteúdo json | request body, json body
field: campo, campos, atributo, propriedade, booleano | field, fields, attribute, property, boolean
parameter: parâmetros, parametrizado, parametrizar | parameters, parametrized, parameterised
variable: variável global, valores variáveis | placeholder, substitution
variable_table: tabelas de variáveis, vartable | variable tables, vartable
option: opções globais, chave, chaves, palavra-chave, palavra, palavras, palavras-chave, qual opção | keywords, global options, switch on, setting, settings, which option, flag
configuration: configurações, configuro, ajustes, parametrização, definições globais, ajustar | configures, configured, settings that hold, set up, tune
command: comandos, conman, cli, na linha de comando, pelo terminal, terminal | commands, command-line, from the cli, on the command line, terminal, shell line
script: scripts, shell | scripts
return_code: códigos de retorno, saiu com código, sai com código, código diferente de zero | exits with, exit codes, rc=, nonzero, return value
success_condition: aceitar o código, considerar sucesso, critério de sucesso, tratar como sucesso | treat as success, count as success, calls it a failure, success criterion
log: logs, onde vejo o motivo, mensagens | logs, log file, log files
job_log: saída, log de saída, saída padrão, texto de saída | output text, job output, standard output, sysout
message: mensagens, gravar mensagem, código do erro, códigos | messages, codes, error code
severity: níveis, nível de gravidade, severidades, gravidades | severities, levels
event_rule: regras, regra de eventos, avalia as regras, disparador | rules, triggers, rule set, evaluates rules
event_processor: processamento de eventos, servidor de processamento de eventos, motor de eventos, processador | event server, event engine, event processing, evaluates rules
action: ações da regra, ação de log | rule action, rule actions
alert: notificar, avisar, me avise, notificações, aviso por e-mail | notify, warn me, notifications, let me know, mail me
email: e-mails, email, mensagem de correio, correio eletrônico, smtp | mails, e-mail, smtp, mail me
monitor: vigiar, observar, de olho | supervise, keep an eye, monitors
report: reports, emissão de relatório | printout
dashboard: console web, interface web, tela | web console, web interface, ui, screen, dwc console
engine: motores, mecanismo | engines, scheduling engine, core
scheduler: produto, agendador de tarefas, twsd | the product, scheduler itself, scheduling product
schedule: agendo, agendado, agenda, programado, programar, planejar | schedules, plan to run, timed, program
install: instalado, instalada, instalo, instalando, primeira instalação, novo, implantação | installed, installing, fresh install, clean install, set up a new, freshly added
upgrade: upgrade, atualizar versão, nova versão, migrar de versão | upgrading, newer version, new release, migrate
version: versões, nível, release, qual release, build | release, releases, level, which level, build
backup: backups, cópias, cópia, guardar, salvo, salvar, preservar | back up, backups, copies, copy, saved, dump
restore: restauro, restaurar, voltar a cópia, recriar | restores, bring back, rebuild, recreate
rebuild: recriar, recriado, do zero, reconstruir, refazer, regenerar | rebuild, recreate, from scratch, regenerate, start over
damaged: corrompido, corrompida, danificado, inconsistente, estragado, inválido | corrupt, corrupted, damaged, inconsistent, broken file, invalid
switch: trocas, mudar de lugar, passar para, assumir, assume, virar, viro, mover para | take over, takes over, switches, move to, hand over, turn into, becomes
replace: substituto, substituição, no lugar de, troquei, substituindo, substitui | replacement, replacing, instead, another one, in place of, substitutes
permanent: definitivamente, de vez, perdido, perdi, nunca mais | permanently, for ever, lost for good
temporary: temporariamente, por pouco tempo, por uma hora, por enquanto, só por hoje | temporarily, for an hour, for a while, only for
create: crio, criado, criados, fazer, montar, gera, gerado, cria | creates, created, build, built, generates, made, produce
delete: apago, some, somem, sumir, desaparecer, exclusão, deletado | deletes, deleted, disappear, gone, wipe, get rid
modify: mudei, troquei, altero, alterado, mudança, mudanças, modifico, editei, atualizo, acerto | changes, changed, changing, edits, editing, alters, altering, alteration, adjust, update
rename: renomeio, outro nome, nome novo, novo nome, nome antigo, prefixo, mudança de nome | renamed, renaming, new name, old name, two names
copy: copio, copiados, copiar arquivos | copies, copied
move: movo, transporta, levar para outra | moves, moved, relocate
export: extraio, exporto, em texto, para um arquivo texto, descarregar | dumps, dump, extracts, to a text file, into a file, unload
list: listo, lista, listagem, vejo, ver só, mostre, mostra, exibe, consultar, enxergar, olhar | lists, listed, shows, showing, views, displays, find, look, read
read: ler, leio, leitura, vejo, consulto | read, reading, look at, fetch, get
fetch: obter, obtenho, pegar, buscar, baixar | fetch, get, obtain, retrieve, need the, download
count: quantas, número, total, qual o número | how much, total, quantity, numbers
detail: detalhar, mais informações, pormenor | more information, in depth, detail field
difference: diferem, difere, diferenças, em que difere, qual é qual, iguais, mesma coisa, parecidos, comparado, versus, distinção | differs, different, which is which, compare, compared, unlike, similar, versus, vs, same thing
meaning: o que é, o que são, que quer dizer, interpretar, interpreto, sentido, para que serve, serve, diz, explicar | what is, what does, tell me, tells, explain, interpret, meaning of, stands for, what are, purpose, used for
cause: motivos, causas, culpa, o que houve, o que causou, porque | reasons, what happened, whats wrong, causes, how come
symptom: problemas, dificuldade, errado, anormal, normal | problems, trouble, anything wrong, odd, normal
solve: resolvo, conserta, consertar, contornar, corrijo, acertar, remediar, o que fazer, o que faço | fixes, mend, resolved, what can i do, what to do, how to get, sort out, remedy
check: conferindo, confira, verifico, checagem, revisar, revejo, examinar, inspecionar | verifies, checks, inspect, look into, look at, review, examine, make sure
preview: antes de gravar, ver antes, conferir antes, ensaio, simulação | before saving, beforehand, trial, see first, how it would look
require: exige, precisa, preciso, falta, faltando, obrigatória, requisitos, necessária, qual direito falta | requires, needs, needed, missing, must, requirement, lack, lacks
missing: falta, faltando, ausente, não aparece, não achou, não encontrado, sumiu, não existe | missing, not shown, not found, absent, does not appear, never lists, not listed, finds no, no such
default: por padrão, valor padrão, omissão, se eu não disser, sem informar | defaults, if unset, when omitted, out of the box, without
precedence: prevalece, vale, vence o conflito, precedência, conflito, sobrepõe, ganha | wins, precedence, overrides, prevails, conflict, takes precedence, which setting wins
wildcard: asterisco, máscara, caracteres curinga | asterisk, mask, wildcards
object: definições de objetos, item, itens | items, item, entries
type: tipos, categoria, espécie | types, kinds, category
owner: donos, quem é o dono | owned by, who owns, holder
group: grupos, conjunto | groups, set of
order: em que ordem, ordem dos passos, etapas, passo, passos, sequência correta | steps, step, which first, in which order, ordering
first: primeiramente, antes de, quem primeiro, começa por | beforehand, earlier, prior to, comes first
last: por último, em seguida, após, depois de | afterwards, later, in the end, next
every: cada vez, repetidamente, de tempos em tempos | repeatedly, over and over, each time
maximum: no máximo, limite superior, máximos | max, at most, upper limit, not exceed
size: tamanhos, crescer, crescendo, cresce | sizes, grow, growing, grows, bigger, larger, how big
increase: aumento, aumenta, subir o valor, elevo, mais unidades, ampliar, crescer | increases, raises, raising, more, bigger, higher, grow, extend
decrease: diminuo, baixo, menor, menos, encolher | decreases, reduce, less, fewer, smaller, shrink
enable: habilito, habilita, liga, ligar a opção, ativo, ativa, ativar | enables, enabled, turns on, switch on, activates, activated, allow it
disable: desabilito, desliga, desligar a opção, desativo | disables, disabled, turns off, switch off
ignore: ignore, ignora, deixar de lado | ignores, ignored, leave aside
bypass: burlar, passar por cima, driblar | circumvent, sidestep, get around
force: à força, forçado, obrigar | by force, forcibly, forces
sync: sincronia, sincronizado, ressincronizo, alinhar, bater com, em acordo, diferente do banco, divergente | back in sync, resynchronise, realigns, matches, out of step, differs from the engine, consistent with, aligned
refresh: reflete, refletir, enxergar, enxergue, reconhecer, recarrega, aplicar no plano, passar a valer | reflect, reflects, pick up, picks up, see the new, take effect, reloads, push into
replan: gera o plano, geração do próximo plano, novo plano, plano seguinte, virada do dia, troca do plano, ciclo noturno, jnextplan | next plan, generates the plan, plan creation, nightly cycle, end of day, start of day, jnextplan, switch of the plan
remote: remota, distante, filial, filiais | branch, remote site, distant
windows: nt, máquina windows | nt box, nt
unix: sistema operacional, so | operating system, os
file_transfer: transferência, transferências, cópia por sftp, copiar por ftp, filetransfer | transfers, file transfers, sftp copy, filetransfer
broker: brokers, jobmanager, resource advisor | brokers, resource advisor, jobmanager
cleanup: apagar antigos, limpo, faxina, remoção de antigos | clean-up, get rid of old, delete old, tidy
retention: guardados, guardado, quanto tempo ficam, por quanto tempo, conservar, manter por | kept, keeps, how long are, stay, stored for, keep old
archive: arquivados, planos antigos, antigos, histórico de planos | old plans, archived, old plan files, past plans
impact: afeta, consequência, o que acontece, acontece | affects, consequence, what happens, happens
health: verificação, check health, saúde do ambiente, diagnóstico | healthy, diagnosis, healthcheck, check health status
process: processos, daemon, serviço em execução | processes, daemons
liberty: servidor de aplicações, servidor web, engineserver | app server, web server, engineserver, application servers
balance: distribuir, distribuição, reparte | distribute, spread, reassign, balances
member: participantes, integrantes, quem faz parte, máquina do grupo | belongs, part of the group, participants, which machine of the group
hung: travada, não termina, pendurou, preso rodando | never ends, does not end, not ending
instance: instâncias, execução específica, uma execução | one run, specific execution, given run, runs, execution
identifier: identificadores, run id, run_id, chave do job | identifiers, run id, run_id, key
manual: manualmente, na mão, informar manualmente | manually, by an operator
automatic: automaticamente, automática, por conta própria | automatically, on its own, itself
operator: operadores, meu operador | operators, console operator
intervention: precisa de intervenção, requer ação, agir | needs action, manual action, attention
maintenance: manutenções, máquina em manutenção, drenar, esvaziar | under maintenance, drain, before maintenance, servicing
contact: responsáveis, sobreaviso | whom to call
format: formatos, como informo, como escrevo, grafia, escrever | formats, spelling, spelled, written, how to write, write
input: arquivo de entrada, dados de entrada | input file
shut_listening: quem escuta, processo de escuta, netman no ar | listener, listening process
letter: letra, letras, maiúscula, minúscula, minúsculo, maiúsculo | letter, letters, upper case, lower case, uppercase, lowercase, minuscule
symbol: chaves, colchetes, símbolo, sinal, caractere | braces, brackets, symbol, sign, character
ask_yes: aprovar, sim ou não, afirmativo | approve, affirmative
accept: aceita, aceitos, aceitas, válido, válidos, permitidos, permitido, posso usar | accepted, accepts, valid, allowed values, supported, supports
register: cadastro, cadastrar, cadastrado, cadastrei, registrar, registrado | register, registered, enrol, sign up, record
use: uso, usar, uso de, utilizar, utilizo, emprego | use, using, used, usage, employ
specify: informo, informar, informe, indicar, especificar, declarar, dizer | specify, state, tell, declare, indicate, give
choose: escolho, escolher, optar, qual das | choose, pick, select, which of
get_late_job: passou o horário, horário já passou, anterior ao relógio | earlier than now, time already passed, in the past
next_day: dia seguinte, só amanhã, para amanhã | until tomorrow, next day's, following day
result: resultados, desfecho, conclusão | outcome, outcomes, conclusion, result
finish: terminar, termina, terminou, acabar, acabou, fim, encerrou | finish, finished, finishes, end, ended, ends, over, done
leave: deixa, deixar, mantém, manter, permanece | leave, leaves, keep, keeps, remain, remains, stays
place: lugar, local, onde fica, pasta onde | place, where is, location, located, sits
part: parte, partes, trecho, pedaço, linhas | part, parts, portion, lines, piece
whole: inteiro, tudo, completo, todo o ambiente, toda a rede | whole, entire, everything, all of it, whole network
global: global, globais, geral, gerais | global, general, network-wide, overall
""".strip()


@cache
def glossary() -> dict[str, frozenset[str]]:
    """Concept → its terms in both languages, folded (lower case, no accents)."""
    found: dict[str, set[str]] = {}
    for line in _CONCEPTS.splitlines():
        name, _, terms = line.partition(": ")
        folded = (fold(term.strip()) for term in re.split(r"[,|]", terms))
        found.setdefault(name, set()).update(term for term in folded if term)
    return {name: frozenset(terms) for name, terms in found.items()}


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
    for concept, terms in glossary().items():
        for term in terms:
            key = tuple(stem(word) for word in _TERM_WORD.findall(term))
            index.setdefault(key, set()).add(concept)
    return {key: frozenset(found) for key, found in index.items()}


@dataclass(frozen=True, slots=True)
class ConceptMatch:
    """A term of the glossary in a text: `text[start:end]` stands for `concept`.

    `weight` says how plainly: a term that stands for one concept gives it 1, one that may mean any
    of four gives each a half.
    """

    concept: str
    weight: float
    start: int
    end: int


def find_concepts(text: str) -> Iterator[ConceptMatch]:
    """Each term of the glossary in the text, whatever its language or inflection."""
    words = [(stem(m[0]), m.start(), m.end()) for m in _TERM_WORD.finditer(fold(text))]
    index = _index()
    for first in range(len(words)):
        for last in range(first, min(first + _LONGEST_TERM, len(words))):
            meant = index.get(tuple(word for word, _, _ in words[first : last + 1]), ())
            for concept in meant:
                weight = 1 / math.sqrt(len(meant))
                yield ConceptMatch(concept, weight, words[first][1], words[last][2])


def concepts(text: str, longest: int = 20_000) -> set[str]:
    """The glossary's concepts that the text speaks of."""
    return {match.concept for match in find_concepts(text[:longest])}
