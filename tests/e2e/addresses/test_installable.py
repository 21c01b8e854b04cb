"""The site as an app: what a real Chromium thinks of its manifest."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Watched
from tests.e2e.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]


def test_chromium_offers_to_install_the_site(chromium: Browser, server: Server) -> None:
    watched = Watched(chromium, server)
    watched.page.goto("/")
    session = watched.context.new_cdp_session(watched.page)
    assert session.send("Page.getAppManifest")["errors"] == []
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Windows of tests are private ones, in which nothing can be installed.
    assert [error["errorId"] for error in errors if error["errorId"] != "in-incognito"] == []
    assert watched.faults == []
    watched.context.close()
