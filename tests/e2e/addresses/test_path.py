"""A site below a path of its address, such as ``https://example.org/music/``, without a proxy that cuts it off."""

import re
from pathlib import Path
from urllib.parse import urljoin

import requests

from tests.e2e.server import Server

LINK = re.compile(r'(?:href|src|action|data-[a-z-]*(?:url|address))="([^"#]+)')
MOST_PAGES = 60


def test_all_addresses_of_pages_scripts_and_api_are_below_the_path(tmp_path: Path) -> None:
    server = Server(tmp_path)
    root = f"{server.url}/music/"
    server.environment["STEMOTECA_URL"] = root
    server.start()
    try:
        browser = requests.Session()
        waiting: list[str] = [root]
        seen: set[str] = set()
        while waiting and len(seen) < MOST_PAGES:
            address = waiting.pop(0)
            answer = browser.get(address, timeout=60)
            assert answer.ok or answer.status_code == 405, f"{address}: {answer.status_code}"
            assert answer.url.startswith(root), f"{address} leads to {answer.url}"
            seen.add(address)
            links = (
                LINK.findall(answer.text) if answer.headers["Content-Type"].startswith("text/html") else []
            )
            for link in (urljoin(answer.url, link.replace("&amp;", "&")) for link in links):
                assert link.startswith((root, "https://", "data:")), f"{address} links to {link}"
                if link.startswith(root) and link not in seen and "logout" not in link:
                    waiting.append(link)
        assert {f"{root}accounts/login/", f"{root}upload/"} <= seen | {*waiting}
        assert {cookie.path for cookie in browser.cookies} == {"/music/"}
        [described] = browser.get(f"{root}api/schema/?format=json", timeout=60).json()["servers"]
        assert described == {"url": "/music"}
        refused = browser.get(f"{root}api/v1/me/", timeout=60)
        assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated")
        outside = browser.get(f"{server.url}/music-box/", timeout=60)
        assert outside.status_code == 404
    finally:
        server.stop()
