"""Songs and their beats."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from catalog.curation.groups import GROUP
from catalog.models import Track
from practice.beat_editing import beats_of, save_beats
from practice.beats import Grid, constant

BeatSetter = Callable[..., Grid]


@pytest.fixture
def curator(db: None) -> User:
    person = User.objects.create_user("cura@example.org", "a long enough one", display_name="Cura")
    person.groups.add(Group.objects.get_or_create(name=GROUP)[0])
    return person


@pytest.fixture
def set_beats(db: None) -> BeatSetter:
    """``set_beats(track, user, tempo=120)`` gives the song the beats of a constant tempo."""

    def set_them(track: Track, user: User, tempo: float = 120.0, per_bar: int = 4, downbeat: int = 0) -> Grid:
        grid = constant(tempo, per_bar, downbeat, track.audio.frames)
        save_beats(track, user, grid, beats_of(track).revision)
        return grid

    return set_them
