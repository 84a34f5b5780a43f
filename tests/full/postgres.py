"""A PostgreSQL of the tests' own: in a temporary folder, on the loopback, gone when they end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

PASSWORD = "only for tests"


def binaries() -> Path:
    """Where `initdb` lies. Skips the test where there is none, which fails the run."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not versions:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql, or what your system calls it")
    return versions[-1].parent


class Postgres:
    """A server that can be stopped and started, as an unprivileged user where we are root."""

    def __init__(self) -> None:
        self.binaries = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="epitome-postgres-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        (self.folder / "password").write_text(PASSWORD, "utf-8")
        self.process: subprocess.Popen[bytes] | None = None
        self.made = 0
        subprocess.run(
            [
                str(self.binaries / "initdb"), "--no-sync", "--username=epitome", "--auth=scram-sha-256",
                f"--pwfile={self.folder / 'password'}", "--encoding=UTF8", "--locale=C", str(self.folder / "data"),
            ],
            check=True, capture_output=True, cwd=self.folder, **self.user,
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [
            "fsync=off",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            f"port={self.port}",
        ]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    str(self.binaries / "postgres"), "-D", str(self.folder / "data"),
                    *(word for setting in settings for word in ("-c", setting)),
                ],
                stdout=log, stderr=log, cwd=self.folder, **self.user,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while "ready to accept connections" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, whoever is connected and at whatever; what was committed stays."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def said(self) -> str:
        """Its log."""
        return (self.folder / "log").read_text("utf-8")

    def database(self) -> str:
        """A URL under which everything is empty: a schema of its own, which is made sooner than a database."""
        self.made += 1
        url = f"postgresql://epitome:{quote(PASSWORD)}@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA test{self.made}".encode())
        return f"{url}?options=-csearch_path%3Dtest{self.made}"

    def remove(self) -> None:
        """Stop it, and leave nothing."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder)
