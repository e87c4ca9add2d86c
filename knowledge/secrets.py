"""Passwords, keys and tokens in a text: found, and masked.

Every function here is linear in the length of its input. Patterns begin at a word boundary or a
fixed prefix and repeat at most a bounded number of times, so that no input makes them backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from knowledge.folding import fold


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands in a text (`start`, `end`) and what it is (`kind`)."""

    kind: str
    start: int
    end: int


_SENSITIVE_NAME = (
    r"(?:(?:[a-z]{1,12})?(?:passwords?|passwd|pwd)|passphrase|pass|senhas?|contrasena|segredo"
    r"|secret(?:[_ -]?key)?|client[_ -]?secret|api[_ -]?key|access[_ -]?key|private[_ -]?key"
    r"|secret[_ -]?access[_ -]?key|account[_ -]?key|shared[_ -]?access[_ -]?key"
    r"|auth[_ -]?token|access[_ -]?token|token|credential)"
)
# The value in group "secret" is masked; what stands around it stays readable.
_FIXED_SHAPES: tuple[tuple[str, str], ...] = (
    (
        "private key",
        r"(?P<secret>-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----"
        r"(?s:.*?)(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|\Z))",
    ),
    (
        "encoded password",
        r"(?P<secret>\{(?i:aes|xor|3?des|s?sha\d{0,3}|md5|bcrypt"
        r"|hash)\}[A-Za-z0-9+/=_-]{4,2000})",
    ),
    (
        "token",
        r"(?<![\w-])(?P<secret>eyJ[\w-]{8,4000}\.[\w-]{8,8000}(?:\.[\w-]{0,4000})?)",
    ),
    ("AWS key", r"\b(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b"),
    (
        "API key",
        r"(?<![\w-])(?P<secret>gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{30,255}"
        r"|xox[abeoprs]-[\w-]{10,250}|[sr]k[-_](?:live|test|proj|ant)[-_][\w-]{12,250}"
        r"|sk-[A-Za-z0-9_-]{20,250}|AIza[\w-]{35}|glpat-[\w-]{20,100}|hf_[A-Za-z0-9]{30,100}"
        r"|npm_[A-Za-z0-9]{36}|SG\.[\w-]{16,64}\.[\w-]{16,64})",
    ),
    (
        "authorization header",
        r"(?i:authorization)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?i:basic|bearer|apikey|token)\s{1,3}"
        r"(?P<secret>[\w+/=.~-]{6,8000})",
    ),
    (
        "bearer token",
        r"\b(?i:bearer)\s{1,3}(?P<secret>(?=[\w.~+/-]{0,200}\d)[\w.~+/-]{20,8000}={0,2})",
    ),
    (
        # "o token é 5f4d…", "access token pat.4b82…", "X-Auth-Token: 7d1f…": long, and no word
        "token",
        r"(?i:\b(?:[\w-]{1,20}[-_])?(?:tokens?|bearer|api[ _-]?keys?|chave de api"
        r"|x-[\w-]{1,20}-key))\b"
        r"[\"'`]?(?:\s{1,3}[\w-]{1,12}){0,3}\s{0,3}[:=]?\s{0,3}[\"'`]?"
        r"(?P<secret>(?=[\w.~+/-]{0,200}\d)(?=[\w.~+/-]{0,200}[A-Za-z])(?![\w.-]{0,60}[#@])[\w.~+/-]{24,4000}={0,2})",
    ),
    (
        "password in an address",
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:@/]{0,100}:(?P<secret>[^\s@/]{1,200})@",
    ),
    (
        "password on a command line",
        r"(?:\bsshpass\s{1,3}-p\s?|\bcurl\b[^\n]{0,200}?\s(?:-u|--user)\s{1,3}[^\s:]{1,64}:"
        r"|(?<![\w-])--?(?i:password|passwd|pwd|pass|senha)(?:\s{1,3}|=))"
        r"(?P<secret>(?![-<\[$({])[^\s]{3,200})",
    ),
    (
        "password",
        rf"(?<![A-Za-z0-9])(?i:{_SENSITIVE_NAME})[\"']?\s{{0,4}}[:=]\s{{0,4}}"
        r"(?:\"(?P<secret>[^\"\n]{3,400})\")",
    ),
    (
        "password",
        r"(?i:name|key)\s{0,2}=\s{0,2}[\"'][\w.-]{0,60}(?i:passw|pwd|secret"
        r"|senha)[\w.-]{0,30}[\"']\s{1,3}"
        r"(?i:value)\s{0,2}=\s{0,2}[\"'](?P<secret>[^\"'\n]{3,400})[\"']",
    ),
)
_NAMED_VALUE = (
    "(?i)"
    rf"(?<![A-Za-z0-9])(?P<name>(?:[A-Za-z0-9]{{1,30}}[_.-]){{0,4}}{_SENSITIVE_NAME}"
    r"(?:[_.-][A-Za-z0-9]{1,20}){0,2})[\"'`]?"
    r"(?P<link>\s{0,4}(?::=|=>|[=:])\s{0,4}"
    # "the password for wauser is X", "a senha do banco é X"
    r"|(?:\s{1,3}[\w./-]{1,40}){0,5}?\s{1,3}(?:is|was|are|é|era|eh|foi|es)(?:\s{0,2}:)?\s{1,3})"
    r"(?P<quote>[\"'`“]?)(?P<secret>[^\s\"'`“”]{3,400})"
)
# "login wauser password S3cr3t-9": no sign between, so the value must look the part.
_SPACED_VALUE = (
    r"(?i:\b(?:password|passwd|senha|passphrase))[ \t]{1,4}(?P<secret>(?=\S{0,40}\d)"
    r"(?=\S{0,40}[a-z])(?=\S{0,40}[A-Z!@#$%^&*])[^\s\"'`]{6,100})"
)
_pattern = cache(re.compile)  # at the first use: they take 10 ms, and most processes none
_PLACEHOLDER = re.compile(
    r"[*.xX•…#_-]+|[*•]{3}.*|<.*|\[.*|\$[({\w].*|%\w+%|\{\{.*|\(.*|n/?a|none|null|true|false|vazi[ao]|empty"
    r"|required|optional|changeme_?here",
    re.IGNORECASE,
)
MOST_NESTED = 8
"""How often a text is looked through: masking a secret can show one that overlapped with it."""
_HWA_CODE = re.compile(r"AWS[A-Z]{3}\d{3}[EWI]")


_SIGNS = (
    "pass", "pwd", "senha", "contrasena", "segredo", "secret", "token", "credential", "key",
    "authorization", "bearer", "akia", "asia", "eyj", "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
    "github_pat_", "xox", "sk-", "sk_", "rk-", "rk_", "aiza", "glpat-", "hf_", "npm_", "sg.",
    "-----begin", "://", "curl", "{aes}", "{xor}", "des}", "{sha", "{ssha", "{md5}", "{bcrypt}",
    "{hash}", "chave",
)  # fmt: skip
"""One of them stands before every secret, or begins it."""
LONGEST_SIGN = max(map(len, _SIGNS))


def may_hold_secrets(text: str) -> bool:
    """Whether the text is worth the search, which takes many times as long as this."""
    text = text.casefold()
    if not text.isascii():  # İ and ı, which patterns that ignore case take for an i
        text = text.replace("i\u0307", "i").replace("\u0131", "i")
    return any(map(text.__contains__, _SIGNS))


def find_secrets(text: str) -> list[Secret]:
    """Passwords, keys and tokens in the text, without overlaps, in order."""
    if not may_hold_secrets(text):
        return []
    found = [
        Secret(kind, *match.span("secret"))
        for kind, pattern in _FIXED_SHAPES
        for match in _pattern(pattern).finditer(text)
        if not _PLACEHOLDER.fullmatch(match["secret"])
    ]
    found += [
        secret for match in _pattern(_NAMED_VALUE).finditer(text) if (secret := _named(match))
    ]
    for match in _pattern(_SPACED_VALUE).finditer(text):
        value = match["secret"].rstrip(".,;:)]}!?")
        if _looks_secret(value):
            found.append(
                Secret("password", match.start("secret"), match.start("secret") + len(value))
            )
    return _without_overlaps([*found, *_said_again(found, text)])


def mask_secrets(text: str) -> str:
    """The text with each secret replaced by its kind: `password = [masked: password]`."""
    for _ in range(MOST_NESTED):
        secrets = find_secrets(text)
        if not secrets:
            break
        pieces, position = [], 0
        for secret in secrets:
            pieces += [text[position : secret.start], f"[masked: {secret.kind}]"]
            position = secret.end
        text = "".join(pieces) + text[position:]
    return text


def mask_json(value: Any) -> Any:
    """`value` with the secrets in all its strings masked."""
    if isinstance(value, dict):
        return {str(key): mask_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_json(item) for item in value]
    return mask_secrets(value) if isinstance(value, str) else value


def _named(match: re.Match[str]) -> Secret | None:
    value = match["secret"].rstrip(".,;:)]}!?") or match["secret"]
    if _PLACEHOLDER.fullmatch(value) or _HWA_CODE.fullmatch(value) or value.startswith("/"):
        return None
    if not (_is_assigned(match, value) or _looks_secret(value)):
        return None
    name = fold(match["name"])
    kind = "token" if "token" in name else "key" if "key" in name else "password"
    return Secret(kind, match.start("secret"), match.start("secret") + len(value))


def _is_assigned(match: re.Match[str], value: str) -> bool:
    """`PASSWORD = hunter` assigns; "password: see the vault" and "token = the ..." are prose."""
    link = match["link"].strip()
    if link not in {"=", ":", ":=", "=>"} or _NOT_A_VALUE.fullmatch(value):
        return False
    if match["quote"]:
        return True
    before = match.string[max(0, match.start() - 40) : match.start()]
    after = match.string[match.end("secret") : match.end("secret") + 40]
    alone = not re.match(r"[ \t]+[\w(]", after)
    return alone and (link != ":" or re.search(r"(?:\A|\n)[ \t\"'-]*\Z", before) is not None)


_NOT_A_VALUE = re.compile(
    r"\d{1,5}|[a-z]{1,4}|expired|invalid|required|missing|unknown|yes|no|vencida|inv[aá]lida",
    re.IGNORECASE,
)
_ALGORITHM = re.compile(r"(?i)(?:aes|sha|rsa|3?des|md|base|oauth|ssl|tls|http|utf)[-_]?v?\d.*")


def _looks_secret(value: str) -> bool:
    if len(value) < 6 or _ALGORITHM.fullmatch(value):
        return False
    digits = sum(ch.isdigit() for ch in value)
    letters = sum(ch.isalpha() for ch in value)
    marks = sum(ch in "!@#$%^&*+=?~" for ch in value)
    return digits == len(value) or bool(letters and (digits or marks))


_WORD = re.compile(r"[^\s\"'`“”,;:()<>\[\]{}=@/]+")
_SHORTEST_SAID_AGAIN = 8


def _said_again(found: list[Secret], text: str) -> Iterator[Secret]:
    """Where a secret stands a second time, with nothing beside it that says what it is."""
    values = {text[one.start : one.end]: one.kind for one in found}
    values = {
        value: kind
        for value, kind in values.items()
        if len(value) >= _SHORTEST_SAID_AGAIN and _looks_secret(value)
    }
    if values:
        for match in _WORD.finditer(text):
            word = match[0].rstrip(".!?")
            if word in values:
                yield Secret(values[word], match.start(), match.start() + len(word))


def _without_overlaps(found: list[Secret]) -> list[Secret]:
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda s: (s.start, -s.end)):
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
    return kept
