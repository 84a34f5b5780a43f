"""Files of the hub fetched: resumed where a transfer broke off, and verified by the hub's own checksums.

The API: https://huggingface.co/docs/hub/api; its `X-Linked-Etag` header is the SHA-256 of a large file.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from epitome import settings
from epitome.errors import ModelError, OfflineError
from epitome.models import cache
from epitome.models.model import Progress

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 5
"""Connections that may break one after the other without a byte between them before we give up."""
_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository. `checksum`: SHA-256 of a large file, git's SHA-1 of a small one, or empty."""

    name: str
    url: str
    size: int
    checksum: str


@contextmanager
def connected(what: str, offline: str, unreachable: str, *, hub: bool = True) -> Iterator[httpx.Client]:
    """A connection to the hub, to fetch `what`; its errors become ours, with these hints.

    `hub=False`: to anybody else, who is not shown the hub's token.

    Raises `OfflineError` where `EPITOME_OFFLINE` is set, `ModelError` where the hub does not answer.
    """
    if settings.offline():
        raise OfflineError(f"{what} is not on this machine, and EPITOME_OFFLINE is set", hint=offline)
    import httpx

    endpoint = settings.hub_endpoint() if hub else ""
    token = settings.hub_token() if hub else ""
    headers = {"User-Agent": "epitome"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with httpx.Client(base_url=endpoint, headers=headers, timeout=httpx.Timeout(15, read=60)) as client:
            yield client
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise ModelError(
            f"{'the hub' if hub else 'the network'} cannot be reached for {what}: {reason}",
            hint=f"check the connection{', or HF_ENDPOINT' if hub else ''}; {unreachable}",
        ) from error


def refused(answer: httpx.Response, repository: str, file: str) -> None:
    """Raise the `ModelError` that an answer of the hub means, if it is none to go on with."""
    status = answer.status_code
    what = f"{repository}/{file}" if file else repository
    if status in {401, 403}:
        # The hub says 401 for repositories that do not exist, too.
        raise ModelError(
            f"the hub does not give {what} to us ({status})",
            hint=f"check the name; if it has terms, accept them at {settings.hub_endpoint()}/{repository} "
            "and set HF_TOKEN",
        )
    if status == 404:
        raise ModelError(f"the hub has no {what}", hint="check the name, upper and lower case count")
    if status >= 400:
        raise ModelError(f"the hub answered {status} for {what}", hint="try again later")


def head(client: httpx.Client, repository: str, file: str, revision: str = "main") -> RemoteFile:
    """What the hub says of a file. `repository`: `org/name` of a model, `datasets/org/name` of a dataset."""
    url = f"{settings.hub_endpoint()}/{repository}/resolve/{quote(revision, safe='')}/{quote(file)}"
    for _ in range(_REDIRECTS):
        answer = client.head(url, headers={"Accept-Encoding": "identity"})
        refused(answer, repository, file)
        location = answer.headers.get("location", "")
        # A renamed repository redirects within the hub; a large file redirects to storage, and its checksum
        # stands in this answer, not in the storage's.
        if answer.is_redirect and not urlsplit(location).netloc and "x-linked-etag" not in answer.headers:
            url = urljoin(url, location)
            continue
        checksum = answer.headers.get("x-linked-etag") or answer.headers.get("etag", "")
        size = answer.headers.get("x-linked-size") or answer.headers.get("content-length") or "0"
        if not size.isdigit():
            raise ModelError(f"the hub gives no size for {repository}/{file}", hint="try again later")
        return RemoteFile(file, url, int(size), checksum.removeprefix("W/").strip('"'))
    raise ModelError(f"the hub sends {repository}/{file} in circles", hint="try again later")


def fetch(
    client: httpx.Client, remote: RemoteFile, folder: Path, report: Progress, label: str
) -> tuple[Path, str]:
    """A verified draft of the file in `folder`, and its SHA-256; whoever calls gives it its name.

    What an earlier try had fetched is not fetched again. Raises `ModelError` or `StoreError`.
    """
    key = hashlib.sha256(f"{remote.name} {remote.checksum} {remote.size}".encode()).hexdigest()[:16]
    partial = folder / f".partial-{key}"
    with cache.writing(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
    cache.require_space(remote.size - partial.stat().st_size, label)
    report(label, partial.stat().st_size, remote.size)
    failures = 0
    while True:
        before = partial.stat().st_size
        if remote.size and before >= remote.size:
            break
        try:
            _append(client, remote, partial, lambda done: report(label, done, remote.size))
            if not remote.size or partial.stat().st_size >= remote.size:
                break
            reason = "the connection was closed early"
        except _BrokenOffError as error:
            reason = str(error)
        failures = failures + 1 if partial.stat().st_size == before else 0
        if failures >= ATTEMPTS:
            raise ModelError(
                f"fetching {label} broke off: {reason}", hint="the same command again goes on from there"
            )
        time.sleep(0.2 * 2**failures)
    return partial, _verified(remote, partial, label)


class _BrokenOffError(Exception):
    pass


def _append(client: httpx.Client, remote: RemoteFile, partial: Path, report: Any) -> None:
    import httpx

    done = partial.stat().st_size
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        with client.stream("GET", remote.url, headers=headers, follow_redirects=True) as answer:
            if answer.status_code == 416 or answer.status_code >= 500:
                # 416: what we have is longer than the file. Nothing of it can be used.
                if answer.status_code == 416:
                    partial.write_bytes(b"")
                raise _BrokenOffError(f"the hub answered {answer.status_code}")
            refused(answer, remote.name, "")
            resumed = answer.status_code == 206
            done = done if resumed else 0
            with cache.writing(partial), partial.open("ab" if resumed else "wb") as out:
                # As it comes, in no larger blocks: what httpx holds back is lost when the connection breaks.
                for block in answer.iter_raw():
                    out.write(block)
                    done += len(block)
                    report(done)
                    if remote.size and done > remote.size:
                        return  # not the file that was announced: the check says so
    except httpx.TransportError as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error


def _verified(remote: RemoteFile, partial: Path, label: str) -> str:
    """The SHA-256 of the file, once it is what the hub says it is; otherwise it is thrown away."""
    found = cache.digest(partial)
    checksum = remote.checksum.lower()
    good = not remote.size or partial.stat().st_size == remote.size
    if re.fullmatch(r"[0-9a-f]{64}", checksum):
        good = good and checksum == found
    elif re.fullmatch(r"[0-9a-f]{40}", checksum):
        good = good and checksum == _git_digest(partial)
    if not good:
        partial.unlink(missing_ok=True)
        raise ModelError(f"{label} arrived damaged: its checksum is not the hub's", hint="try again")
    return found


def _git_digest(path: Path) -> str:
    """Git's own name for the content: SHA-1 over a header and the bytes."""
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
