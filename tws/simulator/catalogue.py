"""What is defined in the simulated company: workstations, resources, job streams and jobs."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zlib import crc32

HALF_DAY = 43_200
TIME_ZONE = "America/Sao_Paulo"

# (job stream, folder, user, its jobs). A job is NAME, or NAME<A,B when it follows A and B; without
# `<` it follows the job before it, and with an empty one (`NAME<`) none.
BLUEPRINTS: tuple[tuple[str, str, str, str], ...] = (
    (
        "FOLHA_DIARIA",
        "/RH/FOLHA",
        "folha",
        "PAYROLL_EXTRACT PAYROLL_CALC FOLHA_ENCARGOS FOLHA_VALIDA<PAYROLL_CALC,FOLHA_ENCARGOS "
        "FOLHA_REMESSA_BANCO FOLHA_HOLERITES<FOLHA_VALIDA FOLHA_FIM<FOLHA_REMESSA_BANCO,"
        "FOLHA_HOLERITES",
    ),
    (
        "ETL_VENDAS",
        "/BI/ETL",
        "etl",
        "ETL_VENDAS_EXTRAI_LOJAS ETL_VENDAS_EXTRAI_ECOMM< ETL_VENDAS_LIMPA<ETL_VENDAS_EXTRAI_LOJAS,"
        "ETL_VENDAS_EXTRAI_ECOMM ETL_VENDAS_CARGA_DW ETL_VENDAS_AGREGA ETL_VENDAS_INDICES "
        "ETL_VENDAS_PUBLICA",
    ),
    (
        "FATURAMENTO",
        "/FINANCEIRO/FATURAMENTO",
        "fatura",
        "FAT_ABRE_LOTE FAT_CALC_IMPOSTOS FAT_GERA_NFE FAT_TRANSMITE_SEFAZ FAT_RETORNO_SEFAZ "
        "FAT_BAIXA_ESTOQUE<FAT_GERA_NFE FAT_CONTABILIZA<FAT_RETORNO_SEFAZ FAT_FECHA_LOTE<"
        "FAT_CONTABILIZA,FAT_BAIXA_ESTOQUE",
    ),
    (
        "FECHAMENTO_CONTABIL",
        "/FINANCEIRO/CONTABIL",
        "contab",
        "CONTAB_IMPORTA_LANC CONTAB_CONCILIA CONTAB_RATEIO CONTAB_APURA CONTAB_BALANCETE "
        "CONTAB_RAZAO<CONTAB_APURA CONTAB_ENVIA_SPED<CONTAB_BALANCETE,CONTAB_RAZAO",
    ),
    (
        "COBRANCA",
        "/FINANCEIRO/COBRANCA",
        "cobranca",
        "COB_RETORNO_BANCO COB_BAIXA_TITULOS COB_CALC_JUROS COB_REMESSA_BANCO COB_CARTAS<"
        "COB_CALC_JUROS",
    ),
    (
        "ESTOQUE_SYNC",
        "/LOGISTICA/ESTOQUE",
        "estoque",
        "INV_SYNC_LOJAS INV_SYNC_CD< INV_CONSOLIDA<INV_SYNC_LOJAS,INV_SYNC_CD INV_REPOSICAO "
        "INV_PEDIDO_FORNEC INV_RELATORIO<INV_CONSOLIDA",
    ),
    (
        "BKP_DIARIO",
        "/INFRA/BACKUP",
        "backup",
        "BKP_SNAP BKP_DUMP_ORACLE BKP_COPY BKP_VERIFY BKP_CATALOGO BKP_PURGE",
    ),
    (
        "PIX_CONCILIA",
        "/FINANCEIRO/TESOURARIA",
        "tesour",
        "PIX_BAIXA_EXTRATO PIX_CONCILIA_LOTE PIX_DEVOLUCOES PIX_RELATORIO_BACEN",
    ),
    (
        "CRM_CAMPANHAS",
        "/MARKETING/CRM",
        "crm",
        "CRM_SEGMENTA CRM_OPTOUT< CRM_MONTA_LISTA<CRM_SEGMENTA,CRM_OPTOUT CRM_ENVIA_EMAIL "
        "CRM_ENVIA_SMS<CRM_MONTA_LISTA CRM_METRICAS<CRM_ENVIA_EMAIL,CRM_ENVIA_SMS",
    ),
    (
        "SAP_INTEGRA",
        "/INTEGRACAO/SAP",
        "sapbatch",
        "SAP_IDOC_ENTRADA SAP_IDOC_PROCESSA SAP_MATERIAIS SAP_PEDIDOS<SAP_IDOC_PROCESSA "
        "SAP_IDOC_SAIDA<SAP_MATERIAIS,SAP_PEDIDOS",
    ),
    (
        "FISCAL_SPED",
        "/FINANCEIRO/FISCAL",
        "fiscal",
        "SPED_COLETA SPED_ICMS SPED_PIS_COFINS<SPED_COLETA SPED_VALIDA<SPED_ICMS,SPED_PIS_COFINS "
        "SPED_ASSINA SPED_TRANSMITE",
    ),
    (
        "LOGISTICA_ROTAS",
        "/LOGISTICA/TRANSPORTE",
        "rotas",
        "ROTAS_PEDIDOS ROTAS_GEOCODIFICA ROTAS_OTIMIZA ROTAS_ROMANEIO ROTAS_NOTIFICA",
    ),
    (
        "DW_CLIENTES",
        "/BI/ETL",
        "etl",
        "DW_CLI_EXTRAI DW_CLI_DEDUP DW_CLI_ENRIQUECE DW_CLI_CARGA DW_CLI_HISTORICO<DW_CLI_CARGA "
        "DW_CLI_CUBO<DW_CLI_CARGA DW_CLI_QUALIDADE<DW_CLI_HISTORICO,DW_CLI_CUBO",
    ),
    (
        "RISCO_CREDITO",
        "/FINANCEIRO/RISCO",
        "risco",
        "RISCO_BUREAU RISCO_SCORE RISCO_LIMITES RISCO_PROVISAO RISCO_RELATORIO",
    ),
    (
        "ECOMM_CATALOGO",
        "/ECOMMERCE",
        "ecomm",
        "CATALOGO_PRECOS CATALOGO_IMAGENS< CATALOGO_INDEXA<CATALOGO_PRECOS,CATALOGO_IMAGENS "
        "CATALOGO_PUBLICA CATALOGO_CDN",
    ),
    (
        "PONTO_ELETRONICO",
        "/RH/PONTO",
        "ponto",
        "PONTO_COLETA PONTO_APURA PONTO_BANCO_HORAS PONTO_EXPORTA",
    ),
    (
        "MONITORA_INFRA",
        "/INFRA",
        "infra",
        "INFRA_LIMPA_LOGS INFRA_ROTATE INFRA_CHECK_DISCO INFRA_CHECK_CERT<INFRA_ROTATE "
        "INFRA_INVENTARIO<INFRA_CHECK_DISCO,INFRA_CHECK_CERT",
    ),
    (
        "COMPRAS_EDI",
        "/SUPRIMENTOS",
        "compras",
        "EDI_RECEBE EDI_VALIDA EDI_CONVERTE EDI_IMPORTA_PEDIDO EDI_CONFIRMA",
    ),
    (
        "TESOURARIA_DIA",
        "/FINANCEIRO/TESOURARIA",
        "tesour",
        "TES_SALDOS TES_FLUXO_CAIXA TES_CAMBIO< TES_POSICAO<TES_FLUXO_CAIXA,TES_CAMBIO "
        "TES_APLICA TES_RELATORIO",
    ),
    (
        "UPDATESTATS",
        "/INFRA/BANCO",
        "dba",
        "UPDATESTATS REORG_TABELAS RUNSTATS_VALIDA",
    ),
)

STATES = tuple(
    "SP RJ MG RS PR SC BA PE CE GO DF ES PA AM MT MS PB RN AL SE PI MA TO RO AC AP RR".split()  # noqa: SIM905  27 quoted strings read worse
)
STATE_ZONES = {
    **dict.fromkeys(("MT", "MS", "AM", "RO", "RR"), "America/Manaus"),
    "AC": "America/Rio_Branco",
}
DOMAINS = ("MASTERDM", "DM_SP", "DM_RJ", "DM_SUL", "DM_NORTE")


@dataclass(frozen=True, slots=True)
class Workstation:
    index: int
    name: str
    type: str
    domain: str
    os: str
    description: str
    limit: int
    zone: str = TIME_ZONE


@dataclass(frozen=True, slots=True)
class Resource:
    index: int
    name: str
    workstation: int
    quantity: int
    description: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How the jobs of a blueprint hang together; shared by all streams made from it."""

    names: tuple[str, ...]
    predecessors: tuple[tuple[int, ...], ...]
    successors: tuple[tuple[int, ...], ...]


@dataclass(slots=True)
class Job:
    """A job's definition. Offsets are seconds after the stream's scheduled time."""

    name: str
    workstation: int
    seconds: int  # estimated duration
    priority: int
    recovery: str  # STOP, CONTINUE, RERUN
    critical: bool = False
    confirm: bool = False
    at: int | None = None
    latest_start: int | None = None
    deadline: int | None = None
    resource: int | None = None
    prompt: str = ""
    file: str = ""
    repeats: int = 0
    join: int = 0  # of its predecessors so many must end well, as one JOIN; 0: each of them must


@dataclass(slots=True)
class Stream:
    index: int
    name: str
    folder: str
    user: str
    workstation: int
    phase: int  # seconds of the day (UTC) at which it is scheduled
    shape: Shape
    jobs: list[Job] = field(default_factory=list)
    follows: tuple[int, ...] = ()
    followed_by: list[int] = field(default_factory=list)
    priority: int = 10
    deadline: int | None = None
    prompt: str = ""
    site: str = ""
    definition: int = 0  # the stream's index whose definition this is an instance of

    @property
    def half(self) -> int:
        """0: scheduled before noon; 1: after."""
        return self.phase // HALF_DAY


class Catalogue:
    """All definitions for a seed and a number of jobs; `instances` of each stream in a day."""

    def __init__(self, jobs: int, seed: int, instances: int = 1) -> None:
        self.seed = seed
        self.instances = instances
        self.job_count = jobs
        self._random = random.Random(f"catalogue {seed} {jobs}")  # noqa: S311  a plan, not a secret
        self.workstations = _workstations(jobs)
        self.resources = _resources(self.workstations)
        self._runs_on = [w.index for w in self.workstations if w.type not in ("MANAGER",)]
        self.streams: list[Stream] = []
        with collector_paused():
            self._define_streams(jobs)

    @cached_property
    def stream_definitions(self) -> list[Stream]:
        """The first instance of each stream stands for its definition."""
        return [stream for stream in self.streams if stream.definition == stream.index]

    @cached_property
    def job_definitions(self) -> list[tuple[int, int]]:
        """(stream, position) of every job, in the order of the catalogue."""
        return [(s.index, at) for s in self.stream_definitions for at in range(len(s.jobs))]

    def _define_streams(self, left: int) -> None:
        while left > 0:
            stream = self._stream(len(self.streams), left)
            self.streams.append(stream)
            left -= len(stream.jobs)
        self._link_streams()

    def _stream(self, index: int, most_jobs: int) -> Stream:
        number, instance = divmod(index, self.instances)
        base, folder, user, steps = BLUEPRINTS[number % len(BLUEPRINTS)]
        turn = number // len(BLUEPRINTS)
        site = _site(turn)
        suffix = f"_{site}" if site else ""
        shape = _shape(steps)
        pick = self._random
        stream = Stream(
            index=index,
            name=base + suffix,
            folder=folder,
            user=user,
            workstation=self._workstation(),
            phase=pick.randrange(0, 2 * HALF_DAY, 300),
            definition=index - instance,
            shape=shape,
            priority=pick.choice((10, 10, 10, 20, 50)),
            site=site or "MATRIZ",
        )
        if instance:
            first = self.streams[stream.definition]
            stream.workstation = first.workstation
            spread = instance * 2 * HALF_DAY // self.instances
            stream.phase = (first.phase + spread) % (2 * HALF_DAY)
        for at, name in enumerate(shape.names[:most_jobs]):
            stream.jobs.append(self._job(stream, at, name + suffix))
        longest = sum(job.seconds for job in stream.jobs)
        if pick.random() < 0.35:
            stream.deadline = int(longest * pick.uniform(1.2, 2.5)) + 600
        if pick.random() < 0.02:
            stream.prompt = f"Autoriza o inicio de {stream.name}?"
        return stream

    def _job(self, stream: Stream, at: int, name: str) -> Job:
        pick = self._random
        chance = pick.random
        seconds = int(pick.lognormvariate(5.6, 0.9)) + 20
        job = Job(
            name=name,
            workstation=stream.workstation if chance() < 0.7 else self._workstation(),
            seconds=min(seconds, 7_200),
            priority=stream.priority if chance() < 0.9 else pick.choice((0, 30, 60, 90)),
            recovery=pick.choices(("STOP", "RERUN", "CONTINUE"), (62, 30, 8))[0],
        )
        job.join = self._join(name, len(stream.shape.predecessors[at]))
        job.critical = chance() < 0.03
        job.confirm = chance() < 0.004
        if job.recovery == "RERUN":
            job.repeats = pick.choice((1, 2, 3))
        if at and chance() < 0.05:
            job.at = pick.randrange(600, 7_200, 300)
        if chance() < 0.10 or job.critical:
            job.deadline = (job.at or 0) + job.seconds * (at + 2) + pick.randrange(900, 5_400, 300)
        if chance() < 0.04:
            job.latest_start = (job.at or 0) + pick.randrange(1_800, 9_000, 300)
        if chance() < 0.05:
            # Streams of the two half days use different ones, or each half would give out units
            # that the other holds.
            job.resource = pick.randrange(stream.half, len(self.resources), 2)
        if chance() < 0.015:
            job.prompt = f"Confirma a execucao de {name}?"
        if chance() < 0.02:
            job.file = f"/dados/{stream.user}/entrada/{name.lower()}.csv"
        return job

    def _join(self, name: str, predecessors: int) -> int:
        """Some jobs with several predecessors wait for all of them as one, some for any of them."""
        if predecessors < 2:
            return 0
        return (predecessors, predecessors, 1, 0, 0)[crc32(f"{self.seed} {name}".encode()) % 5]

    def _workstation(self) -> int:
        # The first ones carry more, as in real life.
        span = len(self._runs_on)
        return self._runs_on[int(span * self._random.random() ** 1.4)]

    def _link_streams(self) -> None:
        """Some streams follow earlier ones of the same half day."""
        for half in (0, 1):
            ordered = sorted(
                (s for s in self.streams if s.half == half), key=lambda s: (s.phase, s.index)
            )
            for at, stream in enumerate(ordered):
                if at < 3 or self._random.random() > 0.25:
                    continue
                nearby = ordered[max(0, at - 40) : at]
                chosen = self._random.sample(nearby, k=self._random.choice((1, 1, 2)))
                stream.follows = tuple(sorted(one.index for one in chosen))
                for one in chosen:
                    one.followed_by.append(stream.index)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Millions of small tuples, none of them garbage: walking them again and again is in vain."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


_SHAPES: dict[str, Shape] = {}


def _shape(steps: str) -> Shape:
    if steps not in _SHAPES:
        names: list[str] = []
        before: list[tuple[int, ...]] = []
        for at, step in enumerate(steps.split()):
            name, told, follows = step.partition("<")
            if not told:
                before.append((at - 1,) if at else ())
            else:
                before.append(tuple(names.index(one) for one in follows.split(",") if one))
            names.append(name)
        after = tuple(tuple(j for j, b in enumerate(before) if i in b) for i in range(len(names)))
        _SHAPES[steps] = Shape(tuple(names), tuple(before), after)
    return _SHAPES[steps]


def _site(turn: int) -> str:
    """Where the n-th stream of a blueprint belongs: headquarters first, then SP01, RJ01, …"""
    if turn == 0:
        return ""
    return f"{STATES[(turn - 1) % len(STATES)]}{(turn - 1) // len(STATES) + 1:02d}"


def _workstations(jobs: int) -> list[Workstation]:
    fixed: list[tuple[Any, ...]] = [
        ("MDM", "MANAGER", "MASTERDM", "LINUX", "Master domain manager", 200),
        ("MDMDA", "AGENT", "MASTERDM", "LINUX", "Agente dinamico do master", 100),
        ("FTA_SP01", "FTA", "DM_SP", "LINUX", "Aplicacoes de RH e folha, Sao Paulo", 40),
        ("FTA_RJ01", "FTA", "DM_RJ", "AIX", "Faturamento, Rio de Janeiro", 30),
        ("FTA_CWB1", "FTA", "DM_SUL", "AIX", "Contabilidade, Curitiba", 30),
        ("AGT_BI01", "AGENT", "DM_SP", "LINUX", "Cargas do data warehouse", 60),
        ("AGT_EC01", "AGENT", "DM_SP", "LINUX", "Comercio eletronico", 60),
        ("POOL_ETL", "POOL", "DM_SP", "LINUX", "Pool de agentes de ETL", 80),
        ("DPOOL_BI", "D-POOL", "DM_SP", "LINUX", "Pool dinamico de BI", 80),
        ("XA_SAP01", "X-AGENT", "MASTERDM", "OTHER", "Agente SAP", 20, "Europe/Berlin"),
        ("SRV_BKP1", "FTA", "DM_SP", "WINDOWS", "Servidor de backup", 10),
        ("FTA_REC1", "FTA", "DM_NORTE", "LINUX", "Filiais do Nordeste", 30, "America/Noronha"),
    ]
    rows = [Workstation(at, *row) for at, row in enumerate(fixed)]
    for at in range(len(rows), min(400, max(len(rows), jobs // 150))):
        state = STATES[at % len(STATES)]
        kind, os = (("FTA", "LINUX"), ("AGENT", "LINUX"), ("FTA", "WINDOWS"))[at % 3]
        name = f"{'AGT' if kind == 'AGENT' else 'FTA'}_{state}{at // len(STATES) + 2:02d}"
        domain = DOMAINS[1 + at % (len(DOMAINS) - 1)]
        zone = STATE_ZONES.get(state, TIME_ZONE)
        rows.append(Workstation(at, name, kind, domain, os, f"Servidor de batch {state}", 40, zone))
    return rows


def _resources(workstations: list[Workstation]) -> list[Resource]:
    rows = (
        ("TAPE_DRIVE", 2, "Unidades de fita do backup"),
        ("DB_FOLHA_LOCK", 1, "Acesso exclusivo a base da folha"),
        ("SAP_LICENCA", 3, "Sessoes de batch do SAP"),
        ("LINK_SEFAZ", 2, "Canais com a SEFAZ"),
        ("DW_SLOTS", 4, "Cargas simultaneas no DW"),
        ("FTP_BANCOS", 2, "Sessoes de transferencia com bancos"),
    )
    scale = max(1, len(workstations) // 60)
    return [
        Resource(at, name, (at * 2 + 1) % len(workstations), quantity * scale, text)
        for at, (name, quantity, text) in enumerate(rows)
    ]
