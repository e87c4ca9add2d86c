"""The body of an answer, unpacked piece by piece: a small one cannot unpack to a large one."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from tws.hwa.errors import TWSBadReply

if TYPE_CHECKING:  # loaded with the first connection
    import httpx

ACCEPTED = "gzip, deflate"
PIECE = 64 * 1024


async def unpacked(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in pieces of bounded size.

    httpx would unpack whatever arrived in one go, one packing inside the other; so this asks for
    one packing and unpacks no more at a time than it hands on.
    """
    if response.is_stream_consumed:  # whoever made it has read it already
        async for part in response.aiter_bytes(PIECE):
            yield part
        return
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing in ("", "identity"):
        async for part in response.aiter_raw():
            yield part
        return
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise TWSBadReply(f"the answer is packed as {packing[:40]!r}, which was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)  # by its header: gzip or zlib
    try:
        async for part in response.aiter_raw():
            while part and not unpack.eof:
                piece = unpack.decompress(part, PIECE)
                part = unpack.unconsumed_tail
                if piece:
                    yield piece
    except zlib.error as error:
        raise TWSBadReply(f"the answer cannot be unpacked: {error}") from error
