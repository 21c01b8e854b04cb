"""Every stem has a name, a colour and a picture, also one that nobody foresaw."""

import re
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from separation.models import Stem
from separation.stem_looks import FURTHER, LOOKS, SPARE, look
from tests.factories import make_separation, make_track

STATIC = Path(__file__).resolve().parents[2] / "static"


@pytest.mark.parametrize(
    ("name", "label", "icon"),
    [
        ("vocals", "Vocals", "vocals"),
        ("lead", "Lead vocals", "lead"),
        ("kick", "Bass drum", "kick"),
        ("foo_bar", "Foo bar", "note"),
        ("row", "Row", "note"),  # a class of its own in the style sheets
    ],
)
def test_stem_has_a_name_and_a_picture(name: str, label: str, icon: str) -> None:
    found = look(name)
    assert (str(found.label), found.icon) == (label, icon)


def test_colours_and_pictures_exist() -> None:
    looks = [*LOOKS.values(), *FURTHER.values(), look("foo")]
    classes = set(
        re.findall(r"^  \.([\w-]+) {\n    --stem:", (STATIC / "css/stems.css").read_text(), re.MULTILINE)
    )
    pictures = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img/icons.svg").read_text()))
    assert {each.colour for each in looks} | set(SPARE) <= classes
    assert {each.icon for each in looks} <= pictures
    assert look("foo").colour == look("foo").colour
    assert {look(f"foo{n}").colour for n in range(40)} == set(SPARE)


def test_pages_show_stems_that_nobody_foresaw(client: Client, user: User) -> None:
    track = make_track(user)
    make_separation(track)
    for stem, name in zip(Stem.objects.order_by("position"), ("lead", "row"), strict=True):
        Stem.objects.filter(pk=stem.pk).update(name=name)
    page = client.get(f"/tracks/{track.pk}/").content.decode()
    assert 'class="lane lead"' in page
    assert f'class="lane {look("row").colour}"' in page
    assert "icons.svg#note" in page
    assert "#row" not in page
    listed = client.get("/").content.decode()
    assert f'aria-label="Lead vocals, Row"><i class="lead"></i><i class="{look("row").colour}"></i>' in (
        re.sub(r">\s+<", "><", listed)
    )
