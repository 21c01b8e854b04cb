"""Names in old encodings are kept as they came, and can be read again in another encoding."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from mutagen import id3
from mutagen.id3 import ID3

from accounts.models import User
from audio.tags import text_encodings
from catalog.curation.editing import edit
from catalog.curation.errors import ConflictError
from catalog.curation.fields import details
from catalog.curation.revert import undo
from catalog.errors import CatalogError
from catalog.models import Change, Visibility
from catalog.uploads import raw_names
from catalog.uploads.ingest import Ingested, ingest
from tests.catalog.conftest import Ingester, SongMaker
from tests.catalog.curation.test_pages import sent

pytestmark = pytest.mark.django_db

POLISH = {
    "TPE1": "Wilki",
    "TIT2": "Baśka",
    "TALB": "Watra",
}  # too little for the detector: it takes it for Western


@pytest.fixture
def old(make_song: SongMaker, tmp_path: Path, user: User) -> Any:
    """``old("cp1250", {"TIT2": ...})``: a song whose ID3 tags are in that encoding, taken in."""

    def ingest_song(
        encoding: str, frames: dict[str, str], *, by: User | None = None, **options: Any
    ) -> Ingested:
        path = tmp_path / "old.mp3"
        shutil.copy(make_song("plain.mp3", title=None, artist=None, album=None, genre=None, year=None), path)
        tags = ID3()
        for name, text in frames.items():
            tags.add(getattr(id3, name)(encoding=0, text=[text.encode(encoding).decode("latin-1")]))
        tags.save(str(path), v1=0)
        return ingest(path, filename="old.mp3", user=by or user, **options)

    return ingest_song


def test_detected_encoding_is_stored_with_the_raw_names(old: Any) -> None:
    brought = old("cp1251", {"TPE1": "Кино", "TIT2": "Группа крови", "TALB": "Группа крови", "TCON": "Рок"})
    assert (brought.track.artist.name, brought.track.title) == ("Кино", "Группа крови")
    assert (brought.track.album.title, brought.track.genre) == ("Группа крови", "Рок")
    assert brought.upload.names_encoding == "cp1251"
    assert brought.upload.raw_names["artist"] == ["Кино".encode("cp1251").decode("latin-1")]


def test_names_are_decoded_again_and_it_can_be_undone(old: Any, user: User) -> None:
    track = old("cp1250", POLISH).track
    assert track.title == "Baœka"
    before = details(track)
    track = edit(track, user, {"encoding": "cp1250"})
    assert (track.title, track.artist.name, track.album and track.album.title) == ("Baśka", "Wilki", "Watra")
    assert track.uploads.get().names_encoding == "cp1250"
    change = Change.objects.get()
    assert (change.before, change.after) == ({"title": "Baœka"}, {"title": "Baśka"})
    undo(change, user)
    track.refresh_from_db()
    assert details(track) == before


def test_every_field_is_decoded_again(old: Any, user: User) -> None:
    frames = {
        "TPE1": "Kult; Ĺąć",
        "TIT2": "Żółć (feat. Święty)",
        "TALB": "Gęś",
        "TPE2": "Różni",
        "TCON": "Bęc",
    }
    track = old("cp1250", frames).track
    track = edit(track, user, {"encoding": "cp1251"})
    assert track.title != "Żółć"
    track = edit(track, user, {"encoding": "cp1250"})
    found = details(track)
    assert (found["title"], found["album"], found["genre"]) == ("Żółć", "Gęś", "Bęc")
    assert found["album_artist"] == "Różni"
    assert "Święty" in found["guests"]


def test_typed_names_win(old: Any, user: User) -> None:
    track = old("cp1250", POLISH).track
    track = edit(track, user, {"encoding": "cp1250", "title": "Baśka (live)"})
    assert track.title == "Baśka (live)"
    track = edit(track, user, {**details(track), "encoding": "cp1250"}, details(track))
    assert track.title == "Baśka", "what a form sends back as it was shown was not typed"


def test_unicode_names_cannot_be_decoded_again(ingest_song: Ingester, user: User) -> None:
    track = ingest_song().track
    assert raw_names.choices(track) == []
    with pytest.raises(CatalogError) as refused:
        edit(track, user, {"encoding": "cp1250"})
    assert (refused.value.code, refused.value.status) == ("no_raw_names", 409)


def test_only_editors_choose_the_encoding(old: Any, other: User) -> None:
    track = old("cp1250", POLISH).track
    with pytest.raises(CatalogError) as refused:
        edit(track, other, {"encoding": "cp1250"})
    assert refused.value.code == "not_yours"
    assert track.uploads.get().names_encoding == "cp1252"


def test_choices_show_the_decoded_names(old: Any) -> None:
    found = dict(raw_names.choices(old("cp1250", POLISH).track))
    assert found["cp1250"].endswith(": Baśka")
    assert "utf-8" not in found, "in which these bytes cannot be read"
    assert len(set(found.values())) == len(found)
    assert set(raw_names.LABELS) == set(text_encodings.ENCODINGS)


def test_encoding_is_chosen_on_the_page(old: Any, user: User, client: Client, ingest_song: Ingester) -> None:
    track = old("cp1250", POLISH).track
    client.force_login(user)
    address = f"/tracks/{track.pk}/edit/"
    assert "Central European (Windows-1250): Baśka" in client.get(address).content.decode()
    answer = client.post(address, sent(track, visibility="shared", encoding="cp1250"))
    assert answer.status_code == 302, answer.context["form"].errors
    track.refresh_from_db()
    assert track.title == "Baśka"
    assert "id_encoding" not in client.get(f"/tracks/{ingest_song(seed=9).track.pk}/edit/").content.decode()


def test_encoding_is_chosen_through_the_api(old: Any, user: User, api_of: Any) -> None:
    address = f"/api/v1/tracks/{old('cp1250', POLISH, visibility=Visibility.PRIVATE).track.pk}/"
    assert api_of(user).patch(address, {"encoding": "cp1250"}).json()["title"] == "Baśka"
    assert api_of(user).patch(address, {"encoding": "rot13"}).status_code == 400


def test_concurrent_edit_is_a_conflict(old: Any, user: User) -> None:
    track = old("cp1250", POLISH).track
    seen = details(track)
    edit(track, user, {"title": "Something else"})
    with pytest.raises(ConflictError):
        edit(track, user, {**seen, "encoding": "cp1250"}, seen)
    assert track.uploads.get().names_encoding == "cp1252"
