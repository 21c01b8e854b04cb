"""Artist and title without a space between them, and first names as initials; on either database."""

import pytest
from django.contrib.auth.models import AnonymousUser

from catalog.models import Track
from catalog.search.query import MAX_LENGTH
from catalog.search.service import find
from tests.catalog.search.conftest import Titles
from tests.factories import make_track

pytestmark = pytest.mark.django_db

UNSPACED = [
    ("周杰倫", "青花瓷", "周杰倫青花瓷"),
    ("周杰倫", "青花瓷", "青花瓷周杰倫"),
    ("邓丽君", "月亮代表我的心", "邓丽君月亮代表我的心"),
    ("スピッツ", "ロビンソン", "スピッツロビンソン"),
    ("방탄소년단", "봄날", "방탄소년단봄날"),
    ("คาราบาว", "เมดอินไทยแลนด์", "คาราบาวเมดอินไทยแลนด์"),
    ("嵐", "ふるさと", "嵐ふるさと"),
    ("嵐", "ふるさと", "ふるさと嵐"),
]


@pytest.mark.parametrize(("artist", "title", "words"), UNSPACED)
def test_artist_and_title_may_be_written_together(
    titles: Titles, artist: str, title: str, words: str
) -> None:
    make_track(title="Something", artist=artist)
    make_track(title=title, artist="Somebody")
    make_track(title=title, artist=artist)
    assert titles(words) == [title]
    found = find(words, AnonymousUser())
    assert [row.artist.name for row in found.tracks(Track.objects.select_related("artist"))] == [artist]


def test_names_that_hold_the_whole_run_are_found_alone(titles: Titles) -> None:
    make_track(title="青花瓷", artist="周杰倫")
    make_track(title="周杰倫青花瓷", artist="Somebody")
    assert titles("周杰倫青花瓷") == ["周杰倫青花瓷"]


def test_a_sign_alone_is_a_name_of_its_own(titles: Titles) -> None:
    """The last sign of a longer name proves nothing."""
    make_track(title="愛歌", artist="青嵐")
    make_track(title="東京事", artist="件名")
    assert titles("嵐愛歌") == titles("東京事件変") == []


def test_the_longest_run_is_answered(titles: Titles) -> None:
    make_track(title="青花瓷", artist="周杰倫")
    text = "".join(chr(0x4E00 + n) for n in range(MAX_LENGTH))
    assert titles(text) == titles("周杰倫青花瓷" * 40) == titles(" ".join(["周杰倫青花瓷雨"] * 20)) == []


@pytest.mark.parametrize(
    ("artist", "words"),
    [
        (
            "Johann Sebastian Bach",
            ("j.s. bach", "js bach", "j s bach", "J. S. Bach", "bach j.s.", "bach js air"),
        ),
        ("Wolfgang Amadeus Mozart", ("w. a. mozart", "w.a. mozart", "wa mozart")),
        ("Georg Friedrich Händel", ("g.f. händel", "gf handel", "g. f. haendel")),
        ("Пётр Ильич Чайковский", ("п. и. чайковский", "п.и. чайковский", "пи чайковский")),
        ("John Ronald Reuel Tolkien", ("j.r.r. tolkien", "j r r tolkien", "j. r. r. tolkien")),
    ],
)
def test_initials_stand_for_first_names(titles: Titles, artist: str, words: tuple[str, ...]) -> None:
    surname = artist.rsplit(maxsplit=1)[-1]
    make_track(title="Air", artist=artist)
    make_track(title="Other", artist=f"Zoltan {surname}")
    assert [titles(text) for text in words] == [["Air"]] * len(words)


def test_initials_that_somebody_has_are_not_parted(titles: Titles) -> None:
    make_track(title="Air", artist="Johann Sebastian Bach")
    make_track(title="Jingle", artist="JS Bach")
    assert titles("js bach") == titles("j.s. bach") == ["Jingle"]


def test_three_letters_that_were_written_as_a_word_are_no_initials(titles: Titles) -> None:
    make_track(title="Air", artist="John Ronald Reuel Tolkien")
    assert titles("jrr tolkien") == titles("sun tolkien") == []
    assert titles("j.s.") == titles("w a") == []
