"""How names are compared: two spellings that a person would call the same are one key."""

import unicodedata


def fold(text: str) -> str:
    """Lower case, no accents, no punctuation, single spaces: ``"Canción, La"`` becomes ``"cancion la"``.

    Text without any letter or digit keeps its characters, so that ``"!!!"`` is still a name.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split()) or " ".join(text.casefold().split())
