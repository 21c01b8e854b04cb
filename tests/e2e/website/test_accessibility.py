"""Every page of the site, in both languages, by axe: no violation of WCAG 2.2 AA nor of its own best practices.

The pages come from the address table itself, so that a new one is visited without being written down here.
"""

import json
import pprint
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.furniture import EMAIL, PASSWORD
from tests.e2e.server import ROOT, Server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("accessibility")]

Places = dict[str, list[list[str]]]

# Reached only with a key that was sent out; their templates are those of pages that are visited. Weights are no page.
BY_KEY = {"account_confirm_email", "account_reset_password_from_key", "playlist-listen", "browser-weights"}
# Pages of others, which only show our API's description.
THEIRS = {"api-docs"}

# Words of tables that stand on two lines; a file name or an address may.
BROKEN_WORDS = """() => {
  const broken = new Set();
  for (const cell of document.querySelectorAll("td, th")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      for (const { 0: word, index } of text.data.matchAll(/[^\\s\\-]+/g)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1 && word.length < 25) broken.add(word);
      }
    }
  }
  return [...broken];
}"""


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Places]]:
    """A running installation with one of everything in it."""
    server = Server(tmp_path_factory.mktemp("furnished")).start()
    made = subprocess.run(
        [sys.executable, "-m", "tests.e2e.furniture"],
        cwd=ROOT,
        env=server.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        check=True,
        capture_output=True,
        text=True,
    )
    yield server, json.loads(made.stdout.splitlines()[-1])
    assert server.stop() == 0


def named(
    patterns: list[URLPattern | URLResolver], spaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, int]]:
    """The name of each page and how many arguments it takes; what programs use is not a page."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace not in {"api", "admin"}:
                yield from named(
                    pattern.url_patterns, (*spaces, *([pattern.namespace] if pattern.namespace else []))
                )
        elif pattern.name and pattern.name not in BY_KEY | THEIRS:
            yield ":".join((*spaces, pattern.name)), len(pattern.pattern.regex.groupindex)


def addresses(places: Places) -> Iterator[str]:
    """Every address of every page, filled in with ``places``."""
    for name, count in named(get_resolver().url_patterns):
        yield from (reverse(name, args=values) for values in arguments(name, count, places))
    yield reverse("admin:index")
    yield from (
        reverse(f"admin:separation_modelinstallation_{name}", args=["spleeter:2stems"])
        for name in ("install", "remove")
    )
    for model in admin.site._registry:
        yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def arguments(name: str, count: int, places: Places) -> list[list[str]]:
    """What to fill in: by the exact name, else by the longest beginning."""
    if not count:
        return [[]]
    if name in places:
        return places[name]
    fitting = [key for key in places if key.endswith("*") and name.startswith(key[:-1])]
    assert fitting, f"tests/e2e/furniture.py knows no {name}"
    return places[max(fitting, key=len)]


def enter(page: Page) -> None:
    page.goto(reverse("account_login"))
    page.locator("input[name=login]").fill(EMAIL)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/")


def await_figures(page: Page) -> None:
    """Come back to the front page of the panel until it has its table: figures are counted after a first visit."""
    for _ in range(40):
        page.goto(reverse("admin:index"))
        if page.locator(".dashboard-cards table").count():
            return
        page.wait_for_timeout(250)
    raise AssertionError("no figures were counted")


def faults(context: BrowserContext, places: Places) -> dict[str, Any]:
    """What axe says about each page that answers a GET with HTML of its own."""
    axe, page, found, seen = Axe(), context.new_page(), {}, 0
    for address in dict.fromkeys(addresses(places)):
        answer = context.request.get(address, max_redirects=0)
        if answer.status == 405 or 300 <= answer.status < 400:
            continue  # takes POST only, or leads to a page that is visited anyway
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.ok or answer.status in {403, 404}, f"{address}: {answer.status}"
        page.goto(address)
        rows = axe.run(page).response["violations"]
        seen += 1
        if broken := page.evaluate(BROKEN_WORDS):
            found[f"{address}: words that break"] = broken
        if rows:
            found[address] = [(row["id"], [node["html"][:160] for node in row["nodes"]][:3]) for row in rows]
    page.close()
    assert seen > 15, "hardly any page was visited"
    return found


@pytest.mark.parametrize("who", ["visitor", "keeper"])
@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("es", "dark", 360)])
def test_pages_have_no_axe_violations(
    furnished: tuple[Server, Places], chromium: Browser, who: str, language: str, scheme: Any, width: int
) -> None:
    server, places = furnished
    context = chromium.new_context(
        base_url=server.url,
        locale=language,
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 800},
    )
    if who == "keeper":
        page = context.new_page()
        enter(page)
        await_figures(page)
    found = faults(context, places)
    assert not found, pprint.pformat(found, width=160)
    context.close()


def test_search_filters_replace_the_list(furnished: tuple[Server, Places], chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(f"{furnished[0].url}/?q=orilla")
    page.evaluate("window.here = true")
    page.get_by_role("link", name="Filter").click()
    page.get_by_role("link", name="Folk").wait_for()
    assert page.evaluate("window.here")  # no other page was loaded
    assert page.url.endswith("/?q=orilla&narrow=1")
    page.get_by_role("searchbox").fill("orilla papel")
    page.get_by_role("heading", name="1 song", exact=True).wait_for()
    assert page.url.endswith("/?q=orilla+papel&narrow=1")
    page.close()
