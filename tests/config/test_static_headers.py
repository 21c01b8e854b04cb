"""Headers of static files."""

from wsgiref.headers import Headers

import pytest

from config.static_headers import WORKER_POLICY, restrict_workers


@pytest.mark.parametrize(
    ("url", "policy"),
    [
        ("/static/js/player/rendering/renderer_worker.0a1b2c3d4e5f.js", WORKER_POLICY),
        ("/static/js/upload/hash_worker.js", WORKER_POLICY),
        ("/static/js/player/player.0a1b2c3d4e5f.js", None),
        ("/static/css/base.0a1b2c3d4e5f.css", None),
    ],
)
def test_scripts_of_workers_have_a_policy_of_their_own(url: str, policy: str | None) -> None:
    headers = Headers()
    restrict_workers(headers, "", url)
    assert headers["Content-Security-Policy"] == policy
