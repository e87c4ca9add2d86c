"""Markdown drawn while it comes: what is drawn stays, and is in the end what the server draws."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page

from knowledge.markdown import to_html

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = [
    "**97** jobs ended well.",
    "Two:\n\n| job | status |\n| --- | --- |\n| `A_B` | SUCC |\n| C\\|D | SUCC |\n\nShown: 2.",
    "Two:\n\n- JOB_A: **abend** at 02:00\n- JOB_B\n  - below it\n- *three*\n\nThat is all.",
    "1. first\n2. second",
    "3. third\n4. fourth\n- a dot\n* a star",
    "1. a\n\n   more of a\n\n2. b\n\n   - x\n   - y\n\nafter",
    "- a\n\n- b\n\n  > said\n\n- c",
    "9. nine\n   - in it\n10. ten\n    - in it\n11. eleven\n   - not in it",
    "1. run:\n   ```\n   one\n\n   two\n   ```\n2. then\nand more of it",
    "# Head\n\ntext with `code ** in it` and [a link](https://hwa.example/x) here",
    "```\n28: ERROR **not bold** | x\n\n29: more\n```\n\nafter",
    "> a memory\n> on two lines\n\nand *more* ~~gone~~",
    "snake_case_name and 2 * 3 * 4 and a_b_ and **bold *and* more**",
    "line one\nline two",
    "<script>alert(1)</script> <b>x</b> & \\*stars\\* javascript:alert(1)",
    "[x](javascript:alert(1)) [y](http://ok.example)",
]
DRAW = """async ({pieces}) => {
  const { GrowingText } = await import("/static/tws/markdown.js");
  const root = document.createElement("div");
  const growing = new GrowingText(root, (change) => change());
  const texts = [];
  for (const piece of pieces) {
    growing.add(piece);
    growing.draw();
    texts.push([...root.children].map((one) => one.textContent).join(" "));
  }
  for (const block of root.querySelectorAll(".table-block, .code-block")) {
    const plain = block.querySelector("table, pre");
    plain.removeAttribute("class");
    block.replaceWith(plain);
  }
  return { html: root.innerHTML, texts };
}"""
PARSED = """html => {
  const root = document.createElement("div");
  root.innerHTML = html;
  return root.innerHTML;
}"""
BLOCK_OF_CODE = re.compile("(<pre>.*?</pre>)", re.DOTALL)


def drawn(page: Page, html: str) -> str:
    """HTML as a browser holds it, without the line ends that show nothing."""
    parts = BLOCK_OF_CODE.split(page.evaluate(PARSED, html))
    return "".join(
        one if one.startswith("<pre>") else re.sub(r"\s*\n\s*", "", one) for one in parts
    )


@pytest.fixture
def page(open_page, operator) -> Page:
    return open_page(operator, "/login/")


def test_what_is_drawn_piece_by_piece_is_what_the_server_draws(page: Page) -> None:
    for text in TEXTS:
        wanted = drawn(page, to_html(f"{text}\n"))
        for size in (1, 3, 7, 1000):
            pieces = [text[at : at + size] for at in range(0, len(text), size)]
            grown = page.evaluate(DRAW, {"pieces": [*pieces, "\n\n"]})
            assert drawn(page, grown["html"]) == wanted, (text, size)


@pytest.mark.slow
def test_what_is_drawn_is_never_taken_back(page: Page) -> None:
    """No mark shows for a moment and goes, no word comes and goes."""
    for text in TEXTS[:6]:
        texts = page.evaluate(DRAW, {"pieces": list(text)})["texts"]
        words = [one.split() for one in texts]
        assert all(after[: len(before) - 1] == before[:-1] for before, after in pairwise(words)), (
            text
        )
