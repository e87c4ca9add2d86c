"""check_tws, the engines it reads from the settings, and what `manage.py check` says of them."""

from __future__ import annotations

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from tests.hwa_fixtures import engine_of
from tws.checks import certificates_are_verified, engines_can_be_used
from tws.hwa.engines import configured_engines, engine_named
from tws.hwa.identity import simulator_identity
from tws.simulator.faults import Faults
from tws.simulator.server import Options


@pytest.fixture
def hwa_settings(settings, simulator):
    settings.TWS_ENGINES = ""
    settings.TWS_BASE_URL = simulator.url
    settings.TWS_ENGINE_NAME = "PROD"
    settings.TWS_ENGINE_TAGS = ["PROD"]
    settings.TWS_SIMULATOR_URL, settings.TWS_BACKUP_URLS = "", []
    settings.TWS_USER = settings.TWS_PASSWORD = "wauser"
    settings.TWS_TOKEN = settings.TWS_API_KEY = settings.TWS_TOKEN_FILE = ""
    settings.TWS_VERIFY_SSL = str(simulator.certificate)
    return settings


@pytest.fixture
def other_server():
    """A server on loopback that answers the same to every path but those given."""
    servers = []

    def start(status: int, kind: str, body: bytes, paths: dict[str, bytes] | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0].removeprefix("/twsd/api/v2")
                own = (paths or {}).get(path)
                content = body if own is None else own
                self.send_response(status if own is None else 200)
                self.send_header("Content-Type", kind)
                self.send_header("Location", "https://sso.example.com/login")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                """Nothing to be said in a test."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def check_tws(*arguments: str) -> tuple[int, dict]:
    out = StringIO()
    try:
        call_command("check_tws", "--json", *arguments, stdout=out)
    except SystemExit as exit_:
        return int(exit_.code), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def failed_step(report: dict) -> dict:
    return next(step for step in report["engines"][0]["steps"] if not step["ok"])


def test_all_steps_pass_on_a_good_engine(hwa_settings):
    code, report = check_tws()

    steps = [step["name"] for step in report["engines"][0]["steps"]]
    assert (code, report["ok"]) == (0, True)
    assert steps[:6] == ["dns", "tcp", "tls", "trust", "version", "clock"]
    assert "read /plan/job/run/{run_id}/joblog" in steps


def test_the_certificate_is_shown(hwa_settings):
    _, report = check_tws()

    tls = report["engines"][0]["steps"][2]
    assert "subject CN=127.0.0.1" in tls["detail"]
    assert "issuer" in tls["detail"]
    assert "valid until" in tls["detail"]


def test_an_unknown_host_fails_at_dns(hwa_settings):
    hwa_settings.TWS_BASE_URL = "https://no-such-host.invalid:31116"

    code, report = check_tws()

    assert code == 1
    assert failed_step(report)["name"] == "dns"


def test_a_closed_port_fails_at_tcp_with_a_hint(hwa_settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        hwa_settings.TWS_BASE_URL = f"https://127.0.0.1:{free.getsockname()[1]}"

    step = failed_step(check_tws()[1])

    assert step["name"] == "tcp"
    assert "31116" in step["mend"]


def test_an_untrusted_certificate_names_the_setting(hwa_settings):
    hwa_settings.TWS_VERIFY_SSL = "true"

    step = failed_step(check_tws()[1])

    assert step["name"] == "trust"
    assert "TWS_VERIFY_SSL" in step["mend"]


def test_an_expired_certificate_is_named(hwa_settings, start_simulator):
    expired = start_simulator(Options(port=0, jobs=20, faults=Faults(expired_certificate=True)))
    hwa_settings.TWS_BASE_URL = expired.url

    step = failed_step(check_tws()[1])

    assert step["name"] == "tls"
    assert "expired" in step["detail"]


def test_wrong_credentials_are_named_without_the_password(hwa_settings):
    hwa_settings.TWS_PASSWORD = "s3cret-word"

    _, report = check_tws()

    assert failed_step(report)["name"] == "credentials"
    assert "s3cret-word" not in json.dumps(report)


def test_no_engine_is_an_error_of_its_own(hwa_settings):
    hwa_settings.TWS_BASE_URL = ""

    with pytest.raises(CommandError) as caught:
        call_command("check_tws")

    assert caught.value.returncode == 2


def test_several_engines_have_names_tags_and_credentials_of_their_own(hwa_settings):
    hwa_settings.TWS_ENGINES = json.dumps(
        [
            {"name": "PROD", "base_url": "https://a:31116/twsd/api/v2", "tags": ["PROD"]},
            {"name": "DR", "base_url": "https://b", "token": "t", "verify": False, "tags": ["DR"]},
        ]
    )

    prod, standby = configured_engines()

    assert (prod.base_url, prod.username, prod.tags) == ("https://a:31116", "wauser", ("PROD",))
    assert (standby.token, standby.username, standby.verify) == ("t", "", False)
    assert engine_named("DR") == standby
    assert "t'" not in repr(standby)


@pytest.mark.parametrize(
    "text", ["{", "[{}]", '[{"name":"A","base_url":"ftp://x"}]', '[{"name":"A","oops":1}]']
)
def test_nonsense_in_tws_engines_is_refused_by_name(hwa_settings, text):
    hwa_settings.TWS_ENGINES = text

    with pytest.raises(ImproperlyConfigured, match="TWS_ENGINES"):
        configured_engines()
    assert [error.id for error in engines_can_be_used()] == ["tws.E002"]


def test_unverified_certificates_fail_check_deploy(hwa_settings):
    hwa_settings.TWS_VERIFY_SSL = "false"

    assert [error.id for error in certificates_are_verified()] == ["tws.E001"]


def test_a_missing_ca_file_is_an_error(hwa_settings):
    hwa_settings.TWS_VERIFY_SSL = "/no/such/ca.pem"

    assert [error.id for error in engines_can_be_used()] == ["tws.E003"]
    assert certificates_are_verified() == []


async def test_a_ca_file_is_enough_to_trust_the_simulator(simulator):
    from tws.hwa.client import TWSClient

    async with TWSClient(engine_of(simulator, verify=str(simulator.certificate))) as client:
        assert (await client.engine_info()).value.simulated


# --- what answers there -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "step", "mend"),
    [
        ((404, "text/html", b"<h2>Error 404: SRVE0190E</h2>"), "api", "10.1 FP1"),
        ((302, "text/html", b""), "login page", "gateway stands before"),
        ((200, "text/html", b"<title>Sign in</title>"), "login page", "gateway stands before"),
        ((503, "text/html", b"<h1>503 Service Unavailable</h1>"), "login page", "does not. Is the"),
        ((401, "application/json", b'{"messages": ["AWSJCO005E"]}'), "credentials", "TWS_USER"),
        ((500, "application/json", b'{"messages": ["AWSJSY404E x"]}'), "api", "messages.log"),
        ((200, "application/json", b"[]"), "api", "gateway changes the answers"),
    ],
)
def test_each_thing_that_may_answer_is_told_apart(hwa_settings, other_server, answer, step, mend):
    hwa_settings.TWS_BASE_URL = other_server(*answer)

    code, report = check_tws()

    failed = failed_step(report)
    assert code == 1
    assert failed["name"] == step
    assert mend in failed["mend"]


def test_each_path_tells_what_the_user_may_and_what_is_odd(hwa_settings, other_server):
    jobs = b'{"count": 2, "results": [{"id": "a", "name": "A", "priority": "GO"}, 3]}'
    hwa_settings.TWS_BASE_URL = other_server(
        403,
        "application/json",
        b'{"messages": ["AWSJCS011E not authorized"]}',
        {"/plan/job": jobs, "/plan/job/count": b'{"count": 7}'},
    )

    _, report = check_tws()

    told = {step["name"]: step for step in report["engines"][0]["steps"]}
    assert told["version"]["ok"]
    assert "AWSJCS011E" in told["version"]["detail"]
    assert "1 fields, 1 objects" in told["read /plan/job"]["detail"]
    assert "does not group" in told["read /plan/job/count"]["detail"]
    assert "ignores the filter" in told["read /plan/job?oql="]["detail"]
    assert "DISPLAY" in told["read /plan/jobstream"]["mend"]


@pytest.mark.parametrize(("hours", "told"), [(3, "180 min ahead of"), (-3, "180 min behind")])
def test_a_clock_that_goes_otherwise_is_told(hwa_settings, other_server, monkeypatch, hours, told):
    hwa_settings.TWS_BASE_URL = other_server(200, "application/json", b"{}")
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: date)

    code, report = check_tws()

    step = failed_step(report)
    assert (code, step["name"]) == (1, "clock")
    assert told in step["detail"]
    assert "NTP" in step["mend"]


def test_every_host_of_an_engine_is_tried(hwa_settings, simulator):
    hwa_settings.TWS_BASE_URL, hwa_settings.TWS_BACKUP_URLS = "https://127.0.0.1:1", [simulator.url]

    code, report = check_tws()

    steps = report["engines"][0]["steps"]
    assert code == 1
    assert [step["name"] for step in steps if not step["ok"]] == ["tcp"]
    assert any(step["name"] == "read /plan/job" and step["ok"] for step in steps)


# --- the development simulator ----------------------------------------------------------------


def test_the_simulator_of_this_checkout_has_one_name_whatever_its_port(hwa_settings, simulator):
    hwa_settings.TWS_SIMULATOR_URL, hwa_settings.TWS_ENGINE_NAME = simulator.url, ""

    (engine,) = configured_engines()

    assert engine.name == "simulator"
    assert engine.identity == simulator_identity()


def test_a_strangers_simulator_is_named_as_such(hwa_settings, simulator):
    hwa_settings.TWS_SIMULATOR_URL = simulator.url  # which says nothing of this checkout

    step = failed_step(check_tws()[1])

    assert step["name"] == "identity"
    assert "stranger" in step["detail"]


def test_this_checkouts_own_simulator_proves_itself(hwa_settings, start_simulator):
    own = start_simulator(Options(port=0, jobs=20, identity=simulator_identity()))
    hwa_settings.TWS_BASE_URL = hwa_settings.TWS_SIMULATOR_URL = own.url
    hwa_settings.TWS_VERIFY_SSL = "false"

    assert check_tws()[0] == 0


def test_the_identity_is_of_one_home_and_one_secret(settings, tmp_path):
    ours = simulator_identity()

    settings.RESYNC_HOME = tmp_path
    other_home = simulator_identity()
    settings.SECRET_KEY = "another"

    assert len({ours, other_home, simulator_identity()}) == 3


@pytest.mark.parametrize("url", ["https://h/a?b=c", "https://", "ftp://h", "https://h/#x"])
def test_an_address_that_is_none_is_refused_by_name(hwa_settings, url):
    hwa_settings.TWS_BACKUP_URLS = [url]

    with pytest.raises(ImproperlyConfigured, match="TWS_BACKUP_URLS"):
        configured_engines()
