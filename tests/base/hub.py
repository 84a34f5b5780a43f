"""A model hub on the loopback that speaks as the real one does, and misbehaves when told to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""From this size on a file is stored apart (LFS): its checksum is a SHA-256 and it is served after a redirect."""


@dataclass
class Hub:
    """What it holds, how it misbehaves, and what it was asked."""

    url: str = ""
    storage: str = ""
    """Where large files are redirected to: another host name, so another origin."""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By name; of datasets as `datasets/org/name`, and of their Parquet branch with `@refs/convert/parquet`."""
    gated: set[str] = field(default_factory=set)
    token: str = ""
    """What opens the gated repositories."""
    moved: dict[str, str] = field(default_factory=dict)
    break_after: list[int] = field(default_factory=list)
    """Each entry breaks one transfer off after so many bytes."""
    pause: float = 0.0
    """Seconds between two blocks of a transfer."""
    spoil: bool = False
    """Serve other bytes than announced."""
    announce: int | None = None
    """Announce this size instead of the real one."""
    ranges: bool = True
    served: list[str] = field(default_factory=list)
    """The models that `/v1/models` names, as an OpenAI-compatible server does."""
    log: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Method, path, range asked, authorisation given."""

    def fetched(self) -> list[str]:
        """The paths of all transfers of a large file's content."""
        return [path for method, path, _, _ in self.log if method == "GET" and path.startswith("/storage")]


@contextmanager
def running() -> Iterator[Hub]:
    """A hub that lives as long as the block."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    hub.storage = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def git_digest(data: bytes) -> str:
    """Git's own name for the content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self) -> None:
            path = unquote(self.path)
            asked = self.headers.get("Range", "")
            hub.log.append((self.command, path, asked, self.headers.get("Authorization", "")))
            parts = path.strip("/").split("/")
            if path == "/v1/models":
                names = [{"id": name} for name in hub.served]
                self._plain(200, {}, json.dumps({"object": "list", "data": names}).encode())
            elif parts[0] == "storage":
                repository, _, file = "/".join(parts[1:]).partition("/at/")
                self._content(hub.repositories[repository][file])
            elif parts[:2] == ["api", "datasets"]:
                self._tree(f"datasets/{parts[2]}/{parts[3]}", "/".join(parts[5:]).partition("?")[0])
            elif parts[0] == "datasets":
                revision, _, file = self._dataset_file("/".join(parts[4:]))
                self._resolve(f"datasets/{parts[1]}/{parts[2]}{revision}", file, path)
            elif parts[0] == "api":
                self._listing(f"{parts[2]}/{parts[3]}")
            else:
                self._resolve(f"{parts[0]}/{parts[1]}", "/".join(parts[4:]), path)

        def _refused(self, repository: str) -> bool:
            if repository in hub.gated and self.headers.get("Authorization") != f"Bearer {hub.token}":
                self._plain(401, {})
            elif repository not in hub.repositories:
                self._plain(404, {})
            else:
                return False
            return True

        def _listing(self, repository: str) -> None:
            if not self._refused(repository):
                names = [{"rfilename": name} for name in hub.repositories[repository]]
                self._plain(200, {}, json.dumps({"sha": COMMIT, "siblings": names}).encode())

        def _tree(self, repository: str, revision: str) -> None:
            branch = repository if revision == "main" else f"{repository}@{revision}"
            if not self._refused(branch):
                rows = [{"type": "directory", "path": "data", "size": 0, "oid": "0" * 40}]
                for name, data in hub.repositories[branch].items():
                    row = {"type": "file", "path": name, "size": len(data), "oid": git_digest(data)}
                    if len(data) >= LARGE:
                        row["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
                    rows.append(row)
                # A page holds two entries, so that whoever lists must follow the pages.
                at = int(self.path.partition("cursor=")[2] or 0)
                more = f'<{hub.url}{self.path.partition("&cursor")[0]}&cursor={at + 2}>; rel="next"'
                links = {"Link": more} if at + 2 < len(rows) else {}
                self._plain(200, links, json.dumps(rows[at : at + 2]).encode())

        def _dataset_file(self, rest: str) -> tuple[str, str, str]:
            for revision in ("main", "refs/convert/parquet"):
                if rest.startswith(f"{revision}/"):
                    return (
                        "" if revision == "main" else f"@{revision}",
                        "/",
                        rest.removeprefix(f"{revision}/"),
                    )
            return rest.partition("/")

        def _resolve(self, repository: str, file: str, path: str) -> None:
            if repository in hub.moved:
                self._plain(307, {"Location": path.replace(repository, hub.moved[repository])})
                return
            if self._refused(repository):
                return
            if file not in hub.repositories[repository]:
                self._plain(404, {})
                return
            data = hub.repositories[repository][file]
            if len(data) >= LARGE:
                size = len(data) if hub.announce is None else hub.announce
                headers = {
                    "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                    "X-Linked-Size": str(size),
                    "X-Repo-Commit": COMMIT,
                    "Location": f"{hub.storage}/storage/{repository}/at/{file}",
                }
                self._plain(302, headers)
                return
            self._content(data, {"ETag": f'"{git_digest(data)}"', "X-Repo-Commit": COMMIT})

        def _plain(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def _content(self, data: bytes, headers: dict[str, str] | None = None) -> None:
            if hub.spoil:
                data = data[:-1] + bytes([data[-1] ^ 1])
            start = 0
            if hub.ranges and (asked := self.headers.get("Range")):
                start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                self._plain(416, {})
                return
            self.send_response(206 if start else 200)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if self.command == "HEAD":
                return
            self._stream(data[start:])

        def _stream(self, data: bytes) -> None:
            until = hub.break_after.pop(0) if hub.break_after else len(data)
            try:
                for at in range(0, until, 1 << 16):
                    self.wfile.write(data[at : min(at + (1 << 16), until)])
                    time.sleep(hub.pause)
            except ConnectionError:  # whoever asked is gone
                pass
            if until < len(data):
                self.close_connection = True

    return Handler
