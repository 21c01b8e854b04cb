"""Everything people read is there in Spanish, and what is compiled is what is written."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.utils import translation
from django.utils.translation.template import templatize

from accounts.web.translations import ADMIN, ALLAUTH, FORMS, PASSWORDS

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "locale" / "es" / "LC_MESSAGES"
MARKERS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
LITERAL = r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|<a [^>]*>")

FORMAL = re.compile(
    r"\b(usted|su|sus|introduzca|ingrese|asegúrese|escoja|envíe|compruebe|escriba|puede eliminar|debe escribir)\b",
    re.IGNORECASE,
)

Catalogue = dict[str, list[str]]


def read_po(path: Path) -> Catalogue:
    """The messages of a .po file: msgid to its translations (several where there is a plural).

    A context stands before the msgid, as in the compiled file.
    """
    messages: Catalogue = {}
    key, target, context = "", "", ""
    for line in path.read_text().splitlines():
        name, quote, text = line.partition('"')
        words = ast.literal_eval(quote + text) if quote and not line.startswith("#") else ""
        match name.strip():
            case "msgctxt":
                context = f"{words}\x04"
            case "msgid":
                key, target, context = context + words, "id", ""
            case "msgid_plural":
                target = "plural"
            case keyword if keyword.startswith("msgstr"):
                messages.setdefault(key, []).append(words)
                target = "str"
            case "" if quote and target == "id":
                key += words
            case "" if quote and target == "str":
                messages[key][-1] += words
    messages.pop("", None)
    return messages


def said_in_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(message)), *_rest]):
                if name in MARKERS:
                    yield message


def said_in_template(path: Path) -> Iterator[str]:
    for literal in re.findall(rf"\b(?:n?gettext|_)\(\s*{LITERAL}", templatize(path.read_text(), str(path))):
        yield ast.literal_eval(literal)


@pytest.fixture(scope="module")
def spanish() -> Catalogue:
    return read_po(FOLDER / "django.po")


def test_every_message_is_gathered(spanish: Catalogue) -> None:
    said: set[str] = set()
    for app in ("accounts", "audio", "catalog", "config", "operations", "practice", "separation"):
        for path in (ROOT / app).rglob("*.py"):
            said.update(said_in_python(path))
    for path in (ROOT / "templates").rglob("*.*"):
        said.update(said_in_template(path))
    assert len(said) > 300
    assert sorted(said - spanish.keys()) == []


def test_every_message_is_translated(spanish: Catalogue) -> None:
    assert [message for message, texts in spanish.items() if not all(texts)] == []
    assert "fuzzy" not in (FOLDER / "django.po").read_text()


def test_translations_keep_the_places_that_are_filled_in(spanish: Catalogue) -> None:
    for message, texts in spanish.items():
        for text in texts:
            assert sorted(PLACES.findall(text)) == sorted(PLACES.findall(message)), message


def test_the_compiled_file_is_up_to_date(spanish: Catalogue) -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message, texts in spanish.items():
        found = [compiled.gettext(message)] if len(texts) == 1 else None
        if found is None:
            found = [compiled.ngettext(message, message, n) for n in (1, 1_000_000, 2)]
        assert found == texts
    known = compiled._catalog  # type: ignore[attr-defined]  # the only way to see what else it holds
    assert {key if isinstance(key, str) else key[0] for key in known if key} == spanish.keys()


def test_texts_of_libraries_address_people_as_ours_do() -> None:
    with translation.override("es"):
        texts = [
            translation.gettext(text)
            for text in (*ALLAUTH, *PASSWORDS, *FORMS, *ADMIN)
            if isinstance(text, str)
        ]
        texts.append(str(password_validators_help_text_html()))
    for text in texts:
        assert not FORMAL.search(text), text


def test_no_two_titles_of_the_panel_are_equal() -> None:
    with translation.override("es"):
        titles = [str(model._meta.verbose_name_plural) for model in admin.site._registry]
        labels = {model._meta.app_label for model in admin.site._registry}
        titles += [str(apps.get_app_config(label).verbose_name) for label in labels]
    assert len({title.casefold() for title in titles}) == len(titles), sorted(titles)
