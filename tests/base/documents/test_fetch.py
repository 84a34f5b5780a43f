"""URLs: bounded, honest about failures, and never into a private network by accident."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from epitome.documents import fetch, read
from epitome.errors import OfflineError, SourceError

EXAMPLES = Path(__file__).parents[3] / "examples"


class Pages(BaseHTTPRequestHandler):
    """A small site with every way to behave badly."""

    def do_GET(self) -> None:
        try:
            getattr(self, "get_" + self.path.strip("/").split("/")[0].split(".")[0])()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, body: bytes, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def get_page(self) -> None:
        self.answer((EXAMPLES / "news.html").read_bytes(), "text/html; charset=utf-8")

    def get_paper(self) -> None:
        self.answer((EXAMPLES / "paper.pdf").read_bytes(), "application/octet-stream")

    def get_latin(self) -> None:
        self.answer("Crème brûlée à la carte.".encode("latin-1"), "text/plain; charset=iso-8859-1")

    def get_host(self) -> None:
        self.answer(f"You asked for {self.headers['Host']}.".encode(), "text/plain")

    def get_hop(self) -> None:
        self.answer(b"", "text/plain", 302, Location="/page")

    def get_loop(self) -> None:
        self.answer(b"", "text/plain", 302, Location="/loop")

    def get_endless(self) -> None:
        self.answer(b"", "text/plain", 302, Location=self.path + "/on")

    def get_inside(self) -> None:
        self.answer(b"", "text/plain", 302, Location=f"http://127.0.0.2:{self.server.server_address[1]}/page")

    def get_file(self) -> None:
        self.answer(b"", "text/plain", 302, Location="file:///etc/hostname")

    def get_large(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(64):
            self.wfile.write(b"word " * 4096)

    def get_bomb(self) -> None:
        self.answer(gzip.compress(b"0" * 30_000_000), "text/plain", Content_Encoding="gzip")

    def get_nested(self) -> None:
        twice = gzip.compress(gzip.compress(b"0" * 30_000_000))
        self.answer(twice, "text/plain", Content_Encoding="gzip, gzip")

    def get_brotli(self) -> None:
        self.answer(b"\x0b\x02\x80packed\x03", "text/plain", Content_Encoding="br")

    def get_slow(self) -> None:
        time.sleep(1.5)
        self.answer(b"late", "text/plain")

    def get_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(40):
            self.wfile.write(b"drip ")
            self.wfile.flush()
            time.sleep(0.1)

    def get_gone(self) -> None:
        self.answer(b"<h1>Nothing here</h1>", "text/html", 404)

    def get_failing(self) -> None:
        self.answer(b"oops", "text/plain", 503)

    def get_empty(self) -> None:
        self.answer(b"  ", "text/html")

    def get_script(self) -> None:
        self.answer(b"<html><body><div id=app></div><script>go()</script></body></html>", "text/html")

    def get_rude(self) -> None:
        self.wfile.write(b"SSH-2.0 hello\r\n")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_page_is_fetched_and_read(site: str) -> None:
    document = read(f"{site}/page", allow_private=True)
    assert document.title == "Harbour ferry returns to Port Elspeth after eleven years"
    assert document.source == f"{site}/page"


def test_a_pdf_is_told_by_its_content(site: str) -> None:
    assert read(f"{site}/paper", allow_private=True).sections[1].title == "Abstract"


def test_the_declared_encoding_is_used(site: str) -> None:
    assert read(f"{site}/latin", allow_private=True).text == "Crème brûlée à la carte."


def test_redirects_are_followed(site: str) -> None:
    assert "ferry" in read(f"{site}/hop", allow_private=True).text


@pytest.mark.parametrize("path", ["loop", "endless"])
def test_redirect_loops_end(site: str, path: str) -> None:
    with pytest.raises(SourceError, match="redirects in a circle or without end"):
        read(f"{site}/{path}", allow_private=True)


def test_a_redirect_to_a_file_is_refused(site: str) -> None:
    with pytest.raises(SourceError, match="no web address"):
        read(f"{site}/file", allow_private=True)


def test_private_addresses_are_refused_unless_asked(site: str) -> None:
    with pytest.raises(SourceError, match="private network") as error:
        read(f"{site}/page")
    assert "--allow-private" in (error.value.hint or "")


def test_a_name_that_leads_to_this_machine_is_refused(site: str) -> None:
    port = site.rsplit(":", 1)[1]
    with pytest.raises(SourceError, match="private network"):
        read(f"http://localhost:{port}/page")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "2130706433",
        "[::1]",
        "[fe80::1]",
        "[fc00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_every_kind_of_private_address_is_refused(host: str) -> None:
    with pytest.raises(SourceError, match="private network"):
        fetch.checked_addresses(host, 80, "url", allow_private=False)


def test_public_addresses_are_allowed() -> None:
    assert fetch.checked_addresses("93.184.216.34", 80, "url", allow_private=False) == ["93.184.216.34"]
    assert fetch.checked_addresses("[2606:4700::1111]", 80, "url", False) == ["2606:4700::1111"]


def test_every_hop_is_checked(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # 127.0.0.1 plays the open Internet here, 127.0.0.2 the private network.
    monkeypatch.setattr(fetch, "_public", lambda address: address == "127.0.0.1")
    assert "ferry" in read(f"{site}/hop").text
    with pytest.raises(SourceError, match=r"private network \(127\.0\.0\.2\)"):
        read(f"{site}/inside")


def test_the_connection_goes_to_the_address_that_was_checked(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(site.rsplit(":", 1)[1])
    answers = iter(["127.0.0.1", "127.0.0.2"])
    lookup = socket.getaddrinfo

    def rebinding(host: str, *args: object, **named: object) -> object:
        if host != "rebind.test":
            return lookup(host, *args, **named)  # type: ignore[arg-type]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(fetch, "_public", lambda address: address == "127.0.0.1")
    assert read(f"http://rebind.test:{port}/host").text == f"You asked for rebind.test:{port}."
    assert next(answers) == "127.0.0.2"


def test_pages_over_the_size_limit_are_refused(site: str) -> None:
    with pytest.raises(SourceError, match="larger than the limit"):
        read(f"{site}/large", allow_private=True, max_bytes=100_000)


def test_a_page_that_unpacks_to_more_than_the_limit_is_refused(site: str) -> None:
    with pytest.raises(SourceError, match="larger than the limit"):
        read(f"{site}/bomb", allow_private=True, max_bytes=1_000_000)


@pytest.mark.parametrize("path", ["nested", "brotli"])
def test_what_is_packed_otherwise_than_asked_for_is_not_unpacked(site: str, path: str) -> None:
    with pytest.raises(SourceError, match="was not asked for"):
        read(f"{site}/{path}", allow_private=True)


@pytest.mark.parametrize("path", ["slow", "drip"])
def test_slow_servers_are_left(site: str, path: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(SourceError, match=r"no complete answer within 0\.5 s"):
        read(f"{site}/{path}", allow_private=True, timeout=0.5)
    assert time.perf_counter() - begun < 1.4


@pytest.mark.parametrize(
    ("path", "said"), [("gone", "404 Not Found"), ("failing", "503 Service Unavailable")]
)
def test_an_error_of_the_server_is_named(site: str, path: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(f"{site}/{path}", allow_private=True)


@pytest.mark.parametrize("path", ["empty", "script"])
def test_pages_without_content_are_refused(site: str, path: str) -> None:
    with pytest.raises(SourceError, match=r"empty page|no readable content"):
        read(f"{site}/{path}", allow_private=True)


def test_a_server_that_speaks_no_http(site: str) -> None:
    with pytest.raises(SourceError, match="cannot be reached"):
        read(f"{site}/rude", allow_private=True)


def test_a_dead_url_is_one_clear_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(SourceError, match="cannot be reached") as error:
        read(f"http://127.0.0.1:{port}/", allow_private=True)
    assert "\n" not in str(error.value)


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **named: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SourceError, match=r"the host nowhere\.invalid cannot be found"):
        read("http://nowhere.invalid/")


@pytest.mark.parametrize("url", ["http://", "http://[::1", "https://exa mple.org:port/"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(SourceError, match=r"no web address|not a valid web address|cannot be"):
        read(url)


def test_offline_nothing_is_even_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **named: object) -> object:
        raise AssertionError("a name was looked up")

    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    for allow in (False, True):
        with pytest.raises(OfflineError, match="EPITOME_OFFLINE"):
            read("https://example.org/", allow_private=allow)


def test_offline_this_machine_is_open_when_asked(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPITOME_OFFLINE", "1")
    assert "ferry" in read(f"{site}/page", allow_private=True).text
    with pytest.raises(OfflineError):
        read(f"{site}/page")
