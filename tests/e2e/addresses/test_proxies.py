"""Behind nginx and Caddy as ``deploy/proxies`` configures them: HTTPS, below a path of another site.

``STEMOTECA_TEST_MEGABYTES`` sends a file of that size as well; `make test-proxies` sets it to 500.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import ConsoleMessage, Request, expect

from tests.e2e.browser import SWITCHES, launched
from tests.e2e.server import ROOT, Person, Server, free_port, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("proxies")]
PROXIES = ROOT / "deploy" / "proxies"


def nginx(folder: Path, port: int, upstream: int) -> list[str]:
    """Write our site into a configuration of its own; return the command that serves it."""
    site = (PROXIES / "nginx.conf").read_text()
    for old, new in (
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{upstream}"),
        (r"server \{\s+listen 80;.*?\n\}\n", ""),
        (r".*listen \[::\].*\n", ""),
        (r"listen 443 ssl http2", f"listen 127.0.0.1:{port} ssl http2"),
        (r"songs\.example\.org", "localhost"),
        (r"/etc/ssl/songs", str(folder / "songs")),
        (r"location / \{", "location /music/ {"),
    ):
        site, found = re.subn(old, new, site, flags=re.DOTALL if "server" in old else 0)
        assert found, old
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/proxy.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{site}\n}}\n"
    )
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "proxy.log")]


def caddy(folder: Path, port: int, upstream: int) -> list[str]:
    """Write the second site of our file, that below a path; return the command that serves it."""
    lines = (PROXIES / "Caddyfile").read_text().splitlines()
    site = [
        line.removeprefix("#").removeprefix(" ")
        for line in lines
        if re.match(r"# (\t|example|\}|$)", f"{line} ")
    ]
    text = "\n".join(site[site.index(next(line for line in site if line.startswith("example.org"))) :])
    text = text.replace(
        "example.org {", f"https://localhost:{port} {{\n\ttls {folder}/songs.pem {folder}/songs.key"
    )
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    (folder / "Caddyfile").write_text(
        f"{{\n\tadmin off\n\tauto_https off\n\tskip_install_trust\n}}\n{text}\n"
    )
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, Person]]:
    """An installation behind a proxy: its address, the certificate, somebody with an account."""
    configure: Callable[[Path, int, int], list[str]] = request.param
    if not shutil.which(configure.__name__, path="/usr/bin:/usr/sbin"):
        pytest.skip(f"{configure.__name__} is not installed")
    folder = Path(tmp_path_factory.mktemp("proxy"))
    certificate = folder / "songs.pem"
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    keys = ("-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "songs.key"), "-out", str(certificate))
    subprocess.run(["openssl", "req", "-x509", "-days", "2", *name, *keys], check=True, capture_output=True)
    port = free_port()
    address = f"https://localhost:{port}/music"
    server = Server(folder, STEMOTECA_URL=address, STEMOTECA_PROXIES="1").start()
    environment = {**os.environ, "HOME": str(folder), "PATH": "/usr/bin:/usr/sbin:/bin"}
    with (folder / "proxy.out").open("wb") as out:
        proxy = subprocess.Popen(
            configure(folder, port, server.port), env=environment, stdout=out, stderr=out
        )

    def answers() -> bool:
        assert proxy.poll() is None, (folder / "proxy.out").read_text()
        try:
            return requests.get(f"{address}/readyz", verify=str(certificate), timeout=5).ok
        except requests.ConnectionError:
            return False

    try:
        wait_until(answers)
        yield address, certificate, Person(server)
    finally:
        proxy.terminate()
        proxy.wait(20)
        server.stop()


def test_uploads_ranges_and_the_player_work_behind_the_proxy(site: tuple[str, Path, Person]) -> None:
    address, certificate, person = site
    walk(address, certificate, person)
    browse(address, person)


def walk(address: str, certificate: Path, person: Person) -> None:
    """Upload a song, have it separated, read a stem by ranges; perhaps upload a large file."""
    done = subprocess.run(
        [
            *(
                sys.executable,
                str(ROOT / "deploy/tests/walk.py"),
                address,
                person.email,
                f"--password={person.password}",
            ),
            *("--certificate", str(certificate)),
            *("--megabytes", os.environ.get("STEMOTECA_TEST_MEGABYTES") or "0"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def browse(address: str, person: Person) -> None:
    """Sign in and play the song in a browser, whose cookies are secure and for this path."""
    with launched(SWITCHES) as browser:
        context = browser.new_context(base_url=f"{address}/", ignore_https_errors=True, locale="en")
        page = context.new_page()
        faults: list[str] = []

        def note_error(message: ConsoleMessage) -> None:
            if message.type == "error" and "503" not in message.text:  # 503: it is being encoded, ask again
                faults.append(message.text)

        def note_request(sent: Request) -> None:
            if not sent.url.startswith((address, "blob:", "data:")):
                faults.append(sent.url)

        page.on("console", note_error)
        page.on("request", note_request)
        page.goto("accounts/login/")
        page.get_by_label("Email").fill(person.email)
        page.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("header a[href='/music/notices/']")).to_be_visible()
        assert page.url == f"{address}/"
        assert page.evaluate("window.isSecureContext")
        page.goto("songs/")
        page.locator("main").get_by_role("link", name="Walk", exact=True).click()
        expect(page.locator("main .player")).to_have_attribute("data-playing", "stopped")  # its script runs
        page.locator("main .player [data-do=play]").click()
        expect(page.locator("main .player")).to_have_attribute("data-playing", "playing")
        cookies = {cookie["name"]: cookie for cookie in context.cookies()}
        assert {"sessionid", "csrftoken", "devices"} <= {*cookies}
        assert all(cookie["secure"] for cookie in cookies.values())
        assert {cookie["path"] for cookie in cookies.values()} == {"/music/"}
        assert faults == []
        context.close()
