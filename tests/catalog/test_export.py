"""The catalogue as a file: every column, nothing that a spreadsheet would run, few queries."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog import export
from catalog.models import Artist, Credit, Visibility
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


def table() -> list[dict[str, str]]:
    text = "".join(export.export(export.everything(), "csv"))
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_every_column(user: User) -> None:
    track = make_track(
        user, title="Canción", album="Orilla", genre="Folk", year=2001, visibility=Visibility.PRIVATE
    )
    Credit.objects.create(track=track, artist=Artist.objects.get_or_create_by_name("Eva"))
    make_separation(track)
    [row] = table()
    assert tuple(row) == export.COLUMNS
    assert (
        row
        | {
            "title": "Canción",
            "artist": "Ana Torres",
            "featuring": "Eva",
            "album": "Orilla",
            "album_artist": "Ana Torres",
            "visibility": "private",
            "owner": user.email,
            "separations": "compact:2stems succeeded",
        }
        == row
    )
    [same] = json.loads("".join(export.export(export.everything(), "json")))
    assert same["featuring"] == ["Eva"]
    assert same["year"] == 2001


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_no_cell_is_a_formula(title: str) -> None:
    make_track(title=title)
    assert table()[0]["title"] == f"'{title}"


def test_an_empty_catalogue() -> None:
    assert table() == []
    assert json.loads("".join(export.export(export.everything(), "json"))) == []


def test_more_songs_take_no_more_queries() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            table()
        return len(asked)

    make_separation(make_track(title="0"))
    few = queries()
    for number in range(1, 4):
        make_separation(make_track(title=str(number)))
    assert queries() == few


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_track(title="One")
    call_command("export_catalogue", format="json")
    assert json.loads(capsys.readouterr().out)[0]["title"] == "One"
    file = tmp_path / "all.csv"
    call_command("export_catalogue", output=file)
    assert "One" in file.read_text()
    assert list(tmp_path.glob(".*")) == []
    with pytest.raises(CommandError):
        call_command("export_catalogue", output=tmp_path / "no" / "such.csv")
