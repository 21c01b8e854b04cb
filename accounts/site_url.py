"""The site's own address (``STEMOTECA_URL``), for links that are read elsewhere."""

from urllib.parse import urlsplit

from django.conf import settings


def absolute_url(url: str) -> str:
    """Move ``url``, a path or a whole address of ours, to the site's origin; return ``""`` where that is not set."""
    if not settings.SITE_ORIGIN:
        return ""
    return str(settings.SITE_ORIGIN) + urlsplit(url)._replace(scheme="", netloc="").geturl()
