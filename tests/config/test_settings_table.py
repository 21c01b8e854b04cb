"""The table of all settings is that of the program."""

from config import settings
from config.settings_table import PAGE, descriptions, problems, render


def test_page_is_up_to_date() -> None:
    groups = descriptions()
    assert problems(settings.env.read, groups) == []
    assert PAGE.read_text() == render(settings.env.read, groups), "python -m config.settings_table writes it"


def test_missing_and_superfluous_descriptions_are_named() -> None:
    [missing, superfluous] = problems({"STEMOTECA_NEW": ("text", "")}, {"A": {"STEMOTECA_OLD": "gone"}})
    assert missing == "STEMOTECA_NEW is read, and not described in settings.toml"
    assert superfluous == "STEMOTECA_OLD is described in settings.toml, and not read"


def test_page_shows_kind_and_default() -> None:
    read = {"STEMOTECA_MANY": ("number", "8"), "STEMOTECA_NAME": ("text", "")}
    page = render(read, {"Things": {"STEMOTECA_MANY": "how many", "STEMOTECA_NAME": "which"}})
    assert page.endswith(
        "## Things\n\n| variable | kind | default | |\n| --- | --- | --- | --- |\n"
        "| `STEMOTECA_MANY` | number | `8` | how many |\n| `STEMOTECA_NAME` | text |  | which |\n"
    )
