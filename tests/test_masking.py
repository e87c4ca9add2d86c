"""Answers as they are shown: masked while they stream, and harmless as HTML."""

from __future__ import annotations

import random

import pytest

from knowledge.markdown import to_html
from knowledge.secrets import Secret
from tws.chat import masking
from tws.chat.masking import StreamMask, shown

SECRETS = [
    "The log says:\nPASSWORD = hunter2secret\nthen ends.",
    'conn { password: "two words here" } done',
    "use AKIAABCDEFGHIJKLMNOP for it",
    "key:\n-----BEGIN RSA PRIVATE KEY-----\nMIIEabc123\nzzz\n-----END RSA PRIVATE KEY-----\nafter",
    "go to https://user:pa55word@db.example.com/x now",
    "Authorization: Bearer abcdef1234567890abcdef12 was sent",
    "AccountKey=Zm9vYmFy12345678== is old",
]
LEAKS = ["Zm9v", "hunter2", "two words", "BCDEFGH", "MIIE", "zzz", "pa55", "abcdef12"]


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_no_secret_passes_however_it_is_cut(text: str, size: int) -> None:
    mask = StreamMask()

    out = "".join(mask.feed(text[at : at + size]) for at in range(0, len(text), size))
    out += mask.rest()

    assert not [leak for leak in LEAKS if leak in out]
    assert "[masked:" in out
    assert out.split()[-1] == shown(text).split()[-1]


def test_plain_text_passes_at_once_and_unchanged() -> None:
    chance = random.Random(1)
    text = " ".join(chance.choice(["job", "ABEND", "às 10:30,", "FTA_SP01\n"]) for _ in range(2000))
    mask = StreamMask()

    pieces = [mask.feed(text[at : at + 5]) for at in range(0, len(text), 5)]

    assert pieces == [text[at : at + 5] for at in range(0, len(text), 5)]
    assert mask.rest() == ""


@pytest.mark.parametrize("start", ['the token "', "key:", "see https://db.example.com/"])
def test_a_word_without_an_end_is_looked_at_a_few_times_not_with_each_piece(
    start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    find = masking.find_secrets

    def count(text: str) -> list[Secret]:
        looked_at.append(len(text))
        return find(text)

    monkeypatch.setattr(masking, "find_secrets", count)
    text = start + "abcdefgh" * 5000
    mask = StreamMask()

    out = "".join(mask.feed(text[at : at + 5]) for at in range(0, len(text), 5)) + mask.rest()

    assert out == shown(text)
    assert sum(looked_at) < 10 * len(text)


def test_text_that_only_mentions_passwords_is_whole() -> None:
    text = "The password of the database user had expired. Ask the DBA.\nThen rerun the job."
    mask = StreamMask()

    assert "".join(mask.feed(word) for word in text.partition("had")) + mask.rest() == text


def test_hidden_characters_are_shown() -> None:
    assert shown("safe\u202etxt.exe") == "safe⟨U+202E⟩txt.exe"
    assert StreamMask().feed("a\u200bb") == "a⟨U+200B⟩b"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/?q=1)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](//evil.example)",
        "[x](/admin/logout/)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n[x]",
        "<svg/onload=alert(1)>",
        "`</code><script>alert(1)</script>`",
        '[x](https://ok.example" onmouseover="alert(1))',
        "<style>*{display:none}</style>",
    ],
)
def test_hostile_markdown_is_inert(text: str) -> None:
    html = to_html(text).lower()

    for word in ("<script", "<img", "<svg", "<style", 'href="javascript', 'href="data', 'href="/'):
        assert word not in html
    assert not [tag for tag in html.split("<") if " on" in tag.split(">")[0]]


def test_links_open_elsewhere_and_tell_nothing() -> None:
    html = to_html("[docs](https://help.example/x)")

    assert 'href="https://help.example/x"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_tables_and_code_are_kept() -> None:
    html = to_html("| job | rc |\n|---|---|\n| A | 4 |\n\n```\nline <1>\n```")

    assert "<td>A</td>" in html
    assert "line &lt;1&gt;" in html


def test_very_long_text_is_shown_plainly() -> None:
    assert to_html("> " * 50_000).startswith("<pre>&gt; &gt;")
