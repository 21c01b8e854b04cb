"""Who may set beats, and what becomes of them: history, undo, merges, splits, visibility, takedowns."""

from typing import Any

import pytest

from accounts.models import User
from catalog.curation.merging import merge
from catalog.curation.revert import undo
from catalog.curation.splitting import split_track
from catalog.curation.takedowns import take_down
from catalog.errors import CatalogError
from catalog.models import AudioFile, Change, Visibility
from catalog.uploads.ownership import change_visibility
from practice.beat_editing import beat_changes, beats_of, describe, save_beats
from practice.beats import Grid, constant
from practice.models import BeatGrid
from tests.catalog.races import at_once
from tests.factories import make_track
from tests.practice.conftest import BeatSetter

pytestmark = pytest.mark.django_db


def refused(error: pytest.ExceptionInfo[CatalogError]) -> tuple[str, int]:
    return error.value.code, error.value.status


def test_owner_and_curators_set_beats_and_nobody_else(user: User, other: User, curator: User) -> None:
    track = make_track(user, seconds=20)
    grid = constant(120, 4, 0, track.audio.frames)
    assert save_beats(track, user, grid, 0) is not None
    assert save_beats(track, curator, constant(60, 3, 0, track.audio.frames), 1) is not None
    with pytest.raises(CatalogError) as error:
        save_beats(track, other, grid, 2)
    assert refused(error) == ("not_yours", 403)
    assert beats_of(track).revision == 2


def test_beats_of_a_private_song_are_its_owners(user: User, curator: User) -> None:
    track = make_track(user, seconds=20, visibility=Visibility.PRIVATE)
    with pytest.raises(CatalogError) as error:
        save_beats(track, curator, constant(120, 4, 0, track.audio.frames), 0)
    assert refused(error) == ("not_yours", 403)


def test_an_older_revision_overwrites_nothing(user: User, curator: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=20)
    grid = set_beats(track, user)
    with pytest.raises(CatalogError) as error:
        save_beats(track, curator, None, 0)
    assert refused(error) == ("changed_meanwhile", 409)
    assert "Beats" in str(error.value.detail)
    assert beats_of(track).grid == grid


def test_saving_the_same_changes_nothing(user: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=20)
    grid = set_beats(track, user)
    assert save_beats(track, user, grid, 1) is None
    assert beats_of(track).revision == 1
    assert Change.objects.count() == 1


def test_a_revision_never_comes_twice(user: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=20)
    set_beats(track, user)
    save_beats(track, user, None, 1)
    assert (beats_of(track).grid, beats_of(track).revision) == (None, 2)
    with pytest.raises(CatalogError):
        save_beats(track, user, constant(90, 4, 0, track.audio.frames), 0)


def test_beats_beyond_the_end_are_refused(user: User) -> None:
    track = make_track(user, seconds=5)
    with pytest.raises(CatalogError) as error:
        save_beats(track, user, Grid(((0, 0), (20, 20 * 22_050)), ((0, 4),)), 0)
    assert refused(error) == ("bad_beats", 400)


def test_history_and_undo(user: User, curator: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=20)
    first = set_beats(track, user)
    second = set_beats(track, curator, tempo=90, per_bar=3)
    latest, earliest = beat_changes(track, user)
    assert (earliest.actor, latest.actor) == (user, curator)
    with pytest.raises(CatalogError) as error:
        undo(earliest, user)
    assert refused(error) == ("changed_since", 409)
    assert beats_of(track).grid == second
    undone = undo(latest, user)
    assert (beats_of(track).grid, beats_of(track).revision) == (first, 3)
    undo(undone, user)
    assert beats_of(track).grid == second


def test_undoing_the_first_leaves_no_beats(user: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=20)
    set_beats(track, user)
    undo(Change.objects.get(), user)
    assert beats_of(track).grid is None


def test_undo_of_names_leaves_beats_alone(user: User, set_beats: BeatSetter) -> None:
    from catalog.curation.editing import edit  # noqa: PLC0415

    track = make_track(user, seconds=20)
    edit(track, user, {"title": "Another"})
    grid = set_beats(track, user)
    undo(Change.objects.get(after__has_key="title"), user)
    track.refresh_from_db()
    assert track.title == "Barquito de papel"
    assert beats_of(track).grid == grid


def test_description_in_words() -> None:
    grid = Grid(((0, 0), (4, 88_000), (39, 39 * 22_050)), ((1, 4),))
    assert describe(grid) == "120 beats a minute, 4 beats a bar, the one at 0.499 s, 1 beat placed"
    assert "changing metre" in describe(Grid(grid.anchors, ((0, 4), (8, 3))))


def test_merge_shows_the_winners_beats_and_undo_brings_back_the_losers(
    user: User, curator: User, set_beats: BeatSetter
) -> None:
    loser, winner = make_track(user, seconds=20), make_track(user, seconds=20)
    mine = set_beats(loser, user)
    change = merge(loser, winner, curator)
    assert beats_of(winner).grid is None  # they are in the time of another recording
    theirs = set_beats(winner, user, tempo=90)
    undo(change, curator)
    assert beats_of(loser).grid == mine
    assert beats_of(winner).grid == theirs


def test_split_gives_a_recording_its_beats(user: User, curator: User, set_beats: BeatSetter) -> None:
    loser, winner = make_track(user, seconds=20), make_track(user, seconds=20)
    mine, audio = set_beats(loser, user), loser.audio
    theirs = set_beats(winner, user, tempo=90)
    merge(loser, winner, curator)
    fresh = split_track(winner, AudioFile.objects.get(pk=audio.pk), curator)
    assert beats_of(fresh).grid == mine
    assert beats_of(winner).grid == theirs


def test_a_private_song_and_the_shared_one_of_its_audio_have_beats_of_their_own(
    user: User, other: User, set_beats: BeatSetter
) -> None:
    shared = make_track(user, seconds=20)
    private = make_track(other, audio=shared.audio, visibility=Visibility.PRIVATE)
    set_beats(private, other)
    assert beats_of(shared).grid is None
    assert not beat_changes(shared, user).exists()
    grid = set_beats(shared, user, tempo=90)
    joined = change_visibility(private, Visibility.SHARED)
    assert joined == shared
    assert beats_of(shared).grid == grid


def test_beats_are_shared_with_a_song_and_their_earlier_history_is_not(
    user: User, other: User, set_beats: BeatSetter
) -> None:
    track = make_track(user, seconds=20, visibility=Visibility.PRIVATE)
    grid = set_beats(track, user)
    shared = change_visibility(track, Visibility.SHARED)
    assert beats_of(shared).grid == grid
    assert not beat_changes(shared, other).exists()
    assert beat_changes(shared, user).count() == 1


def test_takedown_deletes_beats(user: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=20)
    set_beats(track, user)
    take_down(track, User.objects.create_superuser("admin@example.org", "a long enough one"))
    assert not BeatGrid.objects.exists()
    assert not AudioFile.objects.filter(pk=track.audio_id).exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_saved(user: User) -> None:
    track = make_track(user, seconds=20)

    def act(n: int) -> Any:
        return save_beats(track, user, constant(100 + n, 4, 0, track.audio.frames), 0)

    results = at_once(5, act)
    codes = [result.code for result in results if isinstance(result, CatalogError)]
    assert codes == ["changed_meanwhile"] * 4, results
    assert (BeatGrid.objects.get().revision, Change.objects.count()) == (1, 1)
