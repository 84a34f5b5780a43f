"""deploy/nginx.conf, in nginx itself, before a real service."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.full.serve.test_server import asked, pems, serving  # noqa: F401 - a fixture

CONFIG = Path(__file__).parents[3] / "deploy" / "nginx.conf"
TEXT = "The heron waited by the sluice. Nobody in Aldermere saw it leave. The keeper wrote it down all the same. "


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nginx(folder: Path, service: str, pems: Path) -> Iterator[str]:  # noqa: F811
    """nginx with our file, but for ports and certificate; its address."""
    plain, secure = free_port(), free_port()
    text = CONFIG.read_text("utf-8")
    for pattern, new in (
        (r"127\.0\.0\.1:8000", service.removeprefix("http://")),
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        (r"/etc/ssl/\S+/fullchain\.pem", str(pems / "cert.pem")),
        (r"/etc/ssl/\S+/privkey\.pem", str(pems / "key.pem")),
    ):
        text, many = re.subn(pattern, new, text)
        assert many == 1, pattern
    paths = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off; pid {folder}/pid; error_log {folder}/nginx.log; events {{}}"
    (folder / "nginx.conf").write_text(f"{head} http {{ access_log off; {paths} {text} }}", "utf-8")
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 10
        while not answers(secure):
            assert time.monotonic() < deadline, (folder / "nginx.log").read_text("utf-8")
            time.sleep(0.05)
        yield f"https://127.0.0.1:{secure}"
    finally:
        process.terminate()
        process.wait(10)


def test_the_service_behind_nginx(tmp_path: Path, pems: Path) -> None:  # noqa: F811
    with serving(tmp_path, model="default") as (_, service), nginx(tmp_path, service, pems) as address:
        secret = (tmp_path / "data" / "key.txt").read_text("utf-8").strip()
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(
            base_url=address, verify=str(pems / "cert.pem"), headers=headers, timeout=120
        ) as client:
            answer = client.get("/v1/models")
            assert answer.status_code == 200
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert len(answer.headers["x-request-id"]) == 32
            assert client.get("/metrics").status_code == client.get("/readyz").status_code == 404
            assert client.post("/v1/summaries", content=b"a" * (17 * 2**20)).status_code == 413
            wanted = {"text": TEXT * 3, "style": "bullets", "stream": True}
            with client.stream("POST", "/v1/summaries", json=wanted) as stream:
                events = [
                    (line, time.monotonic()) for line in stream.iter_lines() if line.startswith("event:")
                ]
            assert events[-1][0] == "event: summary"
            assert events[-1][1] - events[0][1] > 0.05  # the first piece did not wait for the last
            # Last: a request's line is written after its answer.
            assert f"request_id={answer.headers['x-request-id']}" in (tmp_path / "log").read_text("utf-8")
