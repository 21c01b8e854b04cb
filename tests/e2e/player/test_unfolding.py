"""Drums that are taken apart from their lane in the player: asked for, made, unfolded, muted, downloaded."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import Watched, sign_in
from tests.e2e.server import Person, Server
from tests.separation.engines.exchange.tiny import KIT
from tests.separation.stem_model import install_kit
from tests.songs import song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("unfolding")]

SECONDS = 14  # more than a segment


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An installation that knows a model for drums."""
    folder = Path(tmp_path_factory.mktemp("server"))
    install_kit(folder / "data" / "models")
    running = Server(folder).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def owner(server: Server) -> Person:
    return Person(server)


def separated(owner: Person, path: Path, seed: int) -> dict[str, Any]:
    """A song in four stems, as its separation."""
    soundfile.write(path, song(SECONDS, seed=seed), 44_100)
    answer = owner.upload(path, model="compact:4stems")
    assert answer.status_code == 201, answer.text
    return owner.wait_until_finished(answer.json()["separation"]["id"])


@pytest.fixture(scope="module")
def apart(owner: Person, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A song whose drums are taken apart already."""
    made = separated(owner, Path(tmp_path_factory.mktemp("songs")) / "Coro - Palmas.flac", 32)
    drums = next(stem["id"] for stem in made["stems"] if stem["name"] == "drums")
    answer = owner.call("POST", f"stems/{drums}/separations/", json={"model": KIT.spec.slug})
    assert answer.status_code == 202, answer.text
    owner.wait_until_finished(answer.json()["id"])
    pk: str = made["track"]
    return pk


@pytest.fixture
def drummer(chromium: Browser, server: Server, owner: Person) -> Iterator[Watched]:
    watched = Watched(chromium, server, viewport={"width": 1280, "height": 900})
    sign_in(watched.page, owner)
    yield watched
    assert watched.faults == []
    watched.context.close()


def stems_fetched(page: Page) -> list[str]:
    """Note from now on of which stems segments are fetched."""
    fetched: list[str] = []
    page.on(
        "request",
        lambda request: fetched.extend(re.findall(r"/stems/([^/]+)/segments/", request.url)),
    )
    return fetched


def parts_of_drums(page: Page) -> dict[str, Any]:
    """What the page knows of the parts of the drums."""
    recording = json.loads(page.locator("#player").first.text_content() or "null")
    found: dict[str, Any] = next(stem for stem in recording["stems"] if stem["name"] == "drums")["parts"]
    return found


def test_drums_are_taken_apart_unfolded_muted_and_downloaded(
    drummer: Watched, owner: Person, tmp_path: Path
) -> None:
    track = separated(owner, tmp_path / "Coro - Tambores.flac", 31)["track"]
    page = drummer.page
    page.goto(f"/tracks/{track}/")
    drums = page.get_by_role("group", name="Drums", exact=True)
    page.keyboard.press("Space")
    player = page.locator(".player")
    expect(player).to_have_attribute("data-playing", "playing")
    drums.get_by_role("button", name="Drums: take apart…").click()
    drums.get_by_role("button", name="Bass drum, Snare drum, Toms, Hi-hat, Cymbals").click()
    unfold = drums.get_by_role("button", name="Parts of Drums")
    expect(unfold).to_have_attribute("aria-expanded", "false", timeout=90_000)
    kick = page.get_by_role("group", name="Bass drum", exact=True)
    expect(kick).to_be_hidden()

    unfold.focus()
    page.keyboard.press("Enter")
    expect(unfold).to_have_attribute("aria-expanded", "true")
    expect(kick).to_be_visible()
    kick.get_by_role("button", name="Mute").click()
    expect(page.locator("[data-mix-says]")).to_have_text("Without Bass drum")
    kick.get_by_role("slider", name="Bass drum, volume").focus()
    page.get_by_role("slider", name="Cymbals, volume").fill("50")
    page.get_by_label("Format").select_option("flac")
    with page.expect_download(timeout=90_000) as mix:
        page.get_by_role("button", name="Download this mix").click()
    assert mix.value.suggested_filename == "Coro - Tambores (no drums-kick, drums-cymbals x0.25).flac"
    path = tmp_path / "mix.flac"
    mix.value.save_as(path)
    separations = owner.call("GET", f"tracks/{track}/").json()["separations"]
    assert len(separations) == 1
    mixed, _rate = soundfile.read(path)
    assert np.abs(mixed).max() > 0.1

    page.reload()  # as it was left
    expect(unfold).to_have_attribute("aria-expanded", "true")
    expect(kick.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
    parts = parts_of_drums(page)
    assert [stem["name"] for stem in parts["stems"]] == [f"drums-{name}" for name in KIT.spec.stems]
    unfold.click()
    expect(kick).to_be_hidden()
    expect(page.locator("[data-mix-says]")).to_have_text("All parts as they are")


def test_parts_are_fetched_only_while_they_are_unfolded(drummer: Watched, apart: str) -> None:
    page = drummer.page
    fetched = stems_fetched(page)
    page.goto(f"/tracks/{apart}/")
    parts = {stem["segments"].split("/")[-4] for stem in parts_of_drums(page)["stems"]}
    unfold = page.get_by_role("button", name="Parts of Drums")
    expect(unfold).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Space")
    expect(page.locator(".player")).to_have_attribute("data-playing", "playing")
    assert not parts & set(fetched)
    with page.expect_request(lambda request: any(f"/stems/{pk}/segments/" in request.url for pk in parts)):
        unfold.click()


def test_volumes_of_all_lanes_stand_below_one_another(drummer: Watched, apart: str) -> None:
    page = drummer.page
    page.goto(f"/tracks/{apart}/")
    page.get_by_role("button", name="Parts of Drums").click()
    volumes = page.get_by_role("slider", name=", volume")
    expect(volumes).to_have_count(4 + len(KIT.spec.stems))
    places = {(box["x"], box["width"]) for each in volumes.all() if (box := each.bounding_box())}
    assert len(places) == 1


UNFOLDED_AND_FOLDED = """async () => {
  const { Engine } = await import("stemoteca/player/sound/engine");
  const set = JSON.parse(document.getElementById("player").textContent);
  const at = set.stems.findIndex(({ name }) => name === "drums");
  const render = async (isUnfolded) => {
    const context = new OfflineAudioContext(2, 6 * set.rate, set.rate);
    context.addEventListener = () => {};
    const engine = new Engine(set, () => context, "lossless");
    const parts = isUnfolded ? set.stems[at].parts.stems.map((stem) => engine.addStem(stem)) : [];
    for (const part of parts) engine.stems.set(part, { volume: 1, pan: 0 });
    await engine.play();
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const settle = async () => {
      while (!engine.isSettled) await pause(20);
    };
    await settle();
    for (const second of [1, 2, 3, 4, 5]) {
      context.suspend(second).then(async () => {
        if (second === 2 && parts.length) engine.stems.exchange(parts, [at]);
        if (second === 4 && parts.length) engine.stems.exchange([at], parts);
        await settle();
        context.resume();
      });
    }
    const heard = (await context.startRendering()).getChannelData(0);
    return { heard, audible: engine.stems.audible };
  };
  const folded = await render(false);
  const unfolded = await render(true);
  let worst = 0;
  for (let i = 0; i < folded.heard.length; i += 1) {
    worst = Math.max(worst, Math.abs(folded.heard[i] - unfolded.heard[i]));
  }
  return { worst, loudest: folded.heard.reduce((a, b) => Math.max(a, Math.abs(b)), 0), audible: unfolded.audible };
}"""


def test_unfolding_while_it_plays_leaves_no_gap(drummer: Watched, apart: str) -> None:
    page = drummer.page
    page.goto(f"/tracks/{apart}/")
    heard = page.evaluate(UNFOLDED_AND_FOLDED)
    assert heard["loudest"] > 0.1
    assert heard["audible"] == [0, 1, 2, 3]
    assert heard["worst"] < 0.01, "the parts add up to the drums, also where they take over"
