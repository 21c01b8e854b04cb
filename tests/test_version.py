"""The version stands in ``pyproject.toml``; everything else repeats it."""

import re

import pytest
from django.conf import settings
from rest_framework.test import APIClient


@pytest.mark.django_db
def test_api_description_names_the_version_of_the_project(api: APIClient) -> None:
    assert api.get("/api/schema/").json()["info"]["version"] == settings.VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", settings.VERSION)


def test_newest_section_of_the_changelog_is_that_of_the_project() -> None:
    changelog = (settings.BASE_DIR / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest
    assert newest[1] == settings.VERSION
