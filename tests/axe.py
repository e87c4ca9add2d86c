"""axe-core over a page: what keeps people from using it who see little or use no mouse.

    assert_accessible(page)             # as it stands, light and dark, wide and on a phone
    assert_accessible(page, *A_FEW)     # the two looks that differ most: for quick tests
    in_language(page, "pt-br")          # the same page in the other language

`within` bounds what is looked at: `assert_accessible(page, within=".card")`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal
from urllib.parse import urljoin

from playwright.sync_api import Page

Look = tuple[Literal["light", "dark"], int]
"""A theme, and how many pixels wide."""
A_FEW: tuple[Look, ...] = (("light", 1280), ("dark", 390))
LOOKS: tuple[Look, ...] = (*A_FEW, ("dark", 1280), ("light", 390))
LANGUAGES = ("en", "pt-br")

_RUN = """async within => (await axe.run(within || document, {resultTypes: ["violations"]}))
  .violations.flatMap(({id, help, nodes}) => nodes.map(({target, any}) =>
    `${id}: ${help}: ${target.join(" ")} ${any.map(({message}) => message).join(" ")}`))"""


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, within: str = "") -> list[str]:
    """What axe-core finds wrong with the page as it stands, a line for each element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    return page.evaluate(_RUN, within)


def assert_accessible(page: Page, *looks: Look, within: str = "") -> None:
    """No violation in any of these looks, all of them when none is named."""
    found = {}
    for theme, width in looks or LOOKS:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        if wrong := violations(page, within):
            found[theme, width] = wrong
    assert not found, "\n".join(
        f"{theme} {width}: {line}" for (theme, width), lines in found.items() for line in lines
    )


def in_language(page: Page, language: str) -> None:
    """Show the page anew in this language."""
    site = urljoin(page.url, "/")  # the cookie is for all of it, as the product sets it
    page.context.add_cookies([{"name": "django_language", "value": language, "url": site}])
    page.reload()
