"""Stems by the API: files to take home, and pieces for players."""

import gzip
import io
import json
from typing import Any

import numpy as np
import pytest
import soundfile
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Visibility
from catalog.storage.backend import local_copy
from separation.models import Stem
from separation.queue.requests import ask
from tests.factories import make_separation, make_track

STEMS = "/api/v1/stems/"


def content(answer: Any) -> bytes:
    assert answer.status_code in {200, 206}, answer.content
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def sent(answer: Any) -> Any:
    """The answer, with its body taken, so that no file stays open."""
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


@pytest.fixture
def stem(user: User) -> Stem:
    """The vocals of a shared song of one second, as a real file."""
    separation = make_separation(make_track(user), stored=True)
    found = separation.stems.get(name="vocals")
    assert isinstance(found, Stem)
    return found


def test_stem_audio_headers(api_of: Any, user: User, stem: Stem) -> None:
    answer = api_of(user).get(f"{STEMS}{stem.pk}/audio/?codec=flac")
    assert answer["Content-Type"] == "audio/flac"
    assert answer["Content-Disposition"] == (
        'attachment; filename="Ana Torres - Barquito de papel (vocals).flac"'
    )
    assert answer["X-Content-Type-Options"] == "nosniff"
    body = content(answer)
    assert len(body) == int(answer["Content-Length"])
    sound, rate = soundfile.read(io.BytesIO(body))
    assert (sound.shape, rate) == ((44_100, 2), 44_100)


def test_stem_audio_ranges_conditions_and_head(api_of: Any, user: User, stem: Stem) -> None:
    client, path = api_of(user), f"{STEMS}{stem.pk}/audio/?codec=mp3&bitrate=128"
    whole = client.get(path)
    body = content(whole)
    part = client.get(path, HTTP_RANGE="bytes=100-199")
    assert (part.status_code, content(part)) == (206, body[100:200])
    assert part["Content-Range"] == f"bytes 100-199/{len(body)}"
    assert client.get(path, HTTP_RANGE="bytes=99999999-").status_code == 416
    assert client.get(path, HTTP_IF_NONE_MATCH=whole["ETag"]).status_code == 304
    head = client.head(path)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(body)))


@pytest.mark.parametrize(
    ("codec", "content_type"),
    [
        ("wav", "audio/wav"),
        ("flac", "audio/flac"),
        ("mp3", "audio/mpeg"),
        ("ogg", "audio/ogg"),
        ("m4a", "audio/mp4"),
        ("opus", "audio/ogg"),
    ],
)
def test_accounts_get_every_codec_and_visitors_mp3(
    api: APIClient, api_of: Any, user: User, stem: Stem, codec: str, content_type: str
) -> None:
    path = f"{STEMS}{stem.pk}/audio/?codec={codec}"
    assert sent(api_of(user).get(path))["Content-Type"] == content_type
    visitor = sent(api.get(path))
    if codec == "mp3":
        assert visitor.status_code == 200
    else:
        assert (visitor.status_code, visitor.json()["code"]) == (401, "account_needed")


def test_default_codec_is_the_best_permitted(api: APIClient, api_of: Any, user: User, stem: Stem) -> None:
    path = f"{STEMS}{stem.pk}/audio/"
    assert sent(api.get(path))["Content-Type"] == "audio/mpeg"
    assert sent(api_of(user).get(path))["Content-Type"] == "audio/flac"


def test_visitors_download_two_stem_separations_and_play_all(
    api: APIClient, user: User, settings: Any
) -> None:
    four = make_separation(make_track(user), model="compact:4stems", stored=True).stems.get(name="bass")
    assert sent(api.get(f"{STEMS}{four.pk}/audio/?codec=mp3")).status_code == 401
    assert sent(api.get(f"{STEMS}{four.pk}/peaks/")).status_code == 200
    assert sent(api.get(f"{STEMS}{four.pk}/segments/0/")).status_code == 200


def test_visitor_downloads_setting(
    api: APIClient, api_of: Any, user: User, stem: Stem, settings: Any
) -> None:
    settings.VISITOR_DOWNLOADS = False
    path = f"{STEMS}{stem.pk}/audio/?codec=mp3"
    assert sent(api.get(path)).status_code == 401
    assert sent(api_of(user).get(path)).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [("codec=aiff", "unknown_codec"), ("codec=mp3&bitrate=1", "bad_bitrate"), ("codec=123456789", "invalid")],
)
def test_unknown_encodings_are_refused(api_of: Any, user: User, stem: Stem, query: str, code: str) -> None:
    answer = api_of(user).get(f"{STEMS}{stem.pk}/audio/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_peaks_and_their_revalidation(api: APIClient, stem: Stem) -> None:
    answer = api.get(f"{STEMS}{stem.pk}/peaks/")
    assert answer.json() == {
        "samples_per_peak": 4_096,
        "sample_rate": 44_100,
        "samples": 44_100,
        "gain": 1.0,
        "peaks": list(range(11)),
    }
    assert answer["Cache-Control"] == "private, no-cache"
    again = api.get(f"{STEMS}{stem.pk}/peaks/", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_peaks_are_compressed(api: APIClient, stem: Stem) -> None:
    Stem.objects.filter(pk=stem.pk).update(peaks=bytes(1_000))
    answer = api.get(f"{STEMS}{stem.pk}/peaks/", HTTP_ACCEPT_ENCODING="gzip")
    assert answer["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.content))["peaks"] == [0] * 1_000
    again = api.get(f"{STEMS}{stem.pk}/peaks/", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304


@pytest.mark.django_db
def test_segments_join_to_the_stem(api: APIClient) -> None:
    stem = make_separation(make_track(seconds=12.5), stored=True).stems.get(name="vocals")
    assert (
        api.get(f"/api/v1/tracks/{stem.separation.mixture.tracks.get().pk}/").json()["separations"][0][
            "stems"
        ][0]["segments"]
        == 2
    )
    pieces = []
    for number in range(2):
        answer = api.get(f"{STEMS}{stem.pk}/segments/{number}/")
        assert answer["Content-Type"] == "audio/flac"
        assert answer["Cache-Control"] == "private, no-cache"
        pieces.append(soundfile.read(io.BytesIO(content(answer)), dtype="int16")[0])
    assert [len(piece) for piece in pieces] == [524_288, 551_250 - 524_288]
    whole = soundfile.read(io.BytesIO(stem_bytes(stem)), dtype="int16")[0]
    assert np.array_equal(np.concatenate(pieces), whole)


def stem_bytes(stem: Stem) -> bytes:
    with local_copy(stem.audio.key) as path:
        return path.read_bytes()


@pytest.mark.parametrize("number", ["1", "99999999999999999999", "-1", "x", "%00"])
def test_unknown_segments_are_404(api: APIClient, stem: Stem, number: str) -> None:
    assert api.get(f"{STEMS}{stem.pk}/segments/{number}/").status_code == 404


def test_stem_audio_is_named_after_ones_own_track(api_of: Any, user: User, other: User, stem: Stem) -> None:
    own = make_track(other, audio=stem.separation.mixture, visibility=Visibility.PRIVATE, title="My copy")
    ask(own, stem.separation.model, other)
    path = f"{STEMS}{stem.pk}/audio/?codec=flac"
    assert "Barquito" in sent(api_of(user).get(path))["Content-Disposition"]
    assert "My copy" in sent(api_of(other).get(path))["Content-Disposition"]


@pytest.mark.parametrize("what", ["audio", "peaks", "segments/0"])
def test_other_methods_answer_405(api_of: Any, user: User, stem: Stem, what: str) -> None:
    client = api_of(user)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)(f"{STEMS}{stem.pk}/{what}/", {}).status_code == 405
