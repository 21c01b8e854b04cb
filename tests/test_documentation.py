"""What the documentation says about the project is so: settings, links, headings."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from config.settings_table import descriptions

ROOT: Path = settings.BASE_DIR
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests" / "README.md"])
PATHS = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
APPS = ("config", "operations", "practice", "separation", "catalog", "accounts", "audio", "stemoteca")
READS = re.compile(r"""environ(?:\.get\(|\[)"STEMOTECA_([A-Z0-9_]+)""")
NAMES = re.compile(r"STEMOTECA_([A-Z0-9]+(?:_[A-Z0-9]+)*)(?![A-Z0-9_])")


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub derives them from its headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_settings_are_those_that_exist() -> None:
    known = {name.removeprefix("STEMOTECA_") for group in descriptions().values() for name in group}
    sources = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    read = {name for path in sources for name in READS.findall(path.read_text())}
    assert read <= known, "read, and not in the table of settings"
    for page in PAGES:
        if page.name != "CHANGELOG.md" and page.parent.name != "decisions":  # which tell of earlier ones
            assert set(NAMES.findall(page.read_text())) <= known, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_pages_and_headings_that_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text())
    for target, heading in links:
        other = page.parent / target if target else page
        assert other.exists(), target
        assert not heading or heading in headings(other), f"{target}#{heading}"


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "tests/README.md", "docs/decisions"])
def test_files_that_the_documentation_names_exist(name: str) -> None:
    page = ROOT / name
    for text in [page.read_text()] if page.is_file() else [path.read_text() for path in page.glob("*.md")]:
        for path in PATHS.findall(text):
            bases = (ROOT, ROOT / "catalog", ROOT / "tests")
            assert any((base / path).exists() for base in bases), path
