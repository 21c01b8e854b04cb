"""Mixes: what is made for which wish, and how it is called."""

from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile
from django.conf import settings

from accounts.models import User
from audio.types import COVER_SIZES
from catalog.errors import CatalogError
from catalog.models import AudioFile, Rendition, Track
from catalog.storage import backend
from catalog.storage.covers import store_cover
from catalog.storage.renditions import get_or_create_rendition, rendition
from separation.delivery.downloads import stem_rendition
from separation.delivery.mixes import MixSettings, describe_mix, order_mix
from separation.models import Separation, Status
from tests.catalog.conftest import pictures
from tests.factories import make_audio, make_separation, make_track

FOUR = ("vocals", "drums", "bass", "other")


@pytest.fixture
def separation(user: User) -> Separation:
    """Four stems of one second, and the song they are of, as real files."""
    track = make_track(user, audio=make_audio(1.0, stored=True), album="Orilla")
    return make_separation(track, model="compact:4stems", stored=True)


@pytest.fixture
def track(separation: Separation) -> Track:
    return Track.objects.get(audio=separation.mixture)


def samples(row: Rendition | AudioFile) -> Any:
    return soundfile.read(backend.local_path(row.key), dtype="float64")[0]


def stem_samples(separation: Separation, name: str) -> Any:
    return samples(separation.stems.get(name=name).audio)


@pytest.mark.parametrize(
    ("stems", "gains", "tempo", "semitones", "words"),
    [
        (FOUR, {}, 1, 0, ""),
        (FOUR, {"vocals": 0}, 1, 0, "no vocals"),
        (FOUR, {"vocals": 0, "bass": 1.2}, 0.8, -2, "no vocals, bass x1.2, tempo x0.8, -2 semitones"),
        (FOUR, {"vocals": 0, "drums": 0}, 1, 0, "bass, other"),
        (FOUR, {"vocals": 0, "drums": 0, "bass": 0}, 1, 1, "other, +1 semitone"),
        (FOUR, {"vocals": 0.25, "other": 1.0}, 1, 0.5, "vocals x0.25, +0.5 semitones"),
        ((*FOUR, "piano"), {"vocals": 0, "piano": 0}, 1, 0, "no vocals and piano"),
        (("vocals", "accompaniment"), {"vocals": 0}, 2, 0, "no vocals, tempo x2"),
        (
            ("vocals", "accompaniment"),
            {"vocals": 0, "accompaniment": 0.5},
            1,
            0,
            "no vocals, accompaniment x0.5",
        ),
    ],
)
def test_mix_description(
    stems: tuple[str, ...], gains: dict[str, float], tempo: float, semitones: float, words: str
) -> None:
    assert describe_mix(stems, MixSettings.of(gains, tempo, semitones)) == words


def test_mix_settings_that_sound_the_same_are_equal() -> None:
    assert MixSettings.of({"vocals": 1.0, "bass": 0.5}) == MixSettings.of({"bass": 0.50001})
    assert MixSettings.of({}, 1.0, -0.0) == MixSettings.of({"drums": 1}, 0.99999, 0.001)


def test_mix_sums_stems_with_their_gains(separation: Separation, track: Track) -> None:
    Separation.objects.filter(pk=separation.pk).update(gain=0.8)
    separation.refresh_from_db()
    row = get_or_create_rendition(
        order_mix(
            separation,
            track,
            MixSettings.of({"vocals": 0, "bass": 0.5, "drums": 0.3, "other": 0.1}),
            "flac",
            None,
        ).recipe
    )
    loud = {"bass": 0.5, "drums": 0.3, "other": 0.1}
    wanted = sum(gain * stem_samples(separation, name) for name, gain in loud.items()) / 0.8
    assert np.abs(samples(row) - wanted).max() < 2 / 32768


def test_mix_of_one_stem_or_the_whole_song_is_that_file(separation: Separation, track: Track) -> None:
    alone = MixSettings.of(dict.fromkeys(("vocals", "drums", "other"), 0.0) | {"bass": 1.0})
    order = order_mix(separation, track, alone, "mp3", 192)
    assert get_or_create_rendition(order.recipe) == stem_rendition(
        separation.stems.get(name="bass"), track, "mp3", 192
    )
    assert order.description == "bass"
    whole = get_or_create_rendition(
        order_mix(separation, track, MixSettings.of({"bass": 1.0}), "flac", None).recipe
    )
    assert np.array_equal(samples(whole), samples(separation.mixture))
    assert mutagen.File(backend.local_path(whole.key))["title"] == [track.title]


def test_mix_of_the_whole_song_stretches_the_mixture(separation: Separation, track: Track) -> None:
    order = order_mix(separation, track, MixSettings.of({}, 0.5, 2), "flac", None)
    assert order.recipe.mix is not None
    assert order.recipe.mix.parts == ((separation.mixture, 1.0),)
    assert len(samples(get_or_create_rendition(order.recipe))) == 2 * 44_100


def test_mix_has_tags_and_cover(separation: Separation, track: Track) -> None:
    track.cover = store_cover(pictures())
    row = get_or_create_rendition(
        order_mix(separation, track, MixSettings.of({"vocals": 0}), "mp3", None).recipe
    )
    path = backend.local_path(row.key)
    tags = mutagen.File(path, easy=True)
    assert (tags["title"], tags["artist"], tags["album"]) == (
        ["Barquito de papel (no vocals)"],
        ["Ana Torres"],
        ["Orilla"],
    )
    assert pictures()[COVER_SIZES.index(max(COVER_SIZES))] in path.read_bytes()


@pytest.mark.parametrize(
    ("gains", "code", "fields"),
    [
        ({"piano": 0.5}, "unknown_stem", {"piano"}),
        (dict.fromkeys(FOUR, 0.0), "silent_mix", set(FOUR)),
        (dict.fromkeys(FOUR, 0.0001), "silent_mix", set(FOUR)),
    ],
)
def test_mix_with_bad_settings_is_refused(
    separation: Separation, track: Track, gains: dict[str, float], code: str, fields: set[str]
) -> None:
    with pytest.raises(CatalogError) as refused:
        order_mix(separation, track, MixSettings.of(gains), "mp3", None)
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert (refused.value.by_field or {}).keys() == fields


def test_mix_of_an_unfinished_separation_is_refused(separation: Separation, track: Track) -> None:
    separation.status = Status.RUNNING
    with pytest.raises(CatalogError, match="not_ready"):
        order_mix(separation, track, MixSettings(), "mp3", None)


def test_mix_of_a_lost_stem_file_is_file_missing(separation: Separation, track: Track) -> None:
    backend.delete(separation.stems.get(name="bass").audio.key)
    with pytest.raises(CatalogError, match="file_missing"):
        get_or_create_rendition(
            order_mix(separation, track, MixSettings.of({"vocals": 0}), "flac", None).recipe
        )
    assert not list(settings.WORK_DIR.glob("*rendition-*"))


def test_mix_is_deleted_with_the_song(separation: Separation, track: Track) -> None:
    get_or_create_rendition(order_mix(separation, track, MixSettings.of({"vocals": 0}), "wav", None).recipe)
    rendition(separation.mixture, "wav", None)
    assert separation.mixture.renditions.count() == Rendition.objects.count() == 2
