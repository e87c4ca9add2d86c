"""The client's manners on a bad network, and its ways of signing in."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from tests.hwa_fixtures import engine_of
from tws.hwa.client import TWSClient
from tws.hwa.engine import Engine
from tws.hwa.errors import TWSBadReply, TWSRefused, TWSUnavailable, message_code
from tws.hwa.joblog import LONGEST_PART_CHARS
from tws.hwa.schemas import JobInPlan
from tws.simulator.faults import Faults

INFO = "/twsd/api/v2/engine/info"
ENGINE = Engine("HWA", "https://hwa.example:31116", "user", "pass", cache_seconds=0)


class Script:
    """Answers one request after the other as told; the last answer repeats."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def client_for(answer: Callable, engine: Engine = ENGINE, **options: object) -> TWSClient:
    transport = httpx.MockTransport(answer)
    return TWSClient(engine, transport=transport, backoff_seconds=0.001, **options)


def ok(**fields: object) -> httpx.Response:
    return httpx.Response(200, json=fields)


# Trying again


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateways_error_is_tried_again(status):
    script = Script(httpx.Response(status), httpx.Response(status), ok(displayVersion="10"))

    async with client_for(script) as client:
        assert (await client.engine_info()).value.display_version == "10"

    assert len(script.requests) == 3


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadError("cut"), httpx.RemoteProtocolError("x")]
)
async def test_a_lost_connection_is_tried_again(error):
    script = Script(error, ok(displayVersion="10"))

    async with client_for(script) as client:
        assert (await client.engine_info()).value.display_version == "10"


async def test_trying_again_ends():
    script = Script(httpx.ConnectError("refused"))

    async with client_for(script) as client:
        with pytest.raises(TWSUnavailable, match=r"hwa\.example"):
            await client.engine_info()

    assert len(script.requests) == 3


@pytest.mark.parametrize("status", [500, 501, 400, 401, 403, 404])
async def test_other_errors_are_not_tried_again(status):
    script = Script(httpx.Response(status))

    async with client_for(script) as client:
        with pytest.raises(TWSUnavailable if status >= 500 else TWSRefused) as caught:
            await client.engine_info()

    assert caught.value.status == status
    assert len(script.requests) == 1


async def test_a_read_timeout_is_not_tried_again():
    script = Script(httpx.ReadTimeout("slow"))

    async with client_for(script) as client:
        with pytest.raises(TWSUnavailable, match="in time"):
            await client.engine_info()

    assert len(script.requests) == 1


async def test_retry_after_is_waited_for():
    script = Script(httpx.Response(503, headers={"Retry-After": "1"}), ok())

    start = time.monotonic()
    async with client_for(script) as client:
        await client.engine_info()

    assert time.monotonic() - start >= 1


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_longer_wait_than_we_grant_is_handed_on(as_date):
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    value = in_an_hour if as_date else "3600"
    script = Script(httpx.Response(429, headers={"Retry-After": value}))

    async with client_for(script) as client:
        with pytest.raises(TWSUnavailable) as caught:
            await client.engine_info()

    assert 3_500 < caught.value.retry_after <= 3_600
    assert len(script.requests) == 1


async def test_a_nonsensical_retry_after_is_passed_over():
    script = Script(httpx.Response(503, headers={"Retry-After": "soon"}), ok())

    async with client_for(script) as client:
        await client.engine_info()


async def test_a_body_that_drips_does_not_hold_us(own_simulator):
    own_simulator.simulator.faults = Faults(slow_body_seconds=1)

    async with TWSClient(engine_of(own_simulator, total_seconds=0.5)) as client:
        with pytest.raises(TWSUnavailable, match="in time"):
            await client.first("/plan/job", JobInPlan, limit=5)


async def test_answers_cut_off_midway_are_tried_again(own_simulator):
    own_simulator.simulator.faults = Faults(drop_rate=1)
    async with TWSClient(engine_of(own_simulator), backoff_seconds=0.01) as client:
        with pytest.raises(TWSUnavailable):
            await client.engine_info()
        assert own_simulator.simulator.requests == 3
        own_simulator.simulator.faults = Faults()
        assert (await client.engine_info()).value.simulated


async def test_what_is_not_json_is_a_bad_reply(own_simulator):
    own_simulator.simulator.faults = Faults(bad_json=True)

    async with TWSClient(engine_of(own_simulator)) as client:
        with pytest.raises(TWSBadReply):
            await client.engine_info()


async def test_the_code_in_an_errors_body_is_kept():
    script = Script(httpx.Response(400, json={"messages": ["OQL_FILTER_SYNTAX_ERROR at 3"]}))

    async with client_for(script) as client:
        with pytest.raises(TWSRefused) as caught:
            await client.first("/plan/job", JobInPlan, "name = ")

    assert caught.value.code == "OQL_FILTER_SYNTAX_ERROR"
    assert message_code("... AWSJPL018E not found") == "AWSJPL018E"
    assert message_code('{"substatus": "WAITING_FOR_RESOURCE"}') is None


async def test_an_errors_body_is_read_only_so_far():
    script = Script(httpx.Response(404, content=b"x" * 5_000_000))

    async with client_for(script) as client:
        with pytest.raises(TWSRefused):
            await client.engine_info()


# What does not leave


@pytest.mark.parametrize(
    "identifier",
    ["issues", "count", "a/b", "a%2Fb", "..", ".", "", "a b", "a?b", "a#b", "ä", "x" * 300],
)
async def test_an_id_that_could_be_a_path_is_refused_unsent(identifier):
    script = Script(ok())

    async with client_for(script) as client:
        for ask in (client.job, client.job_log, client.job_successors):
            with pytest.raises(TWSBadReply, match="not an identifier"):
                await ask(identifier)

    assert script.requests == []


async def test_no_request_of_the_inner_client_gets_round_the_list():
    script = Script(ok())

    async with client_for(script) as client:
        http = client._connection._client(ENGINE.base_url)
        for method, path in (
            ("GET", "/twsd/api/v2/plan/job/issues"),
            ("PUT", "/twsd/api/v2/plan/job"),
            ("GET", "/twsd/api/v2/plan/job/x/../issues"),
            ("GET", "/twsd/api/v2/plan/job/x%2F..%2Fissues"),
        ):
            with pytest.raises(TWSRefused):
                await http.request(method, path)

    assert script.requests == []


async def test_a_redirect_is_not_followed():
    script = Script(httpx.Response(302, headers={"Location": "/twsd/api/v2/plan/job/issues"}))

    async with client_for(script) as client:
        with pytest.raises(TWSBadReply):
            await client.engine_info()

    assert len(script.requests) == 1


# Signing in


def authorization(script: Script) -> str:
    return script.requests[-1].headers["Authorization"]


async def test_user_and_password_go_as_basic():
    script = Script(ok())
    async with client_for(script) as client:
        await client.engine_info()

    assert base64.b64decode(authorization(script).removeprefix("Basic ")) == b"user:pass"


async def test_a_token_or_api_key_goes_as_bearer():
    script = Script(ok())
    async with client_for(script, Engine("HWA", "https://h", token="key")) as client:
        await client.engine_info()

    assert authorization(script) == "Bearer key"


async def test_a_token_file_is_read_at_each_request(tmp_path):
    script, path = Script(ok()), tmp_path / "token"
    engine = Engine("HWA", "https://h", token_file=str(path), cache_seconds=0, slow_cache_seconds=0)

    async with client_for(script, engine) as client:
        for token in ("one", "two"):
            path.write_text(token + "\n")
            await client.engine_info()
            assert authorization(script) == f"Bearer {token}"
        path.unlink()
        with pytest.raises(TWSRefused, match="token file"):
            await client.engine_info()


def test_no_secret_shows_in_an_engines_repr():
    assert "pass" not in repr(Engine("HWA", "https://h", "user", "pass", token="key"))


# Lists


def pages(total: int, next_url: str = "https://elsewhere.example/evil?offset={}") -> Callable:
    def answer(request: httpx.Request) -> httpx.Response:
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        items = [{"id": f"j{n}"} for n in range(offset, min(total, offset + limit))]
        reply: dict = {"results": items, "count": total}
        if offset + limit < total:
            reply["next"] = next_url.format(offset + limit)
        return httpx.Response(200, json=reply)

    return answer


async def listed(client: TWSClient) -> tuple[int, bool]:
    """How many objects a list gives, and whether it came to its end."""
    parts = [part async for part in client.pages("/plan/job")]
    named = {one["id"] for part in parts for one in part.objects}
    assert len(named) == sum(len(part.objects) for part in parts)
    return len(named), not parts[-1].more


async def test_next_gives_the_offset_and_never_the_host():
    async with client_for(pages(1_234)) as client:
        assert await listed(client) == (1_234, True)


@pytest.mark.parametrize(
    "following", ["string", "?offset=0", "?offset=-5", "?offset=x", "?limit=1", "http://[::"]
)
async def test_what_a_next_does_not_say_the_count_does(following):
    async with client_for(pages(1_100, following)) as client:
        assert await listed(client) == (1_100, True)


def paged(total: int, most: int = 500, *, ignores_offset: bool = False, **said: object) -> Callable:
    """A list of an engine that gives no `next`."""

    def answer(request: httpx.Request) -> httpx.Response:
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        offset = 0 if ignores_offset else offset
        found = [{"id": f"j{n}"} for n in range(total)][offset:][: min(limit, most)]
        return httpx.Response(200, json={"results": found, **said})

    return answer


@pytest.mark.parametrize("most", [70, 100, 350, 500])
@pytest.mark.parametrize("said", [{}, {"count": -1}, {"count": 350}, {"count": 2_000}])
async def test_a_list_without_next_is_read_to_its_end_however_short_its_pages(most, said):
    async with client_for(paged(350, most, **said)) as client:
        assert await listed(client) == (350, True)


async def test_a_count_of_the_page_is_not_that_of_the_list():
    async with client_for(paged(1_200, count=500)) as client:
        assert await listed(client) == (1_200, True)


@pytest.mark.parametrize("said", [{}, {"count": 350}, {"next": "?offset=9000"}])
async def test_a_page_that_comes_once_more_ends_a_list_that_is_not_whole(said):
    async with client_for(paged(350, 100, ignores_offset=True, **said)) as client:
        assert await listed(client) == (100, False)


async def test_many_at_once_make_one_request():
    script = Script(ok(id="a"))
    engine = Engine("HWA", "https://h", cache_seconds=10)

    async with client_for(script, engine) as client:
        readings = await asyncio.gather(*(client.job("a") for _ in range(100)))

    assert len(script.requests) == 1
    assert len({id(one) for one in readings}) == 1


# Job logs


def log_of(lines: list[str]) -> Callable:
    def answer(request: httpx.Request) -> httpx.Response:
        first, last = (int(request.url.params[name]) for name in ("from_line", "to_line"))
        part = lines[first - 1 : last]
        return httpx.Response(200, text="".join(line + "\n" for line in part))

    return answer


@pytest.mark.parametrize("total", [0, 1, 99, 100, 101, 2_000, 2_001, 7_999, 8_000, 50_000])
async def test_the_tail_is_the_end_of_the_log(total):
    lines = [f"line {n}" for n in range(1, total + 1)]

    async with client_for(log_of(lines)) as client:
        part = (await client.job_log_tail("run1", 100)).value

    assert part.lines == lines[-100:]
    assert part.at_end
    assert part.first_line == max(1, total - 99)


async def test_a_line_without_end_is_cut():
    async with client_for(lambda request: httpx.Response(200, text="x" * 3_000_000)) as client:
        part = (await client.job_log("run1")).value

    assert part.cut
    assert len(part.lines[0]) == LONGEST_PART_CHARS


async def test_strange_bytes_in_a_log_are_shown_and_do_not_split_lines():
    body = "a\x0cb\u2028c\r\nd\xe9".encode() + b"\xff\n\n"

    async with client_for(lambda request: httpx.Response(200, content=body)) as client:
        part = (await client.job_log("run1")).value

    assert part.lines == ["a\x0cb\u2028c", "dé\ufffd", ""]
    assert part.at_end


async def test_an_engine_that_ignores_the_range_is_cut_to_it():
    text = "".join(f"{n}\n" for n in range(10_000))

    async with client_for(lambda request: httpx.Response(200, text=text)) as client:
        part = (await client.job_log("run1", 1, 50)).value

    assert len(part.lines) == 50
    assert not part.at_end


async def test_the_tail_of_an_engine_that_ignores_the_range_is_read_off_the_whole_log():
    text = "".join(f"{n}\n" for n in range(10_000))

    async with client_for(lambda request: httpx.Response(200, text=text)) as client:
        tail = (await client.job_log_tail("run1", 3)).value

    assert tail.lines == ["9997", "9998", "9999"]
    assert (tail.first_line, tail.at_end) == (9_998, True)


async def test_a_range_must_make_sense(hwa_client):
    with pytest.raises(ValueError, match="range"):
        await hwa_client.job_log("run1", 5, 4)


async def test_a_log_of_the_simulator_is_read_to_its_end(hwa_client):
    (job,) = (await hwa_client.first("/plan/job", JobInPlan, "status = 'SUCC'", 1)).value

    tail = (await hwa_client.job_log_tail(job.last_run.id, 3)).value

    assert tail.at_end
    assert tail.lines[-1].startswith("====")
