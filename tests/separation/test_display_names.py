"""What models and stems are called, and the order of stems."""

import re
from dataclasses import replace

import pytest
from django.conf import settings
from django.utils import translation

from separation.display_names import describe, in_order, texts
from separation.engines.modelspec import SPECS


@pytest.mark.parametrize("slug", sorted(SPECS))
def test_every_model_has_words_and_its_stems_in_one_order(slug: str) -> None:
    spec = SPECS[slug]
    choice = describe(spec)
    assert choice.stems[0] == "vocals"
    assert set(choice.stems) == set(spec.stems)
    assert choice.title.startswith("Vocals")
    assert choice.detail.endswith(".")


def figures(text: str) -> list[str]:
    """The numbers in a text, whatever groups their digits."""
    return sorted(re.findall(r"\d+", re.sub(r"(?<=\d)[,\xa0 ](?=\d{3})", "", text)))


@pytest.mark.parametrize("slug", sorted(SPECS))
def test_descriptor_is_translated(slug: str) -> None:
    """A new descriptor fails here until it is there in every language of the site, with the same figures."""
    spec = SPECS[slug]
    with translation.override("en"):
        english = texts(spec)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            shown = texts(spec)
        assert shown.language == language
        if language != "en":
            assert {shown.licence, shown.provenance}.isdisjoint({english.licence, english.provenance, ""})
            assert shown.cost != english.cost or " " not in english.cost
            assert figures(shown.licence + shown.provenance) == figures(english.licence + english.provenance)


def test_descriptor_without_a_translation_is_shown_in_english() -> None:
    spec = replace(SPECS["compact:2stems"], translations=())
    with translation.override("es"):
        assert texts(spec).licence == spec.licence


def test_stems_without_a_place_come_last_as_they_were() -> None:
    given = ["kick", "drums", "snare", "vocals"]
    assert in_order(given) == ("vocals", "drums", "kick", "snare")
