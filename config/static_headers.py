"""Headers of static files, which WhiteNoise sends before the policy of pages is added to a response."""

from wsgiref.headers import Headers

WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"


def restrict_workers(headers: Headers, _path: str, url: str) -> None:
    """Give scripts of workers a policy of their own: theirs is not that of the page."""
    if "_worker." in url.rpartition("/")[2]:
        headers["Content-Security-Policy"] = WORKER_POLICY
