"""Pages of errors that no view answers."""

import pytest
from django.test import Client


@pytest.mark.parametrize("path", ["/", "/api/v1/models/"])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "does not know the address 192.168.1.20:8000. Whoever runs it can name it in STEMOTECA_URL"),
        (
            "es",
            "no conoce la dirección 192.168.1.20:8000. Quien la administra puede indicarla en STEMOTECA_URL",
        ),
    ],
)
def test_unknown_host_names_the_settings(
    client: Client, db: None, path: str, language: str, sentence: str
) -> None:
    answer = client.get(path, headers={"host": "192.168.1.20:8000", "accept-language": language})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


def test_host_is_escaped_on_the_page(client: Client, db: None) -> None:
    answer = client.get("/", headers={"host": "<b>evil</b>"})
    assert "&lt;b&gt;evil&lt;/b&gt;" in answer.content.decode()
