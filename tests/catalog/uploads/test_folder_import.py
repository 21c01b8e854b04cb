"""Taking in a folder tree: what is taken, passed over, refused and remembered. And the command around it."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from catalog.models import Album, ImportedFile, Track, Upload, Visibility
from catalog.uploads.folder_import import Import, decode_name, key_of
from catalog.uploads.scanning import Outcome, Skipped, songs_in
from separation.models import Separation
from tests.catalog.conftest import SongMaker, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def library(make_song: SongMaker, tmp_path: Path) -> Path:
    """Two songs on one record, one of them twice, and a file that is none."""
    folder = tmp_path / "music"
    (folder / "A").mkdir(parents=True)
    shutil.copy(make_song("one.flac", seed=1, title="One"), folder / "A")
    shutil.copy(make_song("two.flac", seed=2, title="Two"), folder / "A")
    (folder / "Z").mkdir()
    shutil.copy(folder / "A" / "one.flac", folder / "Z" / "again.flac")
    (folder / "broken.mp3").write_bytes(b"no music at all, whatever it is called" * 100)
    return folder


def run(folder: Path, user: User, jobs: int = 1, **options: Any) -> dict[str, list[str]]:
    """The names of the files by what became of them."""
    outcomes: dict[str, list[str]] = {}
    for outcome in Import(owner=user, **options).run(songs_in(folder), jobs):
        outcomes.setdefault(outcome.code, []).append(outcome.path.name)
    return {code: sorted(names) for code, names in outcomes.items()}


def test_music_is_imported_and_other_files_are_refused(library: Path, user: User) -> None:
    found = run(library, user)
    assert found == {"new": ["one.flac", "two.flac"], "known": ["again.flac"], "unsupported": ["broken.mp3"]}
    assert set(Track.objects.values_list("title", "visibility", "owner")) == {
        ("One", "shared", user.pk),
        ("Two", "shared", user.pk),
    }


def test_next_run_skips_unchanged_files(library: Path, user: User, make_song: SongMaker) -> None:
    run(library, user)
    assert set(run(library, user)) == {"unchanged"}
    shutil.copy(make_song("three.flac", seed=3, title="Three"), library / "broken.mp3")
    assert run(library, user)["new"] == ["broken.mp3"]
    assert "unchanged" not in run(library, user, again=True)


def test_run_for_another_owner_adds_the_songs_for_them(library: Path, user: User, other: User) -> None:
    run(library, user)
    assert run(library, other)["known"] == ["again.flac", "one.flac", "two.flac"]
    assert Upload.objects.filter(user=other).values("track").distinct().count() == 2
    assert set(run(library, other)) == set(run(library, user)) == {"unchanged"}


def test_transient_refusals_are_retried(library: Path, user: User, settings: Any) -> None:
    settings.QUOTA_BYTES = 10
    assert "quota_exceeded" in run(library, user)
    settings.QUOTA_BYTES = 10**9
    assert run(library, user)["new"] == ["one.flac", "two.flac"]


def test_run_stops_between_two_files(library: Path, user: User) -> None:
    work = Import(owner=user)
    for _outcome in work.run(songs_in(library), 1):
        work.stopped = True
    assert ImportedFile.objects.count() == 1
    assert len(run(library, user)["unchanged"]) == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_run_has_the_same_outcomes(library: Path, user: User) -> None:
    found = run(library, user, jobs=3)
    assert sorted(found) == ["known", "new", "unsupported"]
    assert Track.objects.count() == 2
    assert set(run(library, user, jobs=3)) == {"unchanged"}


def test_private_songs(library: Path, user: User, other: User) -> None:
    run(library, user, visibility=Visibility.PRIVATE)
    assert not Track.objects.visible_to(other).exists()
    assert Track.objects.visible_to(user).count() == 2


def test_cover_file_in_the_folder_is_used(library: Path, user: User, make_song: SongMaker) -> None:
    (library / "A" / "Folder.JPG").write_bytes(picture("red"))
    (library / "cover.png").write_bytes(b"not a picture" * 10)
    shutil.copy(make_song("with.flac", seed=4, title="Own", cover=picture("blue")), library / "A")
    shutil.copy(make_song("bare.flac", seed=5, title="Bare", album="Other"), library)
    run(library, user)
    covers = dict(Track.objects.values_list("title", "cover"))
    assert covers["One"] == covers["Two"] != covers["Own"]
    assert covers["One"].startswith("covers/")
    assert not covers["Bare"]
    assert Album.objects.get(title="Orilla").cover


def test_scan_finds_music_by_extension(tmp_path: Path) -> None:
    for name in (".hidden.mp3", "notes.txt", "B.MP3", "a.flac", ".git/x.mp3", "sub/deep/c.ogg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "sub" / "round").symlink_to(tmp_path)
    (tmp_path / "itself.mp3").symlink_to("itself.mp3")
    (tmp_path / "gone.mp3").symlink_to("nowhere.mp3")
    found = list(songs_in(tmp_path))
    assert [path.name for path in found if isinstance(path, Path)] == ["B.MP3", "a.flac", "c.ogg"]
    assert {one.path.name: one.code for one in found if isinstance(one, Outcome)} == {
        "gone.mp3": "unreadable",
        "itself.mp3": "unreadable",
    }
    missing = list(songs_in(tmp_path / "not there"))
    assert [one.code for one in missing if isinstance(one, Outcome)] == ["unreadable"]


@pytest.fixture
def linked(tmp_path: Path, settings: Any) -> Path:
    """A folder with links: within it, out of it, into the data folder, by a detour; and the data folder inside it."""
    music, elsewhere = tmp_path / "music", tmp_path / "elsewhere"
    data = music / "var"
    settings.DATA_DIR = data
    for path in (
        music / "a/one.mp3",
        elsewhere / "secret.mp3",
        elsewhere / "cover.jpg",
        data / "media/stored.flac",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    links = {
        "within.mp3": music / "a/one.mp3",
        "out.mp3": elsewhere / "secret.mp3",
        "out": elsewhere,
        "own.flac": data / "media/stored.flac",
        "own": data / "media",
        "detour.mp3": music / "chain.mp3",
        "chain.mp3": elsewhere / "secret.mp3",
        "dots.mp3": Path("../music/../elsewhere/secret.mp3"),
        "out.txt": elsewhere / "secret.mp3",
    }
    for name, target in links.items():
        (music / name).symlink_to(target)
    return music


def test_links_are_followed_within_the_folder_only(linked: Path) -> None:
    found = list(songs_in(linked))
    on_song = [str(path.relative_to(linked)) for path in found if isinstance(path, Path)]
    assert sorted(on_song) == ["a/one.mp3", "within.mp3"]
    skipped = {one.path.name: one.code for one in found if isinstance(one, Outcome)}
    assert skipped == {
        **dict.fromkeys(("out.mp3", "out", "detour.mp3", "chain.mp3", "dots.mp3"), "outside"),
        **dict.fromkeys(("own.flac", "own", "var"), "own_folder"),
    }


def test_folder_may_be_a_link(linked: Path, tmp_path: Path) -> None:
    (tmp_path / "door").symlink_to(linked)
    found = [path for path in songs_in(tmp_path / "door") if isinstance(path, Path)]
    assert sorted(path.name for path in found) == ["one.mp3", "within.mp3"]


def test_linked_cover_outside_the_folder_is_ignored(
    library: Path, user: User, tmp_path: Path, make_song: SongMaker
) -> None:
    (tmp_path / "private.jpg").write_bytes(picture("red"))
    (library / "A" / "cover.jpg").symlink_to(tmp_path / "private.jpg")
    run(library, user)
    assert not Track.objects.get(title="One").cover
    (library / "A" / "front.jpg").write_bytes(picture("blue"))
    run(library, user, again=True)
    shutil.copy(make_song("three.flac", seed=3, title="Three"), library / "A")
    run(library, user)
    assert Track.objects.get(title="Three").cover


@pytest.mark.parametrize(
    "extension", ["m4b", "mkv", "webm", "m4v", "bwf", "wma", "wv", "ape", "MPC", "dsf", "mp2", "ac3", "au"]
)
def test_every_accepted_extension_is_scanned(tmp_path: Path, extension: str) -> None:
    (tmp_path / f"song.{extension}").touch()
    assert [path.name for path in songs_in(tmp_path) if isinstance(path, Path)] == [f"song.{extension}"]


def test_other_kinds_of_sound_are_reported(tmp_path: Path) -> None:
    for name in ("a.mid", "b.avi", "c.AVI", "d.m4p", "notes.txt", "cover.jpg", ".hidden.mid"):
        (tmp_path / name).touch()
    (tmp_path / "away.mp3").symlink_to("/etc/hostname")
    skipped = Skipped()
    for found in songs_in(tmp_path):
        assert isinstance(found, Outcome)
        assert not found.is_refused
        skipped.add(found)
    assert skipped.count == 5
    assert str(skipped) == (
        "Skipped: 1 link that leads out of the folder; 4 files of kinds that are not taken (.avi, .mid, .m4p)."
    )
    assert str(Skipped()) == ""


def test_command_reports_skipped_files(
    linked: Path, user: User, tmp_path: Path, capsys: pytest.CaptureFixture[str], make_song: SongMaker
) -> None:
    shutil.copy(make_song("one.flac", title="One"), linked / "a" / "one.flac")
    (linked / "a" / "one.mp3").unlink()
    (linked / "within.mp3").unlink()
    (linked / "song.mid").touch()
    report = tmp_path / "report.jsonl"
    call_command("import_library", linked, owner=user.email, jobs=1, report=report)
    out = capsys.readouterr().out
    assert "1 new, 0 known, 0 unchanged, 0 refused" in out
    assert "5 links that lead out of the folder" in out
    assert "(.mid)" in out
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    skipped = {Path(line["path"]).name: line["code"] for line in lines if line["outcome"] == "skipped"}
    assert skipped["out.mp3"] == "outside"
    assert skipped["var"] == "own_folder"
    assert skipped["song.mid"] == "other_sound"
    assert all(line["detail"] for line in lines if line["outcome"] == "skipped")


def test_names_in_other_encodings_are_decoded(library: Path, user: User) -> None:
    name = b"Canci\xf3n.flac"
    os.rename(os.fsencode(library / "A" / "two.flac"), os.fsencode(library) + b"/" + name)  # noqa: PTH104  # bytes
    outcomes = list(Import(owner=user).run(songs_in(library), 1))
    odd = next(one for one in outcomes if "Canci" in one.path.name)
    assert odd.code == "new"
    assert decode_name(odd.path.name) == "Canción.flac"
    assert decode_name(os.fsdecode("Кино - Группа крови.mp3".encode("cp1251"))) == "Кино - Группа крови.mp3"
    assert ImportedFile.objects.filter(path=key_of(odd.path)).exists()
    assert "unchanged" in {one.code for one in Import(owner=user).run(songs_in(library), 1)}


def test_long_path_is_shortened_with_a_digest() -> None:
    path = Path("/", *["x" * 200] * 10, "song.mp3")
    assert len(key_of(path)) <= 1024
    assert key_of(path) != key_of(path.with_name("other.mp3"))


def test_command_writes_progress_and_report(
    library: Path, user: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.jsonl"
    with pytest.raises(SystemExit) as ended:
        call_command("import_library", library, owner=user.email, jobs=1, report=report)
    assert ended.value.code == 1
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert sorted(line["outcome"] for line in lines) == ["known", "new", "new", "refused"]
    assert {line["code"] for line in lines} == {"", "unsupported"}
    said = capsys.readouterr().out
    assert "2 new, 1 known, 0 unchanged, 1 refused" in said
    assert "broken.mp3" in said
    (library / "broken.mp3").unlink()
    call_command("import_library", library, owner=user.email, jobs=1)
    assert "0 new, 0 known, 3 unchanged, 0 refused" in capsys.readouterr().out


def test_command_queues_separations_up_to_the_limit(
    library: Path, user: User, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (library / "broken.mp3").unlink()
    settings.QUEUED_PER_PERSON = 1
    call_command("import_library", library, owner=user.email, jobs=1, model="compact:2stems")
    assert Separation.objects.count() == 1
    assert "Run this again later" in capsys.readouterr().err
    settings.QUEUED_PER_PERSON = 10
    call_command("import_library", library, owner=user.email, jobs=1, model="compact:2stems")
    assert Separation.objects.count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"owner": "nobody@example.org"},
        {"model": "unheard:of"},
        {"model": "spleeter:5stems"},
        {"folder": "none"},
    ],
)
def test_invalid_options_are_refused_before_any_work(
    library: Path, user: User, wrong: dict[str, str]
) -> None:
    folder = wrong.pop("folder", library)
    with pytest.raises(CommandError) as error:
        call_command("import_library", folder, **({"owner": user.email} | wrong))
    assert error.value.returncode == 2
    assert not Track.objects.exists()
