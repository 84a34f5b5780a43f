"""The process: TLS, and an end in which no request is lost."""

from __future__ import annotations

import datetime
import ipaddress
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.base.cli.command import epitome, one_line

from epitome.errors import UsageError
from epitome.serve.server import Certificate

from .test_command import started

FERRY = "The ferry to Kell left the old harbour at dawn with 212 people and eleven lorries on board. "
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


@contextmanager
def serving(
    folder: Path, *options: str, model: str = "lexrank"
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server and its address; it is gone after the block."""
    options = ("--engine", "llamacpp", "--model", model, *options)
    process, address = started(folder / "data", folder / "log", *options)
    try:
        yield process, address
    finally:
        process.kill()
        process.wait()


def asked(address: str, folder: Path, text: str) -> httpx.Response:
    secret = (folder / "data" / "key.txt").read_text("utf-8").strip()
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.post(f"{address}/v1/summaries", json={"text": text}, headers=headers, timeout=120)


def wait_for(ask: Callable[[], httpx.Response], status: int) -> httpx.Response:
    """The first answer with that status; a signal takes a moment to arrive."""
    deadline = time.monotonic() + 10
    while (answer := ask()).status_code != status:
        assert time.monotonic() < deadline
    return answer


def test_sigterm_says_no_to_the_load_balancer_and_finishes_what_is_under_way(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "--drain", "2", model="default") as (process, address),
        ThreadPoolExecutor(2) as threads,
    ):
        assert asked(address, tmp_path, FERRY).status_code == 200  # the model is loaded
        assert httpx.get(f"{address}/readyz").status_code == 200
        first = threads.submit(asked, address, tmp_path, FERRY * 15)
        while 'state="running"} 1.0' not in httpx.get(f"{address}/metrics").text:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        ready = wait_for(lambda: httpx.get(f"{address}/readyz"), 503)
        assert (ready.text, ready.headers["connection"]) == ("draining", "close")
        late = threads.submit(asked, address, tmp_path, FERRY)  # sent by a balancer that does not know yet
        assert (late.result().status_code, first.result().status_code) == (200, 200)
        assert process.wait(30) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/readyz")


def test_a_second_sigterm_does_not_wait_for_the_load_balancer(tmp_path: Path) -> None:
    with serving(tmp_path, "--drain", "60") as (process, address):
        assert httpx.get(f"{address}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: httpx.get(f"{address}/readyz"), 503)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_log_is_json_from_the_first_line_on_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with serving(tmp_path, "--drain", "60", "--log-format", "json") as (process, address):
        assert asked(address, tmp_path, FERRY).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    *lines, last = (tmp_path / "log").read_text("utf-8").splitlines()
    assert last == "epitome: interrupted; what was finished is kept"
    assert all(line.startswith('{"time": ') for line in lines), lines
    assert '"route": "/v1/summaries", "status": 200' in lines[-1]


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: `cert.pem` for the loopback, signed by itself, its `key.pem`, `locked.pem` and `other.pem`."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "epitome test")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(1)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - day, now + day
    ).add_extension(here, critical=False)
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(PEM))
    plain, word = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"word")
    other = ec.generate_private_key(ec.SECP256R1())
    for file, private, locked in (("key", key, plain), ("locked", key, word), ("other", other, plain)):
        (folder / f"{file}.pem").write_bytes(private.private_bytes(PEM, PKCS8, locked))
    return folder


def test_tls_is_spoken_where_a_certificate_is_named(tmp_path: Path, pems: Path) -> None:
    options = ("--tls-cert", str(pems / "cert.pem"), "--tls-key", str(pems / "key.pem"))
    with serving(tmp_path, *options) as (_, address):
        assert address.startswith("https://")
        answer = httpx.get(f"{address}/healthz", verify=ssl.create_default_context(cafile=pems / "cert.pem"))
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{address}/healthz")
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http{address[5:]}/healthz")


@pytest.mark.parametrize(
    ("chain", "key", "said"),
    [
        ("missing.pem", "key.pem", "missing.pem: no such file"),
        ("cert.pem", "missing.pem", "missing.pem: no such file"),
        ("cert.pem", "other.pem", "KEY_VALUES_MISMATCH"),
        ("cert.pem", "locked.pem", "the key without a password"),
        ("key.pem", "key.pem", "cannot be used"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told(pems: Path, chain: str, key: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Certificate(pems / chain, pems / key).check()


def test_what_cannot_be_used_is_told_before_anything_is_made(tmp_path: Path, pems: Path) -> None:
    done = epitome("serve", "--data", tmp_path, "--tls-cert", pems / "cert.pem")
    assert done.returncode == 2
    assert "belong together" in one_line(done)
    assert not list(tmp_path.iterdir())
