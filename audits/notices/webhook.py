"""A POST to an address that was checked: no host of the private network, unless it is allowed.

The name is resolved once, each of its addresses is looked at, and the connection goes to one of
these, so that no second look at the name can lead elsewhere. A redirect is not followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from concurrent.futures import Future
from typing import Any

from django.conf import settings

SECONDS = 20
"""For the name, and again from there to the answer's status."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotSent(Exception):
    """It did not arrive: a code of `wording.PROBLEMS` and a value that is safe to show.

    Neither the receiver's address, which may hold a secret, nor its words.
    """

    def __init__(self, code: str, value: object = "") -> None:
        super().__init__(f"{code} {value}".strip())


def post(body: dict[str, Any], message_id: str) -> None:
    """Hand `body` to NOTIFY_WEBHOOK_URL; NotSent unless it was taken (2xx)."""
    import httpx

    headers = {"User-Agent": "resync", "Idempotency-Key": message_id}
    if settings.NOTIFY_WEBHOOK_TOKEN:
        headers["Authorization"] = f"Bearer {settings.NOTIFY_WEBHOOK_TOKEN}"
    try:
        url = httpx.URL(settings.NOTIFY_WEBHOOK_URL)
        asking = _status(url, _addresses(url), headers, body)
        status = asyncio.run(asyncio.wait_for(asking, SECONDS))
    except TimeoutError:
        raise NotSent("silent", SECONDS) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        # Its words may hold the address, and the address is a secret.
        raise NotSent("unreachable", type(error).__name__) from None
    if 300 <= status < 400:
        raise NotSent("redirects", status)
    if not 200 <= status < 300:
        raise NotSent("refused", status)


def _addresses(url: Any) -> list[str]:
    """All addresses of the name; NotSent when one of them is private and that is not allowed."""
    try:
        found = _looked_up(url.host, url.port or (443 if url.scheme == "https" else 80))
    except (socket.gaierror, UnicodeError):
        raise NotSent("unknown_name") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    private = [one for one in addresses if not is_public(one)]
    if private and not settings.NOTIFY_ALLOW_PRIVATE:
        raise NotSent("private", private[0])
    return addresses


def _looked_up(host: str, port: int) -> list[Any]:
    """In a thread that nobody waits for: a resolver that hangs holds up no process's end."""
    found: Future[list[Any]] = Future()

    def look() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.set_exception(error)

    threading.Thread(target=look, name="webhook-name", daemon=True).start()
    return found.result(SECONDS)


async def _status(url: Any, addresses: list[str], headers: dict[str, str], body: Any) -> int:
    """The first address that takes a connection answers."""
    import httpx

    from knowledge.tls import trusted_by_default

    named = {"Host": url.netloc.decode("ascii"), **headers}
    async with httpx.AsyncClient(
        verify=trusted_by_default(), trust_env=False, timeout=SECONDS, follow_redirects=False
    ) as client:
        for address in addresses:
            try:
                async with client.stream(
                    "POST", url.copy_with(host=address), json=body, headers=named,
                    extensions={"sni_hostname": url.host},
                ) as answer:  # fmt: skip
                    return answer.status_code  # what it says besides is nothing to us
            except httpx.ConnectError:
                if address == addresses[-1]:
                    raise
    raise NotSent("unknown_name")


def is_public(text: str) -> bool:
    """Whether an address is everybody's; one that only wraps another is as that one is."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            address = wrapped
    return address.is_global and not address.is_multicast
