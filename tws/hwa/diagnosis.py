"""What works on the way to an engine, step by step, and how to mend what does not."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSBadReply, TWSError, TWSRefused
from tws.hwa.oql import equals
from tws.hwa.readings import Reading
from tws.hwa.schemas import (
    GroupedCount,
    JobInPlan,
    JobStreamInPlan,
    ResourceInPlan,
    WorkstationInPlan,
)
from tws.hwa.transport import tls_context

SECONDS = 10.0
LOOKED_AT = 200
Ask = Callable[[], Awaitable[Reading[Any]]]
_LISTS: dict[str, type[Any]] = {
    "/plan/job": JobInPlan,
    "/plan/jobstream": JobStreamInPlan,
    "/plan/workstation": WorkstationInPlan,
    "/plan/resource": ResourceInPlan,
}


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    ok: bool
    detail: str
    mend: str = ""


async def diagnose(engine: Engine) -> AsyncIterator[Step]:
    """The steps one after the other, host by host; a way that fails ends at the step that did.

    What the user may read is asked of the first host whose API answers.
    """
    answers = False
    for url in engine.hosts:
        host = replace(engine, base_url=url, backup_urls=())
        last = None
        async for last in _way_to(host):
            yield last
        if last is None or not last.ok:
            continue
        async with TWSClient(host, attempts=1) as client:
            step = await _api(client)
            yield step
            if step.ok and not answers:
                answers = True
                yield _clock(client)
                async for permission in _permissions(client):
                    yield permission


async def _way_to(engine: Engine) -> AsyncIterator[Step]:
    url = urlsplit(engine.base_url)
    secure = url.scheme == "https"
    host, port = url.hostname or "", url.port or (443 if secure else 80)
    steps = [_name_is_known, _port_answers, *([_tls_reads, _tls_verifies] if secure else [])]
    for check in steps:
        step = await check(engine, host, port)
        yield step
        if not step.ok:
            return


async def _name_is_known(engine: Engine, host: str, port: int) -> Step:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Step(
            "dns",
            False,
            f"{host}: {error.strerror or error}",
            "Check the host name in TWS_BASE_URL and this machine's DNS.",
        )
    addresses = sorted({str(one[4][0]) for one in found})
    return Step("dns", True, f"{host} is {', '.join(addresses)}")


async def _port_answers(engine: Engine, host: str, port: int) -> Step:
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        return Step(
            "tcp",
            False,
            f"{host}:{port}: {_said(error)}",
            "Is the engine running, is the port right (HWA's is 31116), is there a firewall?",
        )
    await _close(writer)
    return Step("tcp", True, f"{host}:{port} accepts connections")


async def _tls_reads(engine: Engine, host: str, port: int) -> Step:
    """The certificate the engine shows, whoever signed it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        der = await _certificate(host, port, context)
    except (OSError, TimeoutError) as error:
        return Step("tls", False, _said(error), "The port does not speak TLS: is it https?")
    certificate = x509.load_der_x509_certificate(der)
    ends = certificate.not_valid_after_utc
    detail = (
        f"subject {certificate.subject.rfc4514_string()}, "
        f"issuer {certificate.issuer.rfc4514_string()}, valid until {ends:%Y-%m-%d %H:%M} UTC"
    )
    if ends < datetime.now(UTC):
        return Step("tls", False, f"{detail}: expired", "Renew the engine's certificate.")
    return Step("tls", True, detail)


async def _tls_verifies(engine: Engine, host: str, port: int) -> Step:
    if engine.verify is False:
        return Step(
            "trust",
            True,
            "the certificate is not verified (TWS_VERIFY_SSL=false)",
            "In production set TWS_VERIFY_SSL to true, or to the CA's file.",
        )
    try:
        await _certificate(host, port, tls_context(engine.verify))
    except (OSError, TimeoutError) as error:
        return Step(
            "trust",
            False,
            _said(error),
            "Set TWS_VERIFY_SSL to the file of the CA that signed the certificate, and call the "
            "engine by a name that the certificate holds.",
        )
    return Step("trust", True, "the certificate is trusted")


async def _certificate(host: str, port: int, context: ssl.SSLContext) -> bytes:
    async with asyncio.timeout(SECONDS):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    der = found.getpeercert(binary_form=True)
    await _close(writer)
    return der or b""


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return  # the other side was quicker; the connection is closed all the same


async def _api(client: TWSClient) -> Step:
    """Whether HWA's REST API answers there and lets the user in, by what its information says."""
    try:
        info = (await client.engine_info()).value
    except TWSRefused as error:
        if error.status == 403 and not error.instead:
            return Step(
                "version",
                True,
                f"not told: {error}",
                "Resync works without. To see the version, let the user read the engine.",
            )
        return _refused(error)
    except TWSError as error:
        return Step(_STEPS.get(error.instead, "api"), False, str(error), _mend(error))
    version = info.display_version or info.full_version or "unknown"
    note = "; this is a simulator" if info.simulated else ""
    return Step("version", True, f"signed in; HWA {version}{note}")


def _clock(client: TWSClient) -> Step:
    ahead = client.clock_ahead
    if ahead is None:
        return Step("clock", True, "the engine does not say what time it is")
    minutes = round(ahead / timedelta(minutes=1))
    if not minutes:
        return Step("clock", True, "the engine's clock and this machine's agree")
    return Step(
        "clock",
        False,
        f"the engine's clock is {abs(minutes)} min {'ahead of' if minutes > 0 else 'behind'} "
        "this machine's",
        "Set both by NTP: how long a job has been running and what ended in the last hour is told "
        "by the difference of the two.",
    )


def _refused(error: TWSRefused) -> Step:
    if error.status in (401, 403):
        return Step(
            "credentials",
            False,
            str(error),
            "Check TWS_USER and TWS_PASSWORD, or the token: 401 means unknown, 403 not allowed.",
        )
    if error.status == 404:
        return Step(
            "api",
            False,
            f"there is no REST API v2 at this address: {error}",
            "It needs HWA 10.1 FP1 or later (older engines have v1 only). If the engine is newer, "
            "the API lies below another path or port: set TWS_BASE_URL to where it is.",
        )
    return Step("api", False, str(error), _mend(error))


_STEPS = {"stranger": "identity", "redirect": "login page", "web page": "login page"}


def _mend(error: TWSError) -> str:
    """How to mend what the engine, or whatever stands before it, answered."""
    if error.instead == "stranger":
        return (
            "Another program, perhaps another checkout's simulator, has the port. Start "
            "scripts/serve, or manage.py run_simulator --port, or set TWS_BASE_URL."
        )
    if error.instead == "redirect" or (error.instead == "web page" and error.status == 200):
        return (
            "A login page or gateway stands before the API. Set TWS_BASE_URL to the engine itself "
            "(https://HOST:31116), or have the gateway let Resync's address or token through."
        )
    if error.instead == "web page":
        return "A gateway or proxy answers, the engine behind it does not. Is the engine running?"
    if isinstance(error, TWSBadReply):
        return (
            "This is not what HWA's API says. If a gateway changes the answers, set TWS_BASE_URL "
            "to the engine itself (https://HOST:31116)."
        )
    return "Look into the engine's own messages.log."


async def _permissions(client: TWSClient) -> AsyncIterator[Step]:
    held: dict[str, list[Any]] = {}
    for path, schema in _LISTS.items():
        look = partial(client.first, path, schema, limit=LOOKED_AT)
        yield await _allowed(path, look, held.setdefault(path, []).extend)
    yield await _allowed("/plan/job/count", client.count_jobs)
    yield await _allowed("/plan/jobstream/count", client.count_job_streams)
    if held["/plan/job"]:
        yield await _filters(client)
    for path, ask in _of_objects(client, held["/plan/job"], held["/plan/jobstream"]):
        yield await _allowed(path, ask)


def _of_objects(
    client: TWSClient, jobs: list[JobInPlan], streams: list[JobStreamInPlan]
) -> Iterator[tuple[str, Ask]]:
    """Paths that need an id: tried on a job that has run and on a job stream, if there are any."""
    ran = [(one.id, one.last_run.id) for one in jobs if one.last_run]
    for job_id, run_id in ran[:1]:
        if job_id:
            yield "/plan/job/{job_id}", partial(client.job, job_id)
            yield "/plan/job/{job_id}/successors", partial(client.job_successors, job_id)
        if run_id:
            yield "/plan/job/run/{run_id}/joblog", partial(client.job_log, run_id, 1, 1)
    ids = {
        "/plan/jobstream/{jobstream_id}": [one.id for one in streams],
        "/model/jobdefinition/{jobDefinition_id}": [one.job_definition_ref_id for one in jobs],
        "/model/jobstream/{jobStream_id}": [one.job_stream_model_id for one in streams],
    }
    for path, known in ids.items():
        for hwa_id in list(filter(None, known))[:1]:
            yield path, partial(client.written, path, hwa_id)


async def _filters(client: TWSClient) -> Step:
    """Whether the engine filters as it is asked to; Resync does without, at a cost."""
    path, ended = "read /plan/job?oql=", equals("status", "SUCC")
    try:
        found = (await client.first("/plan/job", JobInPlan, ended, limit=LOOKED_AT)).value
    except TWSError as error:
        return Step(path, True, f"the engine does not filter ({error}): all jobs are read instead")
    if sum(job.group != "success" for job in found) > len(found) / 2:
        return Step(path, True, "the engine ignores the filter: all jobs are read instead")
    return Step(path, True, "the engine filters")


async def _allowed(
    path: str, ask: Ask, keep: Callable[[list[Any]], None] = lambda found: None
) -> Step:
    try:
        reading = await ask()
    except TWSError as error:
        mend = _mend(error)
        if error.status == 403:
            mend = "Give the user a security role with DISPLAY and LIST on these objects."
        elif error.status == 404 and path.endswith("joblog"):
            mend = "The agent no longer has the log of that run, or it is not reached."
        elif error.status == 404:
            mend = "Is there a plan (JnextPlan)? Does this release have the path?"
        return Step(f"read {path}", False, str(error), mend)
    if isinstance(reading.value, list):
        keep(reading.value)
    odd = reading.odd
    notes = ["allowed"]
    if odd:
        where = ", ".join(odd.examples)
        notes.append(f"not understood: {odd.fields} fields, {odd.objects} objects, as {where}")
    if isinstance(reading.value, GroupedCount) and not reading.value.is_grouped:
        notes.append("the engine does not group")
    return Step(f"read {path}", True, "; ".join(notes))


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {SECONDS:.0f} s"
    return str(error) or type(error).__name__
