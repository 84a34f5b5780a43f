"""Work on several cores: the same results, in order, and nobody left over when the parent is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from epitome.metrics.parallel import FEW, each

SCRIPT = """
import os, sys, time
from epitome.metrics.parallel import FEW, each

def work(item):
    open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
    time.sleep(0.2)
    return item

if __name__ == "__main__":
    for _ in each(work, list(range(FEW)), 2):
        pass
"""


def double(item: int) -> int:
    return 2 * item


def process(item: int) -> int:
    return os.getpid()


def test_results_stand_in_order_and_come_from_other_processes() -> None:
    items = list(range(FEW + 7))
    assert list(each(double, items, 2)) == [2 * item for item in items]
    assert os.getpid() not in set(each(process, items, 2))


def test_few_items_are_not_worth_a_process() -> None:
    assert set(each(process, list(range(5)), 2)) == {os.getpid()}


def alive(number: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def test_workers_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    script, log = tmp_path / "script.py", tmp_path / "log"
    script.write_text(SCRIPT)
    parent = subprocess.Popen([sys.executable, script, log], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not log.exists() or not log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    workers = {int(line) for line in log.read_text().split()}
    deadline = time.monotonic() + 20
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.1)
