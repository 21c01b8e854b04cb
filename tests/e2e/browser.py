"""A real Chromium, and pages that note what must not happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.e2e.server import Person, Server

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

# Nothing sounds before somebody presses a key.
PRESS_FIRST = [
    *(switch for switch in SWITCHES if not switch.startswith("--autoplay-policy")),
    "--autoplay-policy=document-user-activation-required",
]

# Plays the song into memory, as fast as it can be rendered, and compares with the stems' own samples.
PLAYED_AGAINST_STORED = """async () => {
  const { Engine } = await import("stemoteca/player/sound/engine");
  const set = JSON.parse(document.getElementById("player").textContent);
  const decoder = new OfflineAudioContext(2, 1, set.rate);
  const wanted = [new Float32Array(set.frames), new Float32Array(set.frames)];
  for (const stem of set.stems) {
    for (let n = 0; n * set.segment < set.frames; n += 1) {
      const answer = await fetch(stem.segments.replace(/0\\/$/, `${n}/`));
      const gain = Number(answer.headers.get("X-Gain"));
      const buffer = await decoder.decodeAudioData(await answer.arrayBuffer());
      for (const side of [0, 1]) {
        const samples = buffer.getChannelData(side);
        for (let i = 0; i < samples.length; i += 1) {
          const stored = Math.round(samples[i] * (samples[i] > 0 ? 32767 : 32768)); // as Chromium scales 16 bits
          wanted[side][n * set.segment + i] += stored / 32768 / gain;
        }
      }
    }
  }
  const context = new OfflineAudioContext(2, set.frames, set.rate);
  context.addEventListener = () => {};
  const engine = new Engine(set, () => context, "lossless");
  await engine.play();
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const settle = async () => {
    while (!engine.isSettled) await pause(20);
  };
  await settle();
  for (let second = 2; second < set.frames / set.rate; second += 2) {
    context.suspend(second).then(settle).then(() => context.resume());
  }
  const played = await context.startRendering();
  const begin = Math.ceil(0.05 * set.rate);
  let worst = 0;
  for (const side of [0, 1]) {
    const samples = played.getChannelData(side);
    for (let i = begin; i < samples.length; i += 1) {
      worst = Math.max(worst, Math.abs(samples[i] - wanted[side][i - begin]));
    }
  }
  return { worst, loudest: wanted[0].reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
}"""

# Plays the song into memory, does at some moments what a plan says, and gives back what was heard as hexadecimal text.
# "clicks" (beats and bars as in the API, "countin") has the metronome heard alone.
RENDERED = """async ({ seconds, plan, quality }) => {
  const { Engine } = await import("stemoteca/player/sound/engine");
  const { stretchFrom } = await import("stemoteca/player/sound/stretch");
  const { countBeats } = await import("stemoteca/beats/grid");
  const set = JSON.parse(document.getElementById("player").textContent);
  const context = new OfflineAudioContext(2, seconds * set.rate, set.rate);
  context.addEventListener = () => {};
  const engine = new Engine(set, () => context, quality);
  engine.setStretch(stretchFrom(new URLSearchParams(location.search)));
  const act = ({ stretch, loop, seek, clicks }) => {
    if (clicks) {
      for (const stem of set.stems.keys()) engine.stems.set(stem, { volume: 0, pan: 0 });
      engine.metronome.setBeats(countBeats(clicks.beats, clicks.bars));
      engine.metronome.choose({ isOn: true, bars: clicks.countin });
    }
    if (loop) engine.setLoop(loop);
    if (seek !== undefined) engine.seek(seek);
    if (stretch) engine.setStretch(stretch);
  };
  for (const step of plan.filter(({ at }) => at === 0)) act(step);
  await engine.play();
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const settle = async () => {
    while (!engine.isSettled) await pause(20);
  };
  await settle();
  for (let now = 0.05; now < seconds - 0.1; now += 0.05) {
    const second = Math.round(now * 100) / 100;
    const steps = plan.filter(({ at }) => at > 0 && Math.abs(at - second) < 0.01);
    if (!steps.length && Math.round(second * 100) % 200) continue;
    context.suspend(second).then(async () => {
      for (const step of steps) act(step);
      await settle();
      context.resume();
    });
  }
  const played = await context.startRendering();
  return [0, 1].map((side) => new Uint8Array(played.getChannelData(side).buffer).toHex()).join("");
}"""

TOO_SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((element) => !element.closest("p, dd, td, .song, .skip, .choice") && element.type !== "hidden")
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.height < 43.5 || box.width < 43.5))
  .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""


NOTE_TIMES = """() => {
  const now = document.querySelector("[data-now]");
  window.shownTimes = [now.textContent];
  new MutationObserver(() => window.shownTimes.push(now.textContent)).observe(now, {
    subtree: true, childList: true, characterData: true,
  });
}"""


class Clock:
    """The times that the player shows from now on, each of which may be over before a test looks."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.evaluate(NOTE_TIMES)

    def expect(self, *times: str, seconds: float = 20) -> None:
        """Wait until these have been shown one after the other."""
        deadline = monotonic() + seconds
        while True:
            shown = self._page.evaluate("window.shownTimes")
            rest = iter(shown)
            if all(time in rest for time in times):
                return
            assert monotonic() < deadline, f"{times} not in {shown}"
            self._page.wait_for_timeout(100)


@contextmanager
def launched(switches: list[str]) -> Iterator[Browser]:
    """Start a Chromium, and end it."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=switches)
        yield browser
        browser.close()


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
        address = message.location.get("url", "")
        expected = ("404" in message.text and "/api/v1/lookups/" in address) or (
            "503" in message.text and "codec=opus" in address  # it is being encoded: ask again
        )
        if message.type in {"error", "warning"} and not expected:
            self.faults.append(f"{message.text} {message.location.get('url')}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.faults.append(f"asked {request.url}")


def sign_in(page: Page, person: Person) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("header a[href='/notices/']")).to_be_visible()
