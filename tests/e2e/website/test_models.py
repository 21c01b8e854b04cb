"""An administrator installs a model on the page, in a real browser, through a crash; then songs are separated."""

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, expect

from separation.engines import modelspec
from tests.e2e.browser import Watched, sign_in
from tests.e2e.server import Person, Server, wait_until
from tests.separation.engines.spleeter.archives import archive, checkpoint, serving
from tests.songs import write_song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("models")]

NAME, SLUG = "2stems", "spleeter:2stems"


def administrator(server: Server) -> Person:
    """Who may sign in by what the first start printed."""
    email, password = re.findall(r"Sign in as (\S+) with the password (\S+)", server.log())[0]
    return cast("Person", SimpleNamespace(email=email, password=password))


def separated_by_default(person: Person, path: Any) -> dict[str, Any]:
    """The separation of a song for which no model was chosen."""
    answer = person.upload(path)
    assert answer.ok, answer.text
    found: dict[str, Any] = answer.json()["separation"]
    return found


def test_model_is_installed_through_a_crash_and_used(chromium: Browser, tmp_path: Any) -> None:
    with serving() as host:
        host.offer(NAME, archive(checkpoint(modelspec.SPECS[SLUG])))
        host.pause = 0.05  # 12 seconds in all
        server = Server(tmp_path, STEMOTECA_MODELS_SOURCE=host.url).start()
        try:
            install(chromium, server)
            ranges = [wanted for path, wanted in host.asked if path.endswith(".gz")]
            assert ranges[0] is None
            assert all(re.fullmatch(r"bytes=[1-9]\d*-", wanted or "") for wanted in ranges[1:])
            assert len(ranges) > 1
            song = write_song(tmp_path / "song.flac", 3.0, seed=1)
            person = Person(server)
            asked = separated_by_default(person, song)
            assert asked["model"] == SLUG
            person.wait_until_finished(asked["id"])
            again = separated_by_default(Person(server), song)
            assert (again["id"], again["status"]) == (asked["id"], "succeeded")
            older = person.upload(
                write_song(tmp_path / "older.flac", 3.0, seed=2), model="compact:2stems"
            ).json()
            person.wait_until_finished(older["separation"]["id"])
            separate_again(chromium, server, older["track"]["id"], older["separation"]["id"])
        finally:
            server.stop()


def install(chromium: Browser, server: Server) -> None:
    """From the dashboard to the default model, with a server that is killed in the middle of the download."""
    watched = Watched(chromium, server, viewport={"width": 390, "height": 800}, color_scheme="dark")
    page = watched.page
    sign_in(page, administrator(server))
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Better models exist")).to_be_visible()
    page.get_by_role("link", name="Show the models").click()
    card = page.locator(f'[id="{SLUG}"]')
    sentence, heading = card.locator("[data-sentence]"), card.get_by_role("heading", name=SLUG)
    expect(sentence).to_have_text("Not installed.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.locator(".model-acts :is(a, button)").evaluate_all(
        "(all) => all.filter((one) => one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML)"
    )
    assert small == []
    card.get_by_role("link", name="Install", exact=True).click()
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    beyond = "(one) => one.getBoundingClientRect().right - one.form.getBoundingClientRect().right"
    assert page.get_by_label("Folder or archive").evaluate(beyond) < 1
    page.get_by_label("I have read this licence").first.check()
    page.get_by_role("button", name="Install", exact=True).click()
    expect(card.locator("progress")).to_be_visible(timeout=30_000)
    expect(card.locator("progress")).to_have_attribute("value", re.compile(r"[2-8]\d"), timeout=60_000)
    assert watched.faults == []
    server.kill_group()
    wait_until(lambda: not server.processes())
    server.start()
    expect(sentence).to_contain_text("Installed", timeout=120_000)  # the page was not loaded again
    expect(heading).to_be_visible()
    card.get_by_role("button", name="Make default").click()
    expect(card.get_by_text("Default", exact=True)).to_be_visible()
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Better models exist")).to_be_hidden()
    watched.context.close()


def separate_again(chromium: Browser, server: Server, track: str, older: str) -> None:
    """A song of the former default is separated again, and its page shows both."""
    watched = Watched(chromium, server, viewport={"width": 390, "height": 800}, color_scheme="dark")
    page = watched.page
    sign_in(page, administrator(server))
    page.goto("/admin/separation/modelinstallation/")
    page.locator(f'[id="{SLUG}"]').get_by_role("link", name="Separate songs again").click()
    expect(page.get_by_label("compact:2stems: 1 song.")).to_be_checked()
    expect(page.get_by_text("more storage.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Start").click()
    sentence = page.locator(".upgrade [data-sentence]")
    expect(sentence).to_have_text("Songs with the better parts: 1 of 1. Left: 0. Done.", timeout=120_000)
    page.goto(f"/tracks/{track}/")
    rows = page.locator(".track-separations tbody tr")
    expect(rows.locator("td:nth-child(2)")).to_have_text([SLUG, "compact:2stems"])
    assert older not in (page.locator("section.player").get_attribute("data-separation") or "")
    rows.nth(1).get_by_role("link").click()
    expect(page.locator(f'section.player[data-separation*="{older}"]')).to_be_visible()
    assert watched.faults == []
    watched.context.close()
