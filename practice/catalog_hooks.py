"""What events of the catalogue mean for beats, and the beats that mixes ask for."""

from audio.effects.clicks import Beat
from catalog import hooks
from catalog.models import Track
from practice import beat_editing
from practice.models import BeatGrid


def connect() -> None:
    """Take part in the events of the catalogue."""
    hooks.track_fields[beat_editing.FIELD] = beat_editing.TRACK_FIELD
    hooks.split.connect(move_beats)
    hooks.beats_of_track.connect(beats_of_track)


def move_beats(old: Track, fresh: Track) -> None:
    """Give ``fresh`` the beats of its audio."""
    BeatGrid.objects.filter(track=old, audio=fresh.audio_id).update(track=fresh)


def beats_of_track(track: Track) -> list[Beat]:
    """Return the beats for the metronome in mixes."""
    grid = beat_editing.beats_of(track).grid
    return grid.counted if grid is not None else []
