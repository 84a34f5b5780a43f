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
    sys.path.append(str(BENCH))  # last: a script there may be called as a library is
    yield BENCH
    sys.path.remove(str(BENCH))


@pytest.fixture(scope="session")
def systems(bench: Path) -> ModuleType:
    return importlib.import_module("speed.systems")


@pytest.fixture(scope="session")
def throughput(bench: Path) -> ModuleType:
    return importlib.import_module("speed.throughput")


@pytest.fixture(scope="session")
def quality(bench: Path) -> ModuleType:
    return importlib.import_module("speed.quality")


@pytest.fixture(scope="session")
def cold(bench: Path) -> ModuleType:
    return importlib.import_module("speed.cold")


@pytest.fixture(scope="session")
def training(bench: Path) -> ModuleType:
    return importlib.import_module("training.systems")


@pytest.fixture(scope="session")
def figures(bench: Path) -> ModuleType:
    return importlib.import_module("training.figures")


@pytest.fixture(scope="session")
def process(bench: Path) -> ModuleType:
    return importlib.import_module("harness.process")


@pytest.fixture(scope="session")
def report(bench: Path) -> ModuleType:
    return importlib.import_module("harness.report")


@pytest.fixture(scope="session")
def smollm() -> Model:
    return resolve("default")
