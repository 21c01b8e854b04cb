"""Query parameters of pages with lists."""

from django.http import HttpRequest

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0")  # "0" is all that begins otherwise


def letter_of(request: HttpRequest, letters: tuple[str, ...] = LETTERS) -> str:
    """Return the letter that ``?letter=`` asks for, or nothing."""
    letter = request.GET.get("letter", "").lower()
    return letter if letter in letters else ""


def slug_in(request: HttpRequest, name: str) -> str:
    """Return an artist's slug in ``?name=``, without what no database takes."""
    return request.GET.get(name, "").replace("\0", " ")
