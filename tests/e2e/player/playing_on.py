"""A song that plays on while other pages are shown: start it, and look at it."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.server import wait_until

STARTING = 60_000  # milliseconds, for a machine that does other things as well

# The song that was started last.
HEARD = """async () => {
  const { deck } = await import("stemoteca/mini_player/deck");
  const { engine } = deck.song.player;
  const context = (window.heardContext ??= engine.makeContext());
  return { state: engine.state, frame: engine.frame, isSame: context === engine.makeContext(), clock: context.state };
}"""


def play(page: Page, track: str) -> None:
    """Open a song's page and play it; the document is marked, so that another one is noticed."""
    page.goto(f"/tracks/{track}/")
    page.evaluate("window.isFirst = true")
    page.keyboard.press("Space")
    expect(page.locator("main .player")).to_have_attribute("data-playing", "playing")


def is_first(page: Page) -> bool:
    """Whether the document is that in which the song was started."""
    return bool(page.evaluate("window.isFirst === true"))


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Mini player")


def plays_on(page: Page, frame: int) -> int:
    """Wait until the sound is beyond ``frame``; return where it is."""
    at = frame

    def is_beyond() -> bool:
        nonlocal at
        heard = page.evaluate(HEARD)
        assert heard["isSame"]
        at = heard["frame"]
        return bool(heard["state"] == "playing" and heard["clock"] == "running" and at > frame)

    wait_until(is_beyond)
    return at
