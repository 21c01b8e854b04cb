"""The choice of a model: grouped, the best first, with stars and time."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Visibility
from separation import model_choice, quality
from separation.engines import modelspec
from separation.models import ModelInstallation, Separation
from separation.web import model_menu
from tests.factories import make_separation, make_track
from tests.separation.engines.spleeter.archives import install
from tests.separation.engines.spleeter.models import SMALL, with_filters

pytestmark = pytest.mark.django_db

TWO, FOUR, OTHER = "compact:2stems", "compact:4stems", "compact:other"


@pytest.fixture
def other_model(monkeypatch: pytest.MonkeyPatch) -> str:
    """Another model with four parts, which has a published quality."""
    spec = replace(modelspec.SPECS[FOUR], slug=OTHER, quality=modelspec.SPECS["demucs:htdemucs"].quality)
    monkeypatch.setitem(modelspec.SPECS.packaged, OTHER, spec)
    return OTHER


def menu() -> list[tuple[str, list[str], list[str]]]:
    return [
        (group.title, [each.model.slug for each in group.first], [each.model.slug for each in group.more])
        for group in model_menu.installed(AnonymousUser())
    ]


@pytest.mark.parametrize(
    ("slug", "stars"),
    [
        ("demucs:htdemucs_ft", 5),
        ("demucs:hdemucs_mmi", 4),
        ("openunmix:umxl", 3),
        ("spleeter:4stems", 2),
        ("compact:4stems", None),  # measured on songs of our own
        ("spleeter:2stems", None),  # nothing is published
        ("demucs:htdemucs_6s", None),
    ],
)
def test_stars_are_of_published_figures_that_can_be_compared(slug: str, stars: int | None) -> None:
    assert quality.stars(modelspec.get(slug)) == stars


def test_default_of_each_number_of_parts_comes_first(other_model: str) -> None:
    assert menu() == [("Singer and band", [TWO], []), ("Four parts", [FOUR], [OTHER])]
    model_choice.choose(modelspec.get(OTHER))
    assert menu()[1] == ("Four parts", [OTHER], [FOUR])


def test_more_stars_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for slug, known in (("compact:third", FOUR), (OTHER, "demucs:htdemucs")):
        spec = replace(modelspec.SPECS[FOUR], slug=slug, quality=modelspec.SPECS[known].quality)
        monkeypatch.setitem(modelspec.SPECS.packaged, slug, spec)
    assert menu()[1] == ("Four parts", [FOUR], [OTHER, "compact:third"])


def test_other_weights_than_the_measured_ones_have_no_stars(
    monkeypatch: pytest.MonkeyPatch, api: APIClient, settings: Any, tmp_path: Path
) -> None:
    slug = "spleeter:4stems"
    spec = with_filters(modelspec.SPECS[slug], SMALL)
    monkeypatch.setitem(modelspec.SPECS.packaged, slug, spec)
    settings.MODELS_DIR = tmp_path
    install(spec, tmp_path)
    row = ModelInstallation.objects.create(
        folder=spec.folder, model=slug, state="installed", is_official=True
    )

    def stars() -> tuple[int | None, int | None]:
        groups = model_menu.installed(AnonymousUser())
        options = [option for group in groups for option in (*group.first, *group.more)]
        models = api.get("/api/v1/models/").json()
        return (
            next(option.stars for option in options if option.model.slug == slug),
            next(model["stars"] for model in models if model["slug"] == slug),
        )

    assert stars() == (2, 2)
    ModelInstallation.objects.filter(pk=row.pk).update(is_official=False)
    assert stars() == (None, None)


def test_upload_page_folds_all_but_the_defaults(client: Client, user: User, other_model: str) -> None:
    client.force_login(user)
    page = client.get("/upload/").content.decode()
    assert page.count('class="model-more"') == 1
    assert "5 of 5 stars, by published figures" in page
    assert "for a song of 3 min" not in page
    assert "checked" in page.partition(f'value="{TWO}"')[2][:80]


def finish(separation: Separation, seconds: float) -> None:
    now = timezone.now()
    Separation.objects.filter(pk=separation.pk).update(
        started_at=now - timedelta(seconds=seconds), finished_at=now
    )


def test_time_is_that_of_songs_that_everybody_may_hear(client: Client, user: User) -> None:
    client.force_login(user)
    finish(make_separation(make_track(user, seconds=90.0, visibility=Visibility.PRIVATE)), 80.0)
    assert "for a song of 3 min" not in client.get("/upload/").content.decode()
    finish(make_separation(make_track(user, seconds=90.0)), 20.0)
    assert "About 40 s for a song of 3 min" in client.get("/upload/").content.decode()


def test_song_page_shows_what_there_is_first(client: Client, user: User, other_model: str) -> None:
    track = make_track(user)
    make_separation(track, model=FOUR)
    made = make_separation(track, model=OTHER)
    groups = client.get(f"/tracks/{track.pk}/?model={FOUR}").context["menu"]
    assert [(group.title, [each.model.slug for each in group.first]) for group in groups] == [
        ("Singer and band", [TWO]),
        ("Four parts", [OTHER]),
    ]
    assert groups[1].first[0].separation == made


def test_model_that_is_no_longer_known_is_still_offered_to_play(client: Client, user: User) -> None:
    track = make_track(user)
    old = make_separation(track, model=FOUR)
    Separation.objects.filter(pk=old.pk).update(model="gone:model")
    make_separation(track, model=TWO)
    groups = client.get(f"/tracks/{track.pk}/?model={TWO}").context["menu"]
    assert ["gone:model" in [each.model.slug for each in group.first] for group in groups] == [True]
