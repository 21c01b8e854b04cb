"""A real separation of a stem: what comes out adds up to it, as loud as in the song."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.conf import LazySettings

from accounts.models import User
from catalog.storage import backend
from separation.delivery.segments import segment
from separation.models import Separation, Status, Stem
from separation.queue import worker
from separation.queue.requests import ask_for_stem
from separation.queue.separator_holder import holder
from tests.factories import make_audio, make_separation, make_track
from tests.separation.engines.exchange.tiny import KIT
from tests.separation.engines.own_models import known_in
from tests.separation.queue.conftest import after
from tests.separation.stem_model import install_kit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("separator")]


@pytest.fixture
def drums(
    user: User, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stem]:
    """The drums of a song, all stems of which were stored at half their volume; a separator that knows the model."""
    settings.WORK_DIR = tmp_path / "work"
    settings.WORK_DIR.mkdir()
    settings.DISK_FLOOR_BYTES = 0
    settings.MODELS_DIR = tmp_path / "models"
    install_kit(settings.MODELS_DIR)
    holder.close()
    monkeypatch.setattr(holder, "separator", None)  # it would look for models where other tests do
    track = make_track(user, audio=make_audio(3.0, stored=True))
    separation = make_separation(track, model="compact:4stems", stored=True)
    Separation.objects.filter(pk=separation.pk).update(gain=0.5)
    with known_in(settings.MODELS_DIR):
        yield Stem.objects.select_related("audio", "separation__mixture").get(
            separation=separation, name="drums"
        )
    holder.close()


def samples_of(stem: Stem) -> Any:
    """The samples of a stem as loud as in the song."""
    sound, _rate = soundfile.read(
        io.BytesIO(backend.read(stem.audio.key, 0, stem.audio.size, size=stem.audio.size))
    )
    return sound / stem.separation.gain


def test_parts_of_a_stem_add_up_to_it(drums: Stem, user: User, settings: Any) -> None:
    track = drums.separation.track_separations.get().track
    separation = ask_for_stem(drums, track, KIT.spec.slug, user).separation
    assert worker.separate(separation.pk)
    assert after(separation, settings) == (Status.SUCCEEDED, 1, "")
    parts = list(separation.stems.select_related("audio", "separation").order_by("position"))
    assert [part.name for part in parts] == ["kick", "snare", "toms", "hihat", "cymbals"]
    whole = samples_of(drums)
    assert np.abs(whole).max() > 0.2
    assert np.abs(sum(samples_of(part) for part in parts) - whole).max() < 1e-3
    first = segment(parts[0], 0)
    sound, _rate = soundfile.read(io.BytesIO(first.data))
    assert np.abs(sound / first.gain - samples_of(parts[0])).max() < 1e-4
    assert not ask_for_stem(drums, track, KIT.spec.slug, user).queued, "it is made once"
