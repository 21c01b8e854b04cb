"""Mixes by the API: one file by one address."""

import io
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from rest_framework.test import APIClient

from accounts.models import User
from catalog.storage.encoding_pool import pool
from separation.models import Separation
from tests.factories import make_audio, make_separation, make_track

SEPARATIONS = "/api/v1/separations/"


@pytest.fixture
def separation(user: User) -> Separation:
    return make_separation(
        make_track(user, audio=make_audio(1.0, stored=True)), model="compact:4stems", stored=True
    )


@pytest.fixture
def path(separation: Separation) -> str:
    return f"{SEPARATIONS}{separation.pk}/mix/"


@pytest.fixture
def client(api_of: Any, user: User) -> APIClient:
    signed_in: APIClient = api_of(user)
    return signed_in


def content(answer: Any) -> bytes:
    assert answer.status_code in {200, 206}, answer.content
    return b"".join(answer.streaming_content)


def test_mix_headers(client: APIClient, path: str) -> None:
    answer = client.get(f"{path}?vocals=0&bass=1.2&codec=mp3&bitrate=192&tempo=0.8&semitones=-2")
    assert answer["Content-Type"] == "audio/mpeg"
    assert answer["Content-Disposition"] == (
        'attachment; filename="Ana Torres - Barquito de papel '
        '(no vocals, bass x1.2, tempo x0.8, -2 semitones).mp3"'
    )
    body = content(answer)
    assert len(body) == int(answer["Content-Length"])


def test_cut_and_transposed_mix(client: APIClient, path: str) -> None:
    answer = client.get(f"{path}?vocals=0&semitones=-2&cents=25&from=0.25&to=0.75&codec=flac")
    assert answer["Content-Disposition"] == (
        'attachment; filename="Ana Torres - Barquito de papel '
        '(no vocals, 0m00.25s to 0m00.75s, -1.75 semitones).flac"'
    )
    sound, _rate = soundfile.read(io.BytesIO(content(answer)))
    assert len(sound) == round(0.75 * 44_100) - round(0.25 * 44_100)


def test_mix_with_empty_parameters(client: APIClient, path: str) -> None:
    answer = client.get(f"{path}?vocals=0&bass=&codec=&bitrate=&tempo=&semitones=&cents=&from=&to=")
    assert answer["Content-Type"] == "audio/flac"
    assert '(no vocals).flac"' in answer["Content-Disposition"]
    sound, rate = soundfile.read(io.BytesIO(content(answer)))
    assert (sound.shape, rate) == ((44_100, 2), 44_100)


def test_mix_ranges_conditions_and_head(client: APIClient, path: str) -> None:
    mix = f"{path}?vocals=0&codec=mp3"
    whole = client.get(mix)
    body = content(whole)
    part = client.get(mix, HTTP_RANGE="bytes=100-199")
    assert (part.status_code, content(part)) == (206, body[100:200])
    assert client.get(mix, HTTP_RANGE="bytes=99999999-").status_code == 416
    assert client.get(mix, HTTP_IF_NONE_MATCH=whole["ETag"]).status_code == 304
    head = client.head(mix)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(body)))


def test_mixes_that_sound_the_same_are_one_file(client: APIClient, path: str) -> None:
    tags = set()
    for query in ("vocals=0", "vocals=0.0&bass=1&tempo=1.0", "bass=1.0000001&semitones=-0&vocals=0"):
        answer = client.get(f"{path}?{query}&codec=mp3")
        content(answer)
        tags.add(answer["ETag"])
    assert len(tags) == 1


def test_mix_with_pan(client: APIClient, path: str) -> None:
    only_bass = f"{path}?vocals=0&drums=0&other=0&codec=flac"
    left = client.get(f"{only_bass}&bass_pan=-1")
    assert "bass left 1" in unquote(left["Content-Disposition"])
    centre, stem = client.get(f"{only_bass}&bass_pan=0"), client.get(only_bass)
    assert content(centre) == content(stem)
    assert centre["ETag"] == stem["ETag"] != left["ETag"]
    made, _rate = soundfile.read(io.BytesIO(content(left)))
    assert np.abs(made[:, 0]).max() > 0
    assert np.abs(made[:, 1]).max() == 0


def test_mix_of_one_stem_is_that_stem(client: APIClient, path: str, separation: Separation) -> None:
    mix = client.get(f"{path}?vocals=0&drums=0&other=0&codec=mp3")
    stem = client.get(f"/api/v1/stems/{separation.stems.get(name='bass').pk}/audio/?codec=mp3")
    assert mix["Content-Disposition"] == stem["Content-Disposition"]
    assert mix["ETag"] == stem["ETag"]
    assert content(mix) == content(stem)


@pytest.mark.parametrize(
    ("query", "code", "fields"),
    [
        ("vocals=2.1", "invalid", ["vocals"]),
        ("vocals=-0.1", "invalid", ["vocals"]),
        ("vocals=nan", "invalid", ["vocals"]),
        ("bass=inf&drums=loud", "invalid", ["bass", "drums"]),
        ("tempo=0.4", "invalid", ["tempo"]),
        ("tempo=2.01", "invalid", ["tempo"]),
        ("semitones=12.5&tempo=nan", "invalid", ["semitones", "tempo"]),
        ("semitones=-13", "invalid", ["semitones"]),
        ("cents=51&from=-1", "invalid", ["cents", "from"]),
        ("from=1e305&to=nan", "invalid", ["from", "to"]),
        ("from=0.5&to=0.5", "bad_range", ["to"]),
        ("from=1", "bad_range", ["from"]),
        ("bass_pan=-1.1&drums_pan=nan", "invalid", ["bass_pan", "drums_pan"]),
        ("piano_pan=1", "unknown_stem", ["piano"]),
        ("vocal=0", "invalid", ["vocal"]),
        ("piano=0", "unknown_stem", ["piano"]),
        ("vocals=0&drums=0&bass=0&other=0", "silent_mix", ["bass", "drums", "other", "vocals"]),
        ("codec=mp4", "unknown_codec", []),
        ("codec=mp3&bitrate=1", "bad_bitrate", []),
    ],
)
def test_mix_with_bad_parameters_is_refused(
    client: APIClient, path: str, query: str, code: str, fields: list[str]
) -> None:
    answer = client.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert sorted(answer.json().get("fields", {})) == fields


def test_rate_limit_counts_new_mixes_only(
    client: APIClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {"mixes": "2/hour"}
    monkeypatch.setattr("rest_framework.throttling.ScopedRateThrottle.THROTTLE_RATES", rates)
    for query in ("vocals=0", "bass=0", "vocals=0", "bass=0"):
        content(client.get(f"{path}?{query}"))
    refused = client.get(f"{path}?drums=0")
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused["Retry-After"]


@pytest.mark.django_db(transaction=True)
def test_respond_async_returns_202_with_location(client: APIClient, path: str) -> None:
    mix, later = f"{path}?vocals=0&tempo=0.9&codec=mp3", {"Prefer": "respond-async"}
    first = client.get(mix, headers=later)
    assert (first.status_code, first["Preference-Applied"]) == (202, "respond-async")
    assert first["Location"] == f"http://testserver{mix}"
    assert 0 <= first.json()["progress"] <= 1
    assert pool.wait_until_idle(30)
    answer = client.get(mix, headers=later)
    assert answer.status_code == 200
    content(answer)


def test_other_methods_answer_405(client: APIClient, path: str) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)(path, {}).status_code == 405
