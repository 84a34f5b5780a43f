from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from epitome.models import Model
from epitome.models.resolve import resolve

BENCH = Path(__file__).parents[3] / "bench"


@pytest.fixture(scope="session")
def bench() -> Iterator[Path]:
    """The folder of measurements, importable as when one of its scripts runs."""
    sys.path.insert(0, str(BENCH))
    yield BENCH
    sys.path.remove(str(BENCH))


@pytest.fixture(scope="session")
def speed(bench: Path) -> ModuleType:
    return importlib.import_module("summarize")


@pytest.fixture(scope="session")
def process(bench: Path) -> ModuleType:
    return importlib.import_module("harness.process")


@pytest.fixture(scope="session")
def report(bench: Path) -> ModuleType:
    return importlib.import_module("harness.report")


@pytest.fixture(scope="session")
def smollm() -> Model:
    return resolve("default")
