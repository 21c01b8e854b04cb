"""``docs/operations.md`` names every setting, and none that does not exist."""

import re

from django.conf import settings

READS = re.compile(r"""env\.\w+\(\s*"([A-Z0-9_]+)"|environ(?:\.get\(|\[)"STEMOTECA_([A-Z0-9_]+)""")


def test_operations_page_names_the_settings_that_exist() -> None:
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text()
    sources = [*(settings.BASE_DIR / "config").rglob("*.py"), *(settings.BASE_DIR / "accounts").rglob("*.py")]
    read = {name or other for path in sources for name, other in READS.findall(path.read_text())}
    assert {"DATA", "ADMIN_EMAIL", "QUEUE_LOG_LEVEL"} <= read
    assert set(re.findall(r"STEMOTECA_([A-Z0-9_]+)", page)) == read
