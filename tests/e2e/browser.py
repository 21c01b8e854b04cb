"""A real Chromium, and pages that note what must not happen."""

from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.e2e.server import Server

CHROMIUM = "/usr/bin/chromium"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

TOO_SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((element) => !element.closest("p, dd, td, .song, .skip, .choice") && element.type !== "hidden")
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.height < 43.5 || box.width < 43.5))
  .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""


class Watched:
    """A page that writes down what must not happen: complaints of the browser, and requests to anybody else."""

    def __init__(self, browser: Browser, server: Server, **options: Any) -> None:
        self.server = server
        self.context = browser.new_context(base_url=server.url, locale="en", **options)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._console)
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        expected = "404" in message.text and "/api/v1/lookups/" in message.location.get("url", "")
        if message.type in {"error", "warning"} and not expected:
            self.faults.append(f"{message.text} {message.location.get('url')}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.faults.append(f"asked {request.url}")
