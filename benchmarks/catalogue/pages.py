"""How fast the pages, the API and the admin panel are with a large catalogue: ``python -m benchmarks catalogue``.

Fills the database that STEMOTECA_DATABASE names, or an SQLite file of its own under the cache folder; one that was
filled before is taken as it is. Then asks a real web server on the loopback address, one request after another, each
with other arguments.
"""

import http.client
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from benchmarks.measure import ROOT, head, row

if TYPE_CHECKING:
    from accounts.models import User
    from catalog.models import Track

HEADS = ["", "at most, ms", "visitor p50", "p95", "signed in p50", "p95"]
KEEPER = "keeper@example.org"
REQUESTS = 200
SAMPLES = 250
_WARM_UP = 10
_ENOUGH = 15_000  # ms for one figure: whatever takes longer is far beyond its limit
_COMMON = ("amor", "love", "noche", "rain", "luz", "lua", "coeur", "nacht", "the", "de", "a")

Address = Callable[["Sample"], str]
Times = tuple[float, float]  # ms


@dataclass(frozen=True)
class Kind:
    """Addresses of one kind, and how long one of them may take in 95 of 100 cases."""

    name: str
    limit: int
    address: Address
    staff: bool = False


@dataclass
class Sample:
    """Arguments for one request, taken from the catalogue."""

    track: "Track"
    rng: random.Random

    def words(self) -> list[str]:
        return [word for word in self.track.title_key.split() if len(word) > 2] or [self.track.artist.key]

    def rare(self) -> str:
        return max(self.words(), key=len)

    def common(self) -> str:
        return self.rng.choice(_COMMON)

    def two(self) -> str:
        return f"{self.track.artist.key.split()[-1]} {self.rng.choice(self.words())}"

    def typo(self) -> str:
        """Artist and title as somebody types them in a hurry: two letters changed places."""
        text = f"{self.track.artist.key} {self.rare()}"
        at = self.rng.randrange(1, max(len(text) - 2, 2))
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]

    def begun(self) -> str:
        """What stands in the field while somebody types."""
        text = self.rng.choice([self.track.artist.key, self.track.title_key, self.two()])
        return text[: self.rng.randrange(2, 10)].strip() or text


def _search(path: str, words: Callable[[Sample], str]) -> Address:
    return lambda sample: path + quote(words(sample))


def _page(path: str, name: str = "page") -> Address:
    return lambda sample: (
        f"{path}{'&' if '?' in path else '?'}{name}={sample.rng.choice((1, 1, 1, 2, 3, 20))}"
    )


def _admin(name: str) -> list[Kind]:
    path = f"/admin/{name}/"
    title = name.partition("/")[2]
    return [
        Kind(f"admin: {title}", 300, _page(path, "p"), staff=True),
        Kind(f"admin: {title}, search", 300, _search(f"{path}?q=", Sample.rare), staff=True),
    ]


def _letters(sample: Sample) -> str:
    return f"/artists/?letter={sample.rng.choice('abcdefghijklmnopqrstuvwxyz0')}"


def _artist(sample: Sample) -> str:
    return f"/artists/{sample.track.artist.slug}/"


def _album(sample: Sample) -> str:
    return f"/albums/{sample.track.album_id}/" if sample.track.album_id else _artist(sample)


KINDS = [
    Kind("search page: rare word", 100, _search("/?q=", Sample.rare)),
    Kind("search page: common word", 100, _search("/?q=", Sample.common)),
    Kind("search page: two words", 100, _search("/?q=", Sample.two)),
    Kind("search page: typo", 100, _search("/?q=", Sample.typo)),
    Kind("search while typing", 60, _search("/?fragment=results&q=", Sample.begun)),
    Kind("API search", 100, _search("/api/v1/search/?q=", Sample.two)),
    Kind("home", 100, lambda _sample: "/"),
    Kind("statistics", 100, lambda _sample: "/statistics/"),
    Kind("artists by letter", 100, _letters),
    Kind("artist", 100, _artist),
    Kind("album", 100, _album),
    Kind("track", 100, lambda sample: f"/tracks/{sample.track.pk}/"),
    Kind("API tracks", 100, _page("/api/v1/tracks/")),
    Kind("API tracks: words", 100, _search("/api/v1/tracks/?q=", Sample.two)),
    Kind("API tracks: artist", 100, lambda sample: f"/api/v1/tracks/?artist={sample.track.artist_id}"),
    Kind("API tracks: album", 100, lambda sample: f"/api/v1/tracks/?album={sample.track.album_id}"),
    Kind("API tracks: genre", 100, _search("/api/v1/tracks/?genre=", lambda sample: sample.track.genre)),
    Kind("API tracks: model", 100, _page("/api/v1/tracks/?model=compact:2stems")),
    Kind("API tracks: by title", 100, _page("/api/v1/tracks/?ordering=title")),
    Kind("API tracks: by artist", 100, _page("/api/v1/tracks/?ordering=artist")),
    Kind("API statistics", 100, lambda _sample: "/api/v1/statistics/"),
    Kind("API artists", 100, _page("/api/v1/artists/")),
    Kind(
        "API artists: words", 100, _search("/api/v1/artists/?q=", lambda sample: sample.track.artist.key[:7])
    ),
    Kind("API albums", 100, _page("/api/v1/albums/")),
    Kind("API albums: words", 100, _search("/api/v1/albums/?q=", Sample.rare)),
    Kind("admin: front page", 300, lambda _sample: "/admin/", staff=True),
    *_admin("catalog/track"),
    *_admin("catalog/artist"),
    *_admin("catalog/album"),
    *_admin("catalog/audiofile"),
    *_admin("catalog/upload"),
    *_admin("separation/separation"),
    *_admin("separation/stem"),
    Kind("admin: user", 300, lambda _sample: "/admin/accounts/user/", staff=True),
    Kind(
        "admin: one track", 300, lambda sample: f"/admin/catalog/track/{sample.track.pk}/change/", staff=True
    ),
    Kind(
        "admin: one artist", 300, lambda s: f"/admin/catalog/artist/{s.track.artist_id}/change/", staff=True
    ),
]


def compare(tracks: int, cache: Path, only: str = "", rounds: int = 1) -> None:
    """Fill where needed, then print the table; `only` is a pattern of the kinds to ask for.

    All kinds are asked for in each of the `rounds`, so that a slow minute of the machine hits none of them alone; the
    figures are the medians of the rounds'.
    """
    keeper, samples = prepared(tracks, cache)
    cookies = {False: _cookie(_somebody()), True: _cookie(keeper)}
    kinds = [kind for kind in KINDS if re.search(only, kind.name)]
    found: dict[tuple[Kind, str | None], list[Times | int]] = defaultdict(list)
    with _website() as port:
        for number in range(1, rounds + 1):
            for kind in kinds:
                print(f"round {number} of {rounds}: {kind.name}", file=sys.stderr, flush=True)
                for cookie in (cookies[True],) if kind.staff else (None, cookies[False]):
                    found[kind, cookie].append(_times(port, kind, samples, cookie))
    head(HEADS)
    for kind in kinds:
        visitor = ("", "") if kind.staff else _cells(found[kind, None])
        row([kind.name, str(kind.limit), *visitor, *_cells(found[kind, cookies[kind.staff]])])
    print(flush=True)


def _cells(rounds: "list[Times | int]") -> tuple[str, str]:
    """The figures of a kind, or what the server answered instead."""
    if refused := [answer for answer in rounds if isinstance(answer, int)]:
        return f"({refused[0]})", ""
    middle, slow = zip(*(times for times in rounds if not isinstance(times, int)), strict=True)
    return f"{median(middle):.0f}", f"{median(slow):.0f}"


def _times(port: int, kind: Kind, samples: "list[Track]", cookie: str | None) -> "Times | int":
    """The middle and the 95th of a hundred, in ms; the status of an answer that was no page."""
    rng = random.Random(kind.name)  # noqa: S311  # the same for every run
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Cookie": cookie} if cookie else {}
    taken, refused = [], 0
    for number in range(_WARM_UP + REQUESTS):
        address = kind.address(Sample(samples[number % len(samples)], rng))
        started = time.perf_counter()
        client.request("GET", address, headers=headers)
        answer = client.getresponse()
        answer.read()
        if number >= _WARM_UP:
            taken.append(1e3 * (time.perf_counter() - started))
        if answer.status != 200:
            refused = answer.status
        if sum(taken) > _ENOUGH:  # far beyond every limit
            break
    client.close()
    if refused:
        return refused
    taken.sort()
    return median(taken), taken[int(0.95 * len(taken))]


def prepared(tracks: int, cache: Path) -> "tuple[User, list[Track]]":
    """Django, tables and rows; who looks after it, and songs to ask for."""
    folder = cache / (f"catalogue-{tracks}" if "STEMOTECA_DATABASE" not in os.environ else "catalogue")
    os.environ.setdefault("STEMOTECA_DATA", str(folder.absolute()))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "STEMOTECA_EMAIL": "consolemail://"}
    os.environ["STEMOTECA_LOG_LEVEL"] = "WARNING"
    os.environ |= {f"STEMOTECA_RATE_{who}": "100000000/min" for who in ("VISITOR", "ACCOUNT")}
    import django  # noqa: PLC0415  # the environment comes first

    django.setup()
    from accounts.models import User  # noqa: PLC0415
    from catalog.management.database import migrate_database  # noqa: PLC0415
    from catalog.models import Track, Visibility  # noqa: PLC0415
    from operations.bootstrap import collect_static  # noqa: PLC0415

    migrate_database()
    collect_static()
    keeper = User.objects.filter(email=KEEPER).first()
    if keeper is None:
        if Track.objects.exists():
            sys.exit("This database holds another catalogue; name an empty one.")
        from benchmarks.catalogue.population import Crowd  # noqa: PLC0415

        started = time.monotonic()
        Crowd(tracks).fill()
        print(f"{tracks} tracks written in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        keeper = User.objects.create_superuser(KEEPER)  # the sign that all is there
    rng = random.Random(7)  # noqa: S311  # the same for every run
    shared = Track.objects.filter(visibility=Visibility.SHARED).select_related("artist").order_by("pk")
    return keeper, [
        shared.filter(pk__gte=f"{rng.getrandbits(128) >> 1:032x}")[:1].get() for _ in range(SAMPLES)
    ]


def _somebody() -> "User":
    from accounts.models import User  # noqa: PLC0415  # after `django.setup`

    return User.objects.get(email="person0@example.org")


def _cookie(user: "User") -> str:
    """A session of `user`."""
    from django.test import Client  # noqa: PLC0415  # after `django.setup`

    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    if client.get("/library/").status_code != 200:
        raise RuntimeError(f"{user.email} is not signed in")
    return f"sessionid={client.cookies['sessionid'].value}"


@contextmanager
def _website() -> Iterator[int]:
    """One web process as `manage.py run` starts it; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    from operations.process_lifecycle import SUPERVISOR_PID_VARIABLE  # noqa: PLC0415  # after `django.setup`

    environment: dict[str, Any] = os.environ | {
        "PORT": str(port),
        SUPERVISOR_PID_VARIABLE: str(os.getpid()),
    }
    process = subprocess.Popen([sys.executable, "-m", "operations.server"], cwd=ROOT, env=environment)
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("the website did not start") from None
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)
