"""The lanes of a song's page whose stems were separated further, or can be."""

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Track
from separation.engines.descriptors import ModelSpec
from separation.models import Separation, Status, Stem
from tests.factories import make_separation, make_track
from tests.separation.web.test_tracks import page, player

pytestmark = pytest.mark.django_db

OFFER = 'data-model="exchange:kit"'


@pytest.fixture
def track(user: User) -> Track:
    return make_track(user)


@pytest.fixture
def drums(track: Track) -> Stem:
    return make_separation(track, model="compact:4stems").stems.get(name="drums")


def test_people_with_an_account_are_offered_the_models_that_take_a_stem(
    client: Client, user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    assert OFFER not in page(client, track), "visitors"
    client.force_login(user)
    html = page(client, track)
    assert html.count(OFFER) == 1
    assert f'data-request="/api/v1/stems/{drums.pk}/separations/"' in html
    assert "Bass drum, Snare drum, Toms, Hi-hat, Cymbals</button>" in html


def test_nothing_is_offered_where_no_such_model_is_installed(
    client: Client, user: User, track: Track, drums: Stem
) -> None:
    client.force_login(user)
    assert "data-apart" not in page(client, track)


@pytest.mark.parametrize(
    ("status", "shown"),
    [(Status.QUEUED, "Taking apart, 0 %"), (Status.FAILED, OFFER), (Status.CANCELLED, OFFER)],
)
def test_lane_shows_how_far_its_stem_is(
    client: Client, user: User, track: Track, drums: Stem, kit: ModelSpec, status: Status, shown: str
) -> None:
    make_separation(track, model=kit.slug, stem=drums, status=status)
    client.force_login(user)
    html = page(client, track)
    assert shown in html
    assert "data-unfold" not in html


def test_lane_unfolds_into_what_its_stem_was_separated_into(
    client: Client, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    made = make_separation(track, model=kit.slug, stem=drums)
    html = page(client, track)
    assert html.count("data-unfold") == 1
    stems = {stem["name"]: stem for stem in player(html)["stems"]}
    assert [name for name, stem in stems.items() if "parts" in stem] == ["drums"]
    parts = stems["drums"]["parts"]
    assert parts["separation"] == str(made.pk)
    assert [part["name"] for part in parts["stems"]] == [f"drums-{name}" for name in kit.stems]
    for part in parts["stems"]:
        assert f'data-lane="{part["name"]}"' in html
        assert client.get(part["peaks"]).status_code == 200


def test_best_separation_of_a_stem_is_unfolded(
    client: Client, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    old = make_separation(track, model=kit.slug, stem=drums, revision="earlier")
    make_separation(track, model=kit.slug, stem=drums, status=Status.RUNNING)
    stems = player(page(client, track))["stems"]
    assert [stem["parts"]["separation"] for stem in stems if "parts" in stem] == [str(old.pk)]


def test_address_of_a_separation_of_a_stem_shows_the_one_with_the_stem(
    client: Client, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    made = make_separation(track, model=kit.slug, stem=drums)
    make_separation(track, model="compact:4stems", revision="later")
    html = page(client, track, separation=str(made.pk))
    assert f'data-separation="/api/v1/separations/{drums.separation_id}/"' in html


def test_request_for_a_stem_can_be_stopped_on_the_page(
    client: Client, user: User, track: Track, drums: Stem, kit: ModelSpec
) -> None:
    waiting = make_separation(track, model=kit.slug, stem=drums, status=Status.QUEUED, asked_by=user)
    client.force_login(user)
    client.post(f"/tracks/{track.pk}/stop/", {"separation": str(waiting.pk)})
    assert Separation.objects.get(pk=waiting.pk).status == Status.CANCELLED


def test_table_of_models_says_what_a_model_takes(admin_client: Client, kit: ModelSpec) -> None:
    html = admin_client.get("/admin/separation/modelinstallation/").content.decode()
    assert "Parts of a part: Drums" in html
