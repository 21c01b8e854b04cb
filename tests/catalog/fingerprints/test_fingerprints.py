"""The same recording in another encoding: who is offered what, what is kept, and what costs nothing."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from accounts.models import User
from audio.encoding.encode import encode
from audio.fingerprint import chromaprint, matching
from audio.types import Tags
from benchmarks.catalogue.tunes import tune
from catalog import checks, fingerprints
from catalog.errors import CatalogError
from catalog.models import Block, Fingerprint, FingerprintTerm, Match, Track, Visibility
from catalog.uploads.ingest import Ingested, ingest
from tests.audio.test_chromaprint import disturbed, made_up, needs_chromaprint
from tests.factories import make_audio, make_track

PRIVATE = Visibility.PRIVATE
Heard = Callable[..., Track]


@pytest.fixture
def heard() -> Heard:
    """``heard(owner, values, ...)``: a track with this fingerprint."""

    def make(owner: User, values: matching.Values, *, seconds: float = 120.0, **fields: Any) -> Track:
        track = make_track(owner, seconds=seconds, **fields)
        fingerprints.store(track.audio, values.tobytes())
        return track

    return make


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromaprint, "version", lambda: "")


def test_matches_are_sorted_by_similarity(heard: Heard, user: User, other: User) -> None:
    values = made_up(900)
    fair = heard(other, disturbed(values, 0.8), title="Fair")
    good = heard(other, np.concatenate([made_up(24, 5), values]), seconds=123.0, title="Good")
    heard(other, made_up(900, 2), title="Another")
    mine = heard(user, values)
    found = fingerprints.similar(mine, user)
    assert [each.track for each in found] == [good, fair]
    assert found[0].similarity == 1.0
    assert found[0].offset == pytest.approx(-24 * chromaprint.ITEM_SECONDS, abs=0.01)
    assert found[1].similarity == pytest.approx(0.975, abs=0.01)


def test_other_length_is_no_match(heard: Heard, user: User) -> None:
    values = made_up(900)
    heard(user, values, seconds=127.5)
    assert fingerprints.similar(heard(user, values), user) == []


def test_private_songs_of_others_are_no_match(heard: Heard, user: User, other: User) -> None:
    values = made_up(900)
    hidden = heard(other, values, visibility=PRIVATE)
    mine = heard(user, values, visibility=PRIVATE)
    assert fingerprints.similar(mine, user) == []
    assert [each.track for each in fingerprints.similar(hidden, other)] == []
    shown = heard(other, disturbed(values, 0.5))
    assert [each.track for each in fingerprints.similar(mine, user)] == [shown]
    assert {each.track for each in fingerprints.similar(shown, other)} == {hidden}


def test_invisible_matches_do_not_displace_visible_ones(
    heard: Heard, user: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "MOST_COMPARED", 2)
    values = made_up(900)
    for _ in range(6):
        heard(other, values, visibility=PRIVATE)
    shown = heard(other, disturbed(values, 0.5))
    assert [each.track for each in fingerprints.similar(heard(user, values), user)] == [shown]


def test_number_of_queries_is_bounded(
    heard: Heard, user: User, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(fingerprints, "MOST_OF_A_TERM", 3)
    values = made_up(900)
    for _ in range(8):
        heard(user, values)
    wanted = list(matching.terms(values))
    assert len(list(fingerprints._rows(wanted))) == 3 * matching.TERMS
    mine = heard(user, values)
    with django_assert_max_num_queries(7):
        assert len(fingerprints.similar(mine, user)) <= fingerprints.MOST_OFFERED


def test_fingerprint_is_stored_once(heard: Heard, user: User) -> None:
    track = heard(user, made_up(900))
    fingerprints.store(track.audio, made_up(900, 2).tobytes())
    assert FingerprintTerm.objects.count() == matching.TERMS
    assert bytes(Fingerprint.objects.get().values) == made_up(900).tobytes()


def test_names_match_where_fingerprints_cannot(heard: Heard, user: User) -> None:
    old = make_track(user, seconds=120)
    mine = make_track(user, seconds=121)
    assert fingerprints.store_and_match(mine, None, user) == [fingerprints.Similar(old)]
    compared = heard(user, made_up(900))  # the same names, but it sounds different
    assert {each.track for each in fingerprints.store_and_match(mine, made_up(900, 2).tobytes(), user)} == {
        old
    }
    assert compared not in {each.track for each in fingerprints.alike_by_name(mine, user)}


def test_upload_succeeds_without_storing_its_fingerprint(
    user: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_arguments: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(fingerprints, "store", refuse)
    assert fingerprints.store_and_match(make_track(user), b"", user) == []
    assert "could not be kept" in caplog.text


def test_blocked_recording_is_recognised_by_its_fingerprint(db: None) -> None:
    values = made_up(900)
    block = Block.objects.create(audio_digest="a" * 64, values=values.tobytes(), duration=120.0, label="x")
    Block.objects.create(audio_digest="b" * 64, duration=120.0, label="without a fingerprint")
    assert fingerprints.blocked_by(disturbed(values, 0.8).tobytes(), 121.0) == block
    assert fingerprints.blocked_by(values.tobytes(), 140.0) is None
    assert fingerprints.blocked_by(made_up(900, 2).tobytes(), 120.0) is None
    assert fingerprints.blocked_by(b"", 120.0) is None


def ingest_song(
    user: User, folder: Path, name: str, sound: Any, bitrate: int | None = None, **fields: Any
) -> Ingested:
    path = folder / name
    encode([sound], path, path.suffix[1:], bitrate, Tags(title=fields.pop("title", "Agua"), artist="Ana"))
    return ingest(path, filename=name, user=user, **fields)


@needs_chromaprint
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_encoding_of_a_song_matches_it(user: User, other: User, tmp_path: Path, seed: int) -> None:
    sound = tune(seed, 15)
    for number in (10, 11):
        ingest_song(other, tmp_path, f"other{number}.flac", tune(number, 15), title=f"Other {number}")
    first = ingest_song(other, tmp_path, "a.flac", sound)
    assert first.matches == []
    late = np.concatenate([np.zeros((2, 3 * 44_100), np.float32), sound], axis=1)
    mono = np.repeat(sound.mean(axis=0, keepdims=True), 2, axis=0)
    variants = [("b.mp3", sound, 128), ("c.opus", sound, 96), ("d.ogg", late, 128), ("e.m4a", mono, 128)]
    for name, variant, bitrate in variants:
        taken = ingest_song(user, tmp_path, name, variant, bitrate, title=name, visibility=PRIVATE)
        assert taken.created, name
        found = next((match for match in taken.matches if match.track == first.track), None)
        assert found is not None, name
        assert found.offset == pytest.approx(3.0 if variant is late else 0.0, abs=0.1), name
        assert all(match.track.title[:5] != "Other" for match in taken.matches), name
    assert Match.objects.filter(other=first.audio).count() == len(variants)
    assert ingest_song(user, tmp_path, "a.wav", sound).matches == []  # that one is the same, not alike


@needs_chromaprint
def test_blocked_recording_is_refused_in_any_encoding(user: User, tmp_path: Path) -> None:
    sound = tune(1, 15)
    audio = ingest_song(user, tmp_path, "a.flac", sound).audio
    Block.objects.create(
        audio_digest="a" * 64, values=audio.fingerprint.values, duration=audio.duration, label="Agua"
    )
    with pytest.raises(CatalogError) as refused:
        ingest_song(user, tmp_path, "b.mp3", sound, 192)
    assert refused.value.code == "blocked"
    assert Track.objects.count() == 1


@needs_chromaprint
def test_command_makes_missing_fingerprints(user: User, tmp_path: Path, settings: Any) -> None:
    settings.FINGERPRINTS = False
    audio = ingest_song(user, tmp_path, "a.flac", tune(1, 8)).audio
    late = ingest_song(user, tmp_path, "b.mp3", tune(1, 8), 192, title="Otra").audio
    lost = make_track(user).audio
    make_audio()  # a stem: nobody brought it
    assert set(fingerprints.missing()) == {audio, late, lost}
    settings.FINGERPRINTS = True
    out, complaints = StringIO(), StringIO()
    call_command("fingerprint", "--most", "1", stdout=out)
    call_command("fingerprint", stdout=out, stderr=complaints)
    assert "1 could not be" in out.getvalue()
    assert str(lost.pk) in complaints.getvalue()
    assert len(bytes(Fingerprint.objects.get(audio=audio).values)) > 100
    assert list(fingerprints.missing()) == [lost]
    match = Match.objects.get()
    assert (match.audio, match.other) == (late, audio)


@pytest.mark.usefixtures("without_library")
def test_missing_chromaprint_is_a_warning(db: None) -> None:
    assert fingerprints.version() == ""
    assert [note.id for note in checks.chromaprint()] == ["catalog.I001"]
    with pytest.raises(CommandError, match="libchromaprint1"):
        call_command("fingerprint")


@needs_chromaprint
def test_installed_chromaprint_is_no_warning() -> None:
    assert checks.chromaprint() == []


def test_uploads_work_without_chromaprint(user: User, tmp_path: Path, settings: Any) -> None:
    settings.FINGERPRINTS = False
    first = ingest_song(user, tmp_path, "a.flac", tune(1, 4))
    again = ingest_song(user, tmp_path, "b.mp3", tune(1, 4), 128)
    assert again.matches == [fingerprints.Similar(first.track)]
    assert not Fingerprint.objects.exists()
