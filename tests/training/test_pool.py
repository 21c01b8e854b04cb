"""The pool of songs: complete or not there, with what can be heard where."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training import add_recordings
from training.data import pool


def _stems(seconds: int) -> pool.Array:
    stems = np.zeros((4, seconds * pool.SAMPLE_RATE, 2), dtype=np.float32)
    stems[1, pool.SAMPLE_RATE :] = 0.25
    return stems


def test_a_song_comes_back_as_it_was_written(tmp_path: Path) -> None:
    pool.write(tmp_path, "a", _stems(2), {"voice": "none"})
    song = pool.read(tmp_path, "a")
    assert song.activity[1].tolist() == [False, False, True, True]
    assert not song.activity[0].any()
    cut = song.excerpt(1, pool.SAMPLE_RATE - 10, 20)
    assert cut.shape == (2, 20)
    np.testing.assert_allclose(cut[0, 10:], 0.25, atol=1e-4)


def test_an_unfinished_song_is_not_seen_and_later_songs_are_found(tmp_path: Path) -> None:
    pool.write(tmp_path, "a", _stems(4), {"voice": "none"})
    pool.write(tmp_path, "too short", _stems(3), {"voice": "none"})
    (tmp_path / "b.npy").write_bytes(b"half a song")
    songs = pool.Pool([tmp_path], complete_only=False)
    assert [song.name for song in songs.songs] == ["a"]
    pool.write(tmp_path, "c", _stems(4), {"voice": "none", "complete": False})
    songs.refresh()
    assert [song.name for song in songs.songs] == ["a", "c"]
    assert [song.name for song in pool.Pool([tmp_path], complete_only=True).songs] == ["a"]


def test_own_recordings_become_songs(tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "waltz"
    folder.mkdir(parents=True)
    tone = 0.5 * np.sin(np.arange(22_050) / 20)
    soundfile.write(folder / "vocals.wav", tone, 22_050)
    soundfile.write(folder / "accompaniment.flac", tone[:11_025], 22_050)
    assert add_recordings.add(folder, tmp_path / "pool") == 1
    song = pool.read(tmp_path / "pool", "own-waltz-000")
    assert not song.complete
    assert song.audio.shape == (4, pool.SAMPLE_RATE, 2)
    assert song.activity[[0, 3], 0].all()


def test_a_folder_without_stems_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no stems"):
        add_recordings.read_song(tmp_path)
