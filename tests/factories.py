"""Rows made directly, for tests of what is shown and allowed rather than of how it came to be."""

import hashlib
import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import soundfile
from django.utils import timezone

from accounts.models import User
from catalog.models import Album, Artist, AudioFile, Track, Upload, Visibility
from catalog.storage import backend
from separation.engines import modelspec
from separation.models import Separation, SeparationRequest, Status, Stem, TrackSeparation
from separation.queue.requests import ask
from tests.songs import RATE, song

numbers = itertools.count(1)


def make_audio(seconds: float = 1.0, *, stored: bool = False) -> AudioFile:
    """An AudioFile of its own; ``stored`` gives it a real FLAC of that length."""
    number = next(numbers)
    digest = hashlib.sha256(f"audio {number}".encode()).hexdigest()
    key, checksum, size = backend.key_for("audio", digest, "flac"), digest, 1_000
    if stored:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "stem.flac"
            soundfile.write(path, song(seconds, seed=number), RATE, subtype="PCM_16")
            checksum, size = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
            backend.store(path, key)
    return AudioFile.objects.create(
        audio_digest=digest,
        checksum=checksum,
        size=size,
        key=key,
        container="flac",
        codec="flac",
        lossless=True,
        sample_rate=RATE,
        channels=2,
        bits=16,
        samples=round(seconds * RATE),
        frames=round(seconds * RATE),
        duration=seconds,
        peak=0.9,
    )


def make_track(
    owner: User | None = None,
    *,
    title: str = "Barquito de papel",
    artist: str = "Ana Torres",
    album: str = "",
    visibility: Visibility = Visibility.SHARED,
    seconds: float = 1.0,
    audio: AudioFile | None = None,
    **fields: Any,
) -> Track:
    """A track with audio of its own, brought by ``owner``."""
    reader = owner if visibility == Visibility.PRIVATE else None
    performer = Artist.objects.get_or_create_by_name(artist, private_to=reader)
    track = Track.objects.create(
        title=title,
        artist=performer,
        album=Album.objects.get_or_create_by_title(album, performer, private_to=reader) if album else None,
        audio=audio or make_audio(seconds),
        owner=owner,
        visibility=visibility,
        **fields,
    )
    if owner is not None:
        add_claim(track, owner)
    return track


def add_claim(track: Track, user: User) -> Upload:
    """``user`` brought the audio of ``track``."""
    return Upload.objects.create(
        user=user,
        track=track,
        audio=track.audio,
        filename="song.flac",
        checksum=track.audio.checksum,
        size=track.audio.size,
    )


def make_queued(user: User, *, model: str | None = None, **track: Any) -> Separation:
    """A separation in the queue, asked for by ``user``, of a track of its own."""
    return ask(make_track(user, **track), model, user).separation


def make_separation(
    track: Track,
    *,
    model: str = "compact:2stems",
    revision: str = "",
    status: Status = Status.SUCCEEDED,
    asked_by: User | None = None,
    stored: bool = False,
    stem: Stem | None = None,
) -> Separation:
    """A separation of ``track``, or of a ``stem`` of it; with its stems when it succeeded, with real files when
    ``stored``.

    ``revision`` of the model, if it is not the current one.
    """
    spec = modelspec.get(model)
    now = timezone.now()
    separation = Separation.objects.create(
        mixture=stem.audio if stem else track.audio,
        model=spec.slug,
        revision=revision or spec.revision,
        status=status,
        progress=1.0 if status == Status.SUCCEEDED else 0.0,
        queued_at=now,
        finished_at=None if status in {Status.QUEUED, Status.RUNNING} else now,
        error_code="crashed" if status == Status.FAILED else "",
    )
    TrackSeparation.objects.create(track=track, separation=separation)
    if asked_by is not None:
        SeparationRequest.objects.create(separation=separation, user=asked_by, track=track)
    if status == Status.SUCCEEDED:
        for position, name in enumerate(spec.stems):
            audio = make_audio(track.audio.duration, stored=stored)
            Stem.objects.create(
                separation=separation,
                name=name,
                position=position,
                audio=audio,
                peaks=bytes(n % 256 for n in range(-(-audio.frames // 4096))),
            )
    return separation
