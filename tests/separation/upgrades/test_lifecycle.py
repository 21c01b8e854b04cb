"""Songs are separated again with a better model: which, in what order, and how that is stopped and goes on."""

from typing import Any

import pytest

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Notice, Track, Visibility
from separation import lifecycle as separations
from separation.engines.descriptors import ModelSpec
from separation.models import ModelUpgrade, Separation, Status, Stem, TrackSeparation
from separation.queue.publish import publish
from separation.queue.recovery import recover
from separation.queue.requests import ask
from separation.queue.scheduling import claim_next, in_order
from separation.separator.protocol import SeparatedSet
from separation.upgrades import lifecycle, progress
from tests.factories import make_audio, make_queued, make_separation, make_track
from tests.separation.upgrades.conftest import NEW, OLD

pytestmark = pytest.mark.django_db


def songs_of(user: User, *plays: int, **fields: Any) -> list[Track]:
    """Songs with stems of the old model."""
    tracks = [make_track(user, title=f"Song {n}", plays=n, **fields) for n in plays]
    for track in tracks:
        make_separation(track, model=OLD)
    return tracks


def do_next() -> Separation | None:
    """Separate the song whose turn it is, without the work."""
    lease = claim_next()
    if lease is None:
        return None
    result = SeparatedSet(stems=[], sample_rate=44_100, samples=44_100, gain=1.0)
    assert publish(lease, result)
    lifecycle.queue_next()
    return Separation.objects.get(pk=lease.separation_id)


def in_queue() -> list[Separation]:
    return list(Separation.objects.unfinished().filter(model=NEW))


def test_most_played_songs_come_first_and_one_at_a_time(user: User, better: ModelSpec) -> None:
    tracks = songs_of(user, 3, 9, 5)
    upgrade = lifecycle.start(OLD, better, None)
    done = []
    while separation := do_next():
        assert len(in_queue()) <= 1
        done.append(Track.objects.get(audio=separation.mixture_id).plays)
    assert done == [9, 5, 3]
    upgrade.refresh_from_db()
    assert (upgrade.state, upgrade.finished_at is not None) == ("done", True)
    for track in tracks:
        assert [row.separation.model for row in track.track_separations.order_by("created_at")] == [OLD, NEW]
    assert Stem.objects.filter(separation__model=OLD).count() == 6, "the old stems stay"
    assert not Notice.objects.exists()
    assert not Track.objects.exclude(separated_at=None).exists(), "they are not news"


def test_song_with_the_better_stems_is_not_separated_again(
    user: User, other: User, better: ModelSpec
) -> None:
    audio = make_audio()
    mine, theirs = [
        make_track(person, audio=audio, visibility=Visibility.PRIVATE) for person in (user, other)
    ]
    old = make_separation(mine, model=OLD)
    TrackSeparation.objects.create(track=theirs, separation=old)
    made = make_separation(mine, model=NEW)
    upgrade = lifecycle.start(OLD, better, None)
    lifecycle.queue_next()
    assert in_queue() == []
    assert Separation.objects.filter(model=NEW).get() == made
    assert theirs.track_separations.filter(separation=made).exists(), "it shows what is there"
    upgrade.refresh_from_db()
    assert upgrade.state == "done"


def test_same_audio_of_two_people_is_separated_once_and_shown_to_both(
    user: User, other: User, better: ModelSpec
) -> None:
    audio = make_audio()
    tracks = [make_track(person, audio=audio, visibility=Visibility.PRIVATE) for person in (user, other)]
    old = make_separation(tracks[0], model=OLD)
    TrackSeparation.objects.create(track=tracks[1], separation=old)
    stranger = make_track(make_other(), audio=audio, visibility=Visibility.PRIVATE)
    lifecycle.start(OLD, better, None)
    made = do_next()
    assert made is not None
    assert do_next() is None
    assert {row.track for row in TrackSeparation.objects.filter(separation=made)} == set(tracks)
    assert not stranger.track_separations.exists(), "who asked for nothing sees nothing"


def make_other() -> User:
    return User.objects.create_user("eva@example.org", "a long enough one")


def test_whoever_asks_comes_first(user: User, other: User, better: ModelSpec) -> None:
    songs_of(user, 5)
    lifecycle.start(OLD, better, None)
    [again] = in_queue()
    asked = make_queued(other, model=OLD)
    assert [(row.pk, row.requested) for row in in_order()] == [(asked.pk, True), (again.pk, False)]
    track = Track.objects.get(audio=again.mixture_id)
    assert not ask(track, NEW, user).queued, "it waits already"
    assert [row.requested for row in in_order()] == [True, True], "now somebody waits for it"


def test_stop_and_resume(user: User, better: ModelSpec) -> None:
    songs_of(user, 3, 9, 5)
    upgrade = lifecycle.start(OLD, better, user, limit=2)
    assert do_next() is not None
    lease = claim_next()
    assert lease is not None
    assert lifecycle.stop(upgrade)
    assert not lifecycle.stop(upgrade)
    assert not separations.extend(lease, 0.5), "the worker notices"
    recover()
    assert in_queue() == []
    upgrade.refresh_from_db()
    assert (upgrade.state, upgrade.remaining) == ("stopped", 1)
    lifecycle.resume(upgrade)
    assert do_next() is not None
    assert do_next() is None, "two was the limit"
    upgrade.refresh_from_db()
    assert (upgrade.state, upgrade.remaining) == ("done", 0)
    with pytest.raises(CatalogError, match="not_stopped"):
        lifecycle.resume(upgrade)


def test_lost_worker_costs_no_more_than_its_song(user: User, better: ModelSpec) -> None:
    songs_of(user, 3)
    lifecycle.start(OLD, better, None)
    lease = claim_next()
    assert lease is not None
    Separation.objects.filter(pk=lease.separation_id).update(lease_until=separations.from_now(seconds=-1))
    recover()
    assert [row.status for row in in_queue()] == [Status.QUEUED]
    assert do_next() is not None
    assert ModelUpgrade.objects.get().state == "done"


def test_song_that_fails_is_left_out_until_the_next_start(user: User, better: ModelSpec) -> None:
    songs_of(user, 3, 5)
    upgrade = lifecycle.start(OLD, better, None)
    lease = claim_next()
    assert lease is not None
    separations.fail(lease, "crashed", "", retry=False)
    lifecycle.queue_next()
    assert do_next() is not None
    upgrade.refresh_from_db()
    assert upgrade.state == "done"
    assert "1 song could not be separated." in progress.progress(upgrade).sentence
    assert not Notice.objects.exists()
    lifecycle.start(OLD, better, None)
    again = do_next()
    assert again is not None
    assert again.pk == lease.separation_id


def test_one_upgrade_runs_at_a_time(user: User, better: ModelSpec) -> None:
    songs_of(user, 3)
    lifecycle.start(OLD, better, None)
    with pytest.raises(CatalogError, match="busy"):
        lifecycle.start(OLD, better, None)


def test_models_must_fit_each_other(user: User, better: ModelSpec, settings: Any, tmp_path: Any) -> None:
    with pytest.raises(CatalogError, match="no_songs"):
        lifecycle.start(OLD, better, None)
    make_separation(make_track(user), model="compact:4stems")
    with pytest.raises(CatalogError, match="other_parts"):
        lifecycle.start("compact:4stems", better, None)
    with pytest.raises(CatalogError, match="model_unavailable"):
        lifecycle.start("compact:4stems", uninstalled(), None)


def uninstalled() -> ModelSpec:
    from separation.engines import modelspec  # noqa: PLC0415  # patched by a fixture

    return modelspec.get("demucs:htdemucs")


def test_full_disk_lets_it_wait(user: User, better: ModelSpec, settings: Any) -> None:
    songs_of(user, 3)
    settings.DISK_FLOOR_BYTES = 10**18
    upgrade = lifecycle.start(OLD, better, None)
    assert in_queue() == []
    assert "the disk has no room" in progress.progress(upgrade).sentence
    settings.DISK_FLOOR_BYTES = 0
    recover()
    assert len(in_queue()) == 1


def test_plan_says_how_much_it_takes(user: User, better: ModelSpec, settings: Any) -> None:
    songs_of(user, 3, 9, seconds=180.0)
    planned = progress.plan(OLD, better)
    assert planned.songs == 2
    assert planned.storage == "About 3.9\xa0KB more storage."  # four stems of 1,000 bytes
    assert planned.time.startswith("About ")
    assert progress.plan(OLD, better, limit=1).songs == 1
    settings.DISK_FLOOR_BYTES = 10**18
    assert progress.plan(OLD, better).is_too_much
    assert progress.sources(better) == [OLD]
