"""Download one file by HTTP, going on where an earlier attempt stopped."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from separation.engines.download.errors import Code, FetchError

TIMEOUT_SECONDS = 30
_BLOCK = 1 << 18
_MAX_BYTES = 8 << 30
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


def read_text(url: str, most: int) -> str | None:
    """Return the text at `url`, None where there is none (404). Raises `FetchError`."""
    try:
        with open_url(url) as answer:
            return answer.read(most).decode()
    except FetchError as error:
        if error.code == "not_found":
            return None
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _broken() from error
    except UnicodeDecodeError as error:
        raise FetchError("bad_checksums", f"{url} is no text") from error


def open_url(url: str, start: int = 0) -> http.client.HTTPResponse:
    """Ask for what is at `url`, from byte `start` on. Raises `FetchError`."""
    headers = {"User-Agent": "Stemoteca"} | ({"Range": f"bytes={start}-"} if start else {})
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (http and https only: descriptors and sources are checked)
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return open_url(url)
        passing = error.code >= 500 or error.code in {408, 429}
        code: Code = "server_error" if passing else "not_found"
        raise FetchError(code, f"{url} answers {error.code} {error.reason}") from error
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise FetchError("unreachable", f"cannot reach {url}: {reason}") from error
    return answer


def download(
    url: str, path: Path, size: int | None, on_start: Callable[[int | None], None], at: Callable[[int], None]
) -> None:
    """Download `url`, of `size` bytes where that is known, to `path`; what has arrived is kept after an error.

    What is longer than the file can be is deleted. `on_start` is called with the size that the server tells, `at` with
    the bytes that are there. Raises `FetchError`, OSError.
    """
    start = path.stat().st_size if path.exists() else 0
    if size is not None and start == size:
        at(start)
        return
    with open_url(url, start if size is None or start < size else 0) as answer:
        first, total = _extent(answer, start)
        if (total is not None and total > _MAX_BYTES) or (size is not None and (total or size) != size):
            raise FetchError("damaged", f"{url} has {total} bytes; the model has {size or 'fewer'}")
        on_start(total)
        most = total or size or _MAX_BYTES
        with path.open("ab" if first else "wb") as file:
            done = first
            at(done)
            for block in _blocks(answer):
                done += len(block)
                if done > most:
                    path.unlink()
                    raise FetchError("damaged", f"{url} sends more than {most} bytes")
                file.write(block)
                at(done)
    if total is not None and done < total:
        raise FetchError(
            "broken", f"the connection ended after {done} of {total} bytes; run it again to go on"
        )


def _extent(answer: http.client.HTTPResponse, start: int) -> tuple[int, int | None]:
    """Return the number of the first byte that comes, 0 or `start`, and the size of the whole file if it is told."""
    length = answer.headers.get("Content-Length")
    coming = int(length) if length and length.isdigit() else None
    if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0, coming
    told = _RANGE.fullmatch(answer.headers.get("Content-Range") or "")
    if told and int(told[1]) != start:
        raise FetchError("broken", "the server answered with another part of the file; run it again")
    if told and told[2] != "*":
        return start, int(told[2])
    return start, None if coming is None else start + coming


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while block := answer.read1(_BLOCK):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise _broken() from error


def _broken() -> FetchError:
    return FetchError("broken", "the connection broke; run it again to go on where it stopped")
