"""`EPITOME_OFFLINE=1` and a local model: no connection leaves this machine, from C++ libraries neither.

The system calls are traced with strace, so this holds for whatever code makes them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .connections import outside_connections

NEWS = Path(__file__).parents[2] / "examples" / "news.txt"
COMMAND = Path(sys.executable).with_name("epitome")


def traced(command: list[str], trace: Path) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a command and its children under strace: its result, and its network system calls."""
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%network", "-e", "signal=none"]
    run = subprocess.run(
        [*strace, "-o", str(trace), *command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"EPITOME_OFFLINE": "1"},
    )
    return run, trace.read_text(encoding="utf-8").splitlines()


def test_a_summary_is_made_without_leaving_the_machine(tmp_path: Path) -> None:
    subprocess.run([COMMAND, "models", "pull", "default"], check=True, capture_output=True)
    run, calls = traced([str(COMMAND), "summarize", str(NEWS), "--json"], tmp_path / "trace")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["text"]
    assert outside_connections(calls) == []


REACH_OUT = """
import socket
for address in ("127.0.0.1", "192.0.2.1"):
    there = socket.socket()
    there.setblocking(False)
    try:
        there.connect((address, 9))
    except OSError:
        pass
    there.close()
"""


def test_the_trace_sees_what_a_process_does(tmp_path: Path) -> None:
    """192.0.2.1 is set aside for documentation (RFC 5737): nobody answers there."""
    run, calls = traced([sys.executable, "-c", REACH_OUT], tmp_path / "trace")
    assert run.returncode == 0, run.stderr
    assert any("127.0.0.1" in call for call in calls)
    (seen,) = outside_connections(calls)
    assert "192.0.2.1" in seen


def ipv4(address: str, port: int = 8080) -> str:
    return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{address}")}}'


def inet(call: str, address: str, port: int = 8080) -> str:
    return f"4711  {call}(3, {ipv4(address, port)}, 16) = 0"


def inet6(call: str, address: str, port: int = 443) -> str:
    return (
        f"{call}(3, {{sa_family=AF_INET6, sin6_port=htons({port}), sin6_flowinfo=htonl(0), "
        f'inet_pton(AF_INET6, "{address}", &sin6_addr), sin6_scope_id=0}}, 28) = 0'
    )


@pytest.mark.parametrize(
    "line",
    [
        inet("connect", "127.0.0.1"),
        inet("bind", "127.0.0.1", 0),
        inet("getsockname", "0.0.0.0", 0),
        inet6("connect", "::1"),
        inet6("connect", "::ffff:127.0.0.1"),
        '4711  connect(3, {sa_family=AF_UNIX, sun_path="/run/user/1000/bus"}, 110) = 0',
        "4711  socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3",
        "4711  bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0",
        '4711  sendto(3, "sin_addr of 10.0.0.1", 20, 0, NULL, 0) = 20',
        "4711  +++ exited with 0 +++",
        "",
    ],
)
def test_what_stays_here_is_fine(line: str) -> None:
    assert outside_connections([line]) == []


@pytest.mark.parametrize(
    "line",
    [
        inet("connect", "10.0.0.1"),
        inet("connect", "8.8.8.8"),
        inet("connect", "192.168.1.7"),
        inet("connect", "0.0.0.0"),
        inet("bind", "0.0.0.0", 0),
        inet("connect", "127.0.0.53", 53),
        inet6("connect", "2001:db8::1"),
        inet6("connect", "fe80::1"),
        inet6("connect", "::ffff:8.8.8.8"),
        inet6("bind", "::", 0),
        f"connect(3, {ipv4('10.0.0.1')}, 16 <unfinished ...>",
        f"9 <... accept4 resumed>{ipv4('10.0.0.1')}, [16]) = 4",
        f"9 sendto(3, 'x', 1, 0, {ipv4('10.0.0.1')}, 16) = 1",
        '9 connect(3, {sa_family=AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"}, 42) = 0',
        '9 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT',
    ],
)
def test_what_leaves_is_found(line: str) -> None:
    assert outside_connections([inet("connect", "127.0.0.1"), line]) == [line]
