"""Looking a file up by its checksum, and proving that one has it."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from catalog.curation.editing import edit
from catalog.errors import CatalogError
from catalog.models import Track, Upload, Visibility
from catalog.storage import backend
from catalog.uploads.checksum_lookup import LASTS, PLACE_BYTES, PLACES
from catalog.uploads.ingest import ingest
from tests.catalog.races import at_once
from tests.factories import add_claim, make_track
from tests.songs import write_song

LOOKUPS, PROOF = "/api/v1/lookups/", "/api/v1/lookups/proof/"


@dataclass
class Song:
    """A song of Ben's, and the file that it came in."""

    track: Track
    data: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def answer(self, proof: dict[str, Any], data: bytes | None = None) -> dict[str, str]:
        """What whoever has ``data`` (left out: the file) sends."""
        said, has = hashlib.sha256(bytes.fromhex(proof["nonce"])), self.data if data is None else data
        for place in proof["ranges"]:
            said.update(has[place["offset"] :][: place["length"]])
        return {"token": proof["token"], "digest": said.hexdigest(), "filename": "C:\\music\\song.wav"}


@pytest.fixture
def song(other: User, tmp_path: Path) -> Song:
    path = write_song(tmp_path / "Ana - Orilla.wav", 2.0)
    taken = ingest(path, filename=path.name, user=other)
    return Song(taken.track, path.read_bytes())


def look_up(client: Any, song: Song) -> Any:
    return client.post(LOOKUPS, {"checksum": song.checksum.upper()}).json()


def test_lookup_changes_nothing(api_of: Any, user: User, other: User, song: Song) -> None:
    found = look_up(api_of(user), song)
    assert (found["track"]["id"], found["yours"]) == (str(song.track.pk), False)
    assert len(found["proof"]["ranges"]) == PLACES
    assert {place["length"] for place in found["proof"]["ranges"]} == {PLACE_BYTES}
    assert not user.uploads.exists()
    hidden = edit(song.track, other, {"visibility": Visibility.PRIVATE})
    assert hidden.visibility == Visibility.PRIVATE, "who only knows the checksum stops nobody"


def test_lookup_with_a_filename_claims_nothing(api_of: Any, user: User, song: Song) -> None:
    assert api_of(user).post(LOOKUPS, {"checksum": song.checksum, "filename": "song.wav"}).status_code == 200
    assert not user.uploads.exists()


def test_proof_adds_the_song_without_quota(api_of: Any, user: User, other: User, song: Song) -> None:
    client = api_of(user)
    answer = client.post(PROOF, song.answer(look_up(client, song)["proof"]))
    assert (answer.status_code, answer.json()["track"]["id"]) == (200, str(song.track.pk))
    upload = user.uploads.get()
    assert (upload.filename, upload.size, upload.charged) == ("song.wav", len(song.data), 0)
    user.refresh_from_db()
    assert user.stored_bytes == 0
    again = look_up(client, song)
    assert (again["yours"], again["proof"]) == (True, None)
    with pytest.raises(CatalogError, match="shared_by_others"):
        edit(song.track, other, {"visibility": Visibility.PRIVATE})
    assert api_of(other).delete(f"/api/v1/tracks/{song.track.pk}/").status_code == 204
    song.track.refresh_from_db()
    assert song.track.owner == user, "it stays for who has it too"


def test_proof_with_wrong_bytes_is_refused(api_of: Any, user: User, song: Song) -> None:
    client = api_of(user)
    half = song.data[: len(song.data) // 2]
    for data in (b"", half, bytes(len(song.data)), half + bytes(len(half))):
        answer = client.post(PROOF, song.answer(look_up(client, song)["proof"], data))
        assert (answer.status_code, answer.json()["code"]) == (403, "proof_failed")
    assert not user.uploads.exists()


def test_proof_is_accepted_once(api_of: Any, user: User, song: Song) -> None:
    client = api_of(user)
    proof = look_up(client, song)["proof"]
    assert client.post(PROOF, song.answer(proof, b"")).status_code == 403
    late = client.post(PROOF, song.answer(proof))
    assert (late.status_code, late.json()["code"]) == (409, "proof_expired")
    right = song.answer(look_up(client, song)["proof"])
    assert [client.post(PROOF, right).status_code for _twice in range(2)] == [200, 409]
    assert user.uploads.count() == 1


def test_proof_of_somebody_elses_challenge_is_refused(
    api_of: Any, user: User, other: User, song: Song
) -> None:
    third = User.objects.create_user("cy@example.org")
    proof = look_up(api_of(third), song)["proof"]
    stolen = api_of(user).post(PROOF, song.answer(proof))
    assert (stolen.status_code, stolen.json()["code"]) == (403, "proof_failed")
    assert api_of(third).post(PROOF, song.answer(proof)).status_code == 200
    assert not user.uploads.exists()


def test_proof_expires(api_of: Any, user: User, song: Song) -> None:
    client = api_of(user)
    proof = look_up(client, song)["proof"]
    with time_machine.travel(timezone.now() + LASTS + timedelta(seconds=2)):
        answer = client.post(PROOF, song.answer(proof))
    assert (answer.status_code, answer.json()["code"]) == (409, "proof_expired")


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\0", "x" * 3_000])
def test_proof_with_a_forged_token_is_refused(api_of: Any, user: User, song: Song, token: str) -> None:
    answer = api_of(user).post(PROOF, {"token": token, "digest": "0" * 64})
    assert answer.status_code in {400, 403}


def test_challenge_ranges_stay_the_same_for_a_day(api_of: Any, user: User, other: User, song: Song) -> None:
    client = api_of(user)
    first, second = (look_up(client, song)["proof"] for _twice in range(2))
    assert first["ranges"] == second["ranges"]
    assert first["nonce"] != second["nonce"]
    third = User.objects.create_user("cy@example.org")
    assert look_up(api_of(third), song)["proof"]["ranges"] != first["ranges"]
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert look_up(client, song)["proof"]["ranges"] != first["ranges"]
    for place, after in zip(first["ranges"], [*first["ranges"][1:], {"offset": len(song.data)}], strict=True):
        assert place["offset"] + place["length"] <= after["offset"]


def test_lookup_of_another_file_of_the_same_audio_has_no_proof(
    api_of: Any, user: User, other: User, song: Song
) -> None:
    tagged = song.data + b"LIST\x04\0\0\0INFO"
    checksum = hashlib.sha256(tagged).hexdigest()
    Upload.objects.create(
        user=other,
        track=song.track,
        audio=song.track.audio,
        filename="b.wav",
        checksum=checksum,
        size=len(tagged),
    )
    found = api_of(user).post(LOOKUPS, {"checksum": checksum}).json()
    assert (found["track"]["id"], found["yours"], found["proof"]) == (str(song.track.pk), False, None)


def test_challenge_of_a_small_file_covers_it_all(api_of: Any, user: User, other: User) -> None:
    track = make_track(other)
    found = api_of(user).post(LOOKUPS, {"checksum": track.audio.checksum}).json()
    assert found["proof"]["ranges"] == [{"offset": 0, "length": track.audio.size}]


def test_lookup_of_a_lost_file_has_no_proof(api_of: Any, user: User, song: Song) -> None:
    client = api_of(user)
    proof = look_up(client, song)["proof"]
    backend.delete(song.track.audio.key)
    answer = client.post(PROOF, song.answer(proof))
    assert answer.json()["code"] == "file_missing"
    assert not user.uploads.exists()


def test_proof_of_a_removed_song_is_404(api_of: Any, user: User, other: User, song: Song) -> None:
    client = api_of(user)
    proof = look_up(client, song)["proof"]
    edit(song.track, other, {"visibility": Visibility.PRIVATE})
    assert client.post(PROOF, song.answer(proof)).status_code == 404
    assert not user.uploads.exists()


def test_private_song_is_unknown_to_others(api_of: Any, user: User, other: User) -> None:
    track = make_track(other, visibility=Visibility.PRIVATE)
    answer = api_of(user).post(LOOKUPS, {"checksum": track.audio.checksum})
    unknown = api_of(user).post(LOOKUPS, {"checksum": "0" * 64})
    assert (answer.status_code, answer.content) == (404, unknown.content)
    own = api_of(other).post(LOOKUPS, {"checksum": track.audio.checksum}).json()
    assert (own["track"]["id"], own["yours"], own["proof"]) == (str(track.pk), True, None)


def test_wrong_proofs_are_limited(api_of: Any, user: User, song: Song, monkeypatch: Any) -> None:
    from separation.api.lookups import FailedProofs  # noqa: PLC0415

    monkeypatch.setattr(FailedProofs, "THROTTLE_RATES", {"proofs": "3/hour"})
    client = api_of(user)
    wrong = [client.post(PROOF, song.answer(look_up(client, song)["proof"], b"")) for _n in range(4)]
    assert [answer.status_code for answer in wrong] == [403, 403, 403, 429]
    assert client.post(PROOF, song.answer(look_up(client, song)["proof"])).status_code == 429
    cache.clear()
    for _n in range(5):  # right ones are not counted
        assert client.post(PROOF, song.answer(look_up(client, song)["proof"])).status_code == 200
        user.uploads.all().delete()


@pytest.mark.django_db(transaction=True)
def test_concurrent_proofs_claim_once(api_of: Any, user: User, song: Song) -> None:
    right = song.answer(look_up(api_of(user), song)["proof"])
    found = at_once(8, lambda _n: api_of(user).post(PROOF, right).status_code)
    assert sorted(found) == [200] + [409] * 7
    assert user.uploads.count() == 1


def test_lookup_needs_an_account(api: Any, song: Song) -> None:
    assert api.post(PROOF, {"token": "x", "digest": "0" * 64}).status_code == 401


def test_song_claimed_by_others_cannot_become_private(user: User, other: User, song: Song) -> None:
    add_claim(song.track, user)
    with pytest.raises(CatalogError, match="shared_by_others"):
        edit(song.track, other, {"visibility": Visibility.PRIVATE})
