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


@pytest.mark.parametrize(
    ("start", "stop", "words"),
    [
        (0, 75.25, "0m00s to 1m15.25s, -1.5 semitones"),
        (65, 605.1, "1m05s to 10m05.1s, -1.5 semitones"),
        (59.9996, None, "from 1m00s, -1.5 semitones"),
    ],
)
def test_mix_description_of_a_cut(start: float, stop: float | None, words: str) -> None:
    settings = MixSettings.of({}, semitones=-1, cents=-50, start=start, stop=stop)
    assert describe_mix(FOUR, settings) == words


def test_mix_description_of_pans() -> None:
    settings = MixSettings.of({"vocals": 0, "bass": 1.2}, pans={"bass": -0.4, "drums": 1, "other": 0})
    assert describe_mix(FOUR, settings) == "no vocals, drums right 1, bass x1.2 left 0.4"


def test_mix_settings_that_sound_the_same_are_equal() -> None:
    assert MixSettings.of({"vocals": 0}, pans={"vocals": 1, "bass": -0.0}) == MixSettings.of({"vocals": 0})
    assert MixSettings.of({}, pans={"bass": 0.30001}) == MixSettings.of({}, pans={"bass": 0.3})
    assert MixSettings.of({}, 1.0, -1.0, cents=50.0) == MixSettings.of({}, 1.0, -0.5)
    assert MixSettings.of({}, start=0.000001) == MixSettings.of({}) != MixSettings.of({}, start=0.001)
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


def test_mix_pans_stems_as_the_player_does(separation: Separation, track: Track) -> None:
    settings = MixSettings.of({"vocals": 0, "drums": 0, "other": 0}, pans={"bass": -1})
    row = get_or_create_rendition(order_mix(separation, track, settings, "flac", None).recipe)
    wanted = stem_samples(separation, "bass").sum(axis=1)
    made = samples(row)
    assert np.abs(made[:, 1]).max() == 0
    scale = np.abs(made).max() / np.abs(wanted).max()  # what would clip is quieter as a whole
    assert scale <= 1
    assert np.abs(made[:, 0] - scale * wanted).max() < 3 / 32768


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


@pytest.mark.parametrize("semitones", [0.0, 2.0])
def test_stretched_mix_of_the_whole_song_is_made_of_stems(
    separation: Separation, track: Track, semitones: float
) -> None:
    order = order_mix(separation, track, MixSettings.of({}, 0.5, semitones), "flac", None)
    assert order.recipe.mix is not None
    parts = order.recipe.mix.parts
    assert [part.audio for part in parts] == [stem.audio for stem in separation.stems.order_by("position")]
    assert [part.audio for part in parts if part.keeps_pitch] == [separation.stems.get(name="drums").audio]
    assert len(samples(get_or_create_rendition(order.recipe))) == 2 * 44_100


def test_drums_are_never_transposed(separation: Separation, track: Track) -> None:
    only_drums = dict.fromkeys(("vocals", "bass", "other"), 0.0)
    order = order_mix(separation, track, MixSettings.of(only_drums, 1.0, -3.0), "flac", None)
    assert order.description == "drums"
    assert np.array_equal(samples(get_or_create_rendition(order.recipe)), stem_samples(separation, "drums"))

    with_bass = MixSettings.of({"vocals": 0.0, "other": 0.0}, 1.0, 12.0)
    both = samples(get_or_create_rendition(order_mix(separation, track, with_bass, "flac", None).recipe))
    quiet_bass = MixSettings.of({"vocals": 0.0, "other": 0.0, "bass": 0.001}, 1.0, 12.0)
    drums = samples(get_or_create_rendition(order_mix(separation, track, quiet_bass, "flac", None).recipe))
    assert np.abs(drums - stem_samples(separation, "drums")).max() < 0.002
    assert np.abs(both - drums).max() > 0.01


def test_a_cut_is_exact_to_the_sample_and_faded(separation: Separation, track: Track) -> None:
    start, stop = 10_001 / 44_100, 30_000 / 44_100
    settings = MixSettings.of({"vocals": 0.0, "drums": 0.0, "other": 0.0}, start=start, stop=stop)
    order = order_mix(separation, track, settings, "flac", None)
    made = samples(get_or_create_rendition(order.recipe))
    wanted = stem_samples(separation, "bass")[10_001:30_000]
    assert made.shape == wanted.shape
    assert np.abs(made[220:-220] - wanted[220:-220]).max() < 2 / 32768
    ramp = np.minimum(np.arange(len(made)) / 220, 1)[:, None]
    assert np.abs(made - wanted * ramp * ramp[::-1]).max() < 2 / 32768


def test_a_cut_comes_before_the_tempo(separation: Separation, track: Track) -> None:
    settings = MixSettings.of({}, 0.8, start=0.25, stop=0.75)
    made = samples(get_or_create_rendition(order_mix(separation, track, settings, "flac", None).recipe))
    assert len(made) == round((round(0.75 * 44_100) - round(0.25 * 44_100)) / 0.8)


def test_a_cut_to_the_end_is_the_same_mix_whatever_end_is_asked_for(
    separation: Separation, track: Track
) -> None:
    def name(stop: float | None, start: float = 0.0) -> str:
        settings = MixSettings.of({"vocals": 0.0}, start=start, stop=stop)
        return order_mix(separation, track, settings, "flac", None).recipe.name

    assert name(None) == name(1.0) == name(99.0) != name(0.9)
    assert name(None, 0.5) == name(2.0, 0.5) != name(None)


@pytest.mark.parametrize(
    ("start", "stop", "field"),
    [(1.0, None, "from"), (99.0, 100.0, "from"), (0.5, 0.5, "to"), (0.5, 0.2, "to")],
)
def test_a_cut_without_sound_is_refused(
    separation: Separation, track: Track, start: float, stop: float | None, field: str
) -> None:
    with pytest.raises(CatalogError) as refused:
        order_mix(separation, track, MixSettings.of({}, start=start, stop=stop), "flac", None)
    assert (refused.value.code, refused.value.status) == ("bad_range", 400)
    assert (refused.value.by_field or {}).keys() == {field}


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
