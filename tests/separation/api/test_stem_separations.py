"""Separations of stems by the API: request and list them, see them through the song, mix them with the others."""

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import AudioFile, Track, Visibility
from catalog.storage import backend
from separation.engines.descriptors import ModelSpec
from separation.feedback.statistics import measure
from separation.models import Separation, Status, Stem
from tests.factories import make_audio, make_separation, make_track


@pytest.fixture
def track(user: User) -> Track:
    return make_track(user, audio=make_audio(1.0, stored=True))


@pytest.fixture
def song(track: Track) -> Separation:
    return make_separation(track, model="compact:4stems", stored=True)


@pytest.fixture
def drums(song: Separation) -> Stem:
    return song.stems.get(name="drums")


@pytest.fixture
def made(track: Track, drums: Stem, kit: ModelSpec) -> Separation:
    """What became of the drums, half as loud so that nothing clips."""
    made = make_separation(track, model=kit.slug, stem=drums, stored=True)
    Separation.objects.filter(pk=made.pk).update(gain=0.5)
    made.refresh_from_db()
    return made


@pytest.fixture
def client(api_of: Any, user: User) -> APIClient:
    signed_in: APIClient = api_of(user)
    return signed_in


def address(stem: Stem) -> str:
    return f"/api/v1/stems/{stem.pk}/separations/"


def test_request_is_queued_then_known(client: APIClient, track: Track, drums: Stem, kit: ModelSpec) -> None:
    first = client.post(address(drums), {"model": kit.slug})
    assert first.status_code == 202
    body = first.json()
    assert (body["status"], body["model"], body["track"], body["stem"]) == (
        "queued",
        kit.slug,
        str(track.pk),
        str(drums.pk),
    )
    again = client.post(address(drums), {})
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    listed = client.get(address(drums)).json()
    assert [row["id"] for row in listed["results"]] == [body["id"]]
    assert client.get(f"/api/v1/separations/{body['id']}/").json()["queue_position"] == 1
    assert client.delete(f"/api/v1/separations/{body['id']}/").status_code == 204
    assert client.get(f"/api/v1/separations/{body['id']}/").json()["status"] == "cancelled"


def test_refusals_have_codes(
    client: APIClient, api: APIClient, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    def code(path: str, model: str) -> tuple[int, str]:
        answer = client.post(path, {"model": model})
        return answer.status_code, answer.json()["code"]

    vocals = drums.separation.stems.get(name="vocals")
    assert code(f"/api/v1/tracks/{track.pk}/separations/", kit.slug) == (400, "takes_stem")
    assert code(address(vocals), kit.slug) == (400, "wrong_stem")
    assert code(address(drums), "compact:2stems") == (400, "wrong_stem")
    assert code(address(drums), "exchange:none") == (400, "unknown_model")
    assert code(address(vocals), "") == (409, "model_unavailable")
    assert api.post(address(drums), {"model": kit.slug}).status_code == 401
    kick = make_separation(track, model=kit.slug, stem=drums).stems.get(name="kick")
    assert code(address(kick), kit.slug) == (400, "stem_of_stem")


def test_stem_in_progress_is_not_ready(client: APIClient, user: User, kit: ModelSpec) -> None:
    running = make_separation(make_track(user, title="Other"), model="compact:4stems", status=Status.RUNNING)
    found = client.get(f"/api/v1/separations/{running.pk}/").json()["stems"]
    pk = next(stem["id"] for stem in found if stem["name"] == "drums")
    answer = client.post(f"/api/v1/stems/{pk}/separations/", {"model": kit.slug})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_parts_are_seen_and_heard_through_the_song(
    api: APIClient, api_of: Any, other: User, track: Track, drums: Stem, made: Separation
) -> None:
    kick = made.stems.get(name="kick")
    paths = [
        f"/api/v1/separations/{made.pk}/",
        f"/api/v1/stems/{kick.pk}/segments/0/",
        f"/api/v1/stems/{kick.pk}/peaks/",
        address(drums),
        address(kick),
    ]
    assert {path: api.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert api.get(address(kick)).json()["results"] == []
    Track.objects.filter(pk=track.pk).update(visibility=Visibility.PRIVATE)
    for client in (api, api_of(other)):
        assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_song_lists_only_what_was_made_of_itself(
    api: APIClient, track: Track, song: Separation, made: Separation
) -> None:
    listed = api.get(f"/api/v1/tracks/{track.pk}/").json()["separations"]
    assert [row["id"] for row in listed] == [str(song.pk)]
    assert listed[0]["stem"] is None
    assert api.get(f"/api/v1/tracks/?model={made.model}").json()["count"] == 0


def test_stem_that_was_made_anew_shows_nothing_of_the_former(
    api: APIClient, drums: Stem, song: Separation, made: Separation
) -> None:
    Stem.objects.filter(pk=drums.pk).update(audio=make_audio(1.0))
    assert api.get(address(drums)).json()["results"] == []
    assert api.get(f"/api/v1/separations/{made.pk}/").status_code == 404


@pytest.mark.django_db
def test_models_say_what_they_take(api: APIClient, kit: ModelSpec) -> None:
    rows = api.get("/api/v1/models/").json()
    models = {row["slug"]: row for row in (rows if isinstance(rows, list) else rows["results"])}
    assert (models[kit.slug]["takes"], models[kit.slug]["available"]) == ("drums", True)
    assert models["compact:2stems"]["takes"] == ""


def test_statistics_count_separations_of_stems(
    track: Track, song: Separation, made: Separation, user: User
) -> None:
    make_separation(make_track(user, visibility=Visibility.PRIVATE, title="Mine"), model="compact:4stems")
    figures = measure().figures
    assert (figures["totals"]["separations"], figures["totals"]["stems"]) == (2, 4 + 5)
    assert {row["model"]: row["separations"] for row in figures["by_model"]} == {
        "compact:4stems": 1,
        made.model: 1,
    }


def sound_of(audio: AudioFile) -> Any:
    return soundfile.read(io.BytesIO(backend.read(audio.key, 0, audio.size, size=audio.size)))[0]


def mixed(client: APIClient, separation: Separation, **parameters: Any) -> tuple[str, Any]:
    answer: Any = client.get(f"/api/v1/separations/{separation.pk}/mix/", {"codec": "flac", **parameters})
    assert answer.status_code == 200, answer.content
    name = answer["Content-Disposition"].partition("(")[2].rpartition(")")[0]
    return name, soundfile.read(io.BytesIO(b"".join(answer.streaming_content)))[0]


def test_mix_with_an_unfolded_stem(
    client: APIClient, song: Separation, drums: Stem, made: Separation
) -> None:
    gains = {"vocals": 0, "bass": 0, "other": 0, "drums": 0.5, "drums-kick": 0, "drums-snare": 0.2}
    name, sound = mixed(client, song, unfolded=made.pk, **gains)
    assert name == "drums-snare x0.1, drums-toms x0.5, drums-hihat x0.5, drums-cymbals x0.5"
    parts = {stem.name: sound_of(stem.audio) for stem in made.stems.select_related("audio")}
    expected = 0.1 * parts["snare"] + 0.5 * (parts["toms"] + parts["hihat"] + parts["cymbals"])
    loudest = np.abs(2 * expected).max()  # stored at half their volume
    assert np.abs(sound - 2 * expected / max(loudest, 1)).max() < 2e-3


def test_mix_without_a_stem_that_is_unfolded_is_as_without_it(
    client: APIClient, song: Separation, made: Separation
) -> None:
    name, folded = mixed(client, song, drums=0)
    unfolded_name, unfolded = mixed(client, song, drums=0, unfolded=made.pk, **{"drums-kick": 0.5})
    assert unfolded_name == name == "no drums"
    assert np.array_equal(folded, unfolded)


def test_mix_of_the_parts_of_a_stem_alone(
    client: APIClient, song: Separation, drums: Stem, made: Separation
) -> None:
    name, _sound = mixed(client, made, kick=0, semitones=2)
    assert name == "drums, no kick", "drums have no key"
    whole, sound = mixed(client, made)
    assert whole == "drums"
    assert np.abs(sound - sound_of(drums.audio)).max() < 1e-4


@pytest.mark.parametrize("unfolded", ["x", "00000000-0000-0000-0000-000000000001", "song", "twice"])
def test_mix_with_what_is_no_separation_of_a_stem_is_refused(
    client: APIClient, song: Separation, made: Separation, unfolded: str
) -> None:
    ids = {"song": str(song.pk), "twice": f"{made.pk},{made.pk}"}.get(unfolded, unfolded)
    answer = client.get(f"/api/v1/separations/{song.pk}/mix/", {"unfolded": ids})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_separation")


def test_mix_with_parts_of_a_folded_stem_is_refused(
    client: APIClient, song: Separation, made: Separation
) -> None:
    answer = client.get(f"/api/v1/separations/{song.pk}/mix/", {"drums-kick": 0})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_stem")
