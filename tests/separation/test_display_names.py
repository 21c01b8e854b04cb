"""What models and stems are called, and the order of stems."""

import pytest

from separation.display_names import describe, in_order
from separation.engines.modelspec import SPECS


@pytest.mark.parametrize("slug", sorted(SPECS))
def test_every_model_has_words_and_its_stems_in_one_order(slug: str) -> None:
    spec = SPECS[slug]
    choice = describe(spec)
    assert choice.stems[0] == "vocals"
    assert set(choice.stems) == set(spec.stems)
    assert choice.title.startswith("Vocals")
    assert choice.detail.endswith(".")


def test_stems_without_a_place_come_last_as_they_were() -> None:
    given = ["kick", "drums", "snare", "vocals"]
    assert in_order(given) == ("vocals", "drums", "kick", "snare")
