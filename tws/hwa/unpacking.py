"""The body of an answer, unpacked piece by piece: a small one cannot unpack to a large one."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from tws.hwa.errors import TWSBadReply

if TYPE_CHECKING:  # loaded with the first connection
    import httpx

ACCEPTED = "gzip, deflate"
PIECE = 64 * 1024
_GZIP = b"\x1f\x8b"


async def unpacked(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in pieces of bounded size.

    httpx would unpack whatever arrived in one go, one packing inside the other; so this asks for
    one packing and unpacks no more at a time than it hands on. Whether a body is packed is told by
    what it begins with: there are gateways that unpack it, or pack it, and don't say so.
    """
    if response.is_stream_consumed:  # whoever made it has read it already
        async for part in response.aiter_bytes(PIECE):
            yield part
        return
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise TWSBadReply(f"the answer is packed as {packing[:40]!r}, which was not asked for")
    packed, start = _Packed(), b""
    is_packed: bool | None = None
    async for part in response.aiter_raw():
        if is_packed is None:
            part = start = start + part
            if len(part) < len(_GZIP):
                continue
            is_packed = part.startswith(_GZIP) or (packing == "deflate" and part[0] == 0x78)
        if not is_packed:
            yield part
            continue
        for piece in packed.pieces(part):
            yield piece
    if is_packed:
        for piece in packed.rest():
            yield piece
    elif is_packed is None:
        yield start


class _Packed:
    """gzip, one part after the other, or zlib."""

    def __init__(self) -> None:
        self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)  # by its header

    def pieces(self, part: bytes) -> Iterator[bytes]:
        try:
            while part:
                if self._unpack.eof:
                    if not part.startswith(_GZIP):
                        return  # what fills up the last block of a file
                    self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
                yield self._unpack.decompress(part, PIECE)
                part = self._unpack.unconsumed_tail or self._unpack.unused_data
        except zlib.error as error:
            raise TWSBadReply(f"the answer cannot be unpacked: {error}") from error

    def rest(self) -> Iterator[bytes]:
        """What was held back; TWSBadReply when the packing does not come to its end."""
        while not self._unpack.eof:
            piece = self._unpack.decompress(b"", PIECE)
            if not piece:
                raise TWSBadReply("the answer breaks off: not all of it can be unpacked")
            yield piece
