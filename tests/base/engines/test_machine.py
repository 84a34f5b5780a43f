from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from epitome.engines import machine
from epitome.errors import EngineError


def test_a_container_with_half_the_cores_gets_half_the_threads(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert machine.quota(tmp_path) == 1.5
    assert machine.cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.quota(tmp_path) is None


def test_the_older_kind_of_container_is_understood_too(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("-1\n")
    assert machine.quota(tmp_path) is None
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("20000\n")
    assert machine.quota(tmp_path) == 0.2
    assert machine.cores(tmp_path) == 1


def test_a_process_bound_to_one_core_counts_one() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from epitome.engines.machine import cores; print(cores())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_environment())
    assert run.stdout == "1\n", run.stderr


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def test_cores_that_others_use_are_not_free(tmp_path: Path) -> None:
    load = tmp_path / "loadavg"
    load.write_text("9.00 9.00 9.00 1/300 4711\n")
    assert machine.free_cores(load) == machine.cores()
    load.write_text(f"0.00 0.00 0.00 {1 + 2 * (os.cpu_count() or 1)}/300 4711\n")
    assert machine.free_cores(load) == 1
    assert machine.free_cores(tmp_path / "none") == machine.cores()


def test_a_processor_without_avx2_is_told_before_it_crashes(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: Old One\nflags\t\t: fpu sse4_2 avx f16c\n")
    with pytest.raises(EngineError, match="AVX2, FMA, BMI2"):
        machine.require_llamacpp(info, "x86_64")
    machine.require_llamacpp(info, "aarch64")
    assert machine.cpu(info) == "Old One"
    info.write_text("flags\t\t: fma f16c bmi2 avx2\n")
    machine.require_llamacpp(info, "x86_64")
