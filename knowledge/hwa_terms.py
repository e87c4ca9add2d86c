"""HWA's message codes, object names and commands in a text.

Statuses, numbers, times and notations stand in `knowledge.hwa`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .glossary import concepts
from .hwa.statuses import GROUP_OF_CODE

__all__ = [
    "concepts",
    "exact_terms",
    "message_codes",
    "object_names",
]

# --- message codes, object names, commands -----------------------------------------------------

_MESSAGE_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:AWS|EQQ)[A-Z]{1,3}\d{3,4}[EWIAS]?(?![A-Za-z0-9])", re.IGNORECASE
)


def message_codes(text: str) -> list[str]:
    """The product's message codes in the text (AWSBEH021E), upper case, each once."""
    return list(dict.fromkeys(found.upper() for found in _MESSAGE_CODE.findall(text)))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMANDS: dict[str, frozenset[str]] = {
    "conman": _words(
        """
        altjob altpass altpri bulk_discovery canc cancel checkhealthstatus confirm cj cs
        console cpuinfo deldep dd adddep dj ds exit fence help kill limit limitcpu link
        listsym recall release reply rerun rr resource rj rs setsym showcpus sc
        showdomain showdoms showfiles sf showjobs sj showprompts sp showresources sr
        showschedules ss shut shutdown start startappserver starteventprocessor
        startevtp startmon status stop stopappserver stopeventprocessor stopevtp stopmon
        submit sbd sbj sbs sbf switcheventprocessor switchevtp switchmgr switchmgr
        tellop tosymphony unlink version resetfta deployconf startbrokerapp
        stopbrokerapp adddep ap
        """
    ),
    "composer": _words(
        """
        add authenticate create extract cr delete display edit list print modify new
        rename replace unlock lock update validate chfolder cf listfolder mkfolder
        rmfolder renamefolder version
        """
    ),
    "planman": _words(
        """
        crt crttrial crtfc deploy ext exttrial resync unlock showinfo checksync reset
        confirm evtproc
        """
    ),
    "optman": _words(
        """
        ls show chg
        """
    ),
}
"""Command-line tools and their commands; one counts as a command beside its tool's name."""

_UTILITIES = _words(
    """
        JnextPlan ResetPlan SwitchPlan MakePlan UpdateStats CreatePostReports FINAL
        FINALPOSTREPORTS StartUp Sinfonia Symphony Symnew Scratch evtsize rmstdlist
        netman batchman mailman jobman jobmon writer monman ssmagent logman stageman
        schedulr planman conman composer optman dumpsec makesec wa_pull_info twsinst
        serverinst dwcinst configureDb securityUtility datacalc datecalc filewatch parms
        release movehistorydata cpuinfo delete evtdef evttrapsnd jobinfo jobstdl latch
        maestro morestdl shutdown ShutDownLwa StartUpLwa showexec startWaPostgres
        wappman wastartup xrxtrct metronome param resource sendevent tws_env twsclient
        AppServerStart stopAppServer startAppServer ocli ditctl useropts localopts
        TWSCCLog pobox Mailbox Intercom Courier prodsked globalopts engineServer exclude
        """
)
# Those that are also everyday words are exact only when written as the product writes them.
_EVERYDAY = _words(
    """
        release delete resource exclude latch param writer final scratch symphony
        maestro courier mailbox intercom shutdown metronome
        """
)
_UTILITY = {name.lower(): name for name in _UTILITIES if name.lower() not in _EVERYDAY}
_UTILITY_WORD = re.compile(r"(?<![\w.-])[A-Za-z_]{4,20}(?![\w-])")
_COMMAND_LINE = re.compile(
    r"(?<![\w.-])(?P<tool>conman|composer|planman|optman)\s{1,3}[\"'`]?(?P<command>[a-z_]{2,24})\b",
    re.I,
)
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]{1,30}(?![\w-])")
_SHOUTED = r"[A-Z][A-Z0-9_]{0,39}(?:-[A-Z0-9_]{1,40}){0,3}"
_NAME = re.compile(
    rf"(?<![\w.#@/<-])(?:/?(?:{_SHOUTED}/){{0,4}})?{_SHOUTED}(?:#{_SHOUTED})?(?:\.{_SHOUTED})?(?![\w<>-])"
)
# etl_vendas, report-daily_01: lower case, joined by an underscore
_LOWER_NAME = re.compile(
    r"(?<![\w.#@/<{$-])[a-z][a-z0-9]{0,30}(?:_[a-z0-9]{1,30}){1,6}(?![\w}>(=-])"
)
_CAMEL = re.compile(
    r"(?<![\w.])(?:[a-z]{1,20}[A-Z][A-Za-z0-9]{1,30}|[A-Z][a-z]{2,20}[A-Z][A-Za-z]{2,30})(?!\w)"
)

# Capitals that are words of the trade, not names of objects.
ACRONYMS = _words(
    """
        RC OK API REST HTTP HTTPS URL JSON XML CSV SQL OQL TLS SSL TCP IP DNS FTP SFTP
        SSH JDBC ODBC LDAP JWT ID PID CPU RAM GB MB KB TB PM AM UTC GMT CET CEST EST EDT
        CST PST BRT BST JST IST HWA TWS IWS HCL IBM DWC MDM BMDM DM FTA XA LFTA DDM EDWA
        ITWS SAP ERP ETL CRM RH TI IT QA SLA DBA NAO SIM NAME YES NO NOT AND OR ALL ANY
        EOF DWB GET PUT POST PATCH DELETE HEAD NULL TRUE FALSE NONE IN LIKE ORDER BY
        WHERE FROM SELECT LINKED UNLINKED JOBMAN MAILMAN BATCHMAN NETMAN JOBMAN_UP
        WRITER EVENT_PROCESSOR FULLSTATUS POOL AGENT MANAGER MASTER FINAL LIMIT FENCE
        PRIORITY HI GO UNTIL AT EVERY DEADLINE OPENS NEEDS FOLLOWS RERUN STOP CONTINUE
        STDLIST JOBLOG LOG TODO NOTE OBS PS FAQ EU US BR SP RJ PT EN WS JS PDF TXT ASCII
        UTF AIX LINUX UNIX WINDOWS JOB JOBS STREAM PLAN ASKED NOT_ASKED ANSWERED
        ANSWERED_YES ANSWERED_NO SATISFIED UNSATISFIED INFO WARN WARNING ERRO FATAL
        DEBUG SEVERE ORA KO NA ETA VIP KPI NFE PIX CPF CNPJ
        """
)
_SUBSTATUS = re.compile(r"(?:HOLD|READY|SUPPR|SUCC|WAITING)_[A-Z_]{3,40}")
# What the REST API calls parts of an answer, not objects of the plan.
_FIELD_NAMES = _words(
    """
        from_line to_line job_id run_id plan_id plan_filter contentonly
        """
)


def object_names(text: str) -> list[str]:
    """Names shaped like jobs, streams, workstations, resources or prompts, each once, in order.

    Capitals that are statuses, acronyms or flags of the product are none; a lower-case name needs
    an underscore. WS#STREAM.JOB counts as one name.
    """
    found = [(m.start(), m[0]) for m in _NAME.finditer(text) if _is_object(m[0])]
    found += [(m.start(), m[0]) for m in _LOWER_NAME.finditer(text) if m[0] not in _FIELD_NAMES]
    return list(dict.fromkeys(name for _, name in sorted(found)))


def _is_object(name: str) -> bool:
    if len(name) < 2 or name in GROUP_OF_CODE or name in ACRONYMS or _SUBSTATUS.fullmatch(name):
        return False
    return not _MESSAGE_CODE.fullmatch(name) and (len(name) > 2 or any(ch in "_#" for ch in name))


@lru_cache(maxsize=256)  # the same text is searched with, embedded and stored
def exact_terms(text: str) -> tuple[str, ...]:
    """What an answer must have in common with the question to the letter, each once, as written.

    Message codes, object names, substatuses, commands, utilities, options and camelCase fields.
    """
    text = text[:20_000]
    found = [*message_codes(text), *object_names(text), *_SUBSTATUS.findall(text)]
    found += _CAMEL.findall(text) + _FLAG.findall(text)
    found += [m[0] for m in _UTILITY_WORD.finditer(text) if m[0].lower() in _UTILITY]
    for match in _COMMAND_LINE.finditer(text):
        if match["command"].lower() in COMMANDS[match["tool"].lower()]:
            found.append(match["command"])
    return tuple({term.casefold(): term for term in reversed(found)}.values())[::-1]
