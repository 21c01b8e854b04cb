"""An HTTP cache that obeys the headers it gets (RFC 9111), around a test client."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

HEURISTIC = timedelta(days=1)  # for how long it keeps what says nothing of caches


@dataclass
class Entry:
    body: bytes
    etag: str
    control: dict[str, str]
    stored_at: datetime

    def is_fresh(self) -> bool:
        if "no-cache" in self.control:
            return False
        age = timezone.now() - self.stored_at
        lasting = self.control.get("max-age")
        return age < (HEURISTIC if lasting is None else timedelta(seconds=int(lasting)))


class HttpCache:
    """A browser's cache, or one that many people ``share``."""

    def __init__(self, client: Any, *, shared: bool = False) -> None:
        self.client = client
        self.shared = shared
        self.entries: dict[str, Entry] = {}
        self.statuses: list[int] = []
        """Of the requests that went on to the site."""

    def get(self, path: str) -> bytes | None:
        """The body of the answer, stored or new; None for an answer other than 200."""
        entry = self.entries.get(path)
        if entry is not None and entry.is_fresh():
            return entry.body
        answer = self.client.get(path, headers={"if-none-match": entry.etag} if entry and entry.etag else {})
        body = b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)
        self.statuses.append(answer.status_code)
        if answer.status_code == 304 and entry is not None:
            entry.stored_at, entry.control = timezone.now(), directives(answer)
            return entry.body
        self.entries.pop(path, None)
        if answer.status_code != 200:
            return None
        control = directives(answer)
        if "no-store" not in control and not (self.shared and "private" in control):
            self.entries[path] = Entry(body, answer.headers.get("ETag", ""), control, timezone.now())
        return body


def directives(answer: Any) -> dict[str, str]:
    """``{"private": "", "max-age": "300"}``."""
    parts = (part.strip().partition("=") for part in answer.headers.get("Cache-Control", "").split(","))
    return {name: value for name, _equals, value in parts if name}
