"""The client at work against the simulator, and its manners on a bad network."""

from __future__ import annotations

import ssl

import pytest

from tests.hwa_fixtures import engine_of
from tws.hwa.client import TWSClient
from tws.hwa.errors import TWSRefused, TWSUnavailable
from tws.hwa.oql import equals
from tws.hwa.paths import READ_ONLY_PATHS, is_read_only
from tws.hwa.schemas import JobInPlan
from tws.hwa.transport import tls_context


async def first_job(client: TWSClient, status: str = "SUCC") -> JobInPlan:
    return (await client.first("/plan/job", JobInPlan, equals("status", status), 1)).value[0]


async def test_a_failed_job_is_found_with_the_log_that_explains_it(hwa_client):
    job = (await hwa_client.job((await first_job(hwa_client, "ABEND")).id)).value
    log = (await hwa_client.job_log(job.last_run.id)).value

    assert job.status == "ABEND"
    assert any("FATAL" in line for line in log.lines)
    assert any(f"= Exit Status           : {job.last_run.return_code}" in li for li in log.lines)


async def test_the_engine_says_that_it_is_a_simulator(hwa_client):
    reading = await hwa_client.engine_info()

    assert reading.value.simulated
    assert reading.engine == "SIM"
    assert reading.fetched_at.tzinfo is not None


async def test_wrong_credentials_are_refused(simulator):
    async with TWSClient(engine_of(simulator, password="wrong")) as client:
        with pytest.raises(TWSRefused) as caught:
            await client.engine_info()

    assert caught.value.status == 401


async def test_an_untrusted_certificate_says_how_to_mend_it(simulator):
    async with TWSClient(engine_of(simulator, verify=True)) as client:
        with pytest.raises(TWSUnavailable, match="TWS_VERIFY_SSL"):
            await client.engine_info()


def test_the_certificates_trusted_by_default_are_read_once_for_all_clients():
    assert tls_context(True) is tls_context(True)
    assert tls_context(True).verify_mode is ssl.CERT_REQUIRED
    assert tls_context(False).verify_mode is ssl.CERT_NONE


async def test_quotes_in_a_name_find_nothing_more(hwa_client):
    name = equals("name", "X' OR name != 'Y")

    assert (await hwa_client.first("/plan/job", JobInPlan, name)).value == []


@pytest.mark.parametrize(
    "path",
    [
        "/twsd/api/v2/plan/job/issues",
        "/twsd/api/v2/plan/job/ISSUES",
        "/twsd/api/v2/plan/job/%69ssues",
        "/twsd/api/v2/plan/job/a%2Faction%2Fcancel",
        "/twsd/api/v2/plan/job/a/action/cancel",
        "/twsd/api/v2/plan/workstation/a/action/health-status",
        "/twsd/api/v2/plan/job/..",
        "/twsd/api/v2/plan/job/../job/issues",
        "/twsd/api/v2/plan/job/a/../issues",
        "/twsd/api/v2/plan/job/a;b",
        "/twsd/api/v2/plan/job/issues/predecessors",
        "/twsd/api/v2/plan/job//",
        "/twsd/api/v2/plan/job/",
        "/twsd/api/v2/engine/users",
        "/plan/job",
        "//twsd/api/v2/plan/job",
    ],
)
def test_paths_off_the_list_do_not_leave(path):
    assert not is_read_only("GET", path)


def test_only_get_leaves():
    for method in ("PUT", "POST", "DELETE", "PATCH", "HEAD", "get"):
        assert not is_read_only(method, "/twsd/api/v2/plan/job")


def test_no_path_on_the_list_is_an_action():
    assert not [path for path in READ_ONLY_PATHS if "action" in path or "issues" in path]


async def test_pages_hold_every_object_once_as_hwa_wrote_it(hwa_client):
    pages = [page async for page in hwa_client.pages("/plan/job", size=150)]

    found = [job for page in pages for job in page.objects]
    assert [len(page.objects) for page in pages] == [150, 150, 150, 50]
    assert [page.more for page in pages] == [True, True, True, False]
    assert len({job["id"] for job in found}) == pages[0].total == 500
    assert "archived" in found[0]  # a field that we have no use for


async def test_one_object_is_whole_as_hwa_wrote_it(hwa_client):
    listed = await first_job(hwa_client)

    reading = await hwa_client.written("/plan/job/{job_id}", listed.id)

    assert reading.value["id"] == listed.id
    assert "dependencies" in reading.value
