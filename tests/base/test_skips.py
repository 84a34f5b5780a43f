"""A skipped test fails the run (tests/conftest.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("def test_it(): pass", 0),
        ("import pytest\ndef test_it(): pytest.skip('no time')", 1),
        ("import pytest\n@pytest.mark.skip\ndef test_it(): pass\ndef test_other(): pass", 1),
        ("import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass", 5),
        ("def test_it(): assert False", 1),
    ],
    ids=["passes", "skips", "marked", "nothing collected", "fails"],
)
def test_only_tests_that_ran_and_passed_make_a_good_run(tmp_path: Path, test: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "test_sample.py").write_text(test, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert run.returncode == code, run.stdout
    assert ("skipped tests fail the run" in run.stdout) == ("skip" in test)
