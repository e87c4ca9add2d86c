"""The judges' own process: `python -m audits.judges.worker SECONDS JUDGE…`, started by `bounded`.

Reads memories from standard input, writes what each judge says to standard output, in the same
order: JSON, each text led by its length; first of all that it is ready. It ends with its input,
and, whatever holds it up, when a memory takes twice its time.
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import json
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, BinaryIO
from uuid import UUID

import django

from audits.judges import Finding, Judge, MemoryUnderAudit, Neighbour, QuotedNow, Verdict

LENGTH = struct.Struct("!I")


def framed(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return LENGTH.pack(len(text)) + text


def memory_of(value: dict[str, Any]) -> MemoryUnderAudit:
    neighbours = tuple(
        Neighbour(**(near | {"memory_id": UUID(near["memory_id"])})) for near in value["neighbours"]
    )
    quoted = value["quoted_now"]
    if quoted is not None:
        quoted = tuple(QuotedNow(**one) for one in quoted)
    read = {"memory_id": UUID(value["memory_id"]), "neighbours": neighbours, "quoted_now": quoted}
    return MemoryUnderAudit(**(value | read))


def verdict_of(value: dict[str, Any]) -> Verdict:
    findings = tuple(Finding(**finding) for finding in value["findings"])
    return Verdict(**(value | {"findings": findings}))


def judge_at(path: str) -> Judge:
    """The judge of a dotted path."""
    module, name = path.rsplit(".", 1)
    judge: Judge = getattr(importlib.import_module(module), name)
    return judge


def main(arguments: Sequence[str]) -> None:
    django.setup()
    seconds, judges = float(arguments[0]), [judge_at(path) for path in arguments[1:]]
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a judge prints is no answer
    outgoing.write(framed({"ready": True}))
    outgoing.flush()
    asyncio.run(_serve(judges, seconds, incoming, outgoing))


async def _serve(
    judges: Sequence[Judge], seconds: float, incoming: BinaryIO, outgoing: BinaryIO
) -> None:
    """Nothing else runs here: reading and judging may block."""
    while length := incoming.read(LENGTH.size):
        memory = memory_of(json.loads(incoming.read(LENGTH.unpack(length)[0])))
        faulthandler.dump_traceback_later(2 * seconds, exit=True)
        outgoing.write(framed(await _said_by(judges, memory)))
        outgoing.flush()
        faulthandler.cancel_dump_traceback_later()


async def _said_by(judges: Sequence[Judge], memory: MemoryUnderAudit) -> dict[str, Any]:
    try:
        given = [verdict for judge in judges if (verdict := await judge(memory))]
    except Exception as error:  # noqa: BLE001  it is told to the auditor, which counts the attempt
        return {"error": f"{type(error).__name__}: {error}"[:2000]}
    return {"verdicts": [asdict(verdict) for verdict in given]}


if __name__ == "__main__":
    main(sys.argv[1:])
