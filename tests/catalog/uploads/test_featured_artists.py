"""Who is on a song: names that are parted, and names that stay together."""

import pytest

from accounts.models import User
from catalog.models import Artist, Visibility
from catalog.uploads.featured_artists import credit, credit_line, known_artists, performers, split_title
from tests.factories import make_track


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("A feat. B", ["A", "B"]),
        ("A ft. B & C", ["A", "B", "C"]),
        ("A (featuring B)", ["A", "B"]),
        ("A [Feat. B, C and D]", ["A", "B", "C and D"]),
        ("A feat B", ["A", "B"]),
        ("A Featuring B, C, and D", ["A", "B", "C", "D"]),
        ("A FT B", ["A", "B"]),
        ("A feat. B ft. C", ["A", "B", "C"]),
        ("A feat. A", ["A"]),
        ("Maroon 5 ft. Cardi B", ["Maroon 5", "Cardi B"]),
        ("A feat. Simon & Garfunkel", ["A", "Simon & Garfunkel"]),
        ("A feat. Earth, Wind & Fire, B", ["A", "Earth, Wind & Fire", "B"]),
        ("A feat. Bob Marley & The Wailers", ["A", "Bob Marley & The Wailers"]),
        ("Simon & Garfunkel", ["Simon & Garfunkel"]),
        ("Earth, Wind & Fire", ["Earth, Wind & Fire"]),
        ("AC/DC", ["AC/DC"]),
        ("AC/DC feat. B/C", ["AC/DC", "B/C"]),
        ("Little Feat", ["Little Feat"]),
        ("Little Feat Live", ["Little Feat Live"]),
        ("6 ft. Under", ["6 ft. Under"]),
        ("Soft Cell", ["Soft Cell"]),
        ("Lift", ["Lift"]),
        ("feat. B", ["feat. B"]),
        ("(feat. B)", ["(feat. B)"]),
        ("A feat.", ["A feat."]),
    ],
)
def test_performers_are_split_from_the_artist_tag(name: str, found: list[str]) -> None:
    assert performers([name]) == found


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Song (feat. B)", ("Song", ["B"])),
        ("Song [ft. B & C] (Live)", ("Song (Live)", ["B", "C"])),
        ("Song feat. B", ("Song", ["B"])),
        ("Song featuring the wind", ("Song featuring the wind", [])),
        ("Twenty ft down", ("Twenty ft down", [])),
        ("20 ft. down", ("20 ft. down", [])),
        ("(feat. B)", ("(feat. B)", [])),
        ("Song (with strings)", ("Song (with strings)", [])),
    ],
)
def test_guests_are_split_from_the_title(title: str, found: tuple[str, list[str]]) -> None:
    assert split_title(title) == found


def test_several_values_are_distinct_names() -> None:
    assert performers(["Ana Ríos", "B feat. C", "ana rios"]) == ["Ana Ríos", "B", "C"]


def test_number_of_guests_is_limited() -> None:
    many = ", ".join(f"guest {number}" for number in range(100))
    assert len(performers([f"A feat. {many}"])) == 12


def test_known_artist_is_not_split(user: User) -> None:
    make_track(user, artist="Agua & Arena")
    make_track(user, artist="Sal, Sol & Sed", visibility=Visibility.PRIVATE)
    assert performers(["A feat. Agua & Arena, B"], known_artists) == ["A", "Agua & Arena", "B"]
    assert performers(["A feat. Sal, Sol & Sed"], known_artists) == ["A", "Sal", "Sol", "Sed"]


def test_credit_line_joins_names() -> None:
    assert credit_line(["A"]) == "A"
    assert credit_line(["A", "B"]) == "A feat. B"
    assert credit_line(["A", "B", "C", "D"]) == "A feat. B, C & D"


def test_credits_are_replaced_without_the_main_artist(user: User) -> None:
    track = make_track(user, artist="A")
    b, c = Artist.objects.get_or_create_by_name("B"), Artist.objects.get_or_create_by_name("C")
    credit(track, [b, track.artist, c, b])
    assert [row.artist.name for row in track.credits.all()] == ["B", "C"]
    credit(track, [c])
    assert [row.artist.name for row in track.credits.all()] == ["C"]
