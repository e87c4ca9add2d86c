"""What real engines and the gateways before them do otherwise than the API's document says."""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSBadReply, TWSRefused, TWSUnavailable, engine_said
from tws.hwa.readings import Reading
from tws.hwa.schemas import GroupedCount, JobInPlan
from tws.hwa.tolerance import understand

ROOT = "/twsd/api/v2"
ENGINE = Engine("HWA", "https://hwa.example:31116", "user", "pass", cache_seconds=0)
JOBS = [
    {
        "id": f"id-{n}",
        "name": name,
        "lastRunCompositeStatus": {"status": status},
        "lastRunCommonStatus": common,
    }
    for n, (name, status, common) in enumerate(
        [("ALPHA", "ABEND", "ERROR"), ("BETA", "SUCC", "SUCCESSFUL"), ("ALPINE", "EXEC", "RUNNING")]
    )
]

Answer = Callable[[httpx.Request], httpx.Response]


def client_for(answer: Answer, engine: Engine = ENGINE) -> TWSClient:
    transport = httpx.MockTransport(answer)
    return TWSClient(engine, transport=transport, backoff_seconds=0.001)


def page(jobs: object = None, **changes: object) -> bytes:
    jobs = JOBS if jobs is None else jobs
    return json.dumps({"count": 3, "results": jobs, **changes}).encode()


def sends(content: bytes, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, content=content, headers=named)


async def jobs_of(client: TWSClient) -> Reading[list[JobInPlan]]:
    return await client.first("/plan/job", JobInPlan)


def names(reading: Reading[list[JobInPlan]]) -> list[str | None]:
    return [job.name for job in reading.value]


# --- fields, objects, bytes -------------------------------------------------------------------


async def test_a_field_of_another_type_is_none_and_told():
    jobs = [{**JOBS[0], "priority": "GO"}, {**JOBS[1], "priority": "101"}, JOBS[2]]

    async with client_for(sends(page(jobs))) as client:
        reading = await jobs_of(client)

    assert [job.priority for job in reading.value] == [None, 101, None]
    assert (reading.odd.fields, reading.odd.objects) == (1, 0)
    assert reading.odd.examples == ("results.*.priority",)


@pytest.mark.parametrize("bad", ["text", None, 7, ["a"]])
async def test_an_unreadable_object_costs_that_object_and_is_told(bad):
    async with client_for(sends(page([JOBS[0], bad, JOBS[2]]))) as client:
        reading = await jobs_of(client)

    assert names(reading) == ["ALPHA", "ALPINE"]
    assert reading.odd.objects == 1


async def test_nulls_where_lists_and_objects_belong_are_nothing():
    empty = dict.fromkeys(("jobruns", "dependencies", "timeRestrictions", "jobStatusFlags"))
    async with client_for(sends(page([{**JOBS[0], **empty}]))) as client:
        job = (await jobs_of(client)).value[0]

    assert (job.jobruns, job.dependencies, job.last_run) == ([], [], None)


async def test_one_where_a_list_belongs_is_a_list_of_one():
    job, told = understand(JobInPlan, {**JOBS[0], "jobruns": {"id": "run", "returnCode": 3}})

    assert [run.return_code for run in job.jobruns] == [3]
    assert not told


async def test_many_odd_parts_at_once_leave_the_rest():
    odd = {"priority": {}, "jobruns": [3, {"id": "run", "returnCode": "x"}], "timeRestrictions": 5}
    job, told = understand(JobInPlan, {**JOBS[0], **odd})

    assert (job.name, job.priority, job.time_restrictions) == ("ALPHA", None, None)
    assert [run.id for run in job.jobruns] == ["run"]
    assert told.fields + told.objects == 4


async def test_what_was_given_to_be_understood_stays_as_it_was():
    given = {**JOBS[0], "priority": "GO"}

    understand(JobInPlan, given)

    assert given["priority"] == "GO"


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("\ufeff".encode() + page([{**JOBS[0], "name": "AÇÃO"}]), ""),
        (json.dumps({"results": [{"name": "AÇÃO"}]}, ensure_ascii=False).encode("cp1252"), ""),
        (
            json.dumps({"results": [{"name": "AÇÃO"}]}, ensure_ascii=False).encode("latin-1"),
            ";charset=ISO-8859-1",
        ),
        (
            json.dumps({"results": [{"name": "AÇÃO"}]}, ensure_ascii=False).encode(),
            ";charset=ISO-8859-1",
        ),
        (json.dumps({"results": [{"name": "AÇÃO"}]}, ensure_ascii=False).encode("utf-16"), ""),
    ],
)
async def test_json_is_read_whatever_its_mark_and_charset(content, charset):
    async with client_for(sends(content, Content_Type=f"application/json{charset}")) as client:
        assert names(await jobs_of(client)) == ["AÇÃO"]


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"null", b"42", b'{"results": 1'])
async def test_what_is_no_reply_at_all_is_one_error(content):
    async with client_for(sends(content)) as client:
        with pytest.raises(TWSBadReply, match="HWA answered"):
            await jobs_of(client)


async def test_a_bare_list_is_a_page_and_full_ones_go_on():
    def answer(request: httpx.Request) -> httpx.Response:
        offset, size = (int(request.url.params[name]) for name in ("offset", "limit"))
        return httpx.Response(200, json=[{"name": f"J{n}"} for n in range(700)][offset:][:size])

    async with client_for(answer) as client:
        parts = [part async for part in client.pages("/plan/job")]

    assert sum(len(part.objects) for part in parts) == 700
    assert not parts[-1].more


# --- statuses, counts -------------------------------------------------------------------------


async def test_a_missing_composite_status_is_told_by_the_common_one():
    jobs = [{**JOBS[0], "lastRunCompositeStatus": None}]

    async with client_for(sends(page(jobs))) as client:
        (job,) = (await jobs_of(client)).value

    assert (job.name, job.status, job.group) == ("ALPHA", "ERROR", "failed")


def test_a_count_without_groups_is_not_a_count_of_nothing():
    assert not GroupedCount.model_validate({"count": 7}).is_grouped
    assert GroupedCount.model_validate({"count": 0}).is_grouped
    assert GroupedCount.model_validate({"count": 7, "groupedCount": {"SUCC": 7}}).is_grouped


# --- what stands before the API, and what it refuses --------------------------------------------


async def test_a_redirect_is_not_followed_and_says_where_it_leads():
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(302, headers={"Location": "https://sso.example.com/login?t=s3cret"})

    async with client_for(answer) as client:
        with pytest.raises(TWSBadReply, match=r"sso\.example\.com/login") as caught:
            await jobs_of(client)

    assert caught.value.instead == "redirect"
    assert "s3cret" not in str(caught.value)
    assert [url.host for url in asked] == ["hwa.example"]


async def test_a_login_page_is_no_reply():
    html = b"<!DOCTYPE html><html><title>Sign in</title><script>var a=1</script></html>"

    async with client_for(sends(html, Content_Type="text/html")) as client:
        with pytest.raises(TWSBadReply, match="web page instead of data: Sign in") as caught:
            await jobs_of(client)
    for kind in ("text/html", "text/plain"):
        async with client_for(sends(html, Content_Type=kind)) as client:
            with pytest.raises(TWSBadReply, match="web page"):
                await client.job_log("run1")

    assert caught.value.instead == "web page"


async def test_hwas_own_message_and_all_its_codes_are_shown():
    said = "AWSJSY404E An internal error occurred. The reason is: AWSBIN091E No Symphony."

    async with client_for(sends(json.dumps({"messages": [said]}).encode(), 500)) as client:
        with pytest.raises(TWSUnavailable) as caught:
            await jobs_of(client)

    assert said in str(caught.value)
    assert caught.value.codes == ["AWSJSY404E", "AWSBIN091E"]
    assert caught.value.code == "AWSJSY404E"


async def test_an_error_that_comes_as_success_is_told_in_the_engines_words():
    told = {"messages": ["AWSJCL075E The current plan does not exist."]}

    async with client_for(sends(json.dumps(told).encode())) as client:
        with pytest.raises(TWSBadReply, match="AWSJCL075E The current plan does not exist"):
            await jobs_of(client)
        with pytest.raises(TWSBadReply, match="AWSJCL075E The current plan does not exist"):
            await client.written("/plan/job/{job_id}", "id-0")


def test_an_error_page_is_told_in_words_of_bounded_length():
    assert engine_said("<html><style>p{}</style><h1>503</h1>No server</html>") == "503 No server"
    assert engine_said('{"error": {"message": "no"}, "messages": ["a", 3]}') == "a no"
    assert len(engine_said("x" * 10_000)) < 600


async def test_the_engines_information_may_be_off_limits():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/engine/info"):
            return httpx.Response(403, json={"messages": ["AWSJCS011E not authorized"]})
        return httpx.Response(200, content=page())

    async with client_for(answer) as client:
        with pytest.raises(TWSRefused):
            await client.engine_info()
        assert len((await jobs_of(client)).value) == 3


# --- size -----------------------------------------------------------------------------------


def streamed(content: bytes, size: int = 65_536, *, status: int = 200, **headers: str) -> Answer:
    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, content=parts(), headers=named)


async def test_a_reply_that_is_too_long_is_refused():
    engine = Engine("HWA", "https://hwa.example", most_reply_bytes=10_000)

    async with client_for(streamed(page([JOBS[0]] * 1_000)), engine) as client:
        with pytest.raises(TWSBadReply, match="more than 10000 bytes"):
            await jobs_of(client)


async def test_a_small_reply_that_unpacks_to_a_large_one_is_refused_as_it_unpacks():
    bomb = gzip.compress(b" " * 50_000_000)
    engine = Engine("HWA", "https://hwa.example", most_reply_bytes=1_000_000)

    async with client_for(streamed(bomb, Content_Encoding="gzip"), engine) as client:
        with pytest.raises(TWSBadReply, match="more than 1000000 bytes"):
            await jobs_of(client)


@pytest.mark.parametrize("packing", ["gzip", "deflate", "x-gzip"])
async def test_a_packed_reply_is_unpacked(packing):
    async with client_for(streamed(gzip.compress(page()), Content_Encoding=packing)) as client:
        assert len((await jobs_of(client)).value) == 3


@pytest.mark.parametrize(
    ("content", "packing"),
    [
        (page(), "gzip"),
        (page(), "deflate"),
        (gzip.compress(page()), ""),
        (gzip.compress(page()[:40]) + gzip.compress(page()[40:]), "gzip"),
        (gzip.compress(page()) + b"\0" * 100_000, "gzip"),
        (zlib.compress(page()), "deflate"),
        (gzip.compress(page([JOBS[0]] * 20_000)), "gzip"),
    ],
)
async def test_a_packing_is_told_by_the_reply_itself(content, packing):
    async with client_for(streamed(content, 1_000, Content_Encoding=packing)) as client:
        assert names(await jobs_of(client))[0] == "ALPHA"


@pytest.mark.parametrize("wanted", ["jobs", "log"])
async def test_a_packed_reply_that_breaks_off_is_no_shorter_one(wanted):
    whole = gzip.compress("".join(f"line {n}\n" for n in range(5_000)).encode())

    async with client_for(streamed(whole[:-900], Content_Encoding="gzip")) as client:
        with pytest.raises(TWSBadReply, match="breaks off"):
            await (jobs_of(client) if wanted == "jobs" else client.job_log("run1", 1, 100_000))


async def test_an_error_whose_body_can_not_be_unpacked_keeps_its_status():
    broken = gzip.compress(b"x" * 5_000)[:20] + b"nonsense"

    async with client_for(streamed(broken, status=503, Content_Encoding="gzip")) as client:
        with pytest.raises(TWSUnavailable) as caught:
            await jobs_of(client)

    assert caught.value.status == 503


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "nonsense"])
async def test_packings_that_were_not_asked_for_are_refused(packing):
    async with client_for(streamed(page(), Content_Encoding=packing)) as client:
        with pytest.raises(TWSBadReply, match="packed as"):
            await jobs_of(client)


# --- job logs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("conexão não estabelecida – São José\r\n".encode("cp1252"), "text/plain"),
        ("conexão não estabelecida – São José\n".encode(), "text/plain"),
        ("conexão não estabelecida – São José\n".encode(), "text/plain;charset=ISO-8859-1"),
        (
            "conexão não estabelecida – São José\n".encode("cp850", "replace"),
            "text/plain;charset=cp850",
        ),
        (
            json.dumps({"jobOutput": "conexão não estabelecida – São José\n"}).encode(),
            "application/json",
        ),
    ],
)
async def test_a_job_log_has_its_accents_whatever_the_agents_charset(content, kind):
    async with client_for(sends(content, Content_Type=kind)) as client:
        (line,) = (await client.job_log("run1")).value.lines

    assert line.replace("?", "–") == "conexão não estabelecida – São José"


async def test_lines_of_one_log_may_be_in_different_charsets():
    async with client_for(sends("é UTF-8\n".encode() + "é cp1252\n".encode("cp1252"))) as client:
        assert (await client.job_log("run1")).value.lines == ["é UTF-8", "é cp1252"]


# --- where the API is -------------------------------------------------------------------------


async def test_the_api_may_lie_below_a_path_of_a_gateway():
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, content=page())

    async with client_for(answer, Engine("HWA", "https://gateway/hwa")) as client:
        await jobs_of(client)

    assert asked == [f"/hwa{ROOT}/plan/job"]


@pytest.mark.parametrize("below", ["/hwa/../x", "/twsd/api/v2/plan/job"])
async def test_a_path_below_a_gateway_does_not_lead_off_the_list(below):
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=page())

    async with client_for(answer, Engine("HWA", f"https://gateway{below}")) as client:
        with pytest.raises(TWSBadReply, match="not an identifier"):
            await client.job("issues")


async def test_the_backup_answers_when_the_master_does_not_and_it_is_said(caplog):
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == "master":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, content=page())

    engine = Engine("HWA", "https://master", backup_urls=("https://backup",), cache_seconds=0)
    with caplog.at_level(logging.WARNING, "tws.hwa"):
        async with client_for(answer, engine) as client:
            assert names(await jobs_of(client)) == names(await jobs_of(client))

    assert asked == ["master", "master", "master", "backup", "backup"]
    assert "https://backup answers from now on" in caplog.text


async def test_a_refusal_is_not_taken_to_the_backup():
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(401)

    engine = Engine("HWA", "https://master", backup_urls=("https://backup",))
    async with client_for(answer, engine) as client:
        with pytest.raises(TWSRefused):
            await jobs_of(client)

    assert asked == ["master"]
