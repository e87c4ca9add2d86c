from __future__ import annotations

import json

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.cleaning import clean, clean_json
from knowledge.folding import fold
from knowledge.formulas import neutralise_formula
from knowledge.secrets import (
    _FIXED_SHAPES,
    _NAMED_VALUE,
    _SPACED_VALUE,
    find_secrets,
    mask_json,
    mask_secrets,
    may_hold_secrets,
)
from knowledge.shown import gist
from knowledge.visible import has_hidden, mixed_script_words, visible
from tests.linear import assert_linear


def test_clean_replaces_what_postgresql_and_utf8_cannot_hold():
    cleaned = clean("a\x00b\ud800c\r\nd\re")

    assert cleaned == "a\ufffdb\ufffdc\nd\ne"
    cleaned.encode()


def test_fold_keeps_every_offset():
    text = "Não há ESTAÇÃO İstanbul ﬁm"

    assert len(fold(text)) == len(text)
    assert fold(text).startswith("nao ha estacao ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc\u202edef", "abc⟨U+202E⟩def"),
        ("PAY\u200bROLL", "PAY⟨U+200B⟩ROLL"),
        ("a\U000e0041b", "a⟨U+E0041⟩b"),
        ("a\x1b[31mb", "a⟨U+001B⟩[31mb"),
        ("lone \ud800 one", "lone ⟨U+D800⟩ one"),
    ],
)
def test_hidden_characters_are_shown_not_obeyed(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["abc\u202edef", "PAY\u200bROLL", "a\U000e0041", "x\u2066y\u2069"])
def test_hidden_characters_are_noticed(text):
    assert has_hidden(text)


@pytest.mark.parametrize(
    "text",
    ["Não há falhas.\n\tok", "👩‍💻 trabalhou", "می‌خواهم", "café ☕️", "\ufeffstarts with a BOM"],
)
def test_ordinary_text_hides_nothing(text):
    assert not has_hidden(text)
    assert "⟨" not in visible(text.removeprefix("\ufeff"))


@pytest.mark.parametrize(
    "word", ["P\u0410YROLL", "FOLH\u0391", "\u0421\u041e\u0420\u0410", "ＦＯＬＨＡ"]
)
def test_a_word_that_looks_latin_and_is_not_is_found(word):
    assert mixed_script_words(f"job {word} ok") == [word]


@pytest.mark.parametrize(
    "text", ["PAYROLL e ação nº 1º", "задание завершено", "5 µs, Δt", "naïve ﬁle"]
)
def test_honest_words_of_any_script_are_not_mixed(text):
    assert mixed_script_words(text) == []


SECRETS = [
    'PASSWORD = "{aes}QUJDREVGRw=="',
    "PASSWORD = s3nhaForte!",
    "password=hunter",
    "db.password: Tr0ub4dor&3",
    "A senha do wauser é Verao@2024.",
    "The password for wauser is Winter2024!",
    "export PGPASSWORD=abc123xyz",
    "Authorization: Basic d2F1c2VyOnNlY3JldA==",
    "Authorization: Bearer abcdef123456abcdef",
    "curl -k -u wauser:segredo123 https://mdm:31116/",
    "sshpass -p letmein ssh mdm",
    "composer --password tiger99 list",
    "postgresql://tws:p4ss@db.example/TWS",
    "jdbc:db2://h:50000/TWS:user=tws;password=abc99999;",
    "AKIAIOSFODNN7EXAMPLE",
    "api_key = sk-abcdefghijklmnopqrstuvwx",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    '<variable name="user.twsuser.password" value="clear-text"/>',
    "AccountKey=Zm9vYmFyYmF6cXV4;EndpointSuffix=core",
    '{"password": "open sesame"}',
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_masked_with_its_kind(text):
    masked = mask_secrets(text)

    assert "[masked: " in masked
    secret = find_secrets(text)[0]
    assert text[secret.start : secret.end] not in masked


ORDINARY = [
    "Troque a senha do wauser e reinicie o engineServer.",
    "The password is stored in wauser_variables.xml, AES-encoded.",
    "The password is AES-256 encrypted.",
    "password=<your password> or password=${DB_PASSWORD} or password=*****",
    "Publish it as `?user=wauser&password=...` never.",
    "Token: expired. Senha: não informada.",
    "3f2b8c1e-9a4d-4e57-8f0a-1b2c3d4e5f60 ran JOB_SENHA_01 on FTA_SP01#RESET_PASSWORD",
    "The key is the job stream's name; the token is checked by the server.",
    "A senha expira em 90 dias.",
    "The API key is created in the DWC under Manage API Keys.",
    "AWSBEH021E: the user credentials are wrong",
    "Use http://host:31116/twsd/api/v2 and user@example.com",
    "secret: see the vault",
    "conman sj @#@.@+state=abend",
]


SHAPES = [*_FIXED_SHAPES, ("named", _NAMED_VALUE), ("spaced", _SPACED_VALUE)]


@pytest.mark.parametrize(("kind", "pattern"), SHAPES, ids=[kind for kind, _ in SHAPES])
@hypothesis.settings(max_examples=30)
@given(data=st.data())
def test_nothing_that_looks_like_a_secret_is_passed_over_for_want_of_a_sign(kind, pattern, data):
    assert may_hold_secrets(data.draw(st.from_regex(pattern, fullmatch=True))), kind


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_are_not_masked(text):
    assert mask_secrets(text) == text


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "\n=1"]
)
def test_a_formula_is_neutralised(cell):
    assert neutralise_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "FOLHA = ok", "3 jobs", "a=b"])
def test_an_ordinary_cell_stays(cell):
    assert neutralise_formula(cell) == cell


HOSTILE = {
    "brackets": "[",
    "json": '{"a":',
    "jwt starts": "eyJ",
    "jwt dots": "eyJaaaaaaaa.",
    "passwords": "password ",
    "password is": "password is ",
    "pem": "-----BEGIN RSA PRIVATE KEY-----",
    "dotted": "a.",
    "underscored": "a_",
    "urls": "a://b:",
    "curl": "curl ",
    "letters": "a",
    "spaces": " ",
    "zero width": "\u200b",
    "cyrillic": "\u0410",
    "dashes": "--password=",
}


@pytest.mark.parametrize("start", ["", "bearer "])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_linear_time(name, start):
    def read(text: str) -> None:
        for function in (clean, visible, has_hidden, mixed_script_words, mask_secrets, fold):
            function(start + text)

    assert_linear(read, HOSTILE[name])


# --- any text ------------------------------------------------------------------------------------

odd = st.sampled_from(
    ["\x00", "\ud800", "\udfff", "\r", "\n", "\r\n", '"', "'", "=", ":", "[", "]"]
)
words = st.sampled_from(["password", "senha", "token", "Bearer", "is", "é", "masked", "curl -u a:"])
texts = st.lists(odd | words | st.text(max_size=8) | st.just(" "), max_size=30).map("".join)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(texts)
def test_cleaning_any_text_makes_it_storable_no_longer_and_only_once(text):
    cleaned = clean(text)

    cleaned.encode()
    assert "\x00" not in cleaned
    assert len(cleaned) <= len(text)
    assert clean(cleaned) == cleaned


@given(any_json)
def test_cleaning_any_json_makes_it_storable_and_only_once(value):
    cleaned = clean_json(value)

    written = json.dumps(cleaned, ensure_ascii=False, allow_nan=False)
    written.encode()
    assert "\\u0000" not in written
    assert clean_json(cleaned) == cleaned


@given(texts)
def test_masking_any_text_is_bounded_and_done_at_once(text):
    masked = mask_secrets(text)

    assert mask_secrets(masked) == masked
    assert len(masked) <= len(text) + 45 * (len(text) // 3)  # no secret is shorter than that


@given(any_json)
def test_masking_any_json_is_done_at_once(value):
    masked = mask_json(value)

    assert repr(mask_json(masked)) == repr(masked)  # NaN is not itself


SHAPES = [
    "password={}", 'PASSWORD = "{}"', "A senha do wauser é {}", "Authorization: Bearer {}",
    "https://u:{}@h/x", "--password {}", "curl -u a:{} https://h", '{{"password": "{}"}}',
    "api_key: {}",
]  # fmt: skip
strong = st.from_regex(r"[A-Z][a-z]{3,8}[0-9]{3,8}[a-z]{2}", fullmatch=True)


@given(secret=strong, shape=st.sampled_from(SHAPES), before=texts, after=texts, again=texts)
def test_a_secret_that_was_masked_stands_nowhere_else(secret, shape, before, after, again):
    text = f"{before}\n{shape.format(secret)}\n{again} {secret} {after}"

    assert secret not in mask_secrets(text)


# --- an answer on one line --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            "## Two\n\n| Job | Status |\n|---|---|\n| GL_POST | **ABEND** |\n| FD_03 | `SUCC` |",
            "Two · Job, Status · GL_POST, ABEND · FD_03, SUCC",
        ),
        ("1. stop it\n2. start\n   it", "stop it · start it"),
        ("First.\n\n```\nconman ss\nconman sj\n```", "First. · conman ss conman sj"),
        ("netman has 2 * 3 * 4 | a_b_c", "netman has 2 * 3 * 4 | a_b_c"),
        ("pass**word** = Sw0rdf1sh!9", "password = [masked: password]"),
        ("&#112;assword = Sw0rdf1sh!9", "password = [masked: password]"),
        ("&#8238;abc", "⟨U+202E⟩abc"),
        ("[x](javascript:alert(1)) <b>", "[x](javascript:alert(1)) <b>"),
        ("", ""),
    ],
)
def test_the_gist_of_an_answer_is_its_words_on_one_line(answer, line):
    assert gist(answer) == line
