"""Requests for separations of stems: which model may have which stem, and that nothing is done twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from catalog.curation.merging import merge
from catalog.curation.takedowns import take_down
from catalog.errors import CatalogError
from catalog.models import AudioFile, Notice, Track, Visibility
from catalog.storage.garbage_collection import collect_rows
from separation import lifecycle, model_choice
from separation.catalog_hooks import delete_orphans, exported, move_requests, move_track_separations
from separation.engines.descriptors import ModelSpec
from separation.models import Separation, SeparationRequest, Status, Stem, TrackSeparation
from separation.queue import notifications
from separation.queue.recovery import recover
from separation.queue.requests import ask, ask_for_stem, withdraw
from separation.web import model_menu
from tests.catalog.races import at_once
from tests.factories import make_separation, make_track


@pytest.fixture
def track(user: User) -> Track:
    return make_track(user)


@pytest.fixture
def drums(track: Track) -> Stem:
    return stem_of(make_separation(track, model="compact:4stems"))


def stem_of(separation: Separation, name: str = "drums") -> Stem:
    return separation.stems.select_related("audio", "separation").get(name=name)


def refused(*arguments: Any) -> str:
    with pytest.raises(CatalogError) as caught:
        ask_for_stem(*arguments)
    return caught.value.code


def test_ask_for_stem_twice_is_one_separation_of_its_audio(
    user: User, other: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    first = ask_for_stem(drums, track, kit.slug, user)
    second = ask_for_stem(drums, track, None, other)
    assert (second.separation, first.queued, second.queued) == (first.separation, True, False)
    row = first.separation
    assert (row.mixture, row.model, row.revision) == (drums.audio, kit.slug, kit.revision)
    assert {request.user for request in row.requests.all()} == {user, other}
    assert OrmQ.objects.count() == 1


def test_ask_for_stem_of_the_same_audio_on_another_track_is_served_at_once(
    user: User, other: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    made = make_separation(track, model=kit.slug, stem=drums)
    private = make_track(other, audio=track.audio, visibility=Visibility.PRIVATE)
    TrackSeparation.objects.create(track=private, separation=drums.separation)
    assert not TrackSeparation.objects.filter(track=private, separation=made).exists()
    outcome = ask_for_stem(drums, private, kit.slug, other)
    assert (outcome.separation, outcome.queued) == (made, False)
    assert TrackSeparation.objects.shown().filter(track=private, separation=made).exists()


@pytest.mark.django_db(transaction=True)
def test_ask_for_stem_by_twelve_at_once_makes_one_row(track: Track, drums: Stem, kit: ModelSpec) -> None:
    people = [User.objects.create_user(f"p{n}@example.org", "a long enough one") for n in range(12)]
    outcomes = at_once(12, lambda n: ask_for_stem(drums, track, kit.slug, people[n]))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert sum(outcome.queued for outcome in outcomes) == 1
    assert Separation.objects.filter(mixture=drums.audio).count() == 1
    assert SeparationRequest.objects.count() == 12
    assert OrmQ.objects.count() == 1


def test_models_of_stems_are_refused_for_songs_and_for_other_stems(
    user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    with pytest.raises(CatalogError) as caught:
        ask(track, kit.slug, user)
    assert caught.value.code == "takes_stem"
    vocals = stem_of(drums.separation, "vocals")
    assert refused(vocals, track, kit.slug, user) == "wrong_stem"
    assert refused(drums, track, "compact:2stems", user) == "wrong_stem"
    assert refused(drums, track, "no:such", user) == "unknown_model"
    assert refused(vocals, track, None, user) == "model_unavailable"
    assert Separation.objects.count() == 1


def test_models_of_stems_are_no_choice_for_songs(user: User, kit: ModelSpec) -> None:
    assert kit.slug not in [spec.slug for spec in model_choice.available()]
    assert [spec.slug for spec in model_choice.available(takes="drums")] == [kit.slug]
    offered = [option for group in model_menu.installed(user) for option in (*group.first, *group.more)]
    assert kit.slug not in [option.model.slug for option in offered]
    model_choice.choose(kit)
    assert model_choice.chosen() == {"drums": kit.slug}
    assert model_choice.best_for(4).slug == "compact:4stems"


def test_silent_stems_and_stems_of_stems_are_refused(
    user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    AudioFile.objects.filter(pk=drums.audio_id).update(peak=0)
    assert refused(stem_of(drums.separation), track, kit.slug, user) == "silent_stem"
    kick = stem_of(make_separation(track, model=kit.slug, stem=drums), "kick")
    assert refused(kick, track, kit.slug, user) == "stem_of_stem"


def test_stem_that_was_made_anew_meanwhile_is_refused(
    user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    known = stem_of(drums.separation)
    Stem.objects.filter(pk=drums.pk).update(audio=stem_of(drums.separation, "bass").audio)
    assert refused(known, track, kit.slug, user) == "not_ready"


def test_models_that_are_not_installed_serve_what_was_made(
    user: User, track: Track, drums: Stem, kit: ModelSpec, settings: Any
) -> None:
    settings.MODELS_DIR = settings.MODELS_DIR / "elsewhere"
    assert refused(drums, track, kit.slug, user) == "model_unavailable"
    made = make_separation(track, model=kit.slug, stem=drums)
    assert ask_for_stem(drums, track, kit.slug, user).separation == made


def test_requests_for_stems_count_for_the_limit(
    user: User, track: Track, drums: Stem, kit: ModelSpec, settings: Any
) -> None:
    settings.QUEUED_PER_PERSON = 1
    ask(make_track(user, title="Another"), None, user)
    with transaction.atomic():
        assert refused(drums, track, kit.slug, user) == "too_many_queued"
        transaction.set_rollback(True)


def test_withdrawn_request_for_a_stem_is_cancelled(
    user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    separation = ask_for_stem(drums, track, kit.slug, user).separation
    assert withdraw(separation, user)
    separation.refresh_from_db()
    assert separation.status == Status.CANCELLED


def test_notice_says_which_stem_became_what(user: User, track: Track, drums: Stem, kit: ModelSpec) -> None:
    user.language = "en"
    user.save()
    separation = ask_for_stem(drums, track, kit.slug, user).separation
    notifications.ready(separation)
    notice = Notice.objects.get()
    assert notice.track == track
    assert notice.text == "Drums: Bass drum, Snare drum, Toms, Hi-hat, Cymbals"


def test_recovery_cancels_what_no_track_shows_any_more(
    user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    separation = ask_for_stem(drums, track, kit.slug, user).separation
    SeparationRequest.objects.all().delete()
    assert recover().cancelled == 0
    track.delete()
    assert recover().cancelled == 1
    separation.refresh_from_db()
    assert separation.status == Status.CANCELLED


def test_garbage_collection_keeps_stems_that_were_separated(
    user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    made = make_separation(track, model=kit.slug, stem=drums)
    AudioFile.objects.update(created_at=timezone.now() - timedelta(days=1))
    collect_rows()
    assert Separation.objects.filter(pk=made.pk).exists()
    assert AudioFile.objects.count() == 1 + 4 + 5


def test_garbage_collection_deletes_the_separations_of_the_stems_of_a_song_that_is_gone(
    user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    make_separation(track, model=kit.slug, stem=drums)
    AudioFile.objects.update(created_at=timezone.now() - timedelta(days=1))
    track.delete()  # with its uploads
    collect_rows()
    collect_rows()  # audio is looked at once in each turn, that of stems after that of songs
    assert (Separation.objects.count(), Stem.objects.count(), AudioFile.objects.count()) == (0, 0, 0)


def test_orphans_that_run_are_cancelled_first(user: User, track: Track, drums: Stem, kit: ModelSpec) -> None:
    separation = ask_for_stem(drums, track, kit.slug, user).separation
    lease = lifecycle.claim(separation.pk)
    assert lease is not None
    track.delete()
    assert delete_orphans() == 1  # that of the song
    assert not lifecycle.extend(lease, 0.5)
    assert delete_orphans() == 1


def test_takedown_takes_what_was_made_of_stems(
    track: Track, drums: Stem, kit: ModelSpec, admin_user: User
) -> None:
    make_separation(track, model=kit.slug, stem=drums)
    elsewhere = make_separation(make_track(admin_user, audio=stem_of(drums.separation, "bass").audio))
    take_down(track, admin_user)
    assert list(Separation.objects.all()) == [elsewhere], "somebody brought this stem as a song"
    assert AudioFile.objects.count() == 1 + 2


def test_merge_moves_requests_to_the_winners_stem(
    user: User, other: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    waiting = ask_for_stem(drums, track, kit.slug, user).separation
    winner = make_track(other, title="The same")
    move_requests(track.audio_id, winner.pk)
    waiting.refresh_from_db()
    assert waiting.status == Status.CANCELLED
    assert Separation.objects.filter(model=kit.slug).count() == 1, "the winner has no drums yet"
    ask_for_stem(drums, track, kit.slug, user)
    theirs = stem_of(make_separation(winner, model="compact:4stems"))
    move_requests(track.audio_id, winner.pk)
    moved = Separation.objects.get(mixture=theirs.audio)
    assert (moved.status, moved.requests.get().user, moved.requests.get().track) == (
        Status.QUEUED,
        user,
        winner,
    )


def test_merged_track_shows_nothing_of_former_stems_until_it_is_split(
    track: Track, drums: Stem, kit: ModelSpec, admin_user: User, other: User
) -> None:
    made = make_separation(track, model=kit.slug, stem=drums)
    winner = make_track(other, title="The same")
    merge(track, winner, admin_user)
    assert not TrackSeparation.objects.shown().filter(separation=made).exists()
    again = make_track(other, title="Split off", audio=drums.separation.mixture)
    move_track_separations(winner, again)
    assert list(TrackSeparation.objects.of_stems().values_list("track", "separation")) == [
        (again.pk, made.pk)
    ]


def test_export_names_separations_of_stems(track: Track, drums: Stem, kit: ModelSpec) -> None:
    make_separation(track, model=kit.slug, stem=drums)
    assert exported([track.audio_id]) == {
        track.audio_id: ["compact:4stems succeeded", "exchange:kit of drums succeeded"]
    }
