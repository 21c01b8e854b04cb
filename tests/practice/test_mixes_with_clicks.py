"""Metronome and count-in in the downloaded mix, by the beats of the song."""

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from rest_framework.test import APIClient

from accounts.models import User
from audio.effects.clicks import LENGTH, sound
from catalog.models import Rendition, Visibility
from practice.beat_editing import save_beats
from separation.models import Separation
from tests.factories import make_audio, make_separation, make_track
from tests.practice.conftest import BeatSetter

pytestmark = pytest.mark.django_db


@pytest.fixture
def separation(user: User) -> Separation:
    return make_separation(make_track(user, audio=make_audio(3.0, stored=True)), stored=True)


@pytest.fixture
def client(api_of: Any, user: User) -> APIClient:
    signed_in: APIClient = api_of(user)
    return signed_in


def mix_of(separation: Separation, query: str) -> str:
    return f"/api/v1/separations/{separation.pk}/mix/?{query}"


def content(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def heard(answer: Any) -> Any:
    return soundfile.read(io.BytesIO(content(answer)))[0]


def tag(answer: Any) -> str:
    content(answer)
    return str(answer["ETag"])


@pytest.mark.parametrize("query", ["click=1", "countin=2", "vocals=0&click=0.5&countin=1"])
def test_song_without_beats_answers_no_beats(client: APIClient, separation: Separation, query: str) -> None:
    answer = client.get(mix_of(separation, query))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_beats")
    assert heard(client.get(mix_of(separation, "click=0&countin=0&codec=wav"))).shape == (132_300, 2)


@pytest.mark.parametrize(
    ("query", "field"),
    [("click=2.1", "click"), ("click=nan", "click"), ("countin=3", "countin"), ("countin=0.5", "countin")],
)
def test_values_that_are_refused(client: APIClient, separation: Separation, query: str, field: str) -> None:
    answer = client.get(mix_of(separation, query))
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_count_in_lengthens_the_file_and_clicks_are_heard_at_the_beats(
    client: APIClient, user: User, separation: Separation, set_beats: BeatSetter
) -> None:
    track = separation.mixture.tracks.get()
    set_beats(track, user, tempo=120, per_bar=3)
    plain = heard(client.get(mix_of(separation, "vocals=0.3&accompaniment=0.3&codec=wav")))
    answer = client.get(mix_of(separation, "vocals=0.3&accompaniment=0.3&click=0.5&countin=1&codec=wav"))
    assert answer["Content-Disposition"].endswith('click x0.5, count-in 1).wav"')
    clicked = heard(answer)
    lead = 3 * 22_050
    assert len(clicked) == lead + len(plain)
    clicked[lead:] -= plain
    for n in range(9):
        begin = n * 22_050
        wanted = 0.5 * sound(accent=n % 3 == 0)
        assert np.abs(clicked[begin : begin + LENGTH, 0] - wanted).max() < 4 / 32768
    assert np.abs(clicked[LENGTH:22_050]).max() < 4 / 32768


def test_clicks_alone_are_a_mix(
    client: APIClient, user: User, separation: Separation, set_beats: BeatSetter
) -> None:
    set_beats(separation.mixture.tracks.get(), user, tempo=120)
    clicked = heard(client.get(mix_of(separation, "vocals=0&accompaniment=0&click=1&codec=wav")))
    assert np.abs(clicked[:LENGTH, 0] - sound(accent=True)).max() < 4 / 32768
    assert not clicked[LENGTH:22_050].any()


def test_other_beats_make_another_file_and_the_same_ones_do_not(
    client: APIClient, user: User, separation: Separation, set_beats: BeatSetter
) -> None:
    track = separation.mixture.tracks.get()
    set_beats(track, user, tempo=120)
    tags = [tag(client.get(mix_of(separation, f"click={click}&codec=mp3"))) for click in (1, "1.0")]
    assert len(set(tags)) == 1
    set_beats(track, user, tempo=100)
    assert tag(client.get(mix_of(separation, "click=1&codec=mp3"))) not in tags
    assert Rendition.objects.count() == 2
    save_beats(track, user, None, 2)
    assert client.get(mix_of(separation, "click=1&codec=mp3")).status_code == 409


def test_beats_of_a_private_song_are_heard_by_its_owner_alone(
    api_of: Any, user: User, other: User, separation: Separation, set_beats: BeatSetter
) -> None:
    private = make_track(other, audio=separation.mixture, visibility=Visibility.PRIVATE)
    separation.track_separations.create(track=private)
    set_beats(private, other)
    assert api_of(user).get(mix_of(separation, "click=1")).status_code == 409
    assert content(api_of(other).get(mix_of(separation, "click=1&codec=mp3")))
